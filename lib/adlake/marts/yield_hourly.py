"""gold.yield_hourly: what was asked for, shown, seen, clicked and earned, by hour and place."""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.config import Config
from adlake.marts.header_bids import best_header_bid_cpm_micros, is_capped
from adlake.marts.mart import Frames, Mart, Proof
from adlake.marts.revenue import (
    LINE_ITEM_RATES,
    RATE_CARD,
    channel,
    click_rate_card_micros,
    impression_rate_card_micros,
    is_header_bidding,
    is_price_unknown,
    per_impression_micros,
    rates_by_day,
    with_rates,
)

PLACE = ("hour_utc", "event_date", "site", "ad_unit_id", "channel", "device_category", "country")
COUNTS = ("requests", "unfilled", "impressions", "clicks", "eligible", "measurable", "viewable")
MONEY = ("revenue_reported_micros", "revenue_rate_card_micros", "revenue_unknown_impressions")
PRESSURE = (
    *("header_bid_impressions", "header_bid_micros", "capped_header_bids"),
    *("pressed_revenue_micros", "pressed_unknown_impressions"),
)
SUMS = (*COUNTS, *MONEY, *PRESSURE)
SKETCH = "users_sketch"


def yield_hourly(frames: Frames, config: Config) -> DataFrame:
    """Sums of requests, impressions, clicks, viewability and revenue, and a sketch of the users.

    Each row is counted in the hour of its own event; Network and Backfill are a union. Sums only: rates are
    `impressions / requests` (fill rate), `1000 * revenue_micros / 1e6 / impressions` (eCPM), `viewable / measurable`
    (viewability), divided after summing. Users of several rows are
    `hll_sketch_estimate(hll_union_agg(users_sketch))`: sketches add up where counts of users do not.

    Args:
        frames: `gam_requests`, `gam_impressions`, `gam_clicks`, `gam_active_views` of whole hours, all
            `gam_line_items`, and `days`: the distinct `event_date` of those hours.
        config: says in which price buckets header bids come.

    Returns:
        one row per hour (UTC) x site x ad unit x channel x device category x country; null dimension: not reported.
    """
    requests, impressions = frames["gam_requests"], frames["gam_impressions"]
    clicks, views = frames["gam_clicks"], frames["gam_active_views"]
    rates = rates_by_day(frames[LINE_ITEM_RATES.table], frames["days"])
    unknown = ~F.col("is_backfill") & impression_rate_card_micros().isNull()
    parts = [
        _part(requests, rates, {"requests": F.lit(1), "unfilled": _one(~F.col("is_filled"))}, of_requests=True),
        _part(
            impressions,
            rates,
            {
                "impressions": F.lit(1),
                "eligible": _one(F.col("is_active_view_eligible")),
                "revenue_reported_micros": F.when(F.col("is_backfill"), F.col("revenue_micros")),
                "revenue_rate_card_micros": F.when(~F.col("is_backfill"), impression_rate_card_micros()),
                "revenue_unknown_impressions": _one(unknown),
            }
            | _pressure(config),
        ),
        _part(
            clicks,
            rates,
            {"clicks": F.lit(1), "revenue_rate_card_micros": F.when(~F.col("is_backfill"), click_rate_card_micros())},
        ),
        _part(views, rates, {"measurable": _one(F.col("is_measurable")), "viewable": _one(F.col("is_viewable"))}),
    ]
    rows = parts[0]
    for part in parts[1:]:
        rows = rows.unionByName(part)
    users = F.when(F.count("id_key") > 0, F.hll_sketch_agg("id_key")).alias(SKETCH)
    sums = rows.groupBy(*PLACE).agg(*[F.coalesce(F.sum(name), F.lit(0)).alias(name) for name in SUMS], users)
    total = F.col("revenue_reported_micros") + F.col("revenue_rate_card_micros")
    return sums.withColumn("revenue_micros", total)


def _pressure(config: Config) -> dict[str, Column]:
    """What an impression that a header bid lost adds: the bid, and what the ad server got instead."""
    bid = F.when(_lost_to_ad_server(), best_header_bid_cpm_micros("custom_targeting"))
    earned = F.when(F.col("is_backfill"), F.col("revenue_micros")).otherwise(impression_rate_card_micros())
    return {
        "header_bid_impressions": _one(bid.isNotNull()),
        "header_bid_micros": per_impression_micros(bid),
        "capped_header_bids": _one(is_capped(bid, config)),
        "pressed_revenue_micros": F.when(bid.isNotNull(), earned),
        "pressed_unknown_impressions": _one(bid.isNotNull() & earned.isNull()),
    }


