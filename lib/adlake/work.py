"""The work of each job; that of the pipeline's steps in the order in which it must be done."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from adlake import bronze, features, intake, maintenance, people, replay, rotation, silver, slices, touched
from adlake.contracts import table
from adlake.identity import identity_key
from adlake.redelivery import is_delivered_again
from adlake.run import Run
from adlake.snapshots import STEP as GOLD
from adlake.sources import sources_of
from adlake.wish import Replay


class StepWork(Protocol):
    """Everything that a step has to do now; nothing and no Spark when there is nothing."""

    def __call__(self, run: Run, secret: bytes, *, rebuild: bool) -> None:
        """Do it."""


class Candidacy(Protocol):
    """A candidate that passed its gate."""

    def publish(self, run: Run) -> None:
        """Commit it."""


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
    """Publish every bronze batch that silver lacks, then what is made of silver rows: links of identifiers, and people.

    For a rebuild, every table again from all of bronze, and every link and person again from that.
    """
    _refine(run, secret, rebuild=rebuild)
    _recompute(run, silver.STEP, rebuild=rebuild)
    due = people.pending(run, rebuild=rebuild)
    if due is not None:
        run.notify(silver.STEP, "user_keys", 0, 1)
        people.build(run, due)


def _refine(run: Run, secret: bytes, *, rebuild: bool) -> None:
    """Publish every bronze batch that silver lacks; for a rebuild, then every table again from all of bronze.

    The tables of a batch are made and judged first and committed together: first those that others refer to.
    """
    work = silver.pending(run)
    tables = silver.published_tables(run) if rebuild else []
    if not work and not tables:
        return
    identity = identity_key(run.session, secret, run.lake.config.identity.key_version)
    waiting: set[str] = set()
    for done, (batch_id, names) in enumerate(together := silver.published_together(work)):
        run.notify(silver.STEP, names[0].partition(".")[2], done, len(together))
        made = {name: silver.refine(run, identity, batch_id, name) for name in names if name not in waiting}
        _publish(run, made.values())
        held = [table(name) for name, ready in made.items() if ready is None]
        waiting |= {
            contract.qualified
            for contract in held
            if contract.after_hold == "wait" and not is_delivered_again(run.ledger, batch_id, contract)
        }
    for done, name in enumerate(tables):
        run.notify(silver.STEP, name.partition(".")[2], done, len(tables))
        _publish(run, [silver.rebuild(run, identity, name)])


def build_gold(run: Run, secret: bytes, *, rebuild: bool) -> None:
    """Recompute the slices of every mart that silver has moved on from, then the user features of the newest day.

    For a rebuild, every mart whole, and the newest snapshot of the features. The marts are made and judged first and
    committed together.
    """
    del secret
    _recompute(run, GOLD, rebuild=rebuild)
    due = features.pending(run, rebuild=rebuild)
    if due is not None:
        run.notify(GOLD, "user_features", 0, 1)
        features.build(run, due)


def _recompute(run: Run, step: str, *, rebuild: bool) -> None:
    """Recompute what silver has touched of the marts of a step; all are judged before the first is committed."""
    work = touched.pending(run.lake, step, rebuild=rebuild)
    made = []
    for done, (name, slices_) in enumerate(work.items()):
        run.notify(step, name.partition(".")[2], done, len(work))
        made.append(slices.build(run, name, slices_))
    _publish(run, made)


def _publish(run: Run, made: Iterable[Candidacy | None]) -> None:
    """Commit what no gate holds, one right after the other: in between readers see some of it."""
    for ready in made:
        if ready is not None:
            ready.publish(run)


def maintain_tables(run: Run, secret: bytes, *, rebuild: bool) -> None:
    """Bring every table that needs it in order, or only tell what would be done."""
    del secret, rebuild
    work = maintenance.pending(run)
    run.spark.expect(sum(due.rows for due in work))
    for done, due in enumerate(work):
        run.notify(maintenance.STEP, due.contract.qualified, done, len(work))
        run.maintained.append(maintenance.maintain(run, due))


def replay_quarantine(run: Run, secret: bytes, *, rebuild: bool) -> None:
    """Take the refused rows that the run asks for through the rules again."""
    del rebuild
    assert isinstance(run.wish, Replay)  # noqa: S101 the job asks for one
    replay.check(run.wish)
    run.notify(replay.STEP, run.wish.table.partition(".")[2], 0, 1)
    identity = identity_key(run.session, secret, run.lake.config.identity.key_version)
    run.replayed.append(replay.replay(run, identity, run.wish))


def rotate_identity_key(run: Run, secret: bytes, *, rebuild: bool) -> None:
    """Link the keys of older secrets with today's; the next run of `build_silver` takes them into the map of people."""
    del rebuild
    run.notify(rotation.STEP, "key_rotations", 0, 1)
    run.rotated.append(rotation.rotate(run, secret, run.old_secrets))


WORK: Mapping[str, StepWork] = {
    "ingest_bronze": ingest_bronze,
    "build_silver": build_silver,
    "build_gold": build_gold,
    "maintain_tables": maintain_tables,
    "replay_quarantine": replay_quarantine,
    "rotate_identity_key": rotate_identity_key,
}
