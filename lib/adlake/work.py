"""The work of each step of the pipeline, in the order in which it must be done."""

from collections.abc import Mapping
from typing import Protocol

from adlake import bronze, gold, intake, silver
from adlake.identity import identity_key
from adlake.run import Run
from adlake.session import Spark
from adlake.sources import SOURCES


class StepWork(Protocol):
    """Everything that a step has to do now; nothing and no Spark when there is nothing."""

    def __call__(self, run: Run, spark: Spark, secret: bytes, *, rebuild: bool) -> None:
        """Do it."""


def ingest_bronze(run: Run, spark: Spark, secret: bytes, *, rebuild: bool) -> None:
    """Claim what has been delivered, then publish every claimed batch that bronze lacks."""
    del secret, rebuild
    intake.take_in(run, {name: SOURCES[name] for name in run.lake.config.sources})
    work = bronze.pending(run)
    for done, (batch_id, name) in enumerate(work):
        run.notify(intake.STEP, name, done, len(work))
        bronze.ingest(run, spark.session, batch_id, name)


def build_silver(run: Run, spark: Spark, secret: bytes, *, rebuild: bool) -> None:
    """Publish every bronze batch that silver lacks."""
    del rebuild
    work = silver.pending(run)
    identity = identity_key(spark.session, secret, run.lake.config.identity.key_version) if work else None
    for done, (batch_id, name) in enumerate(work):
        assert identity is not None  # noqa: S101 made above whenever there is work
        run.notify(silver.STEP, name, done, len(work))
        silver.refine(run, spark.session, identity, batch_id, name)


def build_gold(run: Run, spark: Spark, secret: bytes, *, rebuild: bool) -> None:
    """Recompute the slices of every mart that silver has moved on from."""
    del secret, rebuild
    work = gold.pending(run)
    for done, (name, touched) in enumerate(work.items()):
        run.notify(gold.STEP, name, done, len(work))
        gold.build(run, spark.session, name, touched)


WORK: Mapping[str, StepWork] = {"ingest_bronze": ingest_bronze, "build_silver": build_silver, "build_gold": build_gold}
