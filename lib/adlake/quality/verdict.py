"""What a gate says of a candidate: whether it may be published, rule by rule, in numbers and never with a value."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

from adlake.contracts import tables
from adlake.errors import GateHeld
from adlake.quality.document import OnFail
from adlake.quality.suite import FINGERPRINT_LENGTH, Rule

State = Literal["passed", "passed_with_warnings", "held", "could_not_run"]
RuleState = Literal["passed", "failed", "no_history", "not_judged", "could_not_run"]
PUBLISHING: frozenset[State] = frozenset({"passed", "passed_with_warnings"})
NOTHING_NEW = "nothing new: every row was published already"
# What begins so is done once: the next run does not go on with it.
REBUILD, REPLAY, ROTATION = "rebuild-", "replay-", "rotation-"
# So does a table that somebody has made anew from tables which have not changed. No commit has this name: tables made
# from others take the names of their batches over, and what is named after a rebuild of those is gone on with.
REMAKE = "remake-"
HOLDING: frozenset[OnFail] = frozenset({"quarantine", "hold"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one rule.

    Attributes:
        rule: its id.
        on_fail: what follows when it fails.
        state: passed, failed; no_history while there are too few runs to learn a threshold from; not_judged where the
            candidate has no row, or no value of its column; could_not_run.
        unexpected: rows that break it; None for a rule of the whole batch.
        judged: rows that it says something of; None for a rule of the whole batch.
        observed: the number of the batch that it judges; moments in seconds since 1970 (UTC); None for a row rule.
        least, most: thresholds that were worked out for this batch.
    """

    rule: str
    on_fail: OnFail
    state: RuleState
    unexpected: int | None = None
    judged: int | None = None
    observed: float | None = None
    least: float | None = None
    most: float | None = None

    @property
    def is_broken(self) -> bool:
        """Whether the rule was broken beyond what it allows, or could not be judged."""
        return self.state in {"failed", "could_not_run"}

    @property
    def holds(self) -> bool:
        """Whether it keeps the candidate from readers."""
        return self.state == "could_not_run" or (self.state == "failed" and self.on_fail in HOLDING)


@dataclass(frozen=True)
class Verdict:
    """The gate's answer for one candidate.

    Attributes:
        table: qualified name.
        suite: fingerprint of the rules; empty when there are none that can be read.
        rows: of the candidate that were judged.
        outcomes: of all rules in the order of the suite.
        reason: why the gate could not run, or had nothing to judge; empty otherwise.
        released: why somebody had it published in spite of the gate; empty otherwise.
    """

    table: str
    suite: str
    rows: int
    outcomes: tuple[Outcome, ...]
    reason: str = ""
    released: str = ""

    @property
    def state(self) -> State:
        """The one word for it; a rule that could not run makes the whole gate one that could not."""
        if (self.reason and self.reason != NOTHING_NEW) or self._has("could_not_run", {"quarantine", "hold", "warn"}):
            return "could_not_run"
        if self._has("failed", {"quarantine", "hold"}):
            return "held"
        return "passed_with_warnings" if self._has("failed", {"warn"}) else "passed"

    @property
    def publishes(self) -> bool:
        """Whether the candidate goes to readers."""
        return self.state in PUBLISHING or bool(self.released)

    @property
    def failed(self) -> tuple[str, ...]:
        """Ids of the rules that keep the candidate from readers, or would warn."""
        return tuple(outcome.rule for outcome in self.outcomes if outcome.is_broken)

    @property
    def holding(self) -> tuple[str, ...]:
        """Ids of the rules that keep the candidate from readers, or would without a release."""
        return tuple(outcome.rule for outcome in self.outcomes if outcome.holds)

    @property
    def fingerprint(self) -> str:
        """Names this answer: a release is good for the same rules broken in the same numbers, and for nothing else.

        Warnings are no part of it: how old and how many is usual depends on the hour and the day of the release.
        """
        holding = [
            [outcome.rule, outcome.state, outcome.unexpected, outcome.judged, outcome.observed]
            for outcome in self.outcomes
            if outcome.holds
        ]
        text = json.dumps([self.table, self.suite, self.rows, self.reason, holding])
        return hashlib.sha256(text.encode()).hexdigest()[:FINGERPRINT_LENGTH]

    def release(self, reason: str) -> "Verdict":
        """The same answer, published all the same for a reason."""
        return replace(self, released=reason)

    def as_dict(self) -> dict[str, Any]:
        """The verdict as plain values: equal for equal candidates, rules and thresholds."""
        return asdict(self) | {"state": self.state, "fingerprint": self.fingerprint}

    def _has(self, state: RuleState, ways: set[str]) -> bool:
        return any(outcome.state == state and outcome.on_fail in ways for outcome in self.outcomes)


