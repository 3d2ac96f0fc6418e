"""What generated files come to: accounts of both batches, hazards planted, and sums over published records."""

from collections import Counter
from dataclasses import dataclass, field

from adlake.generator.files import FileRows
from adlake.generator.tally import Tally

# batch, layer, table, what, rule or reason (empty where there is none)
AccountKey = tuple[int, str, str, str, str]


@dataclass
class Outcome:
    """What some files come to.

    Attributes:
        accounts: rows by batch, layer, table and what became of them.
        planted: hazards by name.
        both: published by the first batch, and still after the second.
        first: published by the first batch and superseded by the second.
        second: published by the second batch.
        files: paths taken, by batch.
        untaken: paths that come again unchanged.
        set_aside: paths of files that cannot be read.
    """

    accounts: Counter[AccountKey] = field(default_factory=Counter)
    planted: Counter[str] = field(default_factory=Counter)
    both: Tally = field(default_factory=Tally)
    first: Tally = field(default_factory=Tally)
    second: Tally = field(default_factory=Tally)
    files: dict[int, list[str]] = field(default_factory=lambda: {1: [], 2: []})
    untaken: list[str] = field(default_factory=list)
    set_aside: list[str] = field(default_factory=list)

    def merge(self, other: "Outcome") -> None:
        """The outcome with another one counted in."""
        self.accounts.update(other.accounts)
        self.planted.update(other.planted)
        self.both.merge(other.both)
        self.first.merge(other.first)
        self.second.merge(other.second)
        self.untaken += other.untaken
        for batch, paths in other.files.items():
            self.files[batch] += paths

    def account(self, batch: int, file: FileRows, *, is_copy: bool = False) -> None:
        """The account with a file counted in.

        Args:
            batch: that takes it.
            file: what it holds.
            is_copy: whether all its good records were delivered before.
        """
        self.files[batch].append(file.path)
        bronze, silver = (batch, "bronze", file.table), (batch, "silver", file.table)
        lost = len(file.good) if is_copy else 0
        counts = {
            (*bronze, "read", ""): file.records,
            (*bronze, "published", ""): file.readable,
            (*silver, "read", ""): file.readable,
            (*silver, "published", ""): len(file.good) - lost,
            (*silver, "duplicates", ""): file.copies + lost,
            **{(*bronze, "quarantined", rule): rows for rule, rows in file.unread().items()},
            **{(*silver, "quarantined", rule): rows for rule, rows in file.refusals().items()},
            **{(*silver, "filtered", reason): rows for reason, rows in file.filters().items()},
        }
        self.accounts.update(counts)

    def replace_rows(self, table: str, *, superseded: int, restored: int) -> None:
        """The account with rows that the second batch took away and put back."""
        self.accounts[2, "silver", table, "superseded", ""] += superseded
        self.accounts[2, "silver", table, "restored", ""] += restored
        self.accounts[2, "silver", table, "published", ""] += restored
