"""Landing files into bronze: the source's own columns, typed, with the place that each record came from."""

import math
import os
from collections.abc import Collection, Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from adlake.account import Account
from adlake.boundary import reach
from adlake.contracts import Table, table
from adlake.errors import AccountError
from adlake.intake import STEP, is_as_claimed, landed, release
from adlake.ledger import FileRecord
from adlake.publish import write_candidate
from adlake.quarantine import Refused, publish_refused, refused_records
from adlake.run import Clock, Run
from adlake.sources import SOURCES
from adlake.sources.delimited import one_file_per_task
from adlake.sources.source import MALFORMED, REFUSAL
from adlake.verdict import judge

BYTES_PER_TASK = 32 * 1024 * 1024
SMALLEST_BIGINT = -(2**63)


def pending(run: Run) -> list[tuple[str, str]]:
    """Batch and table name of every claim that bronze has not committed, oldest batch first; no JVM."""
    done = {(record.batch_id, record.table) for record in run.ledger.accounts() if record.step == STEP}
    claimed = {(batch, f"{file.table}") for batch, files in run.ledger.claims().items() for file in files}
    return sorted((batch, name) for batch, name in claimed if (batch, f"bronze.{name}") not in done)


def ingest(run: Run, spark: SparkSession, batch_id: str, name: str) -> None:
    """Publish one batch of one bronze table, its unreadable records to quarantine.

    A claimed file that changed or vanished before the commit is released with a note and left out.

    Raises:
        AccountError: a file gave another number of records than its inspection counted (FILE_OPEN).
    """
    clock, contract = Clock(), table(f"bronze.{name}")
    claimed = [file for file in run.ledger.claims().get(batch_id, []) if file.table == name]
    while files := _still_as_claimed(run, claimed):
        with one_file_per_task(spark, [landed(file, SOURCES[file.source]) for file in files]):
            rows = _read(run, spark, contract, batch_id, files)
            candidate = write_candidate(spark, run.lake, contract, _readable(rows, contract, files))
            written = candidate.frame(spark)
            judge(written, contract).check(contract, candidate.rows)
            missing = _missing_by_file(written, files)
            refused = refused_records(_unreadable(rows, contract, missing), contract, batch_id, STEP) if missing else None
            held = Refused.write(run, spark, name, batch_id, STEP, refused)
        if all(is_as_claimed(run, file) for file in files):
            break
    else:
        return
    held.check_files(missing)
    account = Account(sum(file.records or 0 for file in files), candidate.rows, quarantined=held.by_rule)
    publish_refused(run, spark, held, clock)
    markers = {f"{STEP}/{contract.qualified}/{batch_id}": 1}
    run.publish(spark, candidate, step=STEP, batch_id=batch_id, account=account, markers=markers, clock=clock)


def _still_as_claimed(run: Run, claimed: list[FileRecord]) -> list[FileRecord]:
    gone = [file for file in claimed if not is_as_claimed(run, file)]
    if gone:
        run.ledger.add_files([release(run, file) for file in gone])
        reach("release")
    claimed[:] = [file for file in claimed if file not in gone]
    return claimed


def _read(run: Run, spark: SparkSession, contract: Table, batch_id: str, files: Sequence[FileRecord]) -> DataFrame:
    source = SOURCES[files[0].source]
    root = run.lake.landing.spark_uri()
    records = source.read(spark, contract, root, [landed(file, source) for file in files])
    return records.withColumns({"_batch_id": F.lit(batch_id), "_ingested_at_utc": F.lit(run.now).cast("timestamp")})


def _readable(rows: DataFrame, contract: Table, files: Sequence[FileRecord]) -> DataFrame:
    """The records that the reader could take, in as many tasks as their bytes are worth."""
    size_bytes = sum(file.size_bytes for file in files)
    tasks = max(2 * (os.cpu_count() or 1), math.ceil(size_bytes / BYTES_PER_TASK))
    packed = rows.coalesce(tasks) if len(files) > tasks else rows
    return packed.where(F.col(MALFORMED).isNull()).select(*contract.column_names)


def _missing_by_file(written: DataFrame, files: Sequence[FileRecord]) -> dict[str, int]:
    """Records that the inspection counted and the candidate does not hold, by file; only files that miss any."""
    found = {row["_file"]: row["count"] for row in written.groupBy("_file").count().collect()}
    missing = {file.path: (file.records or 0) - found.get(file.path, 0) for file in files}
    doubled = sorted(path for path, count in missing.items() if count < 0)
    if doubled or set(found) - set(missing):
        raise AccountError(
            "FILE_OPEN",
            "more rows were read than the file holds; nothing was committed",
            where=", ".join(doubled or sorted(set(found) - set(missing))),
            way_out="The file changed while it was read: deliver it again, then run again.",
        )
    return {path: count for path, count in missing.items() if count}


def _unreadable(rows: DataFrame, contract: Table, files: Collection[str]) -> DataFrame:
    """The records of the files that the reader could not take."""
    typed = [name for name in contract.column_names if not name.startswith("_")]
    # the reader judges only the columns that a plan asks for, so this asks for all of them
    all_read = F.xxhash64(*typed) >= SMALLEST_BIGINT
    return rows.where(F.col("_file").isin(list(files)) & F.col(REFUSAL).isNotNull() & all_read)
