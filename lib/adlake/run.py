"""One run on one lake: what its steps share, and how they publish."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psutil
from pyspark.sql import SparkSession

from adlake.account import Account
from adlake.boundary import reach
from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.lock import WriterLock
from adlake.publish import Candidate, commit
from adlake.quality.verdict import Judgement
from adlake.records import AccountRecord, FileRecord, VerdictRecord, account_record, utc_now, verdict_records
from adlake.session import Spark
from adlake.upkeep import DoneUpkeep
from adlake.wish import DoneReplay, DoneRotation, Wish

Notify = Callable[[str, str, int, int], None]
"""Told before each piece of work: step, table, pieces done, pieces in all."""


@dataclass
class Run:
    """What the steps of one run share.

    Attributes:
        run_id: on every log line, commit and ops row of the run.
        lake: the lake that the run writes to.
        ledger: its ops tables.
        lock: held for the length of the run.
        spark: started at first use.
        now: the moment the run stands for (UTC); never read from the clock inside a step.
        notify: told of progress.
        published: accounts of the commits made so far.
        held: verdicts that kept a candidate from readers.
        verdicts: of all candidates, rule by rule.
        set_aside: files that could not be read, found in this run.
        maintained: what was done to tables without changing a row, or would be done.
        replayed: what became of refused rows that went through the rules again.
        rotated: what became of the keys of older secrets.
        old_secrets: of older keys, by version; for the one job that links them.
        is_dry: whether to tell only what would be done.
        wish: what somebody asks of this run alone.
    """

    run_id: str
    lake: Lake
    ledger: Ledger
    lock: WriterLock
    spark: Spark
    now: datetime
    notify: Notify
    published: list[AccountRecord] = field(default_factory=list)
    held: list[Judgement] = field(default_factory=list)
    verdicts: list[VerdictRecord] = field(default_factory=list)
    set_aside: list[FileRecord] = field(default_factory=list)
    maintained: list[DoneUpkeep] = field(default_factory=list)
    replayed: list[DoneReplay] = field(default_factory=list)
    rotated: list[DoneRotation] = field(default_factory=list)
    old_secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    is_dry: bool = False
    wish: Wish | None = None
    _copied: int = 0
    _judged: list[VerdictRecord] = field(default_factory=list)

    @property
    def session(self) -> SparkSession:
        """The Spark session, started by the first work that needs it."""
        return self.spark.session

    def publish(
        self,
        candidate: Candidate,
        *,
        step: str,
        batch_id: str,
        account: Account,
        markers: Mapping[str, int],
        slices: Sequence[str] | None = (),
        spent: "Spent",
        judgement: Judgement | None = None,
    ) -> None:
        """Check the account, commit the candidate with it, and keep it for ops.

        The commit names the slices in which the table got or lost rows, so that the next layer recomputes those and
        no others; None stands for all of them.

        Raises:
            AccountError: the account does not add up; nothing is committed.
        """
        name = candidate.table.qualified
        account.check(f"{name}, batch {batch_id}")
        meta: dict[str, Any] = {
            "run": self.run_id,
            "step": step,
            "table": name,
            "batch": batch_id,
            "account": account.as_dict(),
            "slices": None if slices is None else list(slices),
            "seconds": spent.seconds,
            "cpu_seconds": spent.cpu_seconds,
        }
        if judgement is not None:
            meta["verdict"] = judgement.as_dict(self.now)
        version = commit(self.session, self.lake, self.lock, candidate, markers=markers, meta=meta)
        self.published.append(account_record(version, meta, utc_now()))
        judged = verdict_records(version, meta, utc_now())
        self.verdicts += judged
        self._judged += judged
        # the next batch of the same step may ask what has been published
        self.ledger.note_accounts(self.published[-1:])
        reach(f"{step}/{name}/committed")

    def keep_held(self, judgement: Judgement) -> None:
        """Nothing; the verdict on a candidate that nobody will see is kept for ops and the report."""
        self.held.append(judgement)
        meta: dict[str, Any] = {"run": self.run_id, "step": judgement.step, "table": judgement.verdict.table}
        meta |= {"batch": judgement.batch_id, "verdict": judgement.as_dict(self.now)}
        judged = verdict_records(None, meta, utc_now())
        self.verdicts += judged
        self.ledger.add_verdicts(judged)
        reach(f"{judgement.step}/{judgement.verdict.table}/held")

    def copy_accounts(self) -> None:
        """Copy verdicts and accounts of this run's commits to ops; called once per step."""
        # the account last: what it stands for counts as copied
        self.ledger.add_verdicts(self._judged)
        self._judged = []
        self.ledger.add_accounts(self.published[self._copied :])
        self._copied = len(self.published)


def process_cpu_seconds() -> float:
    """CPU seconds that this process and its living children have used."""
    own = psutil.Process(os.getpid())
    total = 0.0
    for process in (own, *own.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


@dataclass(frozen=True)
class Spent:
    """Wall and CPU seconds of a piece of work."""

    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Clock:
    """Wall and CPU seconds of this process and its children (the JVM among them) since it was made."""

    started: float = field(default_factory=time.monotonic)
    cpu_started: float = field(default_factory=process_cpu_seconds)

    def seconds(self) -> float:
        """Wall seconds so far."""
        return round(time.monotonic() - self.started, 3)

    def cpu_seconds(self) -> float:
        """CPU seconds so far."""
        return round(process_cpu_seconds() - self.cpu_started, 2)

    def spent(self) -> Spent:
        """Both so far."""
        return Spent(self.seconds(), self.cpu_seconds())
