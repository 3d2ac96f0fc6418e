"""How a lake stands, read from its logs and ops tables alone: no JVM, nothing written, about a second.

Versions, rows and the newest event come from the Delta logs, batches and reasons from the accounts. Accounts that a
killed or still running writer has committed but not copied to ops are read from the commits themselves.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from adlake.account import Account
from adlake.contracts import Table, tables
from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.quality.chronicle import HeldBatch, held_batches, past_verdicts
from adlake.records import AccountRecord, FileRecord, account_record, utc_now
from adlake.report import FOLDER
from adlake.sums import added
from adlake.unfinished import OpenWork, open_work
from adlake.version import VERSION
from adlake.writer import Writer, current_writer

LAYERS = ("bronze", "silver", "vault", "gold", "quarantine")
RECENT_DAYS = 7


@dataclass(frozen=True)
class TableStatus:
    """One table.

    Attributes:
        version: newest Delta version; None for a table without a commit.
        rows: that a reader sees now.
        newest_event: newest value of the column that changes are counted by, ISO 8601 in UTC; None where there is none.
        committed_at_utc: of the last commit that brought an account.
        last_batch: that was published to the table; None when none was.
        last: account of that batch.
        recent: accounts of the last days, added up.
        total: all accounts, added up.
    """

    version: int | None
    rows: int
    newest_event: str | None
    committed_at_utc: datetime | None
    last_batch: str | None
    last: Account | None
    recent: Account
    total: Account


@dataclass(frozen=True)
class SetAside:
    """A delivered file that could not be read: it is tried again when it changes."""

    path: str
    source: str
    reason: str
    at_utc: datetime


@dataclass(frozen=True)
class Status:
    """A lake at one moment.

    Attributes:
        lake, tenant: of the configuration.
        at_utc: when it was read.
        recent_days: what `recent` of each table means.
        last_run: newest run report as it stands in the lake; None before the first run.
        writer: who holds the lake, or left its lock behind; None when nobody did.
        tables: by qualified name, all that there are contracts of.
        files_set_aside: newest first; files that were removed since are left out.
        open_work: what the next run will go on with.
        held_batches: what the quality gate keeps from readers now, the longest held first.
    """

    lake: str
    tenant: str
    at_utc: datetime
    recent_days: int
    last_run: Mapping[str, Any] | None
    writer: Writer | None
    tables: Mapping[str, TableStatus]
    files_set_aside: tuple[SetAside, ...]
    open_work: tuple[OpenWork, ...]
    held_batches: tuple[HeldBatch, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The status as plain values with stable keys, times as ISO 8601; what `adlake status --json` prints."""
        values = {name: getattr(self, name) for name in ("lake", "tenant", "at_utc", "recent_days", "last_run")}
        lists = {name: [asdict(item) for item in getattr(self, name)] for name in ("files_set_aside", "open_work")}
        named = {name: asdict(found) for name, found in self.tables.items()}
        writer = asdict(self.writer) if self.writer else None
        lists["held_batches"] = [held.as_dict() for held in self.held_batches]
        document = {"adlake_version": VERSION, **values, "writer": writer, "tables": named, **lists}
        plain: dict[str, Any] = json.loads(json.dumps(document, default=datetime.isoformat))
        return plain


def read_status(lake: Lake, *, recent_days: int = RECENT_DAYS, now: datetime | None = None) -> Status:
    """The status of a lake; one without a commit, for a lake that is not there yet.

    Args:
        lake: to read.
        recent_days: how far back refused and filtered rows are added up.
        now: the present moment; by default the machine's.
    """
    at_utc = now or utc_now()
    contracts = [contract for contract in tables().values() if contract.layer in LAYERS]
    is_there = lake.is_there
    snapshots = {contract: lake.delta(contract) if is_there else None for contract in contracts}
    ledger = Ledger(lake)
    known = ledger.accounts() if is_there else []
    accounts = [*known, *_uncopied(lake, snapshots, known)]
    by_table: dict[str, list[AccountRecord]] = defaultdict(list)
    for record in accounts:
        by_table[record.table].append(record)
    recently = at_utc - timedelta(days=recent_days)
    return Status(
        lake=lake.config.lake,
        tenant=lake.config.tenant,
        at_utc=at_utc,
        recent_days=recent_days,
        last_run=_last_run(lake) if is_there else None,
        writer=current_writer(lake.storage) if is_there else None,
        tables={
            contract.qualified: _table(contract, delta, by_table[contract.qualified], recently)
            for contract, delta in snapshots.items()
        },
        files_set_aside=_set_aside(lake, ledger.newest_files().values()) if is_there else (),
        open_work=tuple(open_work(lake, snapshots, accounts, ledger.claims(), at_utc)) if is_there else (),
        held_batches=held_batches(past_verdicts(ledger.unpublished())) if is_there else (),
    )


def _table(contract: Table, delta: DeltaTable | None, own: Sequence[AccountRecord], recently: datetime) -> TableStatus:
    last = own[-1] if own else None
    files = None if delta is None else pa.table(delta.get_add_actions(flatten=True))
    return TableStatus(
        version=None if delta is None else delta.version(),
        rows=0 if files is None else pc.sum(files["num_records"]).as_py() or 0,
        newest_event=None if files is None else _newest_event(contract, files),
        committed_at_utc=last.committed_at_utc if last else None,
        last_batch=last.batch_id if last else None,
        last=last.account if last else None,
        recent=added(record.account for record in own if record.committed_at_utc >= recently),
        total=added(record.account for record in own),
    )


def _newest_event(contract: Table, files: pa.Table) -> str | None:
    """By partition or file statistics; None where a table has neither."""
    column = contract.slice.column if contract.slice else ""
    for name in (f"partition.{column}", f"max.{column}"):
        if name in files.column_names:
            newest = pc.max(files[name]).as_py()
            return None if newest is None else str(newest.isoformat())
    return None


def _uncopied(
    lake: Lake, snapshots: Mapping[Table, DeltaTable | None], known: Iterable[AccountRecord]
) -> list[AccountRecord]:
    """Accounts of commits that are newer than what ops holds of their table, all with the time of the newest."""
    copied: dict[str, int] = {}
    for record in known:
        copied[record.table] = max(record.version, copied.get(record.table, -1))
    found = []
    for contract, delta in snapshots.items():
        last = copied.get(contract.qualified, -1)
        if delta is None or delta.version() <= last:
            continue
        at_utc = datetime.fromtimestamp(delta.history(1)[0]["timestamp"] / 1000, UTC)
        found += [
            account_record(commit.version, commit.meta, at_utc)
            for commit in lake.commits(contract, last) or ()
            if commit.meta
        ]
    return found


def _set_aside(lake: Lake, newest: Iterable[FileRecord]) -> tuple[SetAside, ...]:
    found = [
        SetAside(record.path, record.source, record.reason or "", record.at_utc)
        for record in newest
        if record.state == "set_aside" and lake.landing.entry(record.path) is not None
    ]
    return tuple(sorted(found, key=lambda file: (file.at_utc, file.path), reverse=True))


def _last_run(lake: Lake) -> Mapping[str, Any] | None:
    """The newest report: run ids begin with the time, so names tell the order."""
    newest = max((entry.path for entry in lake.storage.entries(FOLDER)), default=None)
    held = lake.storage.read(newest) if newest else None
    if held is None:
        return None
    report: dict[str, Any] = json.loads(held[0])
    names = ("run_id", "steps", "started_at_utc", "finished_at_utc", "seconds", "exit_code", "error", "spark_started")
    return {name: report.get(name) for name in names} | {"commits": len(report.get("tables", ()))}
