"""Bronze records made trustworthy: rules, filters, deduplication, newer deliveries in place of older ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.account import Account
from adlake.contracts import Table, table
from adlake.datafile import DataFile
from adlake.dedup import losers_against, losers_within, without
from adlake.identity import IdentityKey
from adlake.intake import STEP as BRONZE_STEP
from adlake.publish import write_candidate
from adlake.quarantine import Refused, publish_with_refused, refused_rows
from adlake.redelivery import Rewrite, among, outdated_deliveries, redelivery_of, rewrite_without
from adlake.run import Clock, Run
from adlake.sources import SOURCES
from adlake.sources.source import Check, Refinement
from adlake.tables import read_table
from adlake.census import SLICE, Census, take_census, slice_name
from adlake.window import lookup_window

STEP = "build_silver"
OWN = "is_own"
SUPERSEDED_DELIVERY = "superseded_delivery"
REFINEMENTS: Mapping[str, Refinement] = {
    name: refinement for source in SOURCES.values() for name, refinement in source.refinements.items()
}


@dataclass(frozen=True)
class Parting:
    """Records, parted by what becomes of them.

    Attributes:
        accepted: rows that no rule refuses and no filter leaves out; duplicates are among them.
        refused: quarantine rows.
        refused_by_file: how many, by landing file.
        filtered: rows left out, by reason.
    """

    accepted: DataFrame
    refused: DataFrame
    refused_by_file: Mapping[str, int]
    filtered: Mapping[str, int]


@dataclass(frozen=True)
class Work:
    """What one commit of a refined table stands for.

    Attributes:
        contract: of the table.
        batch_id: in the account, and in the marker that says it is done.
        read: records that bronze holds of it.
        rewrite: committed rows that go or move to other files; None for none.
        restored: rows of earlier batches that come back; None for none.
        is_whole: whether everything that the table held is replaced.
    """

    contract: Table
    batch_id: str
    read: int
    rewrite: Rewrite | None = None
    restored: DataFrame | None = None
    is_whole: bool = False

    @property
    def replaces(self) -> Sequence[DataFile] | None:
        """Committed files that the commit removes; None for all of them."""
        if self.is_whole:
            return None
        return self.rewrite.files if self.rewrite else ()


def pending(run: Run) -> list[tuple[str, str]]:
    """Batch and table name of every bronze commit that silver has not consumed, oldest batch first; no JVM."""
    accounts = run.ledger.accounts()
    done = {(record.batch_id, record.table) for record in accounts if record.step == STEP}
    held = {(record.batch_id, record.table) for record in accounts if record.step == BRONZE_STEP}
    refined = {name: _source_of(table(name)).qualified for name in REFINEMENTS}
    work = {(batch, name) for batch, bronze in held for name, source in refined.items() if source == bronze}
    return sorted(work - done)


def refine(run: Run, identity: IdentityKey, batch_id: str, name: str) -> None:
    """Publish one batch of one refined table, and the rows that rules refuse to quarantine.

    Raises:
        AccountError: rows of the batch are not accounted for; nothing is committed.
    """
    clock, contract = Clock(), table(name)
    source = _source_of(contract)
    redelivery = redelivery_of(run.ledger, batch_id, contract, STEP)
    bronze = _of_batches(run, source, [batch_id])
    overtaken = F.col("_file").isin(list(redelivery.overtaken)) if redelivery.overtaken else F.lit(False)
    more = [Check(SUPERSEDED_DELIVERY, lambda: overtaken)]
    parting = part(_records(run, bronze, name), contract, identity, more)
    rewrite = rewrite_without(run.session, run.lake, contract, redelivery)
    losers = _losers(run, parting.accepted, contract, batch_id, redelivery.is_replaced())
    restored = _restored(run, identity, contract, rewrite.replaced, parting.accepted) if rewrite else None
    work = Work(contract, batch_id, _read(bronze, name, _published(run, batch_id, source)), rewrite, restored)
    _publish(run, work, parting, losers, clock)


def published_tables(run: Run) -> list[str]:
    """Names of the refined tables that have a commit."""
    return [name for name in REFINEMENTS if run.lake.version(table(name)) >= 0]


def rebuild(run: Run, identity: IdentityKey, name: str) -> None:
    """Publish a refined table again, whole, from everything that bronze holds of it, in one commit.

    Raises:
        AccountError: bronze rows are not accounted for; nothing is committed.
    """
    clock, contract = Clock(), table(name)
    source = _source_of(contract)
    outdated = among(outdated_deliveries(run.ledger, source.name))
    bronze = read_table(run.session, run.lake, source)
    more = [Check(SUPERSEDED_DELIVERY, lambda: outdated)]
    parting = part(_records(run, bronze, name), contract, identity, more)
    losers = losers_within(parting.accepted, contract.key, contract.winner_order)
    read = _read(bronze, name, sum(file.rows for file in run.lake.files(source)))
    _publish(run, Work(contract, f"rebuild-{run.run_id}", read, is_whole=True), parting, losers, clock)


def _publish(run: Run, work: Work, parting: Parting, losers: DataFrame, clock: Clock) -> None:
    """Write, judge and commit what became of bronze rows: the refused ones first, then the table."""
    contract, rewrite, restored = work.contract, work.rewrite, work.restored
    losers = losers.persist(StorageLevel.MEMORY_AND_DISK)
    duplicates = losers.count()
    rows = without(parting.accepted, losers) if duplicates else parting.accepted
    for more in (restored, rewrite.rows if rewrite else None):
        rows = rows.unionByName(more) if more is not None else rows
    refused = parting.refused if parting.refused_by_file else None
    held = Refused.write(run, contract.name, work.batch_id, STEP, rows=refused, all_batches=work.is_whole)
    held.check_files(parting.refused_by_file)
    candidate = write_candidate(run.session, run.lake, contract, rows, replaces=work.replaces)
    is_own = (F.col("_batch_id") == work.batch_id).alias(OWN)
    census = take_census(candidate.frame(run.session), contract, [slice_name(contract), is_own])
    census.check(contract, candidate.rows)
    superseded = candidate.removed_rows if work.is_whole else rewrite.superseded if rewrite else 0
    account = Account(
        read=work.read,
        published=candidate.rows - (candidate.removed_rows - superseded),
        duplicates=duplicates,
        quarantined=held.by_rule,
        filtered=parting.filtered,
        superseded=superseded,
        restored=restored.count() if restored is not None else 0,
    )
    losers.unpersist()
    back = _slices_of(restored, contract) if restored is not None else ()
    slices = None if work.is_whole else _slices(census, rewrite, back)
    publish_with_refused(run, held, candidate, account, slices=slices, clock=clock)


def part(records: DataFrame, contract: Table, identity: IdentityKey, more_filters: Sequence[Check] = ()) -> Parting:
    """The records parted by the rules and filters of their table, counted in one narrow pass."""
    refinement = REFINEMENTS[contract.qualified]
    refused_by, filtered_by = _first(refinement.rules), _first([*refinement.filters, *more_filters])
    counts = records.groupBy(refused_by.alias("rule"), filtered_by.alias("reason"), "_file").count().collect()
    refused_by_file: dict[str, int] = {}
    filtered: dict[str, int] = {}
    for row in counts:
        if row["rule"] is not None:
            refused_by_file[row["_file"]] = refused_by_file.get(row["_file"], 0) + row["count"]
        elif row["reason"] is not None:
            filtered[row["reason"]] = filtered.get(row["reason"], 0) + row["count"]
    accepted = refinement.transform(records.where(refused_by.isNull() & filtered_by.isNull()), identity)
    of_files = records.where(F.col("_file").isin(list(refused_by_file)) & refused_by.isNotNull())
    broken = F.array_compact(F.array(*[F.when(rule.holds(), rule.name) for rule in refinement.rules]))
    return Parting(
        accepted,
        refused_rows(of_files, contract, STEP, broken, refinement.identifiers(identity)),
        refused_by_file,
        filtered,
    )


def _first(checks: Sequence[Check]) -> Column:
    """Name of the first check that holds, or null."""
    return F.coalesce(*[F.when(check.holds(), check.name) for check in checks], F.lit(None).cast("string"))


def _losers(run: Run, accepted: DataFrame, contract: Table, batch_id: str, is_replaced: Column) -> DataFrame:
    """Addresses of the accepted rows that are duplicates, within the batch or of what a reader can see already."""
    within = losers_within(accepted, contract.key, contract.winner_order)
    if run.lake.version(contract) < 0:
        return within
    window = lookup_window(accepted, contract)
    published = read_table(run.session, run.lake, contract, window.may_hold).where(window.holds())
    near = published.where((F.col("_batch_id") != batch_id) & ~is_replaced)
    return within.unionByName(losers_against(accepted, near, contract.key)).distinct()


def _of_batches(run: Run, contract: Table, batches: Sequence[str]) -> DataFrame:
    """Committed rows of some batches."""
    rows = read_table(
        run.session,
        run.lake,
        contract,
        lambda file: any(file.may_hold("_batch_id", batch, batch) for batch in batches),
    )
    return rows.where(F.col("_batch_id").isin(list(batches)))


def _restored(run: Run, identity: IdentityKey, contract: Table, replaced: DataFrame, accepted: DataFrame) -> DataFrame:
    """Rows for keys whose published row is replaced, that the new delivery lacks and another one holds."""
    source = _source_of(contract)
    gone = replaced.select(*contract.key).distinct()
    lost = gone.join(accepted.select(*contract.key), list(contract.key), "left_anti")
    done = [r.batch_id for r in run.ledger.accounts() if (r.step, r.table) == (STEP, contract.qualified)]
    bronze = _of_batches(run, source, done)
    current = bronze.where(~among(outdated_deliveries(run.ledger, source.name)))
    records = _records(run, current, contract.qualified)
    held = part(records, contract, identity).accepted.join(F.broadcast(lost), list(contract.key), "left_semi")
    return without(held, losers_within(held, contract.key, contract.winner_order))


def _source_of(contract: Table) -> Table:
    """The bronze table whose records the rows of a refined table are."""
    (name,) = contract.made_from
    return table(name)


def _records(run: Run, bronze: DataFrame, name: str) -> DataFrame:
    return REFINEMENTS[name].records(bronze, run.lake.config)


def _read(bronze: DataFrame, name: str, rows: int) -> int:
    """Records that bronze rows hold: the rows themselves, or as many as they announce."""
    announced = REFINEMENTS[name].announced
    if announced is None:
        return rows
    found = bronze.agg(F.sum(announced()).alias("records")).collect()[0]["records"]
    return int(found or 0)


def _published(run: Run, batch_id: str, source: Table) -> int:
    """Rows that bronze published of the batch, from its commit."""
    wanted = (BRONZE_STEP, source.qualified, batch_id)
    found = [r.account for r in run.ledger.accounts() if (r.step, r.table, r.batch_id) == wanted]
    return sum(account.published - account.superseded for account in found)


def _slices_of(rows: DataFrame, contract: Table) -> list[str]:
    return [row[SLICE] for row in rows.select(slice_name(contract)).distinct().collect()]


def _slices(census: Census, rewrite: Rewrite | None, back: Iterable[str]) -> list[str]:
    """Slices that got or lost rows; those of rows that only move to another file are not among them."""
    own = {group[SLICE] for group in census.groups if group[OWN]}
    return sorted({*own, *back, *(rewrite.slices if rewrite else ())})
