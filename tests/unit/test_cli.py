"""The command line as a user meets it: help, exit codes, what is refused and how; nothing here starts Java."""

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from adlake import cli, demo, job, resources
from adlake.account import Account
from adlake.config import load_config
from adlake.console import watch
from adlake.errors import GateHeld, LockError, PublishError
from adlake.interrupts import context, interruptible
from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.pipeline import PIPELINE, STEPS
from adlake.quality.verdict import Judgement, Outcome, Verdict
from adlake.records import AccountRecord, FileRecord
from adlake.report import JobReport
from adlake.version import VERSION
from tests.unit.judged import batch_rule, judged

COMMANDS = ("demo", "run", "job", "status", "quality", "identity", "validate", "generate", "setup")
FLAGS = {
    "demo": ("--lake", "--events", "--seed"),
    "run": ("--config", "--lake", "--landing", "--tenant", "--as-of", "--from", "--rebuild"),
    "status": ("--config", "--json"),
    "quality": ("--config", "--table", "--json"),
    "validate": ("--config",),
    "generate": ("DIR", "--events", "--seed"),
    "setup": (),
}
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def adlake(tmp_path, monkeypatch):
    """Runs a command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(cli.app, list(arguments), prog_name="adlake")


@pytest.fixture
def config(tmp_path):
    (tmp_path / "key").write_text("0123456789abcdef" * 4)
    path = tmp_path / "lake.yaml"
    path.write_text(
        "lake: ./lake\nlanding: ./landing\ntenant: herald\nnetwork_time_zone: Europe/Berlin\n"
        "identity: {key_file: ./key}\n"
    )
    return path


def test_the_help_names_every_command(adlake):
    found = adlake("--help")
    assert found.exit_code == 0
    assert all(f" {name} " in found.output for name in COMMANDS)


@pytest.mark.parametrize("name", FLAGS)
def test_the_help_of_a_command_names_its_flags(adlake, name):
    found = adlake(name, "--help")
    assert found.exit_code == 0
    assert all(flag in found.output for flag in FLAGS[name])


def test_the_version_is_shown(adlake):
    assert (adlake("--version").output, adlake("--version").exit_code) == (f"adlake {VERSION}\n", 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Usage"),
        (("rnu",), "run"),
        (("run", "--form", "build_gold"), "--form"),
        (("status", "extra"), "extra"),
        (("demo", "--events", "many"), "--events"),
        (("demo", "--events", "-1"), "--events"),
        (("generate",), "DIR"),
        (("job",), "NAME"),
    ],
)
def test_bad_usage_ends_with_2(adlake, arguments, said):
    found = adlake(*arguments)
    assert found.exit_code == 2
    assert said in found.output


@pytest.mark.parametrize(
    ("arguments", "condition"),
    [
        (("run", "--config", "none.yaml"), "CONFIG_MISSING"),
        (("status", "--config", "none.yaml"), "CONFIG_MISSING"),
        (("quality", "--config", "none.yaml"), "CONFIG_MISSING"),
        (("quality", "--table", "silver.gam_impresions"), "UNKNOWN_TABLE"),
        (("run", "--config", "lake.yaml", "--from", "bild_gold"), "UNKNOWN_STEP"),
        (("run", "--as-of", "yesterday"), "TIME_UNREADABLE"),
        (("run", "--as-of", "2026-11-01T06:00:00"), "TIME_UNREADABLE"),
        (("run", "--tenant", "No Spaces"), "CONFIG_INVALID"),
        (("job", "bild_gold"), "UNKNOWN_JOB"),
        (("generate", "out", "--events", "3"), "NOT_EMPTY"),
    ],
)
def test_a_known_failure_is_one_line_and_2(adlake, config, tmp_path, arguments, condition):
    (tmp_path / "out" / "landing" / "gam").mkdir(parents=True)
    found = adlake(*arguments)
    assert found.exit_code == 2
    assert found.stdout == ""
    assert found.stderr.startswith(f"adlake: [{condition}]")
    assert found.stderr.count("\n") == 1


def test_an_unknown_job_lists_the_known_ones(adlake):
    assert all(name in adlake("job", "bild_gold").stderr for name in STEPS)


@pytest.mark.parametrize("name", STEPS)
def test_a_job_takes_its_arguments_as_its_script_does(adlake, monkeypatch, name):
    heard = []
    monkeypatch.setattr(job, "main", lambda *arguments: heard.append(arguments) or 3)
    found = adlake("job", name, "--config", "x.yaml", "--as-of", "", "--JOB_RUN_ID", "j", "--help")
    assert found.exit_code == 3
    assert heard == [(name, ["--config", "x.yaml", "--as-of", "", "--JOB_RUN_ID", "j", "--help"])]


def test_the_help_of_a_job_is_its_own(adlake):
    found = adlake("job", "build_gold", "--help")
    assert found.exit_code == 0
    assert STEPS["build_gold"].meaning in found.output
    assert adlake("job", "build_gold", "--config", "x", "--bogus").exit_code == 2


@pytest.fixture
def execute(monkeypatch):
    """Stands in for the pipeline; gives what the test puts into `report`, and remembers what it was asked for."""

    class Execute:
        report = None
        asked = None

        def __call__(self, steps, _spark, config, **options):
            self.asked = (tuple(steps), config, options)
            if isinstance(self.report, BaseException):
                raise self.report
            return self.report

    stand_in = Execute()
    monkeypatch.setattr(job, "execute", stand_in)
    return stand_in


def report(commits=(), set_aside=(), error=""):
    return JobReport("r1", ("build_gold",), NOW, NOW, commits, set_aside, 61.2, 4.0, spark_started=True, error=error)


def commit(table, account):
    return AccountRecord("r1", "b1", "build_silver", table, 4, account, 1.5, 2.5, NOW)


SET_ASIDE = FileRecord("r1", "gam", "gam/[x]/cut.gz", "set_aside", 1, NOW, NOW, reason="[CUT_GZIP] the file ends early")


def test_a_run_passes_on_what_was_asked(adlake, execute, config):
    execute.report = report()
    flags = ("--from", "build_silver", "--rebuild", "--as-of", "2026-11-01T06:00:00+01:00", "--tenant", "other")
    assert adlake("run", *flags).exit_code == 0
    steps, found, options = execute.asked
    assert steps == ("build_silver", "build_gold")
    assert (found.tenant, found.lake) == ("other", str(config.parent / "lake"))
    assert (options["rebuild"], options["as_of"]) == (True, datetime(2026, 11, 1, 5, tzinfo=UTC))


def test_a_run_does_all_steps_with_what_is_new_unless_told_otherwise(adlake, execute, config):
    execute.report = report()
    adlake("run", "--from", "", "--as-of", "", "--lake", "")
    steps, found, options = execute.asked
    assert steps == tuple(step.name for step in PIPELINE)
    assert (found.lake, options["rebuild"], options["as_of"]) == (str(config.parent / "lake"), False, None)


def test_a_run_without_work_says_so_in_one_line(adlake, execute, config):
    execute.report = report()
    found = adlake("run")
    assert found.exit_code == 0
    assert found.stdout == "Nothing to do: no new file, no open batch (1 min 01 s).\n"


def rows(output):
    """The rows of the printed tables, as words."""
    return [line.split() for line in output.splitlines()]


def test_a_run_shows_its_accounts_by_table_and_what_was_refused(adlake, execute, config):
    first = Account(1200, 1000, 100, {"key_missing": 60}, {"unfilled_impression": 40}, superseded=7)
    second = Account(10, 9, 0, {"key_missing": 2}, restored=1)
    execute.report = report((commit("silver.gam_impressions", first), commit("silver.gam_impressions", second)))
    found = adlake("run")
    assert found.exit_code == 0
    words = "silver.gam_impressions 1,210 1 1,009 100 62 40 7 3.0 s"
    assert words.split() in rows(found.stdout)
    meaning = "silver.gam_impressions key_missing 62 nothing tells the row from others"
    assert meaning.split() in rows(found.stdout)
    assert "Done: 1 batch in 1 min 01 s" in found.stdout
    assert f"{config.parent}/lake/ops/reports/r1.json" in found.stdout


def test_a_run_names_the_files_it_set_aside_and_ends_with_1(adlake, execute, config):
    execute.report = report(set_aside=(SET_ASIDE,))
    found = adlake("run")
    assert found.exit_code == 1
    assert "  gam/[x]/cut.gz: [CUT_GZIP] the file ends early\n" in found.stdout


def test_a_run_names_what_a_gate_holds_and_the_way_out_and_ends_with_3(adlake, execute, config):
    outcomes = (Outcome("no_key", "hold", "failed", 7, 90), Outcome("with_id", "warn", "failed", 1, 90))
    held = Judgement(Verdict("silver.gam_clicks", "s1", 90, outcomes), "build_silver", "b1", is_batch=True)
    execute.report = replace(report(), held=(held,))
    found = adlake("run")
    assert found.exit_code == 3
    way_out = "Mend the cause and run again, or publish it as it is: `adlake release --batch b1 --reason ...`."
    assert found.stdout.splitlines()[:5] == [
        "Held by a quality gate; nothing of it is published:",
        "  [GATE_HELD] silver.gam_clicks, batch b1",
        "    1 of 2 rules: no_key",
        f"    `adlake quality --table silver.gam_clicks` shows why. {way_out}",
        "Done, but a gate held data back: 0 batches in 1 min 01 s, 4.0 s of processor time.",
    ]


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (PublishError("WRITE_FAILED", "no room", where="gold.user_days"), 1),
        (LockError("LAKE_LOCKED", "another writer is at work"), 1),
        (GateHeld("GATE_HELD", "held"), 3),
    ],
)
def test_a_failed_run_ends_with_the_code_of_its_error(adlake, execute, config, error, exit_code):
    execute.report = error
    found = adlake("run")
    assert (found.exit_code, found.stderr) == (exit_code, f"adlake: {error}\n")


def test_an_unexpected_error_keeps_its_traceback(adlake, execute, config):
    execute.report = ZeroDivisionError("a fault of ours")
    found = adlake("run")
    assert found.exit_code == 1
    assert found.exception is execute.report


ON_A_TERMINAL = """
import os, sys
from adlake.config import load_config
from adlake.console import watch
from adlake.errors import PublishError

