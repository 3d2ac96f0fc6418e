"""What every job shares: its flags, its exit codes, and the run around its steps; nothing here starts Java."""

import json
import re
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from adlake import boundary, job
from adlake.account import Account
from adlake.errors import GateHeld, LockError, PublishError, UsageError
from adlake.job import Arguments, execute, main, moment, parse
from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.lock import LOCK_PATH, WriterLock
from adlake.pipeline import STEPS
from adlake.records import AccountRecord, FileRecord
from adlake.report import JobReport
from tests.unit.small_lakes import commit, rows_of, said

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = "0123456789abcdef0123456789abcdef"
ALL = tuple(STEPS)
GLUE = ["--JOB_ID", "j_1", "--JOB_RUN_ID", "jr_1", "--JOB_NAME", "x", "--TempDir", "s3://t", "--enable-metrics", "true"]


@pytest.fixture
def lake_yaml(tmp_path):
    (tmp_path / "key").write_text(SECRET)
    path = tmp_path / "lake.yaml"
    path.write_text(
        "lake: ./lake\nlanding: ./landing\ntenant: herald\nnetwork_time_zone: Europe/Berlin\n"
        "identity: {key_file: ./key}\n"
    )
    return str(path)


def test_a_job_takes_its_configuration_from_the_file(lake_yaml, tmp_path):
    found = parse("build_gold", ["--config", lake_yaml])
    assert isinstance(found, Arguments)
    assert (found.config.lake, found.config.tenant, found.as_of) == (str(tmp_path / "lake"), "herald", None)


