"""Lines of a small file, each with what becomes of it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from adlake.generator.files import FileKey

# what becomes of a record, and the rule or reason (empty where there is none)
Fate = tuple[str, str]
PUBLISHED, DUPLICATE = ("published", ""), ("duplicates", "")


class Line(NamedTuple):
    """One record.

    Attributes:
        text: as it stands in the file; line ends between quote marks are part of it.
        fates: what becomes of it in each of the tables made of it, in their order; empty when it cannot be read.
        unread: the rule of the reader that refuses it.
    """

    text: str
    fates: tuple[Fate, ...] = ()
    unread: str = ""


def refused(rule: str) -> Fate:
    """The fate of a record that a rule sends to quarantine."""
    return ("quarantined", rule)


def left_out(reason: str) -> Fate:
    """The fate of a record that is left out on purpose."""
    return ("filtered", reason)


def account_of(table: str, refined: Sequence[str], lines: Iterable[Line]) -> Counter[FileKey]:
    """Rows by layer, table, what becomes of them, and why.

    Args:
        table: the bronze table.
        refined: qualified names of the tables made of it, in the order of the fates.
        lines: the records.
    """
    counts: Counter[FileKey] = Counter()
    for line in lines:
        counts["bronze", table, "read", ""] += 1
        if line.unread:
            counts["bronze", table, "quarantined", line.unread] += 1
            continue
        counts["bronze", table, "published", ""] += 1
        for name, (what, why) in zip(refined, line.fates, strict=True):
            layer, _, of_layer = name.partition(".")
            counts[layer, of_layer, "read", ""] += 1
            counts[layer, of_layer, what, why] += 1
    return counts
