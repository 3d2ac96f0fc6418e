"""Which snapshot of the user features is due, found from the logs alone; no JVM."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from adlake.contracts import Table, table
from adlake.lake import Commit, Lake
from adlake.markers import marker

STEP = "build_gold"
TABLE = "gold.user_features"
DAYS, CONTACTS = "gold.user_days", "silver.contact_states"
WINDOW_DAYS = 90


@dataclass(frozen=True)
class Snapshot:
    """The features of one day, to be made or made anew.

    Attributes:
        as_of: the day; nothing after it counts.
        upstream: version of each table that it is made of.
        batches: batches whose commits are new in it, oldest first.
        is_open: whether the next run would go on with it; not when only somebody's wish makes it anew.
    """

    as_of: date
    upstream: Mapping[str, int]
    batches: tuple[str, ...]
    is_open: bool = True

    @property
    def first_day(self) -> date:
        """The oldest day that counts."""
        return self.as_of - timedelta(days=WINDOW_DAYS - 1)

    def holds(self, day: date) -> bool:
        """Whether the day counts."""
        return self.first_day <= day <= self.as_of


def due_snapshot(lake: Lake, now: datetime, *, rebuild: bool = False) -> Snapshot | None:
    """The snapshot that a run at this moment has to make; None when there is nothing to do.

    The newest day with rows is the as-of day, yesterday (UTC) at the latest: a day is described once it is over, and a
    run without new data changes nothing. A snapshot that is there is made anew when the days or contacts behind it have
    changed; older snapshots stay as they were known then.

    Args:
        lake: whose logs are read.
        now: the moment of the run.
        rebuild: make the newest snapshot anew in any case.
    """
    contract = table(TABLE)
    yesterday = now.astimezone(UTC).date() - timedelta(days=1)
    held = [date.fromisoformat(value) for value in lake.partition_values(table(DAYS), "event_date")]
    last = min([yesterday, *([max(held)] if held else [])])
    made = max((date.fromisoformat(value) for value in lake.partition_values(contract, "as_of_date")), default=None)
    as_of = last if made is None or (not rebuild and last > made) else max(last, made)
    upstream = {name: lake.version(table(name)) for name in (DAYS, CONTACTS)}
    changes = {name: _changes(lake, contract, table(name)) for name in upstream}
    batches = {str(commit.meta["batch"]) for commits in changes.values() for commit in commits or () if commit.meta}
    due = Snapshot(as_of, upstream, tuple(sorted(batches - {""})))
    if not any(due.holds(day) for day in held) or (made is not None and last < made and not rebuild):
        return None
    first = {DAYS: due.first_day.isoformat(), CONTACTS: ""}
    is_behind = any(_touch(commits, first[name], as_of.isoformat()) for name, commits in changes.items())
    is_open = made is None or as_of > made or is_behind
    return replace(due, is_open=is_open) if rebuild or is_open else None


def _changes(lake: Lake, contract: Table, source: Table) -> list[Commit] | None:
    """Commits of the source that the features have not consumed; None when the log has forgotten some."""
    consumed = lake.marker(contract, marker(STEP, TABLE, source.qualified))
    return lake.commits(source, -1 if consumed is None else consumed)


def _touch(commits: list[Commit] | None, first: str, last: str) -> bool:
    """Whether rows of the days between the two, both included, have changed."""
    if commits is None:
        return True
    return any(commit.slices is None or any(first <= name[:10] <= last for name in commit.slices) for commit in commits)
