"""Refused rows through today's code and rules: those that pass now are published once, as a batch of their own.

What became of each row is appended to `quarantine.replays`; the refused rows themselves stay as they are. The table
is committed first: a row that is in it and has no outcome yet, because the run was cut off in between, gets its outcome
from the next replay and is not published again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.account import Account
from adlake.audit import audit, hold
from adlake.census import SLICE, slice_name, take_census
from adlake.contracts import Table, table
from adlake.dedup import BATCH, FILE, INDEX, POSITION, address_of, losers_against, losers_within
from adlake.errors import UsageError
from adlake.faults import known_names
from adlake.identity import IdentityKey
from adlake.markers import markers
from adlake.publish import write_candidate
from adlake.quality.verdict import REPLAY, Outcome
from adlake.redelivery import among, outdated_deliveries
from adlake.refined import REFINEMENTS, of_batches, parter_for, published_near, records_of, source_of
from adlake.run import Clock, Run
from adlake.silver import STEP as REFUSING_STEP
from adlake.silver import SUPERSEDED_DELIVERY, unpublished
from adlake.sources.source import Check
from adlake.tables import read_table
from adlake.wish import DoneReplay, Replay

STEP = "replay_quarantine"
OUTCOMES = "quarantine.replays"
PUBLISHED, DUPLICATE, REFUSED, LEFT_OUT, SETTLED = "published", "duplicate", "refused", "left_out", "settled"
GONE = "gone"
TOLD = ("outcome", "rule_id")


def check(wish: Replay) -> None:
    """Nothing when rows of the table can be replayed.

    Raises:
        UsageError: UNKNOWN_TABLE, there is no such table or it refuses nothing; NOT_REPLAYABLE, for bronze.
    """
    if wish.table.startswith("bronze."):
        raise UsageError(
            "NOT_REPLAYABLE",
            "records that could not be read are read again from their files, not from quarantine",
            where="--table",
            found=wish.table,
            way_out="Use `adlake run --from ingest_bronze --rebuild`: it reads what the landing zone still holds.",
        )
    if wish.table not in REFINEMENTS:
        wanted = known_names(wish.table, list(REFINEMENTS), most=len(REFINEMENTS))
        raise UsageError(
            "UNKNOWN_TABLE", "no table that refuses rows", where="--table", found=wish.table, wanted=wanted
        )


def replay(run: Run, identity: IdentityKey, wish: Replay) -> DoneReplay:
    """What became of the refused rows, after those that pass now were published.

    Raises:
        AccountError: rows are not accounted for; nothing is committed.
    """
    clock, contract, batch_id = Clock(), table(wish.table), f"{REPLAY}{run.run_id}"
    unseen = unpublished(run, contract.qualified)
    outdated = among(outdated_deliveries(run.ledger, source_of(contract).name, unseen))
    parter = parter_for(run, contract, STEP, identity, [Check(SUPERSEDED_DELIVERY, lambda: outdated)])
    parter = parter.practicable(run.session)
    bronze, refused = _open_records(run, contract, wish, unseen)
    address = list(address_of(bronze))
    asked = refused.select(*address).distinct().persist(StorageLevel.MEMORY_AND_DISK)
    records = bronze.join(asked, address, "left_semi")
    sound = parter.sound(records)
    known = asked.join(_outcomes(run, contract, sound, parter.fates(records)), address, "left")
    # a record that expired after it was refused has nothing that could be published
    outcomes = known.withColumn("outcome", F.coalesce("outcome", F.lit(GONE))).persist(StorageLevel.MEMORY_AND_DISK)
    counts = {(row["outcome"], row["rule_id"]): row["count"] for row in outcomes.groupBy(*TOLD).count().collect()}
    done = _done(wish.table, batch_id, counts, is_dry=run.is_dry)
    done.check(asked.count())
    if counts and not run.is_dry:
        passing = outcomes.where(F.col("outcome") == PUBLISHED).select(*address)
        rows = sound.join(passing, address, "left_semi")
        is_held = not _publish(run, contract, rows, done, unjudged=parter.unjudged, clock=clock)
        if not is_held:
            _keep(run, outcomes, done, Clock())
        done = replace(done, is_held=is_held)
    for frame in (outcomes, asked):
        frame.unpersist()
    return done


def _open_records(run: Run, contract: Table, wish: Replay, unseen: Collection[str]) -> tuple[DataFrame, DataFrame]:
    """Records of the layer before, of all batches with refused ones; and the addresses of those that are refused."""
    refused = _refused(run, contract, wish, unseen)
    batches = [row[BATCH] for row in refused.select(BATCH).distinct().collect()]
    return records_of(run, of_batches(run, source_of(contract), batches), contract.qualified), refused


def _refused(run: Run, contract: Table, wish: Replay, unseen: Collection[str]) -> DataFrame:
    """Addresses of the refused records of which no replay said the last word, of batches that the table shows.

    A batch that is yet to come parts its own.
    """
    held = read_table(run.session, run.lake, table(f"quarantine.{contract.name}"))
    refused = held.where((F.col("table") == contract.qualified) & (F.col("step") == REFUSING_STEP))
    refused = refused.where(~F.col("batch_id").isin(list(unseen)))
    if wish.rule is not None:
        refused = refused.where(F.array_contains("rule_ids", wish.rule))
    if wish.since is not None:
        refused = refused.where(F.col("quarantined_at_utc") >= F.lit(wish.since))
    index = F.get_json_object("record", f"$.{INDEX}").cast("int").alias(INDEX)
    addresses = refused.select(
        F.col("batch_id").alias(BATCH), F.col("file").alias(FILE), _position(), index, "quarantined_at_utc"
    )
    said = read_table(run.session, run.lake, table(OUTCOMES)).where(F.col("table") == contract.qualified)
    last = said.where(F.col("outcome") != REFUSED).select(
        F.col("batch_id").alias(BATCH),
        F.col("file").alias(FILE),
        _position(),
        F.col("index").alias(INDEX),
        "replayed_at_utc",
    )
    same = [addresses[name].eqNullSafe(last[name]) for name in (BATCH, FILE, POSITION, INDEX)]
    # a rebuild may have refused it again since
    is_newer = last["replayed_at_utc"] >= addresses["quarantined_at_utc"]
    return addresses.join(last, [*same, is_newer], "left_anti").drop("quarantined_at_utc")


def _position() -> Column:
    return F.col("position").alias(POSITION)


def _outcomes(run: Run, contract: Table, sound: DataFrame, fates: DataFrame) -> DataFrame:
    """The address of each record with `outcome` and `rule_id`."""
    address = list(address_of(sound))
    good = fates.where(F.col("rule_id").isNull() & F.col("reason").isNull()).select(*address)
    accepted = sound.join(good, address, "left_semi")
    published = published_near(run, accepted, contract)
    there = published.select(*address, F.lit(SETTLED).alias("there"))
    losers = losers_within(accepted, contract.key, contract.winner_order).unionByName(
        losers_against(accepted, published, contract.key)
    )
    known = fates.join(there, address, "left").join(
        losers.distinct().withColumn("lost", F.lit(DUPLICATE)), address, "left"
    )
    outcome = (
        F.when(F.col("rule_id").isNotNull(), REFUSED)
        .when(F.col("reason").isNotNull(), LEFT_OUT)
        .otherwise(F.coalesce("there", "lost", F.lit(PUBLISHED)))
    )
    return known.select(*address, outcome.alias("outcome"), F.coalesce("rule_id", "reason").alias("rule_id"))


def _done(name: str, batch_id: str, counts: Mapping[tuple[str, str | None], int], *, is_dry: bool) -> DoneReplay:
    def named(outcome: str) -> dict[str, int]:
        return {str(rule): count for (found, rule), count in sorted(counts.items(), key=str) if found == outcome}

    return DoneReplay(
        table=name,
        batch_id=batch_id,
        published=counts.get((PUBLISHED, None), 0),
        duplicates=counts.get((DUPLICATE, None), 0),
        refused=named(REFUSED),
        left_out=named(LEFT_OUT),
        is_dry=is_dry,
        settled=counts.get((SETTLED, None), 0),
        gone=counts.get((GONE, None), 0),
    )


def _publish(
    run: Run, contract: Table, rows: DataFrame, done: DoneReplay, *, unjudged: Sequence[Outcome], clock: Clock
) -> bool:
    """Whether the rows that pass were published; not when the gate holds them. Without any there is no commit."""
    if not done.published:
        return True
    candidate = write_candidate(run.session, run.lake, contract, rows)
    written = candidate.frame(run.session)
    census = take_census(written, contract, [slice_name(contract)])
    census.check(contract, candidate.rows)
    judgement = audit(
        run,
        contract,
        written,
        count=candidate.rows,
        step=STEP,
        batch_id=done.batch_id,
        split=unjudged,
        is_batch=False,
    )
    if not judgement.verdict.publishes:
        hold(run, judgement, candidate)
        return False
    account = Account(
        read=0,
        published=candidate.rows,
        duplicates=done.duplicates,
        quarantined=done.refused,
        filtered=done.left_out,
        replayed=done.came_back,
    )
    run.publish(
        candidate,
        step=STEP,
        batch_id=done.batch_id,
        account=account,
        markers=markers(STEP, contract.qualified, [done.batch_id]),
        slices=sorted(census.rows_by(SLICE)),
        spent=clock.spent(),
        judgement=judgement,
    )
    return True


def _keep(run: Run, outcomes: DataFrame, done: DoneReplay, clock: Clock) -> None:
    """Append what became of each record."""
    contract = table(OUTCOMES)
    index = F.col(INDEX) if INDEX in outcomes.columns else F.lit(None)
    rows = outcomes.select(
        F.lit(done.batch_id).alias("replay_batch_id"),
        F.lit(done.table).alias("table"),
        F.col(BATCH).alias("batch_id"),
        F.col(FILE).alias("file"),
        F.col(POSITION).alias("position"),
        index.cast("int").alias("index"),
        F.when(F.col("outcome") == SETTLED, PUBLISHED).otherwise(F.col("outcome")).alias("outcome"),
        "rule_id",
        F.lit(run.now).cast("timestamp").alias("replayed_at_utc"),
    )
    candidate = write_candidate(run.session, run.lake, contract, rows)
    run.publish(
        candidate,
        step=STEP,
        batch_id=done.batch_id,
        account=Account(read=candidate.rows, published=candidate.rows),
        markers=markers(STEP, OUTCOMES, [done.batch_id]),
        spent=clock.spent(),
    )
