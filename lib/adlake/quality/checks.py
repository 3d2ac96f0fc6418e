"""What no schema can say of a suite: that its rules fit each other and the contract of their table."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from adlake.contracts import Table, tables
from adlake.faults import Complaint, Place, known_names
from adlake.quality.arguments import PARAMETER, RANGE, learned_names, misfits
from adlake.quality.document import RuleDocument, SuiteDocument
from adlake.quality.kinds import KINDS, ROW_KINDS, UNUSABLE

COLUMN_KWARGS = ("column", "column_A", "column_B")
SEVERITY = {"quarantine": "critical", "hold": "critical", "warn": "warning"}
MEASURE_PREFIX = "silver_"
TEXT_KINDS = ("_match_regex", "_value_lengths_")


def columns_of(kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the columns that a rule with these arguments asks for."""
    single = [str(kwargs[name]) for name in COLUMN_KWARGS if name in kwargs]
    return (*single, *map(str, kwargs.get("column_list") or ()))


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
            elif theirs not in other.column_names:
                yield Complaint((*place, "columns", own), repr(theirs), known_names(theirs, other.column_names))
            elif (found := other.column(theirs).type) != (wanted := table.column(own).type):
                yield Complaint((*place, "columns", own), f"{theirs!r} of type {found}", f"a column of type {wanted}")


def _rule(rule: RuleDocument, place: Place, known: Mapping[str, str], table: Table) -> Iterator[Complaint]:
    if rule.type in UNUSABLE:
        yield Complaint((*place, "type"), f"{rule.type}: {UNUSABLE[rule.type]}", "a kind that runs on Spark")
    elif rule.type not in KINDS:
        yield Complaint((*place, "type"), repr(rule.type), known_names(rule.type, sorted(KINDS), most=5))
    if rule.severity != SEVERITY[rule.meta.on_fail]:
        yield Complaint((*place, "severity"), repr(rule.severity), repr(SEVERITY[rule.meta.on_fail]))
    if rule.meta.on_fail == "quarantine":
        yield from _splitting(rule, place, known, table)
    yield from _columns(rule, (*place, "kwargs"), known)
    for name, value in rule.given.items():
        if isinstance(value, dict):
            yield from _parameter(rule, (*place, "kwargs"), name, value, table)
    if rule.type in KINDS and known.keys() >= set(columns_of(rule.given)):
        for one in misfits(rule.type, rule.given, known):
            yield Complaint((*place, *one.place), one.found, one.wanted)


def _columns(rule: RuleDocument, place: Place, known: Mapping[str, str]) -> Iterator[Complaint]:
    for name in columns_of(rule.given):
        if name not in known:
            yield Complaint(place, f"the column {name!r}", known_names(name, list(known)))
        elif any(part in rule.type for part in TEXT_KINDS) and known[name] != "string":
            yield Complaint(place, f"the column {name!r} of type {known[name]}", "a column of text")


def _splitting(rule: RuleDocument, place: Place, known: Mapping[str, str], table: Table) -> Iterator[Complaint]:
    if table.is_mart:
        wanted = "hold or warn: its rows are made from other tables, and quarantine holds records"
        yield Complaint((*place, "meta", "on_fail"), "quarantine", wanted)
    if rule.type in KINDS and rule.type not in ROW_KINDS:
        wanted = f"hold or warn: {rule.type} judges the batch and cannot point at rows"
        yield Complaint((*place, "meta", "on_fail"), "quarantine", wanted)
    if any(name in known and name not in table.column_names for name in columns_of(rule.given)):
        wanted = "hold or warn: the column of a reference is there only while the batch is judged"
        yield Complaint((*place, "meta", "on_fail"), "quarantine", wanted)
    if "mostly" not in rule.given:
        wanted = "the share of rows that must pass; without it one bad row holds the batch"
        yield Complaint((*place, "kwargs"), "no mostly", wanted)


def _parameter(
    rule: RuleDocument, place: Place, argument: str, value: Mapping[str, object], table: Table
) -> Iterator[Complaint]:
    """A threshold is learned from history, or a sum over silver; both are known by their names."""
    name = str(value.get(PARAMETER))
    own = learned_names(rule.meta.id)
    if set(value) == {PARAMETER} and argument in RANGE and rule.meta.on_fail != "quarantine":
        measure = name.removeprefix(MEASURE_PREFIX)
        is_sum = table.is_mart and name.startswith(MEASURE_PREFIX) and measure in table.column_names
        if is_sum or name in own:
            return
    wanted = f'{{"{PARAMETER}": "{own[0]}"}}, "{own[1]}" or, for tables made from silver, "{MEASURE_PREFIX}<measure>"'
    if argument not in RANGE or rule.meta.on_fail == "quarantine":
        wanted = "a value: only bounds are learned, and of rules that take no rows out"
    yield Complaint(place, str(dict(value)), wanted)
