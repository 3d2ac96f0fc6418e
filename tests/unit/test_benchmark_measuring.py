"""What the benchmark measures, how it judges, and what it prints and writes. No JVM."""

import io
import json
import sys

import pytest
from rich.console import Console

import benchmarks.__main__ as command
from adlake.snapshots import TABLE
from benchmarks import contenders
from benchmarks.bulk import Marginal, SizeResult, TableCheck, marginal
from benchmarks.consent import ConsentResult
from benchmarks.contenders import ADLAKE, PEER, Run
from benchmarks.features import FeaturesResult
from benchmarks.hourly import History, HourlyResult, TableSize
from benchmarks.measure import CommandFailed, Measurement, ProcessTree, measure
from benchmarks.peer import StepTime
from benchmarks.report import (
    show_consent,
    show_features,
    show_hourly,
    show_sizes,
    show_slope,
    show_sources,
    write_results,
)
from benchmarks.slope import DayCost, SlopeResult
from benchmarks.sources import SourcesResult, costs_of

BURN = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end: pass\n"
STEP = StepTime("build_gold", "gold.user_days", 3.0, 4.0)
RIGHT = TableCheck("gold.yield_hourly", 1, is_equal=True, is_true=True)


def test_what_a_process_uses_that_nobody_waits_for_is_counted(tmp_path):
    mark = tmp_path / "done"
    child = f"block = bytearray(150_000_000)\n{BURN.format(0.5)}open({str(mark)!r}, 'w')\ntime.sleep(2)"
    parent = (
        "import os, subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        f"while not os.path.exists({str(mark)!r}): time.sleep(0.05)\n"
        "time.sleep(0.5)\nos._exit(0)"
    )
    cost = measure([sys.executable, "-c", parent])
    assert cost.cpu_seconds > 0.45
    assert cost.peak_mb > 150
    assert cost.seconds > 1.0


def test_what_no_sample_has_seen_is_taken_from_the_kernel(monkeypatch):
    monkeypatch.setattr(ProcessTree, "sample", lambda _: None)
    cost = measure([sys.executable, "-c", BURN.format(0.06) + "print('done')"])
    assert cost.cpu_seconds >= 0.06
    assert cost.output == "done\n"


def test_a_command_that_fails_says_its_last_lines():
    with pytest.raises(CommandFailed, match=r"ended with 3:\n(?s:.*)the reason"):
        measure([sys.executable, "-c", "import sys; print('the reason', file=sys.stderr); sys.exit(3)"])


def run_of(contender, cpu_seconds, *steps, peak_mb=100.0):
    return Run(contender, Measurement(2 * cpu_seconds, cpu_seconds, peak_mb, "printed"), steps)


def size_of(events, adlake, peer, *checks):
    return SizeResult(events, events, run_of(ADLAKE, adlake, STEP), run_of(PEER, peer, STEP), checks)


def hourly_of(short, long, events=50_000, *, is_equal=True):
    histories = [
        History(
            name,
            run_of(ADLAKE, 99.0),
            {"silver.gam_clicks": TableSize(3, 7)},
            tuple(run_of(ADLAKE, cpu) for cpu in cpus),
        )
        for name, cpus in (("one hour", short), ("30 days", long))
    ]
    return HourlyResult(events, *histories, is_equal)


def slope_of(first, last, runs_per_day=24):
    sizes = {"silver.gam_clicks": TableSize(30, 7)}
    days = [
        DayCost(day, tuple(run_of(ADLAKE, cpu) for cpu in cpus), sizes, 8.5) for day, cpus in ((1, first), (60, last))
    ]
    return SlopeResult(runs_per_day, 60, tuple(days))


def sources_of():
    steps = (
        StepTime("ingest_bronze", "bronze.prebid_auctions", 1.0, 20.0),
        StepTime("build_silver", "silver.auctions", 1.0, 30.0),
        StepTime("build_silver", "silver.bids", 1.0, 10.5),
        StepTime("build_gold", "gold.bidder_daily", 1.0, 5.0),
    )
    run = run_of(ADLAKE, 100.0, *steps)
    return SourcesResult(1_000_000, run, tuple(costs_of(run, {"prebid_auctions": 500_000, "fx_rates": 19_999})))


