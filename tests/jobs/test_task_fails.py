"""A task that Spark repeats: the test of `task_fails.py`, in a session that allows it."""

import subprocess
import sys
from pathlib import Path

DRILL = Path(__file__).with_name("task_fails.py")


def test_q02_every_row_is_accounted_for_once_although_every_task_was_done_twice():
    drill = subprocess.run(
        [sys.executable, "-m", "pytest", str(DRILL), "-q", "-p", "no:cacheprovider"],
        cwd=DRILL.parents[2],
        capture_output=True,
        text=True,
        check=False,
    )

    assert drill.returncode == 0, drill.stdout
