"""Features of people from hand-written days; every expected number is worked out in the comment beside it."""

from datetime import date, timedelta

import pytest
from pyspark.sql import functions as F

from adlake.config import ContentConfig
from adlake.contracts import table
from adlake.frames import conform
from adlake.marts.user_features import histories, mean_interest, newest_states, user_features
from tests.spark.rows import BATCH, assert_same, at, frame, rows

AS_OF = date(2026, 11, 30)
SECTIONS = {"politics": "386", "sport": "483", "b.example/sport": "680", "games": "680"}
# after two days a page view counts half; two page views are enough
CONTENT = ContentConfig(sections=SECTIONS, half_life_days=2, minimum_page_views=2)
ZEROS = ("visits", "page_views", "impressions", "clicks", "revenue_micros", "revenue_unknown_impressions")
COUNTS = ("section_page_views", "device_events", "country_events")


def day(age, person, **values):
    """A row of user_days, so many days before the as-of day."""
    when = at(f"{AS_OF - timedelta(days=age)} 12:00:00")
    nothing = dict.fromkeys(ZEROS, 0) | {name: {} for name in COUNTS} | {"sections": []}
    seen = {"first_seen_at_utc": when, "last_seen_at_utc": when}
    return nothing | seen | {"id_key": f"k1:{person}", "event_date": AS_OF - timedelta(days=age)} | values


DAYS = [
    day(0, "ann", visits=2, page_views=4, section_page_views={"a.example/politics": 3, "a.example/crime": 1}),
    day(2, "ann", visits=1, page_views=2, section_page_views={"b.example/sport": 2}, device_events={"mobile": 3}),
    day(6, "ann", visits=1, impressions=5, clicks=1, revenue_micros=700, country_events={"DE": 1}),
    day(7, "ann", visits=4, device_events={"mobile": 1, "desktop": 4}, country_events={"DE": 2, "AT": 1}),
    day(29, "ann", impressions=3, revenue_micros=-50),
    day(30, "ann", visits=1),
    day(89, "ann", visits=1, clicks=2),
    # neither the day after nor the ninety-first day counts
    day(-1, "ann", visits=100, page_views=100, impressions=100, section_page_views={"a.example/politics": 100}),
    day(90, "ann", visits=100, page_views=100, impressions=100, section_page_views={"a.example/politics": 100}),
    # one page view is too little to tell an interest, but it is part of what all readers read
    day(4, "ben", visits=1, page_views=1, section_page_views={"sport": 1}),
    # two sections with the same id; a name that means nothing; no visit
    day(2, "cid", page_views=5, section_page_views={"games": 2, "b.example/sport": 1, "x.example/none": 2}),
    day(89, "dee"),
    day(-1, "eve", visits=1),
    day(90, "fay", visits=1),
]


@pytest.fixture
def topics(spark):
    named = [{"section": section, "taxonomy_id": id_} for section, id_ in SECTIONS.items()]
    return frame(spark, "section string, taxonomy_id string", named)


@pytest.fixture
def days(spark):
    return rows(spark, "gold.user_days", *DAYS)


@pytest.fixture
def people(days, topics):
    return histories(days, topics, AS_OF, CONTENT)


def means_of(people):
    return {row["taxonomy_id"]: row["weight"] for row in mean_interest(people).collect()}


def contact(login, as_of, contact_id="c1", source="mailer", **states):
    when = at(as_of)
    known = {"newsletter_state": "unknown", "subscription_state": "unknown"}
    key = {"source": source, "contact_id_key": contact_id, "login_id_key": login, "id_key": login or contact_id}
    place = {"_batch_id": BATCH, "_file": "f", "_position": 1}
    return key | known | {"as_of_at_utc": when, "event_at_utc": when, "event_date": when.date()} | place | states


CONTACTS = [
    contact("k1:ann", "2026-11-10 08:00:00", newsletter_state="subscribed", subscription_state="trial"),
    # the newest state that is not after the as-of day, to its last moment
    contact(
        "k1:ann",
        "2026-11-30 23:59:59.999999",
        newsletter_state="unsubscribed",
        subscription_state="active",
        subscription_plan="plus",
        renewal_date=date(2026, 12, 2),
    ),
    contact("k1:ann", "2026-12-01 00:00:00", newsletter_state="bounced", subscription_state="cancelled"),
    # what one source knows is not undone by another that knows nothing, however new
    contact(
        "k1:ben", "2026-11-01 00:00:00", "c2", "shop", subscription_state="past_due", renewal_date=date(2026, 11, 20)
    ),
    contact("k1:ben", "2026-11-29 00:00:00", "c3", newsletter_state="subscribed"),
    # but what a source said once and does not say any more is no longer so
    contact("k1:cid", "2026-11-01 00:00:00", "c4", newsletter_state="subscribed", subscription_state="none"),
    contact("k1:cid", "2026-11-02 00:00:00", "c4", subscription_state="none"),
    # two profiles of one person in one source: the newer one
    contact("k1:dee", "2026-11-03 00:00:00", "c5", newsletter_state="subscribed"),
    contact("k1:dee", "2026-11-04 00:00:00", "c6", newsletter_state="unsubscribed"),
    contact(None, "2026-11-04 00:00:00", "c7", newsletter_state="subscribed"),
    contact("k1:nobody has seen", "2026-11-04 00:00:00", "c8", newsletter_state="subscribed"),
]


@pytest.fixture
def contacts(spark):
    return rows(spark, "silver.contact_states", *CONTACTS)


def of(person, **values):
    counts = [f"{what}_{days}d" for what in ("visits", "active_days") for days in (1, 7, 30, 90)]
    zeros = dict.fromkeys([*counts, "page_views", "impressions", "clicks", "ad_revenue_micros"], 0)
    return zeros | {"id_key": f"k1:{person}", "as_of_date": AS_OF} | values


