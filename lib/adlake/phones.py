"""Phone numbers as E.164, each distinct one worked out once.

A number says its country itself (`+49 30 ...`, or the prefix for calls abroad), or is a number of the region that
stands beside it. What makes a number valid is Google's metadata, which changes: phonenumbers is pinned.
"""

from collections.abc import Sequence

import phonenumbers
import pyarrow as pa
from phonenumbers import CountryCodeSource, PhoneNumberFormat
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

NO_REGION = ""
REGIONS = frozenset(phonenumbers.SUPPORTED_REGIONS)
INTERNATIONAL, COUNTRY_COLUMN, DEFAULT_REGION = "international", "country_column", "default_region"
PHONES_TYPE = "array<struct<e164:string,phone_region_rule:string>>"
_SAYS_ITS_COUNTRY = (CountryCodeSource.FROM_NUMBER_WITH_PLUS_SIGN, CountryCodeSource.FROM_NUMBER_WITH_IDD)
_PARSED = pa.struct([("e164", pa.string()), ("is_international", pa.bool_())])
# no text: a worker that imports this module has no session that could read it
_PARSED_TYPE = T.StructType().add("e164", "string").add("is_international", "boolean")


def e164(number: str, region: str) -> tuple[str, bool] | None:
    """The number as E.164 and whether it says its country itself; None when it is no valid number.

    Args:
        number: as somebody wrote it.
        region: ISO 3166 alpha-2 code of the country that a number without one belongs to; empty for none.
    """
    try:
        parsed = phonenumbers.parse(number, region or None, keep_raw_input=True)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    found = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    return found, parsed.country_code_source in _SAYS_ITS_COUNTRY


# pyspark's own types lack it
@F.arrow_udf(_PARSED_TYPE)  # type: ignore[attr-defined, untyped-decorator]
def _e164(numbers: pa.Array, regions: pa.Array) -> pa.Array:
    found = [e164(*pair) for pair in zip(numbers.to_pylist(), regions.to_pylist(), strict=True)]
    return pa.array([pair and {"e164": pair[0], "is_international": pair[1]} for pair in found], _PARSED)


def region(country: Column, default_region: str | None) -> tuple[Column, Column]:
    """Region of numbers that say none, and the rule by which it is that one.

    Args:
        country: of the contact; counts where it is a code of a country that has phone numbers.
        default_region: where it is not.
    """
    is_known = F.coalesce(country.isin(sorted(REGIONS)), F.lit(False))
    default = F.lit(default_region).cast("string")
    rule = F.when(is_known, COUNTRY_COLUMN).otherwise(DEFAULT_REGION)
    return F.when(is_known, country).otherwise(default), rule


def with_phones(rows: DataFrame, address: Sequence[str]) -> DataFrame:
    """The rows with `phones` and `phones_invalid` instead of the columns that these are made of.

    Every row stays one row. `phones` holds the valid numbers, each once, in their order, with the rule that told the
    country; it is empty, never null, where there is none. `phones_invalid` counts the others.

    Args:
        rows: with `phone` (texts without nulls), `phone_region` and `phone_region_rule`.
        address: the columns that tell a row from all others.
    """
    asked_by = rows.select(
        *address,
        "phone_region_rule",
        F.coalesce("phone_region", F.lit(NO_REGION)).alias("_region"),
        F.posexplode("phone").alias("_place", "_number"),
    )
    asked = asked_by.select("_number", "_region").distinct()
    answered = asked.withColumn("_found", _e164("_number", "_region"))
    rule = F.when(F.col("_found.is_international"), INTERNATIONAL).otherwise(F.col("phone_region_rule"))
    number = F.struct("_place", F.col("_found.e164").alias("e164"), rule.alias("phone_region_rule"))
    by_row = (
        asked_by.join(answered, ["_number", "_region"])
        .groupBy(*address)
        .agg(F.array_sort(F.collect_list(number)).alias("_numbers"))
    )
    found = rows.join(by_row, list(address), "left").withColumn("_valid", F.filter("_numbers", _is_valid))
    return found.select(
        *[name for name in rows.columns if name not in {"phone", "phone_region", "phone_region_rule"}],
        F.coalesce(_each_once(F.col("_valid")), F.array()).cast(PHONES_TYPE).alias("phones"),
        F.coalesce(F.size("_numbers") - F.size("_valid"), F.lit(0)).alias("phones_invalid"),
    )


def _is_valid(number: Column) -> Column:
    return number["e164"].isNotNull()


def _each_once(numbers: Column) -> Column:
    known = F.transform(numbers, lambda number: number["e164"])
    first = F.filter(numbers, lambda number, place: F.array_position(known, number["e164"]) == place + 1)
    return F.transform(first, lambda number: F.struct(number["e164"], number["phone_region_rule"]))
