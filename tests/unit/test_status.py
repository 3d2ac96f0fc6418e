"""How a lake stands, read without a JVM: whole statuses of small lakes that are written out here."""

import json
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from deltalake import CommitProperties, Transaction, write_deltalake

from adlake.account import Account
from adlake.config import load_config
from adlake.console import show_status
from adlake.contracts import table, tables
from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.lock import LOCK_PATH
from adlake.records import AccountRecord, FileRecord
from adlake.report import JobReport
from adlake.status import LAYERS, SetAside, TableStatus, read_status
from adlake.unfinished import OpenWork
from adlake.version import VERSION
from adlake.writer import Writer
from tests.unit.judged import batch_rule, judged, row_rule

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LAST_MONTH, HOUR_AGO = NOW - timedelta(days=21), NOW - timedelta(hours=1)
FIRST, SECOND = "20261101T120000000000Z", "20261122T110000000000Z"
EMPTY = Account(0, 0)
FEATURES_OF = ("gold.user_days", "silver.contact_states")
CLICKS_MARKER = "build_gold/gold.yield_hourly/silver.gam_clicks"
UNTOUCHED = TableStatus(None, 0, None, None, None, None, EMPTY, EMPTY)


@pytest.fixture
def lake(tmp_path):
    (tmp_path / "landing" / "gam").mkdir(parents=True)
    config = tmp_path / "lake.yaml"
    config.write_text(
        "lake: ./lake\nlanding: ./landing\ntenant: herald\nnetwork_time_zone: Europe/Berlin\nidentity: {key_env: KEY}\n"
    )
    return Lake(load_config(config))


def commit(lake, name, rows, meta=None, markers=()):
    """A version of a table with these rows; what it says of itself and its markers stand where Spark puts them."""
    contract = table(name)
    properties = CommitProperties(
        custom_metadata={"userMetadata": json.dumps(meta)} if meta else None,
        app_transactions=[Transaction(app_id, version) for app_id, version in markers],
    )
    columns = [column for column in contract.partition_by if column in rows[0]]
    uri, data = lake.storage.uri(contract.path), pa.Table.from_pylist(rows)
    write_deltalake(uri, data, mode="append", partition_by=columns or None, commit_properties=properties)


def said(name, batch, account, slices=(), step="build_silver"):
    """What a commit of adlake says of itself."""
    return {
        "run": "r1",
        "step": step,
        "table": name,
        "batch": batch,
        "account": account.as_dict(),
        "slices": list(slices),
        "seconds": 1.5,
        "cpu_seconds": 2.5,
    }


def record(name, batch, account, *, version=0, step="build_silver", at=HOUR_AGO):
    return AccountRecord("r1", batch, step, name, version, account, 1.5, 2.5, at)


def file(path, state, *, batch=None, reason=None, at=HOUR_AGO, of="gam_clicks"):
    return FileRecord("r1", "gam", path, state, 10, at, at, batch_id=batch, table=of, reason=reason)


def described(lake, day):
    """The user features of a day, made of everything that user_days holds."""
    markers = [(f"build_gold/gold.user_features/{name}", lake.version(table(name))) for name in FEATURES_OF]
    commit(lake, "gold.user_features", [{"as_of_date": day, "clicks": 1}], markers=markers)


def click(hour):
    return {"event_at_utc": datetime(2026, 11, 21, hour, 30, tzinfo=UTC), "event_date": date(2026, 11, 21)}


def test_a_lake_that_is_not_there_has_nothing_and_is_not_made(lake, tmp_path):
    status = read_status(lake, now=NOW)
    assert (status.last_run, status.writer, status.files_set_aside, status.open_work) == (None, None, (), ())
    assert status.held_batches == ()
    known = [name for name, contract in tables().items() if contract.layer in LAYERS]
    assert dict(status.tables) == dict.fromkeys(known, UNTOUCHED)
    assert not (tmp_path / "lake").exists()


