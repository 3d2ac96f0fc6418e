"""Refused rows go through today's rules again; those that pass are published once, and every one is accounted for."""

import os
from dataclasses import replace
from datetime import timedelta

import pytest
from deltalake import DeltaTable
from pyspark.sql import functions as F

from adlake import job, silver
from adlake.account import Account
from adlake.contracts import table
from adlake.errors import UsageError
from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.quality.overview import read_quality
from adlake.session import Spark
from adlake.wish import DoneReplay, Replay
from tests.conftest import make_config
from tests.jobs import lakes
from tests.jobs import suites as hand_made
from tests.jobs.suites import rule

ITEMS, REFUSED, OUTCOMES = "silver.gam_line_items", "quarantine.gam_line_items", "quarantine.replays"
EVENTS = "silver.page_events"
INGEST, REFINE, REPLAY = ["ingest_bronze"], ["build_silver"], ["replay_quarantine"]
# of a day that is not over there is no snapshot of the user features yet, which saves Spark work
SAME_DAY = lakes.DELIVERED - timedelta(hours=1)


def known_types(*names):
    """Line items of other types are refused."""
    column = {"column": "line_item_type", "value_set": list(names)}
    return {ITEMS: [rule("type_unknown", "column_values_to_be_in_set", "quarantine", mostly=0.1, **column)]}


BEFORE, CORRECTED = known_types("STANDARD"), known_types("STANDARD", "GOLD")


def item(number, kind="STANDARD", rate="1"):
    return lakes.line_item(number, "CPM", rate, kind)


def items(config, name, *rows, at=lakes.DELIVERED):
    """A delivery of line items of the fifth, named by its folder."""
    lakes.snapshot(lakes.landing(config) / f"gam/{name}/LineItem_1_20261005.csv.gz", rows, at=at)


@pytest.fixture(scope="module")
def stages(session, tmp_path_factory):
    """A lake whose bronze holds one batch of line items, and the same lake after a second batch, in silver.

    Refused are 42, 43, 45 and 47 for their type and 44 for its rate; in the second batch 43 comes again with another
    type, and the file of 45 comes again without it.
    """
    bronze = make_config(tmp_path_factory.mktemp("bronze"))
    spark = Spark(bronze, os.environ, session)
    items(bronze, "1", item("41"), item("42", "GOLD"), item("43", "GOLD"), item("44", rate="-1"), item("47", "TIN"))
    items(bronze, "2", item("45", "GOLD"), item("46"))
    lakes.run(bronze, spark, INGEST)
    refused = lakes.copied(bronze, tmp_path_factory.mktemp("refused"))
    with pytest.MonkeyPatch.context() as patch:
        root = hand_made.write(tmp_path_factory.mktemp("suites") / "before", BEFORE)
        patch.setattr("adlake.quality.suite.folder", lambda _: root)
        lakes.run(refused, spark, REFINE)
        items(refused, "2", item("46"), at=lakes.REDELIVERED)
        items(refused, "3", item("43"), at=lakes.REDELIVERED)
        lakes.run(refused, spark, [*INGEST, *REFINE])
    return bronze, refused


@pytest.fixture
def bronze(stages, tmp_path):
    """A copy of the lake with one batch in bronze."""
    return lakes.copied(stages[0], tmp_path / "bronze")


@pytest.fixture
def refused(stages, tmp_path):
    """A copy of the lake with both batches in silver."""
    return lakes.copied(stages[1], tmp_path / "refused")


def replay(config, spark, name=ITEMS, *, at=lakes.NOW, rule=None, since=None, **how):
    """The report of one replay."""
    return lakes.run(config, spark, REPLAY, as_of=at, wish=Replay(name, rule, since), **how)


def shown(config):
    """What readers see of the line items: id and number of the batch."""
    numbers = {batch: number for number, batch in enumerate(Ledger(Lake(config)).claims(), 1)}
    return sorted((row["line_item_id"], numbers[row["_batch_id"]]) for row in lakes.rows_of(config, ITEMS))


def outcomes(config):
    """What replays said: file, position, index, outcome and rule or reason."""
    names = ("file", "position", "index", "outcome", "rule_id")
    return sorted((tuple(row[name] for name in names) for row in lakes.rows_of(config, OUTCOMES)), key=str)


FOUND = {
    "published": 1,
    "duplicates": 1,
    "refused": {"rate_invalid": 1, "type_unknown": 1},
    "left_out": {"superseded_delivery": 1},
}
FIRST, SECOND = "gam/1/LineItem_1_20261005.csv.gz", "gam/2/LineItem_1_20261005.csv.gz"
SAID = [
    (FIRST, 2, None, "published", None),
    (FIRST, 3, None, "duplicate", None),
    (FIRST, 4, None, "refused", "rate_invalid"),
    (FIRST, 5, None, "refused", "type_unknown"),
    (SECOND, 1, None, "left_out", "superseded_delivery"),
]


