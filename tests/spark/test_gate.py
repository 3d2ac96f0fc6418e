"""The gate: its verdicts told apart, what it costs in Spark jobs, and that it leaves nothing behind."""

import dataclasses
import datetime as dt
import json
import threading

import pytest
from pyspark.sql import functions as F

from adlake.contracts import Column, Table
from adlake.quality import gate
from adlake.quality.suite import suite_of
from adlake.quality.verdict import Outcome

TYPES = {
    "id": "string",
    "site": "string",
    "micros": "bigint",
    "share": "double",
    "at_utc": "timestamp",
    "sold_on": "date",
}
SALES = Table(
    layer="silver",
    name="sales",
    version="1.0.0",
    grain="one sale",
    columns=tuple(Column(name, type_, "What it is.") for name, type_ in TYPES.items()),
    key=("id",),
    made_from=("bronze.sales",),
)
SEVERITY = {"warn": "warning", "hold": "critical", "quarantine": "critical"}
NEWEST = dt.datetime(2026, 11, 2, 11, 59, 59, tzinfo=dt.UTC)
COUNT = 100
# an address that must not come out of the gate
PLANTED = "jane.roe@example.org"


def rule(id_, kind, on_fail="hold", most_rows=None, **kwargs):
    meta = {"id": id_, "on_fail": on_fail, "meaning": "A case."}
    if most_rows is not None:
        meta["most_rows"] = most_rows
    return {"type": kind, "kwargs": kwargs, "severity": SEVERITY[on_fail], "meta": meta}


def suite(*rules, references=None):
    return suite_of(
        {"name": "silver.sales", "expectations": list(rules), "meta": {"references": references or {}}}, SALES
    )


FILLED = rule("id_filled", "expect_column_values_to_not_be_null", column="id")
PRICED = rule("micros_sane", "expect_column_values_to_be_between", column="micros", min_value=0, max_value=98)
USUAL = rule(
    "volume_usual",
    "expect_table_row_count_to_be_between",
    "warn",
    min_value={"$PARAMETER": "volume_usual_least"},
    max_value={"$PARAMETER": "volume_usual_most"},
)
FRESH = rule(
    "freshness_usual",
    "expect_column_max_to_be_between",
    "warn",
    column="at_utc",
    min_value={"$PARAMETER": "freshness_usual_least"},
)
NEW_DAYS = rule(
    "days_usual",
    "expect_column_max_to_be_between",
    "warn",
    column="sold_on",
    min_value={"$PARAMETER": "days_usual_least"},
    max_value={"$PARAMETER": "days_usual_most"},
)
MEAN = rule(
    "mean_usual",
    "expect_column_mean_to_be_between",
    "warn",
    column="share",
    min_value={"$PARAMETER": "mean_usual_least"},
    max_value={"$PARAMETER": "mean_usual_most"},
)


@pytest.fixture(scope="module")
def sales(session, tmp_path_factory):
    """A hundred sales in a Parquet file, as the gate reads a candidate: micros 0 to 99, the last share null."""
    folder = str(tmp_path_factory.mktemp("sales") / "candidate")
    number = F.col("id")
    rows = session.range(0, COUNT, 1, 1).select(
        F.concat(number.cast("string"), F.lit(PLANTED)).alias("id"),
        F.when(number % 2 == 0, "news.example").otherwise("sport.example").alias("site"),
        number.alias("micros"),
        F.when(number < COUNT - 1, number / 10).alias("share"),
        (F.lit(NEWEST) - F.make_dt_interval(secs=(COUNT - 1 - number).cast("decimal(18,6)"))).alias("at_utc"),
        F.date_add(F.lit(NEWEST.date()), -(number % 3).cast("int")).alias("sold_on"),
    )
    rows.write.parquet(folder)
    return session.read.parquet(folder)


def states(verdict):
    return {one.rule: one.state for one in verdict.outcomes}


def test_four_verdicts_are_told_apart(sales):
    warned = rule("micros_low", "expect_column_values_to_be_between", "warn", column="micros", max_value=50)
    refused = Outcome("shifted", "quarantine", "failed", 60, 100)
    found = {
        "passed": gate.judge(sales, suite(FILLED), count=COUNT),
        "passed_with_warnings": gate.judge(sales, suite(FILLED, warned), count=COUNT),
        "held": gate.judge(sales, suite(FILLED, PRICED, warned), count=COUNT),
        "could_not_run": gate.judge(sales.drop("micros"), suite(FILLED, PRICED), count=COUNT),
    }
    assert {name: verdict.state for name, verdict in found.items()} == {name: name for name in found}
    assert [name for name, verdict in found.items() if verdict.publishes] == ["passed", "passed_with_warnings"]
    assert found["held"].outcomes == (
        Outcome("id_filled", "hold", "passed", 0, 100),
        Outcome("micros_sane", "hold", "failed", 1, 100),
        Outcome("micros_low", "warn", "failed", 49, 100),
    )
    assert found["could_not_run"].reason == "missing columns: micros"
    splitting = rule("shifted", "expect_column_values_to_not_be_null", "quarantine", column="id", mostly=0.5)
    too_many_refused = gate.judge(sales, suite(splitting, FILLED), count=COUNT, split=[refused])
    assert (too_many_refused.state, too_many_refused.failed) == ("held", ("shifted",))


