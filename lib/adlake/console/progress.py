"""Progress while work is done: bars on a terminal, a line per piece of work elsewhere."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from adlake.console.text import QUIET, print_lines, screen
from adlake.errors import AdlakeError

Watch = Callable[[str, str, int, int], None]
"""Told before each piece of work: what is going on, the piece, pieces done, pieces in all."""
_STANDARD_ERROR = 2


@contextmanager
def watch(opening: str) -> Iterator[Watch]:
    """Something to tell progress to; the bars stay on the screen when all is done.

    Args:
        opening: what is done until the first piece of work is told.
    """
    if not sys.stderr.isatty():
        yield _print_line
        return
    with _java_kept_quiet() as console:
        bars = _Bars(console, opening)
        with bars.progress:
            yield bars.tell
            bars.finish()


def _print_line(what: str, piece: str, done: int, total: int) -> None:
    if done < total:
        print_lines(screen(is_error=True), f"{what}: {piece} ({done + 1} of {total})")


class _Bars:
    """A bar for each thing that goes on, the last one moving."""

    def __init__(self, console: Console, opening: str) -> None:
        self.progress = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description:<34}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[piece]}", style="dim"),
            console=console,
        )
        self._what = ""
        self._now: TaskID = self.progress.add_task(opening, total=None, piece="")

    def tell(self, what: str, piece: str, done: int, total: int) -> None:
        """Show the piece that is worked on now."""
        if what != self._what:
            self._leave()
            self._what = what
            self._now = self.progress.add_task(what, total=total, piece=piece)
        self.progress.update(self._now, completed=done, total=total, piece=piece)

    def finish(self) -> None:
        """Show that all is done."""
        self._leave()

    def _leave(self) -> None:
        if not self._what:
            self.progress.remove_task(self._now)
            return
        total = next(task.total for task in self.progress.tasks if task.id == self._now)
        self.progress.update(self._now, completed=total, piece="")


@contextmanager
def _java_kept_quiet() -> Iterator[Console]:
    """A console on the terminal, while what Java writes to standard error goes to a file.

    Java would write between the bars. When the work fails, the file stays and its place is told.
    """
    handle, path = tempfile.mkstemp(prefix="adlake-java-", suffix=".log")
    is_told = False
    with os.fdopen(os.dup(_STANDARD_ERROR), "w") as terminal:
        console = Console(file=terminal, markup=False, emoji=False, highlight=False)
        os.dup2(handle, _STANDARD_ERROR)
        os.close(handle)
        try:
            yield console
        except AdlakeError:
            is_told = Path(path).stat().st_size > 0
            raise
        finally:
            os.dup2(terminal.fileno(), _STANDARD_ERROR)
            if is_told:
                print_lines(console, f"What Java said is in {path}", style=QUIET)
            else:
                Path(path).unlink()
