"""Landing files into bronze: the source's own columns, typed, with the place that each record came from."""

import math
import os
from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.account import Account
from adlake.boundary import reach
from adlake.census import ROWS, take_census
from adlake.contracts import Table, table
from adlake.datafile import DataFile
from adlake.errors import AccountError
from adlake.intake import STEP, is_as_claimed, landed, release
from adlake.publish import write_candidate
from adlake.quarantine import Refused, publish_with_refused, refused_records
from adlake.records import FileRecord
from adlake.run import Clock, Run
from adlake.sources import SOURCES
from adlake.sources.delimited import EXTRA
from adlake.sources.files import one_file_per_task
from adlake.sources.source import MALFORMED, REFUSAL
from adlake.tables import read_files

BYTES_PER_TASK = 32 * 1024 * 1024
SMALLEST_BIGINT = -(2**63)
IS_READ = "is_read"


def pending(run: Run) -> list[tuple[str, str]]:
    """Batch and table name of every claim that bronze has not committed, oldest batch first; no JVM."""
    done = {(record.batch_id, record.table) for record in run.ledger.accounts() if record.step == STEP}
    return [(batch, name) for batch, name in claimed(run) if (batch, f"bronze.{name}") not in done]


def claimed(run: Run) -> list[tuple[str, str]]:
    """Batch and table name of every claim, oldest batch first."""
    return sorted({(batch, f"{file.table}") for batch, files in run.ledger.claims().items() for file in files})


def ingest(run: Run, batch_id: str, name: str, *, again: bool = False) -> None:
    """Publish one batch of one bronze table, its unreadable records to quarantine.

    A claimed file that changed or vanished before the commit is released with a note and left out. Done `again`, the
    files that the landing zone still holds as claimed are read anew and replace their rows; rows of files that have
    expired there stay as they are.

    Raises:
        AccountError: a file gave another number of records than its inspection counted (FILE_OPEN).
    """
    clock, contract = Clock(), table(f"bronze.{name}")
    wanted = [file for file in run.ledger.claims().get(batch_id, []) if file.table == name]
    while files := _still_as_claimed(run, wanted, keep_claims=again):
        earlier = _files_of_batch(run, contract, batch_id) if again else []
        with one_file_per_task(run.session, [landed(file, SOURCES[file.source]) for file in files]):
            rows = _read(run, contract, batch_id, files)
            staying = read_files(run.session, run.lake, contract, earlier).where(~_is_of(batch_id, files))
            readable = _readable(rows, contract, files)
            frame = readable.unionByName(staying) if earlier else readable
            candidate = write_candidate(run.session, run.lake, contract, frame, replaces=earlier)
            is_read = _is_of(batch_id, files if again else None).alias(IS_READ)
            census = take_census(candidate.frame(run.session), contract, [F.col("_file"), is_read])
            census.check(contract, candidate.rows)
            read = {group["_file"]: group[ROWS] for group in census.groups if group[IS_READ]}
            missing = _missing_by_file(read, files)
            short = [file for file in files if file.path in missing]
            refused = (
                refused_records(_unreadable(_read(run, contract, batch_id, short), contract), contract, batch_id, STEP)
                if short
                else None
            )
            held = Refused.write(run, name, batch_id, STEP, rows=refused, only_files=_paths(files) if again else None)
        if all(is_as_claimed(run, file) for file in files):
            break
    else:
        return
    held.check_files(missing)
    kept = candidate.rows - sum(read.values())
    account = Account(
        read=sum(file.records or 0 for file in files),
        published=candidate.rows - kept,
        quarantined=held.by_rule,
        superseded=candidate.removed_rows - kept,
    )
    publish_with_refused(run, held, candidate, account, spent=clock.spent())


def _is_of(batch_id: str, files: Sequence[FileRecord] | None) -> Column:
    """Whether a row stems from one of the files as the batch delivered them; from any file of the batch for None."""
    is_own = F.col("_batch_id") == batch_id
    return is_own if files is None else is_own & F.col("_file").isin(_paths(files))


def _paths(files: Sequence[FileRecord]) -> list[str]:
    return [file.path for file in files]


def _files_of_batch(run: Run, contract: Table, batch_id: str) -> list[DataFile]:
    """Committed files that may hold rows of the batch; once they were put together, those of other batches too."""
    return [file for file in run.lake.files(contract) if file.may_hold("_batch_id", batch_id, batch_id)]


def _still_as_claimed(run: Run, wanted: list[FileRecord], *, keep_claims: bool) -> list[FileRecord]:
    gone = [file for file in wanted if not is_as_claimed(run, file)]
    if gone and not keep_claims:
        run.ledger.add_files([release(run, file) for file in gone])
        reach("release")
    wanted[:] = [file for file in wanted if file not in gone]
    return wanted


def _read(run: Run, contract: Table, batch_id: str, files: Sequence[FileRecord]) -> DataFrame:
    source = SOURCES[files[0].source]
    root = run.lake.landing.spark_uri()
    records = source.read(run.session, contract, root, [landed(file, source) for file in files])
    return records.withColumns({"_batch_id": F.lit(batch_id), "_ingested_at_utc": F.lit(run.now).cast("timestamp")})


def _readable(rows: DataFrame, contract: Table, files: Sequence[FileRecord]) -> DataFrame:
    """The records that the reader could take, in as many tasks as their bytes are worth."""
    size_bytes = sum(file.size_bytes for file in files)
    tasks = max(2 * (os.cpu_count() or 1), math.ceil(size_bytes / BYTES_PER_TASK))
    readable = rows.where(F.col(MALFORMED).isNull()).select(*contract.column_names)
    # the last step: what comes after it would be a stage of code of its own, and copy every row
    return readable.coalesce(tasks) if len(files) > tasks else readable


def _missing_by_file(found: Mapping[str, int], files: Sequence[FileRecord]) -> dict[str, int]:
    """Records that the inspection counted and the candidate does not hold, by file; only files that miss any."""
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


def _unreadable(rows: DataFrame, contract: Table) -> DataFrame:
    """The records that the reader could not take."""
    read = [column for column in contract.columns if not column.name.startswith("_") or column.name == EXTRA]
    # the reader judges only the columns that a plan asks for, so this asks for all of them; a map has no hash
    values = [F.to_json(column.name) if "<" in column.type else F.col(column.name) for column in read]
    all_read = F.xxhash64(*values) >= SMALLEST_BIGINT
    return rows.where(F.col(REFUSAL).isNotNull() & all_read)
