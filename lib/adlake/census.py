"""What one pass over a candidate finds, before anything of it is published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.contracts import Table
from adlake.errors import AccountError, ContractError

SLICE_FORMATS = {"hour": "yyyy-MM-dd'T'HH", "day": "yyyy-MM-dd"}
ROWS, SLICE = "rows", "slice"


@dataclass(frozen=True)
class Census:
    """Facts of a candidate, by group.

    Attributes:
        groups: one row per group: the group's columns, `rows`, and the sums that were asked for.
        nulls: nulls in columns that the contract requires, by column; only columns that have any.
    """

    groups: tuple[Mapping[str, Any], ...]
    nulls: Mapping[str, int]

    @property
    def rows(self) -> int:
        """Rows read back from the candidate's files."""
        return sum(group[ROWS] for group in self.groups)

    def rows_by(self, column: str) -> dict[Any, int]:
        """Rows by the values of one of the group's columns."""
        found: dict[Any, int] = {}
        for group in self.groups:
            found[group[column]] = found.get(group[column], 0) + group[ROWS]
        return found

    def check(self, table: Table, rows_written: int) -> None:
        """Nothing when the candidate may be published.

        Raises:
            AccountError: the files hold another number of rows than their statistics say (ROWS_DIFFER).
            ContractError: a required column holds nulls (REQUIRED_NULL).
        """
        if self.rows != rows_written:
            raise AccountError(
                "ROWS_DIFFER",
                "the files read back hold another number of rows than were written; nothing was committed",
                where=table.qualified,
                found=str(self.rows),
                wanted=str(rows_written),
                way_out="The storage lost or doubled data: check the disk, then run again.",
            )
        if self.nulls:
            raise ContractError(
                "REQUIRED_NULL",
                "a required column holds nulls; nothing was committed",
                where=table.qualified,
                found=", ".join(f"{name}: {count}" for name, count in self.nulls.items()),
                wanted="no null",
                way_out="A rule for this column is missing in the table's refinement.",
            )


def take_census(candidate: DataFrame, table: Table, by: Sequence[Column], sums: Sequence[str] = ()) -> Census:
    """The census of a candidate, in one pass over the columns it needs.

    Args:
        candidate: rows read back from the candidate's files.
        table: the contract that they follow.
        by: columns that make the groups; few values, as every group comes to the driver.
        sums: columns of numbers, or of maps to numbers, to sum per group; the sum has the column's name.
    """
    required = [column.name for column in table.columns if column.required]
    nulls = [F.count_if(F.col(name).isNull()).alias(f"null:{name}") for name in required]
    amounts = [F.sum(_number(table, name)).alias(name) for name in sums]
    found = [
        row.asDict() for row in candidate.groupBy(*by).agg(F.count(F.lit(1)).alias(ROWS), *amounts, *nulls).collect()
    ]
    counts = {name: sum(row[f"null:{name}"] for row in found) for name in required}
    groups = tuple({name: value for name, value in row.items() if not name.startswith("null:")} for row in found)
    return Census(groups, {name: count for name, count in counts.items() if count})


def _number(table: Table, name: str) -> Column:
    """What a column adds to a sum; of a map, all its values."""
    if not table.column(name).type.startswith("map<"):
        return F.col(name)
    return F.aggregate(F.map_values(name), F.lit(0).cast("bigint"), lambda total, value: total + value)


def slice_name(table: Table) -> Column:
    """The name of a row's slice, as a column `slice`: `2026-10-31T23` for an hour, `2026-10-31` for a day (UTC)."""
    assert table.slice is not None  # noqa: S101 callers ask tables that have one
    return F.date_format(table.slice.column, SLICE_FORMATS[table.slice.unit]).alias(SLICE)
