"""What people said, change by change, and which rows may be used, from hand-written silver rows."""

import random
from datetime import timedelta

import pytest
from pyspark.sql import functions as F

from adlake.config import ConsentConfig
from adlake.consent import policy_of
from adlake.contracts import table
from adlake.frames import conform
from adlake.marts import MARTS
from adlake.permission import Purpose, permitted
from tests.spark.rows import BATCH, assert_proven, assert_same, at, frame, prepared, rows

CONSENTS = MARTS["silver.consents"]
CONTRACT = table("silver.consents")
PLACE = {"_batch_id": BATCH, "_file": "f", "_position": 1}
ALL = {"may_store": True, "may_personalise_ads": True, "may_profile": True, "may_measure": True}
YES = ALL | {"may_share": ["google"], "consent_basis": "tcf", "consent_policy_version": "p1"}
SOME = YES | {"may_profile": False, "may_share": []}
NO = dict.fromkeys(ALL, False) | {"may_share": [], "consent_basis": "tcf", "consent_policy_version": "p1"}
SILENT = NO | {"consent_basis": "no_signal"}
NO_LAW = YES | {"consent_basis": "no_law"}
OF_CONTACT = {"consent_basis": "contact"}
PERMITTING = policy_of(ConsentConfig(without_signal="permit", vendors={"google": 755}))
REFUSING = policy_of(ConsentConfig(vendors={"google": 755}))


def clock(text, day=2):
    return at(f"2026-11-{day:02} {text}")


def page(when, login, domain, said, **more):
    keys = {"login_id_key": login, "domain_id_key": domain}
    return {"event_at_utc": when, "is_bot": False} | keys | said | more


def auction(when, device, said, **more):
    return {"event_at_utc": when, "device_id_key": device, "is_bot": False} | said | more


def contact(as_of, crm, ads=None, shared=None, at=None, **keys):
    states = {"consent_ad_personalization": ads, "consent_ad_user_data": shared, "consent_at_utc": at}
    return {"event_at_utc": as_of, "as_of_at_utc": as_of, "contact_id_key": crm} | states | keys


def silver(spark, name, *values):
    whole = [{"event_date": value["event_at_utc"].date()} | value for value in values]
    return rows(spark, f"silver.{name}", *whole, **PLACE)


def frames_of(spark, pages=(), auctions=(), contacts=()):
    return {
        "page_events": silver(spark, "page_events", *pages),
        "auctions": silver(spark, "auctions", *auctions),
        "contact_states": silver(spark, "contact_states", *contacts),
    }


def change(id_key, kind, source, seen, said, events):  # noqa: PLR0917 the columns of a row
    """A row of the consents, of the day of its first signal."""
    row = {"id_key": id_key, "kind": kind, "source": source, "signal_at_utc": seen[0], "last_seen_at_utc": seen[-1]}
    return {"event_date": seen[0].date()} | row | said | {"events": events}


