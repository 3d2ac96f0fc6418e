"""Delta tables of the peer: written by delta-rs from DuckDB's record batches, read by DuckDB as the files they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
from deltalake import ColumnProperties, DeltaTable, WriterProperties, write_deltalake

from adlake.contracts import Table, table
from adlake.contracts.spark_types import SparkType, parse_type

THREADS = 2
ROWS_PER_ARROW_BATCH = 65_536
_PLAIN = {
    "string": "VARCHAR",
    "bigint": "BIGINT",
    "int": "INTEGER",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "binary": "BLOB",
    "date": "DATE",
    "timestamp": "TIMESTAMPTZ",
}


def connect(threads: int = THREADS) -> duckdb.DuckDBPyConnection:
    """A database in memory, in UTC, free to hand rows on in any order where a query does not number them."""
    connection = duckdb.connect(config={"threads": threads, "preserve_insertion_order": False})
    connection.execute("SET TimeZone = 'UTC'")
    # A slow query would print it among the results.
    connection.execute("SET enable_progress_bar = false")
    return connection


def duckdb_type(name: str) -> str:
    """DuckDB's name of a contract's type."""
    return _type(parse_type(name))


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def quoted_list(texts: Sequence[str]) -> str:
    """A list of texts as an SQL literal."""
    return f"[{', '.join(map(quoted, texts))}]"


@dataclass(frozen=True)
class PeerLake:
    """A lake of Delta tables, laid out like adlake's.

    Attributes:
        root: its folder.
        connection: of DuckDB.
    """

    root: Path
    connection: duckdb.DuckDBPyConnection

    def write(self, name: str, query: str) -> None:
        """Write a table once, from a query that gives the columns of its contract by name.

        Batches stream from DuckDB into the Parquet writer, so the rows of a table are never in memory together.
        """
        contract = table(name)
        columns = ", ".join(f'"{column}"' for column in contract.column_names)
        reader = self.connection.sql(f"SELECT {columns} FROM ({query})").to_arrow_reader(ROWS_PER_ARROW_BATCH)
        write_deltalake(
            self.root / contract.path,
            reader,
            partition_by=list(contract.partition_by) or None,
            configuration=dict(contract.properties),
            writer_properties=_writer_properties(contract),
        )

    def scan(self, name: str) -> str:
        """A table as an expression for FROM: its live files, read by DuckDB itself.

        The tables have no deletion vectors, so the files that the log names are the rows; a reader that goes through
        Arrow would cost a copy and DuckDB's own skipping of row groups.
        """
        contract = table(name)
        address = self.root / contract.path
        files = DeltaTable(address).file_uris() if (address / "_delta_log").is_dir() else []
        if not files:
            nulls = ", ".join(f'NULL::{duckdb_type(column.type)} AS "{column.name}"' for column in contract.columns)
            return f"(SELECT {nulls} LIMIT 0)"
        types = ", ".join(f"{name}: {duckdb_type(contract.column(name).type)}" for name in contract.partition_by)
        hive = f", hive_partitioning = true, hive_types = {{{types}}}" if types else ""
        return f"read_parquet({quoted_list(files)}{hive})"


def _writer_properties(contract: Table) -> WriterProperties:
    """zstd, and statistics of the columns alone of which the contract wants them."""
    kept = [name for name in contract.stats_columns if name not in contract.partition_by]
    return WriterProperties(
        compression="ZSTD",
        compression_level=1,
        default_column_properties=ColumnProperties(statistics_enabled="NONE"),
        column_properties={name: ColumnProperties(statistics_enabled="CHUNK") for name in kept} or None,
    )


def _type(kind: SparkType) -> str:
    match kind.name:
        case "decimal":
            return f"DECIMAL({kind.precision}, {kind.scale})"
        case "array":
            return f"{_type(kind.parts[0])}[]"
        case "map":
            return f"MAP({_type(kind.parts[0])}, {_type(kind.parts[1])})"
    return _PLAIN[kind.name]
