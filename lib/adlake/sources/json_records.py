"""Records of JSON files, typed as the bronze contract says, each with its text and its place in its file.

Each record is parsed once, and as the last step but one that copies it: a parsed record is wide, and Spark copies it
from step to step. Spark's `from_json` takes a number as text for an id (digit by digit), but no text for a number.
"""

import functools
from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from adlake.contracts import Table
from adlake.frames import struct_type
from adlake.paths import literal_path
from adlake.sources import nested
from adlake.sources.files import FILE, POSITION, RECORD_TYPE, position, record_type, relative_path
from adlake.sources.source import MALFORMED, NOT_UTF8, REFUSAL, UNREADABLE_VALUE, LandedFile

RECORD = "_record"
NOT_JSON, NOT_AN_OBJECT, TOO_DEEP = "not_json", "not_an_object", "too_deep"
DUPLICATE_KEYS = "duplicate_keys"
# What landing.BETWEEN_JSON_RECORDS finds, as a place to cut at.
BETWEEN = r'(?<=\})[ \t]*(?=\{[ \t]*"\w)'
BLANK = r"\A[\x00-\x20]*\z"
# Strict where Spark is lenient; the parser's own limits stay: 1,000 levels, names of 50,000 bytes, 1,000 digits.
STRICT = {"mode": "PERMISSIVE", "allowSingleQuotes": "false", "allowNonNumericNumbers": "false"}
# The parser allows 1,000; the wrapping takes two.
MOST_LEVELS = 998
# A string of 20 million letters or a variant of 128 MiB ends the look for names too; no smaller text holds either.
MOST_BYTES_LOOKED_AT = 20_000_000
# Enough to tell a nested record from a broken one, and no array of millions for a record of 10 MB.
BRACKETS_LOOKED_AT = 20_000
REPLACEMENT = "\ufffd"
WITH_ONE_MORE = 2
LINE, TEXT, IS_READ, BAD = "value", "_text", "_is_read", "_bad"
IS_UTF8, IS_UNAMBIGUOUS = "_is_utf8", "_is_unambiguous"
# a name that no record uses
HASH = "adlake:hash"


def read_records(
    spark: SparkSession, table: Table, root: str, files: Sequence[LandedFile], *, header: str
) -> DataFrame:
    """One row per record of the files.

    It holds the contract's source columns and `_record`, provenance, `_malformed` and `_refusal`.

    A record that is no JSON object, or no object of the contract's types, carries its text in `_malformed`; its other
    columns mean nothing then, and `_refusal` says why. So does one with an object that holds a name twice, of which
    Spark's own reader would take the last value without a word (RFC 8259 section 4: what to take is nobody's to say).

    Args:
        spark: a session inside `one_file_per_task`.
        table: the bronze contract.
        root: the landing zone as Spark addresses it.
        files: claimed files of that table.
        header: what a logger may write before a record, as a pattern.
    """
    schema = T.StructType([field for field in struct_type(table).fields if not field.name.startswith("_")])
    own_line = [file for file in files if file.layout.line_end]
    shared_line = [file for file in files if not file.layout.line_end]
    frames = [_of_lines(spark, root, own_line, header)] if own_line else []
    frames += [_of_pieces(spark, root, shared_line, header)] if shared_line else []
    texts = functools.reduce(DataFrame.unionByName, frames)
    texts = texts.select("*", _is_unambiguous(F.col(TEXT)).alias(IS_UNAMBIGUOUS))
    # as a column the parsed record would be asked for twice, by a filter and by what follows it
    parsed = texts.select("*", F.inline_outer(_record(F.col(TEXT), schema)))
    refusal = _refusal()
    return parsed.select(
        *[field.name for field in schema.fields],
        F.col(TEXT).alias(RECORD),
        record_type(F.col(FILE), files).alias(RECORD_TYPE),
        FILE,
        POSITION,
        # no table takes bytes that are no text
        F.when(refusal.isNotNull(), F.make_valid_utf8(TEXT)).alias(MALFORMED),
        refusal.alias(REFUSAL),
    )


def _lines(spark: SparkSession, root: str, files: Sequence[LandedFile], header: str) -> DataFrame:
    """Lines that hold anything, without what the logger wrote before them."""
    line = F.col(LINE)
    bare = F.when(line.startswith("{"), line).otherwise(F.regexp_replace(line, rf"\A{header}", ""))
    return (
        spark.read.option("lineSep", "\n")
        .text([literal_path(f"{root}/{file.path}") for file in files])
        .where(~_is_blank(line))
        # of the line as it was: taking a header off mends broken bytes
        .select(bare.alias(TEXT), F.is_valid_utf8(line).alias(IS_UTF8), relative_path(root, files).alias(FILE))
    )


def _of_lines(spark: SparkSession, root: str, files: Sequence[LandedFile], header: str) -> DataFrame:
    """Records of files that have one in a line."""
    return _lines(spark, root, files, header).select(FILE, TEXT, IS_UTF8, position().alias(POSITION))


