"""Whether the arguments of a rule fit its kind, and the types of the columns that they are held against.

Spark would refuse what does not fit only when it meets the first row, in the midst of a run.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Literal

from adlake.contracts.spark_types import parse_type
from adlake.faults import Complaint, known_names, shown
from adlake.quality.kinds import EXTREMES, ROW_KINDS, SUMS

# What stands in the place of a threshold that is known only when a batch is judged.
PARAMETER = "$PARAMETER"
Family = Literal["number", "moment", "day", "text", "flag", "other"]
"""Types whose values compare with each other, days and moments apart; nothing compares with `other`."""
FAMILIES: Mapping[str, Family] = {
    **dict.fromkeys(("tinyint", "smallint", "int", "bigint", "float", "double", "decimal"), "number"),
    "timestamp": "moment",
    "date": "day",
    "string": "text",
    "boolean": "flag",
}
ORDERED: frozenset[Family] = frozenset({"number", "moment", "day"})
VALUES: Mapping[Family, str] = {
    "number": "a number",
    "moment": "a moment with its zone, such as 2026-11-01T06:00:00Z, or a day",
    "day": "a day, such as 2026-11-01",
    "text": "a text",
    "flag": "true or false",
}
LARGEST_WHOLE = 2**63 - 1
COLUMN, PAIR, RANGE = {"column"}, {"column_A", "column_B"}, {"min_value", "max_value"}
# Spark and Great Expectations cannot begin without these.
NEEDED: Mapping[str, set[str]] = {
    "expect_column_pair_values_a_to_be_greater_than_b": PAIR,
    "expect_column_pair_values_to_be_equal": PAIR,
    "expect_column_pair_values_to_be_in_set": PAIR,
    "expect_column_value_lengths_to_equal": COLUMN | {"value"},
    "expect_column_values_to_be_in_set": COLUMN | {"value_set"},
    "expect_column_values_to_match_regex": COLUMN | {"regex"},
    "expect_column_values_to_match_regex_list": COLUMN | {"regex_list"},
    "expect_column_values_to_not_be_in_set": COLUMN | {"value_set"},
    "expect_column_values_to_not_match_regex": COLUMN | {"regex"},
    "expect_column_values_to_not_match_regex_list": COLUMN | {"regex_list"},
}
# A rule of rows would pass over a name that it does not know.
POSSIBLE: Mapping[str, set[str]] = {
    "expect_column_pair_values_a_to_be_greater_than_b": {"or_equal", "ignore_row_if"},
    "expect_column_pair_values_to_be_equal": {"ignore_row_if"},
    "expect_column_value_lengths_to_be_between": RANGE | {"strict_min", "strict_max"},
    "expect_column_values_to_be_between": RANGE | {"strict_min", "strict_max"},
    "expect_column_values_to_match_regex_list": {"match_on"},
}
LEFT_OUT = ("both_values_are_missing", "either_value_is_missing", "neither")


def moment_or_day(text: str) -> date:
    """The bound that a text names: a moment where it has a time of day, else a day.

    Raises:
        ValueError: it names neither.
    """
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def misfits(kind: str, given: Mapping[str, Any], types: Mapping[str, str]) -> Iterator[Complaint]:
    """What does not fit, each with its place below the rule.

    Args:
        kind: of the rule.
        given: its arguments, well formed; every column that they name is known.
        types: of the columns, as Spark prints them.
    """
    yield from _names(kind, given)
    families = {name: FAMILIES.get(parse_type(types[name]).name, "other") for name in _columns(given)}
    if "column" in given:
        family = families[given["column"]]
        yield from _bounds(kind, given, family)
        yield from _sets(given, family)
    elif RANGE & given.keys():
        yield from _between(given, "number")
    if given.keys() >= PAIR and kind in ROW_KINDS:
        compared = {"moment" if family == "day" else family for family in families.values()}
        if "other" in compared or len(compared) > 1:
            told = " and ".join(f"{given[name]!r} of type {types[given[name]]}" for name in sorted(PAIR))
            yield _complaint(f"the columns {told}", "two columns that can be compared")


def _columns(given: Mapping[str, Any]) -> set[str]:
    return {given[name] for name in COLUMN | PAIR if name in given}


def _complaint(found: str, wanted: str, *place: str | int) -> Complaint:
    return Complaint(("kwargs", *place), found, wanted)


def _names(kind: str, given: Mapping[str, Any]) -> Iterator[Complaint]:
    """Arguments that are lacking, unknown or stand for nothing."""
    # an empty list compares with nothing
    filled = {name for name, value in given.items() if value not in (None, [])}
    needed = NEEDED.get(kind, COLUMN if kind.startswith("expect_column_") else set())
    if needed - filled:
        yield _complaint(f"no {' and no '.join(sorted(needed - filled))}", f"a value, for {kind}")
    if "row_condition" in given:
        wanted = "none: as text it is going away in Great Expectations, and each one is a pass of its own"
        yield _complaint("a condition", wanted, "row_condition")
    if kind not in ROW_KINDS:
        return
    if kind.endswith("_to_be_between") and not filled & RANGE:
        yield _complaint("neither min_value nor max_value", "at least one of them")
    known = needed | POSSIBLE.get(kind, set()) | {"mostly", "row_condition"}
    for name in sorted(given.keys() - known):
        yield _complaint(f"the argument {name!r}", known_names(name, sorted(known - {"row_condition"})), name)
    if given.get("ignore_row_if", LEFT_OUT[0]) not in LEFT_OUT:
        yield _complaint(shown(given["ignore_row_if"]), f"one of {', '.join(LEFT_OUT)}", "ignore_row_if")


def _bounds(kind: str, given: Mapping[str, Any], family: Family) -> Iterator[Complaint]:
    """Bounds that do not compare with what the kind makes of the column."""
    if kind == "expect_column_values_to_be_between" or kind in EXTREMES:
        if family not in ORDERED:
            yield _complaint(f"the column {given['column']!r}", "a column of numbers, moments or days")
        else:
            yield from _between(given, family)
        return
    if kind in SUMS and family != "number":
        yield _complaint(f"the column {given['column']!r}", "a column of numbers")
    yield from _between(given, "number")
    if kind == "expect_column_value_lengths_to_equal" and "value" in given and not _fits(given["value"], "number"):
        yield _complaint(shown(given["value"]), VALUES["number"], "value")


def learned_names(rule_id: str) -> tuple[str, str]:
    """Names of the least and the most that history tells of a rule."""
    return f"{rule_id}_least", f"{rule_id}_most"


def _between(given: Mapping[str, Any], family: Family) -> Iterator[Complaint]:
    for name in sorted(RANGE & given.keys()):
        value = given[name]
        if value is not None and PARAMETER not in _keys(value) and not _fits(value, family):
            yield _complaint(shown(value), VALUES[family], name)


def _sets(given: Mapping[str, Any], family: Family) -> Iterator[Complaint]:
    values = given.get("value_set", ())
    # Spark reads moments from texts in ways of its own: a range says the same
    if values and family in {"moment", "other"}:
        yield _complaint(f"the column {given['column']!r}", "a column of texts, numbers, days or flags")
        return
    for position, value in enumerate(values):
        if not _fits(value, family):
            yield _complaint(shown(value), VALUES[family], "value_set", position)


def _keys(value: object) -> set[str]:
    return set(value) if isinstance(value, dict) else set()


def _fits(value: object, family: Family) -> bool:
    """Whether a value compares with those of a column."""
    if family in {"text", "flag"}:
        return isinstance(value, str if family == "text" else bool)
    if family == "number":
        return isinstance(value, int | float) and not isinstance(value, bool) and _is_bearable(value)
    return isinstance(value, str) and _is_moment_or_day(value, family)


def _is_bearable(value: float) -> bool:
    return math.isfinite(value) if isinstance(value, float) else abs(value) <= LARGEST_WHOLE


def _is_moment_or_day(text: str, family: Family) -> bool:
    try:
        found = moment_or_day(text)
    except ValueError:
        return False
    if isinstance(found, datetime):
        # without a zone it would be one of the machine that judges
        return family == "moment" and found.tzinfo is not None
    # of the ways to write a day Spark knows but one
    return found.isoformat() == text
