"""Numbers, times and tables in one look."""

from collections.abc import Sequence
from datetime import datetime

from rich import box
from rich.console import Console
from rich.table import Table

from adlake.account import Account

GOOD, BAD, QUIET = "bold green", "bold red", "dim"
# A file or a pipe has no width: what rich takes for it, and what is kinder to tables.
WIDTH_UNKNOWN, WIDTH_ELSEWHERE = 80, 120
_STEPS = (("day", 86_400), ("h", 3_600), ("min", 60))


def screen(*, is_error: bool = False) -> Console:
    """Standard output (or standard error) for people: colour only on a terminal, and text exactly as it is given."""
    console = Console(stderr=is_error, markup=False, emoji=False, highlight=False)
    if not console.is_terminal and console.width == WIDTH_UNKNOWN:
        console.width = WIDTH_ELSEWHERE
    return console


def number(value: int) -> str:
    """A count of rows with its thousands apart; nothing to see where there is none."""
    return f"{value:,}" if value else "-"


def counts(account: Account) -> dict[str, int]:
    """The rows of an account under the headings that they have in every table, in the order of reading."""
    return {
        "Read": account.read,
        "Restored": account.restored,
        "Published": account.published,
        "Duplicates": account.duplicates,
        "Refused": sum(account.quarantined.values()),
        "Left out": sum(account.filtered.values()),
        "Superseded": account.superseded,
    }


COUNTS = tuple(counts(Account(0, 0)))


def duration(seconds: float) -> str:
    """Seconds as people say them: 4.2 s, 3 min 07 s."""
    if seconds < 60:  # noqa: PLR2004 a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def moment(at: datetime) -> str:
    """A UTC time to the second."""
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")


def age(at: datetime, now: datetime) -> str:
    """How long ago a moment was, in its largest unit."""
    seconds = (now - at).total_seconds()
    for unit, length in _STEPS:
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''} ago"
    return "just now"


def grid(title: str, names: Sequence[str], *, right: Sequence[str] = (), wrapped: Sequence[str] = ()) -> Table:
    """An empty table.

    Args:
        title: above it.
        names: of the columns.
        right: columns of numbers.
        wrapped: columns that give way when the screen is narrow.
    """
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for name in names:
        gives_way = name in wrapped
        table.add_column(
            name,
            justify="right" if name in right else "left",
            no_wrap=not gives_way,
            overflow="fold" if gives_way else "ellipsis",
        )
    return table


def print_lines(console: Console, *lines: str, style: str | None = None) -> None:
    """Lines to copy: never wrapped, never cut."""
    for line in lines:
        console.print(line, style=style, soft_wrap=True)
