"""Thresholds learned from accepted runs of the same weekday: traffic follows the week."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from adlake.contracts import Table
from adlake.quality.arguments import learned_names
from adlake.quality.kinds import EXTREMES
from adlake.quality.suite import Rule, Suite
from adlake.records import VerdictRecord

# Enough to tell a habit from an accident, and few enough to follow a season.
MOST_RUNS, FEWEST_RUNS = 12, 3
# Of a normal distribution: the spread is 1.4826 times the median distance from the median.
NORMAL = 1.4826
SPREADS = 4
# A history without any spread would refuse the first change.
SMALLEST_SPREAD = 0.05
MOMENTS = ("timestamp", "date")


@dataclass(frozen=True)
class Range:
    """What a number of a batch may be, in the number's own unit."""

    least: float
    most: float


def usual(values: Iterable[float]) -> Range | None:
    """The range around the median of the newest values, or None when there are too few of them.

    It reaches four spreads to both sides, a spread being at least a twentieth of the median.

    Args:
        values: oldest first.
    """
    newest = list(values)[-MOST_RUNS:]
    if len(newest) < FEWEST_RUNS:
        return None
    middle = median(newest)
    spread = max(NORMAL * median(abs(value - middle) for value in newest), SMALLEST_SPREAD * abs(middle))
    return Range(middle - SPREADS * spread, middle + SPREADS * spread)


def thresholds(
    suite: Suite, table: Table, records: Iterable[VerdictRecord], as_of: datetime
) -> Mapping[str, float | datetime]:
    """Values of the suite's parameters that accepted runs tell; none where they are too few.

    Of a moment it is the age that is learned.

    Args:
        suite: of the table.
        table: its contract.
        records: what `Ledger.observations` gives for the weekday of `as_of`.
        as_of: the moment that the run stands for.
    """
    past: dict[str, list[float]] = {}
    moments = {rule.id for rule in suite.rules if _is_moment(rule, table)}
    for record in records:
        # a run that stands for an earlier moment learns nothing from what came after it
        if record.table == table.qualified and record.observed is not None and record.as_of_utc < as_of:
            age = record.as_of_utc.timestamp() - record.observed
            past.setdefault(record.rule, []).append(age if record.rule in moments else record.observed)
    found: dict[str, float | datetime] = {}
    for rule in suite.rules:
        range_ = usual(past.get(rule.id, ())) if rule.parameters else None
        if range_ is None:
            continue
        if rule.id in moments:
            newest, oldest = as_of.timestamp() - range_.least, as_of.timestamp() - range_.most
            range_ = Range(oldest, newest)
        for name, value in zip(learned_names(rule.id), (range_.least, range_.most), strict=True):
            found[name] = datetime.fromtimestamp(value, as_of.tzinfo) if rule.id in moments else value
    return found


def _is_moment(rule: Rule, table: Table) -> bool:
    name = rule.kwargs.get("column")
    return rule.kind in EXTREMES and name in table.column_names and table.column(str(name)).type in MOMENTS
