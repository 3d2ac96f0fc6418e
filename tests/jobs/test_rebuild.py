"""Corrected code is taken through everything that the layer before still holds."""

from collections import Counter
from dataclasses import replace

import pytest
from pyspark.sql import functions as F

from adlake import bronze, silver, slices, touched
from adlake.account import Account
from adlake.contracts import table
from adlake.errors import ContractError
from adlake.marts import MARTS
from adlake.snapshots import STEP as GOLD
from tests.jobs import lakes

YIELD = "gold.yield_hourly"
HOUR_10 = frozenset({"2026-10-05T10"})


def users(config):
    """Bronze impressions by file and user."""
    rows = lakes.rows_of(config, "bronze.gam_impressions")
    return Counter((row["_file"], row["UserId"]) for row in rows)


def test_bronze_reads_again_what_has_not_expired_and_keeps_the_rest(lake_after, shared, monkeypatch):
    config = lake_after("build_gold")
    before, refused = users(config), lakes.contents(config)["quarantine.gam_impressions"]
    (lakes.landing(config) / lakes.NETWORK).unlink()
    source = bronze.SOURCES["gam"]

    def read_corrected(*args):
        rows = source.read(*args)
        return rows.withColumn("UserId", F.upper("UserId")) if "UserId" in rows.columns else rows

    monkeypatch.setitem(bronze.SOURCES, "gam", replace(source, read=read_corrected))

    report = lakes.run(config, shared(config), ["ingest_bronze"], rebuild=True)

    accounts = {table: account for (_, table), account in lakes.accounts(report).items() if table.startswith("bronze")}
    assert accounts == {
        "bronze.gam_impressions": Account(5, 4, quarantined={"wrong_column_count": 1}, superseded=4),
        "bronze.gam_line_items": Account(2, 2, superseded=2),
        "bronze.page_events": Account(3, 3, superseded=3),
    }
    corrected = {
        (path, user if path == lakes.NETWORK else user and user.upper()): count
        for (path, user), count in before.items()
    }
    assert users(config) == corrected
    # records of the expired file that could not be read are still there, like its rows
    assert lakes.contents(config)["quarantine.gam_impressions"] == refused


def test_an_expired_file_of_a_batch_that_silver_lacks_does_not_stop_a_rebuild(lake_after, shared):
    config = lake_after("ingest_bronze")
    (lakes.landing(config) / lakes.NEXT_HOUR).unlink()
    with lakes.open_run(config, shared(config)) as run:
        (batch,) = run.ledger.claims()
        bronze.ingest(run, batch, "gam_impressions", again=True)
        run.copy_accounts()
        # what silver will be asked to account for: all rows of the batch in bronze
        assert silver._published(run, batch, table("bronze.gam_impressions")) == 10
    assert len(lakes.rows_of(config, "bronze.gam_impressions")) == 10


def test_silver_and_gold_are_as_if_the_corrected_rules_had_always_been(lake_after, shared, monkeypatch):
    config = lake_after("delivered_again")
    before = silver.REFINEMENTS["silver.gam_impressions"]
    corrected = [rule for rule in before.rules if rule.name != "revenue_missing"]
    monkeypatch.setitem(silver.REFINEMENTS, "silver.gam_impressions", replace(before, rules=corrected))

    report = lakes.run(config, shared(config), ["build_silver"])
    assert {record.table for record in report.commits} == {
        "quarantine.gam_impressions",
        "silver.gam_impressions",
        "silver.page_events",
        # the page events came before, and say nothing new
        *(lakes.PEOPLE - {"silver.consents"}),
    }
    report = lakes.run(config, shared(config), ["build_silver", "build_gold"], rebuild=True)

    assert lakes.accounts(report) == {
        # b2 is not refused any more
        ("build_silver", "quarantine.gam_impressions"): Account(3, 3, superseded=4),
        ("build_silver", "silver.gam_impressions"): Account(
            19,
            9,
            duplicates=1,
            # k5 and k4 of the file that came again are refused and left out as before, its other four rows are outdated
            quarantined={"event_time_invalid": 2, "query_time_invalid": 1},
            filtered={"superseded_delivery": 4, "unfilled_impression": 2},
            superseded=8,
        ),
        ("build_silver", "silver.gam_line_items"): Account(2, 2, superseded=2),
        ("build_silver", "silver.page_events"): Account(6, 2, duplicates=4, superseded=2),
        ("build_gold", "gold.yield_hourly"): Account(8, 8, superseded=4),
        ("build_gold", "gold.traffic_daily"): Account(1, 1, superseded=1),
        ("build_gold", "gold.user_days"): Account(7, 7, superseded=3),
        ("build_gold", "gold.page_views"): Account(2, 1, filtered={"visitor_unknown": 1}, superseded=1),
        ("build_gold", "gold.sessions"): Account(1, 1, superseded=1),
        # the day that came with the second delivery had no snapshot yet
        ("build_gold", "gold.user_features"): Account(5, 5),
    }
    assert sorted(row["key_part"] for row in lakes.rows_of(config, "silver.gam_impressions")) == [
        *("b1", "b2", "b3", "k1", "k2", "k3", "k7", "k8", "k9")
    ]
    assert lakes.touched(config, "silver.gam_impressions")[-1] is None
    # a rebuilt mart says so to whoever follows it
    assert lakes.touched(config, "gold.yield_hourly")[-1] is None


def test_columns_come_by_themselves_and_go_by_a_rebuild(lake_after, shared, contracts, monkeypatch):
    config = lake_after("build_gold")
    spark, mart = shared(config), MARTS[YIELD]
    column = """      - name: viewable
"""
    gained = """      - name: house_rows
        description: Rows sold as house.
        logicalType: integer
        physicalType: bigint
        required: false
        customProperties:
          - {property: personalData, value: none}
          - {property: unit, value: rows}
"""

    def with_house_rows(frames, config):
        return mart.build(frames, config).withColumn(
            "house_rows", F.when(F.col("channel") == "house", 1).otherwise(0).cast("bigint")
        )

    contracts("gold/yield_hourly", column, gained + column)
    monkeypatch.setitem(MARTS, YIELD, replace(mart, build=with_house_rows))
    with lakes.open_run(config, spark) as run:
        work = touched.pending(run.lake, GOLD, rebuild=True)[YIELD]
        slices.build(run, YIELD, replace(work, slices=HOUR_10)).publish(run)

    def house_rows():
        rows = lakes.rows_of(config, "gold.yield_hourly")
        return sorted(((row["hour_utc"].hour, row["channel"]), row.get("house_rows", "no column")) for row in rows)

    keys = [(10, "direct"), (10, "open_adx"), (11, "house"), (13, "open_adx")]
    assert house_rows() == list(zip(keys, [0, 0, None, None], strict=True))

    with lakes.open_run(config, spark) as run:
        slices.build(run, YIELD, work).publish(run)
    assert house_rows() == list(zip(keys, [0, 0, 1, 0], strict=True))

    # the column goes again
    monkeypatch.undo()
    with lakes.open_run(config, spark) as run:
        with pytest.raises(ContractError) as refusal:
            slices.build(run, YIELD, replace(work, slices=HOUR_10))
        assert (refusal.value.condition, refusal.value.found) == ("TABLE_NEEDS_REBUILD", "house_rows bigint")
    lakes.run(config, spark, ["build_gold"], rebuild=True)
    assert house_rows() == list(zip(keys, ["no column"] * 4, strict=True))
