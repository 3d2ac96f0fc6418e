"""The demonstration from end to end, and what it tells a newcomer to type."""

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from deltalake import DeltaTable
from typer.testing import CliRunner

from adlake import cli, demo
from adlake.config import load_config
from adlake.console.demo import snippets
from adlake.demo_gate import GateDemo
from adlake.generator import Truth
from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.report import JobReport
from adlake.session import Spark
from adlake.wish import DoneReplay
from tests.doc_commands import blocks, commands
from tests.event_log import event_log

EVENTS = 2_000
NOW = datetime(2026, 11, 2, tzinfo=UTC)
NOTHING_HELD = JobReport("r", (), NOW, NOW, (), (), 1.0, 1.0, spark_started=False)
GATE = GateDemo(
    "b", NOTHING_HELD, NOTHING_HELD, NOTHING_HELD, DoneReplay("silver.bids", "b", 0, 0, {}, {}, is_dry=False), ()
)


def adlake(*arguments):
    return CliRunner().invoke(cli.app, list(arguments), prog_name="adlake")


@pytest.fixture(scope="module")
def finished(session, tmp_path_factory):
    """A folder in which the demonstration has run, and what it printed."""

    class Shared(Spark):
        def __init__(self, config, environ):
            super().__init__(config, environ, session)

        def stop(self):
            """Nothing: the session belongs to the test run."""

    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(demo, "Spark", Shared)
        with event_log(session, tmp_path_factory.mktemp("logged") / "events") as lines:
            shown = adlake("demo", "--events", str(EVENTS))
        return folder, shown, lines


@pytest.fixture
def in_folder(finished, monkeypatch):
    """Works where the demonstration was called."""
    monkeypatch.chdir(finished[0])
    return finished[0] / "adlake-demo"


def words(output):
    return [line.split() for line in output.splitlines()]


def test_the_demonstration_finds_no_difference(finished):
    shown = finished[1]
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.endswith("Everything is as it should be: no difference.\n")
    assert "second delivery: build_gold: user_days (4 of 6)" in shown.stderr


def test_its_summary_says_what_the_truth_says(finished):
    folder, shown, _ = finished
    truth = Truth.load(folder / "adlake-demo")
    for layer, names in (
        ("bronze", ("read", "published")),
        ("silver", ("read", "restored", "published", "duplicates")),
        ("vault", ("read", "restored", "published", "duplicates")),
    ):
        for table in truth.accounts(1)[layer]:
            accounts = [truth.accounts(delivery)[layer][table] for delivery in (1, 2)]
            sums = [sum(account.get(name, 0) for account in accounts) for name in names]
            refused = sum(sum(account["quarantined"].values()) for account in accounts)
            wanted = [table, *(f"{rows:,}" if rows else "-" for rows in (*sums, refused))]
            assert wanted in [row[: len(wanted)] for row in words(shown.stdout)]
    assert ["yield_hourly", f"{truth.gold(2)['yield_hourly']['rows']:,}"] in [row[:2] for row in words(shown.stdout)]


def test_it_leaves_a_lake_in_which_everything_is_finished(in_folder):
    found = json.loads(adlake("status", "--config", "adlake-demo/lake.yaml", "--json").stdout)
    assert (found["open_work"], found["files_set_aside"], found["writer"]) == ([], [], None)
    assert found["last_run"]["exit_code"] == 0
    shown = adlake("status", "--config", "adlake-demo/lake.yaml")
    assert shown.exit_code == 0
    assert "Every batch that was taken is finished." in shown.stdout


def test_a_run_after_it_has_nothing_to_do(in_folder):
    before = {path: path.stat().st_mtime_ns for path in in_folder.glob("lake/*/*/_delta_log/*")}
    shown = adlake("run", "--config", "adlake-demo/lake.yaml")
    assert (shown.exit_code, shown.stdout[:14]) == (0, "Nothing to do:")
    assert {path: path.stat().st_mtime_ns for path in in_folder.glob("lake/*/*/_delta_log/*")} == before


PLANTED = {
    **dict.fromkeys(("gam_requests", "gam_impressions", "gam_clicks"), ("UserId", "PublisherProvidedID")),
    "page_events": ("user_id", "domain_userid", "network_userid"),
}
OPEN_LAYERS = ("silver", "gold", "ops")
WORDS = re.compile(r"[\w@.+~-]{8,}")
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w+")


@pytest.fixture(scope="module")
def planted(finished):
    """Identifiers and consent strings that were delivered in clear, and the secret."""
    folder = finished[0] / "adlake-demo"
    found = {(folder / "identity.key").read_text().strip()}
    for name, columns in PLANTED.items():
        for row in texts_of(folder / "lake" / "bronze" / name, columns):
            found.update(row)
    for record in texts_of(folder / "lake" / "bronze" / "prebid_auctions", ("_record",)):
        found.update(re.findall(r'"(?:ifa|consent|gpp)":"([^"]+)"', " ".join(record)))
    for contexts in texts_of(folder / "lake" / "bronze" / "page_events", ("contexts",)):
        found.update(re.findall(r'"(?:tcString|gppString)":"([^"]+)"', " ".join(contexts)))
    for row in texts_of(folder / "lake" / "vault" / "contacts", ("login", "emails", "contact_id")):
        found.update(row)
    for phones in texts_of(folder / "lake" / "vault" / "contacts", ("phones",)):
        found.update(re.findall(r'"e164": "([^"]+)"', " ".join(phones)))
    told = {word for one in found for word in WORDS.findall(one) if word.strip("0-")}
    assert len(told) > EVENTS / 10
    return told


