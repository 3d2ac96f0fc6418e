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
# what the rows of a person and day differ in; `section` holds site and section
ASPECTS = ("section", "device", "country", "session")
DEVICES = {
    "desktop": ("computer", "desktop"),
    "mobile": ("mobile", "smartphone", "feature phone"),
    "tablet": ("tablet",),
    "tv": ("connected tv", "digital media receiver", "set top box", "set-top box"),
}
NO_DEVICE = ("", "unknown")


def user_days(frames: Frames, _: Config) -> DataFrame:
    """Page views, visits, impressions, clicks and revenue, by section, device and country, with first and last sight.

    Rows without `id_key` are nobody's; page events of bots are left out. Requests and Active View rows say nothing of
    a user that the impression does not say. Devices and countries count page events and impressions; a click repeats
    its impression.

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
        {"device": device(F.col("device_category")), "country": F.col("country")},
    )
    rows = rows.unionByName(_part(with_rates(clicks, rates), {"clicks": F.lit(1), "revenue_micros": clicked}, {}))
    people = _of_users(frames["page_events"]).where(~F.col("is_bot"))
    aspects = {
        "section": F.when(_is_view(), section_key()),
        "device": device(F.col("device_type")),
        "country": F.col("geo_country"),
        "session": F.col("domain_session_id"),
    }
    rows = rows.unionByName(_part(people, {"page_views": F.when(_is_view(), 1)}, aspects))
    return _by_day(_cells(rows))


def section_key() -> Column:
    """`site/section` of a page; the section alone where the site is unknown; null without a section."""
    return F.when(F.col("section").isNotNull(), F.concat_ws("/", "site", "section"))


def device(reported: Column) -> Column:
    """One of `desktop`, `mobile`, `tablet`, `tv` and `other`; null when the source does not know the device."""
    name = F.lower(F.trim(reported))
    kinds = F.when(name.isin(*NO_DEVICE), None)
    for kind, names in DEVICES.items():
        kinds = kinds.when(name.isin(*names), kind)
    return kinds.when(name.isNotNull(), "other")


def _seen() -> tuple[Column, Column]:
    return F.min("first_seen_at_utc").alias("first_seen_at_utc"), F.max("last_seen_at_utc").alias("last_seen_at_utc")


def _cells(rows: DataFrame) -> DataFrame:
    """Sums by person, day and everything that the rows differ in: few rows per person, whatever there were."""
    sums = [F.sum(name).alias(name) for name in (*SUMS, "events")]
    return rows.groupBy("id_key", "event_date", *ASPECTS).agg(*sums, *_seen())


def _by_day(cells: DataFrame) -> DataFrame:
    """One row per person and day; its few cells are one list, and lists and maps are made of that, row by row."""
    sums = [F.sum(name).alias(name) for name in SUMS]
    held = F.collect_list(F.struct(*ASPECTS, "page_views", "events")).alias("cells")
    days = cells.groupBy("id_key", "event_date").agg(*sums, *_seen(), held)
    return days.select(
        "id_key",
        "event_date",
        F.size(_names("session")).cast("bigint").alias("visits"),
        *SUMS,
        F.sort_array(F.array_distinct(F.transform(_names("section"), _last_part))).alias("sections"),
        _counts("section", "page_views").alias("section_page_views"),
        _counts("device", "events").alias("device_events"),
        _counts("country", "events").alias("country_events"),
        "first_seen_at_utc",
        "last_seen_at_utc",
    )


def _names(aspect: str) -> Column:
    """The different values of an aspect among the cells, sorted; empty when there is none."""
    return F.sort_array(F.array_distinct(F.array_compact(F.col(f"cells.{aspect}"))))


def _last_part(section: Column) -> Column:
    return F.substring_index(section, "/", -1)


def _counts(aspect: str, measure: str) -> Column:
    """A map from the values of an aspect to the sums of a measure."""

    def total(name: Column) -> Column:
        return F.aggregate(
            "cells",
            F.lit(0).cast("bigint"),
            lambda so_far, cell: F.when(cell[aspect] == name, so_far + cell[measure]).otherwise(so_far),
        )

    return F.map_from_arrays(_names(aspect), F.transform(_names(aspect), total))


def _of_users(rows: DataFrame) -> DataFrame:
    return rows.where(F.col("id_key").isNotNull())


def _is_view() -> Column:
    return F.col("event_name") == "page_view"


def _part(rows: DataFrame, measures: Mapping[str, Column], aspects: Mapping[str, Column]) -> DataFrame:
    columns = [F.coalesce(measures.get(name, F.lit(0)), F.lit(0)).cast("bigint").alias(name) for name in SUMS]
    places = [aspects.get(name, F.lit(None)).cast("string").alias(name) for name in ASPECTS]
    seen = (F.col("event_at_utc").alias("first_seen_at_utc"), F.col("event_at_utc").alias("last_seen_at_utc"))
    return rows.select("id_key", "event_date", *places, *columns, F.lit(1).cast("bigint").alias("events"), *seen)


def _user(condition: Column) -> Column:
    return F.when(condition & F.col("id_key").isNotNull(), 1).otherwise(0)


def _reader(condition: Column) -> Column:
    return _user(condition & ~F.col("is_bot"))


def _network() -> Column:
    return _user(~F.col("is_backfill"))


def _reported() -> Column:
    return F.when(F.col("is_backfill") & F.col("id_key").isNotNull(), F.col("revenue_micros")).otherwise(0)


def _proofs(_: Config) -> tuple[Proof, ...]:
    return (
        Proof("page_views", "page_events", lambda: _reader(_is_view())),
        Proof("section_page_views", "page_events", lambda: _reader(_is_view() & F.col("section").isNotNull())),
        Proof("device_events", "page_events", lambda: _reader(device(F.col("device_type")).isNotNull())),
        Proof("device_events", "gam_impressions", lambda: _user(device(F.col("device_category")).isNotNull())),
        Proof("country_events", "page_events", lambda: _reader(F.col("geo_country").isNotNull())),
        Proof("country_events", "gam_impressions", lambda: _user(F.col("country").isNotNull())),
        Proof("impressions", "gam_impressions", lambda: _user(F.lit(True))),
        Proof("revenue_micros", "gam_impressions", _reported),
        Proof("revenue_micros", "gam_impressions", _network, impression_rate_card_micros),
        Proof("revenue_unknown_impressions", "gam_impressions", _network, is_price_unknown),
        Proof("clicks", "gam_clicks", lambda: _user(F.lit(True))),
        Proof("revenue_micros", "gam_clicks", _network, click_rate_card_micros),
    )


USER_DAYS = Mart(
    table="gold.user_days",
    events=("page_events", "gam_impressions", "gam_clicks"),
    references=(LINE_ITEM_RATES,),
    pricing=RATE_CARD,
    build=user_days,
    proofs=_proofs,
)
