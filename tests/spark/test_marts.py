"""Gold tables of the ad server's rows from hand-written silver rows, and what a row earned."""

import pytest

from adlake.contracts import table
from adlake.frames import conform
from adlake.marts import MARTS
from adlake.marts.revenue import channel, click_rate_card_micros, impression_rate_card_micros, rates_by_day, with_rates
from tests.spark.rows import BATCH, assert_proven, assert_same, at, frame, prepared, rows

PLACE = {"_batch_id": BATCH, "_file": "f", "_position": 1}
OCT31, NOV1, NOV2, NOV3, NOV4 = (at(day).date() for day in ("2026-10-31", *(f"2026-11-0{n}" for n in range(1, 5))))
RATES = ("line_item_type", "cost_type", "cost_per_unit_micros")


def item(snapshot, number, kind, cost_type, micros):
    values = {"snapshot_date": snapshot, "line_item_id": number, "line_item_type": kind, "cost_type": cost_type}
    return values | {"cost_per_unit_micros": micros}


def days(spark, *dates):
    return frame(spark, "event_date date", [{"event_date": day} for day in dates])


def as_of(spark, *values):
    schema = (
        "event_date date, line_item_id string, line_item_type string, cost_type string, cost_per_unit_micros bigint"
    )
    names = ("event_date", "line_item_id", *RATES)
    return frame(spark, schema, [dict(zip(names, value, strict=True)) for value in values])


def test_a_snapshot_holds_from_its_date_to_the_next_one(spark):
    items = rows(
        spark,
        "silver.gam_line_items",
        item(NOV1, "1", "STANDARD", "CPM", 10),
        item(NOV1, "2", "HOUSE", "CPM", 0),
        # the next snapshot changes one line item, brings another, and lacks one: that one has no rate any more
        item(NOV3, "1", "STANDARD", "CPM", 11),
        item(NOV3, "3", "NETWORK", "CPC", 12),
        **PLACE,
    )
    expected = [
        (NOV1, "1", "STANDARD", "CPM", 10),
        (NOV1, "2", "HOUSE", "CPM", 0),
        (NOV2, "1", "STANDARD", "CPM", 10),
        (NOV2, "2", "HOUSE", "CPM", 0),
        (NOV3, "1", "STANDARD", "CPM", 11),
        (NOV3, "3", "NETWORK", "CPC", 12),
        (NOV4, "1", "STANDARD", "CPM", 11),
        (NOV4, "3", "NETWORK", "CPC", 12),
    ]
    found = rates_by_day(items, days(spark, OCT31, NOV1, NOV2, NOV3, NOV4))
    assert_same(found, as_of(spark, *expected))
    assert_same(rates_by_day(items, days(spark)), as_of(spark))
    assert_same(rates_by_day(items.where("false"), days(spark, NOV1)), as_of(spark))


def test_only_network_rows_get_the_rate_of_their_line_item_that_day(spark):
    names = ("event_date", "line_item_id", "is_backfill")
    sold_by = [
        ((NOV1, "1", False), ("STANDARD", "CPM", 10)),
        ((NOV2, "1", False), ("HOUSE", "CPC", 11)),
        ((NOV1, "2", False), (None, None, None)),
        ((NOV3, "1", False), (None, None, None)),
        ((NOV1, None, False), (None, None, None)),
        # dynamic allocation names a line item that does not pay
        ((NOV1, "1", True), (None, None, None)),
    ]
    rates = as_of(
        spark, (NOV1, "1", "STANDARD", "CPM", 10), (NOV2, "1", "HOUSE", "CPC", 11), (NOV1, None, "BULK", "CPM", 1)
    )
    schema = "event_date date, line_item_id string, is_backfill boolean"
    events = frame(spark, schema, [dict(zip(names, event, strict=True)) for event, _ in sold_by])
    whole = [dict(zip((*names, *RATES), (*event, *rate), strict=True)) for event, rate in sold_by]
    schema += ", line_item_type string, cost_type string, cost_per_unit_micros bigint"
    assert_same(with_rates(events, rates), frame(spark, schema, whole))


# cost type, micros of a unit, micros of an impression, micros of a click
COSTS = [
    ("CPM", 2_500_000, 2500, 0),
    ("cpm", 1000, 1, 0),
    ("CPM", 499, 0, 0),
    ("CPM", 500, 1, 0),
    ("CPM", 1499, 1, 0),
    ("CPM", 2500, 3, 0),
    ("CPM", 3500, 4, 0),
    ("CPM", 0, 0, 0),
    ("CPM", 1_000_000_000_000_000, 1_000_000_000_000, 0),
    ("CPC", 300_000, 0, 300_000),
    ("cpc", 1, 0, 1),
    ("CPC", 0, 0, 0),
    ("VCPM", 5_000_000, None, 0),
    ("CPD", 5_000_000, None, 0),
    ("CPA", 1, None, 0),
    ("", 1, None, 0),
    (None, 1, None, 0),
    (None, None, None, 0),
]


