"""What a mart is: a gold table made of silver rows of touched slices."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame


@dataclass(frozen=True)
class Proof:
    """How a measure of the mart is counted a second time, straight from silver.

    Attributes:
        measure: column of the mart.
        source: name of the silver table.
        amount: gives the amount of one silver row; rows that do not count give 0.
    """

    measure: str
    source: str
    amount: Callable[[], Column]


@dataclass(frozen=True)
class Mart:
    """A gold table.

    Attributes:
        name: of the gold table.
        events: silver tables whose slices it follows.
        build: silver frames by name, restricted to whole slices, to rows of the mart.
        proofs: measures whose sum over the slices must equal silver's.
    """

    name: str
    events: Sequence[str]
    build: Callable[[Mapping[str, DataFrame]], DataFrame]
    proofs: Sequence[Proof]
