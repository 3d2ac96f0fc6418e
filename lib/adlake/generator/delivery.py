"""One file hour on disk, and what becomes of its records in both batches."""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from adlake.generator import repeats
from adlake.generator.clocks import stream
from adlake.generator.columns import SPANS, Record
from adlake.generator.file_hour import FileHour
from adlake.generator.files import FileRows, hazards_of, write_file
from adlake.generator.page_events import PageEvent
from adlake.generator.plan import CHANGED, ELSEWHERE, RESENT_TYPE, ROWS_ADDED, ROWS_REMOVED, SAME, HourPlan, Plan
from adlake.generator.tally import Tally
from adlake.generator.world import World

LANDING, SECOND_DELIVERY = "landing", "second_delivery"
ROOTS = {1: LANDING, 2: SECOND_DELIVERY}

# batch, layer, table, what, rule or reason (empty where there is none)
AccountKey = tuple[int, str, str, str, str]


@dataclass
class Outcome:
    """What some files come to.

    Attributes:
        accounts: rows by batch, layer, table and what became of them.
        planted: hazards by name.
        both: published by the first batch, and still after the second.
        first: published by the first batch and superseded by the second.
        second: published by the second batch.
        files: paths taken, by batch.
        untaken: paths that come again unchanged.
        set_aside: paths of files that cannot be read.
    """

    accounts: Counter[AccountKey] = field(default_factory=Counter)
    planted: Counter[str] = field(default_factory=Counter)
    both: Tally = field(default_factory=Tally)
    first: Tally = field(default_factory=Tally)
    second: Tally = field(default_factory=Tally)
    files: dict[int, list[str]] = field(default_factory=lambda: {1: [], 2: []})
    untaken: list[str] = field(default_factory=list)
    set_aside: list[str] = field(default_factory=list)

    def merge(self, other: "Outcome") -> None:
        """The outcome with another one counted in."""
        self.accounts.update(other.accounts)
        self.planted.update(other.planted)
        self.both.merge(other.both)
        self.first.merge(other.first)
        self.second.merge(other.second)
        self.untaken += other.untaken
        for batch, paths in other.files.items():
            self.files[batch] += paths

    def account(self, batch: int, file: FileRows, *, is_copy: bool = False) -> None:
        """The account with a file counted in.

        Args:
            batch: that takes it.
            file: what it holds.
            is_copy: whether all its good records were delivered before.
        """
        self.files[batch].append(file.path)
        good, copies = len(file.good), file.copies
        self._count(batch, "bronze", file.table, "read", file.records)
        self._count(batch, "bronze", file.table, "published", file.readable)
        self._count(batch, "silver", file.table, "read", file.readable)
        self._count(batch, "silver", file.table, "published", 0 if is_copy else good)
        self._count(batch, "silver", file.table, "duplicates", copies + good if is_copy else copies)
        for layer, what, reasons in (
            ("bronze", "quarantined", file.unread()),
            ("silver", "quarantined", file.refusals()),
            ("silver", "filtered", file.filters()),
        ):
            for reason, rows in reasons.items():
                self._count(batch, layer, file.table, what, rows, reason)

    def _count(self, batch: int, layer: str, table: str, what: str, rows: int, reason: str = "") -> None:
        self.accounts[batch, layer, table, what, reason] += rows

    def replace_rows(self, table: str, *, superseded: int, restored: int) -> None:
        """The account with rows that the second batch took away and put back."""
        self._count(2, "silver", table, "superseded", superseded)
        self._count(2, "silver", table, "restored", restored)
        self._count(2, "silver", table, "published", restored)


@dataclass(frozen=True)
class Target:
    """Where files go.

    Attributes:
        directory: the folder that holds both deliveries.
        now: seconds since the epoch; no file is younger.
    """

    directory: Path
    now: float

    def write(self, batch: int, path: str, text: str, hour: HourPlan) -> None:
        """A file of a delivery; older hours get older files, as when they were delivered one after the other."""
        delivered_at = (hour.hour + 1) * 3600.0
        modified_at = min(delivered_at, self.now - 3600) if batch == 1 else self.now
        write_file(self.directory / ROOTS[batch] / path, text, modified_at)


