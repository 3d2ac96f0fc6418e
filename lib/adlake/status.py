"""How a lake stands, read from its logs and ops tables alone: no JVM, nothing written, about a second.

Numbers come from the Delta logs (version, rows, newest event) and from the accounts (batches, what was refused and
why); accounts that a killed or running writer has committed but not copied to ops yet are read from the commits.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from adlake.account import Account
from adlake.contracts import Table, tables
from adlake.lake import Lake
from adlake.ledger import AccountRecord, FileRecord, Ledger, utc_now
from adlake.progress_made import OpenWork, open_work
from adlake.runs_seen import LastRun, Writer, last_run, writer
from adlake.version import VERSION

LAYERS = ("bronze", "silver", "gold", "quarantine")
RECENT_DAYS = 7
