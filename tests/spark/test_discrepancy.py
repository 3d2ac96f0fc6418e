"""The view of partner against ad server: one text, two engines, the same rows."""

import duckdb
import pyarrow as pa

from adlake.resources import folder
from tests.spark.rows import assert_same, at, frame

VIEW = (folder("schemas") / "gold" / "header_bidding_discrepancy.sql").read_text()
NOV1, NOV2 = at("2026-11-01").date(), at("2026-11-02").date()
BIDDERS = (
    "event_date date, site string, is_app boolean, bidder string, wins bigint, win_revenue_micros bigint,"
    " wins_unconverted bigint"
)
YIELD = (
    "event_date date, site string, channel string, impressions bigint, revenue_micros bigint,"
    " revenue_unknown_impressions bigint"
)
FOUND = (
    "event_date date, site string, partner_impressions bigint, ad_server_impressions bigint,"
    " impressions_discrepancy double, partner_revenue_micros bigint, ad_server_revenue_micros bigint,"
    " revenue_discrepancy double, wins_unconverted bigint, revenue_unknown_impressions bigint, is_alarm boolean"
)
PARTNER = [
    # two bidders of a site, and another day of it
    (NOV1, "a", False, "x", 60, 90_000, 0),
    (NOV1, "a", False, "y", 50, 30_000, 1),
    (NOV2, "a", False, "x", 100, 100_000, 0),
    # exactly 10 % too many is no alarm, one impression more is; nor is 10 % too few
    (NOV1, "ten more", False, "x", 110, 1_100_000, 0),
    (NOV1, "eleven more", False, "x", 1101, 1_000_000, 0),
    (NOV1, "ten less", False, "x", 90, 900_000, 0),
    (NOV1, "less money", False, "x", 100, 899_999, 0),
    # nobody knows what the wins are worth
    (NOV1, "unconverted", False, "x", 100, None, 100),
    (NOV1, "partner only", False, "x", 5, 10, 0),
    (NOV1, "no wins", False, "x", 0, 0, 0),
    (NOV1, None, False, "x", 50, 50, 0),
    (NOV1, "app", True, "x", 7, 7, 0),
]
AD_SERVER = [
    # two hours of a site; other channels are no header bidding
    (NOV1, "a", "price_priority", 70, 60_000, 0),
    (NOV1, "a", "price_priority", 30, 40_000, 2),
    (NOV1, "a", "open_adx", 999, 999, 9),
    (NOV2, "a", "price_priority", 100, 100_000, 0),
    (NOV1, "ten more", "price_priority", 100, 1_000_000, 0),
    (NOV1, "eleven more", "price_priority", 1000, 1_000_000, 0),
    (NOV1, "ten less", "price_priority", 100, 1_000_000, 0),
    (NOV1, "less money", "price_priority", 100, 1_000_000, 0),
    (NOV1, "unconverted", "price_priority", 100, 1_000_000, 0),
    (NOV1, "ad server only", "price_priority", 20, 200, 0),
    (NOV1, "no wins", "price_priority", 4, 0, 4),
    (NOV1, None, "price_priority", 40, 50, 0),
    (NOV1, "corrected", "price_priority", 0, -100, 0),
]
WANTED = [
    (NOV1, "a", 110, 100, 0.1, 120_000, 100_000, 0.2, 1, 2, True),
    (NOV2, "a", 100, 100, 0.0, 100_000, 100_000, 0.0, 0, 0, False),
    (NOV1, "ten more", 110, 100, 0.1, 1_100_000, 1_000_000, 0.1, 0, 0, False),
    (NOV1, "eleven more", 1101, 1000, 0.101, 1_000_000, 1_000_000, 0.0, 0, 0, True),
    (NOV1, "ten less", 90, 100, -0.1, 900_000, 1_000_000, -0.1, 0, 0, False),
    (NOV1, "less money", 100, 100, 0.0, 899_999, 1_000_000, -0.100001, 0, 0, True),
    (NOV1, "unconverted", 100, 100, 0.0, None, 1_000_000, None, 100, 0, False),
    (NOV1, "partner only", 5, 0, None, 10, 0, None, 0, 0, None),
    (NOV1, "ad server only", 0, 20, -1.0, 0, 200, -1.0, 0, 0, True),
    (NOV1, "no wins", 0, 4, -1.0, 0, 0, None, 0, 4, True),
    (NOV1, None, 50, 40, 0.25, 50, 50, 0.0, 0, 0, True),
    # a correction by the ad server: 100 is missing there, so the partner has all of it more
    (NOV1, "corrected", 0, 0, None, 0, -100, -1.0, 0, 0, True),
]


def named(schema, values):
    names = [column.split()[0] for column in schema.split(", ")]
    return [dict(zip(names, value, strict=True)) for value in values]


def test_spark_and_duckdb_find_what_was_worked_out_by_hand(spark):
    partner = frame(spark, BIDDERS, named(BIDDERS, PARTNER))
    ad_server = frame(spark, YIELD, named(YIELD, AD_SERVER))
    wanted = frame(spark, FOUND, named(FOUND, WANTED))
    partner.createOrReplaceTempView("bidder_daily")
    ad_server.createOrReplaceTempView("yield_hourly")
    try:
        assert_same(spark.sql(VIEW), wanted)
    finally:
        for name in ("bidder_daily", "yield_hourly"):
            spark.catalog.dropTempView(name)

    connection = duckdb.connect()
    connection.register("bidder_daily", partner.toArrow())
    connection.register("yield_hourly", ad_server.toArrow())
    found = pa.table(connection.sql(VIEW).to_arrow_table())
    assert_same(spark.createDataFrame(found), wanted)
