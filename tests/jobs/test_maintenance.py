"""Small files put together: no row changes, nobody downstream notices, and later batches and rebuilds end the same."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable

from adlake import job
from adlake.contracts import table, tables
from adlake.errors import LockError
from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.lock import LOCK_PATH
from tests.jobs import lakes

MAINTAIN = ["maintain_tables"]
# every partition that holds two files is worth it, and no day is hot
EAGER = {"minimum_small_files": 2, "hot_days": 0}


def eager(config):
    settings = config.maintenance.model_copy(update=EAGER)
    return config.model_copy(update={"maintenance": settings})


def operations(config, name):
    return [commit.operation for commit in Lake(config).commits(table(name), -1)]


def files_of(config):
    lake = Lake(config)
    return {name: lake.files(contract) for name, contract in tables().items() if contract.layer in lakes.DATA_LAYERS}


@pytest.fixture
def both(lake_after, shared, tmp_path):
    """Two lakes with both deliveries in all tables; the first is maintained, the second is not."""
    config = eager(lake_after("delivered_again"))
    lakes.run(config, shared(config))
    plain = lakes.copied(config, tmp_path / "plain")
    report = lakes.run(config, shared(config), MAINTAIN)
    return config, plain, report


def test_no_row_changes_and_nobody_downstream_notices(both, spark_of):
    config, plain, report = both
    assert lakes.contents(config) == lakes.contents(plain)

    done = {entry.table: entry for entry in report.maintained}
    assert {"bronze.gam_impressions", "silver.gam_impressions"} <= set(done)
    before, after = files_of(plain), files_of(config)
    for name, entry in done.items():
        assert (entry.files_before, entry.files_after) == (len(before[name]), len(after[name])), name
        assert entry.files_after < entry.files_before
        assert entry.version_after == entry.version_before + 1
        assert operations(config, name)[-1] == "OPTIMIZE"
    assert {name for name in after if len(after[name]) != len(before[name])} == set(done)
    # one file of bronze holds rows of both batches now, and says so
    (held,) = after["bronze.gam_impressions"]
    assert held.lowest["_batch_id"] < held.highest["_batch_id"]
    for name in done:
        kept = set(table(name).stats_columns)
        assert all(set(file.lowest) <= kept for file in after[name]), name

    written = json.loads(lakes.reports(config)[-1].read_text())
    assert [entry["table"] for entry in written["maintenance"]] == list(done)
    assert written["tables"] == []
    assert report.run_id in {row["run_id"] for row in lakes.rows_of(config, "ops.runs")}

    # the next runs find nothing to do, and neither does the next maintenance
    for steps in (lakes.STEPS, MAINTAIN):
        spark, versions = spark_of(config), lakes.versions(config)
        again = lakes.run(config, spark, steps)
        assert (again.commits, again.maintained, spark.is_started) == ((), (), False)
        assert lakes.versions(config) == versions


def test_a_rebuild_from_the_files_on_ends_as_without_maintenance(both, shared):
    """The first file of both deliveries has the same path: rows of both stand in one file now."""
    found = []
    for config in both[:2]:
        report = lakes.run(config, shared(config), rebuild=True)
        found.append([(record.step, record.table, record.account) for record in report.commits])
    assert found[0] == found[1]
    assert len(found[0]) > len(lakes.FIRST_DELIVERY)
    assert lakes.contents(both[0]) == lakes.contents(both[1])


def test_later_batches_meet_the_same_duplicates_and_replace_the_same_rows(lake_after, shared, tmp_path):
    """The second delivery has copies, late rows and a new version of a file whose rows were put together."""
    config = eager(lake_after("build_gold"))
    # two more files a table, so that there is something to put together
    for number in (1, 2):
        lakes.events(
            lakes.landing(config) / f"gam/NetworkImpressions_1_20261005_2{number}.csv.gz",
            [lakes.impression(f"m{number}", "2026-10-05 10:20:00"), lakes.impression("k3", "2026-10-05 11:20:00")],
        )
        lakes.run(config, shared(config))
    plain = lakes.copied(config, tmp_path / "plain")
    names = {entry.table for entry in lakes.run(config, shared(config), MAINTAIN).maintained}
    assert {"bronze.gam_impressions", "silver.gam_impressions"} <= names

    accounts = []
    for place in (config, plain):
        lakes.deliver_again(lakes.landing(place))
        accounts.append(lakes.accounts(lakes.run(place, shared(place))))

    assert accounts[0] == accounts[1]
    assert accounts[0]["build_silver", "silver.gam_impressions"].superseded == 3
    assert lakes.contents(config) == lakes.contents(plain)
    # the batch that came last is looked up in files of its own, not in those that were put together
    newest = list(Ledger(Lake(config)).claims())[-1]
    held = [file for file in files_of(config)["bronze.gam_impressions"] if file.may_hold("_batch_id", newest, newest)]
    assert {file.lowest["_batch_id"] for file in held} == {newest}
    slices = [lakes.touched(place, "gold.yield_hourly")[-1] for place in (config, plain)]
    assert slices[0] == slices[1]


def test_maintenance_that_is_cut_off_goes_on_where_it_was(lake_after, shared):
    config = eager(lake_after("delivered_again"))
    lakes.run(config, shared(config))
    contents = lakes.contents(config)
    due = [entry.table for entry in lakes.run(config, shared(config), MAINTAIN, dry_run=True).maintained]
    lakes.killed_at(f"maintain_tables/{due[0]}/optimized", config, shared(config), MAINTAIN)
    report = lakes.run(config, shared(config), MAINTAIN)
    assert [entry.table for entry in report.maintained] == due[1:]
    assert lakes.contents(config) == contents


def test_a_dry_run_tells_and_does_nothing(lake_after, spark_of):
    config = eager(lake_after("delivered_again"))
    versions, spark = lakes.versions(config), spark_of(config)
    report = lakes.run(config, spark, MAINTAIN, dry_run=True)
    assert report.maintained[0].table == "bronze.gam_impressions"
    assert {entry.files_after for entry in report.maintained} == {None}
    assert (lakes.versions(config), spark.is_started) == (versions, False)


def test_hot_days_and_few_files_are_left_alone(lake_after, spark_of):
    config = lake_after("delivered_again")
    spark = spark_of(config)
    assert lakes.run(config, spark, MAINTAIN).maintained == ()
    assert not spark.is_started


def test_properties_become_those_of_the_contract(lake_after, shared):
    config = lake_after("build_silver")
    contract = table("silver.gam_impressions")
    delta = DeltaTable(f"{config.lake}/{contract.path}")
    delta.alter.set_table_properties(
        {"delta.dataSkippingStatsColumns": "event_at_utc", "delta.checkpointInterval": "7"}
    )
    (done,) = lakes.run(config, shared(config), MAINTAIN).maintained
    assert done.properties == ("delta.checkpointInterval", "delta.dataSkippingStatsColumns")
    assert DeltaTable(f"{config.lake}/{contract.path}").metadata().configuration == dict(contract.properties)
    assert operations(config, contract.qualified)[-2:] == ["SET TBLPROPERTIES", "UNSET TBLPROPERTIES"]
    # gold takes the commits for no change: it starts from the slices of the batch
    lakes.run(config, shared(config), ["build_gold"])
    assert lakes.touched(config, "gold.user_days") == [["2026-10-05"]]


def test_a_lake_that_was_lost_is_not_maintained(lake_after, shared):
    config = eager(lake_after("delivered_again"))
    versions = lakes.versions(config)
    lock = Path(config.lake, LOCK_PATH)

    def lose(*_):
        other = {"owner": "other", "host": "elsewhere", "pid": 1, "process_started_at": 0}
        lock.write_text(json.dumps(other | {"expires_at": (lakes.NOW + timedelta(days=9999)).timestamp()}))

    with pytest.raises(LockError) as lost:
        job.execute(MAINTAIN, shared(config), config, as_of=lakes.NOW, notify=lose)
    assert lost.value.condition == "LOCK_LOST"
    assert lakes.versions(config) == versions
