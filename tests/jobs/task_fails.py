"""A task that fails after it has written its rows and is done again: no row is lost, doubled or counted twice.

Spark on one machine repeats a task only when its session was started so: `test_task_fails.py` runs this in a process
of its own.
"""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark import TaskContext

from adlake import session as sessions
from adlake import silver
from adlake.account import Account
from adlake.contracts import table
from adlake.lake import Lake
from tests.conftest import make_config
from tests.jobs import lakes
from tests.jobs.suites import rule

ITEMS, REFUSED = "silver.gam_line_items", "quarantine.gam_line_items"
TYPES = {"column": "line_item_type", "value_set": ["STANDARD"], "mostly": 0.1}
RULES = {ITEMS: [rule("type_unknown", "column_values_to_be_in_set", "quarantine", **TYPES)]}
ROWS = [
    lakes.line_item("11", "CPM", "2.5"),
    lakes.line_item("11", "CPM", "2.5"),
    lakes.line_item("12", "CPM", "1", "GOLD"),
    lakes.line_item("13", "CPM", "-1"),
    lakes.line_item("14", "CPM", "3"),
]


@pytest.fixture(scope="session")
def session(tmp_path_factory):
    """A session in which a task is tried up to four times."""
    usual = sessions._local_settings
    with pytest.MonkeyPatch.context() as patch:
        several_tries = {"spark.master": "local[2,4]"}
        patch.setattr(sessions, "_local_settings", lambda *args, **how: usual(*args, **how) | several_tries)
        session = sessions.build_session(make_config(tmp_path_factory.mktemp("session")), os.environ)
    yield session
    session.stop()


def failing_at_first(transform):
    """The transformation; each task that does it fails once, after its last row."""

    def refined(records, identity):
        def rows_and_failure(batches):
            yield from batches
            if TaskContext.get().attemptNumber() == 0:
                raise RuntimeError("the machine went away")

        rows = transform(records, identity)
        return rows.mapInArrow(rows_and_failure, rows.schema)

    return refined


def data_files(config, name):
    """Names of all data files in the folder of a table, and of those that its newest version has."""
    contract = table(name)
    there = {path.name for path in Path(config.lake, contract.path).rglob("*.parquet")}
    return there, {Path(file.path).name for file in Lake(config).files(contract)}


def test_rows_of_repeated_tasks_are_published_and_counted_once(config, shared, suites, monkeypatch):
    suites(RULES)
    lakes.snapshot(lakes.landing(config) / lakes.LINE_ITEMS, ROWS)
    lakes.run(config, shared(config), ["ingest_bronze"])
    honest = silver.REFINEMENTS[ITEMS]
    monkeypatch.setitem(silver.REFINEMENTS, ITEMS, replace(honest, transform=failing_at_first(honest.transform)))

    report = lakes.run(config, shared(config), ["build_silver"])

    assert report.exit_code == 0
    assert lakes.accounts(report)["build_silver", ITEMS] == Account(5, 2, 1, {"rate_invalid": 1, "type_unknown": 1})
    assert sorted(row["line_item_id"] for row in lakes.rows_of(config, ITEMS)) == ["11", "14"]
    refused = sorted((row["position"], row["rule_id"]) for row in lakes.rows_of(config, REFUSED))
    assert refused == [(3, "type_unknown"), (4, "rate_invalid")]
    # what the first tries wrote lies beside the table, and no version names it
    there, committed = data_files(config, ITEMS)
    assert committed < there
