"""Contacts, their states and what happened to newsletters, from bronze rows by mappings that stand in this file."""

from datetime import date

import pytest

from adlake.config import CrmConfig
from adlake.contacts import newest_contacts
from adlake.contracts import table
from adlake.identity import identity_key
from tests.conftest import SECRET, make_config
from tests.spark.rows import BATCH, assert_same, at, frame, key_of, part, rows

SHOP, LETTERS, CLICKS, MAILS = "shop", "letters", "clicks", "mails"
FOLDERS = {
    SHOP: {
        "kind": "contacts",
        "source": "shop",
        "time_zone": "Europe/Berlin",
        "as_of": ["changed", "created"],
        "columns": {
            "contact_id": "Kunde",
            "login": "login",
            "email": ["mail", "mail 2"],
            "phone": ["phone", "mobile"],
            "first_name": "first",
            "last_name": "last",
            "street": "street",
            "postal_code": "zip",
            "city": "city",
            "region": "state",
            "country": "land",
            "device_id": ["idfa", "aaid"],
            "newsletter_state": "letter",
            "subscription_state": "abo",
            "subscription_plan": "plan",
            "renewal_date": "renews",
            "consent_email": "opt in",
            "consent_ad_user_data": "ads",
            "consent_ad_personalization": {"constant": "denied"},
            "consent_at": "asked",
        },
        "values": {
            "newsletter_state": {"ja": "subscribed", "nein": "unsubscribed", "": "pending"},
            "subscription_state": {"1": "active", "0": "cancelled"},
            "consent_email": {"ja": "granted", "nein": "denied"},
            "country": {"Deutschland": "DE", "UK": "GB"},
        },
    },
    LETTERS: {"kind": "contacts", "source": "letters", "columns": {"email": "Email"}},
    CLICKS: {
        "kind": "newsletter_activity",
        "source": "letters",
        "time_zone": "America/New_York",
        "columns": {"email": "Email", "contact_id": "id", "action": "what", "event_at": "when", "campaign_id": "mail"}
        | {"link": "url"},
        "values": {"action": {"clicked": "click"}},
    },
    MAILS: {
        "kind": "newsletter_campaigns",
        "source": "letters",
        "columns": {"campaign_id": "id", "title": "name", "subject": "line", "sent_at": "sent"},
    },
}
"""What a lake.yaml would say under crm.files."""

SAME = {"_batch_id": BATCH, "_ingested_at_utc": at("2026-11-02 07:00:00")}
NOON = "2026-11-02 12:00:00"
GOOD = {"Kunde": "7", "changed": NOON}
AS_OF = {"as_of_at_utc": at("2026-11-02 11:00:00"), "event_at_utc": at("2026-11-02 11:00:00")}
AS_OF |= {"event_date": date(2026, 11, 2)}


@pytest.fixture
def identity(spark):
    """The identity key of the tests."""
    return identity_key(spark, SECRET.encode(), "k1")


@pytest.fixture
def refined(spark, identity, tmp_path):
    """Gives what becomes of records (by column name) of a folder in a refined table."""

    def refine(name, folder, *records, file=None, default_region="DE"):
        config = make_config(tmp_path, crm={"default_region": default_region, "files": FOLDERS})
        contract = table(name)
        same = SAME | {"_record_type": folder, "_file": file or f"crm/{folder}/export.csv"}
        values = [{"values": record, "_position": number} for number, record in enumerate(records)]
        bronze = rows(spark, contract.made_from[0], *values, **same)
        return part(bronze, contract, identity, config)

    return refine


