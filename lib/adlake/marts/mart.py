"""What a mart is: a table made of silver rows of touched slices."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame

from adlake.config import Config
from adlake.lake import Lake

Frames = Mapping[str, DataFrame]
"""Silver frames by table name, restricted to whole slices, and `days`: the distinct `event_date`."""


@dataclass(frozen=True)
class Change:
    """How a silver table has changed since a mart consumed it.

    Attributes:
        slices: names of the slices that got or lost rows.
        consumed: the version that the mart accounts for; -1 for none.
    """

    slices: Collection[str]
    consumed: int


@dataclass(frozen=True)
class Reference:
    """A silver table whose rows hold for days beyond their own: rates, names.

    Attributes:
        table: name of the silver table; the mart gets it whole.
        days: which of the days with events a change of the table touches; asked without a JVM.
    """

    table: str
    days: Callable[[Lake, Collection[str], Change], set[str]]


@dataclass(frozen=True)
class Pricing:
    """How rows come by what they are worth, for the proofs of a mart.

    Attributes:
        by: columns that decide the price of a row.
        join: gives sums by those columns the columns that prices are made of.
    """

    by: Sequence[str]
    join: Callable[[DataFrame, Frames, Config], DataFrame]


@dataclass(frozen=True)
class Proof:
    """How a measure of the mart, or a share of it, is worked out a second time, straight from silver.

    Silver rows are summed by what decides their price before it is looked up; the mart goes the other way.

    Attributes:
        measure: column of the mart; the proofs that name it add up.
        source: name of the silver table.
        amount: gives the amount of one silver row; rows that do not count give 0.
        price: gives what the amount is multiplied by, from the columns that the mart's pricing joins; null counts
            as 0.
    """

    measure: str
    source: str
    amount: Callable[[], Column]
    price: Callable[[], Column] | None = None


@dataclass(frozen=True)
class Mart:
    """A table whose slices are recomputed whenever silver's change.

    Attributes:
        table: qualified name, such as gold.user_days.
        events: silver tables whose slices it follows.
        references: silver tables that it looks things up in.
        build: the frames of all of them to rows of the mart.
        proofs: of all measures, under a configuration: their sums over a slice must equal silver's.
        pricing: for proofs with a price.
    """

    table: str
    events: Sequence[str]
    build: Callable[[Frames, Config], DataFrame]
    proofs: Callable[[Config], Sequence[Proof]]
    references: Sequence[Reference] = ()
    pricing: Pricing | None = None

    @property
    def step(self) -> str:
        """The step of the pipeline that makes it."""
        return f"build_{self.table.partition('.')[0]}"

    def proofs_from(self, source: str, config: Config) -> list[Proof]:
        """The proofs that a silver table gives."""
        return [proof for proof in self.proofs(config) if proof.source == source]

    def proved(self, config: Config) -> set[str]:
        """The measures that have a proof."""
        return {proof.measure for proof in self.proofs(config)}
