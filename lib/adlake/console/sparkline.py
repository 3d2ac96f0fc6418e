"""Runs of numbers and of states as one line of characters."""

from collections.abc import Iterable, Sequence

from adlake.quality.chronicle import PastVerdict, Standing
from adlake.quality.trend import Point

BLOCKS, PLAIN_BLOCKS = "▁▂▃▄▅▆▇█", "_.-=+*#@"
APART, PLAIN_APART = "│", "|"
LETTERS: dict[Standing, str] = {
    "passed": ".",
    "passed_with_warnings": "w",
    "released": "R",
    "held": "H",
    "could_not_run": "?",
}
LETTERS_MEAN = ". passed, w with warnings, R released, H held, ? could not run"


def sparkline(points: Sequence[Point], most: int, *, from_zero: bool = False, is_plain: bool = False) -> str:
    """The published numbers, oldest first, from the lowest block to the highest; behind a bar the one not published.

    Args:
        points: oldest first; only the last is shown when it was not published.
        most: characters.
        from_zero: whether the lowest block stands for 0.
        is_plain: use no character beyond ASCII.
    """
    blocks, apart = (PLAIN_BLOCKS, PLAIN_APART) if is_plain else (BLOCKS, APART)
    kept = [point.value for point in points[-1:] if not point.is_published]
    room = max(most - (len(apart) + 1 if kept else 0), 0)
    published = [point.value for point in points if point.is_published]
    published = published[len(published) - min(room, len(published)) :]
    drawn = _blocks([*published, *kept], blocks, from_zero=from_zero)
    return drawn[: len(published)] + (f"{apart}{drawn[-1]}" if kept else "")


def states(newest_first: Iterable[PastVerdict], most: int) -> str:
    """A letter for each of the last verdicts, oldest first."""
    return "".join(LETTERS[verdict.standing] for verdict in newest_first)[:most][::-1]


def _blocks(values: Sequence[float], blocks: str, *, from_zero: bool) -> str:
    if not values:
        return ""
    lowest = min(*values, 0.0) if from_zero else min(values)
    spread = max(values) - lowest
    if not spread:
        # nothing moves
        return (blocks[0] if from_zero else blocks[len(blocks) // 2]) * len(values)
    return "".join(blocks[round((value - lowest) / spread * (len(blocks) - 1))] for value in values)
