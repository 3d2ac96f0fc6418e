"""The result of a run."""

from adlake.console.text import BAD, COUNTS, GOOD, counts, duration, grid, number, print_lines, screen
from adlake.quality.suite import rule_meaning
from adlake.reasons import meaning
from adlake.records import AccountRecord
from adlake.report import FOLDER, JobReport
from adlake.sums import added

ALWAYS = ("Read", "Published")


def show_run(report: JobReport, lake: str) -> None:
    """Print what the run did: one line when there was nothing to do."""
    console = screen()
    if not report.commits and not report.files_set_aside and not report.held:
        console.print(f"Nothing to do: no new file, no open batch ({duration(report.seconds)}).")
        return
    by_table: dict[str, list[AccountRecord]] = {}
    for record in report.commits:
        by_table.setdefault(record.table, []).append(record)
    done = {name: counts(added(record.account for record in records)) for name, records in by_table.items()}
    # on a narrow screen every column counts
    filled = {name for numbers in done.values() for name, count in numbers.items() if count or name in ALWAYS}
    names = [name for name in COUNTS if name in filled]
    table = grid("What was done", ("Table", *names, "Time"), right=(*names, "Time"), wrapped=("Table",))
    for table_name, numbers in done.items():
        seconds = sum(record.seconds for record in by_table[table_name])
        table.add_row(table_name, *(number(numbers[name]) for name in names), duration(seconds))
    if by_table:
        console.print(table)
        console.print()
    _show_refusals(by_table)
    _show_set_aside(report)
    _show_held(report)
    count = len(report.batches)
    batches = f"{count} batch{'es' if count != 1 else ''}"
    result = _result(report)
    style = GOOD if report.exit_code == 0 else BAD
    spent = f"{duration(report.seconds)}, {duration(report.cpu_seconds)} of processor time"
    print_lines(console, f"{result}: {batches} in {spent}.", style=style)
    print_lines(console, f"Report: {lake}/{FOLDER}/{report.run_id}.json")


def _show_refusals(by_table: dict[str, list[AccountRecord]]) -> None:
    table = grid(
        "Refused or left out, and why", ("Table", "Why", "Rows", "That is"), right=("Rows",), wrapped=("That is",)
    )
    for name, records in by_table.items():
        account = added(record.account for record in records)
        for reason, rows in {**account.quarantined, **account.filtered}.items():
            table.add_row(name, reason, number(rows), meaning(reason) or rule_meaning(name, reason))
    if table.row_count:
        screen().print(table)
        screen().print()


def _result(report: JobReport) -> str:
    if any(judgement.verdict.state == "could_not_run" for judgement in report.held):
        return "Done, but a gate could not judge"
    if report.held:
        return "Done, but a gate held data back"
    return "Done, but files were set aside" if report.files_set_aside else "Done"


def _show_held(report: JobReport) -> None:
    if not report.held:
        return
    console = screen()
    console.print("Held by a quality gate; nothing of it is published:", style=BAD)
    for judgement in report.held:
        error = judgement.error()
        place = f"  [{error.condition}] {error.where}"
        print_lines(console, place, f"    {error.found}", f"    {error.way_out}")


def _show_set_aside(report: JobReport) -> None:
    if not report.files_set_aside:
        return
    console = screen()
    console.print("Files set aside; each is tried again when it changes:", style=BAD)
    for file in report.files_set_aside:
        print_lines(console, f"  {file.path}: {file.reason}")
