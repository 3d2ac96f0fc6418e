"""The same delivery through both contenders, at growing sizes."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from adlake.generator import Truth
from benchmarks.contenders import KEY_FILE, Run, run_adlake, run_peer, write_config
from benchmarks.inputs import bulk_input
from benchmarks.tables import GOLD, SOURCE_TABLES, digest, fingerprint, is_true

MILLION = 1_000_000
EVENT_TABLES = ("gam_requests", "gam_impressions", "gam_clicks", "gam_active_views", "page_events")
Tell = Callable[[str], None]


@dataclass(frozen=True)
class TableCheck:
    """One table of both contenders.

    Attributes:
        table: its name.
        rows: in adlake's.
        is_equal: whether both hold the same rows.
        is_true: whether adlake's are those of the generator's truth, which tells of gold alone; else None.
    """

    table: str
    rows: int
    is_equal: bool
    is_true: bool | None = None


@dataclass(frozen=True)
class SizeResult:
    """One size.

    Attributes:
        events: generated, both deliveries together.
        records: of events in the first delivery, which is what both contenders process.
        adlake: its run.
        peer: the peer's run.
        checks: of the gold tables.
    """

    events: int
    records: int
    adlake: Run
    peer: Run
    checks: tuple[TableCheck, ...]

    @property
    def ratio(self) -> float:
        """CPU seconds of adlake for one of the peer."""
        return self.adlake.cost.cpu_seconds / self.peer.cost.cpu_seconds

    @property
    def is_equal(self) -> bool:
        """Whether both made the same tables, and the right ones."""
        return all(check.is_equal and check.is_true is not False for check in self.checks)


@dataclass(frozen=True)
class Marginal:
    """What another million of records costs between the smallest and the largest size, in CPU seconds."""

    adlake: float
    peer: float

    @property
    def ratio(self) -> float:
        """CPU seconds of adlake for one of the peer."""
        return self.adlake / self.peer


def run_sizes(work: Path, sizes: Sequence[int], *, seed: int, keep: bool, tell: Tell) -> list[SizeResult]:
    """Run both contenders at every size, the smallest first.

    Args:
        work: keeps inputs, and the lakes while they are needed.
        sizes: in events.
        seed: of the input.
        keep: whether the lakes stay.
        tell: is told what is going on.
    """
    return [_run_size(work, events, seed, keep, tell) for events in sorted(sizes)]


def marginal(results: Sequence[SizeResult]) -> Marginal | None:
    """The cost of growth; None when there is one size only."""
    small, large = results[0], results[-1]
    millions = (large.records - small.records) / MILLION
    if not millions:
        return None
    return Marginal(
        (large.adlake.cost.cpu_seconds - small.adlake.cost.cpu_seconds) / millions,
        (large.peer.cost.cpu_seconds - small.peer.cost.cpu_seconds) / millions,
    )


def _run_size(work: Path, events: int, seed: int, keep: bool, tell: Tell) -> SizeResult:  # noqa: FBT001 private
    tell(f"{events:,} events: input")
    delivery = bulk_input(work, events, seed)
    truth = Truth.load(delivery)
    lakes = work / f"lakes-{events}"
    shutil.rmtree(lakes, ignore_errors=True)
    tell(f"{events:,} events: DuckDB and delta-rs")
    peer = run_peer(delivery, lakes / "peer")
    tell(f"{events:,} events: adlake")
    config = write_config(lakes / "adlake", landing=delivery / "landing", key_file=delivery / KEY_FILE)
    adlake = run_adlake(config, lakes / "adlake" / "lake")
    tell(f"{events:,} events: are the tables equal?")
    checks = tuple(_checks(lakes / "adlake" / "lake", lakes / "peer", truth))
    if not keep:
        shutil.rmtree(lakes)
    bronze = truth.accounts(1)["bronze"]
    return SizeResult(events, sum(bronze[name]["read"] for name in EVENT_TABLES), adlake, peer, checks)


def _checks(adlake: Path, peer: Path, truth: Truth) -> Iterator[TableCheck]:
    for layer in ("bronze", "silver"):
        for name in SOURCE_TABLES:
            ours, theirs = (fingerprint(lake, f"{layer}.{name}") for lake in (adlake, peer))
            yield TableCheck(f"{layer}.{name}", ours[0], ours == theirs)
    for name in GOLD:
        mine, other = digest(adlake, name), digest(peer, name)
        yield TableCheck(f"gold.{name}", mine.rows, mine == other, is_true(adlake, truth, name))
