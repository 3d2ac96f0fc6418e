"""What a run did, as a value and as a file under `ops/reports`."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from adlake.errors import GateHeld
from adlake.quality.verdict import Judgement
from adlake.records import AccountRecord, FileRecord
from adlake.storage import Storage
from adlake.upkeep import DoneUpkeep
from adlake.wish import DoneReplay, DoneRotation

FOLDER = "ops/reports"


@dataclass(frozen=True)
class JobReport:
    """The result of one run.

    Attributes:
        run_id: of the run.
        steps: that it was asked to do.
        started_at_utc, finished_at_utc: moments of the machine's clock.
        commits: one account per batch and table that the run published.
        files_set_aside: files that could not be read, found in this run.
        replayed: what became of refused rows that went through the rules again.
        rotated: what became of the keys of older secrets.
        held: verdicts that kept candidates from readers.
        maintained: what was done to tables without changing a row, or would be done.
        seconds, cpu_seconds: of the whole run, JVM included.
        spark_started: whether there was work that needed Spark.
        error: why the run failed; empty when it did not.
    """

    run_id: str
    steps: tuple[str, ...]
    started_at_utc: datetime
    finished_at_utc: datetime
    commits: tuple[AccountRecord, ...]
    files_set_aside: tuple[FileRecord, ...]
    seconds: float
    cpu_seconds: float
    spark_started: bool
    error: str = ""
    maintained: tuple[DoneUpkeep, ...] = ()
    held: tuple[Judgement, ...] = ()
    replayed: tuple[DoneReplay, ...] = ()
    rotated: tuple[DoneRotation, ...] = ()

    @property
    def exit_code(self) -> int:
        """0; 1 when the run or a gate failed or files had to be set aside; 3 when a gate held data back."""
        states = {judgement.verdict.state for judgement in self.held}
        if self.error or "could_not_run" in states:
            return 1
        if states:
            return GateHeld.exit_code
        return 1 if self.files_set_aside else 0

    @property
    def batches(self) -> tuple[str, ...]:
        """Batches that the run worked on, oldest first."""
        return tuple(sorted({record.batch_id for record in self.commits if record.batch_id}))

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values."""
        return {
            "run_id": self.run_id,
            "steps": list(self.steps),
            "started_at_utc": self.started_at_utc.isoformat(),
            "finished_at_utc": self.finished_at_utc.isoformat(),
            "seconds": self.seconds,
            "cpu_seconds": self.cpu_seconds,
            "spark_started": self.spark_started,
            "exit_code": self.exit_code,
            "error": self.error,
            "tables": [_commit(record) for record in self.commits],
            "replayed": [asdict(done) for done in self.replayed],
            "rotated": [asdict(done) for done in self.rotated],
            "held": [_held(judgement) for judgement in self.held],
            "maintenance": [asdict(done) for done in self.maintained],
            "files_set_aside": [{"path": record.path, "reason": record.reason} for record in self.files_set_aside],
        }

    def write(self, storage: Storage) -> str:
        """Write the report into the lake and return its path there."""
        path = f"{FOLDER}/{self.run_id}.json"
        storage.write(path, json.dumps(self.as_dict(), indent=2).encode())
        return path


def _commit(record: AccountRecord) -> dict[str, Any]:
    row = {name: value for name, value in asdict(record).items() if name not in ("account", "run_id")}
    row["committed_at_utc"] = record.committed_at_utc.isoformat()
    row["version_before"], row["version_after"] = record.version - 1, row.pop("version")
    return row | record.account.as_dict()


def _held(judgement: Judgement) -> dict[str, Any]:
    verdict = judgement.verdict
    named = {"step": judgement.step, "table": verdict.table, "batch_id": judgement.batch_id, "state": verdict.state}
    return named | {"rules": list(verdict.holding), "reason": verdict.reason, "rows": verdict.rows}


def totals(commits: Sequence[AccountRecord]) -> dict[str, int]:
    """Rows published per table over the commits."""
    sums: dict[str, int] = {}
    for record in commits:
        sums[record.table] = sums.get(record.table, 0) + record.account.published
    return sums
