"""What a source is: how its files are recognised and read, and how its records become silver rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from adlake.config import Config
from adlake.contracts import Table
from adlake.identity import IdentityKey
from adlake.landing import Framing, Layout

# Raw line of a record that the reader could not take, and why; both null for a good record.
MALFORMED, REFUSAL = "_malformed", "_refusal"
# How names of columns begin that a record does not have of itself.
WORKED_OUT = "__"
# Why readers of several formats cannot take a record.
WRONG_COLUMN_COUNT, UNREADABLE_VALUE, NOT_UTF8 = "wrong_column_count", "unreadable_value", "not_utf8"

# A time outside is a broken clock or counter, not an event.
EARLIEST, LATEST = "2005-01-01 00:00:00", "2100-01-01 00:00:00"


@dataclass(frozen=True)
class Check:
    """A named condition on a bronze row.

    Attributes:
        name: rule id or reason, as it appears in accounts and in quarantine.
        holds: gives the condition; true means that the row is refused or left out, null counts as false.
    """

    name: str
    holds: Callable[[], Column]


@dataclass(frozen=True)
class Refinement:
    """How the records of one bronze table become rows of a silver or vault table.

    Attributes:
        rules: refuse a row to quarantine; the first broken one in order owns it.
        filters: leave a row out on purpose, by reason, after the rules.
        transform: records that passed (with provenance) to rows of the table: a pure select. Rows of events that
            say something of consent have it in `__signals` (see `decisions.as_text`).
        identifiers: the keyed identifiers of a record, as an array without nulls.
        records: the records of bronze rows, where they are not the rows as they stand; a row that gives several numbers
            them from 0 in `_index`. Columns that are there for the transformation alone have names in `__`.
        announced: how many records a bronze row announces; None for one.
    """

    rules: Sequence[Check]
    filters: Sequence[Check]
    transform: Callable[[DataFrame, IdentityKey], DataFrame]
    identifiers: Callable[[IdentityKey], Column]
    records: Callable[[DataFrame, Config], DataFrame] = lambda rows, _: rows
    announced: Callable[[], Column] | None = None


@dataclass(frozen=True)
class LandedFile:
    """One claimed file, as the inspection saw it."""

    path: str
    record_type: str
    records: int
    layout: Layout
    size_bytes: int


@dataclass(frozen=True)
class Source:
    """One kind of delivery.

    Attributes:
        name: its folder in the landing zone.
        record_types: record type to bronze table name.
        record_type_of: the record type of a file from its path below the source's folder, or None; raises SourceError
            where there is more to say than that the name states no known type.
        layout_of: the layout from record type and first line; raises SourceError when the line does not fit.
        read: bronze rows of claimed files of one table, with `_malformed` (the raw line of an unreadable record).
        refinements: qualified name of a silver or vault table to refinement.
        framing: how its files are cut into records.
    """

    name: str
    record_types: Mapping[str, str]
    record_type_of: Callable[[str], str | None]
    layout_of: Callable[[str, str], Layout]
    read: Callable[[SparkSession, Table, str, Sequence[LandedFile]], DataFrame]
    refinements: Mapping[str, Refinement]
    framing: Framing = "lines"


def is_out_of_time(moment: Column) -> Column:
    """Whether a moment lies before 2005 or after 2099 (UTC); null for null."""
    earliest, latest = F.lit(EARLIEST).cast("timestamp"), F.lit(LATEST).cast("timestamp")
    return (moment < earliest) | (moment >= latest)


def no_identifiers(_: IdentityKey) -> Column:
    """The keyed identifiers of a record that tells of nobody: none."""
    return F.array().cast("array<string>")
