"""Every failure that adlake raises on purpose.

AdlakeError
├── UsageError          2  a flag, a configuration value or the machine is not usable
│   └── ContractError   2  a contract, or a frame held against one, does not fit
├── SourceError         1  a delivered file cannot be read as what it claims to be
├── AccountError        1  rows that went in and rows that came out do not add up
├── PublishError        1  a commit could not be made, or was lost
├── LockError           1  another writer holds the lake
└── GateHeld            3  a quality gate held data back

A message answers four questions in one line: what happened, where, what was found against what was wanted, and the
way out. It never holds a row, an identifier or a secret: names, counts and places only.
"""

from typing import ClassVar


class AdlakeError(Exception):
    """A failure with a condition name, its place, the facts and the way out.

    Args:
        condition: stable name in SCREAMING_SNAKE case, for tests, logs and alarms.
        what: the failure in one clause, without a final full stop.
        where: file, table, column, flag or key.
        found: what was there.
        wanted: what would have been right.
        way_out: one sentence that says what to do next.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self, condition: str, what: str, *, where: str = "", found: str = "", wanted: str = "", way_out: str = ""
    ) -> None:
        self.condition = condition
        self.what = what
        self.where = where
        self.found = found
        self.wanted = wanted
        self.way_out = way_out
        super().__init__(self._message())

    def _message(self) -> str:
        place = f" {self.where}:" if self.where else ""
        facts = [f"[{self.condition}]{place} {self.what}."]
        if self.found:
            facts.append(f"Found: {self.found}.")
        if self.wanted:
            facts.append(f"Wanted: {self.wanted}.")
        if self.way_out:
            facts.append(self.way_out)
        return " ".join(facts)

    def __reduce__(self) -> tuple[object, ...]:
        # Required keyword arguments would otherwise be lost when Spark or a process pool pickles the error.
        return _rebuild, (type(self), self.condition, self.what, self.where, self.found, self.wanted, self.way_out)


def _rebuild(  # noqa: PLR0917 pickle calls by position
    kind: type[AdlakeError], condition: str, what: str, where: str, found: str, wanted: str, way_out: str
) -> AdlakeError:
    return kind(condition, what, where=where, found=found, wanted=wanted, way_out=way_out)


class UsageError(AdlakeError):
    """A flag, a configuration value or the machine cannot be used as it is."""

    exit_code = 2


class ContractError(UsageError):
    """A contract is faulty, or a frame does not fit its contract."""


class SourceError(AdlakeError):
    """A delivered file cannot be read as what it claims to be."""


class AccountError(AdlakeError):
    """Rows that went in and rows that came out do not add up."""


class PublishError(AdlakeError):
    """A commit could not be made, or was made and then lost."""


class LockError(AdlakeError):
    """Another writer holds the lake."""


class GateHeld(AdlakeError):
    """A quality gate held data back; nothing a reader sees has changed."""

    exit_code = 3