def test_tables_show_their_last_batch_and_the_sums_of_the_last_days_and_of_all_days(lake):
    name, ledger = "silver.gam_clicks", Ledger(lake)
    early = Account(10, 6, 1, {"key_missing": 3}, {}, superseded=0)
    late = Account(5, 2, 0, {"key_missing": 1, "event_time_invalid": 1}, {"superseded_delivery": 1}, superseded=2)
    commit(lake, name, [click(hour) for hour in range(6)])
    commit(lake, name, [click(21), click(7)])
    records = [record(name, FIRST, early, at=LAST_MONTH), record(name, SECOND, late, version=1)]
    ledger.add_accounts(records)
    status = read_status(lake, now=NOW)
    assert status.tables[name] == TableStatus(
        version=1,
        rows=8,
        newest_event="2026-11-21T21:30:00+00:00",
        committed_at_utc=HOUR_AGO,
        last_batch=SECOND,
        last=late,
        recent=late,
        total=Account(15, 8, 1, {"event_time_invalid": 1, "key_missing": 4}, {"superseded_delivery": 1}, superseded=2),
    )
    others = {other: found for other, found in status.tables.items() if other != name}
    assert others == dict.fromkeys(others, UNTOUCHED)
    assert read_status(lake, recent_days=30, now=NOW).tables[name].recent == status.tables[name].total


def test_the_newest_event_is_a_day_where_days_are_folders(lake):
    commit(lake, "gold.user_days", [{"event_date": date(2026, 11, day), "page_views": 1} for day in (20, 19)])
    commit(lake, "bronze.gam_clicks", [{"_batch_id": FIRST}])
    found = read_status(lake, now=NOW).tables
    assert (found["gold.user_days"].newest_event, found["bronze.gam_clicks"].newest_event) == ("2026-11-20", None)


def test_commits_that_ops_does_not_know_yet_are_counted(lake):
    """A killed writer commits its account with the rows and dies before it copies it."""
    name, copied, left = "silver.gam_clicks", Account(6, 6), Account(3, 2, 1)
    commit(lake, name, [click(hour) for hour in range(6)], said(name, FIRST, copied))
    Ledger(lake).add_accounts([record(name, FIRST, copied)])
    commit(lake, name, [click(9), click(8)], said(name, SECOND, left, ["2026-11-21T08", "2026-11-21T09"]))
    found = read_status(lake).tables[name]
    assert (found.last_batch, found.last, found.total) == (SECOND, left, Account(9, 8, 1))
    assert timedelta(0) <= datetime.now(UTC) - found.committed_at_utc < timedelta(minutes=5)


def test_files_set_aside_are_shown_until_they_are_taken_or_removed(lake, tmp_path):
    for name in ("cut", "mended", "taken"):
        (tmp_path / "landing" / "gam" / name).touch()
    ledger = Ledger(lake)
    ledger.add_files(
        [file(f"gam/{name}", "set_aside", reason="[X] bad", at=LAST_MONTH) for name in ("mended", "removed")]
    )
    ledger.add_files([file("gam/mended", "claimed", batch=FIRST), file("gam/taken", "claimed", batch=FIRST)])
    ledger.add_files([file("gam/cut", "set_aside", reason="[CUT_GZIP] cut")])
    (tmp_path / "landing" / "gam" / "older").touch()
    ledger.add_files([file("gam/older", "set_aside", reason="[EMPTY_FILE] empty", at=LAST_MONTH)])
    assert read_status(lake, now=NOW).files_set_aside == (
        SetAside("gam/cut", "gam", "[CUT_GZIP] cut", HOUR_AGO),
        SetAside("gam/older", "gam", "[EMPTY_FILE] empty", LAST_MONTH),
    )


def test_batches_are_open_at_the_step_that_has_not_published_them(lake):
    ledger = Ledger(lake)
    ledger.add_files([file("gam/a", "claimed", batch=FIRST), file("gam/b", "claimed", batch=FIRST, of="gam_requests")])
    ledger.add_files(
        [file("gam/c", "claimed", batch=SECOND), file("gam/d", "claimed", batch=SECOND, of="gam_requests")]
    )
    ledger.add_files([file("gam/d", "released", batch=SECOND, of="gam_requests", at=NOW)])
    bronze = [record(f"bronze.{name}", FIRST, EMPTY, step="ingest_bronze") for name in ("gam_clicks", "gam_requests")]
    ledger.add_accounts([*bronze, record("silver.gam_clicks", FIRST, EMPTY)])
    assert read_status(lake, now=NOW).open_work == (
        OpenWork(FIRST, "build_gold", ("gold.user_days", "gold.yield_hourly")),
        OpenWork(FIRST, "build_silver", ("silver.gam_requests", "silver.identity_links")),
        OpenWork(SECOND, "ingest_bronze", ("bronze.gam_clicks",)),
    )


