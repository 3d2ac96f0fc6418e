"""A contract file becomes a table: one value that cannot be changed, loaded without Spark."""

import pickle
import re
import subprocess
import sys
from dataclasses import FrozenInstanceError

import pytest

from adlake import contracts
from adlake.contracts import Column, Slice, Table
from adlake.errors import ContractError
from tests.unit.contract_examples import GOOD, SILVER, changed, put


@pytest.fixture
def root(tmp_path):
    """An empty folder of contracts."""
    return tmp_path / "schemas"


def test_a_contract_becomes_the_whole_table(root):
    assert contracts.load_table(put(root, "gold", "visits", GOOD)) == Table(
        layer="gold",
        name="visits",
        version="2.1.0",
        grain="one hour and site",
        columns=(
            Column("site", "string", "Host of the page.", personal="behaviour"),
            Column("hour_utc", "timestamp", "Begin of the hour.", time_zone="UTC", required=True),
            Column("day", "date", "Day of the hour.", required=True),
            Column("visits", "bigint", "Visits.", unit="visits", required=True),
            Column(
                "visitor_key", "string", "Keyed hash of the last visitor.", personal="keyed", source_field="user_id"
            ),
            Column("by_device", "map<string,bigint>", "Visits by kind of device."),
        ),
        key=("hour_utc", "site"),
        winner_order=(),
        partition_by=("day",),
        slice=Slice("hour_utc", "hour"),
        dedup_days=0,
        retention_days=90,
        stats_columns=("hour_utc", "visits"),
        properties={
            "delta.enableDeletionVectors": "false",
            "delta.checkpointInterval": "5",
            "delta.dataSkippingStatsColumns": "hour_utc,visits",
        },
    )


def test_the_order_of_the_winner_and_the_days_of_the_lookup_are_kept(root):
    table = contracts.load_table(put(root, "silver", "clicks", SILVER))
    assert (table.winner_order, table.dedup_days) == (("seen_at_utc nulls last", "id"), 2)


def test_a_table_without_statistics_columns_tells_delta_to_keep_none(root):
    table = contracts.load_table(put(root, "silver", "clicks", SILVER))
    assert dict(table.properties) == {"delta.dataSkippingNumIndexedCols": "0"}


def test_what_a_table_says_of_itself(root):
    table = contracts.load_table(put(root, "silver", "clicks", SILVER))
    assert table.qualified == "silver.clicks"
    assert table.path == "silver/clicks"
    assert table.column_names == ("id", "seen_at_utc")
    assert table.ddl == "`id` string, `seen_at_utc` timestamp"
    assert table.column("id") is table.columns[0]


def test_an_unknown_column_is_named_with_the_likely_one(root):
    table = contracts.load_table(put(root, "silver", "clicks", SILVER))
    with pytest.raises(ContractError) as caught:
        table.column("seen_at")
    assert caught.value.condition == "UNKNOWN_COLUMN"
    assert caught.value.where == "silver.clicks"
    assert caught.value.wanted == "'seen_at_utc'? Known: id, seen_at_utc"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("event_at_ut", "'event_at_utc'?"), ("zzz", "one of key_part, query_at_utc, event_key_part, .* and 18 more")],
)
def test_of_many_columns_only_the_likely_one_or_the_first_are_named(name, wanted):
    with pytest.raises(ContractError) as caught:
        contracts.table("silver.gam_clicks").column(name)
    assert re.fullmatch(wanted.replace("?", "[?]"), caught.value.wanted)


def test_a_table_cannot_be_changed(root):
    table = contracts.load_table(put(root, "gold", "visits", GOOD))
    with pytest.raises(FrozenInstanceError):
        table.name = "other"
    with pytest.raises(TypeError):
        table.properties["delta.appendOnly"] = "true"


def test_a_table_can_be_a_key_and_survives_pickling(root):
    table = contracts.load_table(put(root, "gold", "visits", GOOD))
    copy = pickle.loads(pickle.dumps(table))  # noqa: S301  (our own bytes)
    assert copy == table
    assert {table: "here"}[copy] == "here"
    assert copy.properties["delta.checkpointInterval"] == "5"


def test_a_missing_file_is_said_with_the_reason(tmp_path):
    with pytest.raises(ContractError) as caught:
        contracts.load_table(tmp_path / "gold" / "visits.odcs.yaml")
    assert caught.value.condition == "CONTRACT_MISSING"
    assert caught.value.found == "No such file or directory"


@pytest.fixture
def shipped(root, monkeypatch):
    """The folder from which `tables` and `table` read."""
    monkeypatch.setattr("adlake.contracts.loading.folder", lambda _: root)
    return root


def test_all_tables_come_by_their_qualified_names_and_are_read_only(shipped):
    put(shipped, "silver", "clicks", SILVER)
    put(shipped, "gold", "visits", GOOD)
    assert {name: table.path for name, table in contracts.tables().items()} == {
        "gold.visits": "gold/visits",
        "silver.clicks": "silver/clicks",
    }
    with pytest.raises(TypeError):
        contracts.tables()["gold.visits"] = None


def test_all_tables_fail_together_with_the_faults_of_every_file(shipped):
    put(shipped, "silver", "clicks", changed(SILVER, "version: 1.0.0", "version: 1"))
    put(shipped, "gold", "visits", changed(GOOD, "status: active", "status: live"))
    with pytest.raises(ContractError) as caught:
        contracts.tables()
    assert caught.value.condition == "CONTRACT_INVALID"
    assert "have 2 faults" in caught.value.what
    assert "schemas/gold/visits.odcs.yaml, line 6, status: found 'live'" in caught.value.what
    assert "schemas/silver/clicks.odcs.yaml, line 5, version: found 1" in caught.value.what


def test_one_table_is_read_though_another_is_broken(shipped):
    put(shipped, "silver", "clicks", "broken")
    put(shipped, "gold", "visits", GOOD)
    assert contracts.table("gold.visits").version == "2.1.0"


def test_an_unknown_table_names_all_that_are_known(shipped):
    put(shipped, "silver", "clicks", SILVER)
    put(shipped, "gold", "visits", GOOD)
    with pytest.raises(ContractError) as caught:
        contracts.table("gold.visit")
    assert caught.value.condition == "UNKNOWN_TABLE"
    assert caught.value.wanted == "'gold.visits'? Known: gold.visits, silver.clicks"


def test_reading_contracts_needs_neither_spark_nor_the_model_of_the_standard():
    program = (
        "import sys; from adlake import contracts; contracts.tables(); "
        "print(sorted({'pyspark', 'py4j', 'open_data_contract_standard'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
