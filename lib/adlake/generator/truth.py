"""What is true of a generated run: accounts and gold tables after each delivery, as they stand in `truth.json`."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import add, itemgetter
from pathlib import Path
from typing import Any

from adlake.generator.bidder_days import BIDDER_COLUMNS, BIDDER_KEY, BIDDER_MEASURES, bidder_days
from adlake.generator.clocks import hour_start
from adlake.generator.line_items import known_rates
from adlake.generator.marts import (
    USER_COLUMNS,
    USER_MEASURES,
    YIELD_DIMENSIONS,
    YIELD_MEASURES,
    IdentityKey,
    RateCard,
    digest_of,
    table_line,
    user_days,
    yield_hourly,
    yield_line,
)
from adlake.generator.outcome import AccountKey, Outcome
from adlake.generator.plan import Plan
from adlake.generator.rates import Exchange
from adlake.generator.rates import known_rates as known_exchange_rates
from adlake.generator.tally import Tally

BATCHES = (1, 2)
FULL_TABLE_ROWS = 200_000
TRUTH_FILE, TABLES_FOLDER = "truth.json", "truth"
BRONZE_COUNTS = ("read", "published")
SILVER_COUNTS = ("read", "published", "duplicates", "superseded", "restored")


@dataclass(frozen=True)
class Truth:
    """The content of `truth.json`.

    Attributes:
        directory: the folder that holds it, the deliveries and the full tables.
        document: the content, whole numbers and strings only.
    """

    directory: Path
    document: Mapping[str, Any]

    @classmethod
    def load(cls, directory: Path) -> "Truth":
        """The truth that `generate` left in a folder."""
        return cls(directory, json.loads((directory / TRUTH_FILE).read_text(encoding="utf-8")))

    def accounts(self, batch: int) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
        """By layer and table: the account of a batch."""
        accounts: Mapping[str, Mapping[str, Mapping[str, Any]]] = self.document["deliveries"][str(batch)]["accounts"]
        return accounts

    def gold(self, batch: int) -> Mapping[str, Mapping[str, Any]]:
        """By table: what gold holds after a batch."""
        gold: Mapping[str, Mapping[str, Any]] = self.document["deliveries"][str(batch)]["gold"]
        return gold

    def table(self, batch: int, name: str) -> list[dict[str, str]] | None:
        """All rows of a gold table after a batch, as text by column; None when it was too large to keep."""
        place = self.gold(batch)[name]["table"]
        if place is None:
            return None
        with (self.directory / place).open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))


def write_truth(directory: Path, plan: Plan, outcome: Outcome, key: IdentityKey) -> Truth:
    """The truth of a run, written.

    Args:
        directory: that holds the run.
        plan: of the run.
        outcome: of all its files.
        key: of the identifiers.
    """
    deliveries = {}
    for batch in BATCHES:
        tally = Tally()
        tally.merge(outcome.both)
        tally.merge(outcome.first if batch == 1 else outcome.second)
        card, exchange = RateCard(known_rates(plan, batch)), Exchange(known_exchange_rates(plan, batch))
        folder = Path(TABLES_FOLDER) / f"delivery_{batch}"
        deliveries[str(batch)] = {
            "files_taken": len(outcome.files[batch]),
            "set_aside": sorted(outcome.set_aside) if batch == 1 else [],
            "not_taken_again": sorted(outcome.untaken) if batch > 1 else [],
            "accounts": accounts_of(outcome.accounts, batch),
            "gold": {
                "yield_hourly": _yield(directory, folder, tally, card),
                "user_days": _users(directory, folder, user_days(tally, card, key)),
                "bidder_daily": _bidders(directory, folder, bidder_days(tally.bidding, exchange)),
            },
        }
    document = {
        "seed": plan.seed,
        "events": plan.events,
        "days": plan.days,
        "first_hour_utc": hour_start(plan.hours[0].hour).isoformat(),
        "last_hour_utc": hour_start(plan.hours[-1].hour).isoformat(),
        "planted": _nested(outcome.planted),
        "deliveries": deliveries,
    }
    (directory / TRUTH_FILE).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return Truth(directory, document)


def accounts_of(counts: Mapping[AccountKey, int], batch: int) -> dict[str, dict[str, dict[str, Any]]]:
    """The accounts of a batch by layer and table, every count of the layer named even when it is 0."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for (of_batch, layer, table, what, reason), rows in sorted(counts.items()):
        if of_batch != batch:
            continue
        names = BRONZE_COUNTS if layer == "bronze" else SILVER_COUNTS
        empty: dict[str, Any] = {**dict.fromkeys(names, 0), "quarantined": {}, "filtered": {}}
        account = found.setdefault(layer, {}).setdefault(table, empty)
        if reason:
            account[what][reason] = rows
        else:
            account[what] = rows
    return found


