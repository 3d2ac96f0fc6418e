"""What an ad-server row earned, in micros of network currency, and where the number comes from."""

from collections.abc import Collection

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.config import Config
from adlake.contracts import table
from adlake.lake import Lake
from adlake.marts.mart import Change, Frames, Pricing, Reference

LINE_ITEMS = "gam_line_items"
RATE_COLUMNS = ("line_item_type", "cost_type", "cost_per_unit_micros")


def rates_by_day(line_items: DataFrame, days: DataFrame) -> DataFrame:
    """Line items as of each day: `event_date`, `line_item_id` and the columns of `RATE_COLUMNS`.

    A snapshot holds from its date to the next one: of a day, the newest snapshot not after it counts, whole; a line
    item that this snapshot lacks has no rate that day, even if an older snapshot had one.

    Args:
        line_items: `silver.gam_line_items`.
        days: distinct `event_date`.

    Returns:
        one row per day and line item of its snapshot; no row for days before the first snapshot.
    """
    snapshots = line_items.select("snapshot_date").distinct()
    reached = days.join(F.broadcast(snapshots), F.col("snapshot_date") <= F.col("event_date"), "inner")
    effective = reached.groupBy("event_date").agg(F.max("snapshot_date").alias("snapshot_date"))
    return effective.join(line_items, "snapshot_date", "inner").select("event_date", "line_item_id", *RATE_COLUMNS)


def with_rates(events: DataFrame, rates: DataFrame) -> DataFrame:
    """The events with the columns of `RATE_COLUMNS` of their line item that day; null where none is known.

    Backfill rows get none: dynamic allocation gives them line items too, but they are paid as reported.
    """
    keyed = rates.withColumnsRenamed({"event_date": "_rate_date", "line_item_id": "_rate_id"})
    # a line item without a type is known all the same
    keyed = keyed.withColumn("line_item_type", F.coalesce("line_item_type", F.lit("")))
    same = (F.col("event_date") == F.col("_rate_date")) & (F.col("line_item_id") == F.col("_rate_id"))
    on = same & ~F.col("is_backfill")
    return events.join(F.broadcast(keyed), on, "left").drop("_rate_date", "_rate_id")


def per_impression_micros(cpm_micros: Column) -> Column:
    """Micros of one impression at a price per 1000, rounded half up."""
    return F.round(cpm_micros / F.lit(1000).cast("decimal(4,0)"), 0).cast("bigint")


def impression_rate_card_micros() -> Column:
    """Micros that a network impression earns by its line item: CPM / 1000, half up; 0 for CPC; null when unknown."""
    per_impression = per_impression_micros(F.col("cost_per_unit_micros"))
    return F.when(_cost_type("CPM"), per_impression).when(_cost_type("CPC"), F.lit(0).cast("bigint"))


def is_price_unknown() -> Column:
    """1 where the line item does not tell what an impression earns, else 0."""
    return F.when(impression_rate_card_micros().isNull(), 1).otherwise(0)


def click_rate_card_micros() -> Column:
    """Micros that a network click earns by its line item: the rate for CPC, else 0."""
    return F.when(_cost_type("CPC"), F.col("cost_per_unit_micros")).otherwise(F.lit(0).cast("bigint"))


def channel() -> Column:
    """The way by which a row was sold.

    Backfill by product and kind of deal, network rows by the type of the line item as of the day.
    """
    product, deal, kind = _spelled("product"), _spelled("deal_type"), _spelled("line_item_type")
    exchange = (
        F.when(deal == "private_auction", "private_auction")
        .when(deal == "preferred_deal", "preferred_deal")
        .otherwise("open_adx")
    )
    backfill = (
        F.when(product.isin("ad_exchange", "adexchange"), exchange)
        .when(product.isin("exchange_bidding", "open_bidding"), "open_bidding")
        .when(product == "adsense", "adsense")
        .otherwise("backfill_other")
    )
    network = (
        F.when(kind == "house", "house")
        .when(kind == "price_priority", "price_priority")
        .when(kind.isin("sponsorship", "standard", "bulk", "network"), "direct")
        .when(kind.isNotNull(), "direct_other")
        .otherwise("unknown")
    )
    return F.when(F.col("is_backfill"), backfill).otherwise(network)


def is_header_bidding() -> Column:
    """Whether a line item is of the kind that header bids are sold through; null for rows without a line item."""
    return _spelled("line_item_type") == "price_priority"


def _days_of_snapshots(lake: Lake, days: Collection[str], change: Change) -> set[str]:
    """The days for which one of the changed snapshots is the newest."""
    held = lake.partition_values(table(f"silver.{LINE_ITEMS}"), "snapshot_date")
    # a snapshot that vanished hands its days back to the one before it, so it counts as a boundary too
    boundaries = sorted({*held, *change.slices})
    effective = {day: max((bound for bound in boundaries if bound <= day), default="") for day in days}
    return {day for day, snapshot in effective.items() if snapshot in change.slices}


def _rated(sums: DataFrame, frames: Frames, _: Config) -> DataFrame:
    return with_rates(sums, rates_by_day(frames[LINE_ITEMS], frames["days"]))


def _cost_type(name: str) -> Column:
    return F.upper("cost_type") == name


def _spelled(column: str) -> Column:
    """Display strings vary in case, and in spaces where others have underscores."""
    return F.replace(F.lower(column), F.lit(" "), F.lit("_"))


LINE_ITEM_RATES = Reference(LINE_ITEMS, _days_of_snapshots)
RATE_CARD = Pricing(("event_date", "line_item_id", "is_backfill"), _rated)
