"""How a lake stands."""

from datetime import datetime

from rich.console import Console

from adlake.console.held import show_held
from adlake.console.text import BAD, GOOD, QUIET, age, duration, grid, moment, number, print_lines, screen
from adlake.quality.suite import rule_meaning
from adlake.quality.wording import DEFAULT_CONFIG
from adlake.reasons import meaning
from adlake.status import Status, TableStatus

MOST_FILES = 20
_LAYERS = ("bronze", "silver", "vault", "gold", "quarantine")


def show_status(status: Status, config: str = DEFAULT_CONFIG) -> None:
    """Print a status for people.

    Args:
        status: as it was read.
        config: path of lake.yaml, for commands to copy.
    """
    console = screen()
    print_lines(console, f"Lake      {status.lake} (tenant {status.tenant}), seen {moment(status.at_utc)}")
    _show_last_run(console, status)
    _show_writer(console, status)
    for layer in _LAYERS:
        found = {name: table for name, table in status.tables.items() if name.startswith(f"{layer}.")}
        _show_layer(console, layer, {name: table for name, table in found.items() if table.version is not None}, status)
    _show_refusals(console, status)
    _show_files(console, status)
    show_held(console, status.held_batches, status.at_utc, config)
    _show_open_work(console, status)


def _show_last_run(console: Console, status: Status) -> None:
    run = status.last_run
    if run is None:
        console.print("Last run  none yet: adlake run --config lake.yaml")
        return
    when = age(datetime.fromisoformat(run["finished_at_utc"]), status.at_utc)
    commits = f"{run['commits']} commit{'s' if run['commits'] != 1 else ''}"
    steps = ", ".join(run["steps"])
    line = f"Last run  {run['run_id']}, {when}: {steps}; {commits} in {duration(run['seconds'])}; "
    print_lines(console, line + ("done" if run["exit_code"] == 0 else f"exit code {run['exit_code']}"))
    if run["error"]:
        print_lines(console, f"          {run['error']}", style=BAD)


def _show_writer(console: Console, status: Status) -> None:
    writer = status.writer
    if writer is None:
        console.print("Writer    nobody")
        return
    who = f"run {writer.run_id} on {writer.host}, process {writer.pid}"
    if writer.is_live:
        print_lines(console, f"Writer    {who}")
    else:
        print_lines(console, f"Writer    {who}, no longer alive: the next run takes over", style=BAD)


def _show_layer(console: Console, layer: str, tables: dict[str, TableStatus], status: Status) -> None:
    if not tables:
        return
    has_events = any(table.newest_event for table in tables.values())
    events = ("Newest event",) if has_events else ()
    names = ("Table", "Ver.", *events, "Committed", "Batch", "Published", "Rows")
    grid_ = grid(layer.capitalize(), names, right=("Ver.", "Published", "Rows"), wrapped=("Batch",))
    for name, table in tables.items():
        newest = ((table.newest_event or "-").replace("T", " ")[:16],) if has_events else ()
        committed = age(table.committed_at_utc, status.at_utc) if table.committed_at_utc else "-"
        published = number(table.last.published) if table.last else "-"
        batch = table.last_batch or "-"
        grid_.add_row(
            name.partition(".")[2], str(table.version), *newest, committed, batch, published, number(table.rows)
        )
    console.print(grid_)
    console.print()


def _show_refusals(console: Console, status: Status) -> None:
    days = f"{status.recent_days} days" if status.recent_days > 1 else "day"
    title = f"Refused or left out in the last {days}, and why"
    table = grid(title, ("Table", "Why", "Rows", "Of read", "That is"), right=("Rows", "Of read"), wrapped=("That is",))
    for name, found in status.tables.items():
        for reason, rows in {**found.recent.quarantined, **found.recent.filtered}.items():
            share = f"{rows / found.recent.read:.2%}" if found.recent.read else "-"
            table.add_row(name, reason, number(rows), share, meaning(reason) or rule_meaning(name, reason))
    if table.row_count:
        console.print(table)
        console.print()
    else:
        print_lines(console, f"Nothing was refused or left out in the last {days}.", style=QUIET)


def _show_files(console: Console, status: Status) -> None:
    files = status.files_set_aside
    if not files:
        console.print("No file is set aside.", style=QUIET)
        return
    console.print("Files set aside; each is tried again when it changes:", style=BAD)
    for file in files[:MOST_FILES]:
        print_lines(console, f"  {file.path} ({age(file.at_utc, status.at_utc)}): {file.reason}")
    if len(files) > MOST_FILES:
        print_lines(console, f"  and {len(files) - MOST_FILES} more: adlake status --json")


def _show_open_work(console: Console, status: Status) -> None:
    if not status.open_work:
        print_lines(console, "Every batch that was taken is finished.", style=GOOD)
        return
    console.print("Taken but not finished; the next run goes on here:", style=BAD)
    for work in status.open_work:
        what = f"batch {work.batch_id}" if work.batch_id else "a change by hand"
        print_lines(console, f"  {what}: {work.step} has yet to publish {', '.join(work.tables)}")
