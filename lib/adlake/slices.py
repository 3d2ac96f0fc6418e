"""The touched slices of each mart, recomputed and replaced in one commit."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import reduce

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.account import Account
from adlake.audit import audit, hold
from adlake.census import ROWS, SLICE, SLICE_FORMATS, slice_name, take_census
from adlake.config import Config
from adlake.contracts import Table, table
from adlake.datafile import DataFile
from adlake.errors import AccountError
from adlake.lake import Lake
from adlake.markers import markers
from adlake.marts import MARTS
from adlake.marts.mart import COUNTED_AT, Frames, Mart, Reach
from adlake.publish import Candidate, write_candidate
from adlake.quality.checks import MEASURE_PREFIX
from adlake.quality.verdict import REMAKE, Judgement
from adlake.run import Clock, Run, Spent
from adlake.tables import read_files, read_table
from adlake.touched import Touched, hours_of, may_hold, read_for, unit_of


@dataclass(frozen=True)
class Ready:
    """A candidate that passed its gate, with everything that its commit says.

    Attributes:
        step: that made it.
        candidate: the mart's rows.
        work: that it does.
        account: of it.
        judgement: of the gate.
        spent: on making and judging it.
    """

    step: str
    candidate: Candidate
    work: Touched
    account: Account
    judgement: Judgement
    spent: Spent

    def publish(self, run: Run) -> None:
        """Commit the mart.

        Raises:
            AccountError: the account does not add up; nothing is committed.
        """
        name, work = self.candidate.table.qualified, self.work
        upstream = {f"silver.{source}": version for source, version in work.upstream.items()}
        run.publish(
            self.candidate,
            step=self.step,
            batch_id=work.newest_batch,
            account=self.account,
            markers=markers(self.step, name, work.batches, upstream),
            slices=None if work.slices is None else sorted(work.slices),
            spent=self.spent,
            judgement=self.judgement,
        )


def build(run: Run, name: str, work: Touched) -> Ready | None:
    """The mart's touched slices, ready to be published; None when the gate holds them.

    Raises:
        AccountError: a measure's sum differs from silver's in a slice (MEASURE_OPEN).
    """
    clock, mart, contract = Clock(), MARTS[name], table(name)
    read = read_for(work, mart.reach(run.lake.config))
    with _prepared(mart, _inputs(run, mart, contract, read), run.lake.config) as frames:
        return _build(run, mart, frames, work, clock)


def _build(run: Run, mart: Mart, frames: Frames, work: Touched, clock: Clock) -> Ready | None:
    contract, is_whole = table(mart.table), work.slices is None
    files = [] if is_whole else _files_of_days(run.lake, contract, work)
    committed = read_files(run.session, run.lake, contract, files)
    is_touched = _in_slices(contract, work)
    rows = mart.build(frames, run.lake.config)
    if mart.reach(run.lake.config) != Reach():
        rows = rows.where(is_touched)
    if files:
        rows = rows.unionByName(committed.where(~is_touched))
    candidate = write_candidate(run.session, run.lake, contract, rows, replaces=None if is_whole else files)
    superseded = candidate.removed_rows if is_whole or not files else committed.where(is_touched).count()
    proved = sorted(mart.proved(run.lake.config))
    written = candidate.frame(run.session)
    census = take_census(written, contract, [slice_name(contract)], proved)
    census.check(contract, candidate.rows)
    recomputed = {group[SLICE]: group for group in census.groups if work.holds(group[SLICE])}
    sums = _prove(run, mart, frames, work, recomputed)
    count = sum(group[ROWS] for group in recomputed.values())
    fates = {None: count} if mart.fates is None else _fates(mart.fates(frames, run.lake.config).where(is_touched))
    account = Account(
        read=sum(fates.values()),
        published=candidate.rows - (candidate.removed_rows - superseded),
        filtered={reason: rows for reason, rows in fates.items() if reason is not None},
        superseded=superseded,
    )
    account.check(f"{contract.qualified}, batch {work.newest_batch}")
    judgement = audit(
        run,
        contract,
        written.where(is_touched) if files else written,
        count=count,
        step=mart.step,
        batch_id=work.newest_batch if work.is_open else f"{REMAKE}{run.run_id}",
        sums={f"{MEASURE_PREFIX}{measure}": total for measure, total in sums.items()},
        is_batch=not is_whole,
        is_known=count == 0 and not any(sums.values()),
    )
    if not judgement.verdict.publishes:
        hold(run, judgement, candidate)
        return None
    return Ready(mart.step, candidate, work, account, judgement, clock.spent())


def _inputs(run: Run, mart: Mart, contract: Table, work: Touched) -> dict[str, DataFrame]:
    names = [reference.table for reference in mart.references]
    frames = {name: read_table(run.session, run.lake, table(f"silver.{name}")) for name in names}
    days = set(work.days)
    for name in mart.events:
        source = table(f"silver.{name}")
        rows = read_table(run.session, run.lake, source, lambda file: may_hold(file, contract, work))
        frames[name] = rows if work.slices is None else rows.where(_event_filter(contract, work))
        if work.slices is None:
            days |= {date.fromisoformat(value) for value in run.lake.partition_values(source, "event_date")}
    frames["days"] = run.session.createDataFrame(pa.table({"event_date": pa.array(sorted(days), pa.date32())}))
    return frames


@contextmanager
def _prepared(mart: Mart, frames: Frames, config: Config) -> Iterator[Frames]:
    """The frames of a mart, kept while it is made."""
    prepared = mart.prepare(frames, config)
    for frame in prepared.values():
        frame.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        yield {**frames, **prepared}
    finally:
        for frame in prepared.values():
            frame.unpersist()


def _event_filter(contract: Table, work: Touched) -> Column:
    """Whether a silver row lies in the touched slices."""
    in_days, hours = F.col("event_date").isin(list(work.days)), hours_of(contract, work)
    return in_days & F.date_trunc("hour", "event_at_utc").isin(hours) if hours else in_days


def _in_slices(contract: Table, work: Touched) -> Column:
    if work.slices is None:
        return F.lit(True)
    return slice_name(contract).isin(sorted(work.slices))


def _files_of_days(lake: Lake, contract: Table, work: Touched) -> list[DataFile]:
    """Committed files of the touched days, found without a JVM."""
    days = set(work.days)
    return [file for file in lake.files(contract) if file.partition["event_date"] in days]


def _fates(events: DataFrame) -> dict[str | None, int]:
    """Events by why they became no row; None for those that did."""
    return {row["reason"]: row["count"] for row in events.groupBy("reason").count().collect()}


def _prove(
    run: Run, mart: Mart, frames: Frames, work: Touched, recomputed: Mapping[str, Mapping[str, int]]
) -> dict[str, int]:
    """The measures' sums straight from silver, after the candidate's were held against them slice by slice.

    Slices that are read for the sake of others are not whole, and not compared.

    Measures of which nobody knows an amount are left out: the sum of nulls is null and not 0.
    """
    contract = table(mart.table)
    wanted: dict[str, Counter[str]] = {slice_: Counter() for slice_ in recomputed}
    for row in amounts(mart, frames, run.lake.config).collect():
        if work.holds(row[SLICE]):
            wanted.setdefault(row[SLICE], Counter()).update(row["sums"])
    measures = mart.proved(run.lake.config)
    for slice_, sums in sorted(wanted.items()):
        _compare(contract, slice_, {measure: sums[measure] for measure in measures}, recomputed.get(slice_, {}))
    known = {measure for group in recomputed.values() for measure in measures if group[measure] is not None}
    return {measure: sum(found[measure] for found in wanted.values()) for measure in sorted(known)}


def amounts(mart: Mart, frames: Frames, config: Config) -> DataFrame:
    """What the proofs of a mart give: by slice and silver table the `sums`, a map from measures."""
    return reduce(DataFrame.unionByName, [_amounts_from(source, mart, frames, config) for source in mart.events])


def _amounts_from(source: str, mart: Mart, frames: Frames, config: Config) -> DataFrame:
    """What the proofs of one silver table give."""
    unit, proofs = unit_of(table(mart.table)), mart.proofs_from(source, config)
    events, moment = frames[source], "event_at_utc"
    if mart.attribution is not None:
        events, moment = mart.attribution(frames, config), COUNTED_AT
    named = {f"amount_{number}": proof for number, proof in enumerate(proofs)}
    by = [F.date_trunc(unit, moment).alias(SLICE)]
    sums = [F.sum(proof.amount()).alias(name) for name, proof in named.items()]
    if mart.pricing and any(proof.price for proof in proofs):
        by_price = events.groupBy(*by, *mart.pricing.by).agg(*sums)
        events, by = mart.pricing.join(by_price, frames, config), [F.col(SLICE)]
        sums = [
            F.coalesce(F.sum(F.col(name) * proof.price() if proof.price else F.col(name)), F.lit(0)).alias(name)
            for name, proof in named.items()
        ]
    found = events.groupBy(*by).agg(*sums)
    # several proofs may add up to one measure
    by_measure = {
        one.measure: [name for name, other in named.items() if other.measure == one.measure] for one in proofs
    }
    totals = [part for measure, names in by_measure.items() for part in (F.lit(measure), _total(names))]
    return found.select(F.date_format(SLICE, SLICE_FORMATS[unit]).alias(SLICE), F.create_map(*totals).alias("sums"))


def _total(names: Sequence[str]) -> Column:
    return reduce(Column.__add__, [F.coalesce(name, F.lit(0)).cast("bigint") for name in names])


def _compare(contract: Table, slice_: str, silver: Mapping[str, int], built: Mapping[str, int]) -> None:
    for measure, wanted in silver.items():
        # the sum of nulls is null: amounts that nobody knows
        found = built.get(measure) or 0
        if found != wanted:
            raise AccountError(
                "MEASURE_OPEN",
                f"the sum of {measure} differs from silver's; nothing was committed",
                where=f"{contract.qualified}, slice {slice_}",
                found=str(found),
                wanted=str(wanted),
                way_out="This is a fault in the mart's transformation: report it.",
            )
