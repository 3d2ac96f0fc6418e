"""How each rule did from verdict to verdict, what is allowed, and how numbers are written."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from adlake.contracts import table
from adlake.quality.chronicle import held_batches, past_verdicts
from adlake.quality.suite import load_suite
from adlake.quality.trend import MOST_POINTS, RuleTrend, rule_trends
from adlake.quality.verdict import Outcome
from adlake.quality.wording import Wording, figures, release_command, wording
from tests.unit.judged import SHOWN, batch_rule, judged, row_rule, write_suite


@pytest.fixture(autouse=True)
def suites(tmp_path, monkeypatch):
    """A folder of suites, empty at first."""
    (tmp_path / "expectations").mkdir()
    monkeypatch.setattr("adlake.quality.suite.folder", lambda name: tmp_path / name)
    return tmp_path / "expectations"


def trends(*verdicts):
    """The rules of the last of verdicts, which come oldest first."""
    newest, *earlier = past_verdicts([row for verdict in verdicts for row in verdict])
    return rule_trends(newest, [newest, *earlier])


def counted(unexpected, hours_ago, *, version: int | None = 1, state="passed", **values):
    rule = row_rule("no_key", unexpected, 100, outcome="failed" if state == "held" else "passed")
    return judged(rule, hours_ago=hours_ago, state=state, version=version, **{"batch_id": f"b{hours_ago}", **values})


def drawn(*verdicts):
    (trend,) = trends(*verdicts)
    return [(point.value, point.standing) for point in trend.points]


def test_a_trend_has_the_share_of_each_delivery_oldest_first():
    verdicts = [counted(1, 3), counted(2, 2, state="passed_with_warnings"), counted(4, 1)]
    assert drawn(*verdicts) == [(0.01, "passed"), (0.02, "passed_with_warnings"), (0.04, "passed")]


def test_what_was_held_stands_in_the_trend_once_for_each_answer():
    held = {"state": "held", "version": None, "batch_id": "b"}
    verdicts = [
        counted(50, 9, **held, fingerprint="f50"),
        counted(50, 8, **held, fingerprint="f50"),
        counted(60, 7, **held, fingerprint="f60"),
        counted(60, 6, **{**held, "version": 2}, fingerprint="f60", released="known"),
        counted(70, 5, **{**held, "batch_id": "other"}, fingerprint="f70"),
        counted(70, 4, **{**held, "batch_id": "other"}, fingerprint="f70"),
    ]
    assert drawn(*verdicts) == [(0.5, "held"), (0.6, "released"), (0.7, "held")]


def test_the_trend_leaves_out_what_is_no_delivery_to_the_table_by_the_step():
    others = [
        {"table": "silver.gam_clicks"},
        {"step": "replay_quarantine"},
        {"is_batch": False},
        # nothing was new, so nothing was published
        {"version": None},
    ]
    verdicts = [counted(9, 5 + place, **other) for place, other in enumerate(others)]
    assert drawn(*reversed(verdicts), counted(1, 1)) == [(0.01, "passed")]
    # a rebuild has its own number all the same
    assert drawn(counted(3, 2), counted(1, 1, is_batch=False)) == [(0.03, "passed"), (0.01, "passed")]


def test_later_verdicts_and_older_ones_than_thirty_stay_out():
    rows = [counted(number, 100 - number) for number in range(MOST_POINTS + 2)]
    assert [value for value, _ in drawn(*rows)] == [number / 100 for number in range(2, MOST_POINTS + 2)]
    newest_first = past_verdicts([row for verdict in rows for row in verdict])
    (trend,) = rule_trends(newest_first[-2], newest_first)
    assert [point.value for point in trend.points] == [0.0, 0.01]


def test_a_rule_without_a_number_has_no_point_there():
    nothing = judged(row_rule("no_key", 0, 0), hours_ago=2, version=1)
    unknown = judged(batch_rule("no_key", float("nan")), hours_ago=1, version=2)
    (trend,) = trends(nothing, unknown)
    assert (trend.points, trend.value) == ((), None)


def test_meaning_scale_and_bounds_come_from_the_suite_that_judged(suites):
    write_suite(suites)
    suite = load_suite(table(SHOWN)).fingerprint
    rules = (
        row_rule("no_key", 1, 100),
        batch_rule("row_count", 90.0, 10.0, 100.0),
        batch_rule("with_id", 0.9),
        batch_rule("newest", 1e9),
        batch_rule("gone", 5.0),
    )
    found = [(one.meaning, one.scale, one.least, one.most) for one in trends(judged(*rules, suite=suite))]
    assert found == [
        ("why there is no_key", "share", None, 0.01),
        ("why there is row_count", "number", 10.0, 100.0),
        ("why there is with_id", "share", 0.8, 1.0),
        ("why there is newest", "moment", None, None),
        ("", "number", None, None),
    ]
    changed = [(one.meaning, one.least, one.most) for one in trends(judged(*rules, suite="another"))]
    assert changed[:3] == [
        ("why there is no_key", None, None),
        ("why there is row_count", 10.0, 100.0),
        ("why there is with_id", None, None),
    ]


@pytest.mark.parametrize("content", [None, "{", '{"name": "silver.gam_impressions"}'])
def test_a_suite_that_cannot_be_read_takes_nothing_but_words_away(suites, content):
    if content:
        (suites / "silver").mkdir()
        (suites / "silver" / "gam_impressions.json").write_text(content)
    (trend,) = trends(judged(row_rule("no_key", 1, 100)))
    assert (trend.meaning, trend.most, trend.value) == ("", None, 0.01)


@pytest.mark.parametrize(
    ("values", "scale", "texts"),
    [
        ([0.0], "share", ["0.00%"]),
        ([0.01234, 0.5], "share", ["1.23%", "50.00%"]),
        # unequal numbers look unequal, and only nothing looks like nothing
        ([0.010001, 0.01], "share", ["1.0001%", "1.0000%"]),
        ([7 / 1_043_920, 0.0], "share", ["0.001%", "0.000%"]),
        ([0.01, 0.01], "share", ["1.00%", "1.00%"]),
        ([1234567.0, 10.0], "number", ["1,234,567", "10"]),
        ([3.14159, 3.142], "number", ["3.1416", "3.1420"]),
        ([-0.0004], "number", ["-0.0004"]),
        ([1e-12], "number", ["0.00000000"]),
        ([0.0, 1795348800.5], "moment", ["1970-01-01 00:00:00 UTC", "2026-11-22 12:00:00 UTC"]),
        ([1e18], "moment", ["1,000,000,000,000,000,000"]),
    ],
)
def test_numbers_have_as_many_digits_as_tell_them_apart(values, scale, texts):
    assert figures(values, scale) == texts


def rule(outcome, scale="number", least=None, most=None, most_rows=None):
    return RuleTrend(outcome, "", scale, least, most, most_rows, ())


def number(observed, state="passed"):
    return Outcome("rule", "hold", state, observed=observed)


ROWS = Outcome("rule", "hold", "failed", unexpected=1500, judged=120_000)


@pytest.mark.parametrize(
    ("trend", "found", "allowed"),
    [
        (rule(ROWS, "share"), "1,500 of 120,000 (1.25%)", ""),
        (rule(ROWS, "share", most=0.01), "1,500 of 120,000 (1.25%)", "at most 1.00%"),
        (rule(ROWS, "share", most=0.01, most_rows=100), "1,500 of 120,000 (1.25%)", "at most 1.00% and 100 rows"),
        (rule(ROWS, "share", most=0.0), "1,500 of 120,000 (1.25%)", "none allowed"),
        (rule(replace(ROWS, unexpected=0, judged=0), "share"), "0 of 0", ""),
        (rule(number(5000.0), least=10.0, most=4000.0), "5,000", "10 to 4,000"),
        (rule(number(5000.0), least=10.0), "5,000", "at least 10"),
        (rule(number(5000.0), most=10.0), "5,000", "at most 10"),
        (rule(number(5000.0), least=5000.0, most=5000.0), "5,000", "exactly 5,000"),
        (rule(number(3.1817), most=3.1816), "3.1817", "at most 3.1816"),
        (rule(number(None, "no_history")), "", "too few runs to tell"),
        (rule(number(None, "could_not_run")), "", ""),
    ],
)
def test_a_rule_in_words(trend, found, allowed):
    assert wording(trend) == Wording(found, allowed)


def test_the_command_that_releases_a_batch_can_be_copied():
    (batch,) = held_batches(
        past_verdicts(
            judged(row_rule("no_key", 7, 90, outcome="failed"), state="held", batch_id="20261122T110000000000Z")
        )
    )
    line = f"adlake release --batch 20261122T110000000000Z --table {SHOWN}"
    assert release_command(batch) == f'{line} --reason "..."'
    assert release_command(batch, "my lakes/a.yaml") == f"{line} --config 'my lakes/a.yaml' --reason \"...\""


def test_moments_are_written_in_utc():
    at = datetime(2026, 11, 22, 12, 0, 1, tzinfo=UTC).timestamp()
    assert figures([at], "moment") == ["2026-11-22 12:00:01 UTC"]
