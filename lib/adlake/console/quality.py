"""How the quality gate judged a lake, or one table of it."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from adlake.console.held import show_held
from adlake.console.sparkline import APART, LETTERS_MEAN, PLAIN_APART, sparkline, states
from adlake.console.text import BAD, GOOD, QUIET, age, grid, moment, number, print_lines, screen
from adlake.quality.chronicle import PastVerdict, released
from adlake.quality.overview import Quality, TableQuality
from adlake.quality.trend import RuleTrend
from adlake.quality.wording import DEFAULT_CONFIG, standing, wording

MOST_VERDICTS, MOST_RELEASED = 8, 5
STATES_SHOWN = 20
WIDE = 100
LEAST_TREND, MOST_TREND = 8, 30
# what a rule and its meaning need to be readable, and the gaps between columns
LEAST_RULE, GAPS = 24, 6
LONG_BOUNDS = 32
_WARN = "yellow"


def show_quality(quality: Quality, table: str | None = None, config: str = DEFAULT_CONFIG) -> None:
    """Print the quality of a lake for people: a line per table, or all about one.

    Args:
        quality: as it was read.
        table: that was asked for by name.
        config: path of lake.yaml, for commands to copy.
    """
    console = screen()
    if not quality.tables:
        what = f"{table} has no verdict yet" if table else "No verdict yet"
        again = "" if config == DEFAULT_CONFIG else f" --config {config}"
        print_lines(console, f"{what}: the quality gate judges what a run publishes. Next: adlake run{again}")
        return
    show_held(console, quality.held, quality.at_utc, config)
    if table:
        for one in quality.tables:
            _show_table(console, one, quality)
    else:
        _show_tables(console, quality)
    if quality.page:
        print_lines(console, f"Page of the newest run: {quality.page}")


def _show_tables(console: Console, quality: Quality) -> None:
    names = ("Table", "Newest verdict", "When", "Failed", "Lately")
    rows = grid("Quality gate", names, wrapped=("Newest verdict", "Failed"))
    shown = STATES_SHOWN if console.width >= WIDE else STATES_SHOWN // 2
    for table in quality.tables:
        newest = table.newest
        failed = "\n".join(one.rule for one in newest.broken) or "-"
        when = age(newest.at_utc, quality.at_utc)
        rows.add_row(table.name, _state(newest), when, failed, states(table.verdicts, shown))
    console.print(rows)
    console.print()
    console.print(f"Lately: the last verdicts, the newest at the end: {LETTERS_MEAN}.", style=QUIET)
    print_lines(console, "All about one table: adlake quality --table NAME", style=QUIET)


def _show_table(console: Console, table: TableQuality, quality: Quality) -> None:
    _show_verdicts(console, table, quality)
    newest = table.newest
    print_lines(console, f"Rules of the newest verdict (run {newest.run_id})", style="bold")
    print_lines(console, f"{newest.step}; suite {newest.suite or 'unreadable'}; verdict {newest.fingerprint}")
    if newest.reason:
        print_lines(console, newest.reason)
    if table.rules:
        _show_rules(console, table.rules)
    console.print()
    _show_released(console, released(table.verdicts), quality)


def _show_verdicts(console: Console, table: TableQuality, quality: Quality) -> None:
    # a title of the grid itself would be wrapped to its width
    print_lines(console, f"{table.name}: verdicts, newest first", style="bold")
    rows = grid("", ("State", "When", "Batch", "Ver.", "Rows"), right=("Ver.", "Rows"), wrapped=("State", "Batch"))
    for verdict in table.verdicts[:MOST_VERDICTS]:
        version = "-" if verdict.version is None else str(verdict.version)
        when = age(verdict.at_utc, quality.at_utc)
        rows.add_row(_state(verdict), when, verdict.batch_id or "-", version, number(verdict.rows))
    console.print(rows)
    if len(table.verdicts) > MOST_VERDICTS:
        print_lines(console, f"and {len(table.verdicts) - MOST_VERDICTS} earlier ones", style=QUIET)
    console.print()


def _show_rules(console: Console, trends: Sequence[RuleTrend]) -> None:
    """Two lines for each rule; the trend is as long as the screen allows, the numbers are always whole."""
    outcomes, found = [_outcome(trend) for trend in trends], [_found(trend) for trend in trends]
    taken = _width(outcomes) + _width(found) + LEAST_RULE + GAPS
    room = min(max(console.width - taken, LEAST_TREND), MOST_TREND)
    is_plain = console.options.ascii_only
    rows = grid("", ("Rule", "Outcome", "Found, allowed", "Trend"), wrapped=("Rule",))
    for trend, outcome, numbers in zip(trends, outcomes, found, strict=True):
        is_rows = trend.outcome.unexpected is not None
        # moments only ever grow
        points = () if trend.scale == "moment" else trend.points
        drawn = sparkline(points, room, from_zero=is_rows, is_plain=is_plain)
        rule = Text.assemble(trend.outcome.rule, "\n", (trend.meaning, QUIET)) if trend.meaning else trend.outcome.rule
        rows.add_row(rule, outcome, numbers, drawn)
    console.print(rows)
    if any(trend.points for trend in trends):
        apart = PLAIN_APART if is_plain else APART
        print_lines(console, "", f"Trend: what was published, oldest first; behind {apart} what was not.", style=QUIET)


def _show_released(console: Console, verdicts: Sequence[PastVerdict], quality: Quality) -> None:
    if not verdicts:
        return
    print_lines(console, "Released in spite of the gate", style="bold")
    for verdict in verdicts[:MOST_RELEASED]:
        rules = ", ".join(one.rule for one in verdict.holding) or "the whole gate"
        when = f"{moment(verdict.at_utc)} ({age(verdict.at_utc, quality.at_utc)})"
        print_lines(console, f"  batch {verdict.batch_id}, version {verdict.version}, {when}")
        print_lines(console, f"    in spite of {rules}: {verdict.released}")
    console.print()


def _state(verdict: PastVerdict) -> Text:
    styles = {"passed": GOOD, "held": BAD, "could_not_run": BAD}
    return Text(standing(verdict), style=styles.get(verdict.standing, _WARN))


def _outcome(trend: RuleTrend) -> Text:
    """What became of the rule, and what follows when it fails."""
    outcome = trend.outcome
    fails = _WARN if outcome.on_fail == "warn" else BAD
    style = {"passed": "", "no_history": QUIET, "not_judged": QUIET}.get(outcome.state, fails)
    return Text.assemble((outcome.state.replace("_", " "), style), "\n", (outcome.on_fail, QUIET))


def _found(trend: RuleTrend) -> Text:
    """The number and what is allowed; two long bounds stand below each other."""
    words = wording(trend)
    allowed = words.allowed if len(words.allowed) <= LONG_BOUNDS else words.allowed.replace(" to ", " to\n")
    return Text.assemble(words.found or "-", "\n", (allowed, QUIET))


def _width(texts: Sequence[Text]) -> int:
    return max(len(line) for text in texts for line in text.plain.splitlines())
