"""Refused rows are kept whole, with every reason, under the first; in clear only where the record stands."""

import json
from datetime import datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from pyspark.sql import functions as F

from adlake.contracts import table
from adlake.errors import AccountError
from adlake.identity import identity_key
from adlake.lake import Lake
from adlake.lock import WriterLock
from adlake.publish import commit
from adlake.quarantine import RULE_IDS, Refused, refused_records, refused_rows
from adlake.tables import read_table
from tests.conftest import SECRET
from tests.spark.rows import BATCH, assert_same, at, frame, key_of, page_event_records, part, rows

LATER_BATCH = "20261102T080000000000Z"
TAKEN = at("2026-11-02 07:00:00")
BRONZE_KINDS = {
    column.name: column.type
    for name in ("gam_impressions", "page_events")
    for column in table(f"bronze.{name}").columns
}
FILE = "gam/NetworkBackfillImpressions_1_20261102_03.csv.gz"
SAME = {"_batch_id": BATCH, "_file": FILE, "_ingested_at_utc": TAKEN}
SCHEMA = (
    "batch_id string, step string, table string, file string, position bigint, rule_id string, rule_ids array<string>, "
    "record string, contract_version string, id_keys array<string>"
)


@pytest.fixture
def identity(spark):
    """The identity key of the tests."""
    return identity_key(spark, SECRET.encode(), "k1")


def told(record):
    """A record as it was: JSON with nulls left out, numbers exact, times read back."""
    values = json.loads(record, parse_float=Decimal)
    times = {name for name, kind in BRONZE_KINDS.items() if kind == "timestamp"}
    return {name: datetime.fromisoformat(value) if name in times else value for name, value in values.items()}


def assert_refused(refused, expected):
    """Quarantine rows equal the expected ones; records are compared as what they tell."""
    found = {row["position"]: told(row["record"]) for row in refused.collect()}
    assert found == {row["position"]: row["record"] for row in expected}
    schema = refused.drop("record").schema
    values = [{name: value for name, value in row.items() if name != "record"} for row in expected]
    assert_same(refused.drop("record"), frame(refused.sparkSession, schema, values))


def test_a_refused_ad_row_is_kept_whole_under_the_first_rule_that_it_breaks(spark, identity):
    values = [
        {"_position": 1, "TimeUsec2": 1, "EventTimeUsec2": 2, "KeyPart": " ", "UserId": "max", "Country": 'A"B'},
        {"_position": 2, "EventKeyPart": "e", "EventTimeUsec2": 3, "PublisherProvidedID": "p", "UserId": "0"},
        {"_position": 3, "TimeUsec2": 1_793_599_800_000_000, "EventTimeUsec2": 1_793_599_800_000_000}
        | {"KeyPart": "k", "EventKeyPart": "e", "_extra": {"Odd": "x", "Name": "Jürgen\n"}}
        | {"SellerReservePrice": Decimal("0.25")},
        {"_position": 4, "UserId": "u", "PublisherProvidedID": "p", "_record_type": "NetworkImpressions"},
    ]
    same = SAME | {"_record_type": "NetworkBackfillImpressions"}
    refused = part(
        rows(spark, "bronze.gam_impressions", *[same | row for row in values]),
        table("silver.gam_impressions"),
        identity,
    )
    query, event = "query_time_invalid", "event_time_invalid"
    reasons = {
        1: [query, event, "key_missing", "revenue_missing"],
        2: [query, event, "key_missing", "revenue_missing"],
        3: ["revenue_missing"],
        4: [query, event, "key_missing"],
    }
    keys = {1: [key_of("gam_user", "max")], 2: [key_of("ppid", "p")], 3: []}
    keys[4] = [key_of("gam_user", "u"), key_of("ppid", "p")]
    expected = [
        {
            "batch_id": BATCH,
            "step": "build_silver",
            "table": "silver.gam_impressions",
            "file": FILE,
            "position": row["_position"],
            "rule_id": reasons[row["_position"]][0],
            "rule_ids": reasons[row["_position"]],
            "record": same | row,
            "contract_version": table("silver.gam_impressions").version,
            "id_keys": keys[row["_position"]],
        }
        for row in values
    ]
    assert_refused(refused.refused, expected)
    assert refused.refused_by_file == {FILE: 4}