def test_a_contact_in_the_vault_and_the_same_in_silver(refined, spark):
    full = {
        "Kunde": " 4711\u00a0",
        "changed": "2026-07-01 01:30:00",
        "created": "2020-01-01",
        "login": "Max",
        "mail": " Max@Example.org ",
        "mail 2": "m@example.org",
        "phone": "030 123456",
        "mobile": "+44 20 7031 3000",
        "first": "Max",
        "last": "von und zu\nMustermann",
        "street": "Weg 1",
        "zip": "01067",
        "city": "Dresden",
        "state": "SN",
        "land": "Deutschland",
        "idfa": "6D92078A-8246-4BA4-AE5B-76104861E7DC",
        "aaid": "00000000-0000-0000-0000-000000000000",
        "letter": "ja",
        "abo": "1",
        "plan": "Digital Plus",
        "renews": "2027-01-31",
        "opt in": "ja",
        "ads": "Granted",
        "asked": "2026-05-01T10:00:00+02:00",
        "not mapped": "x",
    }
    bare = {"Kunde": "8", "changed": None, "created": "2026-07-01 01:30", "mail": "", "letter": " ", "abo": "maybe"}
    moment = {"as_of_at_utc": at("2026-06-30 23:30:00"), "event_at_utc": at("2026-06-30 23:30:00")}
    moment |= {"event_date": date(2026, 6, 30)}
    same = {"source": "shop", "consent_ad_personalization": "denied", "_batch_id": BATCH, **moment}
    same |= {"_file": "crm/shop/export.csv"}
    states = [
        same
        | {"newsletter_state": "subscribed", "subscription_state": "active", "subscription_plan": "Digital Plus"}
        | {"renewal_date": date(2027, 1, 31), "country": "DE", "consent_email": "granted"}
        | {"consent_ad_user_data": "granted", "consent_at_utc": at("2026-05-01 08:00:00"), "_position": 0},
        # an empty field has a meaning where the mapping gives it one
        same | {"newsletter_state": "pending", "subscription_state": "unknown", "_position": 1},
    ]
    nothing = {"emails": [], "emails_invalid": 0, "phones": [], "phones_invalid": 0, "device_ids": []}
    phones = [
        {"e164": "+4930123456", "phone_region_rule": "country_column"},
        {"e164": "+442070313000", "phone_region_rule": "international"},
    ]
    clear = [
        nothing
        | {
            "contact_id": "4711",
            "contact_id_key": key_of("crm", "shop:4711"),
            "login": "Max",
            "emails": ["Max@Example.org", "m@example.org"],
            "phones": phones,
        }
        | {"first_name": "Max", "last_name": "von und zu\nMustermann", "street": "Weg 1", "postal_code": "01067"}
        | {"city": "Dresden", "region": "SN", "device_ids": ["6D92078A-8246-4BA4-AE5B-76104861E7DC"]},
        nothing | {"contact_id": "8", "contact_id_key": key_of("crm", "shop:8")},
    ]
    vault = refined("vault.contacts", SHOP, full, bare)
    pairs = zip(states, clear, strict=True)
    assert_same(vault.accepted, rows(spark, "vault.contacts", *[state | more for state, more in pairs]))

    contact, login, email = key_of("crm", "shop:4711"), key_of("login", "Max"), key_of("email", "max@example.org")
    other = key_of("crm", "shop:8")
    keys = [
        {"contact_id_key": contact, "login_id_key": login, "email_id_key": email, "id_key": login},
        {"contact_id_key": other, "id_key": other},
    ]
    silver = refined("silver.contact_states", SHOP, full, bare)
    pairs = zip(states, keys, strict=True)
    assert_same(silver.accepted, rows(spark, "silver.contact_states", *[state | more for state, more in pairs]))
    for parting in (vault, silver):
        assert (parting.refused_by_file, parting.filtered) == ({}, {})


# contact id, first address, second address: contact id in the vault, kind of the best key, addresses, left out
PEOPLE = [
    ("7", "a@b.c", None, "7", "crm", ["a@b.c"], 0),
    (None, "A@b.c", "z@b.c", "a@b.c", "email", ["A@b.c", "z@b.c"], 0),
    ("0", " A@b.c", "A@b.c", "a@b.c", "email", ["A@b.c"], 0),
    ("-1", "n/a", "X@y", "x@y", "email", ["X@y"], 1),
    ("null", "a b@c.d", "ä+1@ü.de", "ä+1@ü.de", "email", ["ä+1@ü.de"], 1),
    ("7 7", "@b.c", "a@b@c", "7 7", "crm", [], 2),
    ("a@b.c", None, None, "a@b.c", "crm", [], 0),
]