# Weights in page views: politics 3 (ann, today); b.example/sport is 680: ann 2 of two days ago = 1, cid 1/2;
# games 680: cid 2/2 = 1; sport 483: ben 1 of four days ago = 1/4. All readers: 386 3, 680 2.5, 483 0.25, together 5.75.
ANN_386, ANN_680 = (3 + 2 * 3 / 5.75) / (4 + 2), (1 + 2 * 2.5 / 5.75) / (4 + 2)
CID_680 = (1.5 + 2 * 2.5 / 5.75) / (1.5 + 2)

EXPECTED = [
    of(
        "ann",
        recency_days=0,
        visits_1d=2,
        visits_7d=4,
        visits_30d=8,
        visits_90d=10,
        active_days_1d=1,
        active_days_7d=3,
        active_days_30d=5,
        active_days_90d=7,
        page_views=6,
        impressions=8,
        clicks=3,
        ad_revenue_micros=650,
        ads_per_visit=0.8,
        content_affinity={"386": ANN_386, "680": ANN_680},
        device_share={"mobile": 0.5, "desktop": 0.5},
        country_share={"DE": 0.75, "AT": 0.25},
        newsletter_state="unsubscribed",
        subscription_state="active",
        subscription_plan="plus",
        days_to_renewal=2,
    ),
    of(
        "ben",
        recency_days=4,
        **dict.fromkeys(("visits_7d", "visits_30d", "visits_90d"), 1),
        **dict.fromkeys(("active_days_7d", "active_days_30d", "active_days_90d"), 1),
        page_views=1,
        ads_per_visit=0.0,
        newsletter_state="subscribed",
        subscription_state="past_due",
        days_to_renewal=-10,
    ),
    of(
        "cid",
        recency_days=2,
        **dict.fromkeys(("active_days_7d", "active_days_30d", "active_days_90d"), 1),
        page_views=5,
        content_affinity={"680": CID_680},
        newsletter_state="unknown",
        subscription_state="none",
    ),
    of("dee", recency_days=89, active_days_90d=1, newsletter_state="unsubscribed", subscription_state="unknown"),
]


def rounded(features):
    """Interests to twelve digits: the expectations divide in another order."""
    return features.withColumn(
        "content_affinity", F.transform_values("content_affinity", lambda _, share: F.round(share, 12))
    )


def test_what_is_known_of_people_at_the_end_of_a_day(spark, people, contacts):
    contract = table("gold.user_features")
    found = conform(user_features(people, means_of(people), contacts, AS_OF, CONTENT), contract)
    assert_same(rounded(found), rounded(rows(spark, contract, *EXPECTED)))


def test_the_mean_of_all_readers_is_made_of_whole_millionths(people):
    assert means_of(people) == {"386": 3_000_000, "680": 2_500_000, "483": 250_000}


def lines(features):
    return sorted(row[0] for row in features.select(F.to_json(F.struct("*"))).collect())


def test_nothing_of_a_later_day_leaks_into_a_row(spark, days, topics, contacts):
    """The same features to the last byte, whatever later days and contacts bring, in whatever order and files."""
    known = days.where(F.col("event_date") <= F.lit(AS_OF)).repartition(3)
    known_contacts = contacts.where(F.col("event_date") <= F.lit(AS_OF))
    later = rows(
        spark,
        "gold.user_days",
        day(-1, "ann", visits=9, page_views=9, section_page_views={"sport": 9}, device_events={"tv": 1}),
        day(-40, "ben", visits=9, page_views=9, section_page_views={"politics": 9}, country_events={"FR": 1}),
        day(-2, "new", visits=1, page_views=9, section_page_views={"politics": 9}),
    )
    found = []
    for given, states in ((known, known_contacts), (days.unionByName(later).repartition(2), contacts)):
        people = histories(given, topics, AS_OF, CONTENT)
        found.append(lines(user_features(people, means_of(people), states, AS_OF, CONTENT)))
    assert found[0] == found[1]
    assert len(found[0]) == 4


def test_without_a_map_of_sections_there_is_no_affinity(spark, days, topics, contacts):
    people = histories(days, topics.where("false"), AS_OF, ContentConfig())
    features = user_features(people, means_of(people), contacts, AS_OF, ContentConfig())
    assert {row[0] for row in features.select("content_affinity").collect()} == {None}
    assert features.count() == 4


def test_days_from_before_a_column_came_count_nothing_of_it(spark, topics):
    old = day(0, "ann", page_views=2) | dict.fromkeys(("visits", *COUNTS))
    (row,) = histories(rows(spark, "gold.user_days", old), topics, AS_OF, CONTENT).collect()
    assert (row["visits_90d"], row["page_views"], row["active_days_90d"], row["devices"]) == (0, 2, 1, {})


def test_the_days_are_read_once(spark, days, topics, tmp_path):
    """Sums, shares and interests all come of one scan; the mean of all readers comes of its result."""
    days.write.partitionBy("event_date").parquet(str(tmp_path / "user_days"))
    stored = spark.read.parquet(str(tmp_path / "user_days")).select(*days.columns)
    people = histories(stored, topics, AS_OF, CONTENT)
    plan = people._jdf.queryExecution().executedPlan().toString()
    assert plan.count("FileScan parquet") == 1
    assert plan.count("Exchange hashpartitioning") == 2


def test_readers_without_any_contact_stay(spark, people, contacts):
    found = user_features(people, {}, contacts.where("false"), AS_OF, CONTENT)
    assert found.count() == 4
    assert newest_states(contacts.where("false"), AS_OF).count() == 0
