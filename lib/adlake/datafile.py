"""Data files of a table as its log describes them: enough to read a part of the table without asking Spark for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

# Delta cuts timestamps in statistics to milliseconds, so a maximum may lie a little above what is written
STATISTICS_GRAIN = timedelta(milliseconds=1)


@dataclass(frozen=True)
class DataFile:
    """One committed data file.

    Attributes:
        path: relative to the table's root.
        rows: records in it, as Delta counted when it wrote the file.
        size_bytes: of the file.
        partition: values of the partition columns.
        lowest, highest: bounds of the columns that the contract keeps statistics of.
    """

    path: str
    rows: int
    size_bytes: int
    partition: Mapping[str, Any]
    lowest: Mapping[str, Any]
    highest: Mapping[str, Any]

    @classmethod
    def of(cls, action: Mapping[str, Any]) -> "DataFile":
        """The file that a flattened add action of delta-rs describes."""

        def under(prefix: str) -> dict[str, Any]:
            return {name.removeprefix(prefix): _utc(value) for name, value in action.items() if name.startswith(prefix)}

        return cls(
            path=action["path"],
            rows=action["num_records"],
            size_bytes=action["size_bytes"],
            partition=under("partition."),
            lowest=under("min."),
            highest=under("max."),
        )

    def may_hold(self, column: str, first: Any, last: Any) -> bool:  # noqa: ANN401 any comparable type
        """Whether a row of the file may have a value between the two, both included; true without statistics."""
        lowest, highest = self.lowest.get(column), self.highest.get(column)
        if lowest is None or highest is None:
            return True
        if isinstance(highest, datetime):
            highest += STATISTICS_GRAIN
        return bool(lowest <= last and first <= highest)


def _utc(value: Any) -> Any:  # noqa: ANN401 any type of a column
    """Statistics hold instants without a zone; all of ours are UTC."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value