# Java knows no such class of characters, and nobody else can say so
UNREADABLE = r"\p{Nonsense}"


@pytest.mark.parametrize("on_fail", ["hold", "warn"])
def test_a_rule_that_cannot_be_judged_is_no_rule_that_failed(sales, on_fail):
    broken = rule("odd_site", "expect_column_values_to_match_regex", on_fail, column="site", regex=UNREADABLE)
    verdict = gate.judge(sales, suite(FILLED, broken), count=COUNT)
    assert (verdict.state, verdict.publishes) == ("could_not_run", False)
    assert states(verdict)["odd_site"] == "could_not_run"


def test_q03_no_row_a_missing_column_a_wrong_type_and_a_rule_that_cannot_run_are_told_apart(sales):
    expected = rule("rows_there", "expect_table_row_count_to_be_between", min_value=1)
    unreadable = rule("odd_site", "expect_column_values_to_match_regex", column="site", regex=UNREADABLE)
    found = {
        "no row": gate.judge(sales.where("false"), suite(expected, PRICED), count=0),
        "missing column": gate.judge(sales.drop("micros"), suite(expected, PRICED), count=COUNT),
        "wrong type": gate.judge(sales.withColumn("micros", F.col("site")), suite(expected, PRICED), count=COUNT),
        "rule that cannot run": gate.judge(sales, suite(unreadable), count=COUNT),
    }
    assert {name: (verdict.state, verdict.reason, verdict.holding) for name, verdict in found.items()} == {
        "no row": ("held", "", ("rows_there",)),
        "missing column": ("could_not_run", "missing columns: micros", ()),
        "wrong type": ("could_not_run", "columns of another type: micros string", ()),
        "rule that cannot run": ("could_not_run", "", ("odd_site",)),
    }
    assert [name for name, verdict in found.items() if verdict.publishes] == []
    assert len({verdict.fingerprint for verdict in found.values()}) == len(found)


def test_what_great_expectations_cannot_finish_is_a_verdict_too(sales, monkeypatch):
    def fail(*_):
        raise TypeError("Object of type bool is not JSON serializable")

    monkeypatch.setattr(gate, "_validate", fail)
    verdict = gate.judge(sales, suite(FILLED, PRICED), count=COUNT)
    assert (verdict.state, states(verdict)) == (
        "could_not_run",
        {"id_filled": "could_not_run", "micros_sane": "could_not_run"},
    )


def test_mostly_is_a_share_and_most_rows_a_number(sales):
    kind = "expect_column_values_to_be_between"
    found = gate.judge(
        sales,
        suite(
            rule("half", kind, column="micros", max_value=49, mostly=0.5),
            rule("more_than_half", kind, column="micros", max_value=49, mostly=0.51),
            rule("as_many", kind, column="micros", max_value=49, mostly=0.1, most_rows=50),
            rule("too_many", kind, column="micros", max_value=49, mostly=0.1, most_rows=49),
        ),
        count=COUNT,
    )
    assert states(found) == {"half": "passed", "more_than_half": "failed", "as_many": "passed", "too_many": "failed"}


def test_thresholds_reach_the_rules_and_numbers_are_kept_before_there_are_any(sales):
    rules = suite(FILLED, USUAL, FRESH)
    newest = NEWEST.timestamp()
    first = gate.judge(sales, rules, count=COUNT)
    assert (first.state, first.outcomes[1:]) == (
        "passed",
        (
            Outcome("volume_usual", "warn", "no_history", observed=100.0),
            Outcome("freshness_usual", "warn", "no_history", observed=newest),
        ),
    )
    late = NEWEST + dt.timedelta(seconds=1)
    limits = {"volume_usual_least": 100.5, "volume_usual_most": 200.0, "freshness_usual_least": late}
    later = gate.judge(sales, rules, count=COUNT, thresholds=limits)
    assert (later.state, later.outcomes[1:]) == (
        "passed_with_warnings",
        (
            Outcome("volume_usual", "warn", "failed", observed=100.0, least=100.5, most=200.0),
            Outcome("freshness_usual", "warn", "failed", observed=newest, least=newest + 1),
        ),
    )
    kept = {"volume_usual_least": 99.0, "volume_usual_most": 101.0, "freshness_usual_least": NEWEST}
    assert gate.judge(sales, rules, count=COUNT, thresholds=kept).state == "passed"