def printed(show, *values):
    console = Console(width=140, file=io.StringIO())
    show(console, *values)
    return console.file.getvalue()


def test_ratios_compare_cpu_seconds():
    small, large = size_of(1_000_000, 80.0, 20.0), size_of(5_000_000, 180.0, 60.0)
    assert (small.ratio, large.ratio) == (4.0, 3.0)
    assert marginal([small, large]) == Marginal(adlake=25.0, peer=10.0)
    assert Marginal(adlake=25.0, peer=10.0).ratio == 2.5
    assert marginal([small]) is None


def test_an_hourly_batch_is_judged_by_the_middle_one():
    assert hourly_of((30.0, 10.0, 20.0), (26.0, 90.0, 1.0)).ratio == 1.3


@pytest.mark.parametrize(
    ("check", "is_equal"),
    [
        (TableCheck("gold.user_days", 1, is_equal=True, is_true=True), True),
        (TableCheck("silver.page_events", 1, is_equal=True), True),
        (TableCheck("silver.page_events", 1, is_equal=False), False),
        (TableCheck("gold.user_days", 1, is_equal=True, is_true=False), False),
        (TableCheck("gold.user_days", 1, is_equal=False, is_true=True), False),
    ],
)
def test_one_table_that_differs_is_enough(check, is_equal):
    assert size_of(1, 1.0, 1.0, RIGHT, check).is_equal is is_equal


def test_what_no_table_accounts_for_is_the_rest():
    assert run_of(ADLAKE, 10.0, STEP).rest == StepTime("everything else", "", 17.0, 6.0)


def test_a_report_gives_a_table_its_batches_together_and_no_time_twice():
    rows = [
        {"step": "build_silver", "table": name, "seconds": seconds, "cpu_seconds": cpu_seconds, "read": 1}
        for name, seconds, cpu_seconds in (
            ("quarantine.gam_clicks", 1.0, 1.0),
            ("silver.gam_clicks", 1.5, 2.5),
            ("silver.gam_clicks", 1.0, 0.5),
        )
    ]
    assert contenders._steps_of({"tables": rows}) == (StepTime("build_silver", "silver.gam_clicks", 2.5, 3.0),)


def test_bars_are_judged_at_the_sizes_for_which_they_were_set():
    met = [size_of(1_000_000, 40.0, 20.0, RIGHT), size_of(5_000_000, 240.0, 60.0, RIGHT)]
    text = printed(show_sizes, met, marginal(met))
    assert "CPU seconds at 5,000,000 events: ratio 4.00, bar 4: met" in text
    assert "CPU seconds per further million: adlake 50.0, peer 10.0" in text
    assert "CPU seconds per further million: ratio 5.00, bar 3: not met" in text
    small = [size_of(50_000, 10.0, 1.0, TableCheck("gold.user_days", 1, is_equal=False))]
    text = printed(show_sizes, small, None)
    assert "ratio 10.00, bar 4: not judged at this size" in text
    assert "NOT EQUAL" in text


def test_hourly_batches_are_printed_with_the_history_they_met():
    text = printed(show_hourly, hourly_of((30.0, 10.0, 20.0), (27.0, 90.0, 1.0), is_equal=False))
    assert "ratio 1.35, bar 1.3: not met" in text
    assert "30.0, 10.0, 20.0" in text
    assert "both lakes: NOT EQUAL" in text
    assert "not judged" in printed(show_hourly, hourly_of((1.0,), (1.0,), events=10))


def test_the_slope_is_printed_day_by_day():
    text = printed(show_slope, slope_of((10.0, 12.0, 11.0), (12.0, 14.0, 11.0)))
    assert "10.0, 12.0, 11.0" in text
    assert "8.5" in text
    assert "day 60 to day 1: ratio 1.09, bar 1.3: met" in text
    assert "ratio 2.00, bar 1.3: not met" in printed(show_slope, slope_of((1.0,), (2.0,)))
    assert "not judged" in printed(show_slope, slope_of((1.0,), (1.0,), runs_per_day=4))