def test_a_rate_card_pays_a_thousandth_per_impression_or_all_of_it_per_click(spark):
    names = ("cost_type", "cost_per_unit_micros")
    given = [dict(zip(names, cost, strict=False)) | {"case": number} for number, cost in enumerate(COSTS)]
    priced = frame(spark, "case int, cost_type string, cost_per_unit_micros bigint", given).select(
        "case", impression_rate_card_micros().alias("impression"), click_rate_card_micros().alias("click")
    )
    expected = [{"case": n, "impression": cost[2], "click": cost[3]} for n, cost in enumerate(COSTS)]
    assert_same(priced, frame(spark, "case int, impression bigint, click bigint", expected))


# product, kind of deal, kind of line item, channel
BACKFILL = [
    *[(product, None, None, "open_adx") for product in ("Ad Exchange", "AdExchange", "AD EXCHANGE", "ad_exchange")],
    ("Ad Exchange", "Open Auction", "HOUSE", "open_adx"),
    ("Ad Exchange", "Private Auction", None, "private_auction"),
    ("AdExchange", "PRIVATE_AUCTION", None, "private_auction"),
    ("Ad_Exchange", "preferred deal", None, "preferred_deal"),
    *[(p, "Private Auction", None, "open_bidding") for p in ("Exchange Bidding", "Open Bidding", "open_bidding")],
    ("AdSense", None, None, "adsense"),
    ("ADSENSE", "Preferred Deal", None, "adsense"),
    *[(product, "Private Auction", "HOUSE", "backfill_other") for product in ("First Look", "Ad Server", "", None)],
]
NETWORK = [
    *[(None, None, kind, "direct") for kind in ("SPONSORSHIP", "Standard", "bulk", "NETWORK")],
    ("Ad Exchange", "Private Auction", "HOUSE", "house"),
    (None, None, "House", "house"),
    *[(None, None, kind, "price_priority") for kind in ("PRICE_PRIORITY", "Price priority", "price PRIORITY")],
    *[(None, None, kind, "direct_other") for kind in ("AD_EXCHANGE", "ADSENSE", "BUMPER", "PREFERRED DEAL")],
    ("Ad Exchange", "Private Auction", None, "unknown"),
]


def test_the_channel_is_read_from_every_spelling(spark):
    cases = [(True, *case) for case in BACKFILL] + [(False, *case) for case in NETWORK]
    names = ("is_backfill", "product", "deal_type", "line_item_type", "channel")
    schema = "is_backfill boolean, product string, deal_type string, line_item_type string, channel string"
    expected = frame(spark, schema, [dict(zip(names, case, strict=True)) for case in cases])
    assert_same(expected.withColumn("channel", channel()), expected)


LINE_ITEMS = [
    item(NOV1, "cpm", "STANDARD", "CPM", 2_500_000),
    item(NOV1, "cpc", "PRICE_PRIORITY", "CPC", 300_000),
    item(NOV1, "house", "HOUSE", "CPM", 0),
    item(NOV1, "vcpm", "SPONSORSHIP", "VCPM", 5_000_000),
    item(NOV1, "other", "AD_EXCHANGE", "CPM", 1500),
    item(NOV1, "untyped", None, "CPM", 1000),
    item(NOV3, "cpm", "STANDARD", "CPM", 4_000_000),
]
SPOT = {"site": "a.example", "ad_unit_id": "1", "device_category": "Desktop", "country": "Germany"}
NETWORK_ROW, BACKFILL_ROW = {"is_backfill": False}, {"is_backfill": True, "product": "Ad Exchange"}


def silver(spark, name, *values, **same):
    """Ad-server rows with a place of their own, in the day of their time, at the spot unless they say another."""
    whole = [{"event_date": value["event_at_utc"].date()} | value for value in (same | value for value in values)]
    return rows(spark, f"silver.gam_{name}", *whole, **PLACE, key_part="k", query_at_utc=at("2026-10-30"))


def of_hour(when, sold_by, **sums):
    zeros = [column.name for column in table("gold.yield_hourly").columns if column.type == "bigint"]
    hour = at(f"2026-11-{when}:00:00")
    return dict.fromkeys(zeros, 0) | SPOT | {"hour_utc": hour, "event_date": hour.date(), "channel": sold_by} | sums


