"""The result of a demonstration."""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from adlake.account import Account
from adlake.console.text import BAD, COUNTS, GOOD, QUIET, counts, duration, grid, number, print_lines, screen
from adlake.quality.suite import rule_meaning
from adlake.reasons import meaning
from adlake.sums import added

if TYPE_CHECKING:
    from adlake.demo import DemoResult

MOST_DIFFERENCES = 40
DIFFERENCES_FILE = "differences.txt"
_BRONZE = ("Read", "Published", "Refused")
_GOLD = ("Rows", "Impressions", "Clicks", "Revenue", "Page views")
# of all ads, of wins in header bidding, of the ads that people saw
_REVENUE = ("revenue_micros", "win_revenue_micros", "ad_revenue_micros")
QUERY = """\
select channel, sum(impressions) as shown,
    round(sum(revenue_micros) / 1e3 / sum(impressions), 2) as ecpm
from yield_hourly group by channel having sum(impressions) > 0 order by ecpm desc"""


def show_demo(result: "DemoResult", program: str) -> None:
    """Print what came in, where it went, whether it is right, and what to do with it.

    Args:
        result: of the demonstration.
        program: how adlake was called.
    """
    console = screen()
    document = result.truth.document
    days = f"{document['days']} day{'s' if document['days'] > 1 else ''}"
    made = f"{document['events']:,} events of {days}, made up from seed {document['seed']}, taken in two deliveries"
    print_lines(console, "", made, "", style="bold")
    accounts = _accounts(result)
    _show_layer(console, "Bronze: the files, record by record", "bronze", _BRONZE, accounts)
    _show_layer(console, "Silver: typed, deduplicated, identifiers as keys", "silver", COUNTS, accounts)
    _show_layer(console, "Vault: contacts in clear, for exports alone", "vault", COUNTS, accounts)
    _show_gold(console, result)
    _show_refusals(console, accounts)
    _show_gate(console, result)
    _show_ways_on(console, result, program)
    _show_verdict(console, result)


def _accounts(result: "DemoResult") -> Mapping[str, Account]:
    """Both runs together, by table."""
    found: dict[str, list[Account]] = {}
    for report in result.reports:
        for record in report.commits:
            found.setdefault(record.table, []).append(record.account)
    return {name: added(accounts) for name, accounts in sorted(found.items())}


def _show_layer(
    console: Console, title: str, layer: str, names: tuple[str, ...], accounts: Mapping[str, Account]
) -> None:
    table = grid(title, ("Table", *names), right=names, wrapped=("Table",))
    for name, account in accounts.items():
        if name.startswith(f"{layer}."):
            numbers = counts(account)
            table.add_row(name.partition(".")[2], *(number(numbers[column]) for column in names))
    console.print(table)
    console.print()


def _show_gold(console: Console, result: "DemoResult") -> None:
    table = grid("Gold: what people ask for", ("Table", *_GOLD), right=_GOLD)
    for name, sums in result.comparison.gold.items():
        revenue = sum(sums.get(measure, 0) for measure in _REVENUE) / 1_000_000
        rows, shown, clicks, views = (
            number(sums.get(measure, 0)) for measure in ("rows", "impressions", "clicks", "page_views")
        )
        table.add_row(name, rows, shown, clicks, f"{revenue:,.2f}", views)
    console.print(table)
    console.print()


def _show_refusals(console: Console, accounts: Mapping[str, Account]) -> None:
    table = grid(
        "Refused (kept in quarantine) or left out, and why",
        ("Why", "Rows", "Tables", "That is"),
        right=("Rows",),
        wrapped=("That is",),
    )
    rows: dict[str, dict[str, int]] = {}
    for name, account in accounts.items():
        for reason, count in {**account.quarantined, **account.filtered}.items():
            rows.setdefault(reason, {})[name] = count
    for reason, by_table in sorted(rows.items(), key=lambda item: -sum(item[1].values())):
        layers = {name.partition(".")[0] for name in by_table}
        where = f"{len(by_table)} of {', '.join(sorted(layers))}" if len(by_table) > 1 else next(iter(by_table))
        table.add_row(
            reason, number(sum(by_table.values())), where, meaning(reason) or rule_meaning(min(by_table), reason)
        )
    console.print(table)
    console.print()


