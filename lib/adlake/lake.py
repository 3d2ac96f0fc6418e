"""The state of one lake, read without a JVM: where its tables are, their versions, markers and commits.

Delta's own log is the only memory of progress. delta-rs reads it in milliseconds; Spark is started only when there is
work to do.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import TableNotFoundError

from adlake.config import Config
from adlake.contracts import Table
from adlake.datafile import DataFile
from adlake.delta_types import spark_type
from adlake.errors import ContractError
from adlake.storage import S3Options, Storage

MAINTENANCE_OPERATIONS = frozenset(
    {"OPTIMIZE", "VACUUM START", "VACUUM END", "SET TBLPROPERTIES", "UNSET TBLPROPERTIES", "ADD COLUMNS"}
)


def ask(delta: DeltaTable, query: str) -> pa.Table:
    """What a query finds in a version of a table, which it calls `rows`; no JVM."""
    return pa.table(QueryBuilder().register("rows", delta).execute(query))


@dataclass(frozen=True)
class Commit:
    """One version of a table: its operation and what adlake wrote into it (empty for a commit that is not ours)."""

    version: int
    operation: str
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def slices(self) -> tuple[str, ...] | None:
        """Slices in which rows changed: none for maintenance, None where the commit does not say, so for all."""
        if not self.meta:
            return () if self.operation in MAINTENANCE_OPERATIONS else None
        named = self.meta.get("slices")
        return None if named is None else tuple(named)


@dataclass(frozen=True)
class Lake:
    """One lake and its landing zone.

    Attributes:
        config: the configuration that names both.
    """

    config: Config

    @cached_property
    def options(self) -> S3Options:
        """Where S3 is, for either root."""
        s3 = self.config.s3
        return S3Options(s3.endpoint_url, s3.region) if s3 else S3Options()

    @property
    def is_there(self) -> bool:
        """Whether there may be anything to read; asked first, as opening a local storage makes its folder."""
        return self.config.lake.startswith("s3://") or Path(self.config.lake).is_dir()

    @cached_property
    def storage(self) -> Storage:
        """The lake's root."""
        return Storage(self.config.lake, self.options)

    @cached_property
    def landing(self) -> Storage:
        """The landing zone's root."""
        return Storage(self.config.landing, self.options)

    def uri(self, table: Table) -> str:
        """The table's address for Spark."""
        return self.storage.spark_uri(table.path)

    def delta(self, table: Table) -> DeltaTable | None:
        """The table's newest snapshot, or None when it has no commit yet."""
        try:
            return DeltaTable(self.storage.uri(table.path), storage_options=self.options.delta_rs())
        except TableNotFoundError:
            return None

    def version(self, table: Table) -> int:
        """The newest version of the table; -1 when it has no commit yet."""
        delta = self.delta(table)
        return -1 if delta is None else delta.version()

    def marker(self, table: Table, app_id: str) -> int | None:
        """The transaction version that the table holds for the application id, or None."""
        delta = self.delta(table)
        return None if delta is None else delta.transaction_version(app_id)

    def files(self, table: Table, *, of_any_columns: bool = False) -> list[DataFile]:
        """The data files of the table's newest version; none when it has no commit yet.

        Args:
            table: the contract.
            of_any_columns: whether files that no longer follow the contract will do, as they are to be removed.

        Raises:
            ContractError: the table holds columns that its contract lacks, or of other types (TABLE_NEEDS_REBUILD).
        """
        delta = self.delta(table)
        if delta is None:
            return []
        if not of_any_columns:
            _check_columns(table, delta)
        actions = pa.table(delta.get_add_actions(flatten=True)).to_pylist()
        return [DataFile.of(action) for action in actions]

    def partition_values(self, table: Table, column: str) -> set[str]:
        """The values of a partition column for which the table has files, as text; none when it has no commit yet."""
        delta = self.delta(table)
        return set() if delta is None else {str(values[column]) for values in delta.partitions()}

    def commits(self, table: Table, after: int) -> list[Commit] | None:
        """The commits after a version, oldest first; None when the log no longer holds all of them."""
        delta = self.delta(table)
        if delta is None or delta.version() <= after:
            return []
        wanted = delta.version() - after
        entries = [_commit(entry) for entry in delta.history(wanted)]
        found = sorted((entry for entry in entries if entry.version > after), key=lambda entry: entry.version)
        return found if len(found) == wanted else None


def _check_columns(table: Table, delta: DeltaTable) -> None:
    """A column that the contract has gained is fine: it is null in old rows. Anything else needs a rebuild."""
    wanted = {column.name: column.type for column in table.columns}
    found = {field["name"]: spark_type(field["type"]) for field in json.loads(delta.schema().to_json())["fields"]}
    wrong = [f"{name} {type_}" for name, type_ in found.items() if wanted.get(name) != type_]
    if wrong:
        raise ContractError(
            "TABLE_NEEDS_REBUILD",
            "columns of the table differ from its contract",
            where=table.qualified,
            found=", ".join(wrong),
            wanted=", ".join(f"{name} {type_}" for name, type_ in wanted.items() if found.get(name, type_) != type_)
            or "no such column",
            way_out="Run again with --rebuild from the step that writes the table.",
        )


def _commit(entry: Mapping[str, Any]) -> Commit:
    try:
        meta = json.loads(entry.get("userMetadata") or "{}")
    except ValueError:
        meta = {}
    ours = meta if isinstance(meta, dict) and "step" in meta else {}
    return Commit(int(entry["version"]), str(entry.get("operation", "")), ours)
