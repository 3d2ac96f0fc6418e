"""Each job, really killed: what it leaves is finished by the next run, at once, and nothing of it is doubled."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from adlake.lake import Lake
from adlake.writer import current_writer
from tests.jobs import lakes

DRIVER = Path(__file__).parent / "killed_job.py"


def has_ended(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.2)
    return condition()


@pytest.mark.parametrize(
    ("step", "table"),
    [
        ("ingest_bronze", "quarantine.gam_impressions"),
        ("build_silver", "quarantine.gam_impressions"),
        ("build_gold", "gold.yield_hourly"),
    ],
)
def test_the_next_run_finishes_what_a_killed_job_left(lake_before, prepared, shared, step, table):
    config = lake_before(step)
    before, place = lakes.versions(config), f"{step}/{table}/committed"
    flags = ["--config", str(lakes.written(config, lakes.landing(config).parent)), "--as-of", lakes.NOW.isoformat()]

    killed = subprocess.run(
        [sys.executable, str(DRIVER), place, step, *flags], capture_output=True, text=True, timeout=300, check=False
    )

    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    children = [int(pid) for pid in killed.stdout.splitlines()[-1].split()]
    assert children
    assert wait_until(lambda: all(map(has_ended, children)), 60)
    assert lakes.versions(config)[table] == before.get(table, -1) + 1
    left_behind = current_writer(Lake(config).storage)
    assert left_behind is not None
    assert not left_behind.is_live

    report = lakes.run(config, shared(config), [step])

    assert report.exit_code == 0
    assert lakes.contents(config) == lakes.contents(prepared(step))
    assert current_writer(Lake(config).storage) is None
