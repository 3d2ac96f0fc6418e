"""Keys of an older secret linked with those of today's: nothing is rewritten, and who was known stays known."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.account import Account
from adlake.audit import audit, hold
from adlake.census import slice_name, take_census
from adlake.contracts import table
from adlake.identity import IdentityKey, identity_key, names_somebody
from adlake.markers import markers
from adlake.publish import write_candidate
from adlake.quality.verdict import ROTATION
from adlake.refined import REFINEMENTS, records_of, source_of
from adlake.run import Clock, Run
from adlake.sources.source import no_identifiers
from adlake.tables import read_table
from adlake.wish import DoneRotation

STEP, TABLE = "rotate_identity_key", "silver.key_rotations"
CONTACTS = "vault.contacts"
PAIR = ("old_id_key", "new_id_key")


@dataclass(frozen=True)
class KindOf(IdentityKey):
    """Stands where a key is made, and tells the kind of the identifier instead."""

    def key(self, kind: str, identifier: Column) -> Column:
        """The kind, or null where the identifier names nobody."""
        return F.when(names_somebody(identifier), F.lit(kind))

    def keys(self, named: Column, most: int) -> Column:
        """The kinds, in the order of the identifiers."""
        return F.slice(named["kind"], 1, most)


def rotate(run: Run, secret: bytes, old_secrets: Mapping[str, bytes]) -> DoneRotation:
    """What was linked, after it was published; for a dry run, what would be.

    Args:
        run: the run.
        secret: of today's keys.
        old_secrets: of older keys, by version.
    """
    clock, contract, batch_id = Clock(), table(TABLE), f"{ROTATION}{run.run_id}"
    new = identity_key(run.session, secret, run.lake.config.identity.key_version)
    older = [identity_key(run.session, old, version) for version, old in old_secrets.items()]
    pairs = [rotated(records, name, old, new) for name, records in _records(run) for old in older]
    known = read_table(run.session, run.lake, contract).select(*PAIR)
    found = reduce(DataFrame.unionByName, pairs).distinct().join(known, list(PAIR), "left_anti")
    found = found.persist(StorageLevel.MEMORY_AND_DISK)
    by_kind = {row["kind"]: row["count"] for row in found.groupBy("kind").count().orderBy("kind").collect()}
    done = DoneRotation(tuple(sorted(old_secrets)), new.version, by_kind, is_dry=run.is_dry)
    if by_kind and not run.is_dry:
        rows = found.select(
            F.lit(run.now.date()).alias("event_date"), F.lit(run.now).alias("event_at_utc"), *PAIR, "kind"
        )
        is_held = not _publish(run, rows, done.linked, batch_id, clock)
        done = replace(done, is_held=is_held)
    found.unpersist()
    return done


def rotated(records: DataFrame, name: str, old: IdentityKey, new: IdentityKey) -> DataFrame:
    """Each identifier of some records once, by its kind, its old key and its new one.

    Args:
        records: as a refined table takes them.
        name: of that table.
        old: makes the keys that were.
        new: makes today's.
    """
    identifiers = REFINEMENTS[name].identifiers
    # the three are null, and left out of their arrays, in the same places
    zipped = F.arrays_zip(
        identifiers(KindOf(new.version, new.pads)).alias("kind"),
        identifiers(old).alias("old_id_key"),
        identifiers(new).alias("new_id_key"),
    )
    each = records.select(F.explode_outer(zipped).alias("one")).select("one.*")
    return each.where(F.col("old_id_key").isNotNull()).select(*PAIR, "kind").distinct()


def _records(run: Run) -> Iterator[tuple[str, DataFrame]]:
    """Everything that holds identifiers in clear, with the refined table that says which: bronze, and the vault."""
    one_of_each = {
        source_of(table(name)): name
        for name, refinement in REFINEMENTS.items()
        if refinement.identifiers is not no_identifiers
    }
    for source, name in one_of_each.items():
        yield name, records_of(run, read_table(run.session, run.lake, source), name)
    contacts = read_table(run.session, run.lake, table(CONTACTS))
    yield CONTACTS, contacts.withColumn("email", F.lower(F.get("emails", F.lit(0))))


def _publish(run: Run, rows: DataFrame, read: int, batch_id: str, clock: Clock) -> bool:
    """Whether the gate let the links be published."""
    contract = table(TABLE)
    candidate = write_candidate(run.session, run.lake, contract, rows)
    written = candidate.frame(run.session)
    take_census(written, contract, [slice_name(contract)]).check(contract, candidate.rows)
    judgement = audit(run, contract, written, count=candidate.rows, step=STEP, batch_id=batch_id, is_batch=False)
    if not judgement.verdict.publishes:
        hold(run, judgement, candidate)
        return False
    run.publish(
        candidate,
        step=STEP,
        batch_id=batch_id,
        account=Account(read=read, published=candidate.rows),
        markers=markers(STEP, TABLE, [batch_id]),
        slices=[run.now.date().isoformat()],
        spent=clock.spent(),
        judgement=judgement,
    )
    return True
