"""Frames held against contracts: the schema that a table has, and frames that have exactly that schema."""

from collections import Counter

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

from adlake.contracts import Table
from adlake.contracts.spark_types import SparkType, parse_type
from adlake.errors import ContractError

_PLAIN: dict[str, type[T.DataType]] = {
    "boolean": T.BooleanType,
    "tinyint": T.ByteType,
    "smallint": T.ShortType,
    "int": T.IntegerType,
    "bigint": T.LongType,
    "float": T.FloatType,
    "double": T.DoubleType,
    "string": T.StringType,
    "binary": T.BinaryType,
    "date": T.DateType,
    "timestamp": T.TimestampType,
}


def struct_type(table: Table) -> T.StructType:
    """The schema of a table, made without a session.

    Every column is nullable: Spark's flag says nothing about the data, the contract's `required` is checked on it.
    """
    return T.StructType([T.StructField(column.name, _data_type(parse_type(column.type))) for column in table.columns])


def empty_frame(spark: SparkSession, table: Table) -> DataFrame:
    """A frame of the table without rows, made without a Python worker."""
    return spark.range(0).selectExpr(*[f"cast(null as {column.type}) as `{column.name}`" for column in table.columns])


def conform(frame: DataFrame, table: Table) -> DataFrame:
    """The same rows with exactly the columns of the contract, in its order.

    Nothing is cast, renamed or dropped: a frame that is not what it should be is a fault in the code that made it.
    Names are compared exactly, types as Spark prints them; whether a column is nullable is not compared.

    Args:
        frame: any grain; its columns may stand in any order.
        table: the contract.

    Raises:
        ContractError: MISSING_COLUMN, else EXTRA_COLUMN (a name given twice is one), else MISTYPED_COLUMN; the error
            names all columns of all three kinds.
    """
    found = [(field.name, field.dataType.simpleString()) for field in frame.schema.fields]
    wanted = {column.name: column.type for column in table.columns}
    times = Counter(name for name, _ in found)
    misfits = {
        "MISSING_COLUMN": [name for name in wanted if name not in times],
        "EXTRA_COLUMN": list(dict.fromkeys(name for name, _ in found if name not in wanted or times[name] > 1)),
        "MISTYPED_COLUMN": [name for name, kind in found if name in wanted and kind != wanted[name]],
    }
    if any(misfits.values()):
        raise _misfit(table, misfits, found, wanted)
    in_order = [name for name, _ in found] == list(wanted)
    return frame if in_order else frame.selectExpr(*[f"`{name}`" for name in wanted])


def _misfit(
    table: Table, misfits: dict[str, list[str]], found: list[tuple[str, str]], wanted: dict[str, str]
) -> ContractError:
    """One error for all columns that do not fit; its condition is that of the first kind."""
    said = {"MISSING_COLUMN": "missing", "EXTRA_COLUMN": "not in the contract", "MISTYPED_COLUMN": "of another type"}
    clauses = [f"{said[kind]}: {', '.join(names)}" for kind, names in misfits.items() if names]
    named = {name for names in misfits.values() for name in names}
    return ContractError(
        next(kind for kind, names in misfits.items() if names),
        f"the frame does not fit the contract ({'; '.join(clauses)})",
        where=table.qualified,
        found=", ".join(f"{name} {kind}" for name, kind in found if name in named) or "none of them",
        wanted=", ".join(f"{name} {kind}" for name, kind in wanted.items() if name in named) or "none of them",
        way_out=f"Change the transformation, or schemas/{table.path}.odcs.yaml and its version.",
    )


def _data_type(kind: SparkType) -> T.DataType:
    """The type as pyspark has it."""
    if kind.name == "decimal":
        return T.DecimalType(kind.precision, kind.scale)
    if kind.name == "array":
        return T.ArrayType(_data_type(kind.parts[0]))
    if kind.name == "map":
        return T.MapType(_data_type(kind.parts[0]), _data_type(kind.parts[1]))
    if kind.name == "struct":
        pairs = zip(kind.fields, kind.parts, strict=True)
        return T.StructType([T.StructField(name, _data_type(part)) for name, part in pairs])
    return _PLAIN[kind.name]()