def linked(lake, *names):
    """Links of identifiers and people, made of all that these tables of silver hold."""
    markers = [(f"build_silver/silver.identity_links/{name}", lake.version(table(name))) for name in names]
    commit(lake, "silver.identity_links", [{"event_date": date(2026, 11, 21), "events": 1}], markers=markers)
    consumed = [("build_silver/silver.user_keys/silver.identity_links", lake.version(table("silver.identity_links")))]
    commit(lake, "silver.user_keys", [{"is_cut": False}], markers=consumed)


def test_gold_is_behind_only_where_silver_changed_rows_since(lake):
    clicks, requests = "silver.gam_clicks", "silver.gam_requests"
    accounts = [
        record(name, batch, EMPTY, version=version)
        for version, batch in enumerate((FIRST, SECOND))
        for name in (clicks, requests)
    ]
    commit(lake, clicks, [click(1)], said(clicks, FIRST, EMPTY, ["2026-11-21T01"]))
    commit(lake, requests, [click(1)], said(requests, FIRST, EMPTY, ["2026-11-21T01"]))
    for mart in ("yield_hourly", "user_days"):
        used = [f"silver.{name}" for name in ("gam_clicks", "gam_requests")][: 2 if mart == "yield_hourly" else 1]
        markers = [(f"build_gold/gold.{mart}/{name}", 0) for name in used]
        commit(lake, f"gold.{mart}", [{"event_date": date(2026, 11, 21), "clicks": 1}], markers=markers)
    commit(lake, requests, [click(2)], said(requests, SECOND, EMPTY, ["2026-11-21T02"]))
    # expired rows are no change, and no reason to recompute
    commit(lake, clicks, [click(3)], said(clicks, SECOND, EMPTY))
    ledger = Ledger(lake)
    ledger.add_accounts(
        [*accounts, *[record(f"bronze.{name[7:]}", FIRST, EMPTY, step="ingest_bronze") for name in (clicks, requests)]]
    )
    described(lake, date(2026, 11, 21))
    linked(lake, clicks, requests)
    assert read_status(lake, now=NOW).open_work == (OpenWork(SECOND, "build_gold", ("gold.yield_hourly",)),)


def open_silver(lake):
    return [work for work in read_status(lake, now=NOW).open_work if work.step == "build_silver"]


def test_people_are_behind_where_silver_or_their_links_changed(lake):
    clicks, links = "silver.gam_clicks", "silver.identity_links"
    commit(lake, clicks, [click(1)], said(clicks, FIRST, EMPTY, ["2026-11-21T01"]))
    linked(lake, clicks)
    assert open_silver(lake) == []
    commit(lake, clicks, [click(2)], said(clicks, SECOND, EMPTY, ["2026-11-21T02"]))
    assert open_silver(lake) == [OpenWork(SECOND, "build_silver", (links,))]
    meta = said(links, SECOND, EMPTY, ["2026-11-21"])
    markers = [(f"build_silver/{links}/{clicks}", 1)]
    commit(lake, links, [{"event_date": date(2026, 11, 21), "events": 1}], meta, markers=markers)
    assert open_silver(lake) == [OpenWork(SECOND, "build_silver", ("silver.user_keys",))]
    consumed = [(f"build_silver/silver.user_keys/{links}", 1)]
    commit(lake, "silver.user_keys", [{"is_cut": False}], markers=consumed)
    assert open_silver(lake) == []


def test_a_change_of_silver_by_hand_is_open_work_without_a_batch(lake):
    commit(lake, "silver.gam_clicks", [click(1)], said("silver.gam_clicks", FIRST, EMPTY, ["2026-11-21T01"]))
    for mart in ("yield_hourly", "user_days"):
        row, markers = {"event_date": date(2026, 11, 21)}, [(f"build_gold/gold.{mart}/silver.gam_clicks", 0)]
        commit(lake, f"gold.{mart}", [{**row, "clicks": 1}], markers=markers)
    commit(lake, "silver.gam_clicks", [click(2)])
    described(lake, date(2026, 11, 21))
    assert OpenWork("", "build_gold", ("gold.user_days", "gold.yield_hourly")) in read_status(lake, now=NOW).open_work


