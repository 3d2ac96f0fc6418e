"""`python -m benchmarks`: measure adlake beside its peer, source by source, and hourly as its history grows."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.bulk import SizeResult, marginal, run_sizes
from benchmarks.consent import run_consent
from benchmarks.features import run_features
from benchmarks.hourly import HourlyResult, run_hourly
from benchmarks.measure import CommandFailed
from benchmarks.report import (
    machine,
    show_consent,
    show_features,
    show_hourly,
    show_machine,
    show_sizes,
    show_slope,
    show_sources,
    write_results,
)
from benchmarks.slope import DAYS, RUNS_PER_DAY, SlopeResult, run_slope
from benchmarks.sources import run_sources

HERE = Path(__file__).parent
SIZES = (1_000_000, 5_000_000)
SEED = 7
PARTS = ("bulk", "sources", "consent", "features", "hourly", "slope")


def main() -> int:
    """The exit code: 1 when the tables differ or a contender failed, else 0, whether or not the bars are met."""
    arguments = _arguments()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    try:
        return _run(arguments, console)
    except CommandFailed as error:
        console.print(str(error), style="red", markup=False)
        return 1


def _run(arguments: argparse.Namespace, console: Console) -> int:
    found = machine()
    show_machine(console, found)
    options = {"seed": arguments.seed, "keep": arguments.keep, "tell": lambda what: console.print(what, style="dim")}
    results: list[SizeResult] = []
    growth, sources, consent, features, hourly, slope = (None,) * 6
    if arguments.only in {None, "bulk"}:
        results = run_sizes(arguments.dir, arguments.events, **options)
        growth = marginal(results)
        show_sizes(console, results, growth)
    if arguments.only in {None, "sources"}:
        sources = run_sources(arguments.dir, min(arguments.events), **options)
        show_sources(console, sources)
    if arguments.only in {None, "consent"}:
        consent = run_consent(arguments.dir, max(arguments.events), **options)
        show_consent(console, consent)
    if arguments.only in {None, "features"}:
        features = run_features(arguments.dir, **options)
        show_features(console, features)
    if arguments.only in {None, "hourly"}:
        hourly = run_hourly(arguments.dir, **options)
        show_hourly(console, hourly)
    if arguments.only in {None, "slope"}:
        slope = _run_slope(arguments, options)
        show_slope(console, slope)
    written = write_results(
        HERE / "results",
        found,
        results,
        growth,
        hourly,
        sources=sources,
        consent=consent,
        features=features,
        slope=slope,
    )
    console.print(f"Written to {written}")
    return 0 if _are_equal(results, hourly) else 1


def _run_slope(arguments: argparse.Namespace, options: Mapping[str, Any]) -> SlopeResult:
    days = arguments.days
    measured = sorted({1, max(days // 2, 1), days})
    return run_slope(arguments.dir, days=days, measured=measured, runs_per_day=arguments.runs_per_day, **options)


def _are_equal(results: list[SizeResult], hourly: HourlyResult | None) -> bool:
    return all(result.is_equal for result in results) and (hourly is None or hourly.is_equal)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__, allow_abbrev=False)
    parser.add_argument("--events", type=int, nargs="+", default=SIZES, metavar="N", help="sizes (default: 1M and 5M)")
    parser.add_argument("--dir", type=Path, default=HERE / "work", help="for inputs, which stay, and lakes")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the input (default: {SEED})")
    parser.add_argument("--keep", action="store_true", help="keep the lakes")
    parser.add_argument("--only", choices=PARTS, help="one of the benchmarks")
    parser.add_argument("--days", type=int, default=DAYS, help=f"of the slope (default: {DAYS})")
    parser.add_argument(
        "--runs-per-day", type=int, choices=(4, 6, 8, 12, 24), default=RUNS_PER_DAY, help="of the slope (default: 24)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
