"""Records of delimited text files, typed by Spark's reader, each with its place in its file."""

import re
from collections.abc import Sequence
from itertools import groupby

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from adlake.contracts import Table
from adlake.frames import struct_type
from adlake.landing import Layout
from adlake.paths import literal_path
from adlake.sources.files import FILE, POSITION, RECORD_TYPE, position, record_type, relative_path
from adlake.sources.source import MALFORMED, REFUSAL, UNREADABLE_VALUE, WRONG_COLUMN_COUNT, LandedFile

# Beyond these the reader fails the whole file instead of refusing the line.
MOST_COLUMNS = 200_000
# Numbers with a point and never a comma: the default takes a comma for a mark of thousands, and 0,35 for 35.
POINT_LOCALE = "de-CH"
# Said outright: without it a time of day would be taken for today's.
TIMESTAMP_FORMAT = "yyyy-MM-dd HH:mm:ss[.SSSSSSSSS]"
EXTRA = "_extra"


def read_records(spark: SparkSession, table: Table, root: str, files: Sequence[LandedFile], *, quote: str) -> DataFrame:
    """One row per record of the files.

    It holds the contract's source columns, `_extra`, provenance, `_malformed` and `_refusal`.

    A record whose columns cannot be cut or typed as the contract says carries its raw line in `_malformed`; its other
    columns mean nothing then, and `_refusal` says why. Files with the same layout are read in one scan.

    Args:
        spark: a session inside `one_file_per_task`.
        table: the bronze contract.
        root: the landing zone as Spark addresses it.
        files: claimed files of that table.
        quote: the quote character, or nothing where the format knows none.
    """
    by_layout = groupby(sorted(files, key=_layout_key), key=_layout_key)
    frames = [_read_group(spark, table, root, list(group), quote) for _, group in by_layout]
    rows = frames[0]
    for frame in frames[1:]:
        rows = rows.unionByName(frame)
    return rows


def _layout_key(file: LandedFile) -> tuple[str, ...]:
    layout = file.layout
    return (str(layout.delimiter), layout.line_end, str(layout.has_header), *layout.columns)


def _read_group(spark: SparkSession, table: Table, root: str, files: Sequence[LandedFile], quote: str) -> DataFrame:
    layout = files[0].layout
    known = {field.name: field for field in struct_type(table).fields if not field.name.startswith("_")}
    fields = [known.get(name, T.StructField(name, T.StringType())) for name in layout.columns]
    schema = T.StructType([*fields, T.StructField(MALFORMED, T.StringType())])
    # Ad Manager writes `Null`, or nothing, in or out of quotes, where a field does not apply
    nothing = "Null" if layout.has_header else ""
    records = (
        spark.read.schema(schema)
        .option("sep", _delimiter(layout))
        .option("lineSep", layout.line_end)
        .option("header", layout.has_header)
        .option("quote", quote)
        .option("escape", quote)
        .option("nullValue", nothing)
        .option("emptyValue", nothing)
        .option("timestampFormat", TIMESTAMP_FORMAT)
        .option("locale", POINT_LOCALE)
        .option("maxColumns", MOST_COLUMNS)
        .option("mode", "PERMISSIVE")
        .option("columnNameOfCorruptRecord", MALFORMED)
        .csv([literal_path(f"{root}/{file.path}") for file in files])
    )
    columns = [_source_column(field, layout.columns) for field in known.values()]
    unknown = [name for name in layout.columns if name not in known]
    extra = [_extra(unknown)] if EXTRA in table.column_names else []
    return records.select(
        *columns,
        *extra,
        record_type(relative_path(root, files), files).alias(RECORD_TYPE),
        relative_path(root, files).alias(FILE),
        position().alias(POSITION),
        MALFORMED,
        _refusal(layout, quote).alias(REFUSAL),
    )


def _delimiter(layout: Layout) -> str:
    assert layout.delimiter is not None  # noqa: S101 files that this module reads have columns
    return layout.delimiter


def _refusal(layout: Layout, quote: str) -> Column:
    """Why the reader could not take the record; null for one that it could."""
    line = F.col(MALFORMED)
    delimiter = re.escape(_delimiter(layout))
    # a delimiter inside a quoted field cuts nothing
    quoted = f"(?<=^|{delimiter}){quote}(?:[^{quote}]++|{quote}{quote})*+{quote}"
    bare = F.regexp_replace(line, quoted, "") if quote else line
    delimiters = F.length(bare) - F.length(F.replace(bare, F.lit(_delimiter(layout)), F.lit("")))
    reason = F.when(delimiters != len(layout.columns) - 1, WRONG_COLUMN_COUNT).otherwise(UNREADABLE_VALUE)
    return F.when(line.isNotNull(), reason)


def _source_column(field: T.StructField, present: Sequence[str]) -> Column:
    if field.name in present:
        return F.col(f"`{field.name}`")
    return F.lit(None).cast(field.dataType.simpleString()).alias(field.name)


def _extra(unknown: Sequence[str]) -> Column:
    nothing = F.lit(None).cast("map<string,string>")
    if not unknown:
        return nothing.alias(EXTRA)
    pairs = [part for name in unknown for part in (F.lit(name), F.col(f"`{name}`"))]
    present = F.map_filter(F.create_map(*pairs), lambda _, value: value.isNotNull())
    return F.when(F.size(present) > 0, present).alias(EXTRA)
