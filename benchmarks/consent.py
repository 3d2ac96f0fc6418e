"""What deciding consent adds to silver: a run that knows where page events carry it beside one that does not."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from adlake.generator.words import CONTEXT, consent_config
from benchmarks.bulk import Tell
from benchmarks.contenders import KEY_FILE, Run, run_adlake, write_config
from benchmarks.inputs import bulk_input
from benchmarks.peer.lake import PeerLake, connect

STEP = "build_silver"
SAID = rf'{CONTEXT}/[^"]*","data":(\{{[^}}]*\}})'


@dataclass(frozen=True)
class ConsentResult:
    """Two runs of the same events.

    Attributes:
        events: of the whole input.
        page_events: in silver.
        signals: different ones among them.
        with_consent: CPU seconds of building silver.
        without: the same where no context is named.
    """

    events: int
    page_events: int
    signals: int
    with_consent: float
    without: float

    @property
    def share(self) -> float:
        """What consent adds, of what silver costs without."""
        return self.with_consent / self.without - 1


def run_consent(work: Path, events: int, *, seed: int, keep: bool, tell: Tell) -> ConsentResult:
    """Run a generated input twice.

    Args:
        work: keeps the input, and the lakes while they are needed.
        events: of the input.
        seed: of the input.
        keep: whether the lakes stay.
        tell: is told what is going on.
    """
    tell(f"{events:,} events: input")
    delivery = bulk_input(work, events, seed)
    costs = {}
    for name, consent in (("without", {}), ("with", consent_config())):
        folder = work / f"consent-{name}"
        shutil.rmtree(folder, ignore_errors=True)
        config = write_config(folder, landing=delivery / "landing", key_file=delivery / KEY_FILE, consent=consent)
        tell(f"{events:,} events {name} consent: adlake")
        costs[name] = _cost(run_adlake(config, folder / "lake"))
    counts = _counts(work / "consent-with" / "lake")
    for name in () if keep else costs:
        shutil.rmtree(work / f"consent-{name}")
    return ConsentResult(events, *counts, costs["with"], costs["without"])


def _cost(run: Run) -> float:
    return round(sum(step.cpu_seconds for step in run.steps if step.step == STEP), 2)


def _counts(lake: Path) -> tuple[int, int]:
    """Page events in silver, and different signals among those that were delivered."""
    peer = PeerLake(lake, connect())
    counted = f"SELECT count(*) FROM {peer.scan('silver.page_events')}"
    said = f"SELECT count(DISTINCT regexp_extract(contexts, ?, 1)) FROM {peer.scan('bronze.page_events')}"
    (rows,), (signals,) = _row(peer.connection, counted, []), _row(peer.connection, said, [SAID])
    return rows, signals


def _row(connection: duckdb.DuckDBPyConnection, query: str, values: list[str]) -> tuple[int, ...]:
    found: tuple[int, ...] = connection.execute(query, values).fetchall()[0]
    return found
