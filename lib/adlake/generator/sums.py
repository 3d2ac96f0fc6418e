"""Lists of numbers added up by key."""

from operator import add
from typing import Any


def add_lists(sums: dict[Any, list[int]], others: dict[Any, list[int]]) -> None:
    """The sums with others counted in, place by place."""
    for key, values in others.items():
        mine = sums.get(key)
        if mine is None:
            sums[key] = list(values)
        else:
            mine[:] = map(add, mine, values)