def test_of_days_the_newest_is_compared_with_days(sales):
    rules = suite(NEW_DAYS)
    today = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
    first = gate.judge(sales, rules, count=COUNT)
    assert first.outcomes == (Outcome("days_usual", "warn", "no_history", observed=today.timestamp()),)
    for limit, state in ((today, "passed"), (today + dt.timedelta(days=1), "failed")):
        limits = {"days_usual_least": limit, "days_usual_most": today + dt.timedelta(days=2)}
        assert states(gate.judge(sales, rules, count=COUNT, thresholds=limits)) == {"days_usual": state}


def test_without_a_value_there_is_nothing_to_compare_with_what_is_usual(sales):
    nothing = sales.where(F.col("share").isNull())
    limits = {"mean_usual_least": 1.0, "mean_usual_most": 2.0}
    verdict = gate.judge(nothing, suite(MEAN), count=1, thresholds=limits)
    assert (verdict.state, states(verdict)) == ("passed", {"mean_usual": "not_judged"})
    assert states(gate.judge(sales, suite(MEAN), count=COUNT, thresholds=limits)) == {"mean_usual": "failed"}


def test_a_sum_that_nobody_worked_out_is_not_taken_for_met(sales):
    bounds = {name: {"$PARAMETER": "silver_micros"} for name in ("min_value", "max_value")}
    mart = dataclasses.replace(SALES, layer="gold", made_from=("silver.sales",))
    equal = rule("micros_equal_silver", "expect_column_sum_to_be_between", column="micros", **bounds)
    rules = suite_of({"name": "gold.sales", "expectations": [equal]}, mart)
    found = {
        wanted: gate.judge(sales, rules, count=COUNT, thresholds={} if wanted is None else {"silver_micros": wanted})
        for wanted in (None, 4950, 4951)
    }
    assert {wanted: verdict.state for wanted, verdict in found.items()} == {
        None: "could_not_run",
        4950: "passed",
        4951: "held",
    }


def test_a_release_outlives_warnings_that_come_and_go(sales):
    rules = suite(PRICED, FRESH)
    age = {"freshness_usual_least": NEWEST + dt.timedelta(seconds=1)}
    held, later = (gate.judge(sales, rules, count=COUNT, thresholds=known) for known in ({}, age))
    assert (states(held)["freshness_usual"], states(later)["freshness_usual"]) == ("no_history", "failed")
    assert (held.state, later.state, held.fingerprint) == ("held", "held", later.fingerprint)
    assert gate.judge(sales.limit(99), rules, count=99).fingerprint != held.fingerprint


def test_of_no_row_only_the_number_is_judged(sales):
    expected = rule("rows_there", "expect_table_row_count_to_be_between", min_value=1)
    verdict = gate.judge(sales.where("false"), suite(FILLED, expected, FRESH), count=0)
    assert (verdict.state, states(verdict)) == (
        "held",
        {"id_filled": "not_judged", "rows_there": "failed", "freshness_usual": "not_judged"},
    )


def test_a_candidate_that_cannot_even_be_joined_is_a_verdict_too(session, sales):
    reference = {"table": "silver.gam_line_items", "columns": {"site": "name"}}
    known = rule("site_unlisted", "expect_column_values_to_be_in_set", "warn", column="site_is_known", value_set=[True])
    rules = suite(known, references={"site_is_known": reference})
    without_names = session.range(1)
    verdict = gate.judge(sales, rules, count=COUNT, references={"silver.gam_line_items": without_names})
    assert (verdict.state, states(verdict)) == ("could_not_run", {"site_unlisted": "could_not_run"})


def test_another_table_is_asked_by_a_join(session, sales):
    known = rule("site_unlisted", "expect_column_values_to_be_in_set", "warn", column="site_is_known", value_set=[True])
    reference = {"table": "silver.gam_line_items", "columns": {"site": "name"}}
    rules = suite(known, references={"site_is_known": reference})
    names = session.createDataFrame([("news.example",), ("news.example",), (None,)], "name string")
    verdict = gate.judge(sales, rules, count=COUNT, references={"silver.gam_line_items": names})
    assert verdict.outcomes == (Outcome("site_unlisted", "warn", "failed", 50, 100),)


