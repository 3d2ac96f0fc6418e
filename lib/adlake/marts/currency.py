"""Money in the currency of the lake, by the exchange rates of the day."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.config import Config
from adlake.contracts import table
from adlake.lake import Lake, ask
from adlake.marts.mart import Change, Frames, Pricing, Reference

FX_RATES = "fx_rates"
USD = "USD"
# Their product has 37 digits, so it is exact, and so is all that is done with it.
AMOUNT_TYPE, RATE_TYPE = "decimal(16,0)", "decimal(20,18)"
RATE_COLUMNS = ("usd_per_unit", "lake_usd_per_unit", "rate_date")

Rates = Mapping[tuple[str, str], Decimal]
"""US dollars per unit, by currency and ISO day."""


def exchange_rates(fx_rates: DataFrame, days: DataFrame, config: Config) -> DataFrame:
    """What a unit of each currency was worth on each day, beside a unit of the lake's own.

    Of a day the newest rate counts that is not later and at most `fx.max_age_days` older. US dollars are 1 without a
    rate, and the lake's currency is worth itself.

    Args:
        fx_rates: `silver.fx_rates`.
        days: distinct `event_date`.
        config: says the currency of the lake and how long a rate holds.

    Returns:
        one row per day and currency that can be converted: `event_date`, `currency` and the columns of `RATE_COLUMNS`;
        `rate_date` is the older of the two rates' days, null where no rate was needed.
    """
    dollars = days.select("event_date", F.lit(USD).alias("currency"), *_unit("usd_per_unit"), _no_date("rate_date"))
    known = _in_force(fx_rates, days, config.fx.max_age_days).where(F.col("currency") != USD).unionByName(dollars)
    own = known.where(F.col("currency") == config.currency).select(
        "event_date", F.col("usd_per_unit").alias("lake_usd_per_unit"), F.col("rate_date").alias("_lake_rate_date")
    )
    foreign = known.where(F.col("currency") != config.currency).join(own, "event_date", "inner")
    older = F.least("rate_date", "_lake_rate_date").alias("rate_date")
    itself = days.select(
        "event_date",
        F.lit(config.currency).alias("currency"),
        *_unit("usd_per_unit", "lake_usd_per_unit"),
        _no_date("rate_date"),
    )
    return foreign.select("event_date", "currency", "usd_per_unit", "lake_usd_per_unit", older).unionByName(itself)


def with_exchange_rates(rows: DataFrame, rates: DataFrame) -> DataFrame:
    """The rows with the columns of `RATE_COLUMNS` for their `event_date` and `currency`; null where none is known."""
    return rows.join(F.broadcast(rates), ["event_date", "currency"], "left")


def lake_micros(micros: Column) -> Column:
    """The amount in the lake's currency, rounded half up once; null without a rate.

    Asked of rows with the columns of `RATE_COLUMNS`.

    Args:
        micros: 0 or more millionths of the row's currency; from 10^16 on the result is null.
    """
    worth = micros.try_cast(AMOUNT_TYPE) * F.col("usd_per_unit")
    unit = F.col("lake_usd_per_unit")
    rest = worth % unit
    # a multiple of the unit: this division leaves nothing to round
    whole = F.try_divide(worth - rest, unit).try_cast("bigint")
    return whole + F.when(rest >= unit - rest, F.lit(1)).otherwise(F.lit(0))


def _unit(*names: str) -> list[Column]:
    return [F.lit(1).cast(RATE_TYPE).alias(name) for name in names]


def _no_date(name: str) -> Column:
    return F.lit(None).cast("date").alias(name)


def _in_force(fx_rates: DataFrame, days: DataFrame, max_age_days: int) -> DataFrame:
    """The newest rate of each currency as of each day."""
    dated = fx_rates.select("rate_date", "currency", F.col("usd_per_unit").try_cast(RATE_TYPE).alias("usd_per_unit"))
    age_days = F.date_diff("event_date", "rate_date")
    reached = days.join(F.broadcast(dated), age_days.between(0, max_age_days), "inner")
    newest = (F.max_by("usd_per_unit", "rate_date").alias("usd_per_unit"), F.max("rate_date").alias("rate_date"))
    return reached.groupBy("event_date", "currency").agg(*newest).where(F.col("usd_per_unit").isNotNull())


def _days_of_rates(lake: Lake, days: Collection[str], change: Change) -> set[str]:
    """The days on which a rate that changed is the newest of its currency, now or before."""
    if not change.slices:
        return set()
    max_age_days, now, before = lake.config.fx.max_age_days, _rates(lake), _rates(lake, change.consumed)
    if now is None or before is None:
        spans = {(day, _later(day, max_age_days)) for day in change.slices}
    else:
        differing = {key for key in {*now, *before} if now.get(key) != before.get(key) and key[1] in change.slices}
        spans = _spans(differing, {*now, *differing}, max_age_days)
    return {day for day in days if any(first <= day <= last for first, last in spans)}


def _spans(
    changed: Collection[tuple[str, str]], held: Collection[tuple[str, str]], max_age_days: int
) -> set[tuple[str, str]]:
    """First and last day on which each changed rate is the newest, from currencies and days of rates."""
    dates: dict[str, list[str]] = defaultdict(list)
    for currency, day in sorted(held):
        dates[currency].append(day)
    spans = set()
    for currency, day in changed:
        following = dates[currency][bisect_right(dates[currency], day) :][:1]
        ends = [_later(day, max_age_days), *(_later(next_day, -1) for next_day in following)]
        spans.add((day, min(ends)))
    return spans


def _later(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def _rates(lake: Lake, version: int | None = None) -> Rates | None:
    """All rates of a version, the newest for None; none before the first; None where its files are gone."""
    delta = lake.delta(table(f"silver.{FX_RATES}"))
    if delta is None or version == -1:
        return {}
    if version is not None:
        delta.load_as_version(version)
    asked = "select currency, cast(rate_date as varchar) as rate_date, usd_per_unit from rows"
    try:
        found = ask(delta, asked)
    except (pa.ArrowInvalid, OSError):
        # VACUUM took a file that an old version held
        return None
    names = zip(found["currency"].to_pylist(), found["rate_date"].to_pylist(), strict=True)
    return dict(zip(names, found["usd_per_unit"].to_pylist(), strict=True))


def _joined(sums: DataFrame, frames: Frames, config: Config) -> DataFrame:
    return with_exchange_rates(sums, exchange_rates(frames[FX_RATES], frames["days"], config))


EXCHANGE_RATES = Reference(FX_RATES, _days_of_rates)
EXCHANGED = Pricing(("event_date", "currency", "cpm_micros"), _joined)
