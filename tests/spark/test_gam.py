"""Rules, filters and columns of the ad server's silver tables."""

from decimal import Decimal

import pytest

from adlake.contracts import table
from adlake.identity import identity_key
from tests.conftest import SECRET
from tests.spark.rows import BATCH, assert_same, at, frame, key_of, part, rows

EARLIEST, LATEST = 1_104_537_600_000_000, 4_102_444_800_000_000
TIME, EVENT = 1_793_599_800_000_000, 1_793_599_800_250_000  # 2026-11-02 06:10:00 UTC, and a quarter of a second later
NETWORK, BACKFILL = "NetworkX", "NetworkBackfillX"
FILE = "gam/NetworkX_1_20261102_22.csv.gz"
SAME = {"_batch_id": BATCH, "_file": FILE, "_ingested_at_utc": at("2026-11-02 07:00:00")}
EVENT_KEYS = {"TimeUsec2": TIME, "KeyPart": "k", "EventTimeUsec2": EVENT, "EventKeyPart": "e"}
TIMES = [(EARLIEST, True), (EARLIEST - 1, False), (LATEST, False), (LATEST - 1, True), (0, False), (None, False)]
TIMES += [(-1, False), (2**63 - 1, False), (-(2**63), False)]


@pytest.fixture
def identity(spark):
    """The identity key of the tests."""
    return identity_key(spark, SECRET.encode(), "k1")


def judged(spark, identity, name, base, cases):
    """Bronze rows that differ from a good one in the columns of each case, parted; `_position` counts the cases."""
    values = [base | case | {"_position": number} for number, (case, _) in enumerate(cases)]
    return part(rows(spark, f"bronze.{name}", *values, **SAME), table(f"silver.{name}"), identity)


def assert_rules(spark, identity, name, base, cases):
    """Each case breaks exactly the rules that stand beside it, in their order; the first one owns the row."""
    parting = judged(spark, identity, name, base, cases)
    said = parting.refused.select("position", "rule_id", "rule_ids")
    broken = [
        {"position": number, "rule_id": rules[0], "rule_ids": list(rules)}
        for number, (_, rules) in enumerate(cases)
        if rules
    ]
    assert_same(said, frame(spark, said.schema, broken))
    kept = [{"_position": number} for number, (_, rules) in enumerate(cases) if not rules]
    assert_same(parting.accepted.select("_position"), frame(spark, "_position bigint", kept))
    assert parting.refused_by_file == {FILE: len(broken)}
    assert parting.filtered == {}


def test_the_rules_of_requests_hold_at_their_bounds(spark, identity):
    base = {"TimeUsec2": TIME, "KeyPart": "k", "_record_type": NETWORK}
    cases = [({"TimeUsec2": time}, () if good else ("query_time_invalid",)) for time, good in TIMES]
    cases += [({"KeyPart": key}, ("key_missing",)) for key in (None, "", "   ")]
    cases += [({"KeyPart": key}, ()) for key in ("0", "-", " k ")]
    cases += [
        ({"TimeUsec2": None, "KeyPart": None}, ("query_time_invalid", "key_missing")),
        # a request has no event of its own, and needs neither line item nor revenue
        ({"EventTimeUsec2": 1, "EventKeyPart": None, "LineItemId": "0"}, ()),
        ({"_record_type": BACKFILL}, ()),
    ]
    assert_rules(spark, identity, "gam_requests", base, cases)


@pytest.mark.parametrize("name", ["gam_impressions", "gam_clicks", "gam_active_views"])
def test_the_rules_of_events_hold_at_their_bounds(spark, identity, name):
    base = EVENT_KEYS | {"_record_type": NETWORK, "LineItemId": "7"}
    cases = [({"TimeUsec2": time}, () if good else ("query_time_invalid",)) for time, good in TIMES]
    cases += [({"EventTimeUsec2": time}, () if good else ("event_time_invalid",)) for time, good in TIMES]
    cases += [({part: key}, ("key_missing",)) for part in ("KeyPart", "EventKeyPart") for key in (None, "", "   ")]
    nothing = dict.fromkeys((*EVENT_KEYS, "EstimatedBackfillRevenue"))
    broken = ("query_time_invalid", "event_time_invalid", "key_missing")
    needs_revenue = ("revenue_missing",) if name == "gam_impressions" else ()
    cases += [
        ({}, ()),
        (nothing, broken),
        (nothing | {"_record_type": BACKFILL}, (*broken, *needs_revenue)),
        ({"_record_type": BACKFILL}, needs_revenue),
        ({"_record_type": BACKFILL, "EstimatedBackfillRevenue": Decimal(0)}, ()),
        ({"_record_type": BACKFILL, "EstimatedBackfillRevenue": Decimal("-0.1")}, ()),
        ({"_record_type": BACKFILL, "EstimatedBackfillRevenue": Decimal(1), "LineItemId": None}, ()),
        ({"EventKeyPart": None, "TimeUsec2": LATEST}, ("query_time_invalid", "key_missing")),
    ]
    assert_rules(spark, identity, name, base, cases)


