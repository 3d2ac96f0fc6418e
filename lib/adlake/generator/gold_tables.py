"""Tables made of others as the truth keeps them: sums, a digest, and all rows in a file unless they are many."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import add
from pathlib import Path
from typing import Any, NamedTuple

from adlake.generator.bidder_days import BIDDER_COLUMNS, BIDDER_KEY, BIDDER_MEASURES
from adlake.generator.clocks import hour_start
from adlake.generator.consents import CONSENT_COLUMNS, CONSENT_KEY, CONSENT_MEASURES
from adlake.generator.features import FEATURE_COLUMNS, FEATURE_KEY, FEATURE_MEASURES
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
from adlake.generator.traffic_sums import TRAFFIC_COLUMNS, TRAFFIC_KEY, TRAFFIC_MEASURES
from adlake.generator.visits import PAGE_COLUMNS, PAGE_KEY, PAGE_MEASURES, VISIT_COLUMNS, VISIT_KEY, VISIT_MEASURES
from adlake.generator.who_is_who import LINK_COLUMNS, LINK_KEY, LINK_MEASURES, USER_KEY_COLUMNS, USER_KEY_MEASURES

FULL_TABLE_ROWS = 200_000
Facts = dict[str, Any]


class Shape(NamedTuple):
    """What a table has in the truth.

    Attributes:
        columns: all of them, those of the key first.
        key_width: how many columns name a row.
        measures: neighbouring columns of whole numbers, of which the truth keeps sums.
        layer: of the table.
    """

    columns: tuple[str, ...]
    key_width: int
    measures: tuple[str, ...]
    layer: str = "gold"


SHAPES: Mapping[str, Shape] = {
    "yield_hourly": Shape((*YIELD_DIMENSIONS, *YIELD_MEASURES), len(YIELD_DIMENSIONS), YIELD_MEASURES),
    "user_days": Shape(USER_COLUMNS, 2, USER_MEASURES),
    "page_views": Shape(PAGE_COLUMNS, len(PAGE_KEY), PAGE_MEASURES),
    "sessions": Shape(VISIT_COLUMNS, len(VISIT_KEY), VISIT_MEASURES),
    "bidder_daily": Shape(BIDDER_COLUMNS, len(BIDDER_KEY), BIDDER_MEASURES),
    "traffic_daily": Shape(TRAFFIC_COLUMNS, len(TRAFFIC_KEY), TRAFFIC_MEASURES),
    "user_features": Shape(FEATURE_COLUMNS, len(FEATURE_KEY), FEATURE_MEASURES),
    "consents": Shape(CONSENT_COLUMNS, len(CONSENT_KEY), CONSENT_MEASURES, "silver"),
    "identity_links": Shape(LINK_COLUMNS, len(LINK_KEY), LINK_MEASURES, "silver"),
    "user_keys": Shape(USER_KEY_COLUMNS, 1, USER_KEY_MEASURES, "silver"),
}
"""The tables that the truth has whole, by name."""


@dataclass(frozen=True)
class Tables:
    """Where the tables of a delivery go.

    Attributes:
        directory: of the run.
        folder: below it.
    """

    directory: Path
    folder: Path

    def write(self, name: str, lines: Sequence[str]) -> Facts:
        """Number of rows and digest; the table itself stands in a file, unless it is large."""
        facts = {"rows": len(lines), "digest": digest_of(lines)}
        if len(lines) > FULL_TABLE_ROWS:
            return {**facts, "table": None}
        place = self.folder / f"{name}.csv"
        (self.directory / place).parent.mkdir(parents=True, exist_ok=True)
        text = "\n".join([",".join(SHAPES[name].columns), *sorted(lines), ""])
        (self.directory / place).write_text(text, encoding="utf-8", newline="\n")
        return {**facts, "table": place.as_posix()}

    def of(self, name: str, rows: Iterable[Sequence[Any]]) -> Facts:
        """The same with the sum of each measure; an amount that nobody knows adds nothing."""
        found, (columns, _, measures, _) = list(rows), SHAPES[name]
        first = columns.index(measures[0])
        numbers = ([number or 0 for number in row[first : first + len(measures)]] for row in found)
        return {"totals": _totals(measures, numbers), **self.write(name, [table_line(row) for row in found])}


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
        **tables.write("yield_hourly", lines),
    }


def _totals(names: Sequence[str], rows: Iterable[Sequence[int]]) -> dict[str, int]:
    totals = [0] * len(names)
    for row in rows:
        totals[:] = map(add, totals, row)
    return dict(zip(names, totals, strict=True))
