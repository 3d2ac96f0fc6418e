"""One writer per lake: a lock file with owner, heartbeat and expiry.

Two Spark drivers that commit to one Delta table on S3 lose commits without an error, so every command that writes
holds this lock, and every commit asks it first. On S3 the file is created and taken over by conditional writes; on a
local disk an OS file lock guards the short moment of taking over.
"""

import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
from obstore.exceptions import BaseError

from adlake.errors import LockError
from adlake.storage import StaleTagError, Storage

LOCK_PATH = "ops/writer.lock"
Claim = dict[str, Any]


class WriterLock:
    """The right to write to one lake, held while inside the `with` block.

    Args:
        storage: the lake's root.
        owner: the run id.
        expiry_seconds: a lock without heartbeat for so long may be taken over by another host.

    Raises:
        LockError: another live writer holds the lake (LAKE_LOCKED), or the lock was lost (LOCK_LOST).
    """

    def __init__(self, storage: Storage, owner: str, expiry_seconds: float = 120) -> None:
        self._storage = storage
        self._owner = owner
        self._expiry_seconds = expiry_seconds
        self._tag = ""
        self._stop = threading.Event()
        self._lost = threading.Event()
        self._heartbeat = threading.Thread(target=self._beat, name="writer-lock", daemon=True)

    def __enter__(self) -> Self:
        with self._guard():
            held = self._storage.read(LOCK_PATH)
            if held is None:
                self._take(None)
            else:
                content, tag = held
                _refuse_live_owner(_parse(content), self._storage.uri(LOCK_PATH))
                self._take(tag)
        self._heartbeat.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._heartbeat.join()
        if not self._lost.is_set() and self._is_ours():
            self._storage.delete(LOCK_PATH)

    def check(self) -> None:
        """Nothing when the lake is still ours; asked before each commit.

        Raises:
            LockError: the heartbeat failed, or the file names another owner (LOCK_LOST).
        """
        if self._lost.is_set() or not self._is_ours():
            raise LockError(
                "LOCK_LOST",
                "the lake was taken over by another writer while this run was paused or cut off",
                where=self._storage.uri(LOCK_PATH),
                way_out="Nothing more was committed. Run again; what the other writer finished is not done twice.",
            )

    def _take(self, stale_tag: str | None) -> None:
        try:
            if stale_tag is None:
                self._tag = self._storage.create(LOCK_PATH, self._content())
            elif self._storage.is_local:
                self._tag = self._storage.write(LOCK_PATH, self._content())
            else:
                self._tag = self._storage.swap(LOCK_PATH, self._content(), stale_tag)
        except StaleTagError as error:
            raise _locked(self._storage.uri(LOCK_PATH), "another run that started at the same moment") from error

    def _content(self) -> bytes:
        claim: Claim = {
            "owner": self._owner,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "process_started_at": psutil.Process().create_time(),
            "expires_at": time.time() + self._expiry_seconds,
        }
        return json.dumps(claim).encode()

    def _is_ours(self) -> bool:
        held = self._storage.read(LOCK_PATH)
        return held is not None and _parse(held[0]).get("owner") == self._owner

    def _beat(self) -> None:
        while not self._stop.wait(self._expiry_seconds / 3):
            try:
                with self._guard():
                    if not self._is_ours():
                        self._lost.set()
                        return
                    self._take(self._tag)
            except LockError:
                self._lost.set()
                return
            except (OSError, BaseError):
                # storage that fails for a moment has not taken the lock; the next beat comes before it expires
                continue

    @contextmanager
    def _guard(self) -> Iterator[None]:
        if not self._storage.is_local:
            yield
            return
        guard = Path(self._storage.uri(LOCK_PATH + ".guard"))
        guard.parent.mkdir(parents=True, exist_ok=True)
        with guard.open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def _parse(content: bytes) -> Claim:
    try:
        claim = json.loads(content)
    except ValueError:
        return {}
    return claim if isinstance(claim, dict) else {}


def _refuse_live_owner(claim: Claim, place: str) -> None:
    same_host = claim.get("host") == socket.gethostname()
    if same_host and not _is_alive(claim):
        return
    if _number(claim, "expires_at") < time.time():
        return
    raise _locked(place, f"run {claim.get('owner')} on host {claim.get('host')}, process {claim.get('pid')}")


def _number(claim: Claim, name: str) -> float:
    """The number under the name; -1 when a damaged file has none."""
    try:
        return float(claim.get(name, -1))
    except (TypeError, ValueError):
        return -1.0


def _is_alive(claim: Claim) -> bool:
    try:
        process = psutil.Process(int(_number(claim, "pid")))
        return abs(process.create_time() - _number(claim, "process_started_at")) < 1
    except (psutil.NoSuchProcess, ValueError):
        return False


def _locked(place: str, holder: str) -> LockError:
    return LockError(
        "LAKE_LOCKED",
        "another writer is at work on this lake",
        where=place,
        found=holder,
        wanted="one writer at a time",
        way_out="Wait until it has finished; a writer that died is replaced once its lock expires.",
    )
