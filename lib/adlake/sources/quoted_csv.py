r"""Records of CSV files whose quoted fields may hold line ends (RFC 4180), as text by column name.

The inspection counts a line end after an odd number of quote marks as text. This does the same by construction: quote
marks are counted line by line from the start of the file, and the lines of one record are joined again. So a field may
hold a quote mark only when it is quoted itself, as the standard has it; what breaks that is refused, never cut askew.
"""

import re
from collections.abc import Sequence
from itertools import groupby

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from adlake.landing import Layout
from adlake.paths import literal_path
from adlake.sources.files import FILE, POSITION, RECORD_TYPE, position, relative_path
from adlake.sources.source import MALFORMED, NOT_UTF8, REFUSAL, WRONG_COLUMN_COUNT, LandedFile

MISPLACED_QUOTE = "misplaced_quote"
VALUES = "values"
LINE, TEXT, RECORD, CUT = "_line", "_text", "_record", "_cut"
BLANK = r"^[\x00-\x20]*\z"


def read_records(spark: SparkSession, root: str, files: Sequence[LandedFile]) -> DataFrame:
    """One row per record of the files: `values`, provenance, `_malformed` and `_refusal`.

    `values` holds every field by the name of its column, null where it is empty. A record that is no UTF-8, that has
    quote marks where none may be, or more or fewer fields than the header, carries its text in `_malformed`.

    Args:
        spark: a session inside `one_file_per_task`.
        root: the landing zone as Spark addresses it.
        files: claimed files; those with one header and one record type are read in one scan.
    """
    frames = [_read_group(spark, root, list(group)) for _, group in groupby(sorted(files, key=_kind), key=_kind)]
    rows = frames[0]
    for frame in frames[1:]:
        rows = rows.unionByName(frame)
    return rows


def _kind(file: LandedFile) -> tuple[str, ...]:
    return (file.record_type, str(file.layout.delimiter), *file.layout.columns)


def _read_group(spark: SparkSession, root: str, files: Sequence[LandedFile]) -> DataFrame:
    layout = files[0].layout
    paths = [literal_path(f"{root}/{file.path}") for file in files]
    lines = spark.read.option("lineSep", "\n").text(paths)
    placed = lines.select(relative_path(root, files).alias(FILE), position().alias(LINE), F.col("value").alias(TEXT))
    without_end = F.regexp_replace(TEXT, r"\r\z", "")
    # as a column alone it would be worked out again wherever it is asked for, a filter included, and again in each
    refusal = F.explode(F.array(_refusal(layout))).alias(REFUSAL)
    records = _records(placed).withColumn(RECORD, without_end).select("*", refusal)
    # cut only what is sound: the reader ends the whole job at a record of very many fields
    is_sound = F.col(REFUSAL).isNull()
    return records.withColumn(CUT, F.when(is_sound, _cut(layout))).select(
        F.when(is_sound, _values(layout)).alias(VALUES),
        F.lit(files[0].record_type).alias(RECORD_TYPE),
        FILE,
        POSITION,
        F.when(~is_sound, F.col(RECORD)).alias(MALFORMED),
        REFUSAL,
    )


def _records(lines: DataFrame) -> DataFrame:
    """Texts of records from the lines of files, numbered from 1 after the header; blank ones are left out.

    Args:
        lines: file, number of the line, text without its line end.
    """
    in_file = Window.partitionBy(FILE).orderBy(LINE)
    before = in_file.rowsBetween(Window.unboundedPreceding, -1)
    so_far = in_file.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    # bytes, not characters: a broken character swallows the quote mark behind it
    quote_marks = F.octet_length(TEXT) - F.octet_length(F.replace(TEXT, F.lit('"'), F.lit("")))
    begins = F.coalesce(F.sum(quote_marks).over(before), F.lit(0)) % 2 == 0
    line = F.struct(LINE, TEXT)
    text = F.array_join(F.transform(F.array_sort(F.collect_list(line)), lambda line: line[TEXT]), "\n")
    return (
        lines.withColumn("_begins", begins)
        .where(~(F.col("_begins") & F.col(TEXT).rlike(BLANK)))
        .withColumn(RECORD, F.count_if("_begins").over(so_far))
        .where(F.col(RECORD) > 1)
        .groupBy(FILE, (F.col(RECORD) - 1).alias(POSITION))
        .agg(text.alias(TEXT))
    )


def _cut(layout: Layout) -> Column:
    """The fields of a record as a struct."""
    kinds = ", ".join(f"c{number} string" for number in range(len(layout.columns)))
    return F.from_csv(RECORD, kinds, {"sep": str(layout.delimiter), "escape": '"', "mode": "FAILFAST"})


def _values(layout: Layout) -> Column:
    fields = ", ".join(f"{CUT}.c{number}" for number in range(len(layout.columns)))
    return F.map_from_arrays(F.array(*map(F.lit, layout.columns)), F.expr(f"array({fields})"))


def _refusal(layout: Layout) -> Column:
    """Why the record cannot be taken; null for one that can."""
    delimiter = re.escape(str(layout.delimiter))
    # possessive groups, which Java walks through without recursion: a field may be long
    field = rf'(?:"[^"]*+(?:""[^"]*+)*+"|[^"{delimiter}]*+)'
    record = F.col(RECORD)
    bare = F.when(record.contains('"'), F.regexp_replace(record, '"[^"]*+"', "")).otherwise(record)
    delimiters = F.octet_length(bare) - F.octet_length(F.replace(bare, F.lit(str(layout.delimiter)), F.lit("")))
    fields = F.floor(delimiters / len(str(layout.delimiter).encode())) + 1
    return (
        # of the text as it was: a regular expression gives it back with its broken characters replaced
        F.when(~F.is_valid_utf8(TEXT), NOT_UTF8)
        .when(~record.rlike(rf"^{field}(?:{delimiter}{field})*+\z"), MISPLACED_QUOTE)
        .when(fields != len(layout.columns), WRONG_COLUMN_COUNT)
    )