with watch("look for new files") as tell:
    for done in range(3):
        tell("build_gold", f"table_{done}", done, 3)
        os.write(2, b"WARN: Java speaks\\n")
    if len(sys.argv) > 1:
        raise PublishError("WRITE_FAILED", "no room")
print("all done")
"""


def on_a_terminal(*arguments):
    """What a terminal shows of the script, and the exit code."""
    main, terminal = pty.openpty()
    command = [sys.executable, "-c", ON_A_TERMINAL, *arguments]
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal) as process:
        os.close(terminal)
        shown = b""
        # reading a terminal that nobody writes to any more is an error on Linux
        with contextlib.suppress(OSError):
            while piece := os.read(main, 4096):
                shown += piece
    os.close(main)
    return shown.decode(), process.returncode


def test_on_a_terminal_there_are_bars_and_java_is_not_heard():
    shown, exit_code = on_a_terminal()
    assert exit_code == 0
    assert "build_gold" in shown
    assert "3/3" in shown
    assert "Java" not in shown
    assert shown.rstrip().endswith("all done")


def test_what_java_said_is_kept_when_the_work_failed():
    shown, exit_code = on_a_terminal("fail")
    assert exit_code == 1
    (kept,) = re.findall(r"What Java said is in (\S+\.log)", shown)
    assert Path(kept).read_text() == "WARN: Java speaks\n" * 3
    Path(kept).unlink()


@pytest.fixture
def as_if_on_a_terminal(monkeypatch):
    terminal = SimpleNamespace(stderr=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("adlake.console.progress.sys", terminal)


def test_standard_error_is_put_back(as_if_on_a_terminal, capfd):
    with watch("look for new files") as tell:
        tell("build_silver", "page_events", 0, 1)
        tell("build_gold", "user_days", 0, 2)
        os.write(2, b"WARN: Java speaks\n")
    os.write(2, b"heard again\n")
    shown = capfd.readouterr().err
    assert "2/2" in shown
    assert "Java" not in shown
    assert shown.endswith("heard again\n")


@pytest.mark.parametrize(("said", "is_told"), [(b"WARN: Java speaks\n", True), (b"", False)])
def test_a_failure_tells_where_java_is_heard(as_if_on_a_terminal, capfd, said, is_told):
    def fail(said):
        with watch("look for new files"):
            os.write(2, said)
            raise PublishError("WRITE_FAILED", "no room")

    with pytest.raises(PublishError):
        fail(said)
    kept = re.findall(r"What Java said is in (\S+\.log)", capfd.readouterr().err)
    assert [Path(path).read_bytes() for path in kept] == ([said] if is_told else [])
    for path in kept:
        Path(path).unlink()


def test_elsewhere_there_is_a_line_for_each_piece(capfd):
    with watch("look for new files") as tell:
        tell("build_gold", "user_days", 0, 2)
        tell("build_gold", "user_days", 2, 2)
    assert capfd.readouterr() == ("", "build_gold: user_days (1 of 2)\n")


SLEEPING = """
import os, signal, sys, threading, time
from adlake import cli, job

