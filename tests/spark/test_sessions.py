"""Page views and sessions from hand-written page events; expected numbers follow from the rules beside them."""

import hashlib
import itertools
from datetime import datetime, timedelta
from random import Random

import pytest
from pyspark.sql import functions as F

from adlake.contracts import table
from adlake.frames import conform
from adlake.marts import MARTS
from adlake.marts.page_views import fates
from tests.conftest import make_config
from tests.spark.rows import BATCH, assert_proven, assert_same, at, key_of, prepared, rows

VIEWS, VISITS = MARTS["gold.page_views"], MARTS["gold.sessions"]
PLACE = {"_batch_id": BATCH, "_file": "f", "_position": 1}
ANN, BEN = key_of("login", "ann"), key_of("domain", "ben")
numbers = itertools.count()


def event(when, name, page=None, session=None, person=None, **values):
    """A page event of November; events that are written later have greater ids."""
    time = when if isinstance(when, datetime) else at(f"2026-11-{when}")
    moments = {"event_at_utc": time, "event_date": time.date(), "collector_at_utc": time}
    ids = {"event_id": f"{next(numbers):09d}", "page_view_id": page, "domain_session_id": session, "id_key": person}
    ids |= {"login_id_key": person if person == ANN else None, "domain_id_key": person if person == BEN else None}
    return moments | ids | {"event_name": name, "is_bot": False} | PLACE | values


def view(when, page, session=None, person=None, **values):
    return event(when, "page_view", page, session, person, **values)


def ping(when, page, session=None, person=None, **values):
    return event(when, "page_ping", page, session, person, **values)


HOME = {"site": "a.example", "page_url": "https://a.example/"}
SPORT = {"site": "a.example", "page_url": "https://a.example/sport/x", "section": "sport"}
EVENTS = [
    # one page, looked at for 10 * (3 - 1) + 5: of five pings two lie in one heartbeat, one is of another page
    view("02 10:00:00", "p1", "s1", BEN, **SPORT, device_type="Mobile", geo_country="DE"),
    *(ping(f"02 10:00:{second}", "p1", "s1", BEN) for second in ("10", "19.999", "20", "45")),
    # the login is known from here on, and names the session
    event("02 10:01:00", "link_click", "p1", "s1", ANN),
    # an event of no name is one of the session
    event("02 10:01:30", None, "p1", "s1", ANN),
    # a page without page view is seen, but was not opened here
    ping("02 10:02:00", "p0", "s1", ANN),
    # over midnight, from a search engine; depth: (150 + 600) / 2000, the window taken from the page view
    view("02 23:59:50", "p2", "s2", ANN, **HOME, referrer_site="google.com", refr_medium="search", doc_height=2000)
    | {"viewport_height": 600},
    ping("03 00:00:05", "p2", "s2", ANN, doc_height=2000, pp_yoffset_max=150),
    # a heartbeat of ten seconds more is 15, engaged for Google and not for Snowplow
    ping("03 00:00:15", "p2", "s2", ANN, doc_height=2000, pp_yoffset_max=-5),
    # without an id of the tracker a gap of 30:00 goes on, and one of a microsecond more does not
    view("04 10:00:00", "p3", None, BEN, **HOME, utm_source="mail", utm_medium="email", utm_campaign="daily"),
    view("04 10:30:00", "p4", None, BEN, **HOME),
    event("04 11:00:00", "link_click", "p4", None, BEN),
    view("04 11:30:00.000001", "p5", None, BEN, **SPORT, referrer_site="a.example", refr_medium="internal"),
    # somebody else at the same time
    view("04 10:10:00", "p6", None, ANN, **HOME, referrer_site="b.example", refr_medium="social"),
    # exactly three days belong to a session, a microsecond more does not; the tracker goes on with its id
    view("05 08:00:00", "p7", "s7", ANN),
    event("06 08:00:00", "link_click", "p7", "s7", ANN),
    view("08 08:00:00", "p8", "s7", ANN),
    view("08 08:00:00.000001", "p9", "s7", ANN),
    view("10 08:00:00", "p10", "s7", ANN),
    # three days of silence go on saying nothing; with a microsecond more another session begins
    view("13 08:00:00", "p11", "s7", ANN),
    view("16 08:00:00.000001", "p12", "s7", ANN),
    # one page view id, told again by another event and after three days by a page of its own
    view("20 10:00:00", "p13", "s8", ANN, **HOME),
    view("20 10:00:01", "p13", "s8", ANN, **SPORT),
    view("22 10:00:00", "p13", "s9", ANN, **SPORT),
    view("26 10:00:00", "p13", "s10", ANN, **SPORT),
    # no page seen: neither a click nor a page view without id is a session
    event("21 10:00:00", "link_click", "p14", "s11", ANN),
    view("21 10:00:00", None, "s12", ANN),
    # who buys is engaged
    view("21 12:00:00", "p18", "s15", ANN),
    event("21 12:00:01", "buy", None, "s15", ANN),
    # nobody and robots
    view("21 10:00:00", "p15"),
    view("21 10:00:00", "p16", "s13", ANN, is_bot=True),
    view("21 10:00:00", "p17", "s14"),
    view("21 10:00:01", "p17", "s14", is_bot=True),
]


