"""The account of one commit: where every row that was read has gone."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from adlake.errors import AccountError


@dataclass(frozen=True, slots=True)
class Account:
    """Rows of one batch in one table; each number comes from a source of its own.

    Attributes:
        read: rows that the layer before holds of this batch (records of the inspected files, in bronze).
        published: rows that this commit adds beyond those it only rewrites.
        duplicates: rows whose key was published already, or lost against another row of the batch.
        quarantined: refused rows by the first rule that they break.
        filtered: rows left out on purpose, by reason.
        superseded: rows removed because a newer delivery or a recomputed slice replaces them.
        restored: rows of earlier batches published again because their published twin was superseded.
        replayed: rows that came back from quarantine.
    """

    read: int
    published: int
    duplicates: int = 0
    quarantined: Mapping[str, int] = field(default_factory=dict)
    filtered: Mapping[str, int] = field(default_factory=dict)
    superseded: int = 0
    restored: int = 0
    replayed: int = 0

    def check(self, where: str) -> None:
        """Nothing when the rows add up.

        read + restored + replayed = published + duplicates + quarantined + filtered.

        Raises:
            AccountError: they do not (ACCOUNT_OPEN), or a number is negative (ACCOUNT_NEGATIVE).
        """
        numbers = [self.read, self.published, self.duplicates, self.superseded, self.restored, self.replayed]
        numbers += [*self.quarantined.values(), *self.filtered.values()]
        if min(numbers) < 0:
            raise AccountError("ACCOUNT_NEGATIVE", "a count of rows is below zero", where=where, found=str(self))
        came_in = self.read + self.restored + self.replayed
        refused, left_out = sum(self.quarantined.values()), sum(self.filtered.values())
        went_out = self.published + self.duplicates + refused + left_out
        if came_in != went_out:
            raise AccountError(
                "ACCOUNT_OPEN",
                f"{came_in} rows came in and {went_out} are accounted for; nothing was committed",
                where=where,
                found=f"published {self.published}, duplicates {self.duplicates}, quarantined {refused}, "
                f"filtered {left_out}",
                wanted=f"read {self.read} + restored {self.restored} + replayed {self.replayed}",
                way_out="This is a fault in a transformation or a file that changed while it was read: run again, "
                "and report it if it comes back.",
            )

    def as_dict(self) -> dict[str, Any]:
        """The account as plain values, for commit metadata, reports and ops."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Account":
        """The account that `as_dict` gave."""
        return cls(**values)
