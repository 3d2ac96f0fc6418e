"""Values within one expression: bound to a name, put together, found by their place."""

from collections.abc import Callable

from pyspark.sql import Column
from pyspark.sql import functions as F


def once(value: Column, use: Callable[[Column], Column]) -> Column:
    """What is made of a value that is worked out once: only a lambda gives a value a name within an expression.

    The last step of an aggregation of nothing: a transformation would copy what is made, down to its last text.
    """
    return F.aggregate(F.array().cast("array<int>"), value, lambda same, _: same, use)


def struct(**fields: Column) -> Column:
    """The columns as one, each under its name."""
    return F.struct(*[column.alias(name) for name, column in fields.items()])


def first_at(keys: Column, key: Column, values: Column) -> Column:
    """The value in the place of the first key that is this one; null without it. It is found without a lambda."""
    return F.get(values, F.array_position(keys, key).cast("int") - 1)