def test_a_source_costs_what_its_own_tables_cost():
    result = sources_of()
    found = {cost.source: (cost.records, cost.cpu_seconds, cost.cpu_seconds_per_million) for cost in result.costs}
    assert found["prebid"] == (500_000, 60.5, 121.0)
    # too few to tell
    assert found["fx"] == (19_999, 0.0, None)
    text = printed(show_sources, result)
    assert "121.0" in text
    assert "too few records, under 20,000" in text
    # gold and what no table accounts for
    assert "39.5" in text


def test_results_are_written_without_what_commands_printed(tmp_path):
    sizes, hourly = [size_of(1_000_000, 80.0, 20.0, RIGHT)], hourly_of((30.0,), (30.0,))
    slope = slope_of((10.0,), (12.0,))
    path = write_results(tmp_path / "results", {"cores": 2}, sizes, Marginal(25.0, 10.0), hourly, slope=slope)
    document = json.loads(path.read_text(encoding="utf-8"))
    assert "printed" not in path.read_text(encoding="utf-8")
    assert document["machine"] == {"cores": 2}
    assert document["sizes"][0]["ratio"] == 4.0
    assert document["sizes"][0]["adlake"]["cost"] == {"seconds": 160.0, "cpu_seconds": 80.0, "peak_mb": 100.0}
    assert document["sizes"][0]["peer"]["steps"][0]["table"] == "gold.user_days"
    assert document["slope"]["ratio"] == 1.2
    assert document["slope"]["days"][1]["sizes"] == {"silver.gam_clicks": {"commits": 30, "files": 7}}
    assert document["marginal"] == {"adlake": 25.0, "peer": 10.0, "ratio": 2.5}
    assert document["hourly"]["long"]["sizes"] == {"silver.gam_clicks": {"commits": 3, "files": 7}}


@pytest.mark.parametrize(("is_equal", "is_hourly_equal", "code"), [(True, True, 0), (False, True, 1), (True, False, 1)])
def test_only_tables_that_differ_make_the_benchmark_fail(monkeypatch, tmp_path, is_equal, is_hourly_equal, code):
    sizes = [size_of(5_000_000, 900.0, 1.0, TableCheck("gold.user_days", 1, is_equal=is_equal))]
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--dir", str(tmp_path), "--events", "5000000"])
    monkeypatch.setattr(command, "HERE", tmp_path)
    monkeypatch.setattr(command, "run_sizes", lambda *_, **__: sizes)
    monkeypatch.setattr(command, "run_hourly", lambda *_, **__: hourly_of((1.0,), (9.0,), is_equal=is_hourly_equal))
    monkeypatch.setattr(command, "run_slope", lambda *_, **__: slope_of((1.0,), (9.0,)))
    monkeypatch.setattr(command, "run_sources", lambda *_, **__: sources_of())
    monkeypatch.setattr(
        command, "run_consent", lambda *_, **__: ConsentResult(5_000_000, 800_000, 50_000, 110.0, 100.0)
    )
    monkeypatch.setattr(command, "run_features", lambda *_, **__: features_of())
    assert command.main() == code
    assert len(list((tmp_path / "results").glob("*.json"))) == 1


def test_a_contender_that_fails_ends_the_benchmark_with_its_words(monkeypatch, tmp_path, capsys):
    def fail(*_, **__):
        raise CommandFailed("adlake run ended with 3: [GATE_HELD]")

    monkeypatch.setattr(sys, "argv", ["benchmarks", "--dir", str(tmp_path), "--only", "bulk"])
    monkeypatch.setattr(command, "run_sizes", fail)
    assert command.main() == 1
    assert "[GATE_HELD]" in capsys.readouterr().out


def features_of():
    return FeaturesResult(1_000_000, 10_000_000, run_of(ADLAKE, 250.0, StepTime("build_gold", TABLE, 100.0, 200.0)))


def test_what_features_cost_is_told_by_people_and_days():
    text = " ".join(printed(show_features, features_of()).split())
    assert "1,000,000 people with 10,000,000 days of the last 90" in text
    assert "200.0 CPU s, 20.0 per 1M days" in text


def test_what_consent_adds_is_told_beside_its_bar():
    text = printed(show_consent, ConsentResult(5_000_000, 800_000, 50_000, 110.0, 100.0))
    assert "800,000 of them with 50,000 different signals" in text
    assert "+10%, bar +10%" in " ".join(text.split())
