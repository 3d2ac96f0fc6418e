"""Write once, judge unpublished, commit: the only way by which a table changes.

This is the one module that reaches Delta's JVM classes (delta-spark 4.2.0). Data files are written into the table by
Delta's own transaction but not committed: readers keep seeing the old version. The caller reads them back, judges
them, and lets the same transaction commit. An abandoned candidate is an orphan that VACUUM removes.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from pyspark.sql import DataFrame, SparkSession

from adlake.contracts import Table
from adlake.datafile import DataFile
from adlake.errors import PublishError
from adlake.frames import conform, empty_frame, struct_type
from adlake.lake import Lake
from adlake.lock import WriterLock
from adlake.paths import literal_path
from adlake.spark_failures import SPARK_FAILURES, cause_of

DELTA = "org.apache.spark.sql.delta"


@dataclass(frozen=True)
class Candidate:
    """Data files that are in the table's folder but in no version of it.

    Attributes:
        table: the contract that the files follow.
        rows: rows in the files, from the statistics that Delta wrote with them.
        removed_rows: rows in the committed files that the candidate replaces.
        files: the files, relative to the table's root.
    """

    table: Table
    rows: int
    removed_rows: int
    files: tuple[str, ...]
    _uri: str
    _transaction: Any
    _actions: tuple[Any, ...]

    def frame(self, spark: SparkSession) -> DataFrame:
        """The candidate's rows, read back from its Parquet files; an empty frame when it has none."""
        schema = struct_type(self.table)
        if not self.files:
            return empty_frame(spark, self.table)
        paths = [literal_path(f"{self._uri}/{file}") for file in self.files]
        return spark.read.option("basePath", self._uri).schema(schema).parquet(*paths)


def write_candidate(
    spark: SparkSession, lake: Lake, table: Table, frame: DataFrame | None, *, replaces: Sequence[DataFile] | None = ()
) -> Candidate:
    """The frame's rows as uncommitted data files of the table.

    Args:
        spark: the session.
        lake: where the table lives; it is created with the first commit.
        table: the contract; the frame must fit it exactly.
        frame: the rows, or None for a commit that only removes files or sets markers.
        replaces: committed files that the commit will remove; None for all of them.

    Raises:
        ContractError: the frame does not fit the contract.
        PublishError: the files could not be written (WRITE_FAILED); the table is as it was.
    """
    uri = lake.uri(table)
    transaction = _delta_log(spark, uri).startTransaction()
    try:
        _declare(spark, transaction, table, whole=replaces is None)
        written = [] if frame is None else _items(transaction.writeFiles(conform(frame, table)._jdf))
    except SPARK_FAILURES as error:
        raise PublishError(
            "WRITE_FAILED",
            "data files could not be written; nothing was committed",
            where=table.qualified,
            found=cause_of(error),
            way_out="Mend the cause (disk space, rights, memory) and run again; files left behind go with the next "
            "VACUUM.",
        ) from error
    removed = lake.files(table, of_any_columns=True) if replaces is None else replaces
    return Candidate(
        table=table,
        rows=sum(int(json.loads(action.stats())["numRecords"]) for action in written),
        removed_rows=sum(file.rows for file in removed),
        files=tuple(action.path() for action in written),
        _uri=uri,
        _transaction=transaction,
        _actions=(*[_removal(spark, file) for file in removed], *written),
    )


def commit(
    spark: SparkSession,
    lake: Lake,
    lock: WriterLock,
    candidate: Candidate,
    *,
    markers: Mapping[str, int],
    meta: Mapping[str, Any],
) -> int:
    """Publish the candidate in one version and return that version.

    Args:
        spark: the session.
        lake: where the table lives.
        lock: the writer lock, asked directly before the commit.
        candidate: what `write_candidate` gave.
        markers: transaction ids and versions that the commit records; a marker that is there already makes the
            commit a fault, so callers ask `Lake.marker` first.
        meta: what the commit says of itself (run, step, batch, account), kept as Delta's user metadata.

    Raises:
        LockError: the lake is no longer ours.
        PublishError: the commit failed (COMMIT_FAILED), or another writer's commit stands in its place (COMMIT_LOST).
    """
    jvm: Any = spark._jvm
    now = jvm.scala.Option.apply(jvm.java.lang.System.currentTimeMillis())
    set_transaction = getattr(jvm, f"{DELTA}.actions.SetTransaction")
    marks = [set_transaction(app_id, version, now) for app_id, version in markers.items()]
    actions = _seq(jvm, [*candidate._actions, *marks])
    lock.check()
    try:
        version = int(candidate._transaction.commit(actions, _operation(spark, candidate, meta)))
    except SPARK_FAILURES as error:
        raise PublishError(
            "COMMIT_FAILED",
            "the commit was refused; readers still see the version before it",
            where=candidate.table.qualified,
            found=cause_of(error),
            way_out="Run again; the work of this commit is redone.",
        ) from error
    _confirm(lake, candidate.table, version, markers)
    return version


