"""Who holds a lake, as its lock file tells everybody else."""

import json
import socket
from dataclasses import dataclass
from datetime import UTC, datetime

import psutil

from adlake.lock import LOCK_PATH
from adlake.records import utc_now
from adlake.storage import Storage


@dataclass(frozen=True)
class Writer:
    """The owner of a lake's lock file.

    Attributes:
        run_id: of its run.
        host: it runs on.
        pid: its process there.
        expires_at_utc: when others may take the lake over, unless it writes its heartbeat until then.
        is_live: False when the next run takes over at once: the lock has expired, or its process on this host is gone.
    """

    run_id: str
    host: str
    pid: int
    expires_at_utc: datetime
    is_live: bool


def current_writer(storage: Storage) -> Writer | None:
    """The owner of the lock file, or None when there is no lock file or nothing in it that can be read."""
    held = storage.read(LOCK_PATH)
    try:
        claim = json.loads(held[0]) if held else {}
        expires = datetime.fromtimestamp(float(claim["expires_at"]), UTC)
        pid, host = int(claim["pid"]), str(claim["host"])
        is_gone = host == socket.gethostname() and not psutil.pid_exists(pid)
        return Writer(str(claim["owner"]), host, pid, expires, is_live=expires > utc_now() and not is_gone)
    except (ValueError, KeyError, TypeError):
        return None
