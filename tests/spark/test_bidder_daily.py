"""gold.bidder_daily from hand-written silver rows."""

from decimal import Decimal

import pytest

from adlake.contracts import table
from adlake.frames import conform
from adlake.marts import MARTS
from adlake.marts.response_times import BOUNDS_MS
from tests.spark.rows import BATCH, assert_proven, assert_same, at, frame, rows

MART, CONTRACT = MARTS["gold.bidder_daily"], table("gold.bidder_daily")
PLACE = {"_batch_id": BATCH, "_file": "f", "_position": 1}
NOV1, NOV2, OCT1 = (at(day).date() for day in ("2026-11-01", "2026-11-02", "2026-10-01"))
DENSITY = tuple(column.name for column in CONTRACT.columns if column.name.startswith("auction_slots"))


def asked(bidder="a", outcome=None, **more):
    """A bidder asked for one slot; without an outcome a price makes it a bid."""
    at_utc = more.pop("event_at_utc", at("2026-11-02 10:00:00"))
    is_bid = outcome is None and "cpm_micros" in more
    value = {"auction_id": "x", "imp_id": "1", "bidder": bidder, "event_at_utc": at_utc, "event_date": at_utc.date()}
    value |= {"outcome": "bid" if is_bid else outcome or "no_bid", "is_won": False, "currency": "USD", "_index": 0}
    value |= {"site": "news.example", "slot_size": "300x250", "is_bot": False}
    return value | {"bid_count": int(is_bid), "bids_in_auction": int(is_bid)} | more


def won(cpm_micros, **more):
    return asked(cpm_micros=cpm_micros, is_won=True, **more)


@pytest.fixture
def frames(spark):
    """Gives the silver frames of bids, with one rate of the euro and of the yen."""

    def of(*values):
        rates = [("EUR", NOV1, "1.1"), ("JPY", OCT1, "0.005")]
        dated = [{"currency": c, "rate_date": day, "usd_per_unit": Decimal(worth)} for c, day, worth in rates]
        bids = rows(spark, "silver.bids", *values, **PLACE)
        return {
            "bids": bids,
            "fx_rates": rows(spark, "silver.fx_rates", *dated, **PLACE, rate_year=at("2026-01-01").date()),
            "days": bids.select("event_date").distinct(),
        }

    return of


def of_day(bidder="a", *, histogram=None, codes=None, **sums):
    """An expected row; sums that are not named are 0."""
    zeros = dict.fromkeys((column.name for column in CONTRACT.columns if column.type == "bigint"), 0)
    place = {"event_date": NOV2, "bidder": bidder, "site": "news.example", "is_app": False, "slot_size": "300x250"}
    counts = [0] * len(BOUNDS_MS)
    for time, count in (histogram or {}).items():
        counts[max(n for n, bound in enumerate(BOUNDS_MS) if bound <= time)] += count
    answers = {"response_ms_histogram": counts, "nonbid_codes": codes or {}, "responses": sum(counts)}
    return zeros | place | answers | sums


ROBOT = {"is_bot": True, "bot_reason": "user_agent", "response_ms": 7}
ASKS = [
    asked(outcome="no_bid", response_ms=80),
    asked(outcome="no_bid", response_ms=81, nonbid_code=0, bids_in_auction=3),
    # the time of a timeout is the limit, not an answer's
    asked(outcome="timeout", response_ms=1000, nonbid_code=101, bids_in_auction=4),
    asked(outcome="timeout", response_ms=None, nonbid_code=101, bids_in_auction=5),
    asked(outcome="error", response_ms=5, nonbid_code=100, bids_in_auction=9),
    asked(outcome="rejected", response_ms=80, nonbid_code=301, bids_in_auction=2),
    asked(outcome="rejected", response_ms=300, nonbid_code=301, bids_in_auction=1),
    asked(cpm_micros=2_000_001, response_ms=120, bids_in_auction=2),
    asked(cpm_micros=1_000_000, response_ms=0, bids_in_auction=1),
    won(1_500_499, response_ms=-1, bids_in_auction=2),
    won(2_500_500, response_ms=70_000, bids_in_auction=6),
]
ANSWERED = of_day(
    asks=11,
    bids=4,
    no_bids=2,
    timeouts=2,
    errors=1,
    rejections=2,
    wins=2,
    **dict(zip(DENSITY, (1, 2, 3, 1, 1, 3), strict=True)),
    codes={"0": 1, "100": 1, "101": 2, "301": 2},
    histogram={80: 3, 5: 1, 300: 1, 120: 1, 0: 1, 70_000: 1},
    bid_cpm_micros=7_001_000,
    win_cpm_micros=4_000_999,
    # 1500.499 and 2500.5 micros, each rounded half up
    win_revenue_micros=1500 + 2501,
)
PLACES = [
    # a row of its own: each dimension, and what was not reported
    (asked("b"), of_day("b", asks=1, no_bids=1, auction_slots_0_bids=1)),
    (asked(slot_size="1x1"), of_day(slot_size="1x1", asks=1, no_bids=1, auction_slots_0_bids=1)),
    (asked(slot_size=None), of_day(slot_size=None, asks=1, no_bids=1, auction_slots_0_bids=1)),
    (
        asked(site=None, app_bundle="com.example.app"),
        of_day(site="com.example.app", is_app=True, asks=1, no_bids=1, auction_slots_0_bids=1),
    ),
    # an app that is called like a site is no site, and a site wins over an app
    (
        asked(site=None, app_bundle="x.example"),
        of_day(site="x.example", is_app=True, asks=1, no_bids=1, auction_slots_0_bids=1),
    ),
    (asked(site="x.example", app_bundle="y"), of_day(site="x.example", asks=1, no_bids=1, auction_slots_0_bids=1)),
    (asked(site=None), of_day(site=None, asks=1, no_bids=1, auction_slots_0_bids=1)),
    (
        asked(event_at_utc=at("2026-11-01 23:59:59.999999")),
        of_day(event_date=NOV1, asks=1, no_bids=1, auction_slots_0_bids=1),
    ),
]