def discard(lake: Lake, candidate: Candidate) -> None:
    """Nothing; the candidate's data files are gone, and the table is as it was."""
    for file in candidate.files:
        # as Delta writes it, the path is quoted
        folder, _, name = f"{candidate.table.path}/{unquote(file)}".rpartition("/")
        lake.storage.delete(f"{folder}/{name}")
        if lake.storage.is_local:
            # Hadoop keeps a checksum beside each local file
            lake.storage.delete(f"{folder}/.{name}.crc")


def _confirm(lake: Lake, table: Table, version: int, markers: Mapping[str, int]) -> None:
    path = f"{table.path}/_delta_log/{version:020d}.json"
    entry = lake.storage.read(path)
    lines = [] if entry is None else entry[0].decode().splitlines()
    found = {action["txn"]["appId"] for action in map(json.loads, lines) if "txn" in action}
    if not set(markers) <= found:
        raise PublishError(
            "COMMIT_LOST",
            "another writer's commit stands where ours was written",
            where=f"{table.qualified} version {version}",
            way_out="Two writers were at work in spite of the lock: stop the other one, then run again.",
        )


def _declare(spark: SparkSession, transaction: Any, table: Table, *, whole: bool) -> None:
    """Give a new table its metadata in the first commit, and a known one the columns that its contract has gained.

    A commit that replaces the whole table takes the contract's columns as they are now.
    """
    jvm: Any = spark._jvm
    fields, metadata = _described_fields(table), transaction.metadata()
    is_new = int(transaction.readVersion()) < 0
    known = set() if is_new else set(metadata.schema().fieldNames())
    gained = [field for field in fields if field["name"] not in known]
    if not is_new and not gained and not whole:
        return
    now = jvm.scala.Option.apply(jvm.java.lang.System.currentTimeMillis())
    changed = getattr(jvm, f"{DELTA}.actions.Metadata")(
        str(uuid.uuid4()) if is_new else metadata.id(),
        None,
        table.grain,
        getattr(jvm, f"{DELTA}.actions.Format")("parquet", _map(jvm, {})),
        _schema_json(fields if is_new or whole else [*json.loads(metadata.schemaString())["fields"], *gained]),
        _seq(jvm, list(table.partition_by)),
        _map(jvm, table.properties),
        now if is_new else metadata.createdTime(),
    )
    transaction.updateMetadata(changed, False)


def _described_fields(table: Table) -> list[dict[str, Any]]:
    """The columns as Delta's log writes them, each with its meaning for whoever asks the table."""
    comments = {column.name: {"comment": column.meaning} for column in table.columns}
    return [field.jsonValue() | {"metadata": comments[field.name]} for field in struct_type(table).fields]


def _schema_json(fields: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps({"type": "struct", "fields": list(fields)})


def _removal(spark: SparkSession, file: DataFile) -> Any:
    """The action that takes a committed file out of the table; Delta makes it from the one that put it in."""
    jvm: Any = spark._jvm
    none, empty = jvm.scala.Option.empty(), _map(jvm, {})
    partition = _map(jvm, {name: str(value) for name, value in file.partition.items()})
    statistics = json.dumps({"numRecords": file.rows})
    add = getattr(jvm, f"{DELTA}.actions.AddFile")
    added = add(file.path, partition, file.size_bytes, 0, True, statistics, empty, None, none, none, none)
    return added.remove()


def _operation(spark: SparkSession, candidate: Candidate, meta: Mapping[str, Any]) -> Any:
    jvm: Any = spark._jvm
    none = jvm.scala.Option.empty()
    mode = (
        jvm.org.apache.spark.sql.SaveMode.Overwrite
        if candidate.removed_rows
        else jvm.org.apache.spark.sql.SaveMode.Append
    )
    partitions = jvm.scala.Option.apply(_seq(jvm, list(candidate.table.partition_by)))
    user_metadata = jvm.scala.Option.apply(json.dumps(meta, sort_keys=True))
    write = getattr(jvm, f"{DELTA}.DeltaOperations$Write")
    return write(mode, partitions, none, user_metadata, none, none, none)


def _delta_log(spark: SparkSession, uri: str) -> Any:
    return getattr(spark._jvm, f"{DELTA}.DeltaLog").forTable(spark._jsparkSession, uri)


def _items(sequence: Any) -> list[Any]:
    return [sequence.apply(index) for index in range(sequence.size())]


def _seq(jvm: Any, items: Sequence[Any]) -> Any:
    return jvm.scala.jdk.javaapi.CollectionConverters.asScala(items).toSeq()


def _map(jvm: Any, items: Mapping[str, str]) -> Any:
    java_map = jvm.java.util.HashMap()
    for name, value in items.items():
        java_map.put(name, value)
    return getattr(jvm.scala.collection.immutable.Map, "from")(
        jvm.scala.jdk.javaapi.CollectionConverters.asScala(java_map)
    )