def texts_of(path, columns=None):
    """The rows of a table as texts."""
    rows = DeltaTable(path).to_pyarrow_table(columns=columns and list(columns)).to_pylist()
    return [[json.dumps(value, default=str, ensure_ascii=False) for value in row.values() if value] for row in rows]


def test_what_was_planted_is_found_where_it_may_be(in_folder, planted):
    for table in ("bronze/page_events", "bronze/gam_impressions", "vault/contacts"):
        text = " ".join(word for row in texts_of(in_folder / "lake" / table) for word in row)
        assert planted & set(WORDS.findall(text)), table


@pytest.mark.parametrize("layer", OPEN_LAYERS)
def test_no_open_table_names_anybody(in_folder, planted, layer):
    tables = [path.parent for path in (in_folder / "lake" / layer).glob("*/_delta_log")]
    assert tables
    for path in tables:
        text = " ".join(word for row in texts_of(path) for word in row)
        assert planted & set(WORDS.findall(text)) == set(), path.name
        assert ADDRESS.findall(text) == [], path.name


def test_q04_no_log_and_no_name_of_a_file_names_anybody(finished, in_folder, planted):
    _, shown, events = finished
    # plans and descriptions of jobs stand in the event log
    assert sum("SparkListenerSQLExecutionStart" in line for line in events) > 100
    for line in (*events, *shown.output.splitlines(), *shown.stderr.splitlines()):
        assert planted & set(WORDS.findall(line)) == set()
    pages = [path.read_text() for path in in_folder.glob("lake/ops/*/*.*") if path.suffix in {".html", ".json"}]
    assert pages
    for text in (*pages, *[str(path) for path in (in_folder / "lake").rglob("*")]):
        assert planted & set(WORDS.findall(text)) == set()
        assert ADDRESS.findall(text) == []


@pytest.fixture
def typed(session, in_folder, monkeypatch, capfd):
    """Types lines of Python and gives what is printed; the session of the test run began in another folder."""
    monkeypatch.setattr("adlake.session.build_session", lambda *_: session)

    def run(text):
        lines = text.replace("adlake-demo/", f"{in_folder}/")
        exec(compile(lines, "lines", "exec"), {})  # noqa: S102 that they run as they stand is the point
        return capfd.readouterr().out

    return run


@pytest.mark.parametrize(
    ("title", "said"), [("DuckDB (pip install duckdb)", "open_adx"), ("Spark", "2026-11-01")], ids=["duckdb", "spark"]
)
def test_the_lines_to_copy_work(finished, typed, title, said):
    lines = snippets(Path("adlake-demo"))[title]
    assert all(f"  {line}\n" in finished[1].stdout for line in lines)
    assert said in typed("\n".join(lines))


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.page)
def test_the_code_in_the_guides_works(typed, block):
    """Each block prints a table of its own, or a decision."""
    said = r"open|requests|page_views|page_ping|rule_id|newsletter_state|p95|is_alarm|us_privacy"
    assert re.search(said, typed(block.text))


@pytest.mark.parametrize(
    "command", [command for command in commands() if "adlake-demo/lake.yaml" in command.words], ids=str
)
def test_the_commands_in_the_guides_work(in_folder, command):
    shown = adlake(*command.words[1:])
    assert shown.exit_code == 0, shown.output


@pytest.fixture
def altered(in_folder, tmp_path, monkeypatch):
    """Lets `adlake demo` find the finished lake beside a truth that the test has altered."""

    def alter(change):
        folder = tmp_path / "adlake-demo"
        folder.mkdir()
        shutil.copytree(in_folder / "truth", folder / "truth")
        for name in ("lake.yaml", "identity.key"):
            shutil.copy(in_folder / name, folder)
        (folder / "lake").symlink_to(in_folder / "lake")
        document = json.loads((in_folder / "truth.json").read_text())
        change(document)
        (folder / "truth.json").write_text(json.dumps(document))
        accounts = Ledger(Lake(load_config(folder / "lake.yaml"))).accounts()
        # the runs on the two deliveries; what the gate showed came later
        runs = sorted({record.run_id for record in accounts})[: len(demo.DELIVERIES)]
        at = accounts[0].committed_at_utc
        reports = tuple(JobReport(run, (), at, at, (), (), 1.0, 1.0, spark_started=False) for run in runs)
        monkeypatch.setattr(demo, "clear", lambda _: None)
        monkeypatch.setattr(demo, "generate", lambda directory, **_: Truth.load(directory))
        monkeypatch.setattr(demo, "process", lambda *_: reports)
        monkeypatch.setattr(demo, "show_gate", lambda *_: GATE)
        return adlake("demo", "--lake", str(folder))

    return alter


def test_a_truth_that_is_right_passes_again(altered):
    assert altered(lambda _: None).exit_code == 0


def test_one_altered_number_ends_with_1_and_is_named(altered):
    def change(document):
        document["deliveries"]["2"]["accounts"]["silver"]["gam_requests"]["duplicates"] += 1

    shown = altered(change)
    assert shown.exit_code == 1
    assert "1 difference:" in shown.stdout
    (line,) = [line for line in shown.stdout.splitlines() if line.startswith("  delivery ")]
    assert line.startswith("  delivery 2: silver.gam_requests duplicates: found ")


def test_many_differences_go_to_a_file_as_well(altered, tmp_path):
    def change(document):
        for tables in document["deliveries"]["1"]["accounts"].values():
            for account in tables.values():
                for name in ("read", "published", "duplicates", "restored"):
                    account[name] = account.get(name, 0) + 1000

    shown = altered(change)
    assert shown.exit_code == 1
    assert "96 differences:" in shown.stdout
    assert "and 56 more" in shown.stdout
    assert len((tmp_path / "adlake-demo" / "differences.txt").read_text().splitlines()) == 96