def test_the_rules_of_line_items_hold_at_their_bounds(spark, identity):
    base = {"ID": "7", "CostPerUnitInNetworkCurrency": Decimal("1.5"), "_record_type": "LineItem"}
    cases = [({"ID": key}, ("line_item_id_missing",)) for key in (None, "", "  ", "0")]
    cases += [({"ID": key}, ()) for key in ("00", "-1", "0007")]
    cases += [({"CostPerUnitInNetworkCurrency": rate}, ("rate_invalid",)) for rate in (None, Decimal("-0.000000001"))]
    cases += [({"CostPerUnitInNetworkCurrency": rate}, ()) for rate in (Decimal(0), Decimal("0.000000001"))]
    cases += [({"ID": None, "CostPerUnitInNetworkCurrency": None}, ("line_item_id_missing", "rate_invalid"))]
    assert_rules(spark, identity, "gam_line_items", base, cases)


def test_a_network_impression_without_a_line_item_is_left_out_after_the_rules(spark, identity):
    base = EVENT_KEYS | {"_record_type": NETWORK, "EstimatedBackfillRevenue": Decimal(1)}
    left_out = [({"LineItemId": item}, False) for item in (None, "", "0")]
    kept = [({"LineItemId": item}, True) for item in ("7", "00", "-")]
    kept += [({"LineItemId": item, "_record_type": BACKFILL}, True) for item in (None, "0", "7")]
    refused = [({"LineItemId": None, "KeyPart": None}, False)]
    parting = judged(spark, identity, "gam_impressions", base, [*left_out, *kept, *refused])
    assert parting.filtered == {"unfilled_impression": 3}
    assert parting.refused_by_file == {FILE: 1}
    positions = [{"_position": number} for number in range(3, 9)]
    assert_same(parting.accepted.select("_position"), frame(spark, "_position bigint", positions))
    assert [row["rule_ids"] for row in parting.refused.collect()] == [["key_missing"]]


@pytest.mark.parametrize("name", ["gam_requests", "gam_clicks", "gam_active_views"])
def test_only_impressions_leave_out_rows_without_a_line_item(spark, identity, name):
    parting = judged(spark, identity, name, EVENT_KEYS | {"_record_type": NETWORK}, [({"LineItemId": "0"}, True)])
    assert (parting.filtered, parting.refused_by_file, parting.accepted.count()) == ({}, {}, 1)


def test_nothing_is_parted_from_nothing(spark, identity):
    parting = judged(spark, identity, "gam_impressions", {}, [])
    assert (parting.filtered, parting.refused_by_file) == ({}, {})
    assert_same(parting.accepted, rows(spark, "silver.gam_impressions"))
    assert parting.refused.count() == 0


# A row with a value in every column that silver takes, and the same row as silver has it.
FULL = {
    "AdUnitId": "0123456789012345678901",
    "LineItemId": "77",
    "OrderId": "88",
    "AdvertiserId": "99",
    "CreativeId": "66",
    "DealId": "55",
    "DealType": "Private Auction",
    "Product": "Ad Exchange",
    "CreativeSize": "Native",
    "CreativeSizeDelivered": "300x250",
    "RefererURL": "https://max@www.Example.com:8443/Sport/golf?user=max#top",
    "Domain": "isp.example",
    "Country": "Germany",
    "Region": "Berlin",
    "DeviceCategory": "Smartphone",
    "Browser": "Safari (iPhone/iPod) Any.Any",
    "OS": "iOS",
    "CustomTargeting": "hb_pb=1.20;x/y=",
    "UserId": "AMsySZZ8lVrWkVUqvYHOLj",
    "PublisherProvidedID": "ppid-1",
    "ImpressionId": "1-0",
    "SellerReservePrice": Decimal("0.25"),
}
SILVER = {
    "key_part": "k",
    "query_at_utc": at("2026-11-02 06:10:00"),
    "event_date": at("2026-11-02").date(),
    "product": "Ad Exchange",
    "ad_unit_id": "0123456789012345678901",
    "line_item_id": "77",
    "order_id": "88",
    "advertiser_id": "99",
    "creative_id": "66",
    "deal_id": "55",
    "deal_type": "Private Auction",
    "creative_size": "300x250",
    "site": "example.com",
    "page_url": "https://www.example.com:8443/Sport/golf",
    "section": "sport",
    "country": "Germany",
    "region": "Berlin",
    "device_category": "Smartphone",
    "browser": "Safari (iPhone/iPod) Any.Any",
    "os": "iOS",
    "custom_targeting": "hb_pb=1.20;x/y=",
    "gam_user_id_key": key_of("gam_user", "AMsySZZ8lVrWkVUqvYHOLj"),
    "ppid_id_key": key_of("ppid", "ppid-1"),
    "id_key": key_of("ppid", "ppid-1"),
    "_batch_id": BATCH,
    "_file": FILE,
}
OF_EVENT = {"event_key_part": "e", "event_at_utc": at("2026-11-02 06:10:00.25")}
IDS = ("AdUnitId", "LineItemId", "OrderId", "AdvertiserId", "CreativeId", "DealId", "DealType")
ID_COLUMNS = ("ad_unit_id", "line_item_id", "order_id", "advertiser_id", "creative_id", "deal_id", "deal_type")
SPARE = {"query_at_utc": at("2026-11-02 06:10:00"), "event_date": at("2026-11-02").date(), "key_part": "k"}
SPARE |= {"_batch_id": BATCH, "_file": FILE}


