"""A table as a value: what readers, writers, the gate, retention, erasure and the catalog ask about it."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from adlake.errors import ContractError
from adlake.faults import known_names

Personal = Literal["none", "identifier", "keyed", "behaviour", "possible"]
"""What a column tells about a person.

none        nothing
identifier  names a person or a device in clear
keyed       a keyed hash of an identifier: still personal data, and erased like it
behaviour   what somebody read, saw, clicked, or where and with what device: personal once linked to an id
possible    free text that may hold anything, an identifier in clear too
"""

Layer = Literal["bronze", "silver", "vault", "gold", "quarantine", "ops"]
Unit = Literal["hour", "day"]
AfterHold = Literal["overtake", "wait"]
"""What later batches of a table do while one is held: they are published before it, or wait until it is."""

STATISTICS = "delta.dataSkippingStatsColumns"
NO_STATISTICS = "delta.dataSkippingNumIndexedCols"


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Args:
        name: as it stands in the table; names are compared without regard to case, like Spark does.
        type: Spark's simple string, such as `decimal(18,9)`.
        meaning: what a value says, and what null says.
        unit: of a number, such as microseconds; None where a value has none.
        time_zone: in which a time was written; None where there is no time.
        required: never null.
        personal: the class of personal data.
        source_field: the name the source gives it; None for a column that adlake makes.
    """

    name: str
    type: str
    meaning: str
    unit: str | None = None
    time_zone: str | None = None
    required: bool = False
    personal: Personal = "none"
    source_field: str | None = None


@dataclass(frozen=True)
class Slice:
    """The part of a table in which changes are counted: gold recomputes it as a whole, silver says which were touched.

    Args:
        column: holds the start of the slice.
        unit: how long a slice is.
    """

    column: str
    unit: Unit


@dataclass(frozen=True)
class Table:
    """Everything adlake knows about a table before it reads a row.

    Args:
        layer: first folder under the lake.
        name: second folder under the lake.
        version: of the contract, such as 1.0.0.
        grain: what one row is.
        columns: in the order in which they stand in the table.
        made_from: qualified names of the tables whose rows it is made of; none for what comes from files.
        key: the columns that name a row; they may be null where a null is a value of its own.
        winner_order: columns, smallest first, each perhaps followed by ` nulls last`: the first of equal keys wins.
        partition_by: the columns that are folders.
        slice: in which changes are counted; None where nothing follows from a change.
        dedup_days: how many days before and after a row an earlier row of its key is looked for; 0: the same day only.
        retention_days: rows older than that are removed; None: never.
        after_hold: what later batches do while one is held.
        stats_columns: the only ones of which file statistics are kept; none of them tells who somebody is.
        properties: of the Delta table, the list of statistics columns among them; read-only.
    """

    layer: Layer
    name: str
    version: str
    grain: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    made_from: tuple[str, ...] = ()
    winner_order: tuple[str, ...] = ()
    partition_by: tuple[str, ...] = ()
    slice: Slice | None = None
    dedup_days: int = 0
    retention_days: int | None = None
    after_hold: AfterHold = "overtake"
    stats_columns: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "properties", MappingProxyType(dict(self.properties)))

    def __reduce__(self) -> tuple[object, ...]:
        # A read-only view cannot be pickled, and Spark pickles what a function that it ships has in hand.
        values = [getattr(self, item.name) for item in dataclasses.fields(self)]
        return Table, (*values[:-1], dict(self.properties))

    @property
    def qualified(self) -> str:
        """The name in messages, accounts and reports: `silver.gam_requests`."""
        return f"{self.layer}.{self.name}"

    @property
    def path(self) -> str:
        """The place below the lake: `silver/gam_requests`."""
        return f"{self.layer}/{self.name}"

    @property
    def is_refined(self) -> bool:
        """Whether its rows are records of one bronze table."""
        return self.layer in {"silver", "vault"} and [name.partition(".")[0] for name in self.made_from] == ["bronze"]

    @property
    def is_mart(self) -> bool:
        """Whether it is recomputed from other tables, so that a candidate holds all that has changed since the last."""
        return self.layer in {"silver", "gold"} and not self.is_refined

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of all columns, in their order."""
        return tuple(column.name for column in self.columns)

    @property
    def ddl(self) -> str:
        """The columns as Spark's DDL takes them; every one nullable, as Spark's flag says nothing about data."""
        return ", ".join(f"`{column.name}` {column.type}" for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            ContractError: UNKNOWN_COLUMN, the table has none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise ContractError(
            "UNKNOWN_COLUMN",
            "the contract has no such column",
            where=self.qualified,
            found=f"'{name}'",
            wanted=known_names(name, self.column_names),
        )
