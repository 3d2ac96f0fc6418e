"""Small deliveries made by hand, lakes made of them, and what a lake holds in a form that two lakes can be compared by.

Rows are read with delta-rs, not with the code under test.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from adlake.account import Account
from adlake.boundary import watch
from adlake.config import Config
from adlake.contracts import table, tables
from adlake.job import execute
from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.lock import WriterLock
from adlake.pipeline import steps_from
from adlake.report import JobReport
from adlake.run import Run
from adlake.session import Spark
from tests import conftest
from tests.delivered import gam, snowplow_line, usec, write

SECRET = conftest.SECRET.encode()
STEPS = steps_from(None)
NOW = datetime(2026, 10, 9, 6, tzinfo=UTC)
DELIVERED = datetime(2026, 10, 6, tzinfo=UTC)
REDELIVERED = datetime(2026, 10, 7, tzinfo=UTC)
# nearly every run of build_silver makes them anew; tests of their own look at them
PEOPLE = frozenset({"silver.consents", "silver.identity_links", "silver.user_keys"})
DATA_LAYERS = ("bronze", "quarantine", "silver", "vault", "gold")

NETWORK = "gam/NetworkImpressions_1_20261005_03.csv.gz"
NEXT_HOUR = "gam/NetworkImpressions_1_20261005_04.csv.gz"
BACKFILL = "gam/NetworkBackfillImpressions_1_20261005_03.csv.gz"
LINE_ITEMS = "gam/LineItem_1_20261005.csv.gz"
EVENTS = "snowplow/2026/10/05/events-03.tsv.gz"
FIRST_DELIVERY = (NETWORK, NEXT_HOUR, BACKFILL, LINE_ITEMS, EVENTS)
EVENTS_AGAIN = "snowplow/2026/10/06/events-03.tsv.gz"
LATE = "gam/NetworkImpressions_1_20261005_17.csv.gz"

EVENT_COLUMNS = (
    *("TimeUsec2", "KeyPart", "EventTimeUsec2", "EventKeyPart", "LineItemId", "AdUnitId", "RefererURL", "UserId"),
    *("Product", "EstimatedBackfillRevenue", "ActiveViewEligibleImpression"),
)
LINE_ITEM_COLUMNS = ("ID", "Name", "LineItemType", "CostType", "CostPerUnitInNetworkCurrency")
PAGE_EVENT_COLUMNS = [name for name in table("bronze.page_events").column_names if not name.startswith("_")]


def impression(key: str, at: str, **more: str) -> dict[str, str]:
    """A served impression of line item 11; `at` is its UTC time, such as `2026-10-05 10:05:00`."""
    row = {"KeyPart": key, "TimeUsec2": usec(at), "EventKeyPart": f"{key}-e", "EventTimeUsec2": usec(at)}
    page = {"AdUnitId": "7", "RefererURL": "https://www.news.example/sport/a", "UserId": "u1"}
    return row | page | {"LineItemId": "11", "Product": "Ad Server", "ActiveViewEligibleImpression": "Y"} | more


def backfill(key: str, at: str, revenue: str, **more: str) -> dict[str, str]:
    """A backfill impression and what it earned, in currency units."""
    sold = {"LineItemId": "", "Product": "Ad Exchange", "EstimatedBackfillRevenue": revenue}
    return impression(key, at, **(sold | {"UserId": "u2"} | more))


def line_item(number: str, cost_type: str, rate: str, kind: str = "STANDARD") -> dict[str, str]:
    """A line of a LineItem match table."""
    values = (number, f"item {number}", kind, cost_type, rate)
    return dict(zip(LINE_ITEM_COLUMNS, values, strict=True))


def page_view(event_id: str, at: str, user: str = "reader", **more: str) -> str:
    """A page view as a line of enriched events; its own id is that of the page view too."""
    times = {"collector_tstamp": at, "derived_tstamp": at, "etl_tstamp": at}
    entry = {"schema": "iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0", "data": {"id": event_id}}
    times["contexts"] = json.dumps({"data": [entry]})
    page = {"event": "page_view", "event_name": "page_view", "page_url": "https://news.example/sport/b?x=1"}
    return snowplow_line(PAGE_EVENT_COLUMNS, **(times | page | {"event_id": event_id, "user_id": user} | more))


def events(
    path: Path, rows: Sequence[Mapping[str, str]], *, broken: Sequence[str] = (), at: datetime = DELIVERED
) -> Path:
    """Write a Data Transfer file of events, broken lines last, delivered at a moment."""
    lines = [",".join(EVENT_COLUMNS), *[",".join(row.get(name, "") for name in EVENT_COLUMNS) for row in rows], *broken]
    return aged(write(path, "\n".join(lines) + "\n"), at)


def snapshot(path: Path, rows: Sequence[Mapping[str, str]], *, at: datetime = DELIVERED) -> Path:
    """Write a LineItem match table, delivered at a moment."""
    return aged(gam(path, rows, columns=LINE_ITEM_COLUMNS), at)


def page_views(path: Path, lines: Sequence[str], *, at: datetime = DELIVERED) -> Path:
    """Write a file of enriched events, delivered at a moment."""
    return aged(write(path, "\n".join(lines) + "\n"), at)


def aged(path: Path, at: datetime) -> Path:
    """The file, last changed at a moment."""
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def deliver(landing: Path) -> None:
    """A first delivery of one day: five files, 18 records.

    Impressions lie in the hours 10, 11 and 13 UTC: k2 comes twice in its file, k1 again in the file of the next hour.
    Refused are k5 (event time), k6 (no number), b2 (no revenue) and a line of two columns; k4 was not filled.
    """
    events(
        landing / NETWORK,
        [
            impression("k1", "2026-10-05 10:05:00"),
            impression("k2", "2026-10-05 10:15:00", UserId="u2"),
            impression("k2", "2026-10-05 10:15:00", UserId="u2"),
            impression("k3", "2026-10-05 11:20:00", LineItemId="12"),
            impression("k4", "2026-10-05 11:30:00", LineItemId="0"),
            impression("k5", "2026-10-05 11:40:00", EventTimeUsec2="0"),
            impression("k6", "2026-10-05 11:50:00", TimeUsec2="later"),
        ],
    )
    events(landing / NEXT_HOUR, [impression("k1", "2026-10-05 10:05:00", UserId="u8")])
    sold = [
        backfill("b1", "2026-10-05 10:40:00", "0.0015"),
        backfill("b2", "2026-10-05 11:59:00", ""),
        backfill("b3", "2026-10-05 13:10:00", "0.002", UserId=""),
    ]
    events(landing / BACKFILL, sold, broken=["two,columns"])
    snapshot(landing / LINE_ITEMS, [line_item("11", "CPM", "2.5"), line_item("12", "CPC", "0.3", "HOUSE")])
    seen = [page_view("e1", "2026-10-05 10:03:00"), page_view("e1", "2026-10-05 10:04:00")]
    page_views(landing / EVENTS, [*seen, page_view("e2", "2026-10-05 11:05:00", "")])


def deliver_again(landing: Path) -> None:
    """A second delivery.

    The first file again, changed: without k1, k4, k5 and k6, with another user for k2, with a new k7. The backfill file
    again, unchanged. The page events again under another path. A late file: k8 of the day before, twice, k9 of the day
    after, and three that are not published.
    """
    changed = [
        impression("k2", "2026-10-05 10:15:00", UserId="u3"),
        impression("k3", "2026-10-05 11:20:00", LineItemId="12"),
        impression("k7", "2026-10-05 11:45:00"),
    ]
    events(landing / NETWORK, changed, at=REDELIVERED)
    aged(landing / BACKFILL, REDELIVERED)
    (landing / EVENTS_AGAIN).parent.mkdir(parents=True)
    aged(shutil.copy(landing / EVENTS, landing / EVENTS_AGAIN), REDELIVERED)
    late = [
        impression("k8", "2026-10-04 23:50:00"),
        impression("k8", "2026-10-04 23:50:00"),
        impression("k9", "2026-10-06 00:10:00"),
        impression("k10", "2026-10-05 14:00:00", LineItemId="0"),
        impression("k11", "2026-10-05 14:00:00", EventTimeUsec2="0"),
        impression("k12", "2026-10-05 14:00:00", TimeUsec2="0"),
    ]
    events(landing / LATE, late, at=REDELIVERED)


SECOND_IMPRESSIONS = Account(
    9,
    6,
    duplicates=1,
    quarantined={"event_time_invalid": 1, "query_time_invalid": 1},
    filtered={"unfilled_impression": 1},
    superseded=3,
    restored=1,
)
"""What the second delivery comes to in silver: k1 comes back from the file that had lost it to the one replaced."""


PREPARED: dict[str, Config] = {}
"""Lakes of this test run by the stage that they are left at; the fixture `prepared` makes them."""


class Killed(BaseException):
    """Stands for the end of the process: no code is meant to handle it."""


def killed_at(boundary: str, config: Config, spark: Spark, steps: Sequence[str] = STEPS) -> None:
    """Run until the boundary and no further."""
    stopped_at(boundary, lambda: run(config, spark, steps))


def stopped_at(boundary: str, work: Callable[[], object]) -> None:
    """Do the work until the boundary and no further."""

    def kill(name: str) -> None:
        if name == boundary:
            raise Killed

    stop_watching = watch(kill)
    try:
        work()
    except Killed:
        return
    finally:
        stop_watching()
    raise AssertionError(f"{boundary} was not reached")


def run(config: Config, spark: Spark, steps: Sequence[str] = STEPS, *, as_of: datetime = NOW, **how: Any) -> JobReport:
    """The report of one run that stands for `NOW` unless another moment is given."""
    return execute(steps, spark, config, as_of=as_of, notify=lambda *_: None, **how)


def accounts(report: JobReport) -> dict[tuple[str, str], Account]:
    """Accounts of a run by step and table, without those of `PEOPLE`; for runs that worked on one batch."""
    commits = [record for record in report.commits if record.table not in PEOPLE]
    found = {(record.step, record.table): record.account for record in commits}
    assert len(found) == len(commits)
    return found


def contents(config: Config) -> dict[str, list[str]]:
    """Sorted rows of every data table as JSON, batches numbered in order of claiming; tables without rows are left out.

    What differs between two runs of the same work is replaced (batch ids) or left out (sketches, whose bytes depend on
    the order of rows).
    """
    batches = list(Ledger(Lake(config)).claims())
    found = {}
    for name, contract in tables().items():
        if contract.layer in DATA_LAYERS and (rows := rows_of(config, name)):
            same = [{column: row[column] for column in row if not column.endswith("_sketch")} for row in rows]
            found[name] = sorted(json.dumps(row, default=str, sort_keys=True) for row in same)
            for number, batch in enumerate(batches, 1):
                found[name] = [row.replace(batch, f"batch {number}") for row in found[name]]
    return found


def rows_of(config: Config, name: str) -> list[dict[str, Any]]:
    """Rows of one table, read with delta-rs."""
    delta = Lake(config).delta(table(name))
    return [] if delta is None else pa.table(delta.to_pyarrow_dataset().to_table()).to_pylist()


def landing(config: Config) -> Path:
    """The landing folder."""
    return Path(config.landing)


def written(config: Config, folder: Path) -> Path:
    """The configuration as a lake.yaml in the folder."""
    path = folder / "lake.yaml"
    path.write_text(yaml.safe_dump(config.model_dump(mode="json", exclude_none=True)))
    return path


def reports(config: Config) -> list[Path]:
    """The run reports that lie in the lake, oldest first."""
    return sorted(Path(config.lake, "ops", "reports").glob("*.json"))


def touched(config: Config, name: str) -> list[list[str] | None]:
    """Slices that each commit of a table says it touched, oldest commit first; maintenance says nothing."""
    commits = Lake(config).commits(table(name), -1)
    assert commits is not None
    return [commit.meta["slices"] for commit in commits if commit.meta]


def versions(config: Config) -> dict[str, int]:
    """Version of every table that has one, ops included."""
    lake = Lake(config)
    found = {name: lake.version(contract) for name, contract in tables().items()}
    return {name: version for name, version in found.items() if version >= 0}


def copied(config: Config, folder: Path) -> Config:
    """The same lake and landing zone in another folder; files keep their times."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("lake", "landing"):
        shutil.copytree(getattr(config, name), folder / name)
    return config.model_copy(update={"lake": str(folder / "lake"), "landing": str(folder / "landing")})


@contextmanager
def open_run(config: Config, spark: Spark) -> Iterator[Run]:
    """A run inside its lock, for calling the work of a step directly."""
    lake = Lake(config)
    with WriterLock(lake.storage, "by-hand") as lock:
        yield Run("by-hand", lake, Ledger(lake), lock, spark, NOW, lambda *_: None)
