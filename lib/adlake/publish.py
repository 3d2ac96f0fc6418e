"""Write once, judge unpublished, commit: the only way by which a table changes.

This is the one module that reaches Delta's JVM classes (delta-spark 4.2.0). Data files are written into the table by
Delta's own transaction but not committed: readers keep seeing the old version. The caller reads them back, judges
them, and lets the same transaction commit. An abandoned candidate is an orphan that VACUUM removes.
"""

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from adlake.contracts import Table
from adlake.errors import ContractError, PublishError
from adlake.frames import conform, struct_type
from adlake.lake import Lake
from adlake.lock import WriterLock

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
            return spark.createDataFrame([], schema)
        paths = [f"{self._uri}/{file}" for file in self.files]
        return spark.read.option("basePath", self._uri).schema(schema).parquet(*paths)


def write_candidate(
    spark: SparkSession, lake: Lake, table: Table, frame: DataFrame | None, *, replaces: Collection[str] | None = ()
) -> Candidate:
    """The frame's rows as uncommitted data files of the table.

    Args:
        spark: the session.
        lake: where the table lives; it is created with the first commit.
        table: the contract; the frame must fit it exactly.
        frame: the rows, or None for a commit that only removes files or sets markers.
        replaces: committed files, relative to the table's root, that the commit will remove; None for all of them.

    Raises:
        ContractError: the frame does not fit the contract, or the table cannot follow it without a rebuild.
        PublishError: the files could not be written (WRITE_FAILED); the table is as it was.
    """
    uri = lake.uri(table)
    transaction = _delta_log(spark, uri).startTransaction()
    try:
        _declare(spark, transaction, table)
        written = [] if frame is None else _items(transaction.writeFiles(conform(frame, table)._jdf))
        removed = _committed_files(transaction, replaces)
    except (PySparkException, Py4JError) as error:
        raise PublishError(
            "WRITE_FAILED",
            "data files could not be written; nothing was committed",
            where=table.qualified,
            found=_cause(error),
            way_out="Mend the cause (disk space, rights, memory) and run again; files left behind go with the next "
            "VACUUM.",
        ) from error
    files = tuple(action.path() for action in written)
    actions = (*[action.remove() for action in removed], *written)
    rows = sum(_rows(action) for action in written)
    return Candidate(table, rows, sum(_rows(action) for action in removed), files, uri, transaction, actions)


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
    except (PySparkException, Py4JError) as error:
        raise PublishError(
            "COMMIT_FAILED",
            "the commit was refused; readers still see the version before it",
            where=candidate.table.qualified,
            found=_cause(error),
            way_out="Run again; the work of this commit is redone.",
        ) from error
    _confirm(lake, candidate.table, version, markers)
    return version


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


def _declare(spark: SparkSession, transaction: Any, table: Table) -> None:
    """Give a new table its metadata in the first commit, and a known one the columns that its contract has gained."""
    jvm: Any = spark._jvm
    schema = struct_type(table)
    if int(transaction.readVersion()) >= 0:
        known = set(transaction.metadata().schema().fieldNames())
        missing = [field for field in schema.fields if field.name not in known]
        extra = known - set(table.column_names)
        if extra:
            raise ContractError(
                "TABLE_NEEDS_REBUILD",
                "the table holds columns that its contract no longer has",
                where=table.qualified,
                found=", ".join(sorted(extra)),
                way_out="Run again with --rebuild from the step that writes it.",
            )
        if not missing:
            return
        schema_json = _extended(transaction.metadata().schemaString(), missing)
        metadata = transaction.metadata()
        created, identity = metadata.createdTime(), metadata.id()
    else:
        schema_json, created = schema.json(), jvm.scala.Option.apply(jvm.java.lang.System.currentTimeMillis())
        identity = str(uuid.uuid4())
    transaction.updateMetadata(
        getattr(jvm, f"{DELTA}.actions.Metadata")(
            identity,
            None,
            table.grain,
            getattr(jvm, f"{DELTA}.actions.Format")("parquet", _map(jvm, {})),
            schema_json,
            _seq(jvm, list(table.partition_by)),
            _map(jvm, table.properties),
            created,
        ),
        False,
    )


def _extended(schema_json: str, missing: Sequence[Any]) -> str:
    schema = json.loads(schema_json)
    schema["fields"] += [field.jsonValue() for field in missing]
    return json.dumps(schema)


def _committed_files(transaction: Any, replaces: Collection[str] | None) -> list[Any]:
    if replaces is not None and not replaces:
        return []
    files = transaction.snapshot().allFiles()
    if replaces is not None:
        paths = ", ".join("'" + path.replace("'", "\\'") + "'" for path in replaces)
        files = files.where(f"path in ({paths})")
    return list(files.collectAsList())


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


def _rows(action: Any) -> int:
    return int(json.loads(action.stats())["numRecords"])


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


def _cause(error: Exception) -> str:
    """The innermost reason in one line: the messages around it repeat query plans."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    causes = [line for line in lines if line.startswith("Caused by:")]
    return (
        (causes[-1].removeprefix("Caused by:") if causes else lines[0]).strip()[:300] if lines else type(error).__name__
    )
