"""How each rule of a verdict did before: its number from run to run, and what is allowed."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from adlake.contracts import tables
from adlake.quality.chronicle import PastVerdict, Standing
from adlake.quality.kinds import EXTREMES
from adlake.quality.suite import Rule, Suite, present_suite
from adlake.quality.verdict import Outcome

MOST_POINTS = 30
Scale = Literal["share", "number", "moment"]
"""What a rule's number is: a share of rows, a plain number, or a moment in seconds since 1970 (UTC)."""
MOMENTS = frozenset({"timestamp", "timestamp_ntz"})
# 1 - mostly leaves dust in the last digits
SHARE_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Point:
    """The number of a rule in one verdict."""

    at_utc: datetime
    run_id: str
    batch_id: str
    standing: Standing
    value: float

    @property
    def is_published(self) -> bool:
        """Whether readers see the candidate that it is of."""
        return self.standing not in {"held", "could_not_run"}


@dataclass(frozen=True)
class RuleTrend:
    """One rule of a verdict, with what came before.

    Attributes:
        outcome: of the rule in the verdict.
        meaning: from the suite; empty when the suite has the rule no more.
        scale: of the numbers.
        least, most: allowed numbers, of a row rule the share of rows that may break it; None where nothing is known.
        most_rows: how many rows may break it beside that share; None for no such bound.
        points: oldest first, the verdict's own last if it has a number.
    """

    outcome: Outcome
    meaning: str
    scale: Scale
    least: float | None
    most: float | None
    most_rows: int | None
    points: tuple[Point, ...]

    @property
    def value(self) -> float | None:
        """The number of the verdict itself."""
        return _value(self.outcome)


def rule_trends(verdict: PastVerdict, history: Iterable[PastVerdict]) -> tuple[RuleTrend, ...]:
    """The rules of a verdict in their order.

    Args:
        verdict: whose rules they are.
        history: verdicts of any tables, newest first, later ones and the verdict itself included or not.
    """
    suite = present_suite(verdict.table)
    before = _comparable(verdict, history)
    return tuple(_rule_trend(outcome, verdict, suite, before) for outcome in verdict.outcomes)


def _rule_trend(
    outcome: Outcome, verdict: PastVerdict, suite: Suite | None, before: Sequence[PastVerdict]
) -> RuleTrend:
    rules = {rule.id: rule for rule in suite.rules} if suite else {}
    rule = rules.get(outcome.rule)
    # the rule may have meant something else under another suite
    is_same = suite is not None and suite.fingerprint == verdict.suite
    least, most = _bounds(outcome, rule if is_same else None)
    return RuleTrend(
        outcome=outcome,
        meaning=rule.meaning if rule else "",
        scale=_scale(outcome, rule, verdict.table),
        least=least,
        most=most,
        most_rows=rule.most_rows if rule and is_same else None,
        points=_points(outcome.rule, before),
    )


def _comparable(verdict: PastVerdict, history: Iterable[PastVerdict]) -> list[PastVerdict]:
    """The verdict, and earlier ones of deliveries to the same table by the same step, newest first.

    A held batch is judged again by every run: of the same answer only the newest counts.
    """
    seen = {(verdict.batch_id, verdict.fingerprint)}
    found = [verdict]
    for earlier in history:
        is_earlier = earlier.at_utc <= verdict.at_utc and earlier.run_id != verdict.run_id
        is_like = (earlier.step, earlier.table) == (verdict.step, verdict.table) and earlier.is_batch
        if not is_earlier or not is_like or not (earlier.is_published or earlier.holds):
            continue
        key = (earlier.batch_id, earlier.fingerprint)
        if earlier.is_published or key not in seen:
            found.append(earlier)
        seen.add(key)
    return found


def _points(rule: str, newest_first: Iterable[PastVerdict]) -> tuple[Point, ...]:
    found: list[Point] = []
    for verdict in newest_first:
        outcome = next((one for one in verdict.outcomes if one.rule == rule), None)
        value = _value(outcome) if outcome else None
        if value is not None:
            found.append(Point(verdict.at_utc, verdict.run_id, verdict.batch_id, verdict.standing, value))
        if len(found) == MOST_POINTS:
            break
    return tuple(reversed(found))


def _value(outcome: Outcome) -> float | None:
    if outcome.unexpected is not None:
        return outcome.unexpected / outcome.judged if outcome.judged else None
    is_known = outcome.observed is not None and math.isfinite(outcome.observed)
    return outcome.observed if is_known else None


def _bounds(outcome: Outcome, rule: Rule | None) -> tuple[float | None, float | None]:
    """Those that were worked out for the verdict, or else those that the rule says itself."""
    if outcome.unexpected is not None:
        return None, round(1 - rule.mostly, SHARE_DIGITS) if rule else None
    given: Mapping[str, object] = rule.kwargs if rule else {}
    exact = _number(given.get("value"))
    least = outcome.least if outcome.least is not None else _number(given.get("min_value"))
    most = outcome.most if outcome.most is not None else _number(given.get("max_value"))
    return (exact, exact) if exact is not None else (least, most)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _scale(outcome: Outcome, rule: Rule | None, table: str) -> Scale:
    if outcome.unexpected is not None or (rule and "_proportion_" in rule.kind):
        return "share"
    contract = tables().get(table)
    if rule and contract and rule.kind in EXTREMES:
        types = {column.type for column in contract.columns if column.name in rule.columns}
        return "moment" if types <= MOMENTS else "number"
    return "number"
