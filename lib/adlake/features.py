"""User features of one day: the days of every person read once, and one snapshot replaced in one commit."""

from collections.abc import Mapping

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from adlake.account import Account
from adlake.audit import audit, hold
from adlake.census import slice_name, take_census
from adlake.contracts import table
from adlake.errors import AccountError
from adlake.markers import markers, newest
from adlake.marts.user_features import SUMS, amount, histories, mean_interest, user_features
from adlake.publish import write_candidate
from adlake.quality.verdict import REMAKE
from adlake.run import Clock, Run
from adlake.snapshots import CONTACTS, DAYS, STEP, TABLE, Snapshot, due_snapshot
from adlake.tables import read_table


def pending(run: Run, *, rebuild: bool = False) -> Snapshot | None:
    """The snapshot that is due; None when there is nothing to do; no JVM."""
    return due_snapshot(run.lake, run.now, rebuild=rebuild)


def build(run: Run, due: Snapshot) -> None:
    """Publish the snapshot, unless the gate holds it.

    Raises:
        AccountError: a sum over all people differs from that over their days (MEASURE_OPEN); nothing is committed.
    """
    clock, contract, content = Clock(), table(TABLE), run.lake.config.content
    seen = Observation("user_days")
    days = _days(run, due)
    people = histories(days.observe(seen, *_sums()), _topics(run), due.as_of, content)
    people = people.persist(StorageLevel.MEMORY_AND_DISK)
    read = people.count()
    means = {row["taxonomy_id"]: row["weight"] for row in mean_interest(people).collect()}
    contacts = read_table(run.session, run.lake, table(CONTACTS))
    rows = user_features(people, means, contacts, due.as_of, content)
    replaced = [file for file in run.lake.files(contract) if file.partition["as_of_date"] == due.as_of]
    candidate = write_candidate(run.session, run.lake, contract, rows, replaces=replaced)
    people.unpersist()
    written = candidate.frame(run.session)
    census = take_census(written, contract, [slice_name(contract)], list(SUMS))
    census.check(contract, candidate.rows)
    found = {name: sum(group[name] for group in census.groups) for name in SUMS}
    _prove(found, seen.get, days, where=f"{TABLE}, day {due.as_of}")
    batch_id = newest(due.batches)
    judged_as = batch_id if due.is_open else f"{REMAKE}{run.run_id}"
    judgement = audit(run, contract, written, count=candidate.rows, step=STEP, batch_id=judged_as, is_batch=due.is_open)
    if not judgement.verdict.publishes:
        hold(run, judgement, candidate)
        return
    run.publish(
        candidate,
        step=STEP,
        batch_id=batch_id,
        account=Account(read=read, published=candidate.rows, superseded=candidate.removed_rows),
        markers=markers(STEP, TABLE, due.batches, due.upstream),
        slices=[due.as_of.isoformat()],
        spent=clock.spent(),
        judgement=judgement,
    )


def _days(run: Run, due: Snapshot) -> DataFrame:
    return read_table(run.session, run.lake, table(DAYS), lambda file: due.holds(file.partition["event_date"]))


def _topics(run: Run) -> DataFrame:
    sections = run.lake.config.content.sections
    names, ids = pa.array(sections.keys(), pa.string()), pa.array(sections.values(), pa.string())
    return run.session.createDataFrame(pa.table({"section": names, "taxonomy_id": ids}))


def _sums() -> list[Column]:
    return [F.sum(amount(name)).alias(name) for name in SUMS]


def _prove(found: Mapping[str, int], seen: Mapping[str, int], days: DataFrame, *, where: str) -> None:
    """Compare the sums over the features with those over the days, counted while they were read.

    A task that was repeated may have been counted twice: nothing is refused before the days were summed on their own.
    """
    if all(found[name] == (seen[name] or 0) for name in SUMS):
        return
    wanted = days.agg(*_sums()).collect()[0]
    for name in SUMS:
        if found[name] != (wanted[name] or 0):
            raise AccountError(
                "MEASURE_OPEN",
                f"the sum of {name} differs from that of user_days; nothing was committed",
                where=where,
                found=str(found[name]),
                wanted=str(wanted[name] or 0),
                way_out="This is a fault in the features' transformation: report it.",
            )
