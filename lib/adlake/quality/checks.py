"""What no schema can say of a suite: that its rules fit each other and the contract of their table."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from adlake.contracts import Table, tables
from adlake.faults import Complaint, Place, known_names
from adlake.quality.document import RuleDocument, SuiteDocument
from adlake.quality.kinds import KINDS, ROW_KINDS, UNUSABLE

COLUMN_KWARGS = ("column", "column_A", "column_B")
SEVERITY = {"quarantine": "critical", "hold": "critical", "warn": "warning"}
MEASURE_PREFIX = "silver_"
# What stands in the place of a threshold that is known only when a batch is judged.
PARAMETER = "$PARAMETER"
TEXT_KINDS = ("_match_regex", "_value_lengths_")
COLUMN, PAIR, RANGE = {"column"}, {"column_A", "column_B"}, {"min_value", "max_value"}
# Row rules become expressions of Spark, which cannot be made without these.
NEEDED: Mapping[str, set[str]] = {
    "expect_column_pair_values_a_to_be_greater_than_b": PAIR,
    "expect_column_pair_values_to_be_equal": PAIR,
    "expect_column_value_lengths_to_equal": COLUMN | {"value"},
    "expect_column_values_to_be_in_set": COLUMN | {"value_set"},
    "expect_column_values_to_match_regex": COLUMN | {"regex"},
    "expect_column_values_to_match_regex_list": COLUMN | {"regex_list"},
    "expect_column_values_to_not_be_in_set": COLUMN | {"value_set"},
    "expect_column_values_to_not_match_regex": COLUMN | {"regex"},
    "expect_column_values_to_not_match_regex_list": COLUMN | {"regex_list"},
}


def columns_of(kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the columns that a rule with these arguments asks for."""
    single = [str(kwargs[name]) for name in COLUMN_KWARGS if name in kwargs]
    return (*single, *map(str, kwargs.get("column_list") or ()))


def moment_or_day(text: str) -> date:
    """The bound that a text names: a moment where it has a time of day, else a day.

    Raises:
        ValueError: it names neither.
    """
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def complaints(suite: SuiteDocument, table: Table) -> Iterator[Complaint]:
    """Everything that does not fit within one suite, and between it and the contract of its table."""
    if suite.name != table.qualified:
        yield Complaint(("name",), repr(suite.name), repr(table.qualified))
    if not suite.expectations:
        yield Complaint(("expectations",), "no rule", "at least one: an empty suite lets everything pass")
    for name, count in Counter(rule.meta.id for rule in suite.expectations).items():
        if count > 1:
            yield Complaint(("expectations",), f"the rule id {name} {count} times", "each id once")
    yield from _references(suite, table)
    known = {column.name: column.type for column in table.columns} | dict.fromkeys(suite.meta.references, "boolean")
    for position, rule in enumerate(suite.expectations):
        yield from _rule(rule, ("expectations", position), known, table)


def _references(suite: SuiteDocument, table: Table) -> Iterator[Complaint]:
    for name, reference in suite.meta.references.items():
        place: Place = ("meta", "references", name)
        if name in table.column_names:
            yield Complaint(place, "the name of a column of the table", "a name of its own")
        other = tables().get(reference.table)
        if other is None:
            yield Complaint((*place, "table"), repr(reference.table), known_names(reference.table, list(tables())))
            continue
        for own, theirs in reference.columns.items():
            if own not in table.column_names:
                yield Complaint((*place, "columns"), repr(own), known_names(own, table.column_names))
            if theirs not in other.column_names:
                yield Complaint((*place, "columns", own), repr(theirs), known_names(theirs, other.column_names))