def refined(spark, identity, name, *values):
    return part(rows(spark, f"bronze.{name}", *values, **SAME), table(f"silver.{name}"), identity).accepted


def test_requests_in_silver(spark, identity):
    base = {"TimeUsec2": TIME, "KeyPart": "k"}
    bronze = [
        base | FULL | {"_record_type": NETWORK, "IsFilledRequest": "true", "_position": 1, "EventTimeUsec2": EVENT},
        # only what must be there: everything else is null
        base | {"_record_type": BACKFILL, "_position": 2},
        base | dict.fromkeys(IDS, "0") | {"_record_type": BACKFILL, "CreativeSize": "1x1", "_position": 3},
        base | dict.fromkeys(IDS, "") | {"_record_type": NETWORK, "UserId": "0", "_position": 4},
        base | {"_record_type": NETWORK, "UserId": "u", "PublisherProvidedID": "-1", "_position": 5},
        {"TimeUsec2": 1_793_577_599_999_999, "KeyPart": "k", "_record_type": NETWORK, "_position": 6},
    ]
    when = at("2026-11-02 06:10:00")
    spare = SPARE | {"event_at_utc": when, "is_backfill": False}
    last = {"query_at_utc": at("2026-11-01 23:59:59.999999"), "event_at_utc": at("2026-11-01 23:59:59.999999")}
    expected = [
        SILVER | {"event_at_utc": when, "is_backfill": False, "is_filled": True, "_position": 1},
        spare | {"is_backfill": True, "_position": 2},
        spare | {"is_backfill": True, "creative_size": "1x1", "_position": 3},
        spare | {"_position": 4},
        spare | {"gam_user_id_key": key_of("gam_user", "u"), "id_key": key_of("gam_user", "u"), "_position": 5},
        spare | last | {"event_date": at("2026-11-01").date(), "_position": 6},
    ]
    assert_same(refined(spark, identity, "gam_requests", *bronze), rows(spark, "silver.gam_requests", *expected))


def test_impressions_in_silver(spark, identity):
    # micros are rounded half up, away from zero
    revenues = {"0.00112": 1120, "0.0000005": 1, "0.000000499": 0, "0.0000015": 2, "0.0000025": 3, "0": 0}
    revenues |= {
        "-0.0000005": -1,
        "999999999.999999999": 1_000_000_000_000_000,
        "0.000000001": 0,
        "1.999999500": 2_000_000,
    }
    full = FULL | EVENT_KEYS | {"_record_type": BACKFILL, "EstimatedBackfillRevenue": Decimal("0.00112")}
    bronze = [full | {"ActiveViewEligibleImpression": "Y", "_position": 1}]
    bronze += [full | {"_record_type": NETWORK, "_position": 2}]
    bronze += [
        EVENT_KEYS | {"_record_type": BACKFILL, "EstimatedBackfillRevenue": Decimal(text), "_position": 10 + number}
        for number, text in enumerate(revenues)
    ]
    spare = SPARE | OF_EVENT
    expected = [
        SILVER
        | OF_EVENT
        | {"is_backfill": True, "revenue_micros": 1120, "revenue_basis": "reported"}
        | {"is_active_view_eligible": True, "_position": 1},
        # what a network impression earns is said by its line item, whatever the field holds
        SILVER | OF_EVENT | {"is_backfill": False, "_position": 2},
    ]
    expected += [
        spare | {"is_backfill": True, "revenue_micros": micros, "revenue_basis": "reported", "_position": 10 + number}
        for number, micros in enumerate(revenues.values())
    ]
    assert_same(refined(spark, identity, "gam_impressions", *bronze), rows(spark, "silver.gam_impressions", *expected))


