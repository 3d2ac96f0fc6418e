"""What somebody asks of one run beyond what is new, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from adlake.errors import AccountError


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
        settled: rows that a replay published before it was cut off; told now, and published no second time.
        gone: rows whose records the layer before no longer holds: there is nothing to publish.
    """

    table: str
    batch_id: str
    published: int
    duplicates: int
    refused: Mapping[str, int]
    left_out: Mapping[str, int]
    is_dry: bool
    is_held: bool = False
    settled: int = 0
    gone: int = 0

    @property
    def rows(self) -> int:
        """All that were asked for."""
        return self.came_back + self.settled + self.gone

    def check(self, asked: int) -> None:
        """Nothing when each row that was asked for has one outcome.

        Raises:
            AccountError: the outcomes are more or fewer (REPLAY_OPEN).
        """
        if self.rows != asked:
            raise AccountError(
                "REPLAY_OPEN",
                "refused rows and what became of them do not add up; nothing was committed",
                where=f"{self.table}, batch {self.batch_id}",
                found=f"{self.rows} outcomes",
                wanted=f"{asked}",
                way_out="This is a fault in a transformation: report it.",
            )

    @property
    def came_back(self) -> int:
        """Those that went through the rules again and are in the account of the table."""
        return self.published + self.duplicates + sum(self.refused.values()) + sum(self.left_out.values())

    def __str__(self) -> str:
        """One line for people."""
        verb = "would be published" if self.is_dry else "held by the gate" if self.is_held else "published"
        told = [f"{self.published} {verb}", f"{self.duplicates} there already"]
        told += [_told("still refused", self.refused), _told("left out", self.left_out)]
        told += [f"{self.settled} published before"] if self.settled else []
        told += [f"{self.gone} no longer held"] if self.gone else []
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
