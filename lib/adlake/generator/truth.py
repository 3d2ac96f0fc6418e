"""What is true of a generated run: accounts and gold tables after each delivery, as they stand in `truth.json`."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

from adlake.generator.clocks import hour_start
from adlake.generator.delivery import AccountKey, Outcome
from adlake.generator.line_items import known_rates
from adlake.generator.marts import (
    USER_COLUMNS,
    USER_MEASURES,
    YIELD_DIMENSIONS,
    YIELD_MEASURES,
    RateCard,
    digest_of,
    user_days,
    yield_hourly,
    yield_line,
)
from adlake.generator.plan import Plan
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


def write_truth(directory: Path, plan: Plan, outcome: Outcome, secret: bytes, version: str) -> Truth:
    """The truth of a run, written.

    Args:
        directory: that holds the run.
        plan: of the run.
        outcome: of all its files.
        secret: of the identity keys.
        version: of that secret, such as `k1`.
    """
    deliveries = {}
    for batch in BATCHES:
        tally = Tally()
        tally.merge(outcome.both)
        tally.merge(outcome.first if batch == 1 else outcome.second)
        card = RateCard(known_rates(plan, batch))
        folder = Path(TABLES_FOLDER) / f"delivery_{batch}"
        deliveries[str(batch)] = {
            "files_taken": len(outcome.files[batch]),
            "set_aside": sorted(outcome.set_aside) if batch == 1 else [],
            "not_taken_again": sorted(outcome.untaken) if batch > 1 else [],
            "accounts": accounts_of(outcome.accounts, batch),
            "gold": {
                "yield_hourly": _yield(directory, folder, tally, card),
                "user_days": _users(directory, folder, tally, card, secret, version),
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
    lines = [yield_line(key, measures) for key, measures in rows.items()]
    lines.sort(key=itemgetter(slice(len(YIELD_DIMENSIONS))))
    by_channel: dict[tuple[int, str], list[int]] = {}
    for (hour, _, _, channel, _, _), measures in rows.items():
        sums = by_channel.setdefault((hour, channel), [0] * len(YIELD_MEASURES))
        by_channel[hour, channel] = [a + b for a, b in zip(sums, measures, strict=True)]
    return {
        "rows": len(rows),
        "totals": _totals(YIELD_MEASURES, by_channel.values()),
        "by_hour_and_channel": [
            {"hour_utc": hour_start(hour).isoformat(), "channel": channel, **dict(zip(YIELD_MEASURES, sums, strict=True))}
            for (hour, channel), sums in sorted(by_channel.items())
        ],
        "digest": digest_of(lines),
        "table": _full(directory, folder / "yield_hourly.csv", (*YIELD_DIMENSIONS, *YIELD_MEASURES), lines),
    }


def _users(
    directory: Path, folder: Path, tally: Tally, card: RateCard, secret: bytes, version: str
) -> dict[str, Any]:
    lines = sorted(user_days(tally, card, secret, version), key=itemgetter(slice(2)))
    first = USER_COLUMNS.index(USER_MEASURES[0])
    measures = ([int(str(value)) for value in line[first : first + len(USER_MEASURES)]] for line in lines)
    return {
        "rows": len(lines),
        "totals": _totals(USER_MEASURES, measures),
        "digest": digest_of(lines),
        "table": _full(directory, folder / "user_days.csv", USER_COLUMNS, lines),
    }


def _totals(names: Sequence[str], rows: Iterable[Sequence[int]]) -> dict[str, int]:
    totals = [0] * len(names)
    for row in rows:
        for place, value in enumerate(row):
            totals[place] += value
    return dict(zip(names, totals, strict=True))


def _full(directory: Path, place: Path, columns: Sequence[str], lines: Sequence[Sequence[object]]) -> str | None:
    if len(lines) > FULL_TABLE_ROWS:
        return None
    (directory / place).parent.mkdir(parents=True, exist_ok=True)
    with (directory / place).open("w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(lines)
    return place.as_posix()
