"""A run may end at any boundary; runs started again bring the lake to where one undisturbed run would have."""

import json
from dataclasses import replace

import pytest

from adlake import boundary, silver
from adlake.account import Account
from adlake.identity import identity_key
from adlake.lake import Lake
from adlake.ledger import Ledger
from tests.jobs import lakes

BOUNDARIES = [
    "claim",
    "release",
    "ingest_bronze/quarantine.gam_impressions/committed",
    "ingest_bronze/bronze.gam_impressions/committed",
    "ingest_bronze/bronze.gam_line_items/committed",
    "ingest_bronze/bronze.page_events/committed",
    # what the rules of others ask comes first
    "build_silver/silver.gam_line_items/committed",
    "build_silver/quarantine.gam_impressions/committed",
    "build_silver/silver.gam_impressions/committed",
    "build_silver/silver.page_events/committed",
    "build_silver/silver.consents/committed",
    "build_silver/silver.identity_links/committed",
    "build_silver/silver.user_keys/committed",
    "build_gold/gold.yield_hourly/committed",
    "build_gold/gold.traffic_daily/committed",
    "build_gold/gold.user_days/committed",
    "build_gold/gold.page_views/committed",
    "build_gold/gold.sessions/committed",
    "build_gold/gold.user_features/committed",
    "report",
]
# Refused rows are committed before the table that refused them; between the two they are written a second time.
WRITTEN_TWICE = {("ingest_bronze", "quarantine.gam_impressions"), ("build_silver", "quarantine.gam_impressions")}


def by_work(config):
    """Accounts as ops has them, by step and table; the newest where the same work was done twice."""
    records = Ledger(Lake(config)).accounts()
    return {(record.step, record.table): record.account for record in records}, len(records)


def test_a_run_ended_at_every_boundary_in_turn_leaves_what_an_undisturbed_run_leaves(prepared, shared, tmp_path):
    undisturbed = prepared("build_gold")
    config = undisturbed.model_copy(update={"lake": str(tmp_path / "lake"), "landing": str(tmp_path / "landing")})
    lakes.deliver(tmp_path / "landing")
    vanishing = lakes.events(tmp_path / "landing" / lakes.LATE, [lakes.impression("k0", "2026-10-05 10:00:00")])
    reached = []

    def end_at_new_ones(name):
        if name not in reached:
            reached.append(name)
            # a file that is gone between its claim and its batch leads to a boundary of its own
            vanishing.unlink(missing_ok=True)
            raise lakes.Killed

    stop_watching = boundary.watch(end_at_new_ones)
    try:
        for _ in range(2 * len(BOUNDARIES)):
            try:
                last = lakes.run(config, shared(config))
                break
            except lakes.Killed:
                continue
    finally:
        stop_watching()

    assert reached == BOUNDARIES
    # the report's boundary lies behind all work
    assert (last.commits, last.exit_code) == ((), 0)
    assert lakes.contents(config) == lakes.contents(undisturbed)
    wanted, written = by_work(undisturbed)
    found, rewritten = by_work(config)
    again = {work: replace(wanted[work], superseded=wanted[work].published) for work in WRITTEN_TWICE}
    assert found == wanted | again
    assert rewritten == written + len(WRITTEN_TWICE)


def test_rules_corrected_after_a_cut_run_decide_what_quarantine_holds(lake_after, shared, session, monkeypatch):
    config = lake_after("ingest_bronze")
    lakes.killed_at("build_silver/quarantine.gam_impressions/committed", config, shared(config), ["build_silver"])
    before = silver.REFINEMENTS["silver.gam_impressions"]
    corrected = [rule for rule in before.rules if rule.name != "revenue_missing"]
    monkeypatch.setitem(silver.REFINEMENTS, "silver.gam_impressions", replace(before, rules=corrected))

    with lakes.open_run(config, shared(config)) as run:
        (batch,) = run.ledger.claims()
        silver.refine(run, identity_key(session, lakes.SECRET, "k1"), batch, "silver.gam_impressions").publish(run)
        accounts = {record.table: record.account for record in run.published}

    refused = lakes.rows_of(config, "quarantine.gam_impressions")
    assert sorted((row["step"], row["rule_id"]) for row in refused) == [
        ("build_silver", "event_time_invalid"),
        ("ingest_bronze", "unreadable_value"),
        ("ingest_bronze", "wrong_column_count"),
    ]
    assert accounts == {
        "quarantine.gam_impressions": Account(1, 1, superseded=2),
        "silver.gam_impressions": Account(
            10, 6, duplicates=2, quarantined={"event_time_invalid": 1}, filtered={"unfilled_impression": 1}
        ),
    }


@pytest.mark.parametrize("end", [RuntimeError, KeyboardInterrupt])
def test_a_run_that_ends_in_an_unforeseen_way_is_not_reported_as_done(lake_after, spark_of, end):
    config = lake_after("claim")
    reports = set(lakes.reports(config))
    lakes.events(lakes.landing(config) / lakes.LATE, [lakes.impression("k0", "2026-10-05 10:00:00")])

    def fail(name):
        raise end(f"somebody@example.com at {name}")

    stop_watching = boundary.watch(fail)
    try:
        with pytest.raises(end):
            lakes.run(config, spark_of(config))
    finally:
        stop_watching()

    (path,) = set(lakes.reports(config)) - reports
    report = json.loads(path.read_text())
    assert (report["exit_code"], report["error"]) == (1, "the run was cut off")
