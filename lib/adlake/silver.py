"""Bronze records made trustworthy: rules, filters, deduplication, newer deliveries in place of older ones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from adlake.account import Account
from adlake.audit import audit, hold
from adlake.census import SLICE, Census, slice_name, take_census
from adlake.contracts import Table, table
from adlake.datafile import DataFile
from adlake.dedup import losers_within, without
from adlake.identity import IdentityKey
from adlake.intake import STEP as BRONZE_STEP
from adlake.parting import Parter, Parting, parted
from adlake.publish import Candidate, write_candidate
from adlake.quality.verdict import REBUILD, Judgement
from adlake.quarantine import Refused, publish_with_refused
from adlake.redelivery import Rewrite, among, outdated_deliveries, redelivery_of, rewrite_without
from adlake.refined import REFINEMENTS, asked_by_rules, losers_of, of_batches, parter_for, records_of, source_of
from adlake.run import Clock, Run, Spent
from adlake.sources.source import Check
from adlake.tables import read_table

STEP = "build_silver"
OWN = "is_own"
SUPERSEDED_DELIVERY = "superseded_delivery"


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
    refined = {name: source_of(table(name)).qualified for name in REFINEMENTS}
    work = {(batch, name) for batch, bronze in held for name, source in refined.items() if source == bronze}
    return sorted(work - done)


def unpublished(run: Run, name: str) -> frozenset[str]:
    """Batches with records of the table of which it shows nothing: a gate holds them, or they are yet to come."""
    source = source_of(table(name))
    done = {record.batch_id for record in run.ledger.accounts() if (record.step, record.table) == (STEP, name)}
    claims = run.ledger.claims().items()
    return frozenset(batch for batch, files in claims if any(file.table == source.name for file in files)) - done


def published_together(work: Iterable[tuple[str, str]]) -> list[tuple[str, tuple[str, ...]]]:
    """The work cut into what is committed together: the tables of a batch, those first that the others' rules ask.

    Args:
        work: batch and table name, oldest batch first.
    """
    asked = asked_by_rules()
    groups = groupby(sorted(work, key=lambda one: (one[0], one[1] not in asked)), lambda o: (o[0], o[1] in asked))
    return [(batch, tuple(name for _, name in group)) for (batch, _), group in groups]


def refine(run: Run, identity: IdentityKey, batch_id: str, name: str) -> "Ready | None":
    """One batch of one refined table, ready to be published with its refused rows; None when the gate holds it.

    Raises:
        AccountError: rows of the batch are not accounted for.
    """
    clock, contract = Clock(), table(name)
    source = source_of(contract)
    redelivery = redelivery_of(run.ledger, batch_id, contract, STEP)
    bronze = of_batches(run, source, [batch_id])
    overtaken = F.col("_file").isin(list(redelivery.overtaken)) if redelivery.overtaken else F.lit(False)
    parter = parter_for(run, contract, STEP, identity, [Check(SUPERSEDED_DELIVERY, lambda: overtaken)])
    read = _read(bronze, name, _published(run, batch_id, source))
    parting = parted(parter, records_of(run, bronze, name), read)
    rewrite = rewrite_without(run.session, run.lake, contract, redelivery)
    losers = losers_of(run, parting.accepted, contract, batch_id, redelivery.is_replaced())
    restored = _restored(run, parting.parter, batch_id, rewrite.replaced, parting.accepted) if rewrite else None
    work = Work(contract, batch_id, read, rewrite, restored)
    return _prepare(run, work, parting, losers, clock)


def published_tables(run: Run) -> list[str]:
    """Names of the refined tables that have a commit."""
    return [name for name in REFINEMENTS if run.lake.version(table(name)) >= 0]


def rebuild(run: Run, identity: IdentityKey, name: str) -> "Ready | None":
    """A refined table made again, whole, from all batches that it shows; None when the gate holds it.

    A batch that is held stays held: released or mended later, it would be published a second time.

    Raises:
        AccountError: bronze rows are not accounted for.
    """
    clock, contract = Clock(), table(name)
    source = source_of(contract)
    unseen = unpublished(run, name)
    outdated = among(outdated_deliveries(run.ledger, source.name, unseen))
    bronze = read_table(run.session, run.lake, source).where(~F.col("_batch_id").isin(list(unseen)))
    rows = sum(file.rows for file in run.lake.files(source)) - sum(_published(run, one, source) for one in unseen)
    parter = parter_for(run, contract, STEP, identity, [Check(SUPERSEDED_DELIVERY, lambda: outdated)])
    read = _read(bronze, name, rows)
    parting = parted(parter, records_of(run, bronze, name), read)
    losers = losers_within(parting.accepted, contract.key, contract.winner_order)
    return _prepare(run, Work(contract, f"{REBUILD}{run.run_id}", read, is_whole=True), parting, losers, clock)


@dataclass(frozen=True)
class Ready:
    """A candidate that passed its gate, with everything that its commit says.

    Attributes:
        candidate: the table's rows.
        refused: the rows that go to quarantine with it.
        account: of both.
        slices: in which the table gets or loses rows; None for all.
        judgement: of the gate.
        spent: on making and judging it.
    """

    candidate: Candidate
    refused: Refused
    account: Account
    slices: Sequence[str] | None
    judgement: Judgement
    spent: Spent

    def publish(self, run: Run) -> None:
        """Commit the refused rows, then the table.

        Raises:
            AccountError: the account does not add up; nothing is committed.
        """
        publish_with_refused(
            run,
            self.refused,
            self.candidate,
            self.account,
            slices=self.slices,
            spent=self.spent,
            judgement=self.judgement,
        )


def _prepare(run: Run, work: Work, parting: Parting, losers: DataFrame, clock: Clock) -> Ready | None:
    """Write and judge what became of bronze rows; nothing is committed."""
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
    is_own = F.lit(True) if work.is_whole else F.col("_batch_id") == work.batch_id
    written = candidate.frame(run.session)
    census = take_census(written, contract, [slice_name(contract), is_own.alias(OWN)])
    census.check(contract, candidate.rows)
    superseded = candidate.removed_rows if work.is_whole else rewrite.superseded if rewrite else 0
    back = restored.count() if restored is not None else 0
    account = Account(
        read=work.read,
        published=candidate.rows - (candidate.removed_rows - superseded),
        duplicates=duplicates,
        quarantined=held.by_rule,
        filtered=parting.filtered,
        superseded=superseded,
        restored=back,
    )
    losers.unpersist()
    account.check(f"{contract.qualified}, batch {work.batch_id}")
    own = census.rows_by(OWN).get(True, 0)
    known = duplicates + parting.filtered.get(SUPERSEDED_DELIVERY, 0)
    shown = written.where(is_own) if own < candidate.rows else written
    judgement = audit(
        run,
        contract,
        # rows that come back were duplicates when their own batch was judged: no rule has seen them
        shown.unionByName(restored.select(*shown.columns)) if restored is not None and back else shown,
        count=own + back,
        step=STEP,
        batch_id=work.batch_id,
        split=parting.outcomes,
        is_batch=not work.is_whole,
        # refused rows are not excused by the few beside them that were published before
        is_known=own + back == 0 and known > sum(parting.refused_by_file.values()),
    )
    if not judgement.verdict.publishes:
        hold(run, judgement, candidate, held.candidate)
        return None
    of_restored = _slices_of(restored, contract) if restored is not None else ()
    slices = None if work.is_whole else _slices(census, rewrite, of_restored)
    return Ready(candidate, held, account, slices, judgement, clock.spent())


def _restored(run: Run, parter: Parter, batch_id: str, replaced: DataFrame, accepted: DataFrame) -> DataFrame:
    """Rows for keys whose published row is replaced, that the new delivery lacks and another one holds."""
    contract = parter.contract
    source = source_of(contract)
    gone = replaced.select(*contract.key).distinct()
    lost = gone.join(accepted.select(*contract.key), list(contract.key), "left_anti")
    done = [r.batch_id for r in run.ledger.accounts() if (r.step, r.table) == (STEP, contract.qualified)]
    bronze = of_batches(run, source, done)
    unseen = unpublished(run, contract.qualified) - {batch_id}
    current = bronze.where(~among(outdated_deliveries(run.ledger, source.name, unseen)))
    earlier = replace(parter, more_filters=())
    found = earlier.accepted(records_of(run, current, contract.qualified))
    held = found.join(F.broadcast(lost), list(contract.key), "left_semi")
    return without(held, losers_within(held, contract.key, contract.winner_order))


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