def test_q08_rows_that_pass_a_corrected_rule_are_published_once_and_all_are_accounted_for(refused, shared, suites):
    config, spark = refused, shared(refused)
    assert shown(config) == [("41", 1), ("43", 2), ("46", 2)]
    quarantined, versions = lakes.rows_of(config, REFUSED), lakes.versions(config)
    suites(CORRECTED)

    (told,) = replay(config, spark, dry_run=True).replayed
    assert told == DoneReplay(ITEMS, told.batch_id, **FOUND, is_dry=True)
    assert str(told) == (
        "silver.gam_line_items: 5 refused rows looked at again: 1 would be published, 1 there already, 2 still "
        "refused (rate_invalid: 1, type_unknown: 1), 1 left out (superseded_delivery: 1)"
    )
    assert lakes.versions(config) == versions

    report = replay(config, spark)
    (done,) = report.replayed
    assert (report.exit_code, done) == (0, DoneReplay(ITEMS, f"replay-{report.run_id}", **FOUND, is_dry=False))
    account = Account(0, 1, 1, FOUND["refused"], FOUND["left_out"], replayed=5)
    assert lakes.accounts(report) == {(*REPLAY, ITEMS): account, (*REPLAY, OUTCOMES): Account(5, 5)}
    assert shown(config) == [("41", 1), ("42", 1), ("43", 2), ("46", 2)]
    assert lakes.touched(config, ITEMS)[-1] == ["2026-10-05"]
    assert outcomes(config) == SAID
    assert lakes.rows_of(config, REFUSED) == quarantined

    # the refused ones are looked at again, and nothing comes of it
    version = lakes.versions(config)[ITEMS]
    (again,) = replay(config, spark).replayed
    assert (again.published, again.duplicates, again.refused, again.left_out) == (0, 0, FOUND["refused"], {})
    assert lakes.versions(config)[ITEMS] == version


def test_a_row_that_bronze_no_longer_holds_is_told_and_asked_for_no_more(refused, shared, suites):
    config, spark = refused, shared(refused)
    # line 5 of the first file expired after it was refused
    bronze = DeltaTable(f"{config.lake}/bronze/gam_line_items")
    assert bronze.delete(f"_file = '{FIRST}' and _position = 5")["num_deleted_rows"] == 1
    suites(CORRECTED)

    report = replay(config, spark)
    (done,) = report.replayed
    found = FOUND | {"refused": {"rate_invalid": 1}}
    assert done == DoneReplay(ITEMS, f"replay-{report.run_id}", **found, is_dry=False, gone=1)
    assert (done.rows, str(done).rpartition(", ")[2]) == (5, "1 no longer held")
    account = Account(0, 1, 1, found["refused"], found["left_out"], replayed=4)
    assert lakes.accounts(report) == {(*REPLAY, ITEMS): account, (*REPLAY, OUTCOMES): Account(5, 5)}
    assert outcomes(config) == sorted([*SAID[:3], (FIRST, 5, None, "gone", None), SAID[4]], key=str)

    (again,) = replay(config, spark, dry_run=True).replayed
    assert (again.rows, again.refused) == (1, {"rate_invalid": 1})


def test_a_replay_is_narrowed_by_rule_and_by_time(refused, shared, suites):
    suites(CORRECTED)
    (of_rule,) = replay(refused, shared(refused), rule="type_unknown", since=lakes.NOW, dry_run=True).replayed
    assert (of_rule.rows, of_rule.published, of_rule.refused) == (4, 1, {"type_unknown": 1})
    after = lakes.NOW + timedelta(microseconds=1)
    (of_time,) = replay(refused, shared(refused), since=after, dry_run=True).replayed
    assert of_time.rows == 0


def test_what_the_gate_holds_of_a_replay_stays_refused(refused, shared, suites):
    config = refused
    gold = {"column": "line_item_type", "value_set": ["GOLD"]}
    suites({ITEMS: [*CORRECTED[ITEMS], rule("gold_sold", "column_values_to_not_be_in_set", **gold)]})
    before = lakes.contents(config)

    report = replay(config, shared(config))
    (judgement,), (done,) = report.held, report.replayed
    assert (report.exit_code, report.commits, done.is_held) == (3, (), True)
    assert str(judgement.error()) == (
        f"[GATE_HELD] silver.gam_line_items, batch replay-{report.run_id}: rules of the suite hold the batch; nothing "
        "of it was published. Found: 1 of 2 rules: gold_sold. `adlake quality --table silver.gam_line_items` shows "
        "why. Mend the cause and run again; a rebuild, a replay or a rotation is done from the start and cannot be "
        "released."
    )
    assert "1 held by the gate" in str(done)
    assert lakes.contents(config) == before
    # a replay is not gone on with, so nothing is open
    assert read_quality(Lake(config)).held == ()

    # a rule that Spark cannot carry out refuses nobody, so nothing passes
    name = {"column": "name", "regex": r"\p{Nonsense}", "mostly": 0.1}
    suites({ITEMS: [*CORRECTED[ITEMS], rule("name_odd", "column_values_to_match_regex", "quarantine", **name)]})
    report = replay(config, shared(config))
    (judgement,) = report.held
    assert (report.exit_code, report.commits, judgement.verdict.holding) == (1, (), ("name_odd",))
    assert lakes.contents(config) == before


