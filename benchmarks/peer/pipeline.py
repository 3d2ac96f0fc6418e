"""The peer's pipeline from landing to gold, timed table by table."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peer import bronze, gold, silver
from benchmarks.peer.lake import PeerLake, connect
from benchmarks.peer.macros import define_macros


@dataclass(frozen=True)
class StepTime:
    """What one table cost.

    Attributes:
        step: that wrote it.
        table: its name.
        seconds: on the wall.
        cpu_seconds: of all threads.
    """

    step: str
    table: str
    seconds: float
    cpu_seconds: float


def run(landing: Path, root: Path, secret: bytes, version: str) -> list[StepTime]:
    """Build a lake out of one delivery, and say what each table cost.

    Args:
        landing: holds `gam/` and `snowplow/`.
        root: of the lake; has to be new.
        secret: of the identity keys.
        version: of that secret, such as `k1`.
    """
    lake = PeerLake(root, connect())
    define_macros(lake.connection, secret, version)
    steps = (
        ("ingest_bronze", bronze.ingest(lake, landing)),
        ("build_silver", silver.refine(lake)),
        ("build_gold", gold.build(lake)),
    )
    return [time_of for step, tables in steps for time_of in _timed(step, tables)]


def _timed(step: str, tables: Iterator[str]) -> Iterator[StepTime]:
    began, used = time.monotonic(), _cpu_seconds()
    for name in tables:
        now, by_now = time.monotonic(), _cpu_seconds()
        yield StepTime(step, name, round(now - began, 3), round(by_now - used, 3))
        began, used = now, by_now


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system