def execute(*_, **__):
    print("started", flush=True)
    try:
        time.sleep(60)
    finally:
        # what a library does to an interrupt on its way
        raise OSError("connection lost")

job.execute = execute
cli.app(sys.argv[1:], prog_name="adlake")
"""


def test_an_interrupt_ends_a_run_with_130_and_one_line(config):
    command = [sys.executable, "-c", SLEEPING, "run", "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "started\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "adlake: interrupted; what was committed stays, and the next run goes on from there.\n"


def test_an_interrupt_ends_what_was_started_since():
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(sleep) as before:
        with pytest.raises(KeyboardInterrupt), interruptible(), subprocess.Popen(sleep) as since:
            os.kill(os.getpid(), signal.SIGINT)
        assert (since.returncode, before.poll()) == (-signal.SIGTERM, None)
        before.kill()


def test_an_interrupt_puts_everything_back():
    handler, of_pyspark = signal.getsignal(signal.SIGINT), context.signal
    with pytest.raises(KeyboardInterrupt), interruptible():
        os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(OSError, match="disk"), interruptible():
        raise OSError("disk")
    assert (signal.getsignal(signal.SIGINT), context.signal) == (handler, of_pyspark)


def test_a_sound_configuration_has_no_fault(adlake, config):
    found = adlake("validate")
    assert (found.exit_code, found.stderr) == (0, "")
    assert "lake.yaml" in found.stdout


def test_without_a_configuration_the_contracts_are_checked(adlake):
    found = adlake("validate")
    assert found.exit_code == 0
    assert "contracts" in found.stdout


def test_a_configuration_that_is_named_must_be_there(adlake):
    found = adlake("validate", "--config", "none.yaml")
    assert found.exit_code == 2
    assert "none.yaml" in found.stderr


def test_all_faults_are_told_at_once_with_file_and_line(adlake, config, tmp_path, monkeypatch):
    config.write_text("lake: ./lake\nlanding: ftp://x\ntenant: A B\nnetwork_time_zone: Europe/Berlni\n")
    contract = resources.folder("schemas") / "silver" / "gam_clicks.odcs.yaml"
    broken = tmp_path / "schemas" / "silver" / "gam_clicks.odcs.yaml"
    broken.parent.mkdir(parents=True)
    broken.write_text(contract.read_text().replace("layer, value: silver", "layer, value: sliver"))
    monkeypatch.setattr("adlake.contracts.loading.folder", lambda name: tmp_path / name)
    found = adlake("validate")
    assert found.exit_code == 2
    told = found.stderr.splitlines()
    for place in ("lake.yaml, line 2, landing", "lake.yaml, line 3, tenant", "lake.yaml, line 4, network_time_zone"):
        assert any(line.startswith(place) for line in told), place
    assert any(line.startswith("lake.yaml, identity") for line in told)
    assert any(line.startswith("schemas/silver/gam_clicks.odcs.yaml, line ") for line in told)
    assert told[-1] == f"adlake: {len(told) - 1} faults found"


def test_a_key_in_the_wrong_place_is_not_shown(adlake, config):
    secret = "4f1d" * 16
    config.write_text(config.read_text().replace("{key_file: ./key}", f"{{key_env: {secret}}}"))
    for command in ("validate", "status", "run"):
        found = adlake(command)
        assert found.exit_code == 2
        assert secret not in found.output


def test_the_status_of_a_new_lake_says_what_to_do(adlake, config):
    found = adlake("status")
    assert found.exit_code == 0
    assert "none yet: adlake run" in found.stdout


def test_the_status_for_machines_is_json(adlake, config):
    found = adlake("status", "--json")
    assert json.loads(found.stdout)["tenant"] == "herald"


@pytest.mark.parametrize("flags", [(), ("--table", ""), ("--table", "silver.gam_clicks")])
def test_the_quality_of_a_new_lake_says_that_there_is_none(adlake, config, flags):
    found = adlake("quality", *flags)
    assert found.exit_code == 0
    assert "no verdict yet" in found.stdout.lower()


def test_the_quality_is_that_of_the_table_that_was_asked_for(adlake, config, tmp_path):
    rows = [judged(batch_rule("rows", 5.0), table=f"silver.gam_{name}", version=1) for name in ("clicks", "requests")]
    Ledger(Lake(load_config(config))).add_verdicts([row for verdict in rows for row in verdict])
    assert list(json.loads(adlake("quality", "--json").stdout)["tables"]) == [
        "silver.gam_clicks",
        "silver.gam_requests",
    ]
    assert list(json.loads(adlake("quality", "--json", "--table", "silver.gam_clicks").stdout)["tables"]) == [
        "silver.gam_clicks"
    ]
    assert "silver.gam_clicks: verdicts, newest first" in adlake("quality", "--table", "silver.gam_clicks").stdout
    assert "Quality gate" in adlake("quality").stdout


def test_generate_writes_what_run_needs(adlake, tmp_path):
    found = adlake("generate", "out", "--events", "500", "--seed", "3")
    assert found.exit_code == 0
    truth = json.loads((tmp_path / "out" / "truth.json").read_text())
    assert (truth["events"], truth["seed"]) == (500, 3)
    assert adlake("validate", "--config", "out/lake.yaml").exit_code == 0
    assert "adlake run --config out/lake.yaml" in found.stdout


@pytest.mark.parametrize("content", ["a file", "a folder"])
def test_a_demonstration_replaces_nothing_but_demonstrations(adlake, tmp_path, content):
    mine = tmp_path / "mine"
    if content == "a folder":
        mine.mkdir()
        mine /= "notes.txt"
    mine.write_text("precious")
    found = adlake("demo", "--lake", "mine")
    assert found.exit_code == 2
    assert found.stderr.startswith("adlake: [NO_DEMO_FOLDER]")
    assert mine.read_text() == "precious"


def test_a_demonstration_clears_its_own_folder_and_leaves_other_files(tmp_path):
    folder = tmp_path / "new"
    demo.clear(folder)
    (folder / "lake" / "gold").mkdir(parents=True)
    (folder / "truth.json").write_text("{}")
    (folder / "notes.txt").write_text("mine")
    demo.clear(folder)
    assert sorted(path.name for path in folder.iterdir()) == [demo.MARK, "notes.txt"]


def test_a_demonstration_is_not_replaced_while_it_runs(tmp_path):
    demo.clear(tmp_path)
    lock = tmp_path / "lake" / "ops" / "writer.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text(json.dumps({"owner": "r1", "host": "elsewhere", "pid": 1, "expires_at": 4e9}))
    with pytest.raises(LockError, match="LAKE_LOCKED"):
        demo.clear(tmp_path)
    assert lock.is_file()


def test_set_up_prepares_this_machine(adlake, monkeypatch):
    heard = []

    def prepare(environ, rehearse, tell):
        heard.extend([dict(environ), rehearse])
        tell("ready")

    monkeypatch.setattr("adlake.preparation.prepare", prepare)
    found = adlake("setup")
    assert (found.exit_code, found.stdout) == (0, "ready\n")
    assert heard == [dict(os.environ), cli.rehearse]


def test_a_rehearsal_is_a_small_run_whose_java_has_the_flags(monkeypatch):
    heard = []
    monkeypatch.setenv("SPARK_SUBMIT_OPTS", "")
    monkeypatch.setattr("adlake.preparation.run_a_little", lambda environ: heard.append(environ["SPARK_SUBMIT_OPTS"]))
    cli.rehearse("-Xshare:auto")
    assert heard == ["-Xshare:auto"]


def test_the_installed_command_is_this_one():
    found = subprocess.run(
        [Path(sys.executable).with_name("adlake"), "--version"], capture_output=True, text=True, timeout=60, check=True
    )
    assert found.stdout == f"adlake {VERSION}\n"
