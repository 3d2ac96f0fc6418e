"""A disk that takes no more: the table is named, readers see what they saw, and the next run completes the work.

The disk is not filled; the running Java is forbidden to write files, which fails in the same places. Java may end over
it (a class that cannot be linked ends a Spark task's JVM), so `test_write_fails.py` runs these tests in a process of
their own.
"""

from contextlib import contextmanager

import psutil
import pytest

from adlake import bronze, quarantine, silver, slices
from adlake import run as run_module
from adlake.errors import AdlakeError, PublishError
from tests.jobs import lakes


@pytest.fixture
def full_disk(session, tmp_path):
    """While it is open, no file of the JVM can grow."""
    if not hasattr(psutil, "RLIMIT_FSIZE"):
        pytest.skip("this system cannot limit another process")
    # what Java unpacks at first use it could not unpack on a full disk, and would never try again
    warm = tmp_path / "warm"
    session.range(10).repartition(2).sort("id").write.option("compression", "zstd").parquet(str(warm))
    assert session.read.parquet(str(warm)).persist().count() == 10
    java = psutil.Process(session._jvm.java.lang.ProcessHandle.current().pid())

    @contextmanager
    def full():
        _, most = before = java.rlimit(psutil.RLIMIT_FSIZE)
        java.rlimit(psutil.RLIMIT_FSIZE, (0, most))
        try:
            yield
        finally:
            java.rlimit(psutil.RLIMIT_FSIZE, before)

    return full


def full_while_writing(full_disk, patch, table):
    """The disk is full whenever a candidate of the table is written."""
    honest = bronze.write_candidate

    def write(spark, lake, contract, frame, **how):
        if contract.qualified != table:
            return honest(spark, lake, contract, frame, **how)
        with full_disk():
            return honest(spark, lake, contract, frame, **how)

    for module in (bronze, silver, slices, quarantine):
        patch.setattr(module, "write_candidate", write)


def without_asked(config):
    """What the lake holds, but for line items: what rules of other tables ask is committed before these are made."""
    return {name: rows for name, rows in lakes.contents(config).items() if name != "silver.gam_line_items"}


@pytest.mark.parametrize(
    "work",
    [
        ("ingest_bronze", "bronze.gam_impressions", "quarantine.gam_impressions"),
        ("build_silver", "quarantine.gam_impressions", "silver.gam_impressions"),
        ("build_gold", "gold.yield_hourly"),
    ],
)
def test_files_that_cannot_be_written_fail_the_run_until_they_can(lake_before, prepared, shared, full_disk, work):
    step, *failing = work
    config = lake_before(step)
    spark = shared(config)
    before = without_asked(config)
    for table in failing:
        with pytest.MonkeyPatch.context() as patch:
            full_while_writing(full_disk, patch, table)
            with pytest.raises(PublishError) as failure:
                lakes.run(config, spark, [step])
        assert (failure.value.condition, failure.value.where) == ("WRITE_FAILED", table)
        assert "File too large" in failure.value.found
        assert without_asked(config) == before

    report = lakes.run(config, spark, [step])

    assert report.exit_code == 0
    assert lakes.contents(config) == lakes.contents(prepared(step))


def test_a_commit_that_cannot_be_written_leaves_the_version_before(config, shared, full_disk, monkeypatch):
    lakes.snapshot(lakes.landing(config) / lakes.LINE_ITEMS, [lakes.line_item("11", "CPM", "2.5")])
    honest = run_module.commit

    def commit(*args, **how):
        with full_disk():
            return honest(*args, **how)

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "commit", commit)
        with pytest.raises(PublishError) as failure:
            lakes.run(config, shared(config), ["ingest_bronze"])

    assert (failure.value.condition, failure.value.where) == ("COMMIT_FAILED", "bronze.gam_line_items")
    assert lakes.contents(config) == {}
    lakes.run(config, shared(config), ["ingest_bronze"])
    assert [row["ID"] for row in lakes.rows_of(config, "bronze.gam_line_items")] == ["11"]


def test_scratch_space_that_runs_out_is_said_in_one_sentence(lake_after, shared, full_disk, monkeypatch):
    config = lake_after("ingest_bronze")
    before = lakes.contents(config)
    honest = silver.parted

    def parted(*args, **how):
        with full_disk():
            return honest(*args, **how)

    monkeypatch.setattr(silver, "parted", parted)
    with pytest.raises(AdlakeError) as failure:
        lakes.run(config, shared(config), ["build_silver"])

    assert failure.value.exit_code == 1
    assert lakes.contents(config) == before