def test_a_batch_that_is_not_in_its_table_yet_is_not_replayed(bronze, shared, suites):
    config = bronze
    suites(BEFORE)
    lakes.killed_at(f"build_silver/{REFUSED}/committed", config, shared(config), REFINE)
    assert len(lakes.rows_of(config, REFUSED)) == 5

    suites(CORRECTED)
    (done,) = replay(config, shared(config)).replayed
    assert done.rows == 0
    lakes.run(config, shared(config), REFINE)
    assert shown(config) == [("41", 1), ("42", 1), ("43", 1), ("45", 1), ("46", 1)]


def test_a_row_that_a_rebuild_refuses_again_can_be_replayed_again(refused, shared, suites):
    config, spark = refused, shared(refused)
    days = [lakes.NOW + timedelta(days=number) for number in range(4)]
    suites(CORRECTED)
    (done,) = replay(config, spark, at=days[1]).replayed
    assert (done.published, shown(config)) == (1, [("41", 1), ("42", 1), ("43", 2), ("46", 2)])

    suites(BEFORE)
    lakes.run(config, spark, REFINE, rebuild=True, as_of=days[2])
    assert shown(config) == [("41", 1), ("43", 2), ("46", 2)]
    suites(CORRECTED)
    (done,) = replay(config, spark, at=days[3]).replayed
    assert (done.published, shown(config)) == (1, [("41", 1), ("42", 1), ("43", 2), ("46", 2)])


def views(config):
    """Page views of the only person, as gold tells them."""
    return [row["page_views"] for row in lakes.rows_of(config, "gold.user_days")]


NOTE = """      - name: note
        description: What a later version of the contract tells of an event.
        logicalType: string
        physicalType: string
        required: false
        customProperties:
          - {property: personalData, value: none}
"""


def test_q08_a_killed_replay_is_settled_by_the_next_and_gold_takes_its_rows_up(
    config, shared, suites, contracts, monkeypatch
):
    spark = shared(config)
    suites({})
    lines = [lakes.page_view("e1", "2026-10-05 10:03:00"), lakes.page_view("e2", "2026-10-05 11:03:00", contexts="[]")]
    lakes.page_views(lakes.landing(config) / lakes.EVENTS, lines, at=SAME_DAY)
    lakes.run(config, spark, as_of=SAME_DAY)
    assert views(config) == [1]
    # code may be what was corrected, and the contract may have moved on since
    before = silver.REFINEMENTS[EVENTS]
    kept = [check for check in before.rules if check.name != "contexts_malformed"]
    contracts("silver/page_events", "      - name: _batch_id\n", f"{NOTE}      - name: _batch_id\n")

    def with_note(records, identity):
        return before.transform(records, identity).withColumn("note", F.lit("new"))

    monkeypatch.setitem(silver.REFINEMENTS, EVENTS, replace(before, rules=kept, transform=with_note))

    lakes.stopped_at(f"replay_quarantine/{EVENTS}/committed", lambda: replay(config, spark, EVENTS))
    assert outcomes(config) == []
    report = replay(config, spark, EVENTS)
    assert {record.table for record in report.commits} == {OUTCOMES}
    assert outcomes(config) == [(lakes.EVENTS, 2, None, "published", None)]
    (done,) = report.replayed
    assert (done.rows, done.settled, done.came_back) == (1, 1, 0)
    (settled,) = [one for one in Ledger(Lake(config)).accounts() if (one.step, one.table) == (*REPLAY, EVENTS)]
    assert settled.account == Account(0, 1, replayed=1)
    noted = sorted((row["event_id"], row["note"]) for row in lakes.rows_of(config, EVENTS))
    assert noted == [("e1", None), ("e2", "new")]

    report = lakes.run(config, spark, ["build_gold"], as_of=SAME_DAY)
    assert lakes.accounts(report)["build_gold", "gold.user_days"] == Account(1, 1, superseded=1)
    assert views(config) == [2]


def test_what_cannot_be_replayed_is_refused_with_a_way_out(config, tmp_path, spark_of, capsys):
    errors = {}
    for name in ("bronze.gam_clicks", "silver.gam_click", "gold.user_days"):
        idle = spark_of(config)
        with pytest.raises(UsageError) as refusal:
            replay(config, idle, name)
        errors[name] = (refusal.value.condition, refusal.value.where, refusal.value.found)
        assert (refusal.value.exit_code, idle.is_started) == (2, False)
    assert errors == {
        "bronze.gam_clicks": ("NOT_REPLAYABLE", "--table", "bronze.gam_clicks"),
        "silver.gam_click": ("UNKNOWN_TABLE", "--table", "silver.gam_click"),
        "gold.user_days": ("UNKNOWN_TABLE", "--table", "gold.user_days"),
    }
    assert Lake(config).version(table(OUTCOMES)) == -1

    flags = ["--config", str(lakes.written(config, tmp_path)), "--table", ITEMS]
    assert job.main("replay_quarantine", [*flags, "--since", "yesterday"], {}) == 2
    assert capsys.readouterr().err.startswith("[TIME_UNREADABLE] --since: no moment. Found: 'yesterday'.")