def _lost_to_ad_server() -> Column:
    """Whether something else than header bidding was shown; of an unknown line item nobody can say."""
    return F.coalesce(F.col("is_backfill") | ~is_header_bidding(), F.lit(False))


def _part(
    events: DataFrame, rates: DataFrame, measures: Mapping[str, Column], *, of_requests: bool = False
) -> DataFrame:
    rated = with_rates(events, rates)
    unfilled = F.when(~F.col("is_backfill") & ~F.col("is_filled") & F.col("line_item_type").isNull(), "unfilled")
    sold = F.coalesce(unfilled, channel()) if of_requests else channel()
    columns = [measures.get(name, F.lit(0)).cast("bigint").alias(name) for name in SUMS]
    # users are those who saw an ad: other rows may have lost the identifier that its impression has
    user = F.col("id_key") if "impressions" in measures else F.lit(None).cast("string")
    place = ("event_date", "site", "ad_unit_id", "device_category", "country")
    hour = F.date_trunc("hour", "event_at_utc").alias("hour_utc")
    return rated.select(hour, *place, sold.alias("channel"), *columns, user.alias("id_key"))


def _one(condition: Column) -> Column:
    return F.when(condition, 1).otherwise(0)


def _network() -> Column:
    return _one(~F.col("is_backfill"))


def _reported() -> Column:
    return F.coalesce("revenue_micros", F.lit(0))


def _header_bid() -> Column:
    return best_header_bid_cpm_micros("custom_targeting")


def _lost() -> Column:
    return _one(_lost_to_ad_server())


def _of_header_bid(amount: Column) -> Column:
    return F.when(_header_bid().isNotNull(), amount).otherwise(0)


def _proofs(config: Config) -> tuple[Proof, ...]:
    return (
        Proof("requests", "gam_requests", lambda: F.lit(1)),
        Proof("unfilled", "gam_requests", lambda: _one(~F.col("is_filled"))),
        Proof("impressions", "gam_impressions", lambda: F.lit(1)),
        Proof("eligible", "gam_impressions", lambda: _one(F.col("is_active_view_eligible"))),
        Proof("revenue_reported_micros", "gam_impressions", _reported),
        Proof("revenue_rate_card_micros", "gam_impressions", _network, impression_rate_card_micros),
        Proof("revenue_unknown_impressions", "gam_impressions", _network, is_price_unknown),
        Proof("revenue_micros", "gam_impressions", _reported),
        Proof("revenue_micros", "gam_impressions", _network, impression_rate_card_micros),
        Proof("header_bid_impressions", "gam_impressions", lambda: _of_header_bid(F.lit(1)), _lost),
        Proof("header_bid_micros", "gam_impressions", lambda: per_impression_micros(_header_bid()), _lost),
        Proof("capped_header_bids", "gam_impressions", lambda: _one(is_capped(_header_bid(), config)), _lost),
        Proof("pressed_revenue_micros", "gam_impressions", lambda: _of_header_bid(_reported())),
        Proof(
            "pressed_revenue_micros",
            "gam_impressions",
            lambda: _of_header_bid(_network()),
            lambda: _lost() * impression_rate_card_micros(),
        ),
        Proof(
            "pressed_unknown_impressions",
            "gam_impressions",
            lambda: _of_header_bid(_network()),
            lambda: _lost() * is_price_unknown(),
        ),
        Proof("clicks", "gam_clicks", lambda: F.lit(1)),
        Proof("revenue_rate_card_micros", "gam_clicks", _network, click_rate_card_micros),
        Proof("revenue_micros", "gam_clicks", _network, click_rate_card_micros),
        Proof("measurable", "gam_active_views", lambda: _one(F.col("is_measurable"))),
        Proof("viewable", "gam_active_views", lambda: _one(F.col("is_viewable"))),
    )


YIELD_HOURLY = Mart(
    table="gold.yield_hourly",
    events=("gam_requests", "gam_impressions", "gam_clicks", "gam_active_views"),
    references=(LINE_ITEM_RATES,),
    pricing=RATE_CARD,
    build=yield_hourly,
    proofs=_proofs,
)
