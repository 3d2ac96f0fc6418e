"""Verdicts put together again from the rows of the ledger, and what is held now."""

from dataclasses import replace
from datetime import timedelta

import pytest

from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.quality.chronicle import HeldBatch, PastVerdict, held_batches, past_verdicts, released
from adlake.quality.verdict import Judgement, Outcome, Verdict
from tests.unit.judged import NOW, SHOWN, batch_rule, judged, row_rule

BROKEN = row_rule("no_key", 7, 90, outcome="failed")
WARNS = batch_rule("with_id", 0.5, outcome="failed", on_fail="warn")
FINE = batch_rule("row_count", 90.0, 10.0, 100.0)


def test_the_rows_of_a_verdict_become_one_again():
    rows = judged(BROKEN, FINE, state="held", rows=90, reason="")
    assert past_verdicts(rows) == (
        PastVerdict(
            run_id="r000",
            batch_id="b1",
            step="build_silver",
            table=SHOWN,
            state="held",
            fingerprint="f1",
            suite="s1",
            reason="",
            released="",
            version=None,
            rows=90,
            is_batch=True,
            outcomes=(
                Outcome("no_key", "quarantine", "failed", unexpected=7, judged=90),
                Outcome("row_count", "hold", "passed", observed=90.0, least=10.0, most=100.0),
            ),
            as_of_utc=NOW,
            at_utc=NOW,
        ),
    )


def test_verdicts_come_newest_first_and_of_one_moment_the_last_recorded():
    old, first, second = judged(FINE, hours_ago=2), judged(FINE, batch_id="b1"), judged(FINE, batch_id="b2")
    found = past_verdicts([*old, first[0], second[0]])
    assert [(one.run_id, one.batch_id) for one in found] == [("r000", "b2"), ("r000", "b1"), ("r002", "b1")]


def test_rows_of_several_verdicts_may_be_mixed():
    one, other = judged(BROKEN, FINE, batch_id="b1"), judged(FINE, BROKEN, batch_id="b2")
    found = past_verdicts([one[0], other[0], one[1], other[1]])
    assert {verdict.batch_id: [rule.rule for rule in verdict.outcomes] for verdict in found} == {
        "b1": ["no_key", "row_count"],
        "b2": ["row_count", "no_key"],
    }


def test_a_verdict_without_rules_has_no_outcome():
    (found,) = past_verdicts(judged(state="could_not_run", suite="", reason="missing columns: id_key"))
    assert (found.outcomes, found.holds, found.holding) == ((), True, ())


@pytest.mark.parametrize(
    ("state", "version", "said", "standing", "holds"),
    [
        ("passed", 3, "", "passed", False),
        # every row was published already
        ("passed", None, "", "passed", False),
        ("passed_with_warnings", 3, "", "passed_with_warnings", False),
        ("held", None, "", "held", True),
        ("held", 3, "known", "released", False),
        # the release was not published in the end
        ("held", None, "known", "held", True),
        ("could_not_run", None, "", "could_not_run", True),
        ("could_not_run", 3, "known", "released", False),
    ],
)
def test_the_standing_says_what_became_of_the_candidate(state, version, said, standing, holds):
    (found,) = past_verdicts(judged(FINE, state=state, version=version, released=said))
    assert (found.standing, found.holds) == (standing, holds)


def held(*verdicts):
    """What is held after verdicts, oldest first."""
    return held_batches(past_verdicts([row for verdict in verdicts for row in verdict]))


def test_a_held_batch_names_the_rules_that_hold_it_and_those_that_could_not_run():
    late = batch_rule("newest", None, outcome="could_not_run", on_fail="warn")
    (batch,) = held(judged(BROKEN, WARNS, late, FINE, state="held"))
    assert batch.rules == ("no_key", "newest")
    assert [one.rule for one in batch.verdict.broken] == ["no_key", "with_id", "newest"]


def test_a_batch_is_held_since_the_first_verdict_of_those_that_hold_it():
    states = [(5, "held", None), (4, "passed", 1), (3, "could_not_run", None), (1, "held", None)]
    rows = [judged(BROKEN, hours_ago=ago, state=state, version=version) for ago, state, version in states]
    (newest, *_) = past_verdicts([row for verdict in rows for row in verdict])
    assert held(*rows) == (HeldBatch(newest, NOW - timedelta(hours=3)),)


@pytest.mark.parametrize(("state", "version", "said"), [("passed", 2, ""), ("held", 2, "known"), ("passed", None, "")])
def test_a_batch_that_was_published_later_is_no_longer_held(state, version, said):
    later = judged(FINE, hours_ago=1, state=state, version=version, released=said)
    assert held(judged(BROKEN, hours_ago=2, state="held"), later) == ()