def page(number, session, start, end=None, person=ANN, *, begun=None, **values):
    start, end, begun = (at(f"2026-11-{when}") for when in (start, end or start, begun or start))
    moments = {"started_at_utc": start, "ended_at_utc": end, "session_started_at_utc": begun}
    zeros = {"page_pings": 0, "engaged_seconds": 0, "duration_seconds": 0, "is_engaged": False}
    keys = {"page_view_id": f"p{number}", "session_id": session, "id_key": person, "event_date": start.date()}
    return keys | zeros | moments | values


def visit(session, start, end=None, person=ANN, **values):
    start, end = (at(f"2026-11-{when}") for when in (start, end or start))
    keys = {"session_id": session, "event_date": start.date(), "id_key": person}
    one = {"events": 1, "page_views": 1, "page_pings": 0, "conversions": 0, "engaged_seconds": 0, "duration_seconds": 0}
    bounced = {"is_engaged": False, "is_engaged_snowplow": False, "is_bounced": True}
    direct = {"source": "(direct)", "medium": "(none)"}
    return keys | one | bounced | direct | {"started_at_utc": start, "ended_at_utc": end} | values


def silent(person, start):
    """The id of a session that the tracker gave none: the hash of person and start in microseconds."""
    micros = (at(f"2026-11-{start}") - at("1970-01-01")) // timedelta(microseconds=1)
    return hashlib.sha256(f"{person}|{micros}".encode()).hexdigest()