def test_a_person_is_known_by_id_else_by_the_first_address(refined, spark):
    records = [{"Kunde": one, "mail": two, "mail 2": three, "changed": NOON} for one, two, three, *_ in PEOPLE]
    found = refined("vault.contacts", SHOP, *records).accepted.select(
        "_position", "contact_id", "emails", "emails_invalid"
    )
    wanted = [
        {"_position": n, "contact_id": contact_id, "emails": emails, "emails_invalid": invalid}
        for n, (*_, contact_id, _, emails, invalid) in enumerate(PEOPLE)
    ]
    assert_same(found, frame(spark, found.schema, wanted))
    states = refined("silver.contact_states", SHOP, *records).accepted
    wanted = []
    for n, (*_, contact_id, best, emails, _) in enumerate(PEOPLE):
        keys = {"crm": key_of("crm", f"shop:{contact_id}")}
        keys |= {"email": key_of("email", emails[0].lower())} if emails else {}
        wanted.append({"_position": n, "contact_id_key": keys["crm"], "id_key": keys[best]})
        wanted[-1] |= {"email_id_key": keys.get("email")}
    found = states.select("_position", "contact_id_key", "email_id_key", "id_key")
    assert_same(found, frame(spark, found.schema, wanted))


def assert_refused(spark, parting, cases):
    """Each case breaks exactly the rules beside it; the first owns the row, the others are published."""
    said = parting.refused.select("position", "rule_id", "rule_ids")
    broken = [{"position": n, "rule_id": why[0], "rule_ids": list(why)} for n, (_, why) in enumerate(cases) if why]
    assert_same(said, frame(spark, said.schema, broken))
    kept = [{"_position": number} for number, (_, why) in enumerate(cases) if not why]
    assert_same(parting.accepted.select("_position"), frame(spark, "_position bigint", kept))


UNKNOWN, TIME, RENEWAL = "contact_unknown", "as_of_time_invalid", "renewal_date_invalid"


def test_the_rules_of_contacts_hold_at_their_bounds(refined, spark):
    cases = [(GOOD, ())]
    cases += [(GOOD | {"Kunde": text}, (UNKNOWN,)) for text in (None, "", " \u00a0", "0", "-1", "NULL", "00-00")]
    cases += [(GOOD | {"Kunde": "", "mail": text}, (UNKNOWN,)) for text in ("n/a", "@", "a@", "@b", "a b@c", "a@b@c")]
    cases += [(GOOD | {"Kunde": "", "mail 2": "a@b"}, ())]
    # bounds are in UTC, the times of this folder in Berlin
    cases += [(GOOD | {"changed": text}, ()) for text in ("2005-01-01 01:00:00", "2099-12-31T23:59:59.999999Z")]
    cases += [(GOOD | {"changed": text}, (TIME,)) for text in ("2005-01-01 00:59:59", "2100-01-01 01:00")]
    broken = (None, "", "12:00:00", "2026-13-01", "2026-02-29", "2026-11-02 25:00", "02.11.2026", "1793523600", "x")
    cases += [(GOOD | {"changed": text}, (TIME,)) for text in broken]
    cases += [(GOOD | {"renews": text}, ()) for text in (None, " ", "2026-02-28", "2026-02-28T00:00:00Z")]
    cases += [(GOOD | {"renews": text}, (RENEWAL,)) for text in ("2026-02-29", "soon", "28.02.2026", "2026-02")]
    cases += [(GOOD | {"asked": "yesterday"}, ("consent_time_invalid",))]
    cases += [({"renews": "x", "asked": "x"}, (UNKNOWN, TIME, RENEWAL, "consent_time_invalid"))]
    records = [record for record, _ in cases]
    for name in ("vault.contacts", "silver.contact_states"):
        assert_refused(spark, refined(name, SHOP, *records), cases)


