"""What somebody asks of one run beyond what is new, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Release:
    """The wish to have a held batch published.

    Attributes:
        batch_id: of the batch.
        reason: why, in the words of whoever decides it; it is kept and shown.
        table: qualified name; None for every table that the batch is held in.
    """

    batch_id: str
    reason: str
    table: str | None = None


@dataclass(frozen=True)
class Replay:
    """Which refused rows go through the rules again.

    Attributes:
        table: qualified name of the table that refused them.
        rule: only rows that broke this rule; None for any.
        since: only rows refused at this moment or later; None for all.
    """

    table: str
    rule: str | None = None
    since: datetime | None = None


Wish = Release | Replay


@dataclass(frozen=True)
class DoneReplay:
    """What became of the rows of one replay, or would become of them.

    Attributes:
        table: that had refused them.
        batch_id: of the replay.
        published, duplicates: rows.
        refused: rows that rules refuse still, by the rule that owns them.
        left_out: rows that filters leave out, by reason.
        is_dry: whether nothing was written.
        is_held: whether the gate holds what would be published.
    """

    table: str
    batch_id: str
    published: int
    duplicates: int
    refused: Mapping[str, int]
    left_out: Mapping[str, int]
    is_dry: bool
    is_held: bool = False

    @property
    def rows(self) -> int:
        """All of them."""
        return self.published + self.duplicates + sum(self.refused.values()) + sum(self.left_out.values())

    def __str__(self) -> str:
        """One line for people."""
        verb = "would be published" if self.is_dry else "held by the gate" if self.is_held else "published"
        told = [f"{self.published} {verb}", f"{self.duplicates} there already"]
        told += [_told("still refused", self.refused), _told("left out", self.left_out)]
        rows = f"{self.rows} refused row{'' if self.rows == 1 else 's'}"
        return f"{self.table}: {rows} looked at again: {', '.join(told)}"


@dataclass(frozen=True)
class DoneRotation:
    """What was linked by one rotation of the identity key, or would be.

    Attributes:
        old_versions: of keys that are linked.
        version: of the keys that they are linked with.
        linked_by_kind: keys by the kind of their identifiers; those that were linked before are left out.
        is_dry: whether nothing was written.
        is_held: whether the gate holds what would be published.
    """

    old_versions: tuple[str, ...]
    version: str
    linked_by_kind: Mapping[str, int]
    is_dry: bool
    is_held: bool = False

    @property
    def linked(self) -> int:
        """All of them."""
        return sum(self.linked_by_kind.values())

    def __str__(self) -> str:
        """One line for people."""
        verb = "would be linked" if self.is_dry else "held by the gate" if self.is_held else "linked"
        return f"{', '.join(self.old_versions)} to {self.version}: {_told(verb, self.linked_by_kind)}"


def _told(what: str, counts: Mapping[str, int]) -> str:
    names = ", ".join(f"{name}: {count}" for name, count in counts.items())
    return f"{sum(counts.values())} {what}" + (f" ({names})" if names else "")