def test_features_are_open_work_until_the_newest_day_is_described(lake):
    meta = said("gold.user_days", FIRST, EMPTY, ["2026-11-20"], step="build_gold")
    commit(lake, "gold.user_days", [{"event_date": date(2026, 11, 20), "clicks": 1}], meta)
    open_features = OpenWork(FIRST, "build_gold", ("gold.user_features",))
    assert read_status(lake, now=NOW).open_work == (open_features,)
    described(lake, date(2026, 11, 20))
    assert read_status(lake, now=NOW).open_work == ()
    # the day of the asking is not over yet
    meta = said("gold.user_days", SECOND, EMPTY, ["2026-11-22"], step="build_gold")
    commit(lake, "gold.user_days", [{"event_date": date(2026, 11, 22), "clicks": 1}], meta)
    waiting = OpenWork(SECOND, "build_gold", ("gold.user_features",))
    assert read_status(lake, now=NOW).open_work == (waiting,)
    described(lake, date(2026, 11, 21))
    assert read_status(lake, now=NOW).open_work == ()
    assert read_status(lake, now=NOW + timedelta(days=1)).open_work == (
        OpenWork("", "build_gold", ("gold.user_features",)),
    )


def test_silver_whose_log_was_cut_may_hold_changes(lake, monkeypatch):
    commit(lake, "gold.yield_hourly", [{"clicks": 1, "event_date": date(2026, 11, 21)}], markers=[(CLICKS_MARKER, 0)])
    for hour in (1, 2):
        commit(lake, "silver.gam_clicks", [click(hour)], said("silver.gam_clicks", FIRST, EMPTY))
    monkeypatch.setattr(Lake, "commits", lambda *_: None)
    assert OpenWork("", "build_gold", ("gold.yield_hourly",)) in read_status(lake, now=NOW).open_work


def report(run_id, *, error=""):
    return JobReport(run_id, ("build_gold",), LAST_MONTH, HOUR_AGO, (), (), 3.5, 4.5, spark_started=False, error=error)


def test_the_last_run_is_the_newest_report_even_of_a_run_that_failed(lake):
    report("20261122T110000000000Z-aaaaaa", error="[WRITE_FAILED] gold.user_days: no room.").write(lake.storage)
    report("20261121T235959000000Z-ffffff").write(lake.storage)
    assert read_status(lake, now=NOW).last_run == {
        "run_id": "20261122T110000000000Z-aaaaaa",
        "steps": ["build_gold"],
        "started_at_utc": LAST_MONTH.isoformat(),
        "finished_at_utc": HOUR_AGO.isoformat(),
        "seconds": 3.5,
        "exit_code": 1,
        "error": "[WRITE_FAILED] gold.user_days: no room.",
        "spark_started": False,
        "commits": 0,
    }


def lock(lake, **claim):
    here = {"owner": "r9", "host": socket.gethostname(), "pid": os.getpid(), "expires_at": time.time() + 60}
    lake.storage.write(LOCK_PATH, json.dumps({**here, **claim}).encode())


@pytest.mark.parametrize(
    ("claim", "is_live"),
    [
        ({}, True),
        # whether a process lives on another host cannot be seen from here
        ({"host": "elsewhere", "pid": 2**30}, True),
        ({"expires_at": 1000.0}, False),
        ({"host": "elsewhere", "expires_at": 1000.0}, False),
        # no process can have this number on Linux
        ({"pid": 2**30}, False),
    ],
)
def test_the_writer_is_who_holds_the_lock_and_lives(lake, claim, is_live):
    lock(lake, **claim)
    writer = read_status(lake).writer
    assert isinstance(writer, Writer)
    assert (writer.run_id, writer.is_live) == ("r9", is_live)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"owner": "r9"}'])
def test_a_lock_file_that_says_nothing_names_nobody(lake, content):
    lake.storage.write(LOCK_PATH, content)
    assert read_status(lake).writer is None


