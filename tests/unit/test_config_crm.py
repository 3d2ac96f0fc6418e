"""The mapping of contact and newsletter files is checked as a whole, each fault at its place."""

import pytest
import yaml

from adlake.config import Config, config_faults, load_config
from adlake.config.crm import CLOSED, COLUMNS, Columns, Values

REST = """\
lake: lake
landing: landing
tenant: acme
network_time_zone: UTC
identity: {key_file: identity.key}
"""
MEMBERS = {"kind": "contacts", "source": "shop", "columns": {"contact_id": "id"}}
EVENTS = {"kind": "newsletter_activity", "source": "shop"}
EVENTS |= {"columns": {"email": "mail", "action": "what", "event_at": "when"}}
MAILS = {"kind": "newsletter_campaigns", "source": "shop", "columns": {"campaign_id": "id"}}


@pytest.fixture
def lake_yaml(tmp_path):
    """Writes a configuration with a mapping, or with the text of one, and returns its path."""

    def write(crm):
        path = tmp_path / "lake.yaml"
        text = crm if isinstance(crm, str) else yaml.safe_dump({"crm": crm}, sort_keys=False)
        path.write_text(REST + text, encoding="utf-8")
        return path

    return write


def files(**folders):
    return {"files": folders}


def test_a_mapping_is_taken_as_it_is_written(lake_yaml):
    columns = {"contact_id": "id", "email": ["mail", "second mail"], "consent_email": {"constant": "granted"}}
    more = {"delimiter": ";", "time_zone": "Europe/Berlin", "as_of": "changed", "columns": columns}
    words = {"newsletter_state": {"ja": "subscribed", "": "unknown"}}
    crm = {"default_region": "DE"} | files(members=MEMBERS | more | {"values": words}, events=EVENTS, mails=MAILS)
    found = load_config(lake_yaml(crm))
    members = found.crm.files["members"]
    assert (members.kind, members.source, members.delimiter, members.time_zone) == (
        "contacts",
        "shop",
        ";",
        "Europe/Berlin",
    )
    assert {name: (origin.columns, origin.constant) for name, origin in members.columns.given.items()} == {
        "contact_id": (("id",), None),
        "email": (("mail", "second mail"), None),
        "consent_email": ((), "granted"),
    }
    assert members.values.of("newsletter_state") == {"ja": "subscribed", "": "unknown"}
    assert members.values.of("first_name") == {}
    assert members.needed == ("id", "mail", "second mail", "changed")
    assert found.crm.files["mails"].as_of is None
    # what tests and tools write out again is the same
    assert Config.model_validate(found.model_dump(mode="json", exclude_none=True)) == found


def test_without_a_mapping_no_folder_is_known(lake_yaml):
    assert load_config(lake_yaml("")).crm.files == {}


def with_columns(**columns):
    return files(x=MEMBERS | {"columns": MEMBERS["columns"] | columns})


def with_values(**values):
    return files(x=MEMBERS | {"values": values})


STATES = "'subscribed', 'unsubscribed', 'pending', 'bounced' or 'unknown'"
TEXT_KEYS = "words as text: put yes, no, true, false and numbers in quotes"
ORIGIN = "a column, a list of columns, or {constant: value}"


