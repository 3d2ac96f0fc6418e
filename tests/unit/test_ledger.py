"""What ops remembers: records come back as they were written, and say what is claimed now."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter

import pytest
from deltalake import DeltaTable

from adlake import ledger as ledger_module
from adlake.account import Account
from adlake.contracts import table
from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.ledger_types import arrow_schema
from adlake.records import AccountRecord, FileRecord, RunRecord, utc_now
from tests.unit.small_lakes import rows_of

NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
FIRST, SECOND = "20261101T120000000000Z", "20261122T110000000000Z"
CLAIM = FileRecord(
    run_id="r1",
    source="gam",
    path="gam/ä, b/x.gz",
    state="claimed",
    size_bytes=2**40,
    modified_at_utc=NOON - timedelta(hours=1),
    at_utc=NOON,
    batch_id=FIRST,
    table="gam_clicks",
    record_type="NetworkClicks",
    content_sha256="ab" * 32,
    records=0,
    delimiter="^",
    line_end="crlf",
    header=("Time", "KeyPart", ""),
    reason="",
    replaces_batch_id=SECOND,
)
BARE = FileRecord("r1", "gam", "gam/y", "set_aside", 0, NOON, NOON + timedelta(microseconds=1))
ACCOUNT = AccountRecord(
    run_id="r1",
    batch_id=FIRST,
    step="build_silver",
    table="silver.gam_clicks",
    version=7,
    account=Account(2**40, 5, 4, {"key_missing": 3, "event_time_invalid": 0}, {}, 2, 1, 9),
    seconds=1.25,
    cpu_seconds=0.0,
    committed_at_utc=NOON,
)
RUN = RunRecord(
    "r1", NOON - timedelta(hours=1), NOON, ("ingest_bronze", "build_silver"), 1, (FIRST,), 3, 1.5, 2.5, "0.1"
)


@pytest.fixture
def ledger(config):
    return Ledger(Lake(config))


def again(ledger):
    """The same lake, read by another run."""
    return Ledger(ledger.lake)


def file(path, state, batch=None, *, minutes=0):
    return replace(BARE, path=path, state=state, batch_id=batch, at_utc=NOON + timedelta(minutes=minutes))


def test_a_new_lake_remembers_nothing_and_is_not_made_by_asking(ledger):
    assert (ledger.files(), ledger.newest_files(), ledger.claims()) == ([], {}, {})
    assert ledger.accounts() == []
    assert list(ledger.lake.storage.entries()) == []


def test_file_records_come_back_as_they_were(ledger):
    ledger.add_files([CLAIM, BARE])
    assert ledger.files() == [CLAIM, BARE]
    assert again(ledger).files() == [CLAIM, BARE]


def test_accounts_come_back_as_they_were(ledger):
    plain = replace(ACCOUNT, version=8, account=Account(0, 0), committed_at_utc=NOON + timedelta(microseconds=1))
    ledger.add_accounts([ACCOUNT, plain])
    assert ledger.accounts() == [ACCOUNT, plain]
    assert again(ledger).accounts() == [ACCOUNT, plain]


def test_runs_are_written_as_they_are(ledger):
    idle = replace(RUN, run_id="r0", started_at_utc=NOON - timedelta(hours=2), batches=())
    ledger.add_run(RUN)
    ledger.add_run(idle)
    names = [field.name for field in fields(RunRecord)]
    assert sorted(rows_of(ledger.lake, "ops.runs"), key=itemgetter("run_id")) == [
        {name: list(value) if isinstance(value := getattr(run, name), tuple) else value for name in names}
        for run in (idle, RUN)
    ]


@pytest.mark.parametrize(("name", "record"), [("files", FileRecord), ("runs", RunRecord)])
def test_records_have_the_columns_of_their_contracts(name, record):
    assert {field.name for field in fields(record)} == set(table(f"ops.{name}").column_names)


def test_an_account_has_the_columns_of_its_contract():
    names = {field.name for field in fields(AccountRecord)} - {"account"}
    assert names | set(Account(0, 0).as_dict()) == set(table("ops.accounts").column_names)


@pytest.mark.parametrize("name", ["ops.files", "ops.accounts", "ops.runs"])
def test_ops_tables_follow_their_contracts(ledger, name):
    ledger.add_files([CLAIM])
    ledger.add_accounts([ACCOUNT])
    ledger.add_run(RUN)
    # reading by contract checks every column and type
    assert sum(file.rows for file in ledger.lake.files(table(name))) == 1
    assert arrow_schema(table(name)).names == list(table(name).column_names)


def test_nothing_to_add_is_no_commit(ledger):
    ledger.add_files([])
    ledger.add_accounts([])
    assert list(ledger.lake.storage.entries()) == []


def test_records_come_oldest_first_however_they_were_added(ledger):
    late, early = file("gam/a", "claimed", SECOND, minutes=5), file("gam/a", "set_aside", minutes=1)
    ledger.add_files([late])
    ledger.add_files([early])
    assert again(ledger).files() == [early, late]
    late, early = (replace(ACCOUNT, committed_at_utc=NOON + timedelta(minutes=minutes)) for minutes in (5, 1))
    ledger.add_accounts([late])
    ledger.add_accounts([early])
    assert again(ledger).accounts() == [early, late]


def test_the_newest_record_of_a_path_is_its_state(ledger):
    records = [
        file("gam/a", "set_aside", minutes=1),
        file("gam/b", "claimed", FIRST, minutes=2),
        file("gam/a", "claimed", FIRST, minutes=3),
        file("gam/b", "unchanged", minutes=4),
    ]
    ledger.add_files(records[:3])
    ledger.add_files(records[3:])
    for asked in (ledger, again(ledger)):
        assert asked.newest_files() == {"gam/a": records[2], "gam/b": records[3]}


def test_claims_are_what_was_claimed_and_not_released_by_batch(ledger):
    ledger.add_files(
        [
            file("gam/late", "claimed", SECOND, minutes=1),
            file("gam/b", "claimed", FIRST, minutes=2),
            file("gam/a", "claimed", FIRST, minutes=3),
            file("gam/void", "claimed", FIRST, minutes=4),
            file("gam/odd", "set_aside", minutes=5),
            # a file that is noted as unchanged keeps its claim
            file("gam/a", "unchanged", minutes=6),
            file("gam/void", "released", FIRST, minutes=7),
            # the same path again is another claim
            file("gam/void", "claimed", SECOND, minutes=8),
            file("gam/b", "claimed", SECOND, minutes=9),
        ]
    )
    for asked in (ledger, again(ledger)):
        found = {batch: [record.path for record in records] for batch, records in asked.claims().items()}
        assert list(found.items()) == [(FIRST, ["gam/a", "gam/b"]), (SECOND, ["gam/b", "gam/late", "gam/void"])]


def test_a_batch_whose_files_were_all_released_is_none(ledger):
    ledger.add_files([file("gam/a", "claimed", FIRST), file("gam/a", "released", FIRST, minutes=1)])
    assert ledger.claims() == {}


def test_a_release_of_what_was_never_claimed_is_no_failure(ledger):
    ledger.add_files([file("gam/a", "released", FIRST)])
    assert ledger.claims() == {}


def test_many_small_commits_are_put_together_and_lose_nothing(ledger, monkeypatch):
    monkeypatch.setattr(ledger_module, "COMPACT_AT_FILES", 4)
    records = [file(f"gam/{number}", "claimed", FIRST, minutes=number) for number in range(11)]
    sizes = []
    for record in records:
        ledger.add_files([record])
        uri = ledger.lake.storage.uri(table("ops.files").path)
        sizes.append(len(DeltaTable(uri).file_uris()))
    assert sizes == [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3]
    assert again(ledger).files() == records


def test_two_runs_may_add_at_once(ledger):
    """Commands that only note something do not hold the lock."""
    other = again(ledger)
    assert (ledger.files(), other.files()) == ([], [])
    ledger.add_files([file("gam/a", "claimed", FIRST)])
    other.add_files([file("gam/b", "claimed", SECOND, minutes=1)])
    assert [record.path for record in again(ledger).files()] == ["gam/a", "gam/b"]


def test_now_is_in_utc_whatever_zone_the_machine_is_in():
    before = datetime.now().astimezone()
    found = utc_now()
    assert found.tzinfo is UTC
    assert before <= found <= datetime.now().astimezone()
