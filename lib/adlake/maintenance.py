"""Small data files put together and table properties set, by Delta's own commands, in commits that change no row."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

from pyspark.sql import SparkSession

from adlake.boundary import reach
from adlake.config import MaintenanceConfig
from adlake.contracts import Table
from adlake.errors import AccountError, PublishError
from adlake.run import Clock, Run
from adlake.upkeep import DoneUpkeep, DueUpkeep, Partition, due_upkeep

STEP = "maintain_tables"


def pending(run: Run) -> list[DueUpkeep]:
    """Tables that need maintenance; no JVM."""
    return due_upkeep(run.lake, run.now)


def maintain(run: Run, due: DueUpkeep) -> DoneUpkeep:
    """What was done to one table; for a dry run, what would be.

    Raises:
        LockError: the lake is no longer ours.
        AccountError: the table holds another number of rows than before (ROWS_DIFFER).
        PublishError: another writer's commit stands in the place of ours (COMMIT_LOST).
    """
    clock, contract = Clock(), due.contract
    before, files = run.lake.version(contract), run.lake.files(contract, of_any_columns=True)
    done = DoneUpkeep(
        table=contract.qualified,
        partitions=len(due.partitions),
        small_files=due.small_files,
        files_before=len(files),
        properties=tuple(due.properties),
        version_before=before,
    )
    if run.is_dry:
        return done
    with _marked(run.session, run.run_id, run.lake.config.maintenance):
        _set_properties(run, contract, due.properties)
        _put_together(run, due)
    held = run.lake.files(contract, of_any_columns=True)
    _check_rows(contract, sum(file.rows for file in files), sum(file.rows for file in held))
    after = _confirmed(run, contract, before)
    seconds, cpu_seconds = clock.seconds(), clock.cpu_seconds()
    return replace(done, files_after=len(held), version_after=after, seconds=seconds, cpu_seconds=cpu_seconds)


def _put_together(run: Run, due: DueUpkeep) -> None:
    if not due.partitions:
        return
    contract = due.contract
    where = f" WHERE {_condition(due.partitions)}" if contract.partition_by else ""
    run.lock.check()
    run.session.sql(f"OPTIMIZE {_address(run, contract)}{where}")
    reach(f"{STEP}/{contract.qualified}/optimized")


def _set_properties(run: Run, contract: Table, properties: Mapping[str, str | None]) -> None:
    wanted = [f"{_text(name)} = {_text(value)}" for name, value in properties.items() if value is not None]
    gone = [_text(name) for name, value in properties.items() if value is None]
    for names, command in ((wanted, "SET TBLPROPERTIES"), (gone, "UNSET TBLPROPERTIES IF EXISTS")):
        if names:
            run.lock.check()
            run.session.sql(f"ALTER TABLE {_address(run, contract)} {command} ({', '.join(names)})")
            reach(f"{STEP}/{contract.qualified}/properties")


@contextmanager
def _marked(spark: SparkSession, run_id: str, settings: MaintenanceConfig) -> Iterator[None]:
    """Commits inside carry the run's id; files inside are small and large as the settings say."""
    delta = "spark.databricks.delta"
    values = {
        f"{delta}.commitInfo.userMetadata": json.dumps({"run": run_id, "job": STEP}),
        f"{delta}.optimize.minFileSize": str(settings.small_file_bytes),
        f"{delta}.optimize.maxFileSize": str(settings.target_file_bytes),
    }
    for name, value in values.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name in values:
            spark.conf.unset(name)


def _check_rows(contract: Table, before: int, after: int) -> None:
    if before != after:
        raise AccountError(
            "ROWS_DIFFER",
            "the table holds another number of rows than before its files were put together",
            where=contract.qualified,
            found=str(after),
            wanted=str(before),
            way_out="Two writers were at work, or the storage lost data: stop the other one, and rebuild the table.",
        )


def _confirmed(run: Run, contract: Table, before: int) -> int:
    """The newest version, after every version since the old one has been found to be maintenance."""
    commits = run.lake.commits(contract, before)
    if commits is None or any(commit.meta or commit.slices is None for commit in commits):
        raise PublishError(
            "COMMIT_LOST",
            "another writer's commit stands among those of the maintenance",
            where=contract.qualified,
            way_out="Two writers were at work in spite of the lock: stop the other one, then run again.",
        )
    return before + len(commits)


def _address(run: Run, contract: Table) -> str:
    return f"delta.`{run.lake.uri(contract).replace('`', '``')}`"


def _condition(partitions: tuple[Partition, ...]) -> str:
    """Partitions as a predicate of literals, which Delta answers from the log."""
    return " OR ".join(f"({' AND '.join(_equals(name, value) for name, value in part)})" for part in partitions)


def _equals(name: str, value: object) -> str:
    if value is None:
        return f"`{name}` IS NULL"
    return (
        f"`{name}` = DATE{_text(value.isoformat())}" if isinstance(value, date) else f"`{name}` = {_text(str(value))}"
    )


def _text(value: str) -> str:
    """A text as an SQL literal."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
