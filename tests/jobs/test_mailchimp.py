"""Real exports of a newsletter system go through the real jobs: who is subscribed, who opened what."""

import os
import shutil
from datetime import UTC, datetime

import pytest

from adlake.account import Account
from tests.conftest import make_config
from tests.jobs import lakes
from tests.spark.rows import key_of

MEMBER = {
    "kind": "contacts",
    "source": "mailchimp",
    "as_of": "last_changed",
    "columns": {
        "contact_id": "id",
        "email": "email_address",
        "first_name": "merge_fname",
        "last_name": "merge_lname",
        "country": "country_code",
        "newsletter_state": "status",
    },
    "values": {"newsletter_state": {"cleaned": "bounced"}},
}


CAMPAIGN = {
    "kind": "newsletter_campaigns",
    "source": "mailchimp",
    "as_of": "_fivetran_synced",
    "columns": {"campaign_id": "id", "title": "title", "subject": "subject_line", "sent_at": "send_time"},
}


def activity(campaign_id, **more):
    columns = {"contact_id": "member_id", "event_at": "timestamp", "campaign_id": campaign_id, "action": "action"}
    return {"kind": "newsletter_activity", "source": "mailchimp", "columns": columns | more}


FOLDERS = {
    "member": MEMBER,
    "campaign": CAMPAIGN,
    "automation_email": CAMPAIGN,
    "campaign_recipient_activity": activity("campaign_id", link="url"),
    "automation_recipient_activity": activity("automation_email_id", link="url"),
    "unsubscribe": activity("campaign_id", action={"constant": "unsubscribe"}),
}
"""The mapping: one folder for each file of the export."""


@pytest.fixture
def config(real, tmp_path):
    """A lake to which the export has been delivered."""
    for name in FOLDERS:
        target = tmp_path / "landing" / "crm" / name / f"{name}.csv"
        target.parent.mkdir(parents=True)
        shutil.copy(real / "crm" / "mailchimp" / f"{name}.csv", target)
        os.utime(target, (1_700_000_000, 1_700_000_000))
    return make_config(tmp_path, crm={"files": FOLDERS})


DYLAN, DYLAN_2 = "4d1bf0aa67690a2b483771ce00cfb6a7", "4956ae6c75ac652fd9a32c7c5ed8083a"
ME, ABRAHAM = "09be851d30b8958f7de29f22e8bed310", "001ab89f92fa8197d3f426cc6987b997"
TIM, MARY = "31d6eef7ddb994d81380735289af2dfb", "b2ac489697c655e85db6dfedc5c2fee5"
RALPH, BEN = "f5114e6e6bb39e07781d2f51f409a7fe", "37cc8cad6a75f018d69632984d8caf38"
STRANGER = "c6de178b4b5cac03e73f9d787b352f15"
"""Opened a mail and is no member any more."""

MEMBERS = {
    DYLAN: ("unsubscribed", "2020-04-17 16:32:51", "dylan+testing@example.co", None, "CA"),
    DYLAN_2: ("subscribed", "2020-04-21 14:52:45", "dylan+testing2@example.co", None, "CA"),
    ME: ("subscribed", "2019-11-26 23:55:32", "me@example.com", "Me", "DE"),
    ABRAHAM: ("subscribed", "2019-11-26 23:55:40", "abraham@example.com", "Abraham", "US"),
    TIM: ("subscribed", "2019-11-26 23:55:45", "tim@example.com", "Tim", "US"),
    MARY: ("subscribed", "2019-11-26 23:58:17", "mary@example.com", "Mary", "US"),
    RALPH: ("subscribed", "2019-11-27 00:00:37", "ralph@example.com", "Ralph", "US"),
    BEN: ("subscribed", "2019-11-08 13:10:10", "ben@example.com", "Ben", "US"),
}
"""Read off member.csv by hand: state, since when, address, first name, country."""

