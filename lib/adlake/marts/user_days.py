"""gold.user_days: what one identifier did on one day."""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.config import Config
from adlake.marts.mart import Frames, Mart, Proof
from adlake.marts.revenue import (
    LINE_ITEM_RATES,
    RATE_CARD,
    click_rate_card_micros,
    impression_rate_card_micros,
    is_price_unknown,
    rates_by_day,
    with_rates,
)

SUMS = ("page_views", "impressions", "clicks", "revenue_micros", "revenue_unknown_impressions")


def user_days(frames: Frames, _: Config) -> DataFrame:
    """Page views, impressions, clicks, revenue and sections read, with first and last sight.

    Rows without `id_key` are nobody's; page events of bots are left out. Requests and Active View rows say nothing of
    a user that the impression does not say.

    Args:
        frames: `page_events`, `gam_impressions`, `gam_clicks` of whole days (UTC), all `gam_line_items`, and
            `days`: the distinct `event_date`.

    Returns:
        one row per id_key and day on which any of the three has a row for it; sections sorted, empty when none.
    """
    impressions, clicks = _of_users(frames["gam_impressions"]), _of_users(frames["gam_clicks"])
    rates = rates_by_day(frames[LINE_ITEM_RATES.table], frames["days"])
    earned = F.when(F.col("is_backfill"), F.col("revenue_micros")).otherwise(impression_rate_card_micros())
    clicked = F.when(F.col("is_backfill"), F.lit(0)).otherwise(click_rate_card_micros())
    unknown = ~F.col("is_backfill") & impression_rate_card_micros().isNull()
    rows = _part(
        with_rates(impressions, rates),
        {"impressions": F.lit(1), "revenue_micros": earned, "revenue_unknown_impressions": F.when(unknown, 1)},
    )
    rows = rows.unionByName(_part(with_rates(clicks, rates), {"clicks": F.lit(1), "revenue_micros": clicked}))
    is_view = F.col("event_name") == "page_view"
    people = _of_users(frames["page_events"]).where(~F.col("is_bot"))
    rows = rows.unionByName(
        _part(people, {"page_views": F.when(is_view, 1)}, section=F.when(is_view, F.col("section")))
    )
    seen = (F.min("first_seen_at_utc").alias("first_seen_at_utc"), F.max("last_seen_at_utc").alias("last_seen_at_utc"))
    # two levels: collecting few sections of a user is cheap, a distinct set over every event is not
    by_section = rows.groupBy("id_key", "event_date", "section").agg(*[F.sum(n).alias(n) for n in SUMS], *seen)
    sections = F.array_sort(F.collect_list("section")).alias("sections")
    return by_section.groupBy("id_key", "event_date").agg(*[F.sum(n).alias(n) for n in SUMS], sections, *seen)


def _of_users(rows: DataFrame) -> DataFrame:
    return rows.where(F.col("id_key").isNotNull())


def _part(rows: DataFrame, measures: Mapping[str, Column], section: Column | None = None) -> DataFrame:
    columns = [F.coalesce(measures.get(name, F.lit(0)), F.lit(0)).cast("bigint").alias(name) for name in SUMS]
    read = (F.lit(None) if section is None else section).cast("string").alias("section")
    seen = (F.col("event_at_utc").alias("first_seen_at_utc"), F.col("event_at_utc").alias("last_seen_at_utc"))
    return rows.select("id_key", "event_date", read, *columns, *seen)


def _user(condition: Column) -> Column:
    return F.when(condition & F.col("id_key").isNotNull(), 1).otherwise(0)


def _network() -> Column:
    return _user(~F.col("is_backfill"))


def _reported() -> Column:
    return F.when(F.col("is_backfill") & F.col("id_key").isNotNull(), F.col("revenue_micros")).otherwise(0)


USER_DAYS = Mart(
    name="user_days",
    events=("page_events", "gam_impressions", "gam_clicks"),
    references=(LINE_ITEM_RATES,),
    pricing=RATE_CARD,
    build=user_days,
    proofs=(
        Proof("page_views", "page_events", lambda: _user((F.col("event_name") == "page_view") & ~F.col("is_bot"))),
        Proof("impressions", "gam_impressions", lambda: _user(F.lit(True))),
        Proof("revenue_micros", "gam_impressions", _reported),
        Proof("revenue_micros", "gam_impressions", _network, impression_rate_card_micros),
        Proof("revenue_unknown_impressions", "gam_impressions", _network, is_price_unknown),
        Proof("clicks", "gam_clicks", lambda: _user(F.lit(True))),
        Proof("revenue_micros", "gam_clicks", _network, click_rate_card_micros),
    ),
)
