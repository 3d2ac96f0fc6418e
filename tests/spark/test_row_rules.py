"""Agreement: the row split refuses exactly the rows that Great Expectations counts as unexpected."""

import datetime as dt
import math
from decimal import Decimal

import pytest
from pyspark.sql import functions as F

from adlake.contracts import Column, Table
from adlake.quality import gate
from adlake.quality.kinds import ROW_KINDS
from adlake.quality.rows import EXPRESSIONS, broken_rules, first_broken, impracticable, is_broken, is_judged
from adlake.quality.suite import Rule, suite_of
from tests.unit.test_quality_arguments import READ_BY_BOTH

TYPES = {
    "id": "bigint",
    "number": "double",
    "count": "bigint",
    "money": "decimal(18,6)",
    "text": "string",
    "at_utc": "timestamp",
    "later_utc": "timestamp",
    "other": "bigint",
    "flag": "boolean",
}
ROWS_TABLE = Table(
    layer="silver",
    name="oddities",
    version="1.0.0",
    grain="one odd row",
    columns=tuple(Column(name, type_, "What it is.") for name, type_ in TYPES.items()),
    key=("id",),
)
NOON = dt.datetime(2026, 3, 29, 12, tzinfo=dt.UTC)
# the hour that Berlin skips, and the one that New York repeats
SKIPPED, REPEATED = dt.datetime(2026, 3, 29, 1, 30, tzinfo=dt.UTC), dt.datetime(2026, 11, 1, 5, 30, tzinfo=dt.UTC)
ODDITIES = [
    # id, number, count, money, text, at_utc, later_utc, other, flag
    (1, 1.0, 1, Decimal("0.000001"), "DE", NOON, NOON, 1, True),
    (2, None, None, None, None, None, None, None, None),
    (3, math.nan, 0, Decimal("-0.000001"), "", SKIPPED, REPEATED, None, False),
    (4, math.inf, -1, Decimal("999999999999.999999"), "DE\n", REPEATED, SKIPPED, -2, True),
    (5, -math.inf, 2**62, Decimal(5), "\n", None, NOON, 2**62, None),
    (6, 0.1 + 0.2, 5, Decimal(10), "straße", NOON, None, 4, False),
    (7, 5.0, 10, Decimal("5.5"), "e\N{COMBINING ACUTE ACCENT}", NOON, SKIPPED, 10, True),
    (8, -0.0, 6, Decimal(0), "\N{GRINNING FACE}\N{FAMILY}", REPEATED, REPEATED, 6, True),
    (9, 10.0, 11, Decimal("10.000001"), " DE ", SKIPPED, NOON, 12, False),
    (10, 4.999999999999999, 4, Decimal("4.999999"), "de", NOON, NOON, 3, None),
    (11, 1e300, -(2**62), Decimal(-10), "a\u0000b", NOON, NOON, None, True),
    (12, 5.000000000000001, 7, Decimal(7), "aaaaaaaaaaa", NOON, NOON, 7, True),
]
ONE = {
    "expect_column_values_to_not_be_null": [{"column": name} for name in TYPES],
    "expect_column_values_to_be_null": [{"column": name} for name in ("number", "text", "at_utc", "flag")],
    "expect_column_values_to_be_in_set": [
        {"column": "text", "value_set": ["DE", "de", ""]},
        {"column": "count", "value_set": [1, 5, 10]},
        {"column": "number", "value_set": [1.0, 0.3, 0.0]},
        {"column": "flag", "value_set": [True]},
        {"column": "money", "value_set": [5, 10]},
    ],
    "expect_column_values_to_not_be_in_set": [
        {"column": "text", "value_set": ["DE", "", "\n"]},
        {"column": "count", "value_set": [0, -1]},
        {"column": "number", "value_set": [5.0, -0.0]},
    ],
    "expect_column_values_to_be_between": [
        {"column": "number", "min_value": 0, "max_value": 5},
        {"column": "number", "min_value": 5},
        {"column": "number", "max_value": 5, "strict_max": True},
        {"column": "number", "min_value": 0, "max_value": 10, "strict_min": True, "strict_max": True},
        {"column": "count", "min_value": 1, "max_value": 10, "strict_min": True},
        {"column": "money", "min_value": 0, "max_value": 10},
        {"column": "at_utc", "min_value": "2026-03-29T01:30:00Z", "max_value": "2026-03-29T14:00:00+02:00"},
    ],
    "expect_column_value_lengths_to_be_between": [
        {"column": "text", "min_value": 1, "max_value": 2},
        {"column": "text", "max_value": 3, "strict_max": True},
        {"column": "text", "min_value": 2, "strict_min": True},
    ],
    "expect_column_value_lengths_to_equal": [{"column": "text", "value": 2}, {"column": "text", "value": 0}],
    "expect_column_values_to_match_regex": [
        {"column": "text", "regex": "^[A-Z]{2}$"},
        {"column": "text", "regex": r"\A[A-Z]{2}\z"},
        {"column": "text", "regex": "D"},
        {"column": "text", "regex": r"^\w+$"},
        {"column": "text", "regex": "(?i)^de$"},
    ],
    "expect_column_values_to_not_match_regex": [
        {"column": "text", "regex": r"\s"},
        {"column": "text", "regex": "^$"},
    ],
    "expect_column_values_to_match_regex_list": [
        {"column": "text", "regex_list": ["^DE", "^a+$"]},
        {"column": "text", "regex_list": ["D", "E"], "match_on": "all"},
        {"column": "text", "regex_list": ["D", "^$"], "match_on": "any"},
    ],
    "expect_column_values_to_not_match_regex_list": [{"column": "text", "regex_list": ["^DE$", "a"]}],
}
TWO = {
    "expect_column_pair_values_a_to_be_greater_than_b": [
        {"column_A": "count", "column_B": "other"},
        {"column_A": "count", "column_B": "other", "or_equal": True},
        {"column_A": "later_utc", "column_B": "at_utc", "or_equal": True},
        {"column_A": "number", "column_B": "count", "or_equal": True, "ignore_row_if": "either_value_is_missing"},
        {"column_A": "count", "column_B": "other", "ignore_row_if": "neither"},
    ],
    "expect_column_pair_values_to_be_equal": [
        {"column_A": "count", "column_B": "other"},
        {"column_A": "at_utc", "column_B": "later_utc", "ignore_row_if": "either_value_is_missing"},
        {"column_A": "count", "column_B": "other", "ignore_row_if": "neither"},
    ],
}