@pytest.mark.parametrize(
    ("crm", "place", "found", "wanted"),
    [
        ({"default_region": "UK"}, "default_region", "'UK'", "an ISO 3166 alpha-2 code in upper case, such as DE"),
        ({"default_region": "de"}, "default_region", "'de'", "an ISO 3166 alpha-2 code in upper case, such as DE"),
        ({"file": {}}, "file", "an unknown key", "'files'? Known: default_region, files"),
        (files(x=MEMBERS | {"kind": "people"}), "files.x.kind", "'people'", "'contacts', 'newsletter_activity' or"),
        (files(x=MEMBERS | {"source": "The Shop"}), "files.x.source", "'The Shop'", "at most 63 lower case letters"),
        (files(x=MEMBERS | {"delimiter": '"'}), "files.x.delimiter", "'\"'", "one character, and no quote mark"),
        (files(x=MEMBERS | {"delimiter": ""}), "files.x.delimiter", "''", "one character, and no quote mark"),
        (files(x=MEMBERS | {"time_zone": "Berlin"}), "files.x.time_zone", "'Berlin'", "the IANA name"),
        (files(x=EVENTS | {"as_of": "day"}), "files.x.as_of", "'day'", "nothing: what happened has its event_at"),
        (files(**{"a/b": MEMBERS}), "files.a/b.[key]", "'a/b'", "the name of a folder below landing/crm"),
        (files(_x=MEMBERS), "files._x.[key]", "'_x'", "the name of a folder below landing/crm"),
        (with_columns(emial="x"), "files.x.columns.emial", "an unknown key", "'email'?"),
        (with_columns(email=[]), "files.x.columns.email", "a mapping", ORIGIN),
        (with_columns(email=7), "files.x.columns.email", "7", "keys and their values"),
        (with_columns(email={"constant": "a", "columns": ["b"]}), "files.x.columns.email", "a mapping", ORIGIN),
        (with_columns(email={"constnat": "a"}), "files.x.columns.email.constnat", "an unknown key", "'constant'?"),
        (with_columns(title="x"), "files.x.columns", "a mapping", "no title in contacts; known: contact_id, login,"),
        (
            files(x=MEMBERS | {"columns": {"first_name": "n"}}),
            "files.x.columns",
            "a mapping",
            "contact_id or email, which contacts cannot do without",
        ),
        (
            files(x=EVENTS | {"columns": {"link": "url"}}),
            "files.x.columns",
            "a mapping",
            "contact_id or email and action and event_at, which newsletter_activity cannot do without",
        ),
        (
            files(x=MAILS | {"columns": {"title": "n"}}),
            "files.x.columns",
            "a mapping",
            "campaign_id, which newsletter_campaigns cannot do without",
        ),
        (
            with_columns(newsletter_state={"constant": "yes"}),
            "files.x.columns",
            "a mapping",
            "for newsletter_state one",
        ),
        (with_values(newsletter_state={"a": "gone"}), "files.x.values.newsletter_state.a", "'gone'", STATES),
        (with_values(first_name={"a": "b"}), "files.x.values.first_name", "an unknown key", "one of newsletter_state"),
        # as YAML reads an unquoted no
        (with_values(country={False: "NO"}), "files.x.values.country", "a mapping", TEXT_KEYS),
    ],
)
def test_a_fault_is_named_with_its_place_and_what_would_be_right(lake_yaml, crm, place, found, wanted):
    (fault,) = config_faults(lake_yaml(crm))
    assert (fault.place, fault.found) == (f"crm.{place}", found)
    assert fault.wanted.startswith(wanted)
    assert fault.line > 5


def test_all_faults_are_told_at_once(lake_yaml):
    crm = files(
        a=MEMBERS | {"delimiter": "ab", "source": ""},
        b=EVENTS | {"time_zone": "x", "values": {"action": {"opened": "opens"}}},
    )
    places = [fault.place for fault in config_faults(lake_yaml({"default_region": "X"} | crm))]
    assert places == [
        "crm.default_region",
        "crm.files.a.source",
        "crm.files.a.delimiter",
        "crm.files.b.time_zone",
        "crm.files.b.values.action.opened",
    ]


def test_a_constant_may_be_a_word_that_the_mapping_explains(lake_yaml):
    columns = MEMBERS["columns"] | {"newsletter_state": {"constant": "yes"}}
    crm = files(x=MEMBERS | {"columns": columns, "values": {"newsletter_state": {"yes": "subscribed"}}})
    assert config_faults(lake_yaml(crm)) == []


def test_every_column_belongs_to_a_kind_and_every_closed_one_has_words():
    assert set(Columns.model_fields) == {name for names in COLUMNS.values() for name in names}
    assert set(CLOSED) <= set(Values.model_fields) <= set(Columns.model_fields)