def deliver(plan: Plan, world: World, hours: tuple[HourPlan, ...], target: Target) -> Outcome:
    """The outcome of one file hour, whose files are written."""
    made = FileHour(plan, world, hours)
    outcome = Outcome(planted=made.planted)
    hour = hours[0]
    resent = made.files[RESENT_TYPE[hour.resend]] if hour.resend else None
    for file in made.all_files:
        if file.layout is None and not file.records:
            continue
        text = file.text(stream(plan.seed, "order", file.path))
        target.write(hour.delivery, file.path, text, hour)
        outcome.account(hour.delivery, file)
        outcome.planted.update(hazards_of(file))
        outcome.planted["files.of_two_utc_hours"] += file.layout is not None and len(hours) > 1
        if file is resent and hour.resend == CHANGED:
            _deliver_changed(plan, world, hour, file, target, outcome)
            continue
        if file is resent and hour.resend == SAME:
            target.write(2, file.path, text, hour)
            outcome.untaken.append(file.path)
            outcome.planted["files.unchanged_at_their_path"] += 1
        if file is resent and hour.resend == ELSEWHERE:
            _deliver_elsewhere(file, text, hour, target, outcome)
        tally = outcome.both if hour.delivery == 1 else outcome.second
        _count_good(tally, file)
    world.crowd.forget()
    return outcome


def _count_good(tally: Tally, file: FileRows) -> None:
    if file.layout is None:
        tally.add_page_events(event for event in file.good if isinstance(event, PageEvent))
    else:
        tally.add(file.table, file.good)


def _deliver_elsewhere(file: FileRows, text: str, hour: HourPlan, target: Target, outcome: Outcome) -> None:
    """The same file once more under another path: nothing in it is new."""
    name = PurePosixPath(file.path)
    again = FileRows(**{**vars(file), "path": str(name.parent / "again" / name.name)})
    target.write(hour.delivery, again.path, text, hour)
    outcome.account(hour.delivery, again, is_copy=True)
    outcome.planted["files.again_elsewhere"] += 1
    outcome.planted["duplicates.file_again_elsewhere"] += len(file.good) + file.copies


def _deliver_changed(
    plan: Plan, world: World, hour: HourPlan, file: FileRows, target: Target, outcome: Outcome
) -> None:
    """Another version of a file at its path: rows are gone, new, or tell of other revenue.

    Gone are first the rows of which the next hour delivered copies: those copies are published now.
    """
    outcome.first.add(file.table, file.good)
    shared = repeats.shared_chains(world, hour)
    copies = {
        chain.chain.impression: copy for chain in shared for name, copy in chain.copies
        if chain.chain.is_backfill and name == RESENT_TYPE[CHANGED]
    }
    gone = [record for record in file.good if record in copies][: ROWS_REMOVED - 2]
    restored = [copies[record] for record in gone]
    gone += [record for record in file.good if record not in copies][: ROWS_REMOVED - len(gone)]
    traffic, draw = repeats.traffic_of(world, hour, repeats.CHANGES)
    query = hour.hour * 3_600_000_000 + 1_000_000
    scene = traffic.scene(*traffic.visit())
    new = [repeats.whole_chain(traffic, scene, query, is_backfill=True).impression for _ in range(ROWS_ADDED)]
    kept = set(gone)
    rows: list[Record] = [record for record in file.good if record not in kept]
    money = SPANS["money"]
    for place in range(0, len(rows), 10):
        revenue = world.revenues[int(draw.random() * len(world.revenues))]
        rows[place] = rows[place][: money.start] + revenue + rows[place][money.stop :]
    good = rows + [record for record in new if record is not None]
    version = FileRows(**{**vars(file), "good": good})
    target.write(2, file.path, version.text(stream(plan.seed, "changed", file.path)), hour)
    outcome.account(2, version)
    outcome.replace_rows(file.table, superseded=len(file.good), restored=len(restored))
    outcome.second.add(file.table, version.good)
    outcome.second.add(file.table, restored)
    outcome.planted["files.changed_at_their_path"] += 1
    outcome.planted["duplicates.file_changed"] += version.copies
    outcome.planted["ad_rows.superseded"] += len(file.good)
    outcome.planted["ad_rows.restored"] += len(restored)
