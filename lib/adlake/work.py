"""The work of each job; that of the pipeline's steps in the order in which it must be done."""

from collections.abc import Mapping
from typing import Protocol

from adlake import bronze, features, gold, intake, maintenance, silver
from adlake.identity import identity_key
from adlake.run import Run
from adlake.sources import sources_of


class StepWork(Protocol):
    """Everything that a step has to do now; nothing and no Spark when there is nothing."""

    def __call__(self, run: Run, secret: bytes, *, rebuild: bool) -> None:
        """Do it."""


def ingest_bronze(run: Run, secret: bytes, *, rebuild: bool) -> None:
    """Claim what has been delivered, then publish every claimed batch that bronze lacks."""
    del secret
    intake.take_in(run, sources_of(run.lake.config))
    work = bronze.pending(run)
    claims = run.ledger.claims()
    run.spark.expect(sum(file.records or 0 for batch in {batch for batch, _ in work} for file in claims[batch]))
    for done, (batch_id, name) in enumerate(work):
        run.notify(intake.STEP, name, done, len(work))
        bronze.ingest(run, batch_id, name)
    again = bronze.claimed(run) if rebuild else []
    for done, (batch_id, name) in enumerate(again):
        run.notify(intake.STEP, name, done, len(again))
        bronze.ingest(run, batch_id, name, again=True)


def build_silver(run: Run, secret: bytes, *, rebuild: bool) -> None:
    """Publish every bronze batch that silver lacks; for a rebuild, then every table again from all of bronze."""
    work = silver.pending(run)
    tables = silver.published_tables(run) if rebuild else []
    if not work and not tables:
        return
    identity = identity_key(run.session, secret, run.lake.config.identity.key_version)
    for done, (batch_id, name) in enumerate(work):
        run.notify(silver.STEP, name.partition(".")[2], done, len(work))
        silver.refine(run, identity, batch_id, name)
    for done, name in enumerate(tables):
        run.notify(silver.STEP, name.partition(".")[2], done, len(tables))
        silver.rebuild(run, identity, name)


def build_gold(run: Run, secret: bytes, *, rebuild: bool) -> None:
    """Recompute the slices of every mart that silver has moved on from, then the user features of the newest day.

    For a rebuild, every mart whole, and the newest snapshot of the features.
    """
    del secret
    work = gold.pending(run, rebuild=rebuild)
    for done, (name, touched) in enumerate(work.items()):
        run.notify(gold.STEP, name, done, len(work))
        gold.build(run, name, touched)
    due = features.pending(run, rebuild=rebuild)
    if due is not None:
        run.notify(gold.STEP, "user_features", 0, 1)
        features.build(run, due)


def maintain_tables(run: Run, secret: bytes, *, rebuild: bool) -> None:
    """Bring every table that needs it in order, or only tell what would be done."""
    del secret, rebuild
    work = maintenance.pending(run)
    run.spark.expect(sum(due.rows for due in work))
    for done, due in enumerate(work):
        run.notify(maintenance.STEP, due.contract.qualified, done, len(work))
        run.maintained.append(maintenance.maintain(run, due))


WORK: Mapping[str, StepWork] = {
    "ingest_bronze": ingest_bronze,
    "build_silver": build_silver,
    "build_gold": build_gold,
    "maintain_tables": maintain_tables,
}
