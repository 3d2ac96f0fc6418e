"""A disk that takes no more: the tests of `write_fails.py`, with a JVM that may end."""

import subprocess
import sys
from pathlib import Path

DRILL = Path(__file__).with_name("write_fails.py")


def test_a_full_disk_at_any_file_fails_the_run_until_there_is_room():
    drill = subprocess.run(
        [sys.executable, "-m", "pytest", str(DRILL), "-q", "-p", "no:cacheprovider"],
        cwd=DRILL.parents[2],
        capture_output=True,
        text=True,
        check=False,
    )

    assert drill.returncode == 0, drill.stdout
    assert "skipped" not in drill.stdout or "cannot limit another process" in drill.stdout