def test_flags_replace_what_the_file_says(lake_yaml, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flags = [
        "--lake=s3://bucket/x",
        "--landing",
        "elsewhere",
        "--tenant",
        "post",
        "--as-of",
        "2026-11-01T06:00:00+01:00",
    ]
    found = parse("build_gold", ["--config", lake_yaml, *flags])
    assert (found.config.lake, found.config.tenant) == ("s3://bucket/x", "post")
    assert (found.config.landing, found.as_of) == (str(tmp_path / "elsewhere"), datetime(2026, 11, 1, 5, tzinfo=UTC))


@pytest.mark.parametrize("blank", ["", " "])
def test_blank_means_absent(lake_yaml, blank):
    """Schedulers hand over every flag, with nothing in those that nobody filled in."""
    flags = ["--lake", "--landing", "--tenant", "--as-of", "--JOB_NAME"]
    given = parse("build_gold", ["--config", lake_yaml, *[word for flag in flags for word in (flag, blank)]])
    assert given == parse("build_gold", ["--config", lake_yaml])


def test_what_glue_hands_to_every_script_is_passed_over(lake_yaml):
    given = parse("build_gold", [*GLUE, "--config", lake_yaml, "--job-language", "python"])
    assert given == parse("build_gold", ["--config", lake_yaml])


@pytest.mark.parametrize(
    "arguments",
    [
        ["--confg", "x"],
        ["--bogus", "1"],
        ["--bogus"],
        ["extra"],
        ["--lake"],
        # a prefix of a flag is another word
        ["--ten", "x"],
        ["--as", "2026-11-01T06:00:00Z"],
        ["--JOB", "x"],
        ["--config_", "x"],
    ],
)
def test_an_unknown_flag_ends_with_2(lake_yaml, capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        main("build_gold", ["--config", lake_yaml, *arguments])
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert (out, err.startswith("usage: build_gold ")) == ("", True)
    assert arguments[0] in err


@pytest.mark.parametrize("arguments", [[], ["--tenant", "x"], GLUE])
def test_a_job_needs_its_configuration(capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        main("build_gold", arguments)
    assert caught.value.code == 2
    assert "--config" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "is_dry"),
    [([], False), (["--dry-run"], True), (["--dry-run", "true"], True), (["--dry-run", ""], False)],
)
def test_only_jobs_beside_the_pipeline_can_tell_what_they_would_do(lake_yaml, capsys, flags, is_dry):
    assert parse("maintain_tables", ["--config", lake_yaml, *flags]).dry_run is is_dry
    with pytest.raises(SystemExit) if flags else nullcontext():
        assert parse("build_gold", ["--config", lake_yaml, *flags]).dry_run is False


@pytest.mark.parametrize("step", STEPS)
def test_the_help_names_every_flag_and_what_the_job_does_but_none_of_glue(capsys, step):
    with pytest.raises(SystemExit) as caught:
        main(step, ["--help"])
    out = " ".join(capsys.readouterr().out.split())
    assert caught.value.code == 0
    assert STEPS[step].meaning in out
    assert all(flag in out for flag in ("--config", "--lake", "--landing", "--tenant", "--as-of"))
    assert "JOB_NAME" not in out
    assert "TempDir" not in out


@pytest.mark.parametrize(
    ("arguments", "condition"),
    [
        (["--config", "none.yaml"], "CONFIG_MISSING"),
        (["--config", ""], "CONFIG_MISSING"),
        (["--tenant", "No Spaces"], "CONFIG_INVALID"),
        (["--lake", "ftp://x"], "CONFIG_INVALID"),
        (["--as-of", "yesterday"], "TIME_UNREADABLE"),
    ],
)
def test_bad_usage_is_one_line_and_2(lake_yaml, capsys, arguments, condition):
    assert main("build_gold", ["--config", lake_yaml, *arguments], {}) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"[{condition}]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-01T06:00:00Z", datetime(2026, 11, 1, 6, tzinfo=UTC)),
        ("2026-11-01T06:00:00.250-05:00", datetime(2026, 11, 1, 11, 0, 0, 250000, tzinfo=UTC)),
        ("2026-11-01 06:00+00:00", datetime(2026, 11, 1, 6, tzinfo=UTC)),
        ("20261101T060000Z", datetime(2026, 11, 1, 6, tzinfo=UTC)),
        # the hour that comes twice is told apart by its zone
        ("2026-10-25T02:30:00+02:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-10-25T02:30:00+01:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_moment_is_given_in_utc(text, expected):
    assert (moment(text), moment(text).tzinfo) == (expected, UTC)


@pytest.mark.parametrize("text", ["now", "", "2026-11-01", "2026-11-01T06:00:00", "2026-13-01T06:00:00Z", "1793523600"])
def test_a_moment_without_a_zone_is_none(text):
    with pytest.raises(UsageError) as caught:
        moment(text)
    assert (caught.value.condition, caught.value.where, caught.value.found) == (
        "TIME_UNREADABLE",
        "--as-of",
        repr(text),
    )


class FakeSpark:
    """A session that nobody needs; remembers whether it was stopped."""

    is_started = False

    def __init__(self, config=None, environ=None):
        self.config, self.environ, self.stops = config, environ, 0

    def expect(self, records):
        pass

    def stop(self):
        self.stops += 1


def report(*, set_aside=(), error=""):
    return JobReport("r1", ("build_gold",), NOON, NOON, (), set_aside, 1.0, 1.0, spark_started=False, error=error)


BROKEN = [FileRecord("r1", "gam", f"gam/{name}", "set_aside", 1, NOON, NOON, reason="[X] bad") for name in "ab"]


@pytest.fixture
def executed(monkeypatch):
    """Stands in for the run: gives or raises `result`, and remembers how it was called."""
    seen = SimpleNamespace(result=report(), calls=[], sparks=[])

    def spark(config, environ):
        seen.sparks.append(FakeSpark(config, environ))
        return seen.sparks[-1]

    def run(*arguments, **options):
        seen.calls.append((arguments, options))
        if isinstance(seen.result, BaseException):
            raise seen.result
        return seen.result

    monkeypatch.setattr(job, "Spark", spark)
    monkeypatch.setattr(job, "execute", run)
    return seen


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (report(), (0, "")),
        (report(set_aside=tuple(BROKEN)), (1, "set aside: gam/a: [X] bad\nset aside: gam/b: [X] bad\n")),
        (PublishError("WRITE_FAILED", "no room"), (1, "[WRITE_FAILED] no room.\n")),
        (LockError("LAKE_LOCKED", "busy"), (1, "[LAKE_LOCKED] busy.\n")),
        (UsageError("NO_JAVA", "there is no Java"), (2, "[NO_JAVA] there is no Java.\n")),
        (GateHeld("GATE_HELD", "too many nulls", where="gold.x"), (3, "[GATE_HELD] gold.x: too many nulls.\n")),
    ],
)
def test_the_exit_code_says_how_it_ended(executed, lake_yaml, capsys, result, told):
    executed.result = result
    exit_code = main("build_gold", ["--config", lake_yaml, "--as-of", "2026-11-22T12:00:00Z"], {"A": "b"})
    assert (exit_code, *capsys.readouterr()) == (told[0], "", told[1])
    (spark,) = executed.sparks
    assert (spark.environ, spark.stops) == ({"A": "b"}, 1)
    assert executed.calls == [((["build_gold"], spark, spark.config), {"as_of": NOON, "dry_run": False, "wish": None})]