def test_times_of_a_refused_page_event_are_kept_to_the_microsecond(spark, identity):
    times = {"collector_tstamp": at("2026-11-02 07:00:00.123456"), "derived_tstamp": at("2026-11-02 06:00:00.000001")}
    event = times | {"_position": 1, "_batch_id": BATCH, "_file": "f", "_record_type": "EnrichedEvent"}
    event |= {"_ingested_at_utc": at("2026-11-02 08:00:00.999999")}
    (refused,) = part(page_event_records(spark, event), table("silver.page_events"), identity).refused.collect()
    assert told(refused["record"]) == event


def test_identifiers_in_clear_stand_in_the_record_only(spark, identity):
    ids = {"user_id": "login-in-clear", "domain_userid": "domain-in-clear", "network_userid": "0"}
    event = ids | {"page_url": "https://a.example/?email=clear", "_position": 1, "_file": "f", "_batch_id": BATCH}
    event |= {"_record_type": "EnrichedEvent", "_ingested_at_utc": TAKEN}
    (refused,) = part(page_event_records(spark, event), table("silver.page_events"), identity).refused.collect()
    values = refused.asDict()
    assert values["id_keys"] == [key_of("login", "login-in-clear"), key_of("domain", "domain-in-clear")]
    assert [name for name, value in values.items() if "clear" in str(value)] == ["record"]


def test_a_record_that_the_reader_refused_is_its_raw_line_without_any_key(spark):
    schema = "_file string, _position bigint, _malformed string, _refusal string, UserId string"
    values = [
        {"_file": "f", "_position": 3, "_malformed": 'x,"y",max', "_refusal": "unreadable_value", "UserId": "max"},
        {"_file": "f", "_position": 7, "_malformed": "", "_refusal": "wrong_column_count"},
    ]
    contract = table("bronze.gam_clicks")
    found = refused_records(frame(spark, schema, values), contract, LATER_BATCH, "ingest_bronze")
    same = {"batch_id": LATER_BATCH, "step": "ingest_bronze", "table": "bronze.gam_clicks", "id_keys": []}
    expected = [
        same
        | {"file": "f", "position": value["_position"], "contract_version": contract.version}
        | {"rule_id": value["_refusal"], "rule_ids": [value["_refusal"]], "record": value["_malformed"]}
        for value in values
    ]
    assert_same(found, frame(spark, SCHEMA, expected))


def refused_clicks(spark, *positions, batch=BATCH, file="f"):
    """Bronze rows as quarantine rows of `silver.gam_clicks`, each under the rule `key_missing`."""
    values = [{"_position": position} for position in positions]
    same = {"_batch_id": batch, "_file": file, "_record_type": "NetworkClicks", "_ingested_at_utc": TAKEN}
    bronze = rows(spark, "bronze.gam_clicks", *values, **same)
    rules, no_keys = F.array(F.lit("key_missing"), F.lit("other")), F.array().cast("array<string>")
    return refused_rows(bronze.withColumn(RULE_IDS, rules), table("silver.gam_clicks"), "build_silver", no_keys)


@pytest.fixture
def run(spark, config):
    """What `Refused.write` asks of a run."""
    return SimpleNamespace(session=spark, lake=Lake(config), now=at("2026-11-02 09:00:00.5"))


def publish(run, refused):
    with WriterLock(run.lake.storage, "test") as lock:
        commit(run.session, run.lake, lock, refused.candidate, markers={}, meta={})


def kept(run, *columns):
    return read_table(run.session, run.lake, table("quarantine.gam_clicks")).select(*columns)


