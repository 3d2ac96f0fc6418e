"""What maintenance a table needs, found from its log alone, and what was done; no JVM."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from adlake.config import MaintenanceConfig
from adlake.contracts import Table, tables
from adlake.contracts.delta_properties import ALLOWED
from adlake.contracts.model import NO_STATISTICS, STATISTICS
from adlake.datafile import DataFile
from adlake.lake import Lake

LAYERS = ("bronze", "silver", "vault", "gold", "quarantine")
MANAGED = frozenset({*ALLOWED, STATISTICS, NO_STATISTICS})

Partition = tuple[tuple[str, Any], ...]
"""Names and values of the partition columns; empty for a table without any."""


@dataclass(frozen=True)
class DueUpkeep:
    """What one table needs.

    Attributes:
        contract: of the table.
        partitions: with too many small files, in order.
        small_files: in these partitions.
        rows: in these small files.
        properties: values that differ from the contract; None for a property that it does not have.
    """

    contract: Table
    partitions: tuple[Partition, ...] = ()
    small_files: int = 0
    rows: int = 0
    properties: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class DoneUpkeep:
    """What was done to one table, or would be done.

    Attributes:
        table: qualified name.
        partitions: that had too many small files.
        small_files: that they had.
        files_before: live data files of the whole table.
        properties: names of the properties that differed from the contract.
        version_before: of the table.
        files_after, version_after: None after a dry run.
        seconds, cpu_seconds: that it took.
    """

    table: str
    partitions: int
    small_files: int
    files_before: int
    properties: tuple[str, ...]
    version_before: int
    files_after: int | None = None
    version_after: int | None = None
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def __str__(self) -> str:
        """One line for people."""
        told = []
        if self.small_files:
            outcome = (
                "" if self.files_after is None else f"; {self.files_before} files before, {self.files_after} after"
            )
            told.append(f"{self.small_files} small files in {self.partitions} partition(s){outcome}")
        if self.properties:
            told.append(f"properties as the contract says: {', '.join(self.properties)}")
        return f"{self.table}: {'; '.join(told)}"


def due_upkeep(lake: Lake, now: datetime) -> list[DueUpkeep]:
    """Tables that need maintenance, in the order of their names.

    Args:
        lake: whose logs are read.
        now: the moment that decides which days are still hot.
    """
    return list(_due(lake, now))


def _due(lake: Lake, now: datetime) -> Iterator[DueUpkeep]:
    settings = lake.config.maintenance
    for _, contract in sorted(tables().items()):
        if contract.layer not in LAYERS or lake.version(contract) < 0:
            continue
        small = _small_files(lake.files(contract, of_any_columns=True), settings, now)
        properties = _misfits(lake, contract)
        if small or properties:
            files = [file for held in small.values() for file in held]
            yield DueUpkeep(contract, tuple(sorted(small)), len(files), sum(file.rows for file in files), properties)


def _small_files(
    files: Sequence[DataFile], settings: MaintenanceConfig, now: datetime
) -> dict[Partition, list[DataFile]]:
    """Small files of the partitions that hold too many of them and are not hot any more."""
    held: dict[Partition, list[DataFile]] = defaultdict(list)
    for file in files:
        if file.size_bytes < settings.small_file_bytes:
            held[tuple(sorted(file.partition.items()))].append(file)
    hot_after = now.astimezone(UTC).date() - timedelta(days=settings.hot_days)
    return {
        partition: small
        for partition, small in held.items()
        if len(small) >= settings.minimum_small_files and not _is_hot(partition, hot_after)
    }


def _is_hot(partition: Partition, hot_after: date) -> bool:
    return any(isinstance(value, date) and value > hot_after for _, value in partition)


def _misfits(lake: Lake, contract: Table) -> dict[str, str | None]:
    """Properties that differ from the contract; those that adlake does not manage are left alone."""
    delta = lake.delta(contract)
    if delta is None:
        return {}
    found = delta.metadata().configuration
    wanted = dict(contract.properties)
    if not set(contract.stats_columns) <= {column.name for column in delta.schema().fields}:
        # Delta refuses statistics of a column that comes with the next commit
        wanted.pop(STATISTICS, None)
    changed: dict[str, str | None] = {name: value for name, value in wanted.items() if found.get(name) != value}
    gone = set(found) & MANAGED - set(contract.properties)
    return dict(sorted((changed | dict.fromkeys(gone)).items()))
