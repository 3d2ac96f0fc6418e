"""Row rules as Spark expressions, which refuse exactly the rows that Great Expectations counts as unexpected.

What its `SparkDFExecutionEngine` does with each kind is done here: nulls pass every rule but the one that asks for a
value, NaN is greater than every number, a pattern is searched for and not matched, lengths count characters.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import reduce
from typing import Any

import structlog
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from adlake.contracts import Table
from adlake.quality.arguments import moment_or_day
from adlake.quality.suite import Rule
from adlake.spark_failures import SPARK_FAILURES, cause_of

Kwargs = Mapping[str, Any]
DAYS = frozenset({"date", "timestamp"})
_log = structlog.get_logger()


def impracticable(session: SparkSession, contract: Table, rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules that Spark cannot carry out, in their order; tried on one made-up row of the table.

    `adlake validate` finds them without Spark, but for what Java alone knows, such as names of classes in patterns.
    """
    if not rules:
        return ()
    row = _made_up(session, contract, {name for rule in rules for name in rule.columns})
    if not _failure(row, rules):
        return ()
    failures = {rule.id: _failure(row, [rule]) for rule in rules}
    for name, failure in failures.items():
        if failure:
            _log.warning("rule cannot be carried out", table=contract.qualified, rule=name, error=failure)
    return tuple(rule for rule in rules if failures[rule.id])


def _made_up(session: SparkSession, contract: Table, names: Collection[str]) -> DataFrame:
    """A row with a value in each of the columns but the nested ones; Spark makes it without a job."""
    asked = [column for column in contract.columns if column.name in names]
    values = [f"cast({_sample(column.type)} as {column.type}) as `{column.name}`" for column in asked]
    return session.sql(f"select {', '.join(values) or 1} from values (0)")  # noqa: S608 names and types of contracts


def _sample(type_: str) -> str:
    if type_ in DAYS:
        return "'1970-01-01'"
    return "null" if "<" in type_ else "'0'"


def _failure(row: DataFrame, rules: Sequence[Rule]) -> str:
    """Why Spark cannot carry out the rules; empty when it can."""
    try:
        row.select(*[is_broken(rule).alias(rule.id) for rule in rules]).collect()
    except SPARK_FAILURES as error:
        return cause_of(error)
    return ""


def is_broken(rule: Rule) -> Column:
    """Whether a row breaks the rule; never null."""
    return F.coalesce(EXPRESSIONS[rule.kind](rule.kwargs), F.lit(False))


def is_judged(rule: Rule) -> Column:
    """Whether the rule says anything of a row: `mostly` is a share of these rows; never null."""
    return F.coalesce(_has_values(rule), F.lit(False))


def broken_rules(rules: Sequence[Rule]) -> Column:
    """Ids of all rules that a row breaks, in their order; empty for a good row."""
    return F.array_compact(F.array(*[F.when(is_broken(rule), rule.id) for rule in rules]))


def first_broken(rules: Sequence[Rule]) -> Column:
    """The id of the first rule that a row breaks; null for a good row."""
    return F.coalesce(*[F.when(is_broken(rule), rule.id) for rule in rules], F.lit(None).cast("string"))


def _has_values(rule: Rule) -> Column:
    if rule.kind in {"expect_column_values_to_not_be_null", "expect_column_values_to_be_null"}:
        return F.lit(True)
    if "column" in rule.kwargs:
        return F.col(rule.kwargs["column"]).isNotNull()
    first, second = F.col(rule.kwargs["column_A"]).isNull(), F.col(rule.kwargs["column_B"]).isNull()
    ignored = rule.kwargs.get("ignore_row_if", "both_values_are_missing")
    if ignored == "neither":
        return F.lit(True)
    return ~(first & second) if ignored == "both_values_are_missing" else ~(first | second)


def _of_column(expected: Callable[[Column, Kwargs], Column]) -> Callable[[Kwargs], Column]:
    """Breaking a rule of one column: a value is there, and not as expected."""

    def broken(kwargs: Kwargs) -> Column:
        column = F.col(kwargs["column"])
        return column.isNotNull() & ~expected(column, kwargs)

    return broken


def _of_pair(expected: Callable[[Column, Column, Kwargs], Column]) -> Callable[[Kwargs], Column]:
    """Breaking a rule of two columns: the pair is not left out, and not as expected."""

    def broken(kwargs: Kwargs) -> Column:
        first, second = F.col(kwargs["column_A"]), F.col(kwargs["column_B"])
        ignored = kwargs.get("ignore_row_if", "both_values_are_missing")
        unexpected = ~expected(first, second, kwargs)
        if ignored == "both_values_are_missing":
            return ~(first.isNull() & second.isNull()) & unexpected
        if ignored == "either_value_is_missing":
            return first.isNotNull() & second.isNotNull() & unexpected
        return unexpected

    return broken


def _between(value: Column, kwargs: Kwargs) -> Column:
    least, most = _bound(kwargs.get("min_value")), _bound(kwargs.get("max_value"))
    bounds = []
    if least is not None:
        bounds.append(value > F.lit(least) if kwargs.get("strict_min") else value >= F.lit(least))
    if most is not None:
        bounds.append(value < F.lit(most) if kwargs.get("strict_max") else value <= F.lit(most))
    return reduce(lambda both, bound: both & bound, bounds)


def _bound(value: object) -> object:
    """A bound as Great Expectations takes it: a text is a moment, or a day."""
    return moment_or_day(value) if isinstance(value, str) else value


def _greater(first: Column, second: Column, kwargs: Kwargs) -> Column:
    return (first >= second) | first.eqNullSafe(second) if kwargs.get("or_equal") else first > second


def _matches_list(column: Column, kwargs: Kwargs) -> Column:
    patterns = kwargs["regex_list"]
    if kwargs.get("match_on", "any") == "any":
        return column.rlike("|".join(patterns))
    return reduce(lambda all_, one: all_ & one, [column.rlike(pattern) for pattern in patterns])


def _matches_none(column: Column, kwargs: Kwargs) -> Column:
    return reduce(lambda all_, one: all_ & one, [~column.rlike(pattern) for pattern in kwargs["regex_list"]])


EXPRESSIONS: Mapping[str, Callable[[Kwargs], Column]] = {
    "expect_column_values_to_not_be_null": lambda kwargs: F.col(kwargs["column"]).isNull(),
    "expect_column_values_to_be_null": lambda kwargs: F.col(kwargs["column"]).isNotNull(),
    "expect_column_values_to_be_in_set": _of_column(lambda column, kwargs: column.isin(list(kwargs["value_set"]))),
    "expect_column_values_to_not_be_in_set": _of_column(lambda column, kwargs: ~column.isin(list(kwargs["value_set"]))),
    "expect_column_values_to_be_between": _of_column(_between),
    "expect_column_value_lengths_to_be_between": _of_column(lambda column, kwargs: _between(F.length(column), kwargs)),
    "expect_column_value_lengths_to_equal": _of_column(lambda column, kwargs: F.length(column) == kwargs["value"]),
    "expect_column_values_to_match_regex": _of_column(lambda column, kwargs: column.rlike(kwargs["regex"])),
    "expect_column_values_to_not_match_regex": _of_column(lambda column, kwargs: ~column.rlike(kwargs["regex"])),
    "expect_column_values_to_match_regex_list": _of_column(_matches_list),
    "expect_column_values_to_not_match_regex_list": _of_column(_matches_none),
    "expect_column_pair_values_a_to_be_greater_than_b": _of_pair(_greater),
    "expect_column_pair_values_to_be_equal": _of_pair(lambda first, second, _: first.eqNullSafe(second)),
}
