"""What maintenance tables need, found from their logs alone."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from adlake.config import MaintenanceConfig
from adlake.contracts import table
from adlake.contracts.model import STATISTICS
from adlake.datafile import DataFile
from adlake.lake import Lake
from adlake.maintenance import _condition
from adlake.upkeep import DoneUpkeep, DueUpkeep, _small_files, due_upkeep
from tests.conftest import make_config

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SETTINGS = MaintenanceConfig(minimum_small_files=3, small_file_bytes=100, target_file_bytes=400)
CLICKS, DAYS = table("silver.gam_clicks"), table("gold.user_days")


def file(size, **partition):
    return DataFile("x", 7, size, partition, {}, {})


def found(*files, settings=SETTINGS, now=NOON):
    return {key: len(small) for key, small in _small_files(files, settings, now).items()}


def test_a_partition_with_enough_small_files_is_put_together_and_large_files_do_not_count():
    old, older = date(2026, 11, 10), date(2026, 11, 9)
    files = [file(99, event_date=old) for _ in range(3)] + [file(100, event_date=older) for _ in range(9)]
    assert found(*files, file(5000, event_date=old)) == {(("event_date", old),): 3}
    assert found(*files[1:]) == {}
    assert found(*[file(1) for _ in range(3)]) == {(): 3}


@pytest.mark.parametrize(
    ("day", "is_hot"),
    [("2026-11-20", False), ("2026-11-21", True), ("2026-11-22", True), ("2026-11-23", True), ("2026-01-01", False)],
)
def test_the_newest_days_are_left_alone(day, is_hot):
    files = [file(1, event_date=date.fromisoformat(day)) for _ in range(3)]
    assert found(*files) == ({} if is_hot else {(("event_date", date.fromisoformat(day)),): 3})
    assert len(found(*files, settings=SETTINGS.model_copy(update={"hot_days": 0}), now=NOON + timedelta(days=1))) == 1


def test_partitions_by_batch_and_step_are_never_hot():
    files = [file(1, batch_id="20261122T110000000000Z", step="build_silver") for _ in range(3)]
    (partition,) = found(*files)
    assert _condition((partition,)) == "(`batch_id` = '20261122T110000000000Z' AND `step` = 'build_silver')"


def test_a_partition_is_named_by_literals():
    assert _condition(((("event_date", date(2026, 11, 1)),), (("event_date", None),))) == (
        "(`event_date` = DATE'2026-11-01') OR (`event_date` IS NULL)"
    )
    assert _condition(((("batch_id", "it's \\ odd"),),)) == "(`batch_id` = 'it\\'s \\\\ odd')"


@pytest.fixture
def lake(tmp_path):
    settings = {"minimum_small_files": 3, "hot_days": 0}
    return Lake(make_config(tmp_path, maintenance=settings))


def written(lake, contract, rows, *, properties=None, times=1):
    for _ in range(times):
        write_deltalake(
            lake.storage.uri(contract.path),
            pa.Table.from_pylist(rows),
            mode="append",
            partition_by=list(contract.partition_by),
            configuration=dict(contract.properties) if properties is None else properties,
        )


CLICK = {"event_date": date(2026, 11, 1), "event_at_utc": NOON, "_batch_id": "b", "_file": "f"}
DAY = {"event_date": date(2026, 11, 1), "id_key": "k"}


def test_a_lake_without_tables_needs_nothing(lake):
    assert due_upkeep(lake, NOON) == []


def test_tables_in_need_are_found_in_the_order_of_their_names(lake):
    written(lake, CLICKS, [CLICK, CLICK], times=3)
    written(lake, DAYS, [DAY], times=4)
    written(lake, table("gold.yield_hourly"), [{"event_date": date(2026, 11, 1), "hour_utc": NOON}], times=2)
    partition = ((("event_date", date(2026, 11, 1)),),)
    assert due_upkeep(lake, NOON) == [DueUpkeep(DAYS, partition, 4, 4), DueUpkeep(CLICKS, partition, 3, 6)]


def test_properties_that_differ_are_named_and_foreign_ones_are_left_alone(lake):
    kept = {"delta.enableDeletionVectors": "false", STATISTICS: "event_at_utc,_batch_id,_file"}
    assert dict(CLICKS.properties) == kept
    written(lake, CLICKS, [CLICK], properties=kept | {"delta.appendOnly": "false"})
    assert due_upkeep(lake, NOON) == []
    DeltaTable(lake.storage.uri(CLICKS.path)).alter.set_table_properties(
        {STATISTICS: "event_at_utc", "delta.logRetentionDuration": "interval 60 days"}
    )
    (due,) = due_upkeep(lake, NOON)
    assert (due.partitions, due.properties) == ((), {STATISTICS: kept[STATISTICS], "delta.logRetentionDuration": None})


def test_statistics_of_a_column_that_the_table_lacks_wait_for_the_column(lake):
    without = {name: value for name, value in CLICK.items() if name != "_file"}
    written(lake, CLICKS, [without], properties={"delta.enableDeletionVectors": "false"})
    assert due_upkeep(lake, NOON) == []


@pytest.mark.parametrize(
    ("done", "line"),
    [
        (
            DoneUpkeep("silver.x", 2, 30, 40, (), 7, files_after=12, version_after=8),
            "silver.x: 30 small files in 2 partition(s); 40 files before, 12 after",
        ),
        (DoneUpkeep("silver.x", 2, 30, 40, (), 7), "silver.x: 30 small files in 2 partition(s)"),
        (DoneUpkeep("silver.x", 0, 0, 40, ("a", "b"), 7), "silver.x: properties as the contract says: a, b"),
    ],
)
def test_a_person_reads_what_was_done(done, line):
    assert str(done) == line