def cases():
    for kind, arguments in {**ONE, **TWO}.items():
        for kwargs in arguments:
            yield kind, kwargs


def suite(rules):
    """A suite of warnings: rules that Great Expectations judges on the rows as they are."""
    document = {
        "name": "silver.oddities",
        "expectations": [
            {
                "type": kind,
                "kwargs": {"mostly": 0.5, **kwargs},
                "severity": "warning",
                "meta": {"id": f"rule_{number}", "on_fail": "warn", "meaning": "A case."},
            }
            for number, (kind, kwargs) in enumerate(rules)
        ],
    }
    return suite_of(document, ROWS_TABLE)


@pytest.fixture(scope="module")
def oddities(session):
    rows = session.createDataFrame(ODDITIES, ", ".join(f"{name} {type_}" for name, type_ in TYPES.items()))
    return rows.coalesce(1).cache()


def test_every_kind_that_judges_a_row_is_compiled_and_tried():
    assert set(EXPRESSIONS) == ROW_KINDS
    assert {kind for kind, _ in cases()} == ROW_KINDS


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_the_split_refuses_exactly_the_rows_that_great_expectations_counts(session, oddities, zone):
    rules = suite(cases()).rules
    session.conf.set("spark.sql.session.timeZone", zone)
    try:
        counted = oddities.agg(
            *[F.count_if(is_broken(rule)).alias(f"broken {rule.id}") for rule in rules],
            *[F.count_if(is_judged(rule)).alias(f"judged {rule.id}") for rule in rules],
        ).collect()[0]
        verdict = gate.judge(oddities, suite(cases()), count=len(ODDITIES))
    finally:
        session.conf.set("spark.sql.session.timeZone", "UTC")
    found = {rule.id: (rule.kind, rule.kwargs, counted[f"broken {rule.id}"]) for rule in rules}
    wanted = {one.rule: one.unexpected for one in verdict.outcomes}
    assert {id_: (kind, kwargs, wanted[id_]) for id_, (kind, kwargs, _) in found.items()} == found
    assert all(one.state in {"passed", "failed"} for one in verdict.outcomes)
    # every case but a few can be broken, and none by all rows
    assert sum(count > 0 for _, _, count in found.values()) > 45
    assert all(counted[f"broken {rule.id}"] <= counted[f"judged {rule.id}"] for rule in rules)


def test_a_row_names_all_rules_that_it_breaks_and_the_first_owns_it(oddities):
    rules = suite(
        [
            ("expect_column_values_to_not_be_null", {"column": "text"}),
            ("expect_column_values_to_be_between", {"column": "count", "min_value": 0, "max_value": 10}),
            ("expect_column_values_to_be_in_set", {"column": "flag", "value_set": [True]}),
        ]
    ).rules
    rows = oddities.select("id", broken_rules(rules).alias("broken"), first_broken(rules).alias("owner")).collect()
    assert {row["id"]: (row["broken"], row["owner"]) for row in rows} == {
        1: ([], None),
        2: (["rule_0"], "rule_0"),
        3: (["rule_2"], "rule_2"),
        4: (["rule_1"], "rule_1"),
        5: (["rule_1"], "rule_1"),
        6: (["rule_2"], "rule_2"),
        7: ([], None),
        8: ([], None),
        9: (["rule_1", "rule_2"], "rule_1"),
        10: ([], None),
        11: (["rule_1"], "rule_1"),
        12: ([], None),
    }


def made_by_hand(id_, kind, **kwargs):
    """A rule that no suite could hold: `adlake validate` would refuse it."""
    return Rule(id_, kind, kwargs, "quarantine", "A case.", 0.5, None)


def test_what_spark_cannot_carry_out_is_found_on_a_made_up_row_without_a_job(session):
    unreadable = [
        made_by_hand("no_class", "expect_column_values_to_match_regex", column="text", regex=r"\p{Nonsense}"),
        made_by_hand("no_pattern", "expect_column_values_to_not_match_regex", column="text", regex="["),
        made_by_hand("no_number", "expect_column_values_to_be_in_set", column="count", value_set=["two"]),
        made_by_hand("no_column", "expect_column_values_to_be_null", column="elsewhere"),
    ]
    sound = suite(cases()).rules
    session.sparkContext.setJobGroup("made up", "made up")
    try:
        found = [impracticable(session, ROWS_TABLE, rules) for rules in ([], sound, [*sound, *unreadable])]
    finally:
        session.sparkContext.setJobGroup("none", "none")
    assert found == [(), (), tuple(unreadable)]
    assert session.sparkContext.statusTracker().getJobIdsForGroup("made up") == []


def test_java_reads_every_pattern_that_a_suite_may_hold(session):
    patterns = [
        made_by_hand(f"p{number}", "expect_column_values_to_match_regex", column="text", regex=pattern)
        for number, pattern in enumerate(READ_BY_BOTH)
    ]
    assert impracticable(session, ROWS_TABLE, patterns) == ()