def test_a_refused_contact_is_whole_in_quarantine_and_can_be_erased_by_its_keys(refined):
    person = {"Kunde": "7", "login": "Max", "mail": "Max@b.c", "phone": "030 123456", "changed": "never"}
    refused = refined("vault.contacts", SHOP, person, {"changed": "never"}).refused.orderBy("position").collect()
    assert [sorted(row["id_keys"]) for row in refused] == [
        sorted([key_of("crm", "shop:7"), key_of("login", "Max"), key_of("email", "max@b.c")]),
        [],
    ]
    assert all(text in refused[0]["record"] for text in ("Max@b.c", "030 123456", "never"))


def test_a_record_of_a_folder_that_is_mapped_no_more_is_refused(refined, spark):
    cases = [(GOOD, ("mapping_missing", UNKNOWN, TIME))]
    assert_refused(spark, refined("vault.contacts", "gone", GOOD), cases)
    # nor may a folder have become one of another kind
    assert_refused(spark, refined("vault.contacts", CLICKS, GOOD), cases)


TIMES = {
    "2026-11-02": "2026-11-01 23:00:00",
    "2026-7-2": "2026-07-01 22:00:00",
    "2026-11-02 06:30": "2026-11-02 05:30:00",
    "2026-11-02T6:30:15": "2026-11-02 05:30:15",
    "2026-11-02 06:30:15.123456789": "2026-11-02 05:30:15.123456",
    "2026-11-02T06:30:15Z": "2026-11-02 06:30:15",
    "2026-11-02 06:30:15 UTC": "2026-11-02 06:30:15",
    "2026-11-02 06:30:15 GMT": "2026-11-02 06:30:15",
    "2026-11-02T06:30:15+05:30": "2026-11-02 01:00:15",
    "2026-11-02T06:30:00-0500": "2026-11-02 11:30:00",
    "2026-11-02T06:30-05:00": "2026-11-02 11:30:00",
    "2026-11-02T06:30Z": "2026-11-02 06:30:00",
    # the hour that Berlin has twice is the earlier one, the hour that it has not is moved
    "2026-10-25 02:30:00": "2026-10-25 00:30:00",
    "2026-03-29 02:30:00": "2026-03-29 01:30:00",
}


def test_a_time_without_a_zone_is_of_the_zone_of_its_folder(refined, spark):
    records = [GOOD | {"changed": text} for text in TIMES]
    found = refined("silver.contact_states", SHOP, *records).accepted.select("_position", "as_of_at_utc")
    wanted = [{"_position": n, "as_of_at_utc": at(text)} for n, text in enumerate(TIMES.values())]
    assert_same(found, frame(spark, found.schema, wanted))


NAMES = {
    "crm/letters/2026-11-02.csv": "2026-11-02",
    "crm/letters/members_20261102.csv.gz": "2026-11-02",
    "crm/letters/2020-01-01/members_20261102T0630.csv": "2026-11-02",
    "crm/letters/2020-01-01/members.csv": None,
    "crm/letters/12345678/a.2024_02_29.csv": "2024-02-29",
}


def test_without_a_column_the_file_name_says_the_day(refined, spark):
    for name, day in NAMES.items():
        found = refined("silver.contact_states", LETTERS, {"Email": "a@b.c"}, file=name).accepted
        wanted = [{"as_of_at_utc": at(day), "event_date": date.fromisoformat(day)}] if day else []
        found = found.select("as_of_at_utc", "event_date")
        assert_same(found, frame(spark, found.schema, wanted))


STATES = {
    "ja": "subscribed",
    " nein ": "unsubscribed",
    "": "pending",
    "Subscribed": "subscribed",
    "BOUNCED": "bounced",
    "unknown": "unknown",
    "JA": "unknown",
    "cleaned": "unknown",
}


def test_a_word_without_a_meaning_is_unknown_and_no_consent(refined, spark):
    records = [GOOD | {"letter": text, "opt in": text} for text in STATES]
    found = refined("silver.contact_states", SHOP, *records).accepted
    found = found.select("_position", "newsletter_state", "consent_email")
    consents = {"ja": "granted", " nein ": "denied"}
    wanted = [
        {"_position": n, "newsletter_state": state, "consent_email": consents.get(text)}
        for n, (text, state) in enumerate(STATES.items())
    ]
    assert_same(found, frame(spark, found.schema, wanted))


