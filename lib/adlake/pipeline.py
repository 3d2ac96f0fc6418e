"""The pipeline: one list of steps with what they read and write, free of Spark.

The local runner walks this list; schedulers are made from the same one. Beside it stand the jobs that keep a lake in
order: they follow no step and run at times of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from adlake.errors import UsageError


@dataclass(frozen=True)
class Step:
    """One job, of the pipeline or beside it.

    Attributes:
        name: of the job and of its script in `jobs/`.
        reads: layers that it takes rows from.
        writes: layers that it publishes to.
        meaning: what it does, in one line, for help texts.
    """

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    meaning: str


PIPELINE: tuple[Step, ...] = (
    Step(
        "ingest_bronze",
        ("landing",),
        ("bronze", "quarantine"),
        "Take delivered files into bronze, every record accounted for.",
    ),
    Step(
        "build_silver",
        ("bronze",),
        ("silver", "vault", "quarantine"),
        "Turn bronze records into typed, deduplicated silver rows with keyed identifiers.",
    ),
    Step("build_gold", ("silver",), ("gold",), "Recompute the slices of the gold tables that silver has touched."),
)
STEPS: Mapping[str, Step] = {step.name: step for step in PIPELINE}

DATA_LAYERS = ("bronze", "silver", "vault", "gold", "quarantine")
HOUSEKEEPING: tuple[Step, ...] = (
    Step(
        "maintain_tables",
        DATA_LAYERS,
        DATA_LAYERS,
        "Put small data files together and set table properties as the contracts say; no row changes.",
    ),
    Step(
        "replay_quarantine",
        ("quarantine", "bronze"),
        ("silver", "vault", "quarantine"),
        "Take refused rows through today's code and rules, and publish those that pass.",
    ),
    Step(
        "rotate_identity_key",
        ("bronze", "vault"),
        ("silver",),
        "Link the keys of an older secret with those of today's; nothing is rewritten.",
    ),
)
JOBS: Mapping[str, Step] = {step.name: step for step in (*PIPELINE, *HOUSEKEEPING)}


def steps_from(name: str | None) -> tuple[str, ...]:
    """Names of the steps from the named one on, in order; all of them for None.

    Raises:
        UsageError: there is no step of that name (UNKNOWN_STEP).
    """
    names = [step.name for step in PIPELINE]
    if name is None:
        return tuple(names)
    if name not in names:
        raise UsageError("UNKNOWN_STEP", "no such step", where="--from", found=repr(name), wanted=", ".join(names))
    return tuple(names[names.index(name) :])
