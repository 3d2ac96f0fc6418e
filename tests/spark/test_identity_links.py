"""Links of keys from hand-written silver rows."""

from adlake.contracts import table
from adlake.frames import conform
from adlake.marts import MARTS
from tests.spark.rows import BATCH, assert_proven, assert_same, at, rows

LINKS = MARTS["silver.identity_links"]
PLACE = {"_batch_id": BATCH, "_file": "f", "_position": 1}
CONSENTS = ("may_store", "may_personalise_ads", "may_profile", "may_measure")
ALLOWED = dict.fromkeys(CONSENTS, True)
TEN, NOON, LATE = (at(f"2026-11-02 {clock}") for clock in ("10:00:00", "12:00:00", "23:59:59.999999"))
NEXT_DAY = at("2026-11-03 00:00:00")


def silver(spark, name, *values, **same):
    whole = [{"event_date": value["event_at_utc"].date()} | same | value for value in values]
    return rows(spark, f"silver.{name}", *whole, **PLACE)


def page(when, login=None, domain=None, network=None, **more):
    keys = {"login_id_key": login, "domain_id_key": domain, "network_id_key": network}
    return {"event_at_utc": when, "is_bot": False} | dict.fromkeys(CONSENTS, True) | keys | more


def ad(when, ppid=None, gam_user=None):
    return {"event_at_utc": when, "ppid_id_key": ppid, "gam_user_id_key": gam_user}


def auction(when, device=None, user=None, **more):
    return {"event_at_utc": when, "is_bot": False, "device_id_key": device, "user_id_key": user} | more


def eids(*keys):
    """Keys of eids, each `key kind`."""
    return [dict(zip(("id_key", "kind"), key.split(), strict=True)) for key in keys]


def contact(when, crm, login=None, email=None):
    return {"event_at_utc": when, "contact_id_key": crm, "login_id_key": login, "email_id_key": email}


def rotation(old, new, kind):
    moment = {"event_date": LATE.date(), "event_at_utc": LATE}
    return moment | {"old_id_key": old, "new_id_key": new, "kind": kind}


def link(keys, kinds, source, seen, events, **more):
    """A row of the links; the kinds in the order of the keys, the times that both were first and last seen."""
    names = ("id_key", "linked_id_key", "kind", "linked_kind", "source", "first_seen_at_utc", "last_seen_at_utc")
    values = (*keys.split(), *kinds.split(), source, *seen)
    return dict(zip(names, values, strict=True)) | {"event_date": seen[0].date(), "events": events} | more


def test_every_two_keys_of_a_row_are_linked_by_day_and_source(spark, config):
    frames = {
        "page_events": silver(
            spark,
            "page_events",
            page(TEN, "k1:m", "k1:d", "k1:z"),
            page(NOON, "k1:m", "k1:d", may_personalise_ads=False, may_measure=None),
            page(LATE, None, "k1:d", "k1:z"),
            page(NEXT_DAY, None, "k1:d", "k1:z"),
            # one key is no link, nor is none, and a bot's keys are nobody's
            page(TEN, "k1:m"),
            page(TEN),
            page(TEN, "k1:m", "k1:d", "k1:bot", is_bot=True),
        ),
        "auctions": silver(
            spark,
            "auctions",
            # two impressions of one auction
            auction(TEN, "k1:d", "k1:u", may_store=True, may_profile=False),
            auction(TEN, "k1:d", "k1:u", may_store=True, may_profile=True),
            auction(NOON, "k1:d"),
            # what others hand over is linked with the row's own keys, and with each other
            auction(NOON, "k1:d", eid_keys=eids("k1:a person_eid", "k1:p device_eid")),
            auction(LATE, None, "k1:v", eid_keys=eids("k1:a person_eid"), may_store=True),
            auction(LATE, None, "k1:v", eid_keys=eids("k1:a person_eid", "k1:w eid"), may_store=False),
            auction(LATE, eid_keys=eids("k1:a person_eid")),
            auction(LATE, eid_keys=[]),
            auction(LATE, "k1:bot", eid_keys=eids("k1:a person_eid"), is_bot=True),
        ),
        "gam_requests": silver(spark, "gam_requests", ad(TEN, "k1:p", "k1:g"), ad(TEN, None, "k1:g")),
        "gam_impressions": silver(spark, "gam_impressions", ad(NOON, "k1:p", "k1:g")),
        "gam_clicks": silver(spark, "gam_clicks", ad(LATE, "k1:p", "k1:g")),
        "contact_states": silver(
            spark,
            "contact_states",
            contact(TEN, "k1:c", "k1:m", "k1:e"),
            contact(TEN, "k1:c2", None, "k1:e"),
            # the same two keys in another source are a link of their own
            contact(TEN, "k1:c3"),
        ),
        "newsletter_activity": silver(spark, "newsletter_activity", contact(NOON, "k1:c", "k1:m", None)),
        "key_rotations": rows(
            spark,
            "silver.key_rotations",
            rotation("k1:c", "k2:a", "crm"),
            # an older secret that comes back: the order is that of the keys
            rotation("k2:a", "k1:c2", "crm"),
        ),
    }
    expected = [
        link("k1:d k1:m", "domain login", "page_events", (TEN, NOON), 2, **ALLOWED | {"may_personalise_ads": False}),
        link("k1:m k1:z", "login network", "page_events", (TEN, TEN), 1, **ALLOWED),
        link("k1:d k1:z", "domain network", "page_events", (TEN, LATE), 2, **ALLOWED),
        link("k1:d k1:z", "domain network", "page_events", (NEXT_DAY, NEXT_DAY), 1, **ALLOWED),
        link("k1:d k1:u", "device pbs_user", "auctions", (TEN, TEN), 2, may_store=True, may_profile=False),
        link("k1:a k1:d", "person_eid device", "auctions", (NOON, NOON), 1),
        link("k1:d k1:p", "device device_eid", "auctions", (NOON, NOON), 1),
        link("k1:a k1:p", "person_eid device_eid", "auctions", (NOON, NOON), 1),
        link("k1:a k1:v", "person_eid pbs_user", "auctions", (LATE, LATE), 2, may_store=False),
        link("k1:a k1:w", "person_eid eid", "auctions", (LATE, LATE), 1, may_store=False),
        link("k1:v k1:w", "pbs_user eid", "auctions", (LATE, LATE), 1, may_store=False),
        link("k1:g k1:p", "gam_user ppid", "gam_requests", (TEN, TEN), 1),
        link("k1:g k1:p", "gam_user ppid", "gam_impressions", (NOON, NOON), 1),
        link("k1:g k1:p", "gam_user ppid", "gam_clicks", (LATE, LATE), 1),
        link("k1:c k1:m", "crm login", "contact_states", (TEN, TEN), 1),
        link("k1:c k1:e", "crm email", "contact_states", (TEN, TEN), 1),
        link("k1:e k1:m", "email login", "contact_states", (TEN, TEN), 1),
        link("k1:c2 k1:e", "crm email", "contact_states", (TEN, TEN), 1),
        link("k1:c k1:m", "crm login", "newsletter_activity", (NOON, NOON), 1),
        link("k1:c k2:a", "crm crm", "key_rotations", (LATE, LATE), 1),
        link("k1:c2 k2:a", "crm crm", "key_rotations", (LATE, LATE), 1),
    ]
    found = LINKS.build(frames, config)
    assert_same(conform(found, table(LINKS.table)), rows(spark, LINKS.table, *expected))
    assert_proven(LINKS, frames, config, expected)