def _of_pieces(spark: SparkSession, root: str, files: Sequence[LandedFile], header: str) -> DataFrame:
    """Records of files that have several in a line; a broken one does not take its neighbours with it."""
    pieces = _lines(spark, root, files, header).select(FILE, IS_UTF8, F.explode(F.split(TEXT, BETWEEN)).alias(TEXT))
    # a cut puts a mark in the place of broken bytes
    is_utf8 = F.col(IS_UTF8) | ~F.contains(TEXT, F.lit(REPLACEMENT))
    return pieces.select(FILE, TEXT, is_utf8.alias(IS_UTF8), position().alias(POSITION))


def _is_blank(line: Column) -> Column:
    """Whether the line holds nothing; the first character tells it of almost every other, without a copy."""
    return (F.ascii(line) <= ord(" ")) & line.rlike(BLANK)


def _record(text: Column, schema: T.StructType) -> Column:
    """The record with `_is_read` as the one entry of an array; null for a text that is no object of these types.

    The parser reads no further than to the end of what it began with, so a text may close what it was put into and go
    on. It is put between two entries that hold a hash of it, and no text holds its own: so both are found, with one
    object between them, only around a text that is that object and nothing else.
    """
    entry = T.StructType([*schema.fields, T.StructField(HASH, T.LongType())])
    wrapped = T.StructType([T.StructField("r", T.ArrayType(entry)), T.StructField(BAD, T.StringType())])
    options = {**STRICT, "columnNameOfCorruptRecord": BAD}

    def taken(found: Column, key: Column) -> Column:
        first, record, last = entries = [F.get(found["r"], F.lit(number)) for number in range(3)]
        is_whole = (
            (F.size(found["r"]) == len(entries)) & (first[HASH] == key) & (last[HASH] == key) & record.isNotNull()
        )
        fields = [record[field.name].alias(field.name) for field in schema.fields]
        return F.when(found[BAD].isNull() & is_whole, F.array(F.struct(*fields, F.lit(True).alias(IS_READ))))

    def parsed(key: Column) -> Column:
        guard = F.concat(F.lit(f'{{"{HASH}":'), key.cast("string"), F.lit("}"))
        whole = F.concat(F.lit('{"r":['), guard, F.lit(","), text, F.lit(","), guard, F.lit("]}"))
        return nested.once(F.from_json(whole, wrapped, options), lambda found: taken(found, key))

    return nested.once(F.xxhash64(text), parsed)


def _refusal() -> Column:
    """Why the record cannot be taken; null for one that can.

    What costs stands once, behind what is cheap: an expression that stands twice is asked of every record first.
    """
    text, is_unambiguous = F.col(TEXT), F.col(IS_UNAMBIGUOUS)
    is_object = F.size(_record(text, T.StructType())) == 1
    return (
        F.when(~F.col(IS_UTF8), NOT_UTF8)
        .when(F.col(IS_READ).isNotNull(), F.when(~is_unambiguous, DUPLICATE_KEYS))
        .when(is_object, F.when(is_unambiguous, UNREADABLE_VALUE).otherwise(DUPLICATE_KEYS))
        .when(_is_json(text) & _is_alone(text), NOT_AN_OBJECT)
        .when(_levels(text) > MOST_LEVELS, TOO_DEEP)
        .otherwise(NOT_JSON)
    )


def _is_unambiguous(text: Column) -> Column:
    """Whether no object within a JSON object holds a name twice, at whatever depth; a huge one is believed."""
    return (F.octet_length(text) > MOST_BYTES_LOOKED_AT) | _is_json(text)


def _is_json(text: Column) -> Column:
    """Whether the text begins with a JSON value whose objects hold no name twice."""
    return F.try_parse_json(text).isNotNull()


def _is_alone(text: Column) -> Column:
    """Whether a JSON text is one value: with one more behind it, it is two."""
    return F.json_array_length(F.concat(F.lit("["), text, F.lit(",0]"))) == WITH_ONE_MORE


def _levels(text: Column) -> Column:
    """How deep brackets nest outside of strings."""
    bare = F.regexp_replace(F.regexp_replace(text, r"\\.", ""), '"[^"]*"', "")
    brackets = F.substring(F.regexp_replace(bare, r"[^\[\]{}]+", ""), 1, BRACKETS_LOOKED_AT)
    start = F.struct(F.lit(0).alias("now"), F.lit(0).alias("most"))

    def step(levels: Column, bracket: Column) -> Column:
        now = levels["now"] + F.when(bracket.isin("[", "{"), 1).otherwise(-1)
        return F.struct(now.alias("now"), F.greatest(levels["most"], now).alias("most"))

    return F.aggregate(F.split(brackets, ""), start, step, lambda levels: levels["most"])