@pytest.fixture
def sold(spark):
    """Silver of three days, made so that each rule of `gold.yield_hourly` decides a row of it."""
    ten, late, next_hour = at("2026-11-02 10:00:00"), at("2026-11-02 10:59:59.999999"), at("2026-11-02 11:00:00")
    nov3, oct31 = at("2026-11-03 00:00:00"), at("2026-10-31 10:00:00")
    private = BACKFILL_ROW | {"deal_type": "Private Auction"}
    return {
        "gam_line_items": rows(spark, "silver.gam_line_items", *LINE_ITEMS, **PLACE),
        "days": days(spark, OCT31, NOV2, NOV3),
        "gam_requests": silver(
            spark,
            "requests",
            NETWORK_ROW | {"line_item_id": "cpm", "is_filled": True},
            NETWORK_ROW | {"line_item_id": "cpm", "is_filled": False},
            NETWORK_ROW | {"is_filled": False},
            NETWORK_ROW | {"is_filled": False, "line_item_id": "nobody knows"},
            NETWORK_ROW | {"is_filled": None},
            NETWORK_ROW | {"is_filled": True},
            NETWORK_ROW | {"line_item_id": "cpc", "is_filled": True, "event_at_utc": late},
            BACKFILL_ROW | {"is_filled": True, "line_item_id": "cpm"},
            private | {"is_filled": False},
            NETWORK_ROW | {"is_filled": False, "event_at_utc": next_hour},
            **SPOT,
            event_at_utc=ten,
        ),
        "gam_impressions": silver(
            spark,
            "impressions",
            NETWORK_ROW | {"line_item_id": "cpm", "is_active_view_eligible": True},
            NETWORK_ROW | {"line_item_id": "cpm", "is_active_view_eligible": False, "event_at_utc": late},
            # reported revenue is that of backfill alone, and a line item's rate never pays backfill
            NETWORK_ROW | {"line_item_id": "cpc"},
            NETWORK_ROW | {"line_item_id": "house", "is_active_view_eligible": True},
            NETWORK_ROW | {"line_item_id": "vcpm"},
            NETWORK_ROW | {"line_item_id": "other"},
            NETWORK_ROW | {"line_item_id": "nobody knows"},
            BACKFILL_ROW | {"line_item_id": "cpm", "revenue_micros": 1120, "revenue_basis": "reported"},
            BACKFILL_ROW | {"revenue_micros": 0, "revenue_basis": "reported", "is_active_view_eligible": True},
            private | {"revenue_micros": -7, "revenue_basis": "reported"},
            NETWORK_ROW | {"line_item_id": "cpm", "event_at_utc": nov3},
            NETWORK_ROW | {"line_item_id": "cpc", "event_at_utc": nov3},
            NETWORK_ROW | {"line_item_id": "cpm", "event_at_utc": oct31},
            # what is not reported is a place of its own
            NETWORK_ROW | {"line_item_id": "cpm"} | dict.fromkeys(SPOT),
            NETWORK_ROW | {"line_item_id": "cpm", "country": None},
            **SPOT,
            event_at_utc=ten,
            event_key_part="e",
        ),
        "gam_clicks": silver(
            spark,
            "clicks",
            NETWORK_ROW | {"line_item_id": "cpc"},
            NETWORK_ROW | {"line_item_id": "cpc", "event_at_utc": late},
            NETWORK_ROW | {"line_item_id": "cpm"},
            BACKFILL_ROW | {"line_item_id": "cpc"},
            NETWORK_ROW | {"line_item_id": "cpc", "event_at_utc": nov3},
            **SPOT,
            event_at_utc=ten,
            event_key_part="e",
        ),
        "gam_active_views": silver(
            spark,
            "active_views",
            NETWORK_ROW | {"line_item_id": "cpm", "is_measurable": True, "is_viewable": True},
            NETWORK_ROW | {"line_item_id": "cpm", "is_measurable": True, "is_viewable": False},
            NETWORK_ROW | {"line_item_id": "cpm", "is_measurable": None, "is_viewable": None},
            # viewable without measurable exists, and is counted as it came
            BACKFILL_ROW | {"is_measurable": False, "is_viewable": True},
            **SPOT,
            event_at_utc=ten,
            event_key_part="e",
        ),
    }