RELEASE, WELCOME, SECOND_WELCOME = "c2b4c1c0d9", "b63e7b8aff", "123"
OPENS = [
    *((RELEASE, RALPH, at) for at in ("2019-11-27 17:46:31", "2020-04-06 17:45:18")),
    *((RELEASE, TIM, at) for at in ("2019-11-27 17:01:55", "2019-11-29 23:59:41", "2019-11-30 15:18:30")),
    *((RELEASE, BEN, at) for at in ("2019-11-27 17:34:16", "2019-12-02 14:37:37", "2019-12-02 14:47:03")),
    (RELEASE, STRANGER, "2019-11-27 17:44:09"),
    (RELEASE, MARY, "2019-12-04 03:09:04"),
    (RELEASE, ABRAHAM, "2019-11-27 20:39:07"),
    (RELEASE, ME, "2019-11-27 18:01:39"),
    (WELCOME, DYLAN, "2020-04-21 14:52:06"),
    (WELCOME, DYLAN_2, "2020-04-21 14:53:32"),
]
CLICKS = [
    (RELEASE, RALPH, "2020-04-06 17:45:52", "https://example.com"),
    (RELEASE, RALPH, "2020-04-06 17:45:43", "https://github.com/example"),
    (RELEASE, BEN, "2019-12-02 14:37:52", "https://example.com"),
    (RELEASE, BEN, "2019-12-02 14:38:57", "https://example.com"),
    (RELEASE, BEN, "2019-12-02 14:39:42", "https://example.com"),
    (WELCOME, DYLAN, "2020-04-21 14:52:06", "https://example.com/"),
    (WELCOME, DYLAN, "2020-04-21 14:52:11", "https://github.com/example"),
    (WELCOME, DYLAN_2, "2020-04-21 14:53:32", "https://github.com/example"),
    (WELCOME, DYLAN_2, "2020-04-21 14:53:34", "https://example.com/"),
    (WELCOME, DYLAN_2, "2020-04-21 14:53:37", "https://join.slack.com/t/"),
    (SECOND_WELCOME, DYLAN_2, "2020-04-21 14:53:37", "https://join.slack.com/t/"),
]
UNSUBSCRIBED = [(WELCOME, DYLAN, "2020-04-17 16:32:51")]
CAMPAIGNS = {
    (RELEASE, "Release 0.1.1", "2019-11-27 16:59:27", "2020-04-23 11:40:06.199"),
    (WELCOME, "Welcome Message", "2020-04-22 14:54:10", "2020-04-23 11:40:06.528"),
    (SECOND_WELCOME, "Welcome Message", "2020-04-22 14:54:10", "2020-04-23 11:40:06.528"),
}


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def contact_key(member):
    return key_of("crm", f"mailchimp:{member}")


def test_who_is_subscribed_and_who_opened_what(config, shared):
    report = lakes.run(config, shared(config))

    assert report.exit_code == 0
    assert lakes.accounts(report) == {
        ("ingest_bronze", "bronze.contacts"): Account(9, 9),
        ("ingest_bronze", "bronze.newsletter_activity"): Account(26, 26),
        ("ingest_bronze", "bronze.newsletter_campaigns"): Account(3, 3),
        # one member is in two lists, in the same state since the same second
        ("build_silver", "vault.contacts"): Account(9, 8, duplicates=1),
        ("build_silver", "silver.contact_states"): Account(9, 8, duplicates=1),
        ("build_silver", "silver.newsletter_activity"): Account(26, 26),
        ("build_silver", "silver.newsletter_campaigns"): Account(3, 3),
    }

    fields = ("newsletter_state", "as_of_at_utc", "emails", "first_name", "country")
    contacts = {
        row["contact_id"]: tuple(row[name] for name in fields) for row in lakes.rows_of(config, "vault.contacts")
    }
    assert contacts == {
        member: (state, moment(since), [email], name, country)
        for member, (state, since, email, name, country) in MEMBERS.items()
    }
    keys = ("contact_id_key", "email_id_key", "id_key", "newsletter_state", "as_of_at_utc")
    states = {tuple(row[name] for name in keys) for row in lakes.rows_of(config, "silver.contact_states")}
    assert states == {
        (contact_key(member), key_of("email", email), contact_key(member), state, moment(since))
        for member, (state, since, email, _, _) in MEMBERS.items()
    }

    found = {action: [] for action in ("open", "click", "unsubscribe")}
    for row in lakes.rows_of(config, "silver.newsletter_activity"):
        assert row["id_key"] == row["contact_id_key"]
        found[row["action"]].append(tuple(row[n] for n in ("campaign_id", "id_key", "event_at_utc", "page_url")))
    expected = {"open": OPENS, "click": CLICKS, "unsubscribe": UNSUBSCRIBED}
    for action, events in expected.items():
        wanted = [
            (campaign, contact_key(member), moment(at), *(url or [None])) for campaign, member, at, *url in events
        ]
        assert sorted(found[action]) == sorted(wanted), action

    names = ("campaign_id", "title", "sent_at_utc", "as_of_at_utc")
    campaigns = {tuple(row[name] for name in names) for row in lakes.rows_of(config, "silver.newsletter_campaigns")}
    assert campaigns == {(name, title, moment(sent), moment(at)) for name, title, sent, at in CAMPAIGNS}
