"""The demonstration: made-up input, the whole pipeline twice, and the result held against the truth."""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from adlake.comparison import Comparison, compare
from adlake.config import Config, load_config
from adlake.demo_gate import REPLAYED_RULE, REPLAYED_TABLE, GateDemo, show_gate
from adlake.errors import LockError, UsageError
from adlake.generator import Truth, generate
from adlake.job import execute
from adlake.lake import Lake
from adlake.pipeline import steps_from
from adlake.report import JobReport
from adlake.run import Notify
from adlake.session import Spark
from adlake.storage import Storage
from adlake.writer import current_writer

MARK = ".adlake-demo"
DELIVERIES = ("first delivery", "second delivery")
_OURS = ("landing", "second_delivery", "truth", "truth.json", "lake.yaml", "identity.key", "lake")


@dataclass(frozen=True)
class DemoResult:
    """What a demonstration came to.

    Attributes:
        directory: that holds everything.
        truth: about the input.
        reports: of the run on each delivery.
        comparison: of the lake with the truth.
        gate: what it did afterwards with a delivery that is wrong, and with refused rows.
        seconds: by the clock, all in all.
    """

    directory: Path
    truth: Truth
    reports: tuple[JobReport, ...]
    comparison: Comparison
    gate: GateDemo
    seconds: float

    @property
    def exit_code(self) -> int:
        """0, or 1 when anything differs from the truth or from what the gate should do."""
        return 1 if self.comparison.differences or self.gate.differences else 0


def run_demo(directory: Path, *, events: int, seed: int, environ: Mapping[str, str], notify: Notify) -> DemoResult:
    """The result of a demonstration, whose files and lake stay in the directory.

    Args:
        directory: new, empty, or that of an earlier demonstration, which is replaced.
        events: data records of all event files together.
        seed: decides everything that is made up.
        environ: where Java and the jars are looked up.
        notify: told of progress.

    Raises:
        UsageError: the directory holds something else (NO_DEMO_FOLDER), or the machine is not set up.
        LockError: another demonstration is at work in the directory (LAKE_LOCKED).
        AdlakeError: a run failed.
    """
    started = time.monotonic()
    clear(directory)
    truth = generate(
        directory, events=events, seed=seed, progress=lambda _, done, total: notify("make up input", "", done, total)
    )
    config = load_config(directory / "lake.yaml")
    spark = Spark(config, environ)
    try:
        reports = process(config, directory, spark, notify)
        notify("compare with the truth", "accounts and gold tables", 0, 1)
        comparison = compare(Lake(config), truth, [report.run_id for report in reports])
        gate = show_gate(directory, spark, _refused_for_a_word(truth), _prefixed(notify, "quality gate"))
    finally:
        spark.stop()
    return DemoResult(directory, truth, reports, comparison, gate, time.monotonic() - started)


def _refused_for_a_word(truth: Truth) -> int:
    """Rows of both deliveries that are refused because lake.yaml has no word for what they say."""
    layer, _, name = REPLAYED_TABLE.partition(".")
    accounts = [truth.accounts(number)[layer][name] for number in range(1, len(DELIVERIES) + 1)]
    return sum(account["quarantined"].get(REPLAYED_RULE, 0) for account in accounts)


def clear(directory: Path) -> None:
    """Nothing; the directory is there, marked as one for demonstrations, and holds none.

    Files that no demonstration makes are left alone.

    Raises:
        UsageError: it holds something else (NO_DEMO_FOLDER).
        LockError: another demonstration is at work in it (LAKE_LOCKED).
    """
    is_used = directory.exists() and not (directory.is_dir() and not any(directory.iterdir()))
    if is_used and not (directory / MARK).is_file():
        raise UsageError(
            "NO_DEMO_FOLDER",
            "there is something else in the folder for the demonstration",
            where=str(directory),
            wanted="a new folder, an empty one, or one of an earlier demonstration",
            way_out="Name another folder with --lake.",
        )
    writer = current_writer(Storage(str(directory / "lake"))) if (directory / "lake").is_dir() else None
    if writer and writer.is_live:
        raise LockError(
            "LAKE_LOCKED",
            "another demonstration is at work in this folder",
            where=str(directory),
            found=f"process {writer.pid} on {writer.host}",
            way_out="Wait until it has finished, or name another folder with --lake.",
        )
    for name in _OURS:
        path = directory / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / MARK).write_text("adlake demo replaces this folder's contents.\n", encoding="utf-8")


def process(config: Config, directory: Path, spark: Spark, notify: Notify) -> tuple[JobReport, ...]:
    """The reports of two runs: one on the first delivery, one with the second laid over it."""
    reports: list[JobReport] = []
    for delivery in DELIVERIES:
        if reports:
            shutil.copytree(directory / "second_delivery", directory / "landing", dirs_exist_ok=True)
        reports.append(execute(steps_from(None), spark, config, notify=_prefixed(notify, delivery)))
    return tuple(reports)


def _prefixed(notify: Notify, prefix: str) -> Notify:
    return lambda step, label, done, total: notify(f"{prefix}: {step}", label, done, total)
