"""Spark, delta-rs and DuckDB read the same rows out of every table of a finished lake."""

import json
from datetime import UTC, datetime

import duckdb
import pyarrow as pa
import pytest

from adlake.contracts import tables
from adlake.lake import Lake
from tests.jobs import lakes

ROWS = {
    "bronze.gam_impressions": 10,
    "bronze.gam_line_items": 2,
    "bronze.page_events": 3,
    "gold.page_views": 1,
    "gold.sessions": 1,
    "gold.traffic_daily": 1,
    "gold.user_days": 3,
    "gold.user_features": 3,
    "gold.yield_hourly": 4,
    "ops.accounts": 17,
    "ops.files": 5,
    "ops.runs": 3,
    "quarantine.gam_impressions": 4,
    "silver.gam_impressions": 5,
    "silver.gam_line_items": 2,
    "silver.page_events": 2,
}


def rows(table: pa.Table) -> list[str]:
    """Rows in one order, every column and value of them; moments in UTC whatever their unit."""
    return sorted(json.dumps(row, default=_plain, sort_keys=True) for row in table.to_pylist())


def _plain(value):
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


@pytest.mark.parametrize("name", list(ROWS))
def test_three_readers_agree_on_every_row(prepared, session, name):
    config = prepared("build_gold")
    delta = Lake(config).delta(tables()[name])
    by_delta_rs = pa.table(delta.to_pyarrow_dataset().to_table())
    by_spark = session.read.format("delta").load(f"{config.lake}/{tables()[name].path}").toArrow()
    with duckdb.connect() as connection:
        connection.register("lake", delta.to_pyarrow_dataset())
        by_duckdb = connection.sql("select * from lake").to_arrow_table()

    assert by_delta_rs.num_rows == ROWS[name]
    assert rows(by_spark) == rows(by_delta_rs)
    assert rows(by_duckdb) == rows(by_delta_rs)


def test_nothing_else_has_rows(prepared):
    config = prepared("build_gold")
    # as many verdicts as the suites have rules
    assert {name for name in tables() if lakes.rows_of(config, name)} == {*ROWS, "ops.verdicts"}
