"""Measurements for people, as tables, and for machines, as one JSON document per run of the benchmark."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from adlake.jvm import find_java
from adlake.snapshots import WINDOW_DAYS
from benchmarks.bulk import Marginal, SizeResult
from benchmarks.consent import ConsentResult
from benchmarks.contenders import Run
from benchmarks.features import FeaturesResult
from benchmarks.hourly import HourlyResult
from benchmarks.peer import StepTime
from benchmarks.slope import SlopeResult
from benchmarks.sources import RECORDS_THAT_TELL, SourcesResult

RATIO_BAR, MARGINAL_BAR, HOURLY_BAR, CONSENT_BAR = 4.0, 3.0, 1.3, 0.1
# The sizes for which the first two were set; the third is for a batch of this many events.
BAR_EVENTS, HOURLY_EVENTS = (1_000_000, 5_000_000), 50_000
# and the slope for so many days of so many runs
SLOPE_RUNS = (60, 24)
PACKAGES = ("adlake", "pyspark", "delta-spark", "duckdb", "deltalake", "pyarrow")
QUIET_LOAD = 0.5


def machine() -> dict[str, Any]:
    """What the numbers depend on: packages, Python and Java, cores, memory, and the load before the first run."""
    return {
        **{package: version(package) for package in PACKAGES},
        "python": platform.python_version(),
        "java": find_java(os.environ).major,
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "load_before": round(os.getloadavg()[0], 2),
    }


def show_machine(console: Console, found: dict[str, Any]) -> None:
    """Print it, with a warning when something else runs."""
    console.print(", ".join(f"{name} {value}" for name, value in found.items()), style="dim")
    if found["load_before"] > QUIET_LOAD:
        console.print(
            "Other work runs on this machine: CPU seconds may be a quarter too high, wall time useless.", style="red"
        )


def show_sizes(console: Console, results: Sequence[SizeResult], growth: Marginal | None) -> None:
    """Print what both contenders cost at every size, and how the bars were met."""
    table = Table(title="adlake beside DuckDB + delta-rs: landing to gold", title_justify="left")
    table.add_column("events")
    table.add_column("contender")
    for name in ("records", "wall s", "CPU s", "peak MB", "CPU ratio"):
        table.add_column(name, justify="right")
    for result in results:
        for run, ratio in ((result.adlake, f"{result.ratio:.2f}"), (result.peer, "")):
            cost = (f"{run.cost.seconds:.1f}", f"{run.cost.cpu_seconds:.1f}", f"{run.cost.peak_mb:,.0f}")
            table.add_row(f"{result.events:,}", run.contender, f"{result.records:,}", *cost, ratio)
        table.add_section()
    console.print(table)
    for result in results:
        console.print(_steps_table(result))
        console.print(_checks_table(result))
    smallest, largest = results[0], results[-1]
    _show_bar(
        console, f"CPU seconds at {largest.events:,} events", largest.ratio, RATIO_BAR, largest.events == BAR_EVENTS[1]
    )
    if growth is not None:
        console.print(f"CPU seconds per further million: adlake {growth.adlake:.1f}, peer {growth.peer:.1f}")
        is_judged = (smallest.events, largest.events) == BAR_EVENTS
        _show_bar(console, "CPU seconds per further million", growth.ratio, MARGINAL_BAR, is_judged)
        memory = largest.adlake.cost.peak_mb / smallest.adlake.cost.peak_mb
        console.print(
            f"Peak memory of adlake at {largest.events:,} events: {memory:.2f} times that at {smallest.events:,}"
        )


def show_hourly(console: Console, result: HourlyResult) -> None:
    """Print what hourly batches cost in both lakes."""
    table = Table(title=f"An hourly batch of {result.events:,} events of one hour", title_justify="left")
    for name in ("into a lake of", "commits", "files", "CPU s of each batch", "middle", "wall s", "peak MB"):
        table.add_column(name, justify="right")
    for history in (result.short, result.long):
        table.add_row(
            history.name,
            str(sum(size.commits for size in history.sizes.values())),
            str(sum(size.files for size in history.sizes.values())),
            ", ".join(f"{run.cost.cpu_seconds:.1f}" for run in history.runs),
            f"{history.cpu_seconds:.1f}",
            ", ".join(f"{run.cost.seconds:.1f}" for run in history.runs),
            f"{max(run.cost.peak_mb for run in history.runs):,.0f}",
        )
    console.print(table)
    console.print(f"Yield of the batches' hours in both lakes: {'equal' if result.is_equal else 'NOT EQUAL'}")
    _show_bar(
        console,
        "CPU seconds of a batch, long history to short",
        result.ratio,
        HOURLY_BAR,
        result.events == HOURLY_EVENTS,
    )


def show_slope(console: Console, result: SlopeResult) -> None:
    """Print what hourly runs cost on the measured days."""
    title = (
        f"Hourly runs of {result.events_per_hour} events an hour, {result.runs_per_day} a day, maintained once a day"
    )
    table = Table(title=title, title_justify="left")
    for name in ("day", "commits", "files", "CPU s of each run", "middle", "wall s", "maintenance CPU s"):
        table.add_column(name, justify="right")
    for day in result.days:
        table.add_row(
            str(day.day),
            str(sum(size.commits for size in day.sizes.values())),
            str(sum(size.files for size in day.sizes.values())),
            ", ".join(f"{run.cost.cpu_seconds:.1f}" for run in day.runs),
            f"{day.cpu_seconds:.1f}",
            ", ".join(f"{run.cost.seconds:.1f}" for run in day.runs),
            f"{day.maintenance_cpu_seconds:.1f}",
        )
    console.print(table)
    first, last = result.days[0].day, result.days[-1].day
    what = f"CPU seconds of an hourly run, day {last} to day {first}"
    _show_bar(console, what, result.ratio, HOURLY_BAR, (last, result.runs_per_day) == SLOPE_RUNS)


def show_sources(console: Console, result: SourcesResult) -> None:
    """Print what each source cost from landing to its own tables, in one run of all."""
    table = Table(title=f"{result.events:,} events, by source: landing to silver and vault", title_justify="left")
    table.add_column("source")
    for name in ("records", "CPU s", "CPU s per 1M records"):
        table.add_column(name, justify="right")
    for cost in result.costs:
        each = cost.cpu_seconds_per_million
        table.add_row(
            cost.source,
            f"{cost.records:,}",
            f"{cost.cpu_seconds:.1f}",
            f"too few records, under {RECORDS_THAT_TELL:,}" if each is None else f"{each:.1f}",
        )
    table.add_section()
    rest = result.run.cost.cpu_seconds - sum(cost.cpu_seconds for cost in result.costs)
    table.add_row("gold, start-up, inspection", "", f"{rest:.1f}", "")
    console.print(table)


def show_consent(console: Console, result: ConsentResult) -> None:
    """Print what deciding consent adds to silver."""
    console.print(
        f"{result.events:,} events, {result.page_events:,} of them with {result.signals:,} different signals: silver "
        f"takes {result.with_consent:.1f} CPU s with consent, {result.without:.1f} without: "
        f"{result.share:+.0%}, bar {CONSENT_BAR:+.0%}"
    )


def show_features(console: Console, result: FeaturesResult) -> None:
    """Print what the features of people cost."""
    console.print(
        f"{result.people:,} people with {result.user_days:,} days of the last {WINDOW_DAYS}: their features take "
        f"{result.cpu_seconds:.1f} CPU s, {result.cpu_seconds_per_million:.1f} per 1M days"
    )


def write_results(
    folder: Path,
    found: dict[str, Any],
    results: Sequence[SizeResult],
    growth: Marginal | None,
    hourly: HourlyResult | None,
    *,
    sources: SourcesResult | None = None,
    consent: ConsentResult | None = None,
    features: FeaturesResult | None = None,
    slope: SlopeResult | None = None,
) -> Path:
    """Write everything as JSON into a file named after the moment, and return its path."""
    now = datetime.now(UTC)
    document = {
        "at_utc": now.isoformat(timespec="seconds"),
        "machine": found,
        "sizes": [{**_plain(result), "ratio": round(result.ratio, 3)} for result in results],
        "marginal": None if growth is None else {**asdict(growth), "ratio": round(growth.ratio, 3)},
        "hourly": None if hourly is None else {**_plain(hourly), "ratio": round(hourly.ratio, 3)},
        "sources": None if sources is None else _plain(sources),
        "consent": None if consent is None else {**asdict(consent), "share": round(consent.share, 3)},
        "features": None if features is None else _plain(features),
        "slope": None if slope is None else {**_plain(slope), "ratio": round(slope.ratio, 3)},
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now:%Y-%m-%dT%H%M%SZ}.json"
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return path


def _plain(result: SizeResult | HourlyResult | SlopeResult | SourcesResult | FeaturesResult) -> dict[str, Any]:
    """The result as plain values, without what the commands printed."""
    values: dict[str, Any] = json.loads(json.dumps(asdict(result)), object_hook=_without_output)
    return values


def _without_output(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "output"}


def _show_bar(console: Console, what: str, ratio: float, bar: float, is_judged: bool) -> None:  # noqa: FBT001 private
    """Print how a ratio stands to its bar, which is meant for one size of input."""
    verdict = "[green]met[/]" if ratio <= bar else "[red]not met[/]"
    console.print(f"{what}: ratio {ratio:.2f}, bar {bar:g}: {verdict if is_judged else 'not judged at this size'}")


def _checks_table(result: SizeResult) -> Table:
    """Whether both made the same tables."""
    table = Table(title=f"{result.events:,} events, what came out", title_justify="left")
    for name in ("table", "rows", "both contenders", "the generator's truth"):
        table.add_column(name, justify="right" if name == "rows" else "left")
    words = {True: "equal", False: "[red]NOT EQUAL[/]", None: ""}
    for check in result.checks:
        table.add_row(check.table, f"{check.rows:,}", words[check.is_equal], words[check.is_true])
    return table


def _steps_table(result: SizeResult) -> Table:
    """Where the time goes, table by table."""
    table = Table(title=f"{result.events:,} events, by table", title_justify="left")
    table.add_column("step")
    table.add_column("table")
    for run in (result.adlake, result.peer):
        for unit in ("wall s", "CPU s"):
            table.add_column(f"{run.contender} {unit}", justify="right")
    ours, theirs = _by_place(result.adlake), _by_place(result.peer)
    for place in dict.fromkeys([*ours, *theirs]):
        cells = []
        for step in (ours.get(place), theirs.get(place)):
            cells += ["", ""] if step is None else [f"{step.seconds:.1f}", f"{step.cpu_seconds:.1f}"]
        table.add_row(*place, *cells)
    return table


def _by_place(run: Run) -> dict[tuple[str, str], StepTime]:
    """Step and table, or what no table accounts for, to its cost; the sums of steps stand before their tables."""
    found: dict[tuple[str, str], StepTime] = {}
    for step in dict.fromkeys(time.step for time in run.steps):
        times = [time for time in run.steps if time.step == step]
        found[step, "(all)"] = StepTime(step, "", sum(t.seconds for t in times), sum(t.cpu_seconds for t in times))
        found |= {(step, time.table): time for time in times}
    return found | {(run.rest.step, ""): run.rest}
