"""What generated files come to: accounts of both batches, hazards planted, and sums over published records."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from adlake.generator.files import FileKey
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

    def take(self, batch: int, path: str, counts: Mapping[FileKey, int]) -> None:
        """The account with a file counted in.

        Args:
            batch: that takes it.
            path: of the file.
            counts: of its rows.
        """
        self.files[batch].append(path)
        self.accounts.update({(batch, *key): rows for key, rows in counts.items()})

    def replace_rows(self, table: str, *, superseded: int, restored: int) -> None:
        """The account with rows that the second batch took away and put back."""
        self.accounts[2, "silver", table, "superseded", ""] += superseded
        self.accounts[2, "silver", table, "restored", ""] += restored
        self.accounts[2, "silver", table, "published", ""] += restored
