"""The state of tables, read from their logs without a JVM."""

from datetime import UTC, date, datetime

import pytest
from deltalake import DeltaTable

from adlake.contracts import table
from adlake.datafile import DataFile
from adlake.errors import ContractError
from adlake.lake import MAINTENANCE_OPERATIONS, Commit, Lake
from adlake.storage import S3Options
from tests.unit.small_lakes import commit, said

CLICKS, USERS = table("silver.gam_clicks"), table("gold.user_days")
B1 = "20261101T120000000000Z"


@pytest.fixture
def lake(config):
    return Lake(config)


def click(day, hour=5):
    at = datetime(2026, 11, day, hour, 30, tzinfo=UTC)
    return {"key_part": "k", "event_at_utc": at, "event_date": at.date(), "_batch_id": B1}


def test_a_table_without_a_commit_has_no_state(lake):
    assert (lake.delta(CLICKS), lake.version(CLICKS), lake.marker(CLICKS, "x")) == (None, -1, None)
    assert (lake.files(CLICKS), lake.commits(CLICKS, -1), lake.commits(CLICKS, 5)) == ([], [], [])


def test_tables_lie_below_the_lake_by_layer_and_name(lake, tmp_path):
    commit(lake, "silver.gam_clicks", [click(1)])
    assert (tmp_path / "lake" / "silver" / "gam_clicks" / "_delta_log").is_dir()
    assert lake.uri(CLICKS) == f"file:{tmp_path}/lake/silver/gam_clicks"
    assert (lake.storage.root, lake.landing.root) == (f"{tmp_path}/lake", f"{tmp_path}/landing")


def test_the_configuration_says_where_s3_is(config):
    s3 = {"endpoint_url": "http://127.0.0.1:1", "region": "eu-central-1"}
    given = type(config).model_validate(config.model_dump(exclude_unset=True) | {"s3": s3})
    assert Lake(given).options == S3Options("http://127.0.0.1:1", "eu-central-1")
    assert Lake(config).options == S3Options()


def test_versions_count_from_zero_and_markers_stand_beside_them(lake):
    commit(lake, "silver.gam_clicks", [click(1)], markers={"a/b": 1, "c": -1})
    assert (lake.version(CLICKS), lake.marker(CLICKS, "a/b"), lake.marker(CLICKS, "c")) == (0, 1, -1)
    commit(lake, "silver.gam_clicks", [click(1)], markers={"a/b": 7})
    assert (lake.version(CLICKS), lake.marker(CLICKS, "a/b"), lake.marker(CLICKS, "c")) == (1, 7, -1)
    assert lake.marker(CLICKS, "a") is None


def test_files_tell_rows_days_and_bounds(lake):
    commit(lake, "silver.gam_clicks", [click(1, 7), click(1, 5), click(2)])
    first, second = sorted(lake.files(CLICKS), key=lambda file: file.path)
    assert (first.partition, second.partition) == ({"event_date": date(2026, 11, 1)}, {"event_date": date(2026, 11, 2)})
    assert (first.rows, second.rows) == (2, 1)
    times = first.lowest["event_at_utc"], first.highest["event_at_utc"]
    assert times == (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 1, 7, 30, tzinfo=UTC))
    assert first.lowest["_batch_id"] == first.highest["_batch_id"] == B1
    assert first.size_bytes == lake.storage.entry(f"{CLICKS.path}/{first.path}").size_bytes
    assert isinstance(first, DataFile)


def test_only_files_of_the_newest_version_count(lake):
    commit(lake, "silver.gam_clicks", [click(1), click(2)])
    commit(lake, "silver.gam_clicks", [click(3)], mode="overwrite")
    assert [file.partition["event_date"].day for file in lake.files(CLICKS)] == [3]


def test_commits_come_oldest_first_with_what_they_say_of_themselves(lake):
    one, two = said("silver.gam_clicks", B1, ["2026-11-01T05"]), said("silver.gam_clicks", "b2", None)
    commit(lake, "silver.gam_clicks", [click(1)], one)
    commit(lake, "silver.gam_clicks", [click(2)])
    commit(lake, "silver.gam_clicks", [click(3)], two)
    every = [Commit(0, "WRITE", one), Commit(1, "WRITE", {}), Commit(2, "WRITE", two)]
    assert [lake.commits(CLICKS, after) for after in (-1, 0, 1, 2, 3)] == [every, every[1:], every[2:], [], []]