BUNDLED = [
    FILLED,
    PRICED,
    USUAL,
    FRESH,
    rule("site_known", "expect_column_values_to_be_in_set", column="site", value_set=["news.example"]),
    rule("share_filled", "expect_column_proportion_of_non_null_values_to_be_between", column="share", min_value=0.5),
    rule("micros_sum", "expect_column_sum_to_be_between", column="micros", min_value=4950, max_value=4950),
    # a share of moments is no moment
    rule(
        "time_filled_usual",
        "expect_column_proportion_of_non_null_values_to_be_between",
        "warn",
        column="at_utc",
        min_value={"$PARAMETER": "time_filled_usual_least"},
        max_value={"$PARAMETER": "time_filled_usual_most"},
    ),
    rule("share_mean", "expect_column_mean_to_be_between", column="share", min_value=0, max_value=100),
]
COSTLY = [
    rule("id_twice", "expect_compound_columns_to_be_unique", column_list=["id", "at_utc"]),
    rule("sites", "expect_column_proportion_of_unique_values_to_be_between", column="site", min_value=0, max_value=1),
]


def jobs_of(session, name, work):
    session.sparkContext.setJobGroup(name, name)
    try:
        work()
    finally:
        session.sparkContext.setJobGroup("none", "none")
    return len(session.sparkContext.statusTracker().getJobIdsForGroup(name))


def test_q01_a_suite_starts_at_most_four_jobs_and_ten_for_each_rule_that_is_asked_alone(session, sales):
    gate.judge(sales, suite(FILLED), count=COUNT)
    bundled = jobs_of(session, "bundled", lambda: gate.judge(sales, suite(*BUNDLED), count=COUNT))
    assert gate.judge(sales, suite(*BUNDLED), count=COUNT).state != "could_not_run"
    assert 1 <= bundled <= 4
    assert sum(one.is_costly for one in suite(*COSTLY).rules) == len(COSTLY)
    both = jobs_of(session, "costly", lambda: gate.judge(sales, suite(*BUNDLED, *COSTLY), count=COUNT))
    assert bundled < both <= 4 + 10 * len(COSTLY)


def test_q12_nothing_is_left_behind(session, sales):
    adaptive = session.conf.get("spark.sql.adaptive.enabled")
    cached = session.sparkContext._jsc.getPersistentRDDs().size()
    gate.judge(sales, suite(*BUNDLED, *COSTLY), count=COUNT)
    assert session.sparkContext._jsc.getPersistentRDDs().size() == cached
    assert [view.name for view in session.catalog.listTables() if view.isTemporary] == []
    assert session.conf.get("spark.sql.adaptive.enabled") == adaptive


def test_q06_equal_input_gives_equal_bytes_and_no_value_of_a_row(sales):
    rules = suite(*BUNDLED, *COSTLY)
    first, second = (
        json.dumps(gate.judge(rows, rules, count=COUNT).as_dict()) for rows in (sales, sales.repartition(3, "micros"))
    )
    assert first == second
    assert json.loads(first)["suite"] == rules.fingerprint
    assert "news.example" not in first


def test_q06_what_great_expectations_answers_holds_no_value_of_a_row(sales):
    text = [
        rule("id_odd", "expect_column_values_to_match_regex", column="id", regex="^never"),
        rule("site_odd", "expect_column_values_to_be_in_set", column="site", value_set=["elsewhere"]),
        rule("id_long", "expect_column_value_lengths_to_be_between", column="id", max_value=1),
    ]
    rules = suite(*text, *COSTLY).rules
    found = str([result.to_json_dict() for result in gate._validate(sales, rules, {}).values()])
    assert found.count("unexpected_count") >= len(text)
    assert PLANTED not in found
    assert "news.example" not in found


def test_q10_two_suites_in_threads_give_the_verdicts_of_the_sequence(sales):
    # one rule and two tables: a context that is not one's own judges the other's rows
    suites = [suite(*BUNDLED), suite(*BUNDLED, *COSTLY)]
    rows = [sales, sales.where("micros < 40")]
    counts = [COUNT, 40]
    in_sequence = [gate.judge(rows[n], suites[n], count=counts[n]) for n in range(len(suites))]
    assert {states(one)["micros_sane"] for one in in_sequence} == {"failed", "passed"}
    found = {}

    def judge(number):
        found[number] = gate.judge(rows[number], suites[number], count=counts[number])

    threads = [threading.Thread(target=judge, args=(number,)) for number in range(len(suites))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[number] for number in range(len(suites))] == in_sequence
