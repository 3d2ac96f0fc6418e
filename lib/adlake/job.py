"""What every job shares: flags, the run around its steps, the report.

This module and `cli.py` are the only ones that read argv and the environment.
"""

import argparse
import os
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from adlake.aws.secrets import read_secret
from adlake.boundary import reach
from adlake.config import Config, load_config
from adlake.errors import AdlakeError, PublishError, UsageError
from adlake.identity_key import read_identity_key, read_old_keys
from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.lock import WriterLock
from adlake.logs import set_up_logs
from adlake.pipeline import HOUSEKEEPING, JOBS
from adlake.quality.page import write_page
from adlake.records import RunRecord, utc_now
from adlake.recovery import recover_accounts
from adlake.release import release
from adlake.report import JobReport
from adlake.run import Clock, Notify, Run
from adlake.session import Spark
from adlake.spark_failures import SPARK_FAILURES, cause_of
from adlake.version import VERSION
from adlake.wish import Release, Replay, Wish
from adlake.work import WORK

# The newest run is the last by its id, also when two of them start within one second.
RUN_ID_FORMAT = "%Y%m%dT%H%M%S%fZ"
# Glue hands these to every script; all of them take a value
GLUE_FLAGS = ("--JOB_ID", "--JOB_RUN_ID", "--JOB_NAME", "--TempDir", "--job-language", "--enable-metrics")
# steps that make keyed identifiers
ROTATION = "rotate_identity_key"
KEYED = frozenset({"build_silver", "replay_quarantine", ROTATION})
CONFIG_FLAGS = ("lake", "landing", "tenant")


def execute(
    steps: Sequence[str],
    spark: Spark,
    config: Config,
    *,
    as_of: datetime | None = None,
    rebuild: bool = False,
    dry_run: bool = False,
    notify: Notify | None = None,
    wish: Wish | None = None,
) -> JobReport:
    """The report of one run of the steps, under the lake's writer lock.

    Spark is started by the first step that has work; a run without work starts none and writes no table.

    Args:
        steps: names of jobs, in order.
        spark: started at first use, left running.
        config: the lake.
        as_of: the moment that the run stands for; by default now.
        rebuild: recompute what the layers before the first step hold, instead of only what is new.
        dry_run: only tell what a job beside the pipeline would do.
        wish: what is asked of this run alone: a held batch to publish as it is, refused rows to replay.
        notify: told of progress; by default the log, as text on a terminal and as JSON where machines collect it.

    Raises:
        AdlakeError: the run failed; what it committed stays, and the next run goes on from there.
    """
    clock, started = Clock(), utc_now()
    run_id = f"{started.strftime(RUN_ID_FORMAT)}-{secrets.token_hex(3)}"
    if notify is None:
        set_up_logs(run_id, as_json=not sys.stderr.isatty())
    lake = Lake(config)
    secret, old_secrets = b"", {}
    if KEYED.intersection(steps):
        secret = read_identity_key(config, os.environ, lambda name: read_secret(name, lake.options))
    if ROTATION in steps:
        old_secrets = read_old_keys(config, os.environ, lambda name: read_secret(name, lake.options))
    with WriterLock(lake.storage, run_id, config.lock.expiry_seconds) as lock:
        run = Run(run_id, lake, Ledger(lake), lock, spark, as_of or started, notify=notify or _log)
        run.is_dry, run.wish, run.old_secrets = dry_run, wish, old_secrets
        error = "the run was cut off"
        try:
            with _spark_failures_named(run_id):
                _work(run, steps, secret, rebuild=rebuild)
            error = ""
        except AdlakeError as failure:
            error = str(failure)
            raise
        finally:
            report = _report(run, steps, started, clock, error)
            _keep(run, report)
        reach("report")
    return report


def _work(run: Run, steps: Sequence[str], secret: bytes, *, rebuild: bool) -> None:
    recover_accounts(run.lake, run.ledger)
    if isinstance(run.wish, Release):
        release(run.ledger, run.run_id, run.wish)
        reach("release_recorded")
    for step in steps:
        WORK[step](run, secret, rebuild=rebuild)
        run.copy_accounts()


def _keep(run: Run, report: JobReport) -> None:
    is_maintained = any(done.version_after is not None for done in report.maintained)
    if report.commits or report.files_set_aside or report.held or is_maintained:
        run.ledger.add_run(_run_record(report))
    if run.verdicts:
        write_page(run.verdicts, run.ledger, run.lake.storage)
    report.write(run.lake.storage)


@contextmanager
def _spark_failures_named(run_id: str) -> Iterator[None]:
    """Nothing; whatever Spark raises inside comes out as an error of adlake."""
    try:
        yield
    except SPARK_FAILURES as failure:
        raise PublishError(
            "SPARK_FAILED",
            "Spark could not finish a piece of work; nothing of it was committed",
            where=run_id,
            found=cause_of(failure),
            way_out="Mend the cause (disk space, rights, memory) and run again.",
        ) from failure


