"""Exchange rates: CSV files with a header, one dated rate of one currency a line.

Which columns hold them, how the file names its currencies and which way round each is quoted stands in the
configuration, so bronze keeps the columns as they come.
"""

import csv
from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from adlake.config import Config
from adlake.contracts import Table
from adlake.errors import SourceError
from adlake.identity import IdentityKey
from adlake.landing import Layout
from adlake.sources.delimited import EXTRA, read_records
from adlake.sources.source import Check, LandedFile, Refinement, Source, no_identifiers

RECORD_TYPE = "ExchangeRates"
SUFFIXES = (".csv", ".csv.gz")
DELIMITERS = (",", ";", "\t")
# day, currency and rate
FEWEST_COLUMNS = 3
ISO_DAY = r"\A\d{4}-\d{2}-\d{2}\z"
ISO_CURRENCY = r"\A[A-Z]{3}\z"
# The floating currencies begin in the early seventies; a day outside is a broken date.
FIRST_DAY, END_DAY = "1970-01-01", "2100-01-01"
RATE_TYPE = "decimal(38,18)"
# With 19 digits after the point Spark gives 1 / rate 18 of them, rounded once.
DIVISOR_TYPE = "decimal(38,19)"


def record_type_of(path: str) -> str | None:
    """Every CSV file of the folder is a file of rates."""
    return RECORD_TYPE if path.endswith(SUFFIXES) else None


def layout_of(_: str, first_line: str) -> Layout:
    """Delimiter and column order, read from the header.

    Raises:
        SourceError: under no delimiter the line gives three names or more, each once (HEADER_UNKNOWN).
    """
    for delimiter in DELIMITERS:
        columns = tuple(name.strip() for name in next(csv.reader([first_line], delimiter=delimiter), []))
        if len(columns) >= FEWEST_COLUMNS and all(columns) and len(set(columns)) == len(columns):
            return Layout(delimiter, columns, has_header=True)
    raise SourceError(
        "HEADER_UNKNOWN",
        "the first line is no header of exchange rates",
        found=f"{len(first_line)} characters",
        wanted="the names of at least three columns, cut by a comma, a semicolon or a tab, no name twice",
        way_out="The file is set aside; deliver it again with its header and it is tried again.",
    )


def read(spark: SparkSession, table: Table, root: str, files: Sequence[LandedFile]) -> DataFrame:
    """Bronze rows of the files: all their columns in `_extra`, by name, as text."""
    return read_records(spark, table, root, files, quote='"')


def records(rows: DataFrame, config: Config) -> DataFrame:
    """The bronze rows with what the configuration finds in them.

    `currency_name` is the currency as the file names it, `currency` its code (null when the configuration has none for
    it), `rate_date` and `usd_per_unit` are null where the text is no day of the calendar or no rate above 0.
    """
    day, name, rate = (
        F.trim(F.col(EXTRA)[column])
        for column in (config.fx.date_column, config.fx.currency_column, config.fx.rate_column)
    )
    currency = _code(name, config)
    return rows.select(
        "*",
        F.when(day.rlike(ISO_DAY), day.try_cast("date")).alias("rate_date"),
        name.alias("currency_name"),
        currency.alias("currency"),
        _usd_per_unit(rate, currency.isin(list(config.fx.usd_per_unit))).alias("usd_per_unit"),
    )


def _code(name: Column, config: Config) -> Column:
    if config.fx.currencies is None:
        return name
    pairs = [F.lit(text) for pair in config.fx.currencies.items() for text in pair]
    return F.create_map(*pairs)[name] if pairs else F.lit(None).cast("string")


def _usd_per_unit(rate: Column, is_usd_per_unit: Column) -> Column:
    """US dollars per unit, from a rate quoted either way; null for anything but a number above 0."""
    inverse = F.try_divide(F.lit(1).cast("decimal(1,0)"), rate.try_cast(DIVISOR_TYPE))
    dollars = F.when(is_usd_per_unit, rate.try_cast(RATE_TYPE)).otherwise(inverse)
    return F.when(dollars > 0, dollars)


def rates(rows: DataFrame, _: IdentityKey) -> DataFrame:
    """Rates of currencies, one per day and currency."""
    return rows.select(
        "rate_date",
        "currency",
        F.trunc("rate_date", "year").alias("rate_year"),
        "usd_per_unit",
        "_batch_id",
        "_file",
        "_position",
    )


def _no_day() -> Column:
    day = F.col("rate_date")
    return day.isNull() | (day < F.lit(FIRST_DAY).cast("date")) | (day >= F.lit(END_DAY).cast("date"))


def _no_currency() -> Column:
    name = F.col("currency_name")
    return name.isNull() | (name == "") | ~F.col("currency").rlike(ISO_CURRENCY)


_RULES = [
    Check("rate_date_invalid", _no_day),
    Check("currency_invalid", _no_currency),
    Check("exchange_rate_invalid", lambda: F.col("usd_per_unit").isNull()),
]
_UNMAPPED = Check("currency_unmapped", lambda: F.col("currency").isNull())

FX = Source(
    name="fx",
    record_types={RECORD_TYPE: "fx_rates"},
    record_type_of=record_type_of,
    layout_of=layout_of,
    read=read,
    refinements={"silver.fx_rates": Refinement(_RULES, [_UNMAPPED], rates, no_identifiers, records)},
)
