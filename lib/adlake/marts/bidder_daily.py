"""gold.bidder_daily: what each bidder was asked, answered, won and took time for, by day and place."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.config import Config
from adlake.marts.currency import (
    EXCHANGE_RATES,
    EXCHANGED,
    FX_RATES,
    exchange_rates,
    lake_micros,
    with_exchange_rates,
)
from adlake.marts.mart import Frames, Mart, Proof
from adlake.marts.place import site_or_app
from adlake.marts.response_times import BOUNDS_MS, response_class
from adlake.marts.revenue import per_impression_micros

GRAIN = ("event_date", "bidder", "site", "is_app", "slot_size")
OUTCOMES = {"bids": "bid", "no_bids": "no_bid", "timeouts": "timeout", "errors": "error", "rejections": "rejected"}
DENSITY = (*(f"auction_slots_{bids}_bids" for bids in range(5)), "auction_slots_5_plus_bids")
COUNTS = ("asks", *OUTCOMES, *DENSITY, "wins", "bids_unconverted", "wins_unconverted", "responses")
MONEY = ("bid_cpm_micros", "win_cpm_micros", "win_revenue_micros")


def bidder_daily(frames: Frames, config: Config) -> DataFrame:
    """Asks, answers by outcome, wins, prices in the lake's currency, bid density and response times.

    A bid of an earlier auction that is offered again is no ask and no bid here; its win and what it earned are. What
    robots were offered is left out. Sums only: rates are `bids / asks`, `wins / bids`, `timeouts / asks`, mean prices
    `bid_cpm_micros / (bids - bids_unconverted)`, divided after summing.

    Args:
        frames: `bids` of whole days (UTC), all `fx_rates`, and `days`: the distinct `event_date`.
        config: says the currency of the lake.

    Returns:
        one row per day x bidder x site (the app's bundle where there is no site, `is_app` then) x slot size. A sum of
        prices is null where there are prices and none could be converted.
    """
    rates = exchange_rates(frames[FX_RATES], frames["days"], config)
    rows = _rows(with_exchange_rates(frames["bids"].where(~F.col("is_bot")), rates))
    sums = [F.sum(name).alias(name) for name in (*COUNTS, *MONEY)]
    oldest = F.min("oldest_rate_date").alias("oldest_rate_date")
    # two levels: a row per code and class of response time is few, and keeps the pass over all bids to plain sums
    answers = rows.groupBy(*GRAIN, "nonbid_code", "response_class").agg(*sums, oldest)
    entry = F.struct("nonbid_code", F.col("asks").alias("asks"), "response_class", "responses").alias("entry")
    of_day = answers.groupBy(*GRAIN).agg(*sums, oldest, F.collect_list(entry).alias("_entries"))
    return of_day.select(
        *GRAIN,
        *COUNTS,
        _codes().alias("nonbid_codes"),
        *[_sum_of_prices(name).alias(name) for name in MONEY],
        "oldest_rate_date",
        _histogram().alias("response_ms_histogram"),
    )


def _rows(bids: DataFrame) -> DataFrame:
    """One row per row of silver, with what it adds to each sum."""
    measures = _counts() | {"responses": _one(_is_timed())}
    price, is_bid = F.col("_lake_micros"), F.col("outcome") == "bid"
    money = {
        "bid_cpm_micros": F.when(is_bid, price),
        "win_cpm_micros": F.when(F.col("is_won"), price),
        "win_revenue_micros": F.when(F.col("is_won"), per_impression_micros(price)),
    }
    priced = bids.withColumn("_lake_micros", lake_micros(F.col("cpm_micros")))
    return priced.select(
        "event_date",
        "bidder",
        *site_or_app(),
        "slot_size",
        "nonbid_code",
        F.when(_is_timed(), response_class("response_ms")).alias("response_class"),
        *[measure.cast("bigint").alias(name) for name, measure in measures.items()],
        _one(is_bid & price.isNull()).cast("bigint").alias("bids_unconverted"),
        _one(F.col("is_won") & price.isNull()).cast("bigint").alias("wins_unconverted"),
        *[amount.alias(name) for name, amount in money.items()],
        F.when(is_bid | F.col("is_won"), F.col("rate_date")).alias("oldest_rate_date"),
    )


def _counts() -> dict[str, Column]:
    """What a row of silver adds to the counts that need no price."""
    asked, bids = F.col("outcome") != "cached", F.col("bids_in_auction")
    density = {name: _one(asked & (bids == number)) for number, name in enumerate(DENSITY[:-1])}
    return {
        "asks": _one(asked),
        **{name: _one(F.col("outcome") == outcome) for name, outcome in OUTCOMES.items()},
        **density,
        DENSITY[-1]: _one(asked & (bids >= len(DENSITY) - 1)),
        "wins": _one(F.col("is_won")),
    }


def _one(condition: Column) -> Column:
    return F.when(condition, 1).otherwise(0)


def _is_timed() -> Column:
    """Whether a row tells how long an answer took; the time of a timeout is the limit, not an answer's."""
    return ~F.col("outcome").isin("cached", "timeout") & (F.col("response_ms") >= 0)


def _sum_of_prices(name: str) -> Column:
    """The sum; 0 when there is nothing to price, null when none of the prices is known."""
    return F.when(F.col("bids" if name.startswith("bid") else "wins") == 0, F.lit(0)).otherwise(F.col(name))


def _sum_where(field: str, value: Column, amount: str) -> Column:
    """The sum of an amount over the collected entries whose field has the value."""
    entries = F.filter("_entries", lambda entry: entry[field] == value)
    return F.aggregate(entries, F.lit(0).cast("bigint"), lambda sum_, entry: sum_ + entry[amount])


def _codes() -> Column:
    codes = F.array_distinct(F.array_compact(F.transform("_entries", lambda entry: entry["nonbid_code"])))
    counted = F.transform(codes, lambda code: F.struct(code.cast("string"), _sum_where("nonbid_code", code, "asks")))
    return F.map_from_entries(counted)


def _histogram() -> Column:
    classes = F.sequence(F.lit(0), F.lit(len(BOUNDS_MS) - 1))
    return F.transform(classes, lambda number: _sum_where("response_class", number, "responses"))


def _of_people(amount: Column) -> Column:
    return F.when(F.col("is_bot"), 0).otherwise(amount)


def _bid() -> Column:
    return _of_people(_one(F.col("outcome") == "bid"))


def _won() -> Column:
    return _of_people(_one(F.col("is_won")))


def _has_code() -> Column:
    return (F.col("outcome") != "cached") & F.col("nonbid_code").isNotNull()


def _price() -> Column:
    return lake_micros(F.col("cpm_micros"))


def _unconverted() -> Column:
    return _one(_price().isNull())


def _proof(name: str) -> Proof:
    return Proof(name, "bids", lambda: _of_people(_counts()[name]))


def _proofs(_: Config) -> tuple[Proof, ...]:
    return (
        *(_proof(name) for name in ("asks", *OUTCOMES, *DENSITY, "wins")),
        Proof("responses", "bids", lambda: _of_people(_one(_is_timed()))),
        Proof("nonbid_codes", "bids", lambda: _of_people(_one(_has_code()))),
        Proof("bid_cpm_micros", "bids", _bid, _price),
        Proof("bids_unconverted", "bids", _bid, _unconverted),
        Proof("win_cpm_micros", "bids", _won, _price),
        Proof("win_revenue_micros", "bids", _won, lambda: per_impression_micros(_price())),
        Proof("wins_unconverted", "bids", _won, _unconverted),
    )


BIDDER_DAILY = Mart(
    table="gold.bidder_daily",
    events=("bids",),
    references=(EXCHANGE_RATES,),
    pricing=EXCHANGED,
    build=bidder_daily,
    proofs=_proofs,
)
