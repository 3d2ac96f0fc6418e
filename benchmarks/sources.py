"""What each source costs from landing to its own tables, all of them taken in by one run."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from adlake.contracts import tables
from adlake.generator import Truth
from benchmarks.bulk import MILLION, Tell
from benchmarks.contenders import Run, run_adlake
from benchmarks.inputs import bulk_input

# With fewer records a source costs mostly what any batch costs.
RECORDS_THAT_TELL = 100_000


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
    # it builds Spark's plans when it is imported
    from adlake.sources import SOURCES  # noqa: PLC0415

    tell(f"{events:,} events: input")
    delivery = bulk_input(work, events, seed)
    lake = work / "lake-sources"
    shutil.rmtree(lake, ignore_errors=True)
    tell(f"{events:,} events of all sources: adlake")
    run = run_adlake(delivery / "lake.yaml", lake, "--lake", str(lake))
    if not keep:
        shutil.rmtree(lake)
    read = {name: account["read"] for name, account in Truth.load(delivery).accounts(1)["bronze"].items()}
    bronze = {
        source.name: {
            upstream.partition(".")[2] for name in source.refinements for upstream in tables()[name].made_from
        }
        for source in SOURCES.values()
    }
    costs = (
        SourceCost(name, sum(read.get(table, 0) for table in of_source), _cpu_seconds(run, sorted(of_source)))
        for name, of_source in bronze.items()
    )
    return SourcesResult(events, run, tuple(costs))


def _cpu_seconds(run: Run, bronze: Sequence[str]) -> float:
    """CPU seconds of bronze tables and what is refined of them."""
    upstream = {f"bronze.{name}" for name in bronze}
    own = upstream | {name for name, contract in tables().items() if upstream & set(contract.made_from)}
    return round(sum(step.cpu_seconds for step in run.steps if step.table in own), 2)
