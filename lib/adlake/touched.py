"""What of a mart must be recomputed after the tables that it is made of have changed; no JVM."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from adlake.contracts import Table, Unit, table
from adlake.datafile import DataFile
from adlake.lake import MAINTENANCE_OPERATIONS, Commit, Lake
from adlake.markers import marker, newest
from adlake.marts import MARTS
from adlake.marts.mart import Change, Mart, Reach

HOURS_PER_DAY = 24


@dataclass(frozen=True)
class Touched:
    """What of a mart must be recomputed.

    Attributes:
        slices: names of hours (`2026-10-31T23`) or days (`2026-10-31`); None for everything.
        upstream: version of each silver table up to which the recomputation accounts.
        batches: batches whose commits touched it.
        is_open: whether the next run would go on with it; not when only somebody's wish makes the mart anew.
    """

    slices: frozenset[str] | None
    upstream: Mapping[str, int]
    batches: tuple[str, ...]
    is_open: bool = True

    @property
    def days(self) -> tuple[date, ...]:
        """The days of the slices, in order."""
        return tuple(sorted({date.fromisoformat(name[:10]) for name in self.slices or ()}))

    @property
    def newest_batch(self) -> str:
        """The batch that accounts and verdicts name; empty when none touched it."""
        return newest(self.batches)

    def holds(self, slice_: str) -> bool:
        """Whether the slice is to be recomputed."""
        return self.slices is None or slice_ in self.slices


def pending(lake: Lake, step: str, *, rebuild: bool = False) -> dict[str, Touched]:
    """The marts of a step that silver has moved on from, by table, with what to recompute.

    For a rebuild it is all of them, whole, that silver has a table for.
    """
    found = {name: touched(lake, mart) for name, mart in MARTS.items() if mart.step == step}
    if rebuild:
        return {
            name: replace(work, slices=None, is_open=work.slices is None or bool(work.slices))
            for name, work in found.items()
            if any(v >= 0 for v in work.upstream.values())
        }
    return {name: work for name, work in found.items() if work.slices is None or work.slices}


def touched(lake: Lake, mart: Mart) -> Touched:
    """The slices of the mart in which silver got or lost rows since the versions that it consumed."""
    contract = table(mart.table)
    slices: set[str] = set()
    upstream: dict[str, int] = {}
    batches: set[str] = set()
    complete = True
    references = {reference.table: reference for reference in mart.references}
    for name in (*mart.events, *references):
        source = table(f"silver.{name}")
        upstream[name] = lake.version(source)
        known = lake.marker(contract, marker(mart.step, mart.table, source.qualified))
        consumed = -1 if known is None else known
        commits = lake.commits(source, consumed)
        if commits is None or any(_is_foreign(commit) for commit in commits):
            complete = False
            continue
        named = {slice_ for commit in commits for slice_ in commit.meta.get("slices") or ()}
        if any(commit.meta.get("slices") is None for commit in commits if commit.meta):
            complete = False
        batches |= {commit.meta["batch"] for commit in commits if "batch" in commit.meta}
        if name in references:
            named = references[name].days(lake, _days_of_events(lake, mart), Change(named, consumed))
        slices |= named
    reached = _reached(lake, mart, _in_unit(slices, unit_of(contract)))
    return Touched(frozenset(reached) if complete else None, upstream, tuple(sorted(batches)))


def read_for(work: Touched, reach: Reach) -> Touched:
    """The same with all slices whose events decide the rows of those to be recomputed."""
    if work.slices is None or reach == Reach():
        return work
    return replace(work, slices=frozenset(map(str, reach.read_for(work.days))))


def unit_of(contract: Table) -> Unit:
    """What a slice of the mart spans."""
    assert contract.slice is not None  # noqa: S101 every mart has one
    return contract.slice.unit


def _is_foreign(commit: Commit) -> bool:
    """A commit that changed rows without saying which: only a full recomputation is safe after it."""
    return not commit.meta and commit.operation not in MAINTENANCE_OPERATIONS


def _days_of_events(lake: Lake, mart: Mart) -> set[str]:
    return {day for name in mart.events for day in lake.partition_values(table(f"silver.{name}"), "event_date")}


def _reached(lake: Lake, mart: Mart, slices: set[str]) -> set[str]:
    """The slices, and the days around them whose rows they decide, as far as silver has events of them.

    Where its events have expired a slice stays as it is.
    """
    reach = mart.reach(lake.config)
    if reach == Reach() or not slices:
        return slices
    around = reach.touched_by(map(date.fromisoformat, slices))
    return slices | (set(map(str, around)) & _days_of_events(lake, mart))


def _in_unit(slices: Iterable[str], unit: str) -> set[str]:
    if unit == "day":
        return {name[:10] for name in slices}
    hours: set[str] = set()
    for name in slices:
        hours |= {name} if "T" in name else {f"{name}T{hour:02d}" for hour in range(24)}
    return hours


def hours_of(contract: Table, work: Touched) -> list[datetime]:
    """The touched hours when they are fewer than their days hold; none when whole days are read anyway."""
    if work.slices is None or unit_of(contract) == "day":
        return []
    if len(work.slices) == HOURS_PER_DAY * len(work.days):
        return []
    return sorted(datetime.fromisoformat(f"{name}:00:00").replace(tzinfo=UTC) for name in work.slices)


def may_hold(file: DataFile, contract: Table, work: Touched) -> bool:
    """Whether a silver file may hold rows of the touched slices."""
    if work.slices is None:
        return True
    hours = hours_of(contract, work)
    in_hours = not hours or file.may_hold("event_at_utc", hours[0], hours[-1] + timedelta(hours=1))
    return file.partition["event_date"] in work.days and in_hours