def test_a_fault_of_ours_keeps_its_traceback_and_stops_spark(executed, lake_yaml):
    executed.result = ZeroDivisionError("a fault of ours")
    with pytest.raises(ZeroDivisionError):
        main("build_gold", ["--config", lake_yaml], {})
    assert executed.sparks[0].stops == 1


def test_without_arguments_the_command_line_is_read(executed, lake_yaml, monkeypatch):
    monkeypatch.setattr("sys.argv", ["build_gold.py", "--config", lake_yaml])
    assert main("build_gold") == 0


@pytest.fixture
def steps(monkeypatch):
    """Stands in for the work of the steps: each calls what the test puts under its name, with the run."""
    work, heard = {}, []

    def step(name):
        def do(run, secret, *, rebuild):
            heard.append((name, secret, rebuild))
            work.get(name, lambda _: None)(run)

        return do

    monkeypatch.setattr(job, "WORK", {name: step(name) for name in STEPS})
    return SimpleNamespace(work=work, heard=heard)


def reports(config):
    return [json.loads(path.read_text()) for path in sorted(Path(config.lake, "ops", "reports").glob("*.json"))]


def published(run, batch="b1"):
    """As if a step had committed something."""
    record = AccountRecord(run.run_id, batch, "build_gold", "gold.user_days", 0, Account(1, 1), 0.1, 0.2, NOON)
    run.published.append(record)
    return record


def test_steps_are_done_in_the_order_given_and_the_secret_only_read_for_silver(config, steps):
    execute(ALL, FakeSpark(), config, rebuild=True)
    secret = SECRET.encode()
    assert steps.heard == [(name, secret, True) for name in ALL]
    steps.heard.clear()
    execute(["build_gold"], FakeSpark(), config)
    assert steps.heard == [("build_gold", b"", False)]


def test_without_the_secret_the_lake_is_not_touched(config, steps):
    Path(config.identity.key_file).unlink()
    with pytest.raises(UsageError, match="KEY_MISSING"):
        execute(ALL, FakeSpark(), config)
    assert steps.heard == []
    assert not Path(config.lake).exists()
    execute(["ingest_bronze"], FakeSpark(), config)
    assert [name for name, *_ in steps.heard] == ["ingest_bronze"]


def test_a_run_without_work_leaves_its_report_and_no_table(config, steps):
    found = execute(ALL, FakeSpark(), config)
    assert re.fullmatch(r"\d{8}T\d{12}Z-[0-9a-f]{6}", found.run_id)
    assert (found.exit_code, found.spark_started, found.commits, found.error) == (0, False, (), "")
    assert reports(config) == [found.as_dict()]
    paths = {entry.path for entry in Lake(config).storage.entries()}
    assert paths == {f"ops/reports/{found.run_id}.json", LOCK_PATH + ".guard"}


def test_a_run_that_changed_something_is_remembered(config, steps):
    steps.work["build_gold"] = published
    found = execute(ALL, FakeSpark(), config)
    ledger = Ledger(Lake(config))
    assert ledger.accounts() == list(found.commits)
    (remembered,) = rows_of(Lake(config), "ops.runs")
    facts = {name: remembered[name] for name in ("run_id", "steps", "exit_code", "batches", "files_set_aside")}
    assert facts == {
        "run_id": found.run_id,
        "steps": list(ALL),
        "exit_code": 0,
        "batches": ["b1"],
        "files_set_aside": 0,
    }


