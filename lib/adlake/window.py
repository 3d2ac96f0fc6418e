"""Where rows with the same keys may stand: the literal bounds of a duplicate lookup."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.contracts import Table
from adlake.datafile import DataFile


@dataclass(frozen=True)
class Window:
    """Days, and moments where the key tells them, in which a published row can have a key of the batch.

    Attributes:
        partition: the column of days.
        days: its values.
        moment: the column of moments.
        first, last: bounds of the moments; None where a key says nothing of its moment.
    """

    partition: str
    days: frozenset[date]
    moment: str
    first: datetime | None
    last: datetime | None

    def may_hold(self, file: DataFile) -> bool:
        """Whether the file may hold rows of the window."""
        in_days = file.partition[self.partition] in self.days
        return in_days and (self.first is None or file.may_hold(self.moment, self.first, self.last))

    def holds(self) -> Column:
        """Whether a row lies in the window."""
        in_days = F.col(self.partition).isin(sorted(self.days)) if self.days else F.lit(False)
        if self.first is None or self.last is None:
            return in_days
        return in_days & F.col(self.moment).between(self.first, self.last)


def lookup_window(rows: DataFrame, contract: Table) -> Window:
    """The window in which silver may hold keys of the rows.

    A key with the moment in it (`dedup_days` 0) can only stand where the rows themselves stand; any other is looked
    for `dedup_days` before and after each day of the rows.

    Args:
        rows: silver rows of a batch.
        contract: partitioned by one column of days, with a slice.
    """
    (partition,) = contract.partition_by
    assert contract.slice is not None  # noqa: S101 every silver contract has one
    moment = contract.slice.column
    bounds = rows.groupBy(partition).agg(_instant(F.min(moment)).alias("first"), _instant(F.max(moment)).alias("last"))
    found = bounds.collect()
    around = range(-contract.dedup_days, contract.dedup_days + 1)
    days = frozenset(row[partition] + timedelta(days=shift) for row in found for shift in around)
    if contract.dedup_days or contract.column(moment).type == "date" or not found:
        return Window(partition, days, moment, None, None)
    first, last = min(row["first"] for row in found), max(row["last"] for row in found)
    return Window(partition, days, moment, _utc(first), _utc(last))


def _instant(moment: Column) -> Column:
    """Microseconds since 1970 UTC: a collected timestamp would come in the zone of the machine."""
    return F.unix_micros(moment.cast("timestamp"))


def _utc(micros: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros)
