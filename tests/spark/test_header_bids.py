"""Price pressure in gold.yield_hourly: which header bid lost to what, and what its bucket hides; users as sketches."""

import pytest
from pyspark.sql import functions as F

from adlake.contracts import table
from adlake.frames import conform
from adlake.marts import MARTS
from adlake.marts.header_bids import best_header_bid_cpm_micros, is_capped
from tests.conftest import make_config
from tests.spark.rows import BATCH, assert_proven, assert_same, at, frame, rows

MART, CONTRACT = MARTS["gold.yield_hourly"], table("gold.yield_hourly")
TEN = at("2026-11-02 10:00:00")
DAY = TEN.date()
PLACE = {"_batch_id": BATCH, "_file": "f", "_position": 1}
NETWORK, BACKFILL = {"is_backfill": False}, {"is_backfill": True, "product": "Ad Exchange", "revenue_micros": 900}
LINE_ITEMS = [
    ("standard", "STANDARD", "CPM", 2_000_000),
    ("header", "Price priority", "CPM", 1_000_000),
    ("house", "HOUSE", "CPM", 0),
    ("vcpm", "SPONSORSHIP", "VCPM", 9_000_000),
    ("untyped", None, "CPM", 3_000_000),
]

# key-values of an impression, micros of the best header bid
TARGETING = [
    (None, None),
    ("", None),
    ("pos=1;hb_size=300x250", None),
    ("hb_pb=1.20", 1_200_000),
    ("pos=1;hb_pb=0.35;hb_bidder=rubicon", 350_000),
    # the best of single bidders may stand without hb_pb, and above it
    ("hb_pb_rubicon=0.70;hb_pb_appnexus=1.30;x=9", 1_300_000),
    ("hb_pb=0.70;hb_pb_appnexus=1.30", 1_300_000),
    # ten is more than nine: not a comparison of texts
    ("hb_pb=9.50;hb_pb_a=10.00", 10_000_000),
    ("hb_pb=1;hb_pb=2", 2_000_000),
    ("hb_pb = 1.50 ;x=1", 1_500_000),
    # a bid below the first step is a bid
    ("hb_pb=0.00", 0),
    ("hb_pb=0.000001", 1),
    ("hb_pb=999999.999999", 999_999_999_999),
    # values that are no price
    ("hb_pb=", None),
    ("hb_pb", None),
    ("hb_pb=;hb_pb_a=0.10", 100_000),
    ("hb_pb=1,20", None),
    ("hb_pb=-1.20", None),
    ("hb_pb=1.2.0", None),
    ("hb_pb=1e3", None),
    ("hb_pb=NaN", None),
    ("hb_pb=$1.20", None),
    ("hb_pb=1.", None),
    ("hb_pb=.5", None),
    ("hb_pb=1.2345678", None),
    ("hb_pb=1234567", None),
    ("hb_pb_cat_dur_freewh=1.00_395_30s", None),
    # other keys, and an opaque price of Amazon
    ("xhb_pb=5.00", None),
    ("hb_pbx=5.00", None),
    ("HB_PB=5.00", None),
    ("amznbid=19hai9s;hb_bidder=hb_pb", None),
]


def test_the_best_header_bid_is_the_highest_readable_bucket(spark):
    cases = [{"case": n, "targeting": text, "best": best} for n, (text, best) in enumerate(TARGETING)]
    expected = frame(spark, "case int, targeting string, best bigint", cases)
    assert_same(expected.withColumn("best", best_header_bid_cpm_micros("targeting")), expected)


@pytest.mark.parametrize(
    ("settings", "capped"),
    [
        ({}, [False, False, True, True]),
        ({"price_granularity": "low"}, [True, True, True, True]),
        *(({"price_granularity": name}, [False, False, True, True]) for name in ("high", "auto", "dense")),
    ],
)
def test_a_bucket_at_the_cap_of_its_granularity_is_a_lower_bound(spark, tmp_path, settings, capped):
    buckets = frame(spark, "cpm bigint", [{"cpm": cpm} for cpm in (5_000_000, 19_900_000, 20_000_000, 35_000_000)])
    found = buckets.select("cpm", is_capped(F.col("cpm"), make_config(tmp_path, **settings)).alias("capped"))
    assert [row["capped"] for row in found.orderBy("cpm").collect()] == capped
    below = frame(spark, "cpm bigint", [{"cpm": 4_999_999}])
    assert below.select(is_capped(F.col("cpm"), make_config(tmp_path, price_granularity="low"))).head()[0] is False


