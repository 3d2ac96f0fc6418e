"""Records of JSON files, typed as the bronze contract says, each with its text and its place in its file.

Each record is parsed once, wrapped as the only entry of an array: so a text that goes on after the record is no JSON,
and a line that is one record needs no search for the next one. Spark's `from_json` takes a number as text for an id
(digit by digit), but no text for a number.
"""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from adlake.contracts import Table
from adlake.frames import struct_type
from adlake.paths import literal_path
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
# Enough to tell a nested record from a broken one, and no array of millions for a record of 10 MB.
BRACKETS_LOOKED_AT = 20_000
REPLACEMENT = "\ufffd"
LINE, WHOLE, TEXT, PARSED, IS_UTF8, BAD = "value", "_whole", "_text", "_parsed", "_is_utf8", "_bad"


def read_records(
    spark: SparkSession, table: Table, root: str, files: Sequence[LandedFile], *, header: str, once: str
) -> DataFrame:
    """One row per record of the files.

    It holds the contract's source columns and `_record`, provenance, `_malformed` and `_refusal`.

    A record that is no JSON object, or no object of the contract's types, carries its text in `_malformed`; its other
    columns mean nothing then, and `_refusal` says why. A name that an object holds twice counts with its last value,
    as Spark's own reader has it, unless the record holds `once` twice: then every object is looked at.

    Args:
        spark: a session inside `one_file_per_task`.
        table: the bronze contract.
        root: the landing zone as Spark addresses it.
        files: claimed files of that table.
        header: what a logger may write before a record, as a pattern.
        once: a text that a record holds once at most; two are the mark of records that ran into each other.
    """
    schema = T.StructType([field for field in struct_type(table).fields if not field.name.startswith("_")])
    line, text = F.col(LINE), F.col(TEXT)
    bare = F.when(line.startswith("{"), line).otherwise(F.regexp_replace(line, rf"\A{header}", ""))
    is_one = _is_record(F.col(WHOLE))
    pieces = F.when(is_one, F.array(line)).otherwise(F.split(line, BETWEEN))
    # a line that is no single record is parsed again, in its pieces
    parsed = F.when(is_one, F.col(WHOLE)).otherwise(_parsed(text, schema))
    # a cut puts a mark in the place of broken bytes
    is_utf8 = F.col(IS_UTF8) | ~(is_one | text.contains(REPLACEMENT))
    records = (
        spark.read.option("lineSep", "\n")
        .text([literal_path(f"{root}/{file.path}") for file in files])
        .where(~_is_blank(line))
        # of the line as it was: taking a header off mends broken bytes
        .select(bare.alias(LINE), F.is_valid_utf8(line).alias(IS_UTF8), relative_path(root, files).alias(FILE))
        .select(FILE, LINE, IS_UTF8, _parsed(line, schema).alias(WHOLE))
        .select(FILE, IS_UTF8, WHOLE, F.explode(pieces).alias(TEXT))
        .select(FILE, TEXT, is_utf8.alias(IS_UTF8), parsed.alias(PARSED), position().alias(POSITION))
    )
    refusal = _refusal(once)
    return records.select(
        *[_record(F.col(PARSED))[field.name].alias(field.name) for field in schema.fields],
        text.alias(RECORD),
        record_type(F.col(FILE), files).alias(RECORD_TYPE),
        FILE,
        POSITION,
        # no table takes bytes that are no text
        F.when(refusal.isNotNull(), F.make_valid_utf8(TEXT)).alias(MALFORMED),
        refusal.alias(REFUSAL),
    )


def _is_blank(line: Column) -> Column:
    """Whether the line holds nothing; the first character tells it of almost every other, without a copy."""
    return (F.ascii(line) <= ord(" ")) & line.rlike(BLANK)


def _parsed(text: Column, schema: T.StructType) -> Column:
    """The record as entry of `r`; `_bad` is null for a text that is one array of objects with these types."""
    wrapped = T.StructType([T.StructField("r", T.ArrayType(schema)), T.StructField(BAD, T.StringType())])
    whole = F.concat(F.lit('{"r":['), text, F.lit("]}"))
    return F.from_json(whole, wrapped, {**STRICT, "columnNameOfCorruptRecord": BAD})


def _is_record(parsed: Column) -> Column:
    return parsed[BAD].isNull() & (F.size(parsed["r"]) == 1) & _record(parsed).isNotNull()


def _record(parsed: Column) -> Column:
    return F.get(parsed["r"], F.lit(0))


def _refusal(once: str) -> Column:
    """Why the record cannot be taken; null for one that can.

    What costs stands once, behind what is cheap: an expression that stands twice is asked of every record first.
    """
    text, is_record = F.col(TEXT), _is_record(F.col(PARSED))
    # the first is found early, and looking for one more is cheaper than counting to two
    after_first = F.length(F.substring_index(text, once, 1)) + len(once) + 1
    is_doubtful = F.contains(F.substring(text, after_first, F.length(text)), F.lit(once))
    of_json = F.when(is_record, F.lit(None)).when(F.ltrim(text).startswith("{"), UNREADABLE_VALUE)
    return (
        F.when(~F.col(IS_UTF8), NOT_UTF8)
        .when(is_record & ~is_doubtful, F.lit(None))
        .when(_is_json(text) & (_entries(text) == 1), of_json.otherwise(NOT_AN_OBJECT))
        .when(is_record, DUPLICATE_KEYS)
        .when(_levels(text) > MOST_LEVELS, TOO_DEEP)
        .otherwise(NOT_JSON)
    )


def _is_json(text: Column) -> Column:
    """Whether the text begins with a JSON value whose objects hold no name twice."""
    return F.try_parse_json(text).isNotNull()


def _entries(text: Column) -> Column:
    return F.json_array_length(F.concat(F.lit("["), text, F.lit("]")))


def _levels(text: Column) -> Column:
    """How deep brackets nest outside of strings."""
    bare = F.regexp_replace(F.regexp_replace(text, r"\\.", ""), '"[^"]*"', "")
    brackets = F.substring(F.regexp_replace(bare, r"[^\[\]{}]+", ""), 1, BRACKETS_LOOKED_AT)
    start = F.struct(F.lit(0).alias("now"), F.lit(0).alias("most"))

    def step(levels: Column, bracket: Column) -> Column:
        now = levels["now"] + F.when(bracket.isin("[", "{"), 1).otherwise(-1)
        return F.struct(now.alias("now"), F.greatest(levels["most"], now).alias("most"))

    return F.aggregate(F.split(brackets, ""), start, step, lambda levels: levels["most"])
