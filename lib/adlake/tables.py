"""Committed rows of a table, as its contract describes them.

The files to read are chosen from the table's log without a JVM, by partition and statistics, and read as Parquet: no
Spark job looks for them, so the cost of reading a batch does not grow with the table. Deletion vectors and column
mapping, which this would miss, are ruled out by the contracts.
"""

from collections.abc import Callable, Iterable

from pyspark.sql import DataFrame, SparkSession

from adlake.contracts import Table
from adlake.datafile import DataFile
from adlake.frames import empty_frame, struct_type
from adlake.lake import Lake
from adlake.paths import literal_path


def read_table(
    spark: SparkSession, lake: Lake, table: Table, keep: Callable[[DataFile], bool] = lambda _: True
) -> DataFrame:
    """Rows of the table's newest version; an empty frame when it has none.

    A column that the contract has gained since a file was written is null there.

    Args:
        spark: the session.
        lake: where the table lives.
        table: the contract.
        keep: whether a file can hold rows that matter; the caller still filters the rows.

    Raises:
        ContractError: the table does not follow its contract.
    """
    return read_files(spark, lake, table, [file for file in lake.files(table) if keep(file)])


def read_files(spark: SparkSession, lake: Lake, table: Table, files: Iterable[DataFile]) -> DataFrame:
    """The rows of some committed data files; an empty frame for none."""
    uri = lake.uri(table)
    paths = [literal_path(f"{uri}/{file.path}") for file in files]
    if not paths:
        return empty_frame(spark, table)
    return spark.read.option("basePath", uri).schema(struct_type(table)).parquet(*paths)
