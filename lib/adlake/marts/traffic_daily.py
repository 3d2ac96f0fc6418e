"""gold.traffic_daily: how much came from people and how much from robots, by day and place."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.config import Config
from adlake.marts.mart import Frames, Mart, Proof
from adlake.marts.place import site_or_app

GRAIN = ("event_date", "site", "is_app", "bot_reason")
SUMS = ("page_events", "page_views", "auction_slots")


def traffic_daily(frames: Frames, _: Config) -> DataFrame:
    """Page events, page views and slots put up for auction, those of robots by what they are known by.

    The other marts leave robots out; here they are counted, beside everybody else. Auctions that are tests do not
    count. Ad-server rows say nothing of a user agent and are not here.

    Args:
        frames: `page_events` and `auctions` of whole days (UTC).

    Returns:
        one row per day x site (the app's bundle where there is no site, `is_app` then) x reason; null reason: no robot.
    """
    pages = frames["page_events"].select(
        "event_date",
        "site",
        F.lit(False).alias("is_app"),
        "bot_reason",
        F.lit(1).alias("page_events"),
        _view().alias("page_views"),
        F.lit(0).alias("auction_slots"),
    )
    auctions = frames["auctions"].where(~F.col("is_test"))
    slots = auctions.select(
        "event_date",
        *site_or_app(),
        "bot_reason",
        F.lit(0).alias("page_events"),
        F.lit(0).alias("page_views"),
        F.lit(1).alias("auction_slots"),
    )
    return pages.unionByName(slots).groupBy(*GRAIN).agg(*[F.sum(name).alias(name) for name in SUMS])


def _view() -> Column:
    return F.when(F.col("event_name") == "page_view", 1).otherwise(0)


def _proofs(_: Config) -> tuple[Proof, ...]:
    return (
        Proof("page_events", "page_events", lambda: F.lit(1)),
        Proof("page_views", "page_events", _view),
        Proof("auction_slots", "auctions", lambda: F.when(F.col("is_test"), 0).otherwise(1)),
    )


TRAFFIC_DAILY = Mart(
    table="gold.traffic_daily",
    events=("page_events", "auctions"),
    build=traffic_daily,
    proofs=_proofs,
)
