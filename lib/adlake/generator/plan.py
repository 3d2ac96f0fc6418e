"""What every hour of a generated delivery holds: how many records, and which of the hazards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby, pairwise

from adlake.generator.clocks import EPOCH, PACIFIC, hour_start

# Clocks in the US go back one hour on this day: Pacific hour 01 happens twice, and both share one file name.
LAST_PACIFIC_DAY = datetime(2026, 11, 1, tzinfo=PACIFIC)
MORE_DAYS_FROM = 100_000
# Fewer records than this do not carry an hour's hazards.
HAZARDS_FROM, RULES_FROM = 120, 150
BUSY_BY_UTC_HOUR = (
    *(0.55, 0.4, 0.32, 0.3, 0.35, 0.6, 0.9, 1.1, 1.1, 1.05, 1.1, 1.2),
    *(1.25, 1.2, 1.15, 1.2, 1.3, 1.45, 1.6, 1.7, 1.6, 1.35, 1.0, 0.75),
)
CHANGED, ELSEWHERE, SAME = "changed", "elsewhere", "same"
RESENT_TYPE = {CHANGED: "NetworkBackfillImpressions", ELSEWHERE: "NetworkActiveViews", SAME: "NetworkImpressions"}
# A changed file comes again without these many rows and with these many new ones.
ROWS_REMOVED, ROWS_ADDED = 5, 2


@dataclass(frozen=True)
class HourPlan:
    """One UTC hour.

    Attributes:
        index: place in the period, from 0.
        hour: hours since the epoch.
        delivery: 1 or 2.
        records: data records of this hour's files, duplicates and malformed lines included.
        shared: ad chains of which the next hour delivers copies.
        carried: ad chains asked for in this hour and shown in the next.
        copies: records that come twice in one file.
        late: ad chains of earlier hours that come in this hour's files.
        broken: how often each silver rule is broken.
        malformed: lines that cannot be read.
        unfilled: impression rows without an ad.
        blank_lines: lines that are no records.
        resend: what happens to one of the files afterwards: CHANGED, ELSEWHERE, SAME or None.
        again_from: an earlier hour of the first delivery of which this one delivers copies too, or None.
        has_other_layout: whether the ad server's files have another column order and `^` as delimiter.
        has_unknown_column: whether the impression files have a column that nobody announced.
        is_clickless: whether nobody clicks, so that the click files hold a header and nothing else.
    """

    index: int
    hour: int
    delivery: int
    records: int
    shared: int = 0
    carried: int = 0
    copies: int = 0
    late: int = 0
    broken: int = 0
    malformed: int = 0
    unfilled: int = 0
    blank_lines: int = 0
    resend: str | None = None
    again_from: int | None = None
    has_other_layout: bool = False
    has_unknown_column: bool = False
    is_clickless: bool = False

    @property
    def file_hour(self) -> str:
        """The hour in the names of the ad server's files: US Pacific, `YYYYMMDD_HH`."""
        return hour_start(self.hour).astimezone(PACIFIC).strftime("%Y%m%d_%H")


@dataclass(frozen=True)
class Plan:
    """A whole period: every hour, from the first to the last.

    Attributes:
        seed: decides everything that is drawn.
        events: data records of the event files of both deliveries.
        days: US Pacific days.
        hours: in order of time; the last few come with the second delivery.
    """

    seed: int
    events: int
    days: int
    hours: tuple[HourPlan, ...]

    @cached_property
    def file_hours(self) -> tuple[tuple[HourPlan, ...], ...]:
        """The hours that share a file name, together."""
        return tuple(tuple(group) for _, group in groupby(self.hours, key=lambda hour: hour.file_hour))

    @property
    def snapshot_days(self) -> tuple[int, ...]:
        """Days since the epoch of the line item snapshots: the day before the first to the last; the last is late."""
        return tuple(range(self.hours[0].hour // 24 - 1, self.hours[-1].hour // 24 + 1))

    def before(self, hour: HourPlan) -> HourPlan:
        """The hour before; for the first one an hour of which nothing was delivered."""
        if hour.index:
            return self.hours[hour.index - 1]
        return HourPlan(-1, hour.hour - 1, hour.delivery, 0, carried=hour.carried)


def make_plan(events: int, seed: int, days: int | None) -> Plan:
    """The plan of a run.

    Args:
        events: data records of the event files, both deliveries together; 0 or more.
        seed: any whole number.
        days: US Pacific days, ending with the day on which US clocks go back; None means 1, or 2 when there are many
            records.
    """
    count = days or (1 if events < MORE_DAYS_FROM else 2)
    first = LAST_PACIFIC_DAY - timedelta(days=count - 1)
    # Wall-clock arithmetic: the day after begins at midnight Pacific, whatever the clocks did.
    end = LAST_PACIFIC_DAY + timedelta(days=1)
    begin_hour, end_hour = ((at - EPOCH) // timedelta(hours=1) for at in (first, end))
    hours = list(range(begin_hour, end_hour))
    late_hours = 3 if count == 1 else 4
    resends = _resends(len(hours))
    weights = [_weight(hour, resends.get(index)) for index, hour in enumerate(hours)]
    allotted = _allot(events, weights)
    plans = tuple(
        _hour_plan(index, hour, 2 if index >= len(hours) - late_hours else 1, allotted[index], len(hours))
        for index, hour in enumerate(hours)
    )
    return Plan(seed, events, count, plans)


def _resends(count: int) -> dict[int, str]:
    changed = count // 2 + 3
    return {changed: CHANGED, changed + 2: ELSEWHERE, changed + 3: SAME}


def _weight(hour: int, resend: str | None) -> float:
    return BUSY_BY_UTC_HOUR[hour % 24] * (1.2 if resend in {CHANGED, ELSEWHERE} else 1.0)


def _allot(total: int, weights: Sequence[float]) -> list[int]:
    """Whole numbers in proportion to the weights; their sum is the total exactly."""
    scale = total / sum(weights)
    bounds, reached = [0], 0.0
    for weight in weights:
        reached += weight * scale
        bounds.append(round(reached))
    bounds[-1] = total
    return [after - before for before, after in pairwise(bounds)]


def _hour_plan(index: int, hour: int, delivery: int, records: int, count: int) -> HourPlan:
    changed = count // 2 + 3
    breaks_rules = records >= RULES_FROM and index in {changed - 4, changed - 1, count - 2}
    has_broken_writer = index in {4, changed - 6, changed + 4, count - 1}
    source = index - 12
    has_other_layout = index % 5 == 4  # noqa: PLR2004 any hour would do
    return HourPlan(
        index=index,
        hour=hour,
        delivery=delivery,
        records=records,
        shared=2 + records // 1000 if records >= HAZARDS_FROM else 0,
        carried=records // 100,
        copies=records // 150,
        late=records // 100 if index % 3 == 1 else 0,
        broken=1 + records // 5000 if breaks_rules else 0,
        malformed=records // 25 if has_broken_writer else 0,
        unfilled=records // 150,
        blank_lines=2 if index % 4 == 0 and records >= HAZARDS_FROM else 0,
        resend=_resends(count).get(index) if records >= RULES_FROM else None,
        again_from=source if delivery > 1 and source >= 0 and source != changed else None,
        has_other_layout=has_other_layout,
        has_unknown_column=index % 7 == 3 and not has_other_layout,  # noqa: PLR2004 any hour would do
        is_clickless=index % 8 == 5 and not breaks_rules,  # noqa: PLR2004 any hour would do
    )
