"""Files as publishers get them, made by hand for a test."""

import gzip
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

SNOWPLOW_COLUMNS = 131
KEYS = {"TimeUsec2": "1793523600000000", "KeyPart": "kkkkkkkkk"}


def usec(text: str) -> str:
    """Microseconds of a UTC time such as `2026-11-01 06:30:00.25`."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return str(int(moment.timestamp()) * 1_000_000 + moment.microsecond)


def write(path: Path, text: str, *, age_seconds: float = 3600) -> Path:
    """Write a file, gzipped when its name says so, that was last changed some time ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    aged = datetime.now(UTC).timestamp() - age_seconds
    os.utime(path, (aged, aged))
    return path


def gam(path: Path, rows: Sequence[Mapping[str, str]], *, columns: Sequence[str], delimiter: str = ",", **age) -> Path:
    """Write a Data Transfer file: a header, then the rows; a column that a row lacks is empty."""
    lines = [delimiter.join(columns), *[delimiter.join(row.get(name, "") for name in columns) for row in rows]]
    return write(path, "\n".join(lines) + "\n", **age)


def snowplow_line(columns: Sequence[str], **values: str) -> str:
    """One enriched event; a column without a value is empty."""
    unknown = set(values) - set(columns)
    assert not unknown, unknown
    return "\t".join(values.get(name, "") for name in columns)