def test_another_batch_step_or_table_does_not_set_a_batch_free():
    mine = judged(BROKEN, hours_ago=2, state="held")
    others = [{"batch_id": "b2"}, {"step": "replay_quarantine"}, {"table": "silver.gam_clicks"}]
    (batch,) = held(mine, *(judged(FINE, hours_ago=1, version=1, **other) for other in others))
    assert batch.verdict == past_verdicts(mine)[0]


def test_gold_is_set_free_by_the_next_candidate_that_passes_whatever_its_batch():
    gold = {"table": "gold.yield_hourly", "step": "build_gold"}
    first = judged(BROKEN, hours_ago=3, state="held", batch_id="b1", **gold)
    second = judged(BROKEN, hours_ago=2, state="held", batch_id="b2", **gold)
    (batch,) = held(first, second)
    assert (batch.verdict.batch_id, batch.since_utc) == ("b2", NOW - timedelta(hours=3))
    assert held(first, second, judged(FINE, hours_ago=1, batch_id="b3", version=4, **gold)) == ()


def test_gold_may_be_held_under_the_name_of_a_rebuild_or_a_replay_and_no_other_table():
    for name in ("rebuild-r1", "replay-r1"):
        gold = judged(BROKEN, state="held", batch_id=name, table="gold.yield_hourly", step="build_gold")
        assert [batch.verdict.batch_id for batch in held(gold)] == [name]
        assert held(judged(BROKEN, state="held", batch_id=name)) == ()


def test_a_table_that_somebody_had_rebuilt_in_vain_is_not_held_and_sets_nothing_free():
    gold = {"table": "gold.yield_hourly", "step": "build_gold"}
    rebuilt = judged(BROKEN, hours_ago=1, state="held", batch_id="remake-r1", **gold)
    assert held(judged(FINE, hours_ago=2, version=4, **gold), rebuilt) == ()
    (batch,) = held(judged(BROKEN, hours_ago=2, state="held", batch_id="b1", **gold), rebuilt)
    assert batch.verdict.batch_id == "b1"


def test_the_ledger_tells_what_was_published_between_two_that_were_held(config):
    gold = {"table": "gold.yield_hourly", "step": "build_gold"}
    ledger = Ledger(Lake(config))
    ledger.add_verdicts(judged(BROKEN, hours_ago=3, state="held", batch_id="b1", **gold))
    ledger.add_verdicts(judged(FINE, hours_ago=2, batch_id="b2", version=4, **gold))
    ledger.add_verdicts(judged(BROKEN, hours_ago=1, state="held", batch_id="b3", **gold))
    (batch,) = held_batches(past_verdicts(ledger.unpublished()))
    assert (batch.verdict.batch_id, batch.since_utc) == ("b3", NOW - timedelta(hours=1))


def test_the_longest_held_batch_comes_first():
    rows = [judged(BROKEN, hours_ago=ago, state="held", batch_id=f"b{ago}") for ago in (9, 2, 5)]
    assert [batch.verdict.batch_id for batch in held(*rows)] == ["b9", "b5", "b2"]


def test_a_held_batch_as_plain_values():
    (batch,) = held(judged(BROKEN, WARNS, state="held", rows=90))
    assert batch.as_dict() == {
        "batch_id": "b1",
        "step": "build_silver",
        "table": SHOWN,
        "state": "held",
        "reason": "",
        "rows": 90,
        "fingerprint": "f1",
        "run_id": "r000",
        "rules": ("no_key",),
        "since_utc": NOW,
    }


def test_releases_are_the_published_verdicts_that_held():
    rows = [
        *judged(BROKEN, hours_ago=3, state="held", released="", batch_id="b1"),
        *judged(BROKEN, hours_ago=2, state="held", released="agreed with ad ops", version=7, batch_id="b1"),
        *judged(FINE, hours_ago=1, version=8, batch_id="b2"),
    ]
    assert [(one.version, one.released) for one in released(past_verdicts(rows))] == [(7, "agreed with ad ops")]
    assert released(past_verdicts([replace(row, version=None) for row in rows])) == ()


def test_what_a_run_says_of_a_held_candidate_names_the_rules_that_hold_it_and_a_way_out_that_there_is():
    outcomes = (Outcome("no_key", "hold", "failed", 7, 90), Outcome("with_id", "warn", "failed", 1, 90))

    def way_out(table, batch_id):
        error = Judgement(Verdict(table, "s1", 90, outcomes), "any", batch_id, is_batch=True).error()
        assert (error.condition, error.found) == ("GATE_HELD", "1 of 2 rules: no_key")
        return error.way_out.partition(" and run again")[2]

    released = ", or publish it as it is: `adlake release --batch {} --reason ...`."
    assert way_out(SHOWN, "b1") == released.format("b1")
    assert way_out("gold.yield_hourly", "replay-1") == released.format("replay-1")
    again = "; a rebuild, a replay or a rotation is done from the start and cannot be released."
    for table, batch_id in ((SHOWN, "replay-1"), ("gold.yield_hourly", "remake-1"), (SHOWN, "rotation-1")):
        assert way_out(table, batch_id) == again
