"""Rows of the `ops` tables as values: files taken, accounts of commits, verdicts, releases, runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from adlake.account import Account

FileState = Literal["claimed", "released", "set_aside", "unchanged"]


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What happened to one landing file; the newest record of a path is its state.

    Attributes follow the contract `ops.files`; times are UTC.
    """

    run_id: str
    source: str
    path: str
    state: FileState
    size_bytes: int
    modified_at_utc: datetime
    at_utc: datetime
    batch_id: str | None = None
    table: str | None = None
    record_type: str | None = None
    content_sha256: str | None = None
    records: int | None = None
    delimiter: str | None = None
    line_end: str | None = None
    header: tuple[str, ...] | None = None
    reason: str | None = None
    replaces_batch_id: str | None = None


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """The account of one commit; attributes follow the contract `ops.accounts`."""

    run_id: str
    batch_id: str
    step: str
    table: str
    version: int
    account: Account
    seconds: float
    cpu_seconds: float
    committed_at_utc: datetime


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """One rule of one verdict of the quality gate; attributes follow the contract `ops.verdicts`."""

    run_id: str
    batch_id: str
    step: str
    table: str
    rule: str
    state: str
    fingerprint: str
    suite: str
    reason: str
    released: str
    version: int | None
    rows: int
    is_batch: bool
    on_fail: str | None
    outcome: str | None
    unexpected: int | None
    judged: int | None
    observed: float | None
    least: float | None
    most: float | None
    as_of_utc: datetime
    at_utc: datetime


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """A held batch that somebody has published; attributes follow the contract `ops.releases`."""

    run_id: str
    batch_id: str
    step: str
    table: str
    fingerprint: str
    reason: str
    at_utc: datetime


@dataclass(frozen=True)
class RunRecord:
    """One run; attributes follow the contract `ops.runs`."""

    run_id: str
    started_at_utc: datetime
    finished_at_utc: datetime
    steps: tuple[str, ...]
    exit_code: int
    batches: tuple[str, ...]
    files_set_aside: int
    seconds: float
    cpu_seconds: float
    adlake_version: str


def account_record(version: int, meta: Mapping[str, Any], committed_at: datetime) -> AccountRecord:
    """The ops row for a commit, from what the commit says of itself."""
    return AccountRecord(
        run_id=meta["run"],
        batch_id=meta["batch"],
        step=meta["step"],
        table=meta["table"],
        version=version,
        account=Account.from_dict(meta["account"]),
        seconds=meta["seconds"],
        cpu_seconds=meta["cpu_seconds"],
        committed_at_utc=committed_at,
    )


def verdict_records(version: int | None, meta: Mapping[str, Any], at: datetime) -> list[VerdictRecord]:
    """The ops rows for the verdict that a commit (or a held candidate, without a version) says of itself."""
    verdict = meta.get("verdict")
    if verdict is None:
        return []
    names = ("state", "fingerprint", "suite", "reason", "released", "rows", "is_batch")
    common = {name: verdict[name] for name in names} | {"as_of_utc": datetime.fromisoformat(verdict["as_of"])}
    common |= {"run_id": meta["run"], "batch_id": meta["batch"], "step": meta["step"], "table": meta["table"]}
    numbers = ("unexpected", "judged", "observed", "least", "most")
    nothing = {"rule": "", "on_fail": None, "state": None} | dict.fromkeys(numbers)
    return [
        VerdictRecord(
            **common,
            version=version,
            at_utc=at,
            rule=one["rule"],
            on_fail=one["on_fail"],
            outcome=one["state"],
            **{name: one[name] for name in numbers},
        )
        for one in verdict["outcomes"] or [nothing]
    ]


def utc_now() -> datetime:
    """The present moment in UTC, with microseconds."""
    return datetime.now(UTC)
