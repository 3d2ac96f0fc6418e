"""What a command costs: wall and CPU seconds and peak memory of its whole process tree."""

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

SAMPLES_PER_SECOND = 10
BYTES_PER_MB = 1_000_000
LAST_LINES = 15


class CommandFailed(Exception):
    """A measured command did not end with 0; the message has its last lines."""


@dataclass(frozen=True)
class Measurement:
    """What a command cost.

    Attributes:
        seconds: on the wall.
        cpu_seconds: user and system time of the process and everything that it started.
        peak_mb: greatest resident memory of all of them together; pages that they share count for each.
        output: what it printed.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float
    output: str = field(repr=False)


@dataclass
class ProcessTree:
    """CPU seconds and memory of a process and its descendants, taken sample by sample.

    A JVM that nobody waits for, and Python workers that fork away from it, are in no parent's accounting: each process
    is looked at by itself, and one that has ended counts with what was last seen of it.

    Attributes:
        root: of the tree.
        peak_bytes: greatest sum of resident memory seen.
    """

    root: psutil.Process
    peak_bytes: int = 0
    _cpu_seconds: dict[tuple[int, float], float] = field(default_factory=dict)

    @property
    def cpu_seconds(self) -> float:
        """Of all processes seen so far."""
        return sum(self._cpu_seconds.values())

    def sample(self) -> None:
        """Look at every living process of the tree."""
        resident = 0
        for process in self._living():
            try:
                with process.oneshot():
                    times = process.cpu_times()
                    resident += process.memory_info().rss
                    self._cpu_seconds[process.pid, process.create_time()] = times.user + times.system
            except psutil.NoSuchProcess:
                continue
        self.peak_bytes = max(self.peak_bytes, resident)

    def _living(self) -> list[psutil.Process]:
        try:
            return [self.root, *self.root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


def measure(command: Sequence[str]) -> Measurement:
    """Run a command to its end and say what it cost.

    CPU seconds are the larger of two sums: the samples, which miss the last tenth of a second, and the kernel's own
    accounting, which misses processes that nobody waits for.

    Raises:
        CommandFailed: it ended with another code than 0.
    """
    with tempfile.TemporaryDirectory(prefix="adlake-bench-") as folder:
        output, errors = Path(folder) / "stdout", Path(folder) / "stderr"
        with output.open("wb") as out, errors.open("wb") as err:
            started = time.monotonic()
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
            tree, waited_for = _watch(process)
            seconds = time.monotonic() - started
        if process.returncode:
            last = (errors.read_text(errors="replace") or output.read_text(errors="replace")).splitlines()[-LAST_LINES:]
            raise CommandFailed(f"{' '.join(command)} ended with {process.returncode}:\n" + "\n".join(last))
        return Measurement(
            seconds=round(seconds, 2),
            cpu_seconds=round(max(tree.cpu_seconds, waited_for), 2),
            peak_mb=round(tree.peak_bytes / BYTES_PER_MB),
            output=output.read_text(errors="replace"),
        )


def _watch(process: subprocess.Popen[bytes]) -> tuple[ProcessTree, float]:
    """Sample the process until it ends; the tree, and the CPU seconds that the kernel gives for it."""
    tree = ProcessTree(psutil.Process(process.pid))
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            process.returncode = os.waitstatus_to_exitcode(status)
            return tree, usage.ru_utime + usage.ru_stime
        tree.sample()
        time.sleep(1 / SAMPLES_PER_SECOND)
