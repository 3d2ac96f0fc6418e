"""What a mart is: a table made of silver rows of touched slices."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pyspark.sql import Column, DataFrame

from adlake.config import Config
from adlake.lake import Lake

Frames = Mapping[str, DataFrame]
"""Silver frames by table name, restricted to whole slices, `days`: the distinct `event_date`, and what was prepared."""

COUNTED_AT = "counted_at_utc"
"""Where an attribution says in which slice an event counts."""


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
class Reach:
    """How many days before and after the day of a row the events lie that decide it.

    A change of a day touches the rows from `after_days` before it to `before_days` after it.

    Attributes:
        before_days: whole days before.
        after_days: whole days after.
    """

    before_days: int = 0
    after_days: int = 0

    def read_for(self, days: Iterable[date]) -> set[date]:
        """The days whose events decide the rows of some days."""
        return {day + timedelta(n) for day in days for n in range(-self.before_days, self.after_days + 1)}

    def touched_by(self, days: Iterable[date]) -> set[date]:
        """The days with rows that events of some days decide."""
        return {day + timedelta(n) for day in days for n in range(-self.after_days, self.before_days + 1)}


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


def _own_day(_: Config) -> Reach:
    return Reach()


def _nothing(_: Frames, __: Config) -> Frames:
    return {}


@dataclass(frozen=True)
class Mart:
    """A table whose slices are recomputed whenever silver's change.

    Attributes:
        table: qualified name, such as gold.user_days.
        events: silver tables whose slices it follows.
        references: silver tables that it looks things up in.
        build: the frames of all of them to rows of the mart.
        prepare: frames that build, attribution and fates all start from, by names of the mart's own; they are worked
            out once.
        proofs: of all measures, under a configuration: their sums over a slice must equal silver's.
        pricing: for proofs with a price.
        reach: for rows that events of other days decide, under a configuration.
        attribution: for rows that hold events of other days: the events of the mart's one silver table with
            COUNTED_AT, the moment in whose slice each counts; proofs sum these.
        fates: where one event makes one row at most: those events with `event_date` and `reason`, why they made none;
            null for those that did.
    """

    table: str
    events: Sequence[str]
    build: Callable[[Frames, Config], DataFrame]
    proofs: Callable[[Config], Sequence[Proof]]
    references: Sequence[Reference] = ()
    pricing: Pricing | None = None
    reach: Callable[[Config], Reach] = _own_day
    prepare: Callable[[Frames, Config], Frames] = _nothing
    attribution: Callable[[Frames, Config], DataFrame] | None = None
    fates: Callable[[Frames, Config], DataFrame] | None = None

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