def shown(lake, capsys, **options):
    """What a person sees, line by line, with the blanks between words as one."""
    show_status(read_status(lake, now=NOW, **options))
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_a_person_sees_how_a_lake_stands(lake, tmp_path, capsys):
    (tmp_path / "landing" / "gam" / "cut").touch()
    commit(lake, "silver.gam_clicks", [click(1), click(2)])
    refusals = Account(2000, 1990, quarantined={"key_missing": 4}, filtered={"unfilled_impression": 6})
    ledger = Ledger(lake)
    ledger.add_accounts([record("silver.gam_clicks", FIRST, refusals)])
    ledger.add_files([file("gam/cut", "set_aside", reason="[CUT_GZIP] the file ends early")])
    ledger.add_files([file("gam/a", "claimed", batch=SECOND)])
    report("20261122T110000000000Z-aaaaaa", error="[WRITE_FAILED] gold.user_days: no room.").write(lake.storage)
    lock(lake, host="elsewhere", pid=77)
    lines = shown(lake, capsys)
    wanted = [
        f"Lake {tmp_path}/lake (tenant herald), seen 2026-11-22 12:00:00 UTC",
        "Last run 20261122T110000000000Z-aaaaaa, 1 h ago: build_gold; 0 commits in 3.5 s; exit code 1",
        "[WRITE_FAILED] gold.user_days: no room.",
        "Writer run r9 on elsewhere, process 77",
        "Silver",
        "Table Ver. Newest event Committed Batch Published Rows",
        f"gam_clicks 0 2026-11-21 02:30 1 h ago {FIRST} 1,990 2",
        "Refused or left out in the last 7 days, and why",
        "silver.gam_clicks key_missing 4 0.20% nothing tells the row from others",
        "silver.gam_clicks unfilled_impression 6 0.30% no ad came; the request says unfilled",
        "gam/cut (1 h ago): [CUT_GZIP] the file ends early",
        f"batch {SECOND}: ingest_bronze has yet to publish bronze.gam_clicks",
        f"batch {FIRST}: build_gold has yet to publish gold.user_days, gold.yield_hourly",
    ]
    assert [line for line in wanted if line not in lines] == []
    assert "Bronze" not in lines


def test_a_person_sees_that_all_is_well(lake, capsys):
    commit(lake, "bronze.gam_clicks", [{"a": 1}])
    ledger = Ledger(lake)
    names = ("bronze.gam_clicks", "silver.gam_clicks")
    ledger.add_accounts([record(name, "", EMPTY, at=NOW, step=f"build_{name[:6]}") for name in names])
    for mart in ("yield_hourly", "user_days"):
        commit(lake, f"gold.{mart}", [{"event_date": date(2026, 11, 21), "clicks": 1}])
    described(lake, date(2026, 11, 21))
    linked(lake, "silver.gam_clicks")
    report("20261122T110000000000Z-aaaaaa").write(lake.storage)
    lines = shown(lake, capsys, recent_days=1)
    assert "gam_clicks 0 just now - - 1" in lines
    assert lines[-3:] == [
        "Nothing was refused or left out in the last day.",
        "No file is set aside.",
        "Every batch that was taken is finished.",
    ]
    assert {"Writer nobody"} <= set(lines)
    assert "Last run 20261122T110000000000Z-aaaaaa, 1 h ago: build_gold; 0 commits in 3.5 s; done" in lines


def test_a_person_is_told_that_a_writer_is_dead_and_that_there_are_more_files(lake, tmp_path, capsys):
    paths = [f"gam/{number:02}" for number in range(23)]
    for path in paths:
        (tmp_path / "landing" / path).touch()
    Ledger(lake).add_files([file(path, "set_aside", reason="cut", at=NOW - timedelta(days=2)) for path in paths])
    lock(lake, expires_at=1000.0)
    lines = shown(lake, capsys)
    assert any(line.endswith("no longer alive: the next run takes over") for line in lines)
    assert "gam/22 (2 days ago): cut" in lines
    assert "gam/02 (2 days ago): cut" not in lines
    assert "and 3 more: adlake status --json" in lines


def hold(lake, **values):
    """A batch that the gate has judged twice, and held both times."""
    rules = (
        row_rule("key_unknown", 7, 90, outcome="failed"),
        batch_rule("row_count", 5.0, outcome="failed", on_fail="warn"),
    )
    values = {"batch_id": SECOND, "state": "held", "rows": 90} | values
    Ledger(lake).add_verdicts([row for ago in (3, 1) for row in judged(*rules, hours_ago=ago, **values)])


def test_a_person_sees_what_the_gate_holds_since_when_and_the_way_out(lake, capsys):
    hold(lake)
    show_status(read_status(lake, now=NOW), "other.yaml")
    printed = capsys.readouterr().out
    assert (
        f"""\
Held back by the quality gate; readers see nothing of it:
  silver.gam_impressions, batch {SECOND}
    held since 2026-11-22 09:00:00 UTC (3 h ago): key_unknown
    Correct the input or the rule and run again, or publish the batch as it is:
    adlake release --batch {SECOND} --table silver.gam_impressions --config other.yaml --reason "..."
"""
        in printed
    )