FIRST_SILENT, SECOND_SILENT = silent(BEN, "04 10:00:00"), silent(BEN, "04 11:30:00.000001")
OTHER_SILENT = silent(ANN, "04 10:10:00")
SEARCH = {"referrer_site": "google.com", "refr_medium": "search"}
INTERNAL = {"referrer_site": "a.example", "refr_medium": "internal"}
SOCIAL = {"referrer_site": "b.example", "refr_medium": "social"}
PAGES = [
    page(1, "s1", "02 10:00:00", "02 10:00:45", BEN, **SPORT, device="mobile", country="DE", page_pings=4)
    | {"engaged_seconds": 25, "duration_seconds": 45, "is_engaged": True},
    page(2, "s2", "02 23:59:50", "03 00:00:15", **HOME, **SEARCH, page_pings=2, scroll_percent=38)
    | {"engaged_seconds": 15, "duration_seconds": 25, "is_engaged": True},
    page(3, FIRST_SILENT, "04 10:00:00", person=BEN, **HOME),
    page(4, FIRST_SILENT, "04 10:30:00", person=BEN, begun="04 10:00:00", **HOME),
    page(5, SECOND_SILENT, "04 11:30:00.000001", person=BEN, **SPORT, **INTERNAL),
    page(6, OTHER_SILENT, "04 10:10:00", **HOME, **SOCIAL),
    page(7, "s7", "05 08:00:00"),
    page(8, "s7", "08 08:00:00", begun="05 08:00:00"),
    page(12, "s7", "16 08:00:00.000001"),
    page(13, "s8", "20 10:00:00", **HOME),
    page(13, "s10", "26 10:00:00", **SPORT),
    page(17, "s14", "21 10:00:00", person=None),
    page(18, "s15", "21 12:00:00"),
]
LEFT_OUT = {
    "session_too_long": 3,
    "page_view_repeated": 2,
    "page_view_id_missing": 1,
    "visitor_unknown": 1,
    "bot": 2,
}
ENGAGED = {"is_engaged": True, "is_engaged_snowplow": True, "is_bounced": False}
LANDED_HOME = {"site": "a.example", "landing_page_url": HOME["page_url"]}
LANDED_SPORT = {"site": "a.example", "landing_page_url": SPORT["page_url"], "landing_section": "sport"}
VISITED = [
    visit("s1", "02 10:00:00", "02 10:02:00", **LANDED_SPORT, **ENGAGED, device="mobile", country="DE", events=8)
    | {"page_views": 2, "page_pings": 5, "engaged_seconds": 30, "duration_seconds": 120},
    visit("s2", "02 23:59:50", "03 00:00:15", **LANDED_HOME, **SEARCH, source="google.com", medium="organic", events=3)
    | {"page_pings": 2, "engaged_seconds": 15, "duration_seconds": 25, "is_engaged": True, "is_bounced": False},
    visit(FIRST_SILENT, "04 10:00:00", "04 11:00:00", BEN, **LANDED_HOME, **ENGAGED, events=3, page_views=2)
    | {"source": "mail", "medium": "email", "campaign": "daily", "duration_seconds": 3600},
    visit(SECOND_SILENT, "04 11:30:00.000001", person=BEN, **LANDED_SPORT, **INTERNAL),
    visit(OTHER_SILENT, "04 10:10:00", **LANDED_HOME, **SOCIAL, source="b.example", medium="referral"),
    visit("s7", "05 08:00:00", "08 08:00:00", **ENGAGED, events=3, page_views=2, duration_seconds=3 * 86_400),
    visit("s7", "16 08:00:00.000001"),
    visit("s8", "20 10:00:00", "20 10:00:01", **LANDED_HOME, events=2, duration_seconds=1),
    visit("s9", "22 10:00:00", **LANDED_SPORT),
    visit("s10", "26 10:00:00", **LANDED_SPORT),
    visit("s14", "21 10:00:00", person=None),
    visit("s15", "21 12:00:00", "21 12:00:01", **ENGAGED, events=2, conversions=1, duration_seconds=1),
]


@pytest.fixture
def bought(tmp_path):
    """A lake for which buying is a conversion."""
    return make_config(tmp_path, sessions={"conversions": ["buy"]})


@pytest.fixture
def frames(spark):
    return {"page_events": rows(spark, "silver.page_events", *EVENTS).cache()}


def test_page_views_have_engaged_time_and_depth(spark, frames, bought):
    contract, frames = table("gold.page_views"), prepared(VIEWS, frames, bought)
    assert_same(conform(VIEWS.build(frames, bought), contract), rows(spark, contract, *PAGES))
    assert_proven(VIEWS, frames, bought, PAGES)


def test_every_page_view_event_made_a_row_or_is_left_out_for_a_reason(frames, bought):
    told = fates(prepared(VIEWS, frames, bought), bought)
    found = {row["reason"]: row["count"] for row in told.groupBy("reason").count().collect()}
    assert found == {None: len(PAGES)} | LEFT_OUT


def test_sessions_end_after_a_silence_or_three_days(spark, frames, bought):
    contract, frames = table("gold.sessions"), prepared(VISITS, frames, bought)
    assert_same(conform(VISITS.build(frames, bought), contract), rows(spark, contract, *VISITED))
    assert_proven(VISITS, frames, bought, VISITED)


DAY = timedelta(days=1)
GAPS = [
    *(timedelta(seconds=10), timedelta(minutes=5), timedelta(minutes=30), timedelta(minutes=30, microseconds=1)),
    *(timedelta(hours=11), DAY, 2 * DAY, 3 * DAY, 3 * DAY + timedelta(microseconds=1), timedelta(days=4, hours=5)),
]