# country, number, E.164, rule
PHONES = [
    ("DE", "030 123456", "+4930123456", "country_column"),
    ("de", "030 123456", "+4930123456", "country_column"),
    ("Deutschland", "030 123456", "+4930123456", "country_column"),
    ("UK", "020 7031 3000", "+442070313000", "country_column"),
    ("US", "(212) 555-0123", "+12125550123", "country_column"),
    ("US", "+49 (0)30 123456", "+4930123456", "international"),
    ("US", "011 49 30 123456", "+4930123456", "international"),
    ("Atlantis", "030 123456", "+4930123456", "default_region"),
    ("XX", "030 123456", "+4930123456", "default_region"),
    (None, "030 123456", "+4930123456", "default_region"),
    (None, "0044 20 7031 3000", "+442070313000", "international"),
    (None, "tel:+44-20-7031-3000", "+442070313000", "international"),
    ("GB", "030 123456", None, None),
    ("DE", "12", None, None),
    ("DE", "call me", None, None),
    ("DE", "+49", None, None),
    ("DE", "+999 30 123456", None, None),
]


def test_a_number_is_valid_in_the_country_that_it_or_its_contact_names(refined, spark):
    records = [GOOD | {"land": land, "phone": number} for land, number, *_ in PHONES]
    found = refined("vault.contacts", SHOP, *records).accepted.select("_position", "phones", "phones_invalid")
    wanted = [
        {"_position": n, "phones_invalid": int(number is None)}
        | {"phones": [{"e164": number, "phone_region_rule": rule}] if number else []}
        for n, (*_, number, rule) in enumerate(PHONES)
    ]
    assert_same(found, frame(spark, found.schema, wanted))


def test_without_a_default_region_a_number_must_name_its_country(refined, spark):
    records = [GOOD | {"phone": number} for number in ("030 123456", "+49 30 123456")]
    found = refined("vault.contacts", SHOP, *records, default_region=None).accepted
    found = found.select("_position", "phones", "phones_invalid")
    number = {"e164": "+4930123456", "phone_region_rule": "international"}
    wanted = [{"_position": 0, "phones": [], "phones_invalid": 1}]
    wanted += [{"_position": 1, "phones": [number], "phones_invalid": 0}]
    assert_same(found, frame(spark, found.schema, wanted))


def test_one_number_written_twice_is_one_number(refined, spark):
    records = [GOOD | {"phone": "030 123456", "mobile": "+49 30 123456"}, GOOD | {"phone": "x", "mobile": "030 123456"}]
    found = refined("vault.contacts", SHOP, *records).accepted.select("_position", "phones", "phones_invalid")
    number = {"e164": "+4930123456", "phone_region_rule": "default_region"}
    wanted = [{"_position": n, "phones": [number], "phones_invalid": n} for n in range(2)]
    assert_same(found, frame(spark, found.schema, wanted))


def test_the_newest_state_of_each_person_and_source(spark):
    def state(person, day, source="shop", batch=1, position=1):
        moment = {"as_of_at_utc": at(f"2026-11-{day:02}"), "_batch_id": str(batch), "_file": "f"}
        return {"source": source, "contact_id_key": person, "_position": position} | moment

    newest = [
        state("a", 3),
        state("a", 1, source="letters"),
        # of equal times the later batch, then the later record
        state("b", 2, batch=2, position=1),
        state("c", 2, position=9),
    ]
    older = [state("a", 1, batch=9), state("a", 2), state("b", 2, position=5), state("c", 2, position=8)]
    found = newest_contacts(rows(spark, "vault.contacts", *older, *newest))
    assert_same(found, rows(spark, "vault.contacts", *newest))
    found = newest_contacts(rows(spark, "silver.contact_states", *newest, *older))
    assert_same(found, rows(spark, "silver.contact_states", *newest))
    assert newest_contacts(rows(spark, "vault.contacts")).count() == 0


