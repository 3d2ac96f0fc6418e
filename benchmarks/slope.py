"""Whether hourly runs keep their cost while a lake grows for two months, maintained once a day."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from adlake.config import Config, load_config
from adlake.job import execute
from adlake.pipeline import steps_from
from adlake.session import Spark
from benchmarks.bulk import Tell
from benchmarks.contenders import KEY_FILE, Run, run_adlake, write_config
from benchmarks.hourly import TableSize, sizes_of
from benchmarks.inputs import slope_input

DAYS, MEASURED_DAYS = 60, (1, 30, 60)
RUNS_PER_DAY, MEASURED_RUNS = 24, 3
EVENTS_PER_HOUR = 60
MAINTENANCE = ("maintain_tables",)


@dataclass(frozen=True)
class DayCost:
    """What the last runs of a day cost, each in a process of its own, and the lake that they found.

    Attributes:
        day: counted from 1.
        runs: of that day, the last ones.
        sizes: of the tables after them.
        maintenance_cpu_seconds: of the maintenance that ended the day.
    """

    day: int
    runs: tuple[Run, ...]
    sizes: Mapping[str, TableSize]
    maintenance_cpu_seconds: float

    @property
    def cpu_seconds(self) -> float:
        """The middle one of the runs."""
        return median(run.cost.cpu_seconds for run in self.runs)


@dataclass(frozen=True)
class SlopeResult:
    """The measured days.

    Attributes:
        runs_per_day: of which the last of a measured day are measured.
        events_per_hour: on average.
        days: in order.
    """

    runs_per_day: int
    events_per_hour: int
    days: tuple[DayCost, ...]

    @property
    def ratio(self) -> float:
        """What a run costs on the last measured day for one CPU second on the first."""
        return self.days[-1].cpu_seconds / self.days[0].cpu_seconds


@dataclass(frozen=True)
class _Lake:
    """The growing lake; files come into its landing zone as they were delivered."""

    config_file: Path
    config: Config
    spark: Spark
    waiting: list[Path]
    root: Path

    def deliver(self, until: datetime) -> None:
        """Files that were delivered up to a moment, as hard links."""
        while self.waiting and self.waiting[0].stat().st_mtime <= until.timestamp():
            file = self.waiting.pop(0)
            target = Path(self.config.landing, file.relative_to(self.root))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.hardlink_to(file)


def run_slope(
    work: Path,
    *,
    seed: int,
    keep: bool,
    tell: Tell,
    days: int = DAYS,
    measured: Sequence[int] = MEASURED_DAYS,
    runs_per_day: int = RUNS_PER_DAY,
    events_per_hour: int = EVENTS_PER_HOUR,
) -> SlopeResult:
    """Run every hour of two months into one lake, each run standing for its hour, and measure the last of some days.

    The runs between the measured ones share one process, as starting Java two thousand times is not what this is about.

    Args:
        work: keeps the input, and the lake while it is needed.
        seed: of the input.
        keep: whether the lake stays.
        tell: is told what is going on.
        days: simulated.
        measured: days of which the last runs are measured.
        runs_per_day: 24 or a divisor of it.
        events_per_hour: on average.
    """
    tell("slope: input")
    # the generator keeps the last hours for a second delivery, so the last day is not asked for
    given = slope_input(work, days=days + 1, events_per_hour=events_per_hour, seed=seed)
    folder = work / "lake-slope"
    shutil.rmtree(folder, ignore_errors=True)
    landing = folder / "landing"
    landing.mkdir(parents=True)
    config_file = write_config(folder, landing=landing, key_file=given / KEY_FILE)
    config = load_config(config_file)
    files = sorted(given.rglob("*.gz"), key=lambda path: (path.stat().st_mtime, path))
    lake = _Lake(config_file, config, Spark(config, os.environ), files, given)
    try:
        found = list(_days(lake, days, measured, runs_per_day, tell))
    finally:
        lake.spark.stop()
    if not keep:
        shutil.rmtree(folder)
    return SlopeResult(runs_per_day, events_per_hour, tuple(found))


def _days(lake: _Lake, days: int, measured: Sequence[int], runs_per_day: int, tell: Tell) -> Iterator[DayCost]:
    begin = datetime.fromtimestamp(lake.waiting[0].stat().st_mtime, UTC)
    step = timedelta(days=1) / runs_per_day
    for day in range(1, days + 1):
        tell(f"slope: day {day} of {days}")
        runs = []
        for number in range(runs_per_day):
            at_utc = begin + timedelta(days=day - 1) + step * (number + 1)
            lake.deliver(at_utc)
            if day in measured and number >= runs_per_day - MEASURED_RUNS:
                runs.append(run_adlake(lake.config_file, Path(lake.config.lake), "--as-of", at_utc.isoformat()))
            else:
                execute(steps_from(None), lake.spark, lake.config, as_of=at_utc, notify=lambda *_: None)
        report = execute(MAINTENANCE, lake.spark, lake.config, as_of=at_utc, notify=lambda *_: None)
        if day in measured:
            yield DayCost(day, tuple(runs), sizes_of(Path(lake.config.lake)), report.cpu_seconds)