@pytest.mark.parametrize("meta", ["by hand", "[1]", '"step"', "5", "null", '{"stepp": 1}', ""])
def test_a_commit_that_is_not_ours_says_nothing(lake, meta):
    commit(lake, "silver.gam_clicks", [click(1)], meta)
    assert lake.commits(CLICKS, -1) == [Commit(0, "WRITE", {})]


def test_commits_are_unknown_once_the_log_has_forgotten_one(lake):
    for day in (1, 2, 3):
        commit(lake, "silver.gam_clicks", [click(day)], said("silver.gam_clicks", f"b{day}"))
    DeltaTable(lake.storage.uri(CLICKS.path)).create_checkpoint()
    lake.storage.delete(f"{CLICKS.path}/_delta_log/{0:020d}.json")
    assert lake.commits(CLICKS, -1) is None
    assert [commit.version for commit in lake.commits(CLICKS, 0)] == [1, 2]
    lake.storage.delete(f"{CLICKS.path}/_delta_log/{1:020d}.json")
    assert lake.commits(CLICKS, 0) is None
    assert [commit.meta["batch"] for commit in lake.commits(CLICKS, 1)] == ["b3"]
    assert len(lake.files(CLICKS)) == 3


def test_maintenance_is_known_by_its_operation(lake):
    for _ in range(2):
        commit(lake, "silver.gam_clicks", [click(1)])
    delta = DeltaTable(lake.storage.uri(CLICKS.path))
    delta.optimize.compact()
    delta.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    delta.delete("event_date = '2026-11-01'")
    operations = [commit.operation for commit in lake.commits(CLICKS, 1)]
    assert operations == ["OPTIMIZE", "VACUUM START", "VACUUM END", "DELETE"]
    assert [name in MAINTENANCE_OPERATIONS for name in operations] == [True, True, True, False]


def misfit(lake, contract):
    with pytest.raises(ContractError) as caught:
        lake.files(contract)
    return caught.value


def test_a_column_that_the_contract_has_gained_is_no_misfit(lake):
    commit(lake, "gold.user_days", [{"id_key": "k", "event_date": date(2026, 11, 1)}])
    assert [file.rows for file in lake.files(USERS)] == [1]


def test_a_column_of_another_type_needs_a_rebuild(lake):
    commit(lake, "gold.user_days", [{"id_key": 5, "clicks": 1, "event_date": date(2026, 11, 1)}])
    error = misfit(lake, USERS)
    assert (error.condition, error.where, error.exit_code) == ("TABLE_NEEDS_REBUILD", "gold.user_days", 2)
    assert (error.found, error.wanted) == ("id_key bigint", "id_key string")
    assert "--rebuild" in error.way_out


def test_a_column_that_the_contract_lacks_needs_a_rebuild(lake):
    commit(lake, "gold.user_days", [{"id_key": "k", "sessions": 1, "event_date": date(2026, 11, 1)}])
    error = misfit(lake, USERS)
    assert (error.condition, error.found, error.wanted) == ("TABLE_NEEDS_REBUILD", "sessions bigint", "no such column")


def test_nested_columns_are_compared_whole(lake):
    commit(lake, "gold.user_days", [{"id_key": "k", "sections": ["news"], "event_date": date(2026, 11, 1)}])
    assert len(lake.files(USERS)) == 1
    commit(lake, "gold.user_days", [{"id_key": "k", "sections": ["x"], "event_date": date(2026, 11, 1)}])
    assert len(lake.files(USERS)) == 2


def test_a_list_of_another_type_needs_a_rebuild(lake):
    commit(lake, "gold.user_days", [{"id_key": "k", "sections": [1], "event_date": date(2026, 11, 1)}])
    assert (misfit(lake, USERS).found, misfit(lake, USERS).wanted) == (
        "sections array<bigint>",
        "sections array<string>",
    )
