"""Contacts from export to vault and silver: run twice, changed, delivered again, and in clear nowhere else."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from adlake.account import Account
from adlake.contacts import newest_contacts
from adlake.contracts import tables
from adlake.lake import Lake
from adlake.tables import read_table
from tests.conftest import make_config
from tests.delivered import write
from tests.jobs import lakes
from tests.spark.rows import key_of

MEMBERS = {
    "kind": "contacts",
    "source": "letters",
    "as_of": "changed",
    "columns": {
        "contact_id": "id",
        "login": "user",
        "email": "mail",
        "phone": "phone",
        "last_name": "name",
        "newsletter_state": "status",
    },
}
HEADER = "id,user,mail,phone,name,status,changed,notes"
FIRST, SECOND = "crm/members/first.csv", "crm/members/second.csv"
ANN = 'planted-id,planted-login,Planted.Mail@example.org,030 777777,"von\nPlantedname",{status},{changed},planted-note'
BOB = "b,,bob@example.org,,Bob,subscribed,2026-10-02,"
NOBODY = ",,planted-no-address,,Plantedstranger,subscribed,2026-10-02,planted-note"
BROKEN = 'planted-broken,,"x" y,,,,,'
CID = "c,,cid@example.org,,Cid,pending,2026-10-04 12:00:00,"
PLANTED = ("planted-id", "planted-login", "planted.mail", "777777", "plantedname", "planted-no-address")
PLANTED += ("plantedstranger", "planted-note", "planted-broken", "bob@example.org", "cid@example.org")


def deliver(config, path, *records, at):
    target = Path(config.landing) / path
    lakes.aged(write(target, "\n".join([HEADER, *records])), at)


def ann(status, changed):
    return ANN.format(status=status, changed=changed)


@pytest.fixture
def config(tmp_path):
    """A first export: Ann and Bob, somebody whom nobody can know, and a line that is broken."""
    config = make_config(tmp_path, crm={"default_region": "DE", "files": {"members": MEMBERS}})
    deliver(config, FIRST, ann("subscribed", "2026-10-01"), BOB, NOBODY, BROKEN, at=lakes.DELIVERED)
    return config


def states(config, name="vault.contacts"):
    """Id, day of the state, and state of every row."""
    person = "contact_id" if name == "vault.contacts" else "contact_id_key"
    rows = lakes.rows_of(config, name)
    return sorted((row[person], row["event_date"].isoformat(), row["newsletter_state"]) for row in rows)


def keyed(expected):
    return sorted((key_of("crm", f"letters:{person}"), *rest) for person, *rest in expected)


def assert_states(config, *expected):
    assert states(config) == sorted(expected)
    assert states(config, "silver.contact_states") == keyed(expected)


def test_contacts_come_in_once_and_each_change_touches_its_own_days(config, shared, spark_of):
    report = lakes.run(config, shared(config))
    refined = Account(3, 2, quarantined={"contact_unknown": 1})
    assert lakes.accounts(report) == {
        ("ingest_bronze", "quarantine.contacts"): Account(1, 1),
        ("ingest_bronze", "bronze.contacts"): Account(4, 3, quarantined={"misplaced_quote": 1}),
        ("build_silver", "quarantine.contacts"): Account(1, 1),
        ("build_silver", "vault.contacts"): refined,
        ("build_silver", "quarantine.contact_states"): Account(1, 1),
        ("build_silver", "silver.contact_states"): refined,
    }
    assert_states(config, ("planted-id", "2026-10-01", "subscribed"), ("b", "2026-10-02", "subscribed"))
    (found,) = [row for row in lakes.rows_of(config, "vault.contacts") if row["contact_id"] == "planted-id"]
    assert found["last_name"] == "von\nPlantedname"
    assert found["phones"] == [{"e164": "+4930777777", "phone_region_rule": "default_region"}]

    # nothing is new
    versions, idle = lakes.versions(config), spark_of(config)
    report = lakes.run(config, idle)
    assert (report.exit_code, report.commits, idle.is_started) == (0, (), False)
    assert lakes.versions(config) == versions

    # the next export has all of them again: Ann has changed, Bob has not, Cid is new
    changed = ann("unsubscribed", "2026-10-03")
    deliver(config, SECOND, changed, BOB, CID, at=lakes.REDELIVERED)
    report = lakes.run(config, shared(config))
    assert lakes.accounts(report) == {
        ("ingest_bronze", "bronze.contacts"): Account(3, 3),
        ("build_silver", "vault.contacts"): Account(3, 2, duplicates=1),
        ("build_silver", "silver.contact_states"): Account(3, 2, duplicates=1),
    }
    first, bob = ("planted-id", "2026-10-01", "subscribed"), ("b", "2026-10-02", "subscribed")
    assert_states(config, first, bob, ("planted-id", "2026-10-03", "unsubscribed"), ("c", "2026-10-04", "pending"))
    for name in ("vault.contacts", "silver.contact_states"):
        assert lakes.touched(config, name)[-1] == ["2026-10-03", "2026-10-04"]

    # the same file again, corrected: Ann never left; Cid is not in it any more
    deliver(config, SECOND, ann("pending", "2026-10-03"), BOB, at=datetime(2026, 10, 8, tzinfo=UTC))
    report = lakes.run(config, shared(config))
    corrected = Account(2, 1, duplicates=1, superseded=2)
    assert lakes.accounts(report) == {
        ("ingest_bronze", "bronze.contacts"): Account(2, 2),
        ("build_silver", "vault.contacts"): corrected,
        ("build_silver", "silver.contact_states"): corrected,
    }
    assert_states(config, first, bob, ("planted-id", "2026-10-03", "pending"))
    for name in ("vault.contacts", "silver.contact_states"):
        assert lakes.touched(config, name)[-1] == ["2026-10-03", "2026-10-04"]

    newest = newest_contacts(read_table(shared(config).session, Lake(config), tables()["vault.contacts"]))
    found = {(row["contact_id"], row["event_date"], row["newsletter_state"]) for row in newest.collect()}
    assert found == {("planted-id", date(2026, 10, 3), "pending"), ("b", date(2026, 10, 2), "subscribed")}


def clear_texts(config):
    """Every text outside the restricted layers, and all logs of tables, in lower case; place to text."""
    open_layers = ("silver", "gold", "ops")
    found = {name: str(lakes.rows_of(config, name)) for name, table in tables().items() if table.layer in open_layers}
    lake = Path(config.lake)
    logs = [path for path in lake.rglob("*") if path.is_file() and path.suffix in {".json", ".crc", ""}]
    found |= {str(path.relative_to(lake)): path.read_text(errors="replace") for path in logs}
    return {place: text.lower() for place, text in found.items()}


def test_nothing_that_names_a_person_leaves_the_restricted_layers(config, shared, capfd):
    # a file without a header has a contact in the place of its header, and is named with the reason
    headless = Path(config.landing) / "crm/members/headless.csv"
    lakes.aged(write(headless, ann("subscribed", "2026-10-01")), lakes.DELIVERED)
    report = lakes.run(config, shared(config))
    assert [file.path for file in report.files_set_aside] == ["crm/members/headless.csv"]
    assert lakes.rows_of(config, "silver.contact_states")

    output = capfd.readouterr()
    texts = clear_texts(config) | {"stdout": output.out.lower(), "stderr": output.err.lower()}
    texts |= {"report": str(report).lower(), "report file": lakes.reports(config)[-1].read_text().lower()}
    assert {place.split("/")[0] for place in texts} >= {"ops", "silver", "vault", "bronze", "quarantine"}
    leaks = sorted((place, planted) for place, text in texts.items() for planted in PLANTED if planted in text)
    assert leaks == []
    # the search would find them where they may be
    assert "planted-id" in str(lakes.rows_of(config, "vault.contacts"))
    assert "Plantedstranger" in str(lakes.rows_of(config, "quarantine.contacts"))
