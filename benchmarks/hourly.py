"""Whether the cost of an hourly batch follows the batch or the history of the lake that it goes into."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from deltalake import DeltaTable

from adlake.contracts import tables
from benchmarks.bulk import Tell
from benchmarks.contenders import Run, run_adlake, write_config
from benchmarks.inputs import DAYS, FIRST_BATCH_AT, HourlyInput, hourly_input, lay_over
from benchmarks.tables import digest

BATCHES = 3
EVENTS, EVENTS_BEFORE = 50_000, 1_000
DATA_LAYERS = ("bronze", "silver", "gold")


@dataclass(frozen=True)
class TableSize:
    """A table as the batches found it: its commits and live data files."""

    commits: int
    files: int


@dataclass(frozen=True)
class History:
    """The hourly batches on one lake.

    Attributes:
        name: of the lake, for people.
        building: the run that made what the batches found.
        sizes: of the tables that they found.
        runs: one per batch.
    """

    name: str
    building: Run
    sizes: Mapping[str, TableSize]
    runs: tuple[Run, ...]

    @property
    def cpu_seconds(self) -> float:
        """The middle one of the batches."""
        return median(run.cost.cpu_seconds for run in self.runs)


@dataclass(frozen=True)
class HourlyResult:
    """Both lakes.

    Attributes:
        events: of each batch.
        short: the lake of one hour.
        long: the lake of thirty days.
        is_equal: whether both hold the same yield for the hours of the batches.
    """

    events: int
    short: History
    long: History
    is_equal: bool

    @property
    def ratio(self) -> float:
        """What a batch costs in the long lake for one CPU second in the short one."""
        return self.long.cpu_seconds / self.short.cpu_seconds


@dataclass(frozen=True)
class _Place:
    """Where one of the lakes and its landing zone are."""

    name: str
    folder: Path

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    @property
    def lake(self) -> Path:
        return self.folder / "lake"


def run_hourly(
    work: Path, *, seed: int, keep: bool, tell: Tell, events: int = EVENTS, events_before: int = EVENTS_BEFORE
) -> HourlyResult:
    """Run the same hourly batches into a lake of one hour and into one of thirty days.

    The thirty days come in by about as many batches, cut by bytes, in one run; an hour of them holds fewer events than
    a batch does, or making them would take hours.

    Args:
        work: keeps the input, and the lakes while they are needed.
        seed: of the input.
        keep: whether the lakes stay.
        tell: is told what is going on.
        events: of each batch.
        events_before: of each hour before, on average.
    """
    tell("hourly batches: input")
    given = hourly_input(work, events=events, events_before=events_before, batches=BATCHES, seed=seed)
    lakes = work / "lakes-hourly"
    shutil.rmtree(lakes, ignore_errors=True)
    size_bytes = sum(path.stat().st_size for path in given.days.rglob("*.gz"))
    short, long = _Place("one hour", lakes / "short"), _Place(f"{DAYS} days", lakes / "long")
    in_short = _history(short, given.hour, size_bytes, given, tell)
    in_long = _history(long, given.days, size_bytes // DAYS, given, tell)
    hours = f"hour_utc >= TIMESTAMPTZ '{FIRST_BATCH_AT.isoformat()}'"
    ours, theirs = (digest(place.lake, "yield_hourly", hours) for place in (short, long))
    if not keep:
        shutil.rmtree(lakes)
    return HourlyResult(events, in_short, in_long, is_equal=ours == theirs and ours.rows > 0)


def _history(place: _Place, before: Path, batch_bytes: int, given: HourlyInput, tell: Tell) -> History:
    """The batches on a new lake that already holds what came before."""
    tell(f"hourly batches: a lake of {place.name}")
    lay_over(before, place.landing)
    config = write_config(place.folder, landing=place.landing, key_file=given.key_file, batch_bytes=batch_bytes)
    building = run_adlake(config, place.lake)
    sizes = sizes_of(place.lake)
    config = write_config(place.folder, landing=place.landing, key_file=given.key_file)
    runs = []
    for number, batch in enumerate(given.batches, 1):
        tell(f"hourly batches: batch {number} of {len(given.batches)} into the lake of {place.name}")
        lay_over(batch, place.landing)
        runs.append(run_adlake(config, place.lake))
    return History(place.name, building, sizes, tuple(runs))


def sizes_of(lake: Path) -> dict[str, TableSize]:
    """Commits and live files of every table of the lake."""
    found = {}
    for name, contract in tables().items():
        if contract.layer in DATA_LAYERS and (lake / contract.path / "_delta_log").is_dir():
            delta = DeltaTable(lake / contract.path)
            found[name] = TableSize(delta.version() + 1, len(delta.file_uris()))
    return found
