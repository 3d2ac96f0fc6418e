"""gold.traffic_daily from hand-written silver rows."""

from adlake.contracts import table
from adlake.frames import conform
from adlake.marts import MARTS
from tests.spark.rows import BATCH, assert_proven, assert_same, at, rows

MART, CONTRACT = MARTS["gold.traffic_daily"], table("gold.traffic_daily")
PLACE = {"_batch_id": BATCH, "_file": "f", "_position": 1, "_index": 0}
SPIDER, AGENT = "spider_context", "user_agent"


def of_day(reason, moment, values):
    when = at(f"2026-11-{moment}")
    known = {"is_bot": reason is not None, "bot_reason": reason, "event_at_utc": when, "event_date": when.date()}
    return {"site": "news.example"} | known | values


def event(reason=None, moment="02 10:00:00", name="page_view", **values):
    return of_day(reason, moment, {"event_id": "e", "event_name": name} | values)


def slot(reason=None, moment="02 10:00:00", **values):
    return of_day(reason, moment, {"auction_id": "a", "imp_id": "i", "is_test": False, "asks": 3} | values)


EVENTS = [
    *(event(), event(), event(name="page_ping"), event(name=None)),
    *(event(SPIDER), event(SPIDER, name="link_click"), event(AGENT)),
    # the last moment of a day, and the first of the next
    *(event(moment="02 23:59:59.999999"), event(AGENT, moment="03 00:00:00")),
    event(site=None),
]
SLOTS = [
    *(slot(), slot(id_key="k1:max"), slot(AGENT), slot(AGENT), slot(AGENT)),
    *(slot(is_test=True), slot(AGENT, is_test=True, site="tests.example")),
    # an app, and one that is called like a site
    *(slot(site=None, app_bundle="com.example"), slot(AGENT, site=None, app_bundle="news.example")),
    *(slot(app_bundle="com.example"), slot(site=None)),
]
NOV2, NOV3 = at("2026-11-02").date(), at("2026-11-03").date()
# day, site, whether it is an app, reason, page events, page views, slots
ROWS = [
    (NOV2, "news.example", False, None, 5, 3, 3),
    (NOV2, "news.example", False, SPIDER, 2, 1, 0),
    (NOV2, "news.example", False, AGENT, 1, 1, 3),
    (NOV3, "news.example", False, AGENT, 1, 1, 0),
    (NOV2, None, False, None, 1, 1, 1),
    (NOV2, "com.example", True, None, 0, 0, 1),
    (NOV2, "news.example", True, AGENT, 0, 0, 1),
]


def frames_of(spark, events, slots):
    pages = [{name: value for name, value in PLACE.items() if name != "_index"} | value for value in events]
    return {
        "page_events": rows(spark, "silver.page_events", *pages),
        "auctions": rows(spark, "silver.auctions", *slots, **PLACE),
    }


def test_people_and_robots_by_reason_are_counted_side_by_side(spark, config):
    given = frames_of(spark, EVENTS, SLOTS)
    expected = [dict(zip(CONTRACT.column_names, row, strict=True)) for row in ROWS]
    assert_same(conform(MART.build(given, config), CONTRACT), rows(spark, CONTRACT, *expected))
    assert_proven(MART, given, config, expected)
