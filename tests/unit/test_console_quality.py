"""What `adlake quality` prints, and what of it `adlake status` prints too: whole screens, written out."""

import json

import pytest
from rich.console import Console

from adlake.console import show_quality
from adlake.console.sparkline import sparkline, states
from adlake.contracts import table
from adlake.errors import UsageError
from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.quality.chronicle import past_verdicts
from adlake.quality.overview import read_quality
from adlake.quality.page import write_page
from adlake.quality.suite import load_suite
from adlake.quality.trend import Point
from tests.conftest import make_config
from tests.unit.judged import NOW, RULE, SHOWN, batch_rule, judged, row_rule, write_suite


@pytest.fixture(autouse=True)
def suites(tmp_path, monkeypatch):
    (tmp_path / "expectations").mkdir()
    monkeypatch.setattr("adlake.quality.suite.folder", lambda name: tmp_path / name)
    return tmp_path / "expectations"


@pytest.fixture
def lake(tmp_path):
    return Lake(make_config(tmp_path))


@pytest.fixture
def printed(lake, monkeypatch, capsys):
    """Prints the quality of the lake on a screen of some width and gives the lines."""

    def show(width=80, table=None, config="lake.yaml"):
        screen = Console(width=width, markup=False, emoji=False, highlight=False)
        monkeypatch.setattr("adlake.console.quality.screen", lambda: screen)
        show_quality(read_quality(lake, table, now=NOW), table, config)
        return [line.rstrip() for line in capsys.readouterr().out.splitlines()]

    return show


def keep(lake, *verdicts):
    Ledger(lake).add_verdicts([row for verdict in verdicts for row in verdict])


def deliveries(count=20, *, suite=""):
    """As many hours that went well, the last of them an hour ago."""
    return [
        judged(
            row_rule("no_key", 1000 + 500 * (ago % 3), 1_200_000),
            batch_rule("row_count", 1_200_000.0 + 10_000 * (ago % 4), 900_000.0, 1_500_000.0),
            batch_rule("newest", NOW.timestamp() - 3600 * ago, on_fail="warn"),
            hours_ago=ago,
            batch_id=f"20261122T{ago:02}0000000000Z",
            version=100 - ago,
            rows=1_200_000,
            suite=suite,
        )
        for ago in range(count, 0, -1)
    ]


def held(*, suite="", **values):
    rules = (
        row_rule("no_key", 23_456, 1_234_567, outcome="failed"),
        batch_rule("row_count", 1_234_567.0, 900_000.0, 1_500_000.0),
        batch_rule("newest", NOW.timestamp() - 60, NOW.timestamp() - 7200, NOW.timestamp(), on_fail="warn"),
    )
    values = {"batch_id": "20261122T120000000000Z", "state": "held", "rows": 1_234_567} | values
    return judged(*rules, suite=suite, fingerprint="0e6a8da92c7d9576", **values)


HELD = f"""\
Held back by the quality gate; readers see nothing of it:
  silver.gam_impressions, batch 20261122T120000000000Z
    held since 2026-11-22 12:00:00 UTC (just now): no_key
    Correct the input or the rule and run again, or publish the batch as it is:
    adlake release --batch 20261122T120000000000Z --table {SHOWN} --reason "..."
"""
VERDICTS = """
silver.gam_impressions: verdicts, newest first
State   When      Batch                   Ver.       Rows
─────────────────────────────────────────────────────────
held    just now  20261122T120000000000Z     -  1,234,567
passed  1 h ago   20261122T010000000000Z    99  1,200,000
passed  2 h ago   20261122T020000000000Z    98  1,200,000
passed  3 h ago   20261122T030000000000Z    97  1,200,000
passed  4 h ago   20261122T040000000000Z    96  1,200,000
passed  5 h ago   20261122T050000000000Z    95  1,200,000
passed  6 h ago   20261122T060000000000Z    94  1,200,000
passed  7 h ago   20261122T070000000000Z    93  1,200,000
and 13 earlier ones

Rules of the newest verdict (run r000)
build_silver; suite SUITE; verdict 0e6a8da92c7d9576
"""
RULES_80 = """\
Rule                    Outcome     Found, allowed               Trend
──────────────────────────────────────────────────────────────────────────────
no_key                  failed      23,456 of 1,234,567 (1.90%)  ▂▁▁▂▁▁▂▁▁▂▁│█
why there is no_key     quarantine  at most 1.00%
row_count               passed      1,234,567                    ▇▅▃▁▇▅▃▁▇▅▃│█
why there is row_count  hold        900,000 to 1,500,000
newest                  passed      2026-11-22 11:59:00 UTC
why there is newest     warn        2026-11-22 10:00:00 UTC to
                                    2026-11-22 12:00:00 UTC

Trend: what was published, oldest first; behind │ what was not.
"""


