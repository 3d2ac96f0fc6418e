"""The report of a run, as a value and as a file."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from adlake.account import Account
from adlake.records import AccountRecord, FileRecord
from adlake.report import JobReport, totals
from adlake.storage import Storage

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
B1, B2 = "20261101T000000000000Z", "20261102T000000000000Z"
CLICKS = AccountRecord(
    "r1", B2, "build_silver", "silver.gam_clicks", 3, Account(9, 5, 2, {"key_missing": 2}), 1.5, 2.5, NOON
)
GOLD = AccountRecord("r1", "", "build_gold", "gold.user_days", 0, Account(1, 1), 0.5, 0.25, NOON)
BROKEN = FileRecord("r1", "gam", "gam/x.gz", "set_aside", 1, NOON, NOON, reason="[NOT_GZIP] no gzip")
REPORT = JobReport(
    run_id="r1",
    steps=("build_silver", "build_gold"),
    started_at_utc=NOON - timedelta(seconds=90),
    finished_at_utc=NOON,
    commits=(CLICKS, replace(CLICKS, batch_id=B1), GOLD, replace(CLICKS, batch_id=B1, table="silver.gam_requests")),
    files_set_aside=(BROKEN,),
    seconds=90.5,
    cpu_seconds=120.25,
    spark_started=True,
)


@pytest.mark.parametrize(
    ("report", "exit_code"),
    [
        (replace(REPORT, files_set_aside=()), 0),
        (replace(REPORT, files_set_aside=(), commits=()), 0),
        (REPORT, 1),
        (replace(REPORT, files_set_aside=(), error="[WRITE_FAILED] no room."), 1),
    ],
)
def test_a_run_ends_with_1_when_it_failed_or_set_files_aside(report, exit_code):
    assert report.exit_code == exit_code


def test_the_batches_are_those_of_the_commits_oldest_first():
    assert REPORT.batches == (B1, B2)


def test_the_report_as_plain_values():
    report = replace(REPORT, commits=(CLICKS, GOLD))
    numbers = {"duplicates": 0, "quarantined": {}, "filtered": {}, "superseded": 0, "restored": 0, "replayed": 0}
    assert report.as_dict() == {
        "run_id": "r1",
        "steps": ["build_silver", "build_gold"],
        "started_at_utc": "2026-11-22T11:58:30+00:00",
        "finished_at_utc": "2026-11-22T12:00:00+00:00",
        "seconds": 90.5,
        "cpu_seconds": 120.25,
        "spark_started": True,
        "exit_code": 1,
        "error": "",
        "tables": [
            {
                **numbers,
                "batch_id": B2,
                "step": "build_silver",
                "table": "silver.gam_clicks",
                "version_before": 2,
                "version_after": 3,
                "seconds": 1.5,
                "cpu_seconds": 2.5,
                "committed_at_utc": "2026-11-22T12:00:00+00:00",
                "read": 9,
                "published": 5,
                "duplicates": 2,
                "quarantined": {"key_missing": 2},
            },
            {
                **numbers,
                "batch_id": "",
                "step": "build_gold",
                "table": "gold.user_days",
                "version_before": -1,
                "version_after": 0,
                "seconds": 0.5,
                "cpu_seconds": 0.25,
                "committed_at_utc": "2026-11-22T12:00:00+00:00",
                "read": 1,
                "published": 1,
            },
        ],
        "maintenance": [],
        "replayed": [],
        "rotated": [],
        "held": [],
        "files_set_aside": [{"path": "gam/x.gz", "reason": "[NOT_GZIP] no gzip"}],
    }


def test_the_file_of_a_report_is_named_after_its_run(tmp_path):
    storage = Storage(str(tmp_path / "lake"))
    path = REPORT.write(storage)
    assert path == "ops/reports/r1.json"
    content, _ = storage.read(path)
    assert json.loads(content) == REPORT.as_dict()


def test_published_rows_are_summed_by_table():
    assert totals(REPORT.commits) == {"silver.gam_clicks": 10, "gold.user_days": 1, "silver.gam_requests": 5}
    assert totals(()) == {}