def _nested(counts: Counter[str]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, count in sorted(counts.items()):
        *groups, kind = name.split(".")
        inner = nested
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[kind] = count
    return nested


def _yield(directory: Path, folder: Path, tally: Tally, card: RateCard) -> dict[str, Any]:
    rows = yield_hourly(tally, card)
    by_channel: dict[tuple[int, str], list[int]] = {}
    for (hour, _, _, channel, _, _), measures in rows.items():
        sums = by_channel.setdefault((hour, channel), [0] * len(YIELD_MEASURES))
        sums[:] = map(add, sums, measures)
    lines = [yield_line(key, measures) for key, measures in rows.items()]
    return {
        "totals": _totals(YIELD_MEASURES, by_channel.values()),
        "by_hour_and_channel": [
            {
                "hour_utc": hour_start(hour).isoformat(),
                "channel": channel,
                **dict(zip(YIELD_MEASURES, sums, strict=True)),
            }
            for (hour, channel), sums in sorted(by_channel.items())
        ],
        **_table(directory, folder / "yield_hourly.csv", (*YIELD_DIMENSIONS, *YIELD_MEASURES), lines),
    }


def _users(directory: Path, folder: Path, rows: Iterable[list[Any]]) -> dict[str, Any]:
    found = list(rows)
    first = USER_COLUMNS.index(USER_MEASURES[0])
    measures = map(itemgetter(slice(first, first + len(USER_MEASURES))), found)
    return {
        "totals": _totals(USER_MEASURES, measures),
        **_table(directory, folder / "user_days.csv", USER_COLUMNS, [table_line(row) for row in found]),
    }


def _bidders(directory: Path, folder: Path, rows: Iterable[list[Any]]) -> dict[str, Any]:
    found = list(rows)
    first = len(BIDDER_KEY)
    # an amount that nobody knows adds nothing
    measures = ([number or 0 for number in row[first : first + len(BIDDER_MEASURES)]] for row in found)
    return {
        "totals": _totals(BIDDER_MEASURES, measures),
        **_table(directory, folder / "bidder_daily.csv", BIDDER_COLUMNS, [table_line(row) for row in found]),
    }


def _totals(names: Sequence[str], rows: Iterable[Sequence[int]]) -> dict[str, int]:
    totals = [0] * len(names)
    for row in rows:
        totals[:] = map(add, totals, row)
    return dict(zip(names, totals, strict=True))


def _table(directory: Path, place: Path, columns: Sequence[str], lines: list[str]) -> dict[str, Any]:
    """Number of rows and digest; the table itself stands in a file, unless it is large."""
    facts = {"rows": len(lines), "digest": digest_of(lines)}
    if len(lines) > FULL_TABLE_ROWS:
        return {**facts, "table": None}
    (directory / place).parent.mkdir(parents=True, exist_ok=True)
    (directory / place).write_text("\n".join([",".join(columns), *sorted(lines), ""]), encoding="utf-8", newline="\n")
    return {**facts, "table": place.as_posix()}
