"""What verdicts say in words: numbers beside what is allowed, and the way out of a held batch."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from adlake.quality.chronicle import HeldBatch, PastVerdict, Standing
from adlake.quality.trend import RuleTrend, Scale

STANDINGS: Mapping[Standing, str] = {
    "passed": "passed",
    "passed_with_warnings": "passed with warnings",
    "released": "released",
    "held": "held",
    "could_not_run": "could not run",
}
WAYS_OUT: Mapping[Standing, str] = {
    "held": "Correct the input or the rule and run again, or publish the batch as it is:",
    "could_not_run": "Nothing was judged, so nothing can be released. Mend the suite or the table and run again.",
}
DEFAULT_CONFIG = "lake.yaml"
# what a release command shows where the reason goes
REASON = '"..."'
LEAST_DIGITS, MOST_DIGITS = 2, 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Wording:
    """The number of a rule, and what is allowed; either may be empty."""

    found: str
    allowed: str


def wording(trend: RuleTrend) -> Wording:
    """What was found and what is allowed, with as many digits as tell the two apart."""
    known = [value for value in (trend.value, trend.least, trend.most) if value is not None]
    texts = dict(zip(known, figures(known, trend.scale), strict=True))
    outcome = trend.outcome
    found = "" if trend.value is None else texts[trend.value]
    if outcome.unexpected is not None:
        found = f"{outcome.unexpected:,} of {outcome.judged or 0:,}{f' ({found})' if found else ''}"
        return Wording(found, _allowed_rows(trend, texts))
    return Wording(found, _allowed_numbers(trend, texts))


def figures(values: Sequence[float], scale: Scale) -> list[str]:
    """The numbers as text, all with the same digits: enough that unequal ones look unequal and only 0 looks like 0."""
    texts: list[str] = []
    for digits in range(LEAST_DIGITS, MOST_DIGITS + 1):
        texts = [_figure(value, scale, digits) for value in values]
        hides = any(value != 0 and not text.strip("-0.%") for value, text in zip(values, texts, strict=True))
        if len(set(texts)) == len(set(values)) and not hides:
            break
    return texts


def standing(verdict: PastVerdict) -> str:
    """What became of the candidate, in words."""
    return STANDINGS[verdict.standing]


def release_command(held: HeldBatch, config: str = DEFAULT_CONFIG) -> str:
    """The line that publishes a held batch once its reason is filled in; empty for one that nobody could judge.

    Args:
        held: the batch.
        config: path of the lake's lake.yaml.
    """
    if held.verdict.state != "held":
        return ""
    words = ["adlake", "release", "--batch", held.verdict.batch_id, "--table", held.verdict.table]
    if config != DEFAULT_CONFIG:
        words += ["--config", config]
    return f"{shlex.join(words)} --reason {REASON}"


def _figure(value: float, scale: Scale, digits: int) -> str:
    if scale == "share":
        return f"{value:.{digits}%}"
    if scale == "moment":
        try:
            return (_EPOCH + timedelta(seconds=value)).strftime("%Y-%m-%d %H:%M:%S UTC")
        except OverflowError:
            pass
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.{digits}f}"


def _allowed_rows(trend: RuleTrend, texts: Mapping[float, str]) -> str:
    if trend.most is None:
        return ""
    if trend.most == 0 or trend.most_rows == 0:
        return "none allowed"
    rows = "" if trend.most_rows is None else f" and {trend.most_rows:,} rows"
    return f"at most {texts[trend.most]}{rows}"


def _allowed_numbers(trend: RuleTrend, texts: Mapping[float, str]) -> str:
    if trend.outcome.state == "not_judged":
        return "no value to judge"
    if trend.outcome.state == "no_history":
        return "too few runs to tell"
    if trend.least is not None and trend.most is not None:
        least, most = texts[trend.least], texts[trend.most]
        return f"exactly {least}" if trend.least == trend.most else f"{least} to {most}"
    if trend.least is not None:
        return f"at least {texts[trend.least]}"
    return "" if trend.most is None else f"at most {texts[trend.most]}"