def _show_gate(console: Console, result: "DemoResult") -> None:
    gate = result.gate
    told = [f"  {judgement.verdict.table}: {', '.join(judgement.verdict.failed)}" for judgement in gate.held.held]
    print_lines(
        console,
        "The quality gate: a delivery that is wrong, and rows that were refused",
        f"  A list of line items without a line came: exit code {gate.held.exit_code}, nothing of it published.",
        *(f"  {line}" for line in told),
        f"  adlake release --batch {gate.batch_id} --reason ...: exit code {gate.released.exit_code}, with the reason",
        "  kept beside the verdict.",
        "  lake.yaml learned a word, and adlake job replay_quarantine took the rows that lacked it again:",
        f"    {gate.replay}",
        f"  Every verdict on a page: {result.directory}/lake/ops/quality",
        "",
    )


def _show_ways_on(console: Console, result: "DemoResult", program: str) -> None:
    """Where it lies, and lines that work as they are copied in the folder where the command was given."""
    directory, lake = result.directory, result.directory / "lake"
    print_lines(
        console,
        "Where it lies",
        f"  tables         {lake}/gold; bronze, silver and quarantine beside it",
        f"  run reports    {lake}/ops/reports",
        f"  files, truth   {directory}/landing, {directory}/truth.json",
        "",
    )
    for title, lines in snippets(directory).items():
        print_lines(console, f"Ask it with {title}, in {nearby(sys.executable)}", *(f"  {line}" for line in lines), "")
    adlake = nearby(program) if Path(program).name == "adlake" else "adlake"
    config = shlex.quote(str(directory / "lake.yaml"))
    print_lines(
        console,
        "What to try next",
        f"  {adlake} status --config {config}",
        f"  {adlake} quality --config {config}",
        f"  {adlake} run --config {config}",
        f"  {adlake} run --config {config} --from build_gold --rebuild",
        "",
    )


def snippets(directory: Path) -> Mapping[str, tuple[str, ...]]:
    """How to query the result, by what it takes: lines of Python."""
    gold = directory / "lake" / "gold"
    return {
        "DuckDB (pip install duckdb)": (
            "import duckdb",
            "from deltalake import DeltaTable",
            f"yield_hourly = DeltaTable({str(gold / 'yield_hourly')!r}).to_pyarrow_dataset()",
            'duckdb.sql("""',
            *(f"    {line}" for line in QUERY.splitlines()),
            '""").show()',
        ),
        "Spark": (
            "import os, pathlib",
            "from adlake.config import load_config",
            "from adlake.session import build_session",
            f"spark = build_session(load_config(pathlib.Path({str(directory / 'lake.yaml')!r})), os.environ)",
            f"user_days = spark.read.format('delta').load({str(gold / 'user_days')!r})",
            "user_days.groupBy('event_date').sum('page_views', 'impressions').show()",
        ),
    }


def nearby(program: str) -> str:
    """A program as a shell in this folder takes it, by the shorter way."""
    absolute = os.path.abspath(program)  # noqa: PTH100 symbolic links stay: a virtual environment is made of them
    relative = os.path.relpath(absolute)
    return shlex.quote(min(relative, absolute, key=len))


def _show_verdict(console: Console, result: "DemoResult") -> None:
    compared = result.comparison
    cpu_seconds = sum(report.cpu_seconds for report in result.reports)
    runs = " and ".join(duration(report.seconds) for report in result.reports)
    print_lines(
        console,
        f"{duration(result.seconds)} in all: two runs of {runs}, {duration(cpu_seconds)} of processor time.",
        style=QUIET,
    )
    print_lines(console, f"Held against the truth: {compared.accounts} accounts, {compared.gold_rows:,} gold rows.")
    differences = (*compared.differences, *result.gate.differences)
    if not differences:
        print_lines(console, "Everything is as it should be: no difference.", style=GOOD)
        return
    count = len(differences)
    print_lines(console, f"{count} difference{'s' if count > 1 else ''}:", style=BAD)
    print_lines(console, *(f"  {difference}" for difference in differences[:MOST_DIFFERENCES]))
    if count > MOST_DIFFERENCES:
        path = result.directory / DIFFERENCES_FILE
        path.write_text("".join(f"{difference}\n" for difference in differences), encoding="utf-8")
        print_lines(console, f"  and {count - MOST_DIFFERENCES:,} more: all of them are in {path}")