def test_a_row_for_every_change_of_every_identifier(spark, config):
    frames = frames_of(
        spark,
        pages=[
            # said all day long, with two identifiers, then with one
            page(clock("08:00"), "k1:ann", "k1:a", YES),
            page(clock("09:00"), None, "k1:a", YES),
            # the next day is a row of its own
            page(clock("00:00", 3), None, "k1:a", YES),
            # yes, no, yes: three changes, in whatever order they come
            page(clock("12:00"), None, "k1:b", YES),
            page(clock("10:00"), None, "k1:b", YES),
            page(clock("11:00"), None, "k1:b", NO),
            page(clock("10:30"), None, "k1:b", YES),
            # at one instant the stricter one counts, and counts both
            page(clock("10:00"), None, "k1:c", YES),
            page(clock("10:00"), None, "k1:c", SOME),
            # a flag that took something away is a person's word, also where no law is named
            page(clock("10:00"), None, "k1:g", NO_LAW | {"may_profile": False, "consent_basis": "gpc"}),
            # nobody said this
            page(clock("10:00"), None, "k1:s", SILENT),
            page(clock("10:00"), None, "k1:l", NO_LAW),
            page(clock("10:00"), "k1:bot", None, YES, is_bot=True),
            page(clock("10:00"), None, None, YES),
            # written before silver had decisions
            page(clock("10:00"), None, "k1:old", {}),
        ],
        auctions=[
            auction(clock("10:00"), "k1:d", YES),
            auction(clock("10:00"), "k1:d", YES),
            # said with what others call the person, too
            auction(clock("12:00"), None, NO, eid_keys=[{"id_key": "k1:e", "kind": "person_eid"}]),
        ],
        contacts=[
            contact(clock("10:00"), "k1:x", "granted", "granted", clock("07:00", 1), email_id_key="k1:mail"),
            contact(clock("10:00"), "k1:y", "denied", None),
            contact(clock("10:00"), "k1:z", None, "denied", clock("10:00", 9)),
            contact(clock("10:00"), "k1:nothing"),
        ],
    )
    granted = OF_CONTACT | {"may_personalise_ads": True, "may_profile": True}
    early = {"event_date": clock("10:00").date()}
    expected = [
        change("k1:ann", "login", "page_events", (clock("08:00"),), YES, 1),
        change("k1:a", "domain", "page_events", (clock("08:00"), clock("09:00")), YES, 2),
        change("k1:a", "domain", "page_events", (clock("00:00", 3),), YES, 1),
        change("k1:b", "domain", "page_events", (clock("10:00"), clock("10:30")), YES, 2),
        change("k1:b", "domain", "page_events", (clock("11:00"),), NO, 1),
        change("k1:b", "domain", "page_events", (clock("12:00"),), YES, 1),
        change("k1:c", "domain", "page_events", (clock("10:00"),), SOME, 2),
        change(
            "k1:g", "domain", "page_events", (clock("10:00"),),
            YES | {"may_profile": False, "consent_basis": "gpc"}, 1,
        ),
        change("k1:d", "device", "auctions", (clock("10:00"),), YES, 2),
        change("k1:e", "person_eid", "auctions", (clock("12:00"),), NO, 1),
        change("k1:x", "crm", "contact_states", (clock("07:00", 1),), granted, 1) | early,
        change("k1:mail", "email", "contact_states", (clock("07:00", 1),), granted, 1) | early,
        change(
            "k1:y", "crm", "contact_states", (clock("10:00"),),
            OF_CONTACT | {"may_personalise_ads": False, "may_profile": False}, 1,
        ),
        change("k1:z", "crm", "contact_states", (clock("10:00"),), OF_CONTACT | {"may_share": []}, 1),
    ]  # fmt: skip
    found = CONSENTS.build(prepared(CONSENTS, frames, config), config)
    assert_same(conform(found, CONTRACT), rows(spark, "silver.consents", *expected))
    assert_proven(CONSENTS, frames, config, expected)


PROFILE, SHARE = Purpose("profile"), Purpose("share", "google")
# signals of one person with two identifiers that are known to be one, and of strangers
HISTORY = [
    ("k1:a", clock("10:00"), YES),
    ("k1:a", clock("12:00"), SOME),
    ("k1:a", clock("14:00"), YES),
    # refused with the other identifier, once, and agreed again the day after
    ("k1:ann", clock("16:00"), NO),
    ("k1:ann", clock("16:00", 3), YES),
    ("k1:stranger", clock("10:00"), YES),
    ("k1:stranger", clock("11:00"), NO),
    # the contact says nothing of profiles
    ("k1:contact", clock("10:00"), OF_CONTACT | {"may_share": []}),
]
PEOPLE = [("k1:a", "k1:ann"), ("k1:ann", "k1:ann"), ("k1:quiet", "k1:ann")]
# who, when, whether an ad row may be used for a profile, and for sharing
ADS = [
    ("k1:a", clock("09:59:59.999999"), False, False),
    ("k1:a", clock("10:00"), True, True),
    ("k1:a", clock("11:59"), True, True),
    ("k1:a", clock("12:00"), False, False),
    ("k1:a", clock("14:00"), True, True),
    ("k1:a", clock("16:00"), False, False),
    ("k1:a", clock("15:59", 3), False, False),
    ("k1:a", clock("16:00", 3), True, True),
    # an identifier that never said anything is bound by the others, and speaks through them
    ("k1:quiet", clock("11:00"), True, True),
    ("k1:quiet", clock("12:30"), False, False),
    # agreed then, refuses now
    ("k1:stranger", clock("10:30"), False, False),
    ("k1:contact", clock("11:00"), False, False),
    ("k1:nobody heard of", clock("10:00"), False, False),
    (None, clock("10:00"), False, False),
]


def history(spark, said=HISTORY):
    values = [change(key, "domain", "page_events", (when,), decision, 1) for key, when, decision in said]
    return rows(spark, "silver.consents", *values)


def map_of(spark, people=PEOPLE):
    return rows(spark, "silver.user_keys", *[{"id_key": key, "user_key": user} for key, user in people])


