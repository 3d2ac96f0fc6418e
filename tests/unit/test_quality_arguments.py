"""What Spark would refuse of a rule only at the first row is a fault of its suite, with its place."""

import pytest

from adlake.contracts import Column, Table
from adlake.errors import ContractError
from adlake.quality.patterns import java_pattern
from adlake.quality.suite import suite_of

TYPES = {
    "id": "string",
    "count": "bigint",
    "share": "double",
    "money": "decimal(18,6)",
    "at_utc": "timestamp",
    "day": "date",
    "flag": "boolean",
    "tags": "map<string,string>",
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
BETWEEN, IN_SET = "column_values_to_be_between", "column_values_to_be_in_set"
GREATER, EQUAL = "column_pair_values_a_to_be_greater_than_b", "column_pair_values_to_be_equal"
ITEM_IS_KNOWN = {"item_is_known": {"table": "silver.gam_line_items", "columns": {"id": "line_item_id"}}}


def judged(kind, on_fail="quarantine", references=None, **kwargs):
    """A suite with one rule."""
    rule = {
        "type": f"expect_{kind}",
        "kwargs": {"mostly": 0.5, **kwargs},
        "severity": "warning" if on_fail == "warn" else "critical",
        "meta": {"id": "odd", "on_fail": on_fail, "meaning": "A case."},
    }
    document = {"name": "silver.sales", "expectations": [rule], "meta": {"references": references or {}}}
    return suite_of(document, SALES)


def fault(kind, on_fail="quarantine", **kwargs):
    """The one thing that is wrong with a suite of one rule: its place below the rule, and what was found."""
    with pytest.raises(ContractError) as refusal:
        judged(kind, on_fail, **kwargs)
    assert refusal.value.condition == "SUITE_INVALID"
    (told,) = [one for one in refusal.value.what.split("; ") if ": found " in one]
    place, _, facts = told.partition(": found ")
    return place.rpartition("expectations[0]")[2].lstrip("."), facts.partition(", wanted ")[0]


FITTING = [
    (BETWEEN, {"column": "count", "min_value": 0, "max_value": 1.5}),
    (BETWEEN, {"column": "money", "min_value": -3, "strict_min": True}),
    (BETWEEN, {"column": "at_utc", "min_value": "2026-11-01", "max_value": "2026-11-01T06:00:00+01:00"}),
    (BETWEEN, {"column": "day", "max_value": "2026-11-01"}),
    (IN_SET, {"column": "id", "value_set": ["a", ""]}),
    (IN_SET, {"column": "count", "value_set": [1, 2.5]}),
    (IN_SET, {"column": "flag", "value_set": [True]}),
    (IN_SET, {"column": "day", "value_set": ["2026-11-01"]}),
    ("column_value_lengths_to_equal", {"column": "id", "value": 3}),
    ("column_values_to_match_regex_list", {"column": "id", "regex_list": ["a", "b"], "match_on": "all"}),
    ("column_values_to_be_null", {"column": "tags"}),
    (GREATER, {"column_A": "money", "column_B": "count", "or_equal": True, "ignore_row_if": "neither"}),
    (EQUAL, {"column_A": "day", "column_B": "at_utc"}),
]


@pytest.mark.parametrize(("kind", "kwargs"), FITTING)
def test_what_fits_is_no_fault(kind, kwargs):
    assert judged(kind, **kwargs).rules[0].kind == f"expect_{kind}"


MISFITS = [
    # a bound of another type than its column
    (BETWEEN, {"column": "count", "min_value": "2026-11-01"}, "kwargs.min_value", "'2026-11-01'"),
    (BETWEEN, {"column": "count", "min_value": True}, "kwargs.min_value", "true"),
    (BETWEEN, {"column": "count", "max_value": 2**63}, "kwargs.max_value", "9223372036854775808"),
    (BETWEEN, {"column": "share", "max_value": float("nan")}, "kwargs.max_value", "nan"),
    (BETWEEN, {"column": "at_utc", "max_value": 5}, "kwargs.max_value", "5"),
    (BETWEEN, {"column": "at_utc", "max_value": "yesterday"}, "kwargs.max_value", "'yesterday'"),
    (BETWEEN, {"column": "at_utc", "max_value": "2026-11-01T06:00"}, "kwargs.max_value", "'2026-11-01T06:00'"),
    (BETWEEN, {"column": "day", "max_value": "2026-02-30"}, "kwargs.max_value", "'2026-02-30'"),
    (BETWEEN, {"column": "day", "max_value": "20261101"}, "kwargs.max_value", "'20261101'"),
    (BETWEEN, {"column": "day", "max_value": [1]}, "kwargs.max_value", "a list"),
    (BETWEEN, {"column": "id", "max_value": 5}, "kwargs", "the column 'id'"),
    (BETWEEN, {"column": "tags", "max_value": 5}, "kwargs", "the column 'tags'"),
    ("column_value_lengths_to_be_between", {"column": "id", "max_value": "5"}, "kwargs.max_value", "'5'"),
    ("column_value_lengths_to_equal", {"column": "id", "value": "5"}, "kwargs.value", "'5'"),
    # a value that no value of the column can be
    (IN_SET, {"column": "count", "value_set": [1, "two"]}, "kwargs.value_set[1]", "'two'"),
    (IN_SET, {"column": "flag", "value_set": ["true"]}, "kwargs.value_set[0]", "'true'"),
    (IN_SET, {"column": "id", "value_set": ["a", None]}, "kwargs.value_set[1]", "nothing"),
    (IN_SET, {"column": "day", "value_set": ["1.11.2026"]}, "kwargs.value_set[0]", "'1.11.2026'"),
    (IN_SET, {"column": "at_utc", "value_set": ["2026-11-01"]}, "kwargs", "the column 'at_utc'"),
    (IN_SET, {"column": "id", "value_set": "abc"}, "kwargs.value_set", "'abc'"),
    # two columns of which nobody can say which is greater
    (GREATER, {"column_A": "count", "column_B": "at_utc"}, "kwargs",
     "the columns 'count' of type bigint and 'at_utc' of type timestamp"),
    (EQUAL, {"column_A": "tags", "column_B": "tags"}, "kwargs",
     "the columns 'tags' of type map<string,string> and 'tags' of type map<string,string>"),
    # words that would be passed over
    (BETWEEN, {"column": "count", "min_value": 0, "max_valu": 9}, "kwargs.max_valu", "the argument 'max_valu'"),
    (EQUAL, {"column_A": "count", "column_B": "share", "ignore_row_if": "never"}, "kwargs.ignore_row_if", "'never'"),
    ("column_values_to_match_regex_list", {"column": "id", "regex_list": ["a"], "match_on": "none"},
     "kwargs.match_on", "'none'"),
    (BETWEEN, {"column": "count", "min_value": 0, "strict_min": "no"}, "kwargs.strict_min", "'no'"),
    # a share that is none
    (IN_SET, {"column": "id", "value_set": ["a"], "mostly": "most"}, "kwargs.mostly", "'most'"),
    (IN_SET, {"column": "id", "value_set": ["a"], "mostly": 95}, "kwargs.mostly", "95"),
    # what is no pattern
    ("column_values_to_match_regex", {"column": "id", "regex": "[a-z"}, "kwargs.regex", "'[a-z'"),
    ("column_values_to_not_match_regex", {"column": "id", "regex": 5}, "kwargs.regex", "5"),
    ("column_values_to_match_regex_list", {"column": "id", "regex_list": ["a", "(b"]}, "kwargs.regex_list[1]", "'(b'"),
    ("column_values_to_match_regex_list", {"column": "id", "regex_list": "ab"}, "kwargs.regex_list", "'ab'"),
    # a threshold of history would take rows out by what other days were like
    (BETWEEN, {"column": "count", "min_value": {"$PARAMETER": "odd_least"}}, "kwargs", "{'$PARAMETER': 'odd_least'}"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "kwargs", "place", "found"), MISFITS)
def test_what_spark_would_refuse_at_the_first_row_is_a_fault_with_its_place(kind, kwargs, place, found):
    assert fault(kind, **kwargs) == (place, found)


OF_BATCHES = [
    ("column_max_to_be_between", {"min_value": 1}, "kwargs", "no column"),
    ("column_max_to_be_between", {"column": "at_utc", "min_value": 1}, "kwargs.min_value", "1"),
    ("column_mean_to_be_between", {"column": "at_utc", "min_value": 1}, "kwargs", "the column 'at_utc'"),
    ("table_row_count_to_be_between", {"min_value": "1"}, "kwargs.min_value", "'1'"),
    ("compound_columns_to_be_unique", {"column_list": 5}, "kwargs.column_list", "5"),
    ("column_values_to_be_in_set", {"column": "id", "value_set": {"$PARAMETER": "odd_least"}}, "kwargs.value_set",
     "a mapping"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "kwargs", "place", "found"), OF_BATCHES)
def test_rules_of_the_whole_batch_are_held_against_its_types_too(kind, kwargs, place, found):
    assert fault(kind, "hold", **kwargs) == (place, found)


def test_rows_cannot_be_split_by_a_column_that_is_there_only_while_the_batch_is_judged():
    known = {"column": "item_is_known", "value_set": [True], "references": ITEM_IS_KNOWN}
    assert fault(IN_SET, **known) == ("meta.on_fail", "quarantine")
    assert judged(IN_SET, "warn", **known).references["item_is_known"].table == "silver.gam_line_items"


def test_columns_of_two_tables_are_compared_by_their_types():
    references = {"item_is_known": ITEM_IS_KNOWN["item_is_known"] | {"columns": {"count": "line_item_id"}}}
    with pytest.raises(ContractError) as refusal:
        judged("table_row_count_to_equal", "hold", references, value=1)
    told = "meta.references.item_is_known.columns.count: found 'line_item_id' of type string, wanted a column of type"
    assert f"{told} bigint" in refusal.value.what


READ_BY_BOTH = [
    "", "D", "ß", "^[A-Z]{2}$", r"\A[A-Z]{2}\z", "(?i)^de$", "(?i:a)b", r"\p{Lu}+", r"[\p{L}\d]", "a{2,}", r"a\{", "}",
    "[{]", "[]a]", r"[\]\[]", r"\\z", r"(a)\1", "a++", "a*?", "(?<=a)b(?!c)", "(?>a|b)", r"\h\R", r"\x41A",
    r"[@%](?<=[^/;=&?,|\s].)((?<=@)|40)",
]  # fmt: skip
READ_BY_ONE_OR_NONE = [
    "[", "(", "a)", "*a", "a**", "a{", "{1}a", "a{,3}", "a{2,1}", "a{99999999999}", "[z-a]", "\\", r"\p", r"\y",
    # of Python alone
    "(?P<name>a)", "(?P=name)", "(?#why)a", "(a)?(?(1)b|c)", "(?a)x", r"\U0001F600", r"\N{DIGIT ONE}", r"\0", "[a[b]",
    # of Java alone
    "(?<name>a)", r"\Qa\E", "[a&&[b]]", "(?<=a{1,3})b", "x(?i)y",
]  # fmt: skip


def test_a_pattern_is_what_java_and_python_both_read():
    assert [java_pattern(text) for text in READ_BY_BOTH] == READ_BY_BOTH


@pytest.mark.parametrize("text", READ_BY_ONE_OR_NONE)
def test_what_only_one_of_them_reads_or_none_is_refused(text):
    with pytest.raises(ValueError, match="a pattern that Java and Python both read"):
        java_pattern(text)
