"""Which identifiers published rows show together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

from adlake.generator.clocks import MICROS_PER_DAY

EVENTS, FIRST, LAST = range(3)


@dataclass
class Links:
    """Pairs that were seen together.

    Attributes:
        seen: by day since the epoch, two of `kind:identifier` in order, and source: rows, first and last (micros).
    """

    seen: dict[tuple[int, str, str, str], list[int]] = field(default_factory=dict)

    def add(self, source: str, at: int, people: Sequence[str | None], rows: int = 1) -> None:
        """The pairs with those of a row counted in.

        Args:
            source: the silver table.
            at: when, microseconds since the epoch.
            people: `kind:identifier`s of the row; None for one that names nobody.
            rows: alike.
        """
        day = at // MICROS_PER_DAY
        for one, other in combinations(sorted(person for person in people if person), 2):
            row = self.seen.setdefault((day, one, other, source), [0, at, at])
            row[EVENTS] += rows
            row[FIRST], row[LAST] = min(row[FIRST], at), max(row[LAST], at)

    def merge(self, other: "Links") -> None:
        """The pairs with others counted in."""
        for key, row in other.seen.items():
            mine = self.seen.get(key)
            if mine is None:
                self.seen[key] = list(row)
                continue
            mine[EVENTS] += row[EVENTS]
            mine[FIRST], mine[LAST] = min(mine[FIRST], row[FIRST]), max(mine[LAST], row[LAST])
