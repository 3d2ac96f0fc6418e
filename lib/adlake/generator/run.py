"""A generated run on disk: two deliveries, the truth about them, and a configuration that processes them."""

import gc
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from adlake.errors import UsageError
from adlake.generator.broken import write_broken_files
from adlake.generator.clocks import stream
from adlake.generator.contact_exports import deliver_exports
from adlake.generator.contacts import make_contacts
from adlake.generator.delivery import LANDING, SECOND_DELIVERY, Delivery, Target
from adlake.generator.line_items import deliver_snapshots
from adlake.generator.marts import IdentityKey
from adlake.generator.outcome import Outcome
from adlake.generator.plan import HourPlan, Plan, make_plan
from adlake.generator.rates import deliver_rates
from adlake.generator.settings import KEY_FILE, KEY_VERSION, write_settings
from adlake.generator.truth import Truth, write_truth
from adlake.generator.world import crowd_size, make_world

PARALLEL_FROM = 200_000

Progress = Callable[[str, int, int], None]


# What a process of the pool works on; one entry once it has started.
_deliveries: list[Delivery] = []


def _start_process(plan: Plan, target: Target) -> None:
    gc.disable()
    _deliveries[:] = [Delivery(plan, make_world(plan.seed, plan.events), target)]


def _run_in_process(hours: tuple[HourPlan, ...]) -> Outcome:
    return _deliveries[0].of(hours)


def generate(
    directory: Path,
    *,
    events: int,
    seed: int,
    days: int | None = None,
    broken_files: bool = False,
    progress: Progress | None = None,
) -> Truth:
    """The truth about two deliveries that lie in the directory afterwards, with a `lake.yaml` that processes them.

    `landing/` holds the first, `second_delivery/` what to lay over it once the first is processed. Equal arguments
    give equal bytes, whatever the number of processes.

    Args:
        directory: made when it is not there; must hold no earlier run.
        events: data records in the readable event files of both deliveries, exactly: auctions, duplicates, malformed
            lines and both versions of a changed file count; match tables, exchange rates, exports of contacts, blank
            lines and a file that comes again unchanged at its path do not.
        seed: decides everything that is drawn.
        days: US Pacific days, the last being 2026-11-01, when US clocks go back; None: 1, or 2 from 100,000 events.
        broken_files: whether files that cannot be read lie among the others; a run then exits 1.
        progress: is told what is being done, how many parts of it are done, and how many there are.

    Raises:
        UsageError: a number is out of range (BAD_ARGUMENT) or the directory holds a run (NOT_EMPTY).
    """
    _check(directory, events, days)
    started = int(time.time())
    target = Target(directory, started)
    plan = make_plan(events, seed, days)
    (directory / SECOND_DELIVERY).mkdir(parents=True, exist_ok=True)
    key = IdentityKey(_write_key(directory, seed), KEY_VERSION)
    write_settings(directory)
    with _uncollected():
        outcome = deliver_snapshots(plan, target)
        outcome.merge(deliver_rates(plan, target))
        contacts = make_contacts(plan, crowd_size(events))
        outcome.merge(deliver_exports(plan, target, contacts))
        for number, part in enumerate(_outcomes(plan, target), 1):
            outcome.merge(part)
            if progress is not None:
                progress("file hours written", number, len(plan.file_hours))
        if broken_files:
            write_broken_files(plan, target, outcome)
        return write_truth(directory, plan, outcome, contacts, key)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Work on many small tuples, which never refer to each other, without the search for cycles among them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _outcomes(plan: Plan, target: Target) -> Iterator[Outcome]:
    """Outcomes of the file hours in order of time."""
    processes = min(os.cpu_count() or 1, len(plan.file_hours))
    if plan.events < PARALLEL_FROM or processes == 1:
        delivery = Delivery(plan, make_world(plan.seed, plan.events), target)
        yield from map(delivery.of, plan.file_hours)
        return
    with ProcessPoolExecutor(processes, get_context("spawn"), _start_process, (plan, target)) as pool:
        yield from pool.map(_run_in_process, plan.file_hours)


def _check(directory: Path, events: int, days: int | None) -> None:
    if events < 0 or (days is not None and days < 1):
        raise UsageError(
            "BAD_ARGUMENT", "events must be 0 or more and days 1 or more", found=f"events {events}, days {days}"
        )
    for name in (LANDING, SECOND_DELIVERY):
        if (directory / name).exists() and any((directory / name).iterdir()):
            raise UsageError(
                "NOT_EMPTY",
                f"the folder '{name}' is not empty",
                where=str(directory),
                way_out="Name another directory, or remove this one first.",
            )


def _write_key(directory: Path, seed: int) -> bytes:
    """The secret of the identity keys; readable by its owner alone."""
    secret = f"{stream(seed, 'identity key').getrandbits(256):064x}"
    path = directory / KEY_FILE
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secret + "\n")
    return secret.encode()