def _report(run: Run, steps: Sequence[str], started: datetime, clock: Clock, error: str) -> JobReport:
    return JobReport(
        run_id=run.run_id,
        steps=tuple(steps),
        started_at_utc=started,
        finished_at_utc=utc_now(),
        commits=tuple(run.published),
        files_set_aside=tuple(run.set_aside),
        seconds=clock.seconds(),
        cpu_seconds=clock.cpu_seconds(),
        spark_started=run.spark.is_started,
        error=error,
        maintained=tuple(run.maintained),
        held=tuple(run.held),
        replayed=tuple(run.replayed),
        rotated=tuple(run.rotated),
    )


def _run_record(report: JobReport) -> RunRecord:
    return RunRecord(
        run_id=report.run_id,
        started_at_utc=report.started_at_utc,
        finished_at_utc=report.finished_at_utc,
        steps=report.steps,
        exit_code=report.exit_code,
        batches=report.batches,
        files_set_aside=len(report.files_set_aside),
        seconds=report.seconds,
        cpu_seconds=report.cpu_seconds,
        adlake_version=VERSION,
    )


def _log(step: str, label: str, done: int, total: int) -> None:
    structlog.get_logger().info("progress", step=step, table=label, done=done, total=total)


@dataclass(frozen=True)
class Arguments:
    """The flags of a job, read and checked."""

    config: Config
    as_of: datetime | None
    dry_run: bool
    wish: Wish | None = None


def parse(step: str, argv: Sequence[str]) -> Arguments:
    """The flags of a job; blank values count as absent, Glue's own flags are passed over.

    Raises:
        SystemExit: an unknown flag or a missing one (exit code 2), or `--help` (0).
        UsageError: the configuration or a value is not usable.
    """
    parser = argparse.ArgumentParser(prog=step, description=JOBS[step].meaning, allow_abbrev=False)
    parser.add_argument("--config", required=True, metavar="FILE", help="the lake's lake.yaml")
    parser.add_argument("--lake", metavar="URI", help="use this lake instead of the one in lake.yaml")
    parser.add_argument("--landing", metavar="URI", help="use this landing zone instead of the one in lake.yaml")
    parser.add_argument("--tenant", metavar="NAME", help="use this tenant instead of the one in lake.yaml")
    parser.add_argument(
        "--as-of", metavar="TIME", help="the moment the run stands for, ISO 8601 with zone (default: now)"
    )
    if JOBS[step] in HOUSEKEEPING:
        parser.add_argument(
            "--dry-run",
            nargs="?",
            const="true",
            choices=("true", "false", ""),
            help="tell what would be done, and do nothing",
        )
    if step == "replay_quarantine":
        parser.add_argument("--table", metavar="NAME", help="the table that refused the rows, such as silver.bids")
        parser.add_argument("--rule", metavar="ID", help="only rows that broke this rule")
        parser.add_argument("--since", metavar="TIME", help="only rows refused then or later, ISO 8601 with zone")
    for flag in GLUE_FLAGS:
        parser.add_argument(flag, help=argparse.SUPPRESS)
    found = {name: value for name, value in vars(parser.parse_args(list(argv))).items() if value and value.strip()}
    overrides = {name: found[name] for name in CONFIG_FLAGS if name in found}
    config = load_config(Path(found.get("config", "")), overrides)
    wish = None
    if step == "replay_quarantine":
        if "table" not in found:
            parser.error("the following arguments are required: --table")
        since = moment(found["since"], flag="--since") if "since" in found else None
        wish = Replay(found["table"], found.get("rule"), since)
    as_of = moment(found["as_of"]) if "as_of" in found else None
    return Arguments(config, as_of, found.get("dry_run") == "true", wish)


def moment(text: str, *, flag: str = "--as-of") -> datetime:
    """The UTC moment that an ISO 8601 time with zone names.

    Args:
        text: the value of a flag.
        flag: that an error names.

    Raises:
        UsageError: it is none, or has no zone (TIME_UNREADABLE).
    """
    try:
        found: datetime | None = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise UsageError(
            "TIME_UNREADABLE", "no moment", where=flag, found=repr(text), wanted="such as 2026-11-01T06:00:00Z"
        )
    return found.astimezone(UTC)


def main(step: str, argv: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """The exit code of a job run from a command line: 0 done, 1 failed, 2 bad usage, 3 held back by a gate."""
    try:
        arguments = parse(step, sys.argv[1:] if argv is None else argv)
        spark = Spark(arguments.config, environ)
        try:
            report = execute(
                [step],
                spark,
                arguments.config,
                as_of=arguments.as_of,
                dry_run=arguments.dry_run,
                wish=arguments.wish,
            )
        finally:
            spark.stop()
    except AdlakeError as error:
        print(error, file=sys.stderr)  # noqa: T201 the one line that a scheduler shows
        return error.exit_code
    for judgement in report.held:
        print(judgement.error(), file=sys.stderr)  # noqa: T201
    for done in (*report.maintained, *report.replayed, *report.rotated):
        print(done)  # noqa: T201
    for record in report.files_set_aside:
        print(f"set aside: {record.path}: {record.reason}", file=sys.stderr)  # noqa: T201
    return report.exit_code
