"""`python -m benchmarks`: measure adlake beside its peer, and hourly batches beside a growing history."""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from benchmarks.bulk import SizeResult, marginal, run_sizes
from benchmarks.hourly import HourlyResult, run_hourly
from benchmarks.measure import CommandFailed
from benchmarks.report import machine, show_hourly, show_machine, show_sizes, write_results

HERE = Path(__file__).parent
SIZES = (1_000_000, 5_000_000)
SEED = 7


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
    growth, hourly = None, None
    if arguments.only != "hourly":
        results = run_sizes(arguments.dir, arguments.events, **options)
        growth = marginal(results)
        show_sizes(console, results, growth)
    if arguments.only != "bulk":
        hourly = run_hourly(arguments.dir, **options)
        show_hourly(console, hourly)
    console.print(f"Written to {write_results(HERE / 'results', found, results, growth, hourly)}")
    return 0 if _are_equal(results, hourly) else 1


def _are_equal(results: list[SizeResult], hourly: HourlyResult | None) -> bool:
    return all(result.is_equal for result in results) and (hourly is None or hourly.is_equal)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__, allow_abbrev=False)
    parser.add_argument("--events", type=int, nargs="+", default=SIZES, metavar="N", help="sizes (default: 1M and 5M)")
    parser.add_argument("--dir", type=Path, default=HERE / "work", help="for inputs, which stay, and lakes")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the input (default: {SEED})")
    parser.add_argument("--keep", action="store_true", help="keep the lakes")
    parser.add_argument("--only", choices=("bulk", "hourly"), help="one of the two benchmarks")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
