"""Committed rows of a table, as its contract describes them."""

from collections.abc import Collection

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from adlake.contracts import Table
from adlake.frames import conform, struct_type
from adlake.lake import Lake


def read_table(spark: SparkSession, lake: Lake, table: Table) -> DataFrame:
    """The table's rows at its newest version; an empty frame when it has no commit yet.

    A column that the contract has gained since the last commit is null.

    Raises:
        ContractError: the table does not follow its contract.
    """
    if lake.version(table) < 0:
        return spark.createDataFrame([], struct_type(table))
    rows = spark.read.format("delta").load(lake.uri(table))
    gained = [field for field in struct_type(table).fields if field.name not in rows.columns]
    added = rows.withColumns({field.name: F.lit(None).cast(field.dataType) for field in gained}) if gained else rows
    return conform(added, table)


def read_files(spark: SparkSession, lake: Lake, table: Table, files: Collection[str]) -> DataFrame:
    """The rows of some committed data files, named relative to the table's root; an empty frame for none."""
    if not files:
        return spark.createDataFrame([], struct_type(table))
    uri = lake.uri(table)
    reader = spark.read.option("basePath", uri).schema(struct_type(table))
    return reader.parquet(*[f"{uri}/{file}" for file in files])
