"""Gold tables as the truth keeps them: sums, a digest, and every row in a file of its own unless they are many."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import add
from pathlib import Path
from typing import Any

from adlake.generator.bidder_days import BIDDER_COLUMNS, BIDDER_MEASURES
from adlake.generator.clocks import hour_start
from adlake.generator.features import FEATURE_COLUMNS, FEATURE_MEASURES
from adlake.generator.marts import (
    USER_COLUMNS,
    USER_MEASURES,
    YIELD_DIMENSIONS,
    YIELD_MEASURES,
    RateCard,
    digest_of,
    table_line,
    yield_hourly,
    yield_line,
)
from adlake.generator.tally import SEEN, Tally
from adlake.generator.traffic_sums import TRAFFIC_COLUMNS, TRAFFIC_MEASURES
from adlake.generator.visits import PAGE_COLUMNS, PAGE_MEASURES, VISIT_COLUMNS, VISIT_MEASURES
from adlake.generator.who_is_who import LINK_COLUMNS, LINK_MEASURES, USER_KEY_COLUMNS, USER_KEY_MEASURES

FULL_TABLE_ROWS = 200_000
Facts = dict[str, Any]


@dataclass(frozen=True)
class Tables:
    """Where the tables of a delivery go.

    Attributes:
        directory: of the run.
        folder: below it.
    """

    directory: Path
    folder: Path

    def write(self, name: str, columns: Sequence[str], lines: Sequence[str]) -> Facts:
        """Number of rows and digest; the table itself stands in a file, unless it is large."""
        facts = {"rows": len(lines), "digest": digest_of(lines)}
        if len(lines) > FULL_TABLE_ROWS:
            return {**facts, "table": None}
        place = self.folder / f"{name}.csv"
        (self.directory / place).parent.mkdir(parents=True, exist_ok=True)
        text = "\n".join([",".join(columns), *sorted(lines), ""])
        (self.directory / place).write_text(text, encoding="utf-8", newline="\n")
        return {**facts, "table": place.as_posix()}

    def of(self, name: str, columns: Sequence[str], measures: Sequence[str], rows: Iterable[Sequence[Any]]) -> Facts:
        """The same with the sum of each measure; an amount that nobody knows adds nothing."""
        found = list(rows)
        first = columns.index(measures[0])
        numbers = ([number or 0 for number in row[first : first + len(measures)]] for row in found)
        return {"totals": _totals(measures, numbers), **self.write(name, columns, [table_line(row) for row in found])}


def yield_table(tables: Tables, tally: Tally, card: RateCard) -> Facts:
    """The yield mart, with sums by hour and channel, and how many users its sketches count together."""
    rows = yield_hourly(tally, card)
    by_channel: dict[tuple[int, str], list[int]] = {}
    for (hour, _, _, channel, _, _), measures in rows.items():
        sums = by_channel.setdefault((hour, channel), [0] * len(YIELD_MEASURES))
        sums[:] = map(add, sums, measures)
    lines = [yield_line(key, measures) for key, measures in rows.items()]
    return {
        "totals": _totals(YIELD_MEASURES, by_channel.values()),
        "users": len({person for (person, _), sums in tally.people.items() if sums[SEEN]}),
        "by_hour_and_channel": [
            {
                "hour_utc": hour_start(hour).isoformat(),
                "channel": channel,
                **dict(zip(YIELD_MEASURES, sums, strict=True)),
            }
            for (hour, channel), sums in sorted(by_channel.items())
        ],
        **tables.write("yield_hourly", (*YIELD_DIMENSIONS, *YIELD_MEASURES), lines),
    }


def user_table(tables: Tables, rows: Iterable[Sequence[Any]]) -> Facts:
    """The user mart."""
    return tables.of("user_days", USER_COLUMNS, USER_MEASURES, rows)


def bidder_table(tables: Tables, rows: Iterable[Sequence[Any]]) -> Facts:
    """The mart of bidders."""
    return tables.of("bidder_daily", BIDDER_COLUMNS, BIDDER_MEASURES, rows)


def traffic_table(tables: Tables, rows: Iterable[Sequence[Any]]) -> Facts:
    """The mart of traffic."""
    return tables.of("traffic_daily", TRAFFIC_COLUMNS, TRAFFIC_MEASURES, rows)


def page_table(tables: Tables, rows: Iterable[Sequence[Any]]) -> Facts:
    """The page views."""
    return tables.of("page_views", PAGE_COLUMNS, PAGE_MEASURES, rows)


def visit_table(tables: Tables, rows: Iterable[Sequence[Any]]) -> Facts:
    """The sessions."""
    return tables.of("sessions", VISIT_COLUMNS, VISIT_MEASURES, rows)


def feature_table(tables: Tables, rows: Iterable[Sequence[Any]]) -> Facts:
    """The user features."""
    return tables.of("user_features", FEATURE_COLUMNS, FEATURE_MEASURES, rows)


def link_table(tables: Tables, rows: Iterable[Sequence[Any]]) -> Facts:
    """The links of identifiers."""
    return tables.of("identity_links", LINK_COLUMNS, LINK_MEASURES, rows)


def user_key_table(tables: Tables, rows: Iterable[Sequence[Any]]) -> Facts:
    """The map of identifiers to people."""
    return tables.of("user_keys", USER_KEY_COLUMNS, USER_KEY_MEASURES, rows)


def _totals(names: Sequence[str], rows: Iterable[Sequence[int]]) -> dict[str, int]:
    totals = [0] * len(names)
    for row in rows:
        totals[:] = map(add, totals, row)
    return dict(zip(names, totals, strict=True))