def _rule(rule: RuleDocument, place: Place, known: Mapping[str, str], table: Table) -> Iterator[Complaint]:
    if rule.type in UNUSABLE:
        yield Complaint((*place, "type"), f"{rule.type}: {UNUSABLE[rule.type]}", "a kind that runs on Spark")
    elif rule.type not in KINDS:
        yield Complaint((*place, "type"), repr(rule.type), known_names(rule.type, sorted(KINDS), most=5))
    if rule.severity != SEVERITY[rule.meta.on_fail]:
        yield Complaint((*place, "severity"), repr(rule.severity), repr(SEVERITY[rule.meta.on_fail]))
    if rule.meta.on_fail == "quarantine":
        yield from _splitting(rule, place, table)
    for name in columns_of(rule.kwargs):
        if name not in known:
            yield Complaint((*place, "kwargs"), f"the column {name!r}", known_names(name, list(known)))
        elif any(part in rule.type for part in TEXT_KINDS) and known[name] != "string":
            yield Complaint((*place, "kwargs"), f"the column {name!r} of type {known[name]}", "a column of text")
    yield from _arguments(rule, place, table)


def _arguments(rule: RuleDocument, place: Place, table: Table) -> Iterator[Complaint]:
    # an empty list compares with nothing
    given = {name for name, value in rule.kwargs.items() if value not in (None, [])}
    lacking = NEEDED.get(rule.type, COLUMN if rule.type in ROW_KINDS else set()) - given
    if lacking:
        yield Complaint((*place, "kwargs"), f"no {' and no '.join(sorted(lacking))}", f"a value, for {rule.type}")
    if rule.type in ROW_KINDS and rule.type.endswith("_to_be_between") and not given & RANGE:
        yield Complaint((*place, "kwargs"), "neither min_value nor max_value", "at least one of them")
    if "row_condition" in rule.kwargs:
        wanted = "none: as text it is going away in Great Expectations, and each one is a pass of its own"
        yield Complaint((*place, "kwargs", "row_condition"), "a condition", wanted)
    for name, value in rule.kwargs.items():
        if isinstance(value, dict):
            yield from _parameter(rule, place, value, table)
        elif name in {"min_value", "max_value"} and isinstance(value, str) and not _is_bound(value):
            # without a zone it would be one of the machine that judges
            yield Complaint((*place, "kwargs", name), repr(value), "a number, a day, or a moment with its zone")


def _is_bound(text: str) -> bool:
    try:
        found = moment_or_day(text)
    except ValueError:
        return False
    return not isinstance(found, datetime) or found.tzinfo is not None


def _splitting(rule: RuleDocument, place: Place, table: Table) -> Iterator[Complaint]:
    if table.is_mart:
        wanted = "hold or warn: its rows are made from other tables, and quarantine holds records"
        yield Complaint((*place, "meta", "on_fail"), "quarantine", wanted)
    if rule.type in KINDS and rule.type not in ROW_KINDS:
        wanted = f"hold or warn: {rule.type} judges the batch and cannot point at rows"
        yield Complaint((*place, "meta", "on_fail"), "quarantine", wanted)
    if "mostly" not in rule.kwargs:
        wanted = "the share of rows that must pass; without it one bad row holds the batch"
        yield Complaint((*place, "kwargs"), "no mostly", wanted)


def _parameter(rule: RuleDocument, place: Place, value: Mapping[str, object], table: Table) -> Iterator[Complaint]:
    """A threshold is learned from history, or a sum over silver; both are known by their names."""
    name = str(value.get(PARAMETER))
    own = (f"{rule.meta.id}_least", f"{rule.meta.id}_most")
    if set(value) == {PARAMETER}:
        measure = name.removeprefix(MEASURE_PREFIX)
        is_sum = table.is_mart and name.startswith(MEASURE_PREFIX) and measure in table.column_names
        if is_sum or name in own:
            return
    wanted = f'{{"{PARAMETER}": "{own[0]}"}}, "{own[1]}" or, for tables made from silver, "{MEASURE_PREFIX}<measure>"'
    yield Complaint((*place, "kwargs"), str(dict(value)), wanted)
