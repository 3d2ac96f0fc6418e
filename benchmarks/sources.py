"""What each source costs from landing to its own tables, all of them taken in by one run."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from adlake.contracts import tables
from adlake.generator import Truth
from benchmarks.bulk import MILLION, Tell
from benchmarks.contenders import Run, run_adlake
from benchmarks.inputs import bulk_input

# With fewer records a source costs mostly what any batch costs.
RECORDS_THAT_TELL = 20_000


@dataclass(frozen=True)
class SourceCost:
    """One source in a run of all.

    Attributes:
        source: its name.
        records: that its files hold.
        cpu_seconds: of its bronze tables and of those that are made from them alone.
    """

    source: str
    records: int
    cpu_seconds: float

    @property
    def cpu_seconds_per_million(self) -> float | None:
        """CPU seconds of a million records; None where too few were taken in to tell."""
        return self.cpu_seconds / self.records * MILLION if self.records >= RECORDS_THAT_TELL else None


@dataclass(frozen=True)
class SourcesResult:
    """The run, and what of it each source cost."""

    events: int
    run: Run
    costs: tuple[SourceCost, ...]


def run_sources(work: Path, events: int, *, seed: int, keep: bool, tell: Tell) -> SourcesResult:
    """Run the first delivery of a generated input whole, contacts and exchange rates with it.

    Args:
        work: keeps the input, and the lake while it is needed.
        events: of the input.
        seed: of the input.
        keep: whether the lake stays.
        tell: is told what is going on.
    """
    tell(f"{events:,} events: input")
    delivery = bulk_input(work, events, seed)
    lake = work / "lake-sources"
    shutil.rmtree(lake, ignore_errors=True)
    tell(f"{events:,} events of all sources: adlake")
    run = run_adlake(delivery / "lake.yaml", lake, "--lake", str(lake))
    if not keep:
        shutil.rmtree(lake)
    bronze = Truth.load(delivery).accounts(1)["bronze"]
    return SourcesResult(events, run, tuple(costs_of(run, {name: of["read"] for name, of in bronze.items()})))


def costs_of(run: Run, records: Mapping[str, int]) -> Iterator[SourceCost]:
    """What each source cost in a run.

    Args:
        run: that took in all of them.
        records: that the files hold, by bronze table.
    """
    # it builds Spark's plans when it is imported
    from adlake.sources import SOURCES  # noqa: PLC0415

    made_from = {name: set(contract.made_from) for name, contract in tables().items()}
    for source in SOURCES.values():
        bronze = {upstream for name in source.refinements for upstream in made_from[name]}
        own = bronze | {name for name, upstream in made_from.items() if upstream & bronze}
        cpu_seconds = sum(step.cpu_seconds for step in run.steps if step.table in own)
        read = sum(records.get(name.partition(".")[2], 0) for name in bronze)
        yield SourceCost(source.name, read, round(cpu_seconds, 2))