def test_a_batch_refused_again_replaces_what_its_own_earlier_try_left(spark, run):
    def write(rows, batch=BATCH, step="build_silver", **more):
        return Refused.write(run, "gam_clicks", batch, step, rows=rows, **more)

    assert write(None) == Refused(None, "build_silver", BATCH, {}, {})

    first = write(refused_clicks(spark, 1, 2).unionByName(refused_clicks(spark, 1, file="g")))
    assert (first.by_rule, first.by_file) == ({"key_missing": 3}, {"f": 2, "g": 1})
    assert (first.candidate.rows, first.candidate.removed_rows) == (3, 0)
    assert kept(run).count() == 0
    publish(run, first)
    other = write(refused_clicks(spark, 5, batch=LATER_BATCH), LATER_BATCH)
    publish(run, other)
    line = {"_file": "f", "_position": 9, "_malformed": "x", "_refusal": "wrong_column_count"}
    lines = frame(spark, "_file string, _position bigint, _malformed string, _refusal string", [line])
    by_reader = refused_records(lines, table("bronze.gam_clicks"), BATCH, "ingest_bronze")
    publish(run, write(by_reader, step="ingest_bronze"))

    again = write(refused_clicks(spark, 3))
    assert (again.candidate.rows, again.candidate.removed_rows, again.by_file) == (1, 3, {"f": 1})
    publish(run, again)
    schema = "batch_id string, step string, file string, position bigint, quarantined_at_utc timestamp"
    places = [(BATCH, "build_silver", "f", 3), (LATER_BATCH, "build_silver", "f", 5), (BATCH, "ingest_bronze", "f", 9)]
    names = ("batch_id", "step", "file", "position")
    expected = [dict(zip(names, place, strict=True)) | {"quarantined_at_utc": run.now} for place in places]
    assert_same(kept(run, *names, "quarantined_at_utc"), frame(spark, schema, expected))

    nothing_left = write(None)
    assert (nothing_left.candidate.rows, nothing_left.candidate.removed_rows, nothing_left.by_rule) == (0, 1, {})
    publish(run, nothing_left)
    whole = write(refused_clicks(spark, 8, batch="rebuild-1"), "rebuild-1", all_batches=True)
    publish(run, whole)
    left = [dict(zip(names, place, strict=True)) for place in (("rebuild-1", "build_silver", "f", 8), places[2])]
    assert_same(kept(run, *names), frame(spark, schema.rsplit(",", 1)[0], left))


def test_files_read_anew_replace_their_own_refused_rows_and_no_others(spark, run):
    def write(rows, **more):
        return Refused.write(run, "gam_clicks", BATCH, "build_silver", rows=rows, **more)

    publish(run, write(refused_clicks(spark, 1, 2).unionByName(refused_clicks(spark, 1, 4, file="g"))))
    anew = write(refused_clicks(spark, 3), only_files=["f"])
    # the rows of the other file are written again, but they are not this try's
    assert (anew.candidate.rows, anew.candidate.removed_rows, anew.kept) == (3, 4, 2)
    assert (anew.by_rule, anew.by_file) == ({"key_missing": 1}, {"f": 1})
    publish(run, anew)
    none_left = write(None, only_files=["g"])
    assert (none_left.candidate.rows, none_left.kept, none_left.by_file) == (1, 1, {})
    publish(run, none_left)
    found = kept(run, "file", "position")
    assert_same(found, frame(spark, "file string, position bigint", [{"file": "f", "position": 3}]))


@pytest.mark.parametrize(
    ("expected", "where", "found", "wanted"),
    [
        ({"f": 2, "g": 2}, "g", "1 refused", "2 refused"),
        ({"f": 2}, "g", "1 refused", "0 refused"),
        ({"e": 1, "f": 2, "g": 1}, "e", "0 refused", "1 refused"),
        ({}, "f", "2 refused", "0 refused"),
    ],
)
def test_a_file_whose_refused_rows_do_not_add_up_is_named(expected, where, found, wanted):
    refused = Refused(None, "build_silver", BATCH, {"key_missing": 3}, {"f": 2, "g": 1})
    refused.check_files({"f": 2, "g": 1})
    with pytest.raises(AccountError) as caught:
        refused.check_files(expected)
    error = caught.value
    assert (error.condition, error.where, error.found, error.wanted) == ("FILE_OPEN", where, found, wanted)