@dataclass(frozen=True)
class Judgement:
    """A verdict, and the candidate that it is about.

    Attributes:
        verdict: of the gate.
        step: that made the candidate.
        batch_id: that it stands for.
        is_batch: whether it is one delivery, and not a table rebuilt or rows replayed.
    """

    verdict: Verdict
    step: str
    batch_id: str
    is_batch: bool

    def as_dict(self, as_of: datetime) -> dict[str, Any]:
        """The judgement as plain values, for the metadata of a commit."""
        return self.verdict.as_dict() | {"is_batch": self.is_batch, "as_of": as_of.isoformat()}

    def error(self) -> GateHeld:
        """What the run says of it."""
        verdict, holding = self.verdict, self.verdict.holding
        found = verdict.reason or f"{len(holding)} of {len(verdict.outcomes)} rules: {', '.join(holding)}"
        if verdict.state == "could_not_run":
            condition, what = "GATE_BROKEN", "the gate could not judge the batch; nothing of it was published"
            way_out = "Mend the suite or the table (`adlake validate` names faults of suites) and run again."
        else:
            condition, what = "GATE_HELD", "rules of the suite hold the batch; nothing of it was published"
            way_out = f"`adlake quality --table {verdict.table}` shows why. Mend the cause and run again"
            if is_one_time(verdict.table, self.batch_id):
                way_out += "; a rebuild, a replay or a rotation is done from the start and cannot be released."
            else:
                way_out += f", or publish it as it is: `adlake release --batch {self.batch_id} --reason ...`."
        return GateHeld(condition, what, where=f"{verdict.table}, batch {self.batch_id}", found=found, way_out=way_out)


def is_one_time(table: str, batch_id: str) -> bool:
    """Whether a candidate is done again from the start when it was held, and never gone on with."""
    if batch_id.startswith((REMAKE, ROTATION)):
        return True
    return batch_id.startswith((REBUILD, REPLAY)) and not holds_all_changes(table)


def holds_all_changes(table: str) -> bool:
    """Whether a candidate holds all changes since the last one that was published, whatever batch it is named after."""
    contract = tables().get(table)
    return contract is not None and contract.is_mart


def row_outcome(rule: Rule, unexpected: int, judged: int, *, is_met: bool) -> Outcome:
    """The outcome of a row rule, failed when its share is not met or more rows break it than it allows."""
    too_many = rule.most_rows is not None and unexpected > rule.most_rows
    return Outcome(rule.id, rule.on_fail, "passed" if is_met and not too_many else "failed", unexpected, judged)


def split_outcomes(rules: Sequence[Rule], broken: Mapping[str, int], judged: Mapping[str, int]) -> tuple[Outcome, ...]:
    """Outcomes of the rules that split rows, from what was counted while they were split."""
    return tuple(
        row_outcome(rule, broken[rule.id], judged[rule.id], is_met=_is_met(rule, broken[rule.id], judged[rule.id]))
        for rule in rules
    )


def _is_met(rule: Rule, broken: int, judged: int) -> bool:
    # as Great Expectations does it: the share of good rows, not what the bad ones leave of 1
    return judged == 0 or (judged - broken) / judged >= rule.mostly