def test_one_table_at_eighty_columns(lake, printed, suites):
    write_suite(suites)
    suite = load_suite(table(SHOWN)).fingerprint
    keep(lake, *deliveries(suite=suite), held(suite=suite))
    assert "\n".join(printed(80, SHOWN)) == HELD + VERDICTS.replace("SUITE", suite) + RULES_80


def test_a_wide_screen_shows_longer_trends(lake, printed):
    keep(lake, *deliveries(40), held())
    (line,) = [line for line in printed(120, SHOWN) if line.startswith("row_count")]
    assert line.split()[-1] == ("▁▇▅▃" * 7) + "│█"


@pytest.mark.parametrize("width", [72, 80, 100, 160])
def test_numbers_are_whole_at_any_width(lake, printed, width):
    keep(lake, *deliveries(), held())
    text = "\n".join(printed(width, SHOWN))
    for whole in ("23,456 of 1,234,567 (1.90%)", "900,000 to 1,500,000", "2026-11-22 12:00:00 UTC", "quarantine"):
        assert whole in text
    assert "…" not in text


def test_all_tables_at_eighty_columns(lake, printed):
    fails = batch_rule("mean_response_milliseconds", 5.0, outcome="failed", on_fail="warn")
    keep(
        lake,
        *deliveries(3),
        judged(batch_rule("rows", 1.0), table="silver.newsletter_campaigns", version=3, hours_ago=30),
        judged(fails, table="gold.yield_hourly", step="build_gold", version=3, state="passed_with_warnings"),
        judged(table="vault.contacts", state="could_not_run", reason="missing columns: email", suite="", batch_id="b"),
        held(version=101, released="agreed with ad ops"),
    )
    assert "\n".join(printed(80)) == (
        """\
Held back by the quality gate; readers see nothing of it:
  vault.contacts, batch b
    could not run since 2026-11-22 12:00:00 UTC (just now): the whole gate
    missing columns: email
    Nothing was judged, so nothing can be released. Mend the suite or the table and run again.

Quality gate
Table                        Newest verdict   When       Failed           Lately
────────────────────────────────────────────────────────────────────────────────
silver.gam_impressions       released         just now   no_key           ...R
silver.newsletter_campaigns  passed           1 day ago  -                .
vault.contacts               could not run    just now   -                ?
gold.yield_hourly            passed with      just now   mean_response_m  w
                             warnings                    illiseconds

Lately: the last verdicts, the newest at the end: . passed, w with warnings, R
released, H held, ? could not run.
All about one table: adlake quality --table NAME"""
    )


def test_releases_are_told_with_their_reason(lake, printed):
    known = {"version": 101, "released": "agreed with ad ops [4711]"}
    keep(lake, held(**known), judged(batch_rule("rows", 1.0), version=102, hours_ago=-0.5, batch_id="b2"))
    lines = printed(80, SHOWN)
    assert lines[-4:-1] == [
        "Released in spite of the gate",
        "  batch 20261122T120000000000Z, version 101, 2026-11-22 12:00:00 UTC (just now)",
        "    in spite of no_key: agreed with ad ops [4711]",
    ]
    assert lines[0] == "silver.gam_impressions: verdicts, newest first"


def test_a_verdict_without_rules_says_why(lake, printed):
    keep(lake, judged(state="could_not_run", suite="", reason="[SUITE_INVALID] the suite has 1 fault"))
    lines = printed(80, SHOWN)
    assert "build_silver; suite unreadable; verdict f1" in lines
    assert "[SUITE_INVALID] the suite has 1 fault" in lines
    assert not any(line.startswith("Rule ") for line in lines)


def test_commands_name_the_configuration_that_was_used(lake, printed):
    keep(lake, held())
    lines = printed(80, None, "other/lake.yaml")
    assert any(f"--table {SHOWN} --config other/lake.yaml --reason" in line for line in lines)


def test_the_newest_page_is_named_last(lake, printed):
    rows = held()
    keep(lake, rows)
    write_page(rows, Ledger(lake), lake.storage)
    assert printed()[-1] == f"Page of the newest run: {lake.config.lake}/ops/quality/r000.html"