def test_what_happened_to_newsletters(refined, spark):
    when = "2026-11-01 23:30:00"
    records = [
        {"Email": "A@b.c", "what": "clicked", "when": when, "mail": "m1", "url": "https://www.Ex.org/a?who=a@b.c#x"},
        {"id": "9", "what": "Open", "when": when, "url": "mailto:me@b.c"},
    ]
    same = {"source": "letters", "event_at_utc": at("2026-11-02 04:30:00"), "event_date": date(2026, 11, 2)}
    same |= {"_batch_id": BATCH, "_file": "crm/clicks/export.csv"}
    nobody = key_of("crm", "letters:9")
    expected = [
        same
        | {"action": "click", "campaign_id": "m1", "page_url": "https://www.ex.org/a"}
        | {"site": "ex.org", "contact_id_key": key_of("crm", "letters:a@b.c"), "email_id_key": key_of("email", "a@b.c")}
        | {"id_key": key_of("email", "a@b.c"), "_position": 0},
        same | {"action": "open", "contact_id_key": nobody, "id_key": nobody, "_position": 1},
    ]
    found = refined("silver.newsletter_activity", CLICKS, *records).accepted
    wanted = rows(spark, "silver.newsletter_activity", *expected).drop("activity_id")
    assert_same(found.drop("activity_id"), wanted)


def test_equal_events_have_one_id_and_others_have_not(refined):
    event = {"id": "9", "what": "click", "when": "2026-11-01 23:30:00", "mail": "m", "url": "https://a.b/c"}
    equal = [
        event | {"url": "https://a.b/c?u=1"},
        event | {"when": "2026-11-02T04:30:00Z"},
        event | {"what": "clicked"},
    ]
    others = [event | {name: text} for name, text in (("id", "8"), ("what", "open"), ("mail", None), ("url", None))]
    others += [event | {"url": "https://a.b/d"}, event | {"when": "2026-11-01 23:30:00.000001"}]
    found = refined("silver.newsletter_activity", CLICKS, event, *equal, *others).accepted.collect()
    ids = {row["_position"]: row["activity_id"] for row in found}
    assert len({ids[n] for n in range(4)}) == 1
    assert len(set(ids.values())) == 1 + len(others)


def test_the_rules_of_newsletter_activity(refined, spark):
    good = {"id": "9", "what": "sent", "when": "2026-11-01 23:30:00"}
    cases = [(good, ())]
    cases += [(good | {"what": text}, ("action_unknown",)) for text in (None, "", "opened", "bounced")]
    cases += [(good | {"what": text}, ()) for text in ("open", "click", "bounce", "unsubscribe", "clicked")]
    cases += [(good | {"when": text}, ("event_time_invalid",)) for text in (None, "today", "1999-01-01")]
    cases += [({}, (UNKNOWN, "action_unknown", "event_time_invalid"))]
    assert_refused(spark, refined("silver.newsletter_activity", CLICKS, *[record for record, _ in cases]), cases)


def test_newsletters(refined, spark):
    good = {"id": "m1", "name": "Spring", "line": "Hello *|FNAME|*", "sent": "2026-11-01 06:00"}
    cases = [(good, ()), (good | {"id": "m2", "sent": ""}, ())]
    cases += [(good | {"id": " "}, ("campaign_id_missing",)), (good | {"sent": "soon"}, ("sent_time_invalid",))]
    file = "crm/mails/mails 2026-11-02.csv"
    parting = refined("silver.newsletter_campaigns", MAILS, *[record for record, _ in cases], file=file)
    assert_refused(spark, parting, cases)
    same = {"source": "letters", "title": "Spring", "subject": "Hello *|FNAME|*", "_batch_id": BATCH, "_file": file}
    same |= {"as_of_at_utc": at("2026-11-02"), "event_at_utc": at("2026-11-02"), "event_date": date(2026, 11, 2)}
    expected = [same | {"campaign_id": "m1", "sent_at_utc": at("2026-11-01 06:00:00"), "_position": 0}]
    expected += [same | {"campaign_id": "m2", "_position": 1}]
    assert_same(parting.accepted, rows(spark, "silver.newsletter_campaigns", *expected))
    assert [row["id_keys"] for row in parting.refused.collect()] == [[], []]


def test_a_mapping_of_the_tests_is_sound():
    assert set(CrmConfig.model_validate({"files": FOLDERS}).files) == set(FOLDERS)