SOLD = [
    of_hour(
        "02 10",
        "direct",
        requests=2,
        unfilled=1,
        impressions=3,
        clicks=1,
        eligible=1,
        measurable=2,
        viewable=1,
        revenue_rate_card_micros=5000,
        revenue_micros=5000,
        revenue_unknown_impressions=1,
    ),
    of_hour("02 10", "unfilled", requests=2, unfilled=2),
    of_hour("02 10", "unknown", requests=2, impressions=1, revenue_unknown_impressions=1),
    of_hour(
        "02 10",
        "price_priority",
        requests=1,
        impressions=1,
        clicks=2,
        revenue_rate_card_micros=600_000,
        revenue_micros=600_000,
    ),
    of_hour("02 10", "house", impressions=1, eligible=1),
    of_hour("02 10", "direct_other", impressions=1, revenue_rate_card_micros=2, revenue_micros=2),
    of_hour(
        "02 10",
        "open_adx",
        requests=1,
        impressions=2,
        clicks=1,
        eligible=1,
        viewable=1,
        revenue_reported_micros=1120,
        revenue_micros=1120,
    ),
    of_hour(
        "02 10",
        "private_auction",
        requests=1,
        unfilled=1,
        impressions=1,
        revenue_reported_micros=-7,
        revenue_micros=-7,
    ),
    of_hour("02 11", "unfilled", requests=1, unfilled=1),
    of_hour("03 00", "direct", impressions=1, revenue_rate_card_micros=4000, revenue_micros=4000),
    of_hour("03 00", "unknown", impressions=1, clicks=1, revenue_unknown_impressions=1),
    of_hour("02 10", "direct", impressions=1, revenue_rate_card_micros=2500, revenue_micros=2500) | dict.fromkeys(SPOT),
    of_hour("02 10", "direct", impressions=1, revenue_rate_card_micros=2500, revenue_micros=2500, country=None),
    of_hour("02 10", "unknown", impressions=1, revenue_unknown_impressions=1)
    | {"hour_utc": at("2026-10-31 10:00:00"), "event_date": OCT31},
]


def test_yield_by_hour_and_place(spark, sold, config):
    contract = table("gold.yield_hourly")
    assert_same(conform(MARTS["gold.yield_hourly"].build(sold, config), contract), rows(spark, contract, *SOLD))


def test_a_known_line_item_without_a_kind_is_another_kind_of_direct(spark, sold, config):
    when = at("2026-11-02 10:00:00")
    untyped = NETWORK_ROW | SPOT | {"line_item_id": "untyped", "event_at_utc": when}
    frames = {name: rows_.where("false") for name, rows_ in sold.items()}
    frames |= {"gam_line_items": sold["gam_line_items"], "days": days(spark, NOV2)}
    frames["gam_requests"] = silver(spark, "requests", untyped | {"is_filled": False})
    frames["gam_impressions"] = silver(spark, "impressions", untyped, event_key_part="e")
    money = {"revenue_rate_card_micros": 1, "revenue_micros": 1}
    expected = of_hour("02 10", "direct_other", requests=1, unfilled=1, impressions=1, **money)
    contract = table("gold.yield_hourly")
    assert_same(conform(MARTS["gold.yield_hourly"].build(frames, config), contract), rows(spark, contract, expected))


PERSON = {"ad": {"id_key": "k1:max"} | NETWORK_ROW, "page": {"is_bot": False, "event_name": "page_view"}}


def page(when, person="k1:max", **values):
    time = at(f"2026-11-{when}")
    times = {"collector_at_utc": time, "event_at_utc": time, "event_date": time.date()}
    return {"event_id": "e", "is_bot": False, "event_name": "page_view", "id_key": person} | times | PLACE | values


def ad(when, person="k1:max", **values):
    return {"event_at_utc": at(f"2026-11-{when}"), "id_key": person, "event_key_part": "e"} | NETWORK_ROW | values