def world(draw, name):
    """Events of some visitors over weeks: gaps at and around every limit, sessions and page ids that come back."""
    found = []
    for number in range(6):
        visitor, is_tracked = f"{name}-{number}", number % 2 == 0
        when = at("2026-11-01 00:00:00") + timedelta(seconds=draw.randrange(5 * 86_400))
        for _ in range(12):
            kind = draw.choice(["page_view", "page_view", "page_ping", "page_ping", "link_click"])
            page_id = draw.choice([f"{visitor}-{draw.randrange(4)}", f"{visitor}-{draw.randrange(40)}", None])
            session = draw.choice([visitor, visitor, visitor, f"{visitor}-other"]) if is_tracked else None
            person = f"{draw.choice([ANN, BEN])}-{visitor}"
            found.append(event(when, kind, page_id, session, person, login_id_key=person))
            when += draw.choice(GAPS)
    # a session over midnight, and one of exactly three days
    late = at("2026-11-09 23:59:55")
    moments = (late, late + timedelta(seconds=10), late + 3 * DAY, late + 3 * DAY + timedelta(microseconds=1))
    return found + [view(moment, f"{name}-night-{moment.day}", f"{name}-night", ANN) for moment in moments]


@pytest.fixture(scope="module")
def worlds():
    draw = Random(20261109)  # noqa: S311 made-up data
    return [found for number in range(8) for found in world(draw, f"w{number}")]


def of_day(value, day):
    """The event as one of a world of its own, in which only some day's rows are wanted."""
    ids = ("event_id", "page_view_id", "domain_session_id", "login_id_key", "id_key")
    return value | {name: value[name] and f"{value[name]}@{day}" for name in ids} | {"_file": str(day)}


@pytest.mark.parametrize("mart", [VIEWS, VISITS], ids=["page_views", "sessions"])
def test_the_rows_of_a_day_follow_from_the_days_around_it(spark, config, worlds, mart):
    """What a run recomputes for a day is what a rebuild of everything gives, in whatever order events come."""
    days = {value["event_date"] for value in worlds}
    reach = mart.reach(config)
    around = [of_day(value, day) for day in days for value in worlds if value["event_date"] in reach.read_for([day])]
    Random(1).shuffle(around)  # noqa: S311 made-up data
    key, measures = table(mart.table).key[0], [proof.measure for proof in mart.proofs(config)]

    def built(events):
        frames = {"page_events": rows(spark, "silver.page_events", *events)}
        return mart.build(prepared(mart, frames, config), config)

    # the id of a silent session is a hash of person and start; the person stands for it
    columns = ["event_date", "started_at_utc", "ended_at_utc", "duration_seconds", "is_engaged", *measures]
    who = F.split(F.coalesce("id_key", key), "@")
    wanted = built(worlds).select(F.col("id_key").alias("who"), *columns)
    found = built(around).where(F.get(who, F.lit(1)) == F.col("event_date").cast("string"))
    assert_same(found.select(F.get(who, F.lit(0)).alias("who"), *columns), wanted)


def recomputed(spark, config, mart, known, days):
    """What a run writes for some days: rows of all that is read for them, cut down to the days themselves."""
    read = mart.reach(config).read_for(days)
    values = [value for value in known if value["event_date"] in read]
    frames = {"page_events": rows(spark, "silver.page_events", *values)}
    built = mart.build(prepared(mart, frames, config), config)
    return built.where(F.col("event_date").isin(list(days))).toArrow().to_pylist()


@pytest.mark.parametrize("mart", [VIEWS, VISITS], ids=["page_views", "sessions"])
def test_batches_in_any_order_come_to_what_one_rebuild_gives(spark, config, worlds, mart):
    """Late events change what began before them, and what goes on after them; nothing else is touched."""
    shuffled = list(worlds)
    Random(2).shuffle(shuffled)  # noqa: S311 made-up data
    early = [value for value in worlds if value["event_date"].day != 12]
    known, table_rows = [], []
    for batch in (early, *([value for value in shuffled if value["event_date"].day == 12][part::2] for part in (0, 1))):
        known += batch
        touched = mart.reach(config).touched_by({value["event_date"] for value in batch})
        table_rows = [row for row in table_rows if row["event_date"] not in touched]
        table_rows += recomputed(spark, config, mart, known, touched)
    whole = recomputed(spark, config, mart, worlds, {value["event_date"] for value in worlds})
    assert sorted(table_rows, key=str) == sorted(whole, key=str)
    assert len(whole) > 100