def ads(spark, cases=ADS):
    values = [{"id_key": key, "event_at_utc": when, "number": n} for n, (key, when, *_) in enumerate(cases)]
    return frame(spark, "number int, id_key string, event_at_utc timestamp", values)


@pytest.mark.parametrize(("purpose", "place"), [(PROFILE, 2), (SHARE, 3)])
def test_rows_without_a_signal_are_decided_by_the_history_of_the_person(spark, purpose, place):
    events = ads(spark)
    found = permitted(events, history(spark), map_of(spark), purpose, REFUSING)
    expected = [{"number": n, "id_key": c[0], "event_at_utc": c[1]} for n, c in enumerate(ADS) if c[place]]
    assert_same(found, frame(spark, events.schema, expected))


def test_silence_is_what_the_policy_says_and_never_more_than_what_was_said(spark):
    events = ads(spark)
    for purpose, place in ((PROFILE, 2), (SHARE, 3)):
        found = permitted(events, history(spark), map_of(spark), purpose, PERMITTING)
        numbers = {row["number"] for row in found.collect()}
        before = {0}  # nothing was said by then, and nothing is refused now
        silent = {12} | ({11} if purpose is PROFILE else set())
        assert numbers == {n for n, case in enumerate(ADS) if case[place]} | before | silent


def test_an_event_with_a_signal_of_its_own_needs_that_and_the_newest(spark):
    cases = [
        # of the person who agrees now: the event's own word decides
        ("k1:a", clock("12:30"), YES, True),
        ("k1:a", clock("10:30"), SOME, False),
        ("k1:a", clock("10:30"), NO_LAW, True),
        ("k1:a", clock("10:30"), SILENT, False),
        # of one who refuses now
        ("k1:stranger", clock("10:30"), YES, False),
        # of one who never said anything that counts
        ("k1:nobody heard of", clock("10:30"), NO_LAW, True),
        ("k1:contact", clock("10:30"), YES, True),
        ("k1:nobody heard of", clock("10:30"), {}, False),
        (None, clock("10:30"), YES, False),
    ]
    values = [
        {"id_key": key, "_position": n} | page(when, None, None, said) for n, (key, when, said, _) in enumerate(cases)
    ]
    events = silver(spark, "page_events", *values)
    found = permitted(events, history(spark), map_of(spark), PROFILE, REFUSING)
    expected = [value for value, case in zip(values, cases, strict=True) if case[3]]
    assert_same(found, silver(spark, "page_events", *expected))


def test_more_refusals_never_permit_more_and_the_order_of_batches_does_not_matter(spark):
    draw = random.Random(6)  # noqa: S311 no secret
    keys = [f"k1:{letter}" for letter in "abcdefgh"]
    moments = [clock("00:00") + timedelta(minutes=draw.randrange(3000)) for _ in range(80)]
    said = [(draw.choice(keys), moment, draw.choice([YES, SOME, NO])) for moment in moments]
    people = [(key, f"k1:{'ab'[n % 2]}") for n, key in enumerate(keys) if n < 5]
    cases = [(draw.choice(keys), clock("00:00") + timedelta(minutes=draw.randrange(3000))) for _ in range(60)]
    events, shuffled = ads(spark, cases), draw.sample(said, len(said))

    def numbers(signals):
        found = permitted(events, history(spark, signals), map_of(spark, people), PROFILE, PERMITTING)
        return {row["number"] for row in found.select("number").collect()}

    before = numbers(said)
    assert numbers(shuffled) == before
    assert 0 < len(before) < len(cases)
    refusal = (draw.choice(keys), clock("12:00"), NO)
    # a refusal in the past is over once something newer was said: it takes away, and gives nothing
    assert numbers([*said, refusal]) <= before
    assert numbers([*said, *[(key, clock("12:00", 9), NO) for key in keys]]) == set()


def test_days_recomputed_one_by_one_are_the_days_recomputed_together(spark, config):
    pages = [
        page(clock(f"{hour:02}:00", day), None, "k1:b", (YES, NO)[hour % 3 == 0]) for day in (2, 3) for hour in range(9)
    ]

    def built(pages):
        return CONSENTS.build(prepared(CONSENTS, frames_of(spark, pages=pages), config), config)

    whole = built(pages)
    by_day = [built([page for page in pages if page["event_at_utc"].day == day]) for day in (2, 3)]
    assert_same(by_day[0].unionByName(by_day[1]), whole)
    assert whole.where(F.col("event_date") == clock("00:00", 3).date()).count() == 6