def test_a_change_of_no_batch_can_be_held_too(lake, capsys):
    hold(lake, batch_id="", table="gold.user_features", step="build_gold")
    lines = shown(lake, capsys)
    assert "gold.user_features, a change of no batch" in lines
    assert "adlake release --batch '' --table gold.user_features --reason \"...\"" in lines


def test_a_machine_sees_what_the_gate_holds(lake):
    hold(lake)
    assert read_status(lake, now=NOW).as_dict()["held_batches"] == [
        {
            "batch_id": SECOND,
            "step": "build_silver",
            "table": "silver.gam_impressions",
            "state": "held",
            "reason": "",
            "rows": 90,
            "fingerprint": "f1",
            "run_id": "r001",
            "rules": ["key_unknown"],
            "since_utc": "2026-11-22T09:00:00+00:00",
        }
    ]


def keys(value):
    """The shape of a document: its keys, without its values."""
    return {name: keys(inner) for name, inner in value.items()} if isinstance(value, dict) else None


def test_the_document_for_machines_has_stable_keys(lake, tmp_path):
    (tmp_path / "landing" / "gam" / "cut").touch()
    commit(lake, "silver.gam_clicks", [click(1)])
    ledger = Ledger(lake)
    ledger.add_accounts([record("silver.gam_clicks", FIRST, Account(2, 1, quarantined={"key_missing": 1}))])
    ledger.add_files([file("gam/cut", "set_aside", reason="cut"), file("gam/a", "claimed", batch=FIRST)])
    report("20261122T110000000000Z-aaaaaa").write(lake.storage)
    lock(lake)
    document = read_status(lake, now=NOW).as_dict()
    assert json.loads(json.dumps(document)) == document
    names = (
        *("adlake_version", "lake", "tenant", "at_utc", "recent_days"),
        *("last_run", "writer", "tables", "files_set_aside", "open_work", "held_batches"),
    )
    assert tuple(document) == names
    numbers = dict.fromkeys(("read", "published", "duplicates", "superseded", "restored", "replayed"))
    account = {**numbers, "filtered": {}, "quarantined": {"key_missing": None}}
    assert keys(document["tables"]["silver.gam_clicks"]) == {
        **dict.fromkeys(("version", "rows", "newest_event", "committed_at_utc", "last_batch")),
        **dict.fromkeys(("last", "recent", "total"), account),
    }
    assert set(document["writer"]) == {"run_id", "host", "pid", "expires_at_utc", "is_live"}
    assert document["files_set_aside"] == [
        {"path": "gam/cut", "source": "gam", "reason": "cut", "at_utc": "2026-11-22T11:00:00+00:00"}
    ]
    assert {"batch_id": FIRST, "step": "ingest_bronze", "tables": ["bronze.gam_clicks"]} in document["open_work"]
    assert (document["adlake_version"], document["at_utc"]) == (VERSION, "2026-11-22T12:00:00+00:00")


SCRIPT = """
import sys
from adlake.cli import app
app(sys.argv[1:], standalone_mode=False, prog_name="adlake")
heavy = sorted({name.partition(".")[0] for name in sys.modules} & {"pyspark", "py4j", "boto3", "great_expectations"})
print("heavy:", heavy, file=sys.stderr)
"""


@pytest.mark.parametrize("flags", [["status"], ["status", "--json"], ["quality"], ["quality", "--json"], ["validate"]])
def test_the_quick_commands_import_no_spark(lake, tmp_path, flags):
    commit(lake, "silver.gam_clicks", [click(1)])
    command = [sys.executable, "-c", SCRIPT, *flags, "--config", str(tmp_path / "lake.yaml")]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert found.stderr.splitlines()[-1] == "heavy: []"


def test_a_status_costs_less_than_two_seconds_of_processor_time(lake, tmp_path):
    """Sixty hourly batches; by the processor's clock, because others may be at work on the machine."""
    ledger = Ledger(lake)
    names = [name for name, contract in tables().items() if contract.layer in {"bronze", "silver"}]
    for hour in range(60):
        commit(lake, "silver.gam_clicks", [click(hour % 24)])
        ledger.add_accounts([record(name, f"b{hour:03d}", Account(1, 1), version=hour) for name in names])
        ledger.add_files([file(f"gam/{hour}-{name}", "claimed", batch=f"b{hour:03d}") for name in names])
    command = [sys.executable, "-c", "from adlake.cli import main; main()", "status"]
    command += ["--config", str(tmp_path / "lake.yaml")]
    before = os.times()
    subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    assert spent < 2
