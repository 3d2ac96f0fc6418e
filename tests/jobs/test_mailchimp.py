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


def campaign(title, subject, sent_at):
    columns = {"campaign_id": "id", "title": title, "subject": subject, "sent_at": sent_at}
    return {"kind": "newsletter_campaigns", "source": "mailchimp", "as_of": "_fivetran_synced", "columns": columns}


def activity(campaign_id, **more):
    columns = {"contact_id": "member_id", "event_at": "timestamp", "campaign_id": campaign_id, "action": "action"}
    return {"kind": "newsletter_activity", "source": "mailchimp", "columns": columns | more}


FOLDERS = {
    "member": MEMBER,
    "campaign": campaign("title", "subject_line", "send_time"),
    "automation_email": campaign("title", "subject_line", "send_time"),
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


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_who_is_subscribed_and_who_opened_what(config, shared):
    report = lakes.run(config, shared(config))
    print(report.exit_code, lakes.accounts(report))
    for name in ("vault.contacts", "silver.contact_states", "silver.newsletter_activity", "silver.newsletter_campaigns"):
        for row in lakes.rows_of(config, name):
            print(row)