@pytest.mark.parametrize(("name", "what"), [(None, "No verdict yet"), (SHOWN, f"{SHOWN} has no verdict yet")])
def test_a_lake_without_verdicts_says_so_and_is_not_made(lake, printed, tmp_path, name, what):
    assert printed(80, name) == [f"{what}: the quality gate judges what a run publishes. Next: adlake run"]
    assert printed(80, name, "x.yaml")[0].endswith("adlake run --config x.yaml")
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize("name", ["silver.gam_impresions", "bronze.gam_clicks", "ops.runs"])
def test_an_unknown_table_is_refused_with_the_known_ones(lake, name):
    keep(lake, judged(batch_rule("rows", 1.0), table="silver.retired", version=1))
    with pytest.raises(UsageError) as caught:
        read_quality(lake, name)
    assert (caught.value.condition, caught.value.found) == ("UNKNOWN_TABLE", repr(name))
    for known in (SHOWN, "vault.contacts", "gold.yield_hourly", "silver.retired"):
        assert known in caught.value.wanted
    assert "bronze" not in caught.value.wanted
    assert [one.name for one in read_quality(lake, "silver.retired").tables] == ["silver.retired"]


def test_the_document_for_machines_has_stable_keys(lake):
    keep(lake, *deliveries(1), held())
    document = read_quality(lake, now=NOW).as_dict()
    assert json.loads(json.dumps(document)) == document
    assert tuple(document) == ("adlake_version", "lake", "tenant", "at_utc", "page", "held_batches", "tables")
    assert [batch["rules"] for batch in document["held_batches"]] == [["no_key"]]
    found = document["tables"][SHOWN]
    assert set(found) == {"newest", "rules", "verdicts", "released"}
    assert set(found["newest"]) == {
        *("run_id", "batch_id", "step", "table", "state", "fingerprint", "suite", "reason", "released", "version"),
        *("rows", "is_batch", "as_of_utc", "at_utc", "standing", "failed"),
    }
    assert found["newest"]["failed"] == ["no_key"]
    assert [one["standing"] for one in found["verdicts"]] == ["held", "passed"]
    assert found["rules"][1] == {
        "rule": "row_count",
        "on_fail": "hold",
        "state": "passed",
        "unexpected": None,
        "judged": None,
        "observed": 1_234_567.0,
        "least": 900_000.0,
        "most": 1_500_000.0,
        "meaning": "",
        "scale": "number",
        "most_rows": None,
        "value": 1_234_567.0,
        "points": [
            {"at_utc": "2026-11-22T11:00:00+00:00", "standing": "passed", "value": 1_210_000.0},
            {"at_utc": "2026-11-22T12:00:00+00:00", "standing": "held", "value": 1_234_567.0},
        ],
    }


def points(*values, standing="passed"):
    return [Point(NOW, "r1", "b1", standing, value) for value in values]


@pytest.mark.parametrize(
    ("values", "kept", "most", "line"),
    [
        ([], [], 8, ""),
        ([1, 2, 3, 4, 5, 6, 7, 8], [], 8, "▁▂▃▄▅▆▇█"),
        ([9, 9, 1, 2, 3], [], 3, "▁▅█"),
        ([5, 5, 5], [], 8, "▅▅▅"),
        ([1, 2], [8], 8, "▁▂│█"),
        ([1, 2, 3, 4], [8], 4, "▁▂│█"),
        ([], [8], 8, "│▅"),
        ([1, 2], [8], 2, "│▅"),
    ],
)
def test_a_line_of_blocks(values, kept, most, line):
    assert sparkline([*points(*values), *points(*kept, standing="held")], most) == line


def test_a_line_of_blocks_may_stand_on_zero_or_be_plain():
    assert sparkline(points(6, 7), 8, from_zero=True) == "▇█"
    assert sparkline(points(0, 0), 8, from_zero=True) == "▁▁"
    assert sparkline([*points(0, 7), *points(7, standing="held")], 8, is_plain=True) == "_@|@"


def test_earlier_held_batches_leave_the_line():
    assert sparkline([*points(9, standing="held"), *points(1, 2)], 8) == "▁█"


def test_states_are_letters_the_newest_last():
    stands = [("passed", 1), ("held", None), ("passed_with_warnings", 2), ("could_not_run", None)]
    rows = [judged(RULE, state=state, version=version, hours_ago=9 - n) for n, (state, version) in enumerate(stands)]
    newest_first = past_verdicts([row for verdict in rows for row in verdict])
    assert (states(newest_first, 9), states(newest_first, 2)) == (".Hw?", "w?")
