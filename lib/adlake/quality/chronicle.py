"""Verdicts as ops keeps them, put together again from their rules: what is held now, and what was released and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, cast

from adlake.quality.verdict import Outcome, RuleState, State, holds_all_changes, is_one_time
from adlake.records import VerdictRecord

if TYPE_CHECKING:
    from adlake.quality.document import OnFail

Standing = Literal["passed", "passed_with_warnings", "released", "held", "could_not_run"]
"""What became of a candidate: the gate's word for it, or `released` where somebody published it all the same."""


@dataclass(frozen=True)
class PastVerdict:
    """One verdict of the gate; attributes as in the contract `ops.verdicts`.

    Attributes:
        outcomes: of its rules in their order; none where no rule could be read.
    """

    run_id: str
    batch_id: str
    step: str
    table: str
    state: State
    fingerprint: str
    suite: str
    reason: str
    released: str
    version: int | None
    rows: int
    is_batch: bool
    outcomes: tuple[Outcome, ...]
    as_of_utc: datetime
    at_utc: datetime

    @property
    def standing(self) -> Standing:
        """What became of the candidate."""
        return "released" if self.is_published and self.released else self.state

    @property
    def is_published(self) -> bool:
        """Whether readers see the candidate."""
        return self.version is not None

    @property
    def holds(self) -> bool:
        """Whether the candidate was kept from readers."""
        return not self.is_published and self.state in {"held", "could_not_run"}

    @property
    def broken(self) -> tuple[Outcome, ...]:
        """The rules that failed or could not run, those that only warn among them."""
        return tuple(one for one in self.outcomes if one.is_broken)

    @property
    def holding(self) -> tuple[Outcome, ...]:
        """The rules that keep the candidate from readers, or would without a release."""
        return tuple(one for one in self.outcomes if one.holds)


@dataclass(frozen=True)
class HeldBatch:
    """A batch that the gate keeps from the readers of one table.

    Attributes:
        verdict: the newest one of the batch.
        since_utc: of the first verdict that held it, when all since then held it too.
    """

    verdict: PastVerdict
    since_utc: datetime

    @property
    def rules(self) -> tuple[str, ...]:
        """Ids of the rules that hold it; none where no rule could be read."""
        return tuple(one.rule for one in self.verdict.holding)

    def as_dict(self) -> dict[str, Any]:
        """The batch and what holds it as plain values, times as they are."""
        verdict = self.verdict
        names = ("batch_id", "step", "table", "state", "reason", "rows", "fingerprint", "run_id")
        return {name: getattr(verdict, name) for name in names} | {"rules": self.rules, "since_utc": self.since_utc}


def past_verdicts(records: Iterable[VerdictRecord]) -> tuple[PastVerdict, ...]:
    """Verdicts, newest first; of one moment, those that were recorded last come first.

    Args:
        records: one per rule of a verdict, oldest verdict first, the rules of one in their order.
    """
    grouped: dict[tuple[str, str, str, str], dict[str, VerdictRecord]] = {}
    for record in records:
        key = (record.run_id, record.step, record.table, record.batch_id)
        grouped.setdefault(key, {})[record.rule] = record
    found = sorted((_past_verdict(list(rules.values())) for rules in grouped.values()), key=lambda one: one.at_utc)
    return tuple(reversed(found))


def held_batches(verdicts: Iterable[PastVerdict]) -> tuple[HeldBatch, ...]:
    """What is held now, the longest held first.

    A batch is held as long as its newest verdict of a step and table holds it; a table made from silver as long as its
    newest of all does. A table that somebody has rebuilt, or that gets replayed rows, is done again from the start when
    it was held, and is no batch: no later run would go on with it.

    Args:
        verdicts: newest first.
    """
    by_candidate: dict[tuple[str, str, str], list[PastVerdict]] = {}
    for verdict in verdicts:
        if is_one_time(verdict.table, verdict.batch_id):
            continue
        batch = "" if holds_all_changes(verdict.table) else verdict.batch_id
        by_candidate.setdefault((verdict.step, verdict.table, batch), []).append(verdict)
    held = [HeldBatch(own[0], _held_since(own)) for own in by_candidate.values() if own[0].holds]
    return tuple(sorted(held, key=lambda batch: (batch.since_utc, batch.verdict.table, batch.verdict.batch_id)))


def released(verdicts: Iterable[PastVerdict]) -> tuple[PastVerdict, ...]:
    """Verdicts in spite of which somebody published the batch, in the order in which they are given."""
    return tuple(verdict for verdict in verdicts if verdict.standing == "released")


def _held_since(verdicts: Sequence[PastVerdict]) -> datetime:
    since = verdicts[0].at_utc
    for verdict in verdicts:
        if not verdict.holds:
            break
        since = verdict.at_utc
    return since


def _past_verdict(records: Sequence[VerdictRecord]) -> PastVerdict:
    # all rows of a verdict say the same of it
    first = records[0]
    return PastVerdict(
        run_id=first.run_id,
        batch_id=first.batch_id,
        step=first.step,
        table=first.table,
        state=cast("State", first.state),
        fingerprint=first.fingerprint,
        suite=first.suite,
        reason=first.reason,
        released=first.released,
        version=first.version,
        rows=first.rows,
        is_batch=first.is_batch,
        outcomes=tuple(_outcome(record) for record in records if record.rule),
        as_of_utc=first.as_of_utc,
        at_utc=first.at_utc,
    )


def _outcome(record: VerdictRecord) -> Outcome:
    return Outcome(
        rule=record.rule,
        on_fail=cast("OnFail", record.on_fail),
        state=cast("RuleState", record.outcome),
        unexpected=record.unexpected,
        judged=record.judged,
        observed=record.observed,
        least=record.least,
        most=record.most,
    )
