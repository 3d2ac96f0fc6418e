"""What a mart is: a gold table made of silver rows of touched slices."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame


@dataclass(frozen=True)
class Proof:
    """How a measure of the mart, or a share of it, is worked out a second time, straight from silver.

    Silver rows are summed by line item and day before their price is looked up; the mart goes the other way.

    Attributes:
        measure: column of the mart; the proofs that name it add up.
        source: name of the silver table.
        amount: gives the amount of one silver row; rows that do not count give 0.
        price: gives what the amount is multiplied by, from the columns of `RATE_COLUMNS`; null counts as 0.
    """

    measure: str
    source: str
    amount: Callable[[], Column]
    price: Callable[[], Column] | None = None


@dataclass(frozen=True)
class Mart:
    """A gold table.

    Attributes:
        name: of the gold table.
        events: silver tables whose slices it follows.
        build: silver frames by name, restricted to whole slices, to rows of the mart.
        proofs: of all measures: their sums over a slice must equal silver's.
    """

    name: str
    events: Sequence[str]
    build: Callable[[Mapping[str, DataFrame]], DataFrame]
    proofs: Sequence[Proof]