def impression(line_item=None, targeting=None, **more):
    sold = NETWORK | {"line_item_id": line_item} if line_item else BACKFILL
    return sold | {"custom_targeting": targeting} | more


@pytest.fixture
def frames(spark):
    """Gives the silver frames of impressions, and one other row of each kind that nothing may be taken from."""

    def of(*impressions):
        event = {"event_at_utc": TEN, "event_date": DAY, "key_part": "k", "query_at_utc": TEN, "site": "a.example"}
        names = ("line_item_id", "line_item_type", "cost_type", "cost_per_unit_micros")
        items = [dict(zip(names, item, strict=True)) | {"snapshot_date": DAY} for item in LINE_ITEMS]
        others = impression("standard", "hb_pb=5.00", id_key="k1:somebody")
        same = event | PLACE
        return {
            "gam_line_items": rows(spark, "silver.gam_line_items", *items, **PLACE),
            "days": frame(spark, "event_date date", [{"event_date": DAY}]),
            "gam_requests": rows(spark, "silver.gam_requests", others | {"is_filled": True}, **same),
            "gam_clicks": rows(spark, "silver.gam_clicks", others, **same, event_key_part="e"),
            "gam_active_views": rows(spark, "silver.gam_active_views", others, **same, event_key_part="e"),
            "gam_impressions": rows(spark, "silver.gam_impressions", *impressions, **same, event_key_part="e"),
        }

    return of


def pressed(channel, impressions, bids, bid_micros, revenue, *, capped=0, unknown=0):
    names = ("channel", "impressions", "header_bid_impressions", "header_bid_micros", "capped_header_bids")
    names += ("pressed_revenue_micros", "pressed_unknown_impressions")
    values = (channel, impressions, bids, bid_micros, capped, revenue, unknown)
    return dict(zip(names, values, strict=True))


def test_trap_11_what_a_header_bid_lost_to_and_what_its_bucket_truncates_and_caps(spark, frames, config):
    given = frames(
        # the exchange paid 0.0009 for what header bidding offered 0.0012 and 0.0007, cut down to the step, for
        impression(targeting="hb_pb=1.20;hb_bidder=x"),
        impression(targeting="hb_pb=0.70"),
        # at the cap of 20 the bid may have been any amount; a bid of half a micro is rounded up
        impression(targeting="hb_pb=20.00"),
        impression(targeting="hb_pb=0.0005"),
        impression(targeting="hb_pb=x"),
        impression(),
        # direct lines win by priority; nobody knows what a viewable thousand pays per impression
        impression("standard", "hb_pb_y=4.10"),
        impression("standard", "pos=1"),
        impression("vcpm", "hb_pb=1.00"),
        impression("house", "hb_pb=1.50"),
        impression("untyped", "hb_pb=2.50"),
        # here the header bid won, or nobody can say
        impression("header", "hb_pb=1.00"),
        impression("nobody knows", "hb_pb=1.00"),
    )
    expected = [
        pressed("open_adx", 6, 4, 1200 + 700 + 20_000 + 1, 4 * 900, capped=1),
        pressed("direct", 3, 2, 4100 + 1000, 2000, unknown=1),
        pressed("house", 1, 1, 1500, 0),
        pressed("direct_other", 1, 1, 2500, 3000),
        pressed("price_priority", 1, 0, 0, 0),
        pressed("unknown", 1, 0, 0, 0),
    ]
    mart = conform(MART.build(given, config), CONTRACT)
    found = mart.select(*expected[0])
    assert_same(found, frame(spark, found.schema, expected))
    assert_proven(MART, given, config, [row.asDict() for row in mart.collect()])


def test_users_are_those_who_saw_an_ad_and_are_counted_once_over_all_rows(spark, frames, config):
    seen = [impression("standard", id_key=f"k1:{n % 700}") for n in range(1000)]
    seen += [impression(id_key=f"k1:{n}") for n in range(650, 950)]
    seen += [impression("house")]
    mart = conform(MART.build(frames(*seen), config), CONTRACT)
    estimate = F.hll_sketch_estimate(F.hll_union_agg("users_sketch"))
    by_channel = {
        row["channel"]: row["users"] for row in mart.groupBy("channel").agg(estimate.alias("users")).collect()
    }
    # nobody known saw the house ad: no sketch, rather than an empty one
    assert [row["users_sketch"] for row in mart.where("channel = 'house'").collect()] == [None]
    assert by_channel["direct"] == pytest.approx(700, rel=0.05)
    assert by_channel["open_adx"] == pytest.approx(300, rel=0.05)
    # 950 different people, though the channels' users add up to 1000
    assert mart.agg(estimate).head()[0] == pytest.approx(950, rel=0.05)