def test_a_run_that_set_files_aside_ends_with_1_after_the_rest_is_done(config, steps):
    steps.work["ingest_bronze"] = lambda run: run.set_aside.append(BROKEN[0])
    found = execute(ALL, FakeSpark(), config)
    assert [name for name, *_ in steps.heard] == list(ALL)
    assert (found.exit_code, found.files_set_aside) == (1, (BROKEN[0],))
    assert [run["exit_code"] for run in rows_of(Lake(config), "ops.runs")] == [1]


@pytest.mark.parametrize("given", [None, NOON - timedelta(days=3)])
def test_a_run_stands_for_the_moment_given_or_for_its_start(config, steps, given):
    moments = []
    steps.work["build_gold"] = lambda run: moments.append(run.now)
    found = execute(["build_gold"], FakeSpark(), config, as_of=given)
    assert moments == [given or found.started_at_utc]


def test_the_lake_is_held_for_the_whole_run_and_free_afterwards(config, steps):
    storage = Lake(config).storage

    def second(run):
        run.lock.check()
        assert json.loads(storage.read(LOCK_PATH)[0])["owner"] == run.run_id
        with pytest.raises(LockError, match="LAKE_LOCKED"):
            execute(["build_gold"], FakeSpark(), config)

    steps.work["build_silver"] = second
    execute(ALL, FakeSpark(), config)
    assert storage.read(LOCK_PATH) is None
    # the run that was refused did nothing, not even a report
    assert len(reports(config)) == 1


def test_a_run_is_refused_while_another_one_is_at_work(config, steps):
    with WriterLock(Lake(config).storage, "other"), pytest.raises(LockError, match="LAKE_LOCKED"):
        execute(ALL, FakeSpark(), config)
    assert (steps.heard, reports(config)) == ([], [])


def fail(error):
    def step(run):
        published(run, "b2")
        raise error

    return step


def test_a_failed_run_says_why_and_keeps_what_was_done_before(config, steps):
    steps.work.update(ingest_bronze=published, build_silver=fail(PublishError("WRITE_FAILED", "no room")))
    with pytest.raises(PublishError, match="no room"):
        execute(ALL, FakeSpark(), config)
    assert [name for name, *_ in steps.heard] == list(ALL[:2])
    (found,) = reports(config)
    assert (found["exit_code"], found["error"], len(found["tables"])) == (1, "[WRITE_FAILED] no room.", 2)
    assert [(run["exit_code"], run["batches"]) for run in rows_of(Lake(config), "ops.runs")] == [(1, ["b1", "b2"])]
    assert [record.batch_id for record in Ledger(Lake(config)).accounts()] == ["b1"]
    assert Lake(config).storage.read(LOCK_PATH) is None


@pytest.mark.parametrize("error", [ZeroDivisionError("a fault of ours"), KeyboardInterrupt(), OSError("disk")])
def test_a_run_that_broke_off_for_any_reason_is_not_remembered_as_done(config, steps, error):
    steps.work["build_gold"] = fail(error)
    with pytest.raises(type(error)):
        execute(ALL, FakeSpark(), config)
    (found,) = reports(config)
    assert (found["exit_code"], bool(found["error"])) == (1, True)
    assert [run["exit_code"] for run in rows_of(Lake(config), "ops.runs")] == [1]


def test_accounts_of_a_killed_run_are_copied_before_the_first_step(config, steps):
    meta = said("gold.user_days", "b1", step="build_gold", account=Account(3, 3), run="killed")
    commit(Lake(config), "gold.user_days", [{"event_date": date(2026, 11, 1), "clicks": 1}], meta)
    known = []
    steps.work["ingest_bronze"] = lambda run: known.extend(run.ledger.accounts())
    execute(ALL, FakeSpark(), config)
    assert [(record.run_id, record.account) for record in known] == [("killed", Account(3, 3))]


def test_the_report_is_a_boundary_and_written_before_it(config, steps):
    reached = []
    unwatch = boundary.watch(lambda name: reached.append((name, len(reports(config)))))
    try:
        execute(ALL, FakeSpark(), config)
    finally:
        unwatch()
    assert reached == [("report", 1)]


def test_times_of_a_report_are_in_utc(config, steps):
    found = execute(["build_gold"], FakeSpark(), config)
    assert (found.started_at_utc.tzinfo, found.finished_at_utc.tzinfo) == (UTC, UTC)
    assert timedelta(0) <= found.finished_at_utc - found.started_at_utc < timedelta(minutes=1)