def test_answers_codes_density_and_times_by_bidder_and_place(spark, frames, config):
    robots = [won(9_000_000, **ROBOT), asked(outcome="timeout", nonbid_code=101, **ROBOT), asked("z", **ROBOT)]
    given = frames(*ASKS, *robots, *(bid for bid, _ in PLACES))
    expected = [ANSWERED, *(row for _, row in PLACES)]
    assert_same(conform(MART.build(given, config), CONTRACT), rows(spark, CONTRACT, *expected))
    assert_proven(MART, given, config, expected)


def test_money_is_converted_at_the_rate_of_the_day_and_what_cannot_be_is_counted(spark, frames, config):
    one_bid = {"auction_slots_1_bids": 1}
    three = {"auction_slots_1_bids": 3}
    unknown = {"bid_cpm_micros": None, "win_cpm_micros": None, "win_revenue_micros": None}
    values = [
        # the yen's rate is the older one, 32 days old; 400 yen are 2 dollars
        won(2_000_000, bidder="mixed", currency="EUR"),
        asked("mixed", cpm_micros=400_000_000, currency="JPY"),
        won(1_000_000, bidder="mixed", currency="SEK"),
        # nobody knows what a krona is worth: null, never 0
        won(1_000_000, bidder="unknown", currency="SEK"),
        # a bid that lost is unknown, and no win is worth nothing
        asked("lost", cpm_micros=1_000_000, currency="SEK"),
        # one day before the first rate of the euro
        won(1_000_000, bidder="early", currency="EUR", event_at_utc=at("2026-10-31 10:00:00")),
        # 500 x 1.1 micros are 0.55 per impression: 1; 454 x 1.1 are 0.499: 0
        won(500, bidder="half", currency="EUR"),
        won(454, bidder="half", currency="EUR"),
        asked("none", outcome="timeout"),
    ]
    expected = [
        of_day(
            "mixed",
            asks=3,
            bids=3,
            wins=2,
            **three,
            bids_unconverted=1,
            wins_unconverted=1,
            bid_cpm_micros=2_200_000 + 2_000_000,
            win_cpm_micros=2_200_000,
            win_revenue_micros=2200,
            oldest_rate_date=OCT1,
        ),
        of_day("unknown", asks=1, bids=1, wins=1, **one_bid, bids_unconverted=1, wins_unconverted=1) | unknown,
        of_day("lost", asks=1, bids=1, **one_bid, bids_unconverted=1, bid_cpm_micros=None),
        of_day("early", asks=1, bids=1, wins=1, **one_bid, bids_unconverted=1, wins_unconverted=1)
        | unknown
        | {"event_date": at("2026-10-31").date()},
        of_day(
            "half",
            asks=2,
            bids=2,
            wins=2,
            auction_slots_1_bids=2,
            bid_cpm_micros=550 + 499,
            win_cpm_micros=550 + 499,
            win_revenue_micros=1,
            oldest_rate_date=NOV1,
        ),
        of_day("none", asks=1, timeouts=1, auction_slots_0_bids=1),
    ]
    given = frames(*values)
    assert_same(conform(MART.build(given, config), CONTRACT), rows(spark, CONTRACT, *expected))
    assert_proven(MART, given, config, expected)


def test_trap_12_a_cached_bid_counts_in_its_own_auction_and_earns_in_the_later_one(spark, frames, config):
    first, later = at("2026-11-01 23:59:00"), at("2026-11-02 00:01:00")
    values = [
        # bid today, not shown; shown tomorrow, when its bidder was not asked
        asked(cpm_micros=3_000_000, auction_id="first", event_at_utc=first, response_ms=90),
        won(3_000_000, outcome="cached", auction_id="later", event_at_utc=later),
        # as above, but its bidder was asked again and had nothing
        asked("b", cpm_micros=5_000_000, auction_id="first", event_at_utc=first),
        won(5_000_000, bidder="b", outcome="no_bid", auction_id="later", event_at_utc=later),
    ]
    bid = {"event_date": NOV1, "asks": 1, "bids": 1, "auction_slots_1_bids": 1}
    quiet = {"asks": 1, "no_bids": 1, "auction_slots_0_bids": 1}
    expected = [
        of_day(**bid, bid_cpm_micros=3_000_000, histogram={90: 1}),
        of_day(wins=1, win_cpm_micros=3_000_000, win_revenue_micros=3000),
        of_day("b", **bid, bid_cpm_micros=5_000_000),
        of_day("b", **quiet, wins=1, win_cpm_micros=5_000_000, win_revenue_micros=5000),
    ]
    given = frames(*values)
    assert_same(conform(MART.build(given, config), CONTRACT), rows(spark, CONTRACT, *expected))
    assert_proven(MART, given, config, expected)


def test_nothing_is_read_of_an_empty_frame_of_bids(spark, frames, config):
    empty = frames()
    assert_same(conform(MART.build(empty, config), CONTRACT), rows(spark, CONTRACT))
    assert_same(empty["days"], frame(spark, "event_date date", []))
