"""What one pass over a candidate finds, before anything of it is published."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.contracts import Table
from adlake.errors import AccountError, ContractError

SLICE_FORMATS = {"hour": "yyyy-MM-dd'T'HH", "day": "yyyy-MM-dd"}


@dataclass(frozen=True)
class Verdict:
    """Facts of a candidate.

    Attributes:
        rows: rows read back from its files.
        nulls: nulls in columns that the contract requires, by column; only columns that have any.
        slices: distinct slices that it touches (`2026-10-31T23`, `2026-10-31`), sorted; empty without a slice.
    """

    rows: int
    nulls: Mapping[str, int]
    slices: tuple[str, ...]

    def check(self, table: Table, rows_written: int) -> None:
        """Nothing when the candidate may be published.

        Raises:
            AccountError: the files hold another number of rows than their statistics say (ROWS_DIFFER).
            ContractError: a required column holds nulls (REQUIRED_NULL).
        """
        if self.rows != rows_written:
            raise AccountError(
                "ROWS_DIFFER",
                "the files read back hold another number of rows than were written",
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


def judge(candidate: DataFrame, table: Table) -> Verdict:
    """The verdict on a candidate, in one pass over the columns it needs.

    Args:
        candidate: rows read back from the candidate's files.
        table: the contract that they follow.
    """
    required = [column.name for column in table.columns if column.required]
    nulls = [F.count_if(F.col(name).isNull()).alias(name) for name in required]
    slices = F.collect_set(slice_name(table)).alias("_slices") if table.slice else F.array().alias("_slices")
    found = candidate.agg(F.count(F.lit(1)).alias("_rows"), slices, *nulls).first()
    assert found is not None  # noqa: S101 a global aggregation has one row
    return Verdict(
        rows=found["_rows"],
        nulls={name: found[name] for name in required if found[name]},
        slices=tuple(sorted(found["_slices"])),
    )


def slice_name(table: Table) -> Column:
    """The name of a row's slice."""
    assert table.slice is not None  # noqa: S101 callers ask tables that have one
    return F.date_format(table.slice.column, SLICE_FORMATS[table.slice.unit])
