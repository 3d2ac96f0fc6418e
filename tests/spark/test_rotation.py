"""Old keys and new ones of whatever holds identifiers in clear, against Python's own HMAC."""

import pytest
from pyspark.sql import functions as F

from adlake.identity import identity_key
from adlake.refined import REFINEMENTS
from adlake.rotation import rotated
from adlake.sources.source import no_identifiers
from tests.spark.rows import SECRET, assert_same, frame, key_of

NEW_SECRET = "a newer secret of 32 bytes, or more"
PAIRS = "old_id_key string, new_id_key string, kind string"
EIDS = ("person_eid", "device_eid", "app_eid", "eid")


@pytest.fixture
def keys(spark):
    return identity_key(spark, SECRET.encode(), "k1"), identity_key(spark, NEW_SECRET.encode(), "k2")


def pair(kind, identifier):
    new = key_of(kind, identifier, NEW_SECRET, "k2")
    return {"old_id_key": key_of(kind, identifier), "new_id_key": new, "kind": kind}


def test_each_identifier_is_linked_once_and_nobody_is_not(spark, keys):
    events = [
        {"user_id": "ann", "domain_userid": "d-1", "network_userid": "n-1"},
        {"user_id": "ann", "domain_userid": "0", "network_userid": None},
        # what names nobody comes first, so that places in the arrays would move if it were kept
        {"user_id": "", "domain_userid": "00000000-0000-0000-0000-000000000000", "network_userid": "n-2"},
        {"user_id": None, "domain_userid": None, "network_userid": None},
    ]
    found = rotated(frame(spark, "user_id string, domain_userid string, network_userid string", events),
                    "silver.page_events", *keys)  # fmt: skip
    expected = [pair("login", "ann"), pair("domain", "d-1"), pair("network", "n-1"), pair("network", "n-2")]
    assert_same(found, frame(spark, PAIRS, expected))


def test_eids_of_auctions_are_linked_behind_what_names_nobody(spark, keys):
    schema = "device_id string, user_id string, eids struct<named:array<struct<kind:string,identifier:string>>>"
    eids = {
        "named": [{"kind": "person_eid", "identifier": "p.example:1"}, {"kind": "eid", "identifier": "v.example:2"}]
    }
    records = [
        {"device_id": "0", "user_id": "u-1", "eids": eids},
        {"device_id": "d-1", "user_id": None, "eids": {"named": []}},
    ]
    expected = [
        pair("pbs_user", "u-1"),
        pair("person_eid", "p.example:1"),
        pair("eid", "v.example:2"),
        pair("device", "d-1"),
    ]
    for name in ("silver.auctions", "silver.bids"):
        assert_same(rotated(frame(spark, schema, records), name, *keys), frame(spark, PAIRS, expected))


def test_contacts_of_the_vault_have_the_keys_that_silver_has(spark, keys):
    schema = "source string, contact_id string, login string, email string"
    contacts = [
        {"source": "abo", "contact_id": "7", "login": "ann", "email": "ann@mail.example"},
        {"source": "abo", "contact_id": "ben@mail.example", "login": None, "email": "ben@mail.example"},
    ]
    expected = [
        *[pair("crm", "abo:7"), pair("login", "ann"), pair("email", "ann@mail.example")],
        *[pair("crm", "abo:ben@mail.example"), pair("email", "ben@mail.example")],
    ]
    assert_same(rotated(frame(spark, schema, contacts), "vault.contacts", *keys), frame(spark, PAIRS, expected))


def test_every_table_with_identifiers_is_asked_by_columns_that_bronze_has(spark, keys):
    """A source whose identifiers could not be taken out of its records would fail here."""
    columns = ("user_id", "domain_userid", "network_userid", "UserId", "PublisherProvidedID", "device_id")
    contact = ("source", "contact_id", "login", "email")
    eids = F.struct(
        F.array(*[F.struct(F.lit(kind).alias("kind"), F.lit("x").alias("identifier")) for kind in EIDS]).alias("named")
    )
    row = spark.range(1).select(*[F.lit("x").alias(name) for name in (*columns, *contact)], eids.alias("eids"))
    named = [name for name, refinement in REFINEMENTS.items() if refinement.identifiers is not no_identifiers]
    kinds = {name: {found["kind"] for found in rotated(row, name, *keys).collect()} for name in named}
    ad_rows = [f"silver.gam_{name}" for name in ("requests", "impressions", "clicks", "active_views")]
    of_contacts = ("vault.contacts", "silver.contact_states", "silver.newsletter_activity")
    assert kinds == {
        "silver.page_events": {"login", "domain", "network"},
        **{name: {"ppid", "gam_user"} for name in ad_rows},
        **{name: {"device", "pbs_user", *EIDS} for name in ("silver.auctions", "silver.bids")},
        **{name: {"login", "crm", "email"} for name in of_contacts},
    }
