"""Frames are held against contracts: exactly these columns, in this order, of these types."""

import json
from datetime import date
from decimal import Decimal

import pytest
from pyspark.sql import functions as F
from pyspark.sql import types as T

from adlake import contracts
from adlake.contracts import Column, Table
from adlake.errors import ContractError
from adlake.frames import conform, struct_type

SALES = Table(
    layer="gold",
    name="sales",
    version="1.0.0",
    grain="one sale",
    columns=(
        Column("id", "string", "Id.", required=True),
        Column("day", "date", "Day."),
        Column("amount", "decimal(18,9)", "Amount."),
        Column("tags", "map<string,bigint>", "Tags."),
    ),
    key=("id",),
)
ROW = ("a", date(2026, 1, 31), Decimal("1.5"), {"x": 1})


@pytest.fixture
def sales(spark):
    """One sale, exactly as the contract wants it."""
    return spark.createDataFrame([ROW], struct_type(SALES))


def misfit(frame):
    """What is said of a frame that does not fit: condition, what, found, wanted."""
    with pytest.raises(ContractError) as caught:
        conform(frame, SALES)
    assert caught.value.where == "gold.sales"
    assert caught.value.exit_code == 2
    return caught.value.condition, caught.value.what, caught.value.found, caught.value.wanted


@pytest.mark.parametrize("name", list(contracts.tables()))
def test_the_schema_of_a_contract_is_what_spark_makes_of_its_ddl(spark, name):
    table = contracts.table(name)
    assert struct_type(table) == spark.createDataFrame([], table.ddl).schema


def test_every_type_a_contract_may_name_becomes_sparks_own(spark):
    kinds = [
        *("boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "string", "binary", "date"),
        *("timestamp", "decimal(38,0)", "array<array<date>>", "map<string,decimal(10,2)>"),
        "struct<a:int,b:array<struct<c:timestamp>>>",
    ]
    columns = tuple(Column(f"c{number}", kind, "Value.") for number, kind in enumerate(kinds))
    table = Table("gold", "types", "1.0.0", "one row", columns, key=("c0",))
    schema = struct_type(table)
    assert schema == spark.createDataFrame([], table.ddl).schema
    assert [field.dataType.simpleString() for field in schema] == kinds


def test_a_fitting_frame_keeps_its_rows(sales):
    assert [tuple(row) for row in conform(sales, SALES).collect()] == [ROW]


def test_the_order_becomes_that_of_the_contract(sales):
    shuffled = sales.select("tags", "amount", "id", "day")
    conformed = conform(shuffled, SALES)
    assert conformed.schema == struct_type(SALES)
    assert [tuple(row) for row in conformed.collect()] == [ROW]


def test_nullability_is_not_compared(spark):
    strict = T.StructType([T.StructField(field.name, field.dataType, nullable=False) for field in struct_type(SALES)])
    frame = spark.createDataFrame([ROW], strict)
    assert [tuple(row) for row in conform(frame, SALES).collect()] == [ROW]
    inner = frame.withColumn("tags", F.create_map(F.lit("x"), F.lit(1).cast("bigint")))
    assert inner.schema["tags"].dataType.valueContainsNull is False
    assert conform(inner, SALES).columns == ["id", "day", "amount", "tags"]


def test_a_missing_column_is_named_with_its_type(sales):
    assert misfit(sales.drop("day", "tags")) == (
        "MISSING_COLUMN",
        "the frame does not fit the contract (missing: day, tags)",
        "none of them",
        "day date, tags map<string,bigint>",
    )


def test_an_extra_column_is_named_and_not_dropped(sales):
    assert misfit(sales.withColumn("note", F.lit("x"))) == (
        "EXTRA_COLUMN",
        "the frame does not fit the contract (not in the contract: note)",
        "note string",
        "none of them",
    )


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("day", "timestamp"),
        ("day", "string"),
        ("amount", "decimal(18,8)"),
        ("amount", "decimal(19,9)"),
        ("amount", "double"),
        ("tags", "map<string,int>"),
    ],
)
def test_a_type_that_could_be_cast_is_refused_all_the_same(sales, column, kind):
    wanted = SALES.column(column).type
    assert misfit(sales.withColumn(column, F.lit(None).cast(kind))) == (
        "MISTYPED_COLUMN",
        f"the frame does not fit the contract (of another type: {column})",
        f"{column} {kind}",
        f"{column} {wanted}",
    )


def test_another_case_is_another_column(sales):
    assert misfit(sales.withColumnRenamed("id", "ID")) == (
        "MISSING_COLUMN",
        "the frame does not fit the contract (missing: id; not in the contract: ID)",
        "ID string",
        "id string",
    )


def test_a_column_given_twice_is_one_too_many(sales):
    assert misfit(sales.select("*", F.col("day").alias("day"))) == (
        "EXTRA_COLUMN",
        "the frame does not fit the contract (not in the contract: day)",
        "day date, day date",
        "day date",
    )


def test_all_misfits_are_told_at_once_the_missing_first(sales):
    frame = sales.drop("id").withColumns({"note": F.lit("x"), "amount": F.lit(1)})
    assert misfit(frame) == (
        "MISSING_COLUMN",
        "the frame does not fit the contract (missing: id; not in the contract: note; of another type: amount)",
        "amount int, note string",
        "id string, amount decimal(18,9)",
    )


def test_an_empty_frame_is_held_against_the_contract_too(spark):
    assert conform(spark.createDataFrame([], struct_type(SALES)), SALES).count() == 0
    assert misfit(spark.createDataFrame([], "id string"))[0] == "MISSING_COLUMN"


def test_a_name_with_a_dot_is_no_field_of_a_struct(sales):
    dotted = Table("gold", "dots", "1.0.0", "one row", (Column("a.b", "string", "Value."),), key=("a.b",))
    frame = sales.select(F.col("id").alias("a.b"))
    assert [row[0] for row in conform(frame, dotted).collect()] == ["a"]


@pytest.mark.parametrize("refused", ["id_date", "flags", "is_on", "raw"])
def test_delta_takes_no_statistics_where_contracts_forbid_them(spark, tmp_path, refused):
    # If this stops failing, the checks of contracts forbid more than they must.
    kinds = {"id_date": "date", "flags": "array<string>", "is_on": "boolean", "raw": "binary"}
    frame = spark.createDataFrame([], ", ".join(f"{name} {kind}" for name, kind in kinds.items()))
    writer = frame.write.format("delta").partitionBy("id_date").option("delta.dataSkippingStatsColumns", refused)
    with pytest.raises(Exception, match="DELTA_COLUMN_DATA_SKIPPING_NOT_SUPPORTED"):
        writer.save(str(tmp_path / "table"))


def test_delta_keeps_statistics_of_the_named_columns_only(spark, tmp_path):
    table = contracts.table("silver.gam_clicks")
    path = str(tmp_path / "table")
    values = {"string": "x", "bigint": 1, "boolean": True, "date": date(2026, 1, 31)}
    row = tuple(values.get(column.type) for column in table.columns)
    frame = spark.createDataFrame([row], struct_type(table))
    frame.write.format("delta").options(**table.properties).partitionBy(*table.partition_by).save(path)
    added = spark.read.json(f"{path}/_delta_log/*.json").where("add is not null").select("add.stats").head()[0]
    assert json.loads(added)["nullCount"] == {"event_at_utc": 1, "_batch_id": 0, "_file": 0}
