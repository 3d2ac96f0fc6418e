"""A job that dies at a boundary, as by `kill -9`: killed_job.py BOUNDARY STEP [FLAGS]...

It prints the ids of the processes that it leaves behind.
"""

import importlib
import os
import signal
import sys

import psutil

from adlake import boundary


def main() -> int:
    """The exit code of the job, should the boundary not be reached."""
    place, step, *flags = sys.argv[1:]

    def die(name: str) -> None:
        if name == place:
            print(*[child.pid for child in psutil.Process().children(recursive=True)], flush=True)  # noqa: T201
            os.kill(os.getpid(), signal.SIGKILL)

    boundary.watch(die)
    sys.argv = [step, *flags]
    return int(importlib.import_module(f"adlake.jobs.{step}").main())


if __name__ == "__main__":
    sys.exit(main())