def test_an_event_lives_in_the_day_of_the_event_not_in_that_of_the_query(spark, identity):
    query, event = 1_793_577_599_999_999, 1_793_577_600_000_000
    bronze = EVENT_KEYS | {"TimeUsec2": query, "EventTimeUsec2": event, "_record_type": NETWORK, "_position": 1}
    expected = SPARE | {"query_at_utc": at("2026-11-01 23:59:59.999999"), "event_at_utc": at("2026-11-02")}
    expected |= {"event_key_part": "e", "is_backfill": False, "_position": 1}
    assert_same(refined(spark, identity, "gam_clicks", bronze), rows(spark, "silver.gam_clicks", expected))


def test_clicks_in_silver(spark, identity):
    bronze = FULL | EVENT_KEYS | {"_record_type": NETWORK, "EstimatedBackfillRevenue": Decimal(1), "_position": 1}
    expected = SILVER | OF_EVENT | {"is_backfill": False, "_position": 1}
    assert_same(refined(spark, identity, "gam_clicks", bronze), rows(spark, "silver.gam_clicks", expected))


FLAGS = {
    **dict.fromkeys(("true", "TRUE", "True", "Y", "y", "1"), True),
    **dict.fromkeys(("false", "FALSE", "False", "N", "n", "0"), False),
    **dict.fromkeys((None, "", " ", "yes", "2", "-1", "Y "), None),
}


def test_flags_of_every_spelling(spark, identity):
    def told(name, *columns):
        values = [
            EVENT_KEYS
            | {"_record_type": NETWORK, "LineItemId": "7", "_position": number, **dict.fromkeys(columns, text)}
            for number, text in enumerate(FLAGS)
        ]
        return refined(spark, identity, name, *values)

    views = told("gam_active_views", "MeasurableImpression", "ViewableImpression")
    found = views.select("_position", "is_measurable", "is_viewable")
    for name, column, flag in (
        ("gam_requests", "IsFilledRequest", "is_filled"),
        ("gam_impressions", "ActiveViewEligibleImpression", "is_active_view_eligible"),
    ):
        found = found.join(told(name, column).select("_position", flag), "_position")
    flags = ("is_measurable", "is_viewable", "is_filled", "is_active_view_eligible")
    expected = [{"_position": n} | dict.fromkeys(flags, value) for n, value in enumerate(FLAGS.values())]
    assert_same(found, frame(spark, found.schema, expected))


def test_active_views_in_silver(spark, identity):
    bronze = FULL | EVENT_KEYS | {"_record_type": BACKFILL, "_position": 1}
    bronze |= {"MeasurableImpression": "Y", "ViewableImpression": "N"}
    expected = SILVER | OF_EVENT | {"is_backfill": True, "is_measurable": True, "is_viewable": False, "_position": 1}
    found = refined(spark, identity, "gam_active_views", bronze)
    assert_same(found, rows(spark, "silver.gam_active_views", expected))


def test_line_items_in_silver(spark, identity):
    def item(file, position, rate, **values):
        return {"_file": file, "_position": position, "CostPerUnitInNetworkCurrency": Decimal(rate), "ID": "7"} | values

    full = {"Name": "Spring", "LineItemType": "SPONSORSHIP", "CostType": "CPM", "Status": "DELIVERING"}
    bronze = [
        item("gam/a/LineItem_123_20261101.csv.gz", 1, "2.5", OrderId="88", **full),
        item("gam/LineItem_123_20261231.gz", 2, "0.0000005", OrderId="0"),
        item("gam/LineItem_20261031_20261102", 3, "0.0000004", ID="0007"),
        item("gam/LineItem_123_20261103_05.csv", 4, "0"),
    ]
    same = {"_record_type": "LineItem", "_batch_id": BATCH, "_ingested_at_utc": at("2026-11-02 07:00:00")}
    read = rows(spark, "bronze.gam_line_items", *bronze, **same)
    spring = {"name": "Spring", "order_id": "88", "line_item_type": "SPONSORSHIP", "cost_type": "CPM"}
    expected = [
        {"snapshot_date": at("2026-11-01").date(), "line_item_id": "7", "cost_per_unit_micros": 2_500_000} | spring,
        {"snapshot_date": at("2026-12-31").date(), "line_item_id": "7", "cost_per_unit_micros": 1},
        {"snapshot_date": at("2026-11-02").date(), "line_item_id": "0007", "cost_per_unit_micros": 0},
        {"snapshot_date": at("2026-11-03").date(), "line_item_id": "7", "cost_per_unit_micros": 0},
    ]
    places = [{"_file": value["_file"], "_position": value["_position"], "_batch_id": BATCH} for value in bronze]
    expected = [value | place for value, place in zip(expected, places, strict=True)]
    found = part(read, table("silver.gam_line_items"), identity).accepted
    assert_same(found, rows(spark, "silver.gam_line_items", *expected))
