"""One writer per lake: a second run changes nothing, and a run that has lost the lake stops before its commit."""

import json
import time
from pathlib import Path

import pytest

from adlake import boundary
from adlake.errors import LockError
from adlake.lake import Lake
from adlake.lock import LOCK_PATH, WriterLock
from tests.jobs import lakes


def files_below(folder):
    return {path: path.stat().st_mtime_ns for path in Path(folder).rglob("*") if path.is_file()}


def test_a_second_run_is_refused_and_changes_nothing(lake_after, spark_of):
    config = lake_after("claim")
    spark = spark_of(config)
    with WriterLock(Lake(config).storage, "the-first"):
        before = files_below(config.lake)
        with pytest.raises(LockError) as refusal:
            lakes.run(config, spark)
        assert files_below(config.lake) == before

    assert refusal.value.condition == "LAKE_LOCKED"
    assert "the-first" in refusal.value.found
    assert not spark.is_started


def test_a_run_that_lost_the_lake_stops_before_its_next_commit(config, shared):
    lakes.snapshot(lakes.landing(config) / lakes.LINE_ITEMS, [lakes.line_item("11", "CPM", "2.5")])
    lock = Path(config.lake, LOCK_PATH)
    other = {"owner": "other", "host": "elsewhere", "pid": 1, "process_started_at": 0, "expires_at": time.time() + 600}

    def lose(name):
        lock.write_text(json.dumps(other))

    stop_watching = boundary.watch(lose)
    try:
        with pytest.raises(LockError) as lost:
            lakes.run(config, shared(config))
    finally:
        stop_watching()

    assert lost.value.condition == "LOCK_LOST"
    assert lakes.contents(config) == {}
    assert json.loads(lock.read_text()) == other
    # the other one finishes, and the work goes on
    lock.unlink()
    report = lakes.run(config, shared(config), ["ingest_bronze"])
    assert [record.table for record in report.commits] == ["bronze.gam_line_items"]
    assert [row["ID"] for row in lakes.rows_of(config, "bronze.gam_line_items")] == ["11"]
    assert not lock.exists()