@pytest.fixture
def met(spark):
    """Silver of two days, made so that each rule of `gold.user_days` decides a row of it."""
    backfill = {"is_backfill": True, "line_item_id": "cpm", "revenue_basis": "reported"}
    return {
        "gam_line_items": rows(spark, "silver.gam_line_items", *LINE_ITEMS, **PLACE),
        "days": days(spark, NOV2, NOV3),
        "page_events": rows(
            spark,
            "silver.page_events",
            page("02 09:00:00", site="a.example", section="sport", domain_session_id="s1", device_type="Computer"),
            page("02 10:00:00", site="a.example", section="sport", domain_session_id="s1", geo_country="DE"),
            page("02 11:00:00", site="a.example", section="politics", domain_session_id="s2", device_type="Unknown"),
            page("02 12:00:00", section="Sport", geo_country="AT", device_type="Game console"),
            page("02 13:00:00", section=None, site="a.example", domain_session_id="s2", geo_country="DE"),
            # a ping is no page view, but somebody was there; its section was not necessarily read
            page(
                "02 08:00:00.5", event_name="page_ping", section="culture", domain_session_id="s3", device_type="Mobile"
            ),
            page("02 23:59:59.999999", is_bot=True, section="robots", domain_session_id="s4", geo_country="US"),
            page("02 00:00:00", None, section="nobody"),
            page("03 00:00:00", site="b.example", section="sport", domain_session_id="s2"),
            page("02 07:00:00", "k1:pings", event_name="page_ping", section="sport", domain_session_id="s1"),
            page("02 07:00:01", "k1:pings", event_name=None),
            page("02 07:00:00", "k1:robot", is_bot=True),
        ),
        "gam_impressions": silver(
            spark,
            "impressions",
            ad("02 08:00:00", line_item_id="cpm", device_category="Smartphone", country="DE"),
            ad("02 08:00:01", line_item_id="cpc", device_category=" desktop ", country="Germany"),
            ad("02 08:00:02", line_item_id="vcpm"),
            ad("02 08:00:03"),
            ad("02 08:00:04", **backfill, revenue_micros=1120),
            ad("02 08:00:05", **backfill, revenue_micros=-20),
            ad("02 08:00:06", None, line_item_id="cpm"),
            ad("03 08:00:00", line_item_id="cpm"),
            ad("02 08:00:00", "k1:eva", line_item_id="house"),
        ),
        "gam_clicks": silver(
            spark,
            "clicks",
            # a click repeats the device and the country of its impression
            ad("02 14:30:00", line_item_id="cpc", device_category="Tablet", country="Germany"),
            ad("02 14:00:00", line_item_id="cpm"),
            ad("02 14:10:00", is_backfill=True, line_item_id="cpc"),
            ad("02 23:00:00", None, line_item_id="cpc"),
            ad("02 15:00:00", "k1:clicks only", line_item_id="unknown"),
        ),
    }


def of_day(person, day, first, last, **sums):
    zeros = [column.name for column in table("gold.user_days").columns if column.type == "bigint"]
    seen = {"first_seen_at_utc": at(f"{day} {first}"), "last_seen_at_utc": at(f"{day} {last}")}
    values = {"id_key": person, "event_date": at(str(day)).date(), "sections": []}
    counts = {name: {} for name in ("section_page_views", "device_events", "country_events")}
    return dict.fromkeys(zeros, 0) | values | counts | seen | sums


MET = [
    of_day(
        *("k1:max", NOV2, "08:00:00", "14:30:00"),
        visits=3,
        page_views=5,
        impressions=6,
        clicks=3,
        sections=["Sport", "politics", "sport"],
        section_page_views={"Sport": 1, "a.example/politics": 1, "a.example/sport": 2},
        device_events={"desktop": 2, "mobile": 2, "other": 1},
        country_events={"AT": 1, "DE": 3, "Germany": 1},
        revenue_micros=2500 + 1120 - 20 + 300_000,
        revenue_unknown_impressions=2,
    ),
    of_day(
        *("k1:max", NOV3, "00:00:00", "08:00:00"),
        # the visit that began on the day before
        visits=1,
        page_views=1,
        impressions=1,
        revenue_micros=4000,
        sections=["sport"],
        section_page_views={"b.example/sport": 1},
    ),
    of_day("k1:pings", NOV2, "07:00:00", "07:00:01", visits=1),
    of_day("k1:eva", NOV2, "08:00:00", "08:00:00", impressions=1),
    of_day("k1:clicks only", NOV2, "15:00:00", "15:00:00", clicks=1),
]


def test_what_a_person_did_on_a_day(spark, met, config):
    contract = table("gold.user_days")
    assert_same(conform(MARTS["gold.user_days"].build(met, config), contract), rows(spark, contract, *MET))


@pytest.mark.parametrize("name", MARTS)
def test_nothing_comes_of_nothing(spark, sold, met, name, config):
    mart, contract = MARTS[name], table(name)
    frames = {source: given.where("false") for source, given in (sold | met).items()}
    asked = {*mart.events, "fx_rates"} - set(frames)
    frames |= {source: rows(spark, f"silver.{source}") for source in asked}
    only_rates = frames | {"gam_line_items": sold["gam_line_items"], "days": sold["days"]}
    for given in (frames, only_rates):
        assert_same(conform(mart.build(prepared(mart, given, config), config), contract), rows(spark, contract))


@pytest.mark.parametrize(("name", "expected"), [("gold.yield_hourly", SOLD), ("gold.user_days", MET)])
def test_the_proofs_of_a_mart_count_the_same_from_silver(sold, met, config, name, expected):
    frames, mart = sold if name == "gold.yield_hourly" else met, MARTS[name]
    assert_proven(mart, frames, config, expected)
