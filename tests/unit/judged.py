"""Verdicts made by hand, as the ledger holds them, and a suite that speaks of their rules."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adlake.records import VerdictRecord

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SHOWN = "silver.gam_impressions"
RULE = VerdictRecord(
    run_id="r1",
    batch_id="b1",
    step="build_silver",
    table=SHOWN,
    rule="",
    state="passed",
    fingerprint="f1",
    suite="s1",
    reason="",
    released="",
    version=None,
    rows=1000,
    is_batch=True,
    on_fail=None,
    outcome=None,
    unexpected=None,
    judged=None,
    observed=None,
    least=None,
    most=None,
    as_of_utc=NOW,
    at_utc=NOW,
)
_EXPECTATIONS = {
    "no_key": ("expect_column_values_to_not_be_null", "quarantine", {"column": "id_key", "mostly": 0.99}),
    "row_count": (
        "expect_table_row_count_to_be_between",
        "hold",
        {"min_value": {"$PARAMETER": "row_count_least"}, "max_value": {"$PARAMETER": "row_count_most"}},
    ),
    "with_id": (
        "expect_column_proportion_of_non_null_values_to_be_between",
        "warn",
        {"column": "id_key", "min_value": 0.8, "max_value": 1},
    ),
    "newest": ("expect_column_max_to_be_between", "warn", {"column": "event_at_utc", "max_value": "2030-01-01"}),
}


def row_rule(rule: str, unexpected: int, judged: int, *, outcome: str = "passed", on_fail: str = "quarantine"):
    """One rule that counts rows."""
    return replace(RULE, rule=rule, on_fail=on_fail, outcome=outcome, unexpected=unexpected, judged=judged)


def batch_rule(
    rule: str,
    observed: float | None,
    least: float | None = None,
    most: float | None = None,
    *,
    outcome: str = "passed",
    on_fail: str = "hold",
):
    """One rule that judges a number of the whole batch."""
    found = replace(RULE, rule=rule, on_fail=on_fail, outcome=outcome)
    return replace(found, observed=observed, least=least, most=most)


def judged(*rules: VerdictRecord, hours_ago: float = 0, **values: object) -> list[VerdictRecord]:
    """The rows of one verdict: what all of them say, and the rules; a single row where there is none."""
    at = NOW - timedelta(hours=hours_ago)
    values = {"run_id": f"r{hours_ago:03}", "as_of_utc": at, "at_utc": at} | values
    return [replace(rule, **values) for rule in rules or (RULE,)]


def write_suite(root: Path, names: Sequence[str] = tuple(_EXPECTATIONS), table: str = SHOWN) -> None:
    """Write the rules of these names as the suite of a table, below a folder of suites."""
    rules = [
        {
            "type": kind,
            "kwargs": kwargs,
            "severity": "warning" if on_fail == "warn" else "critical",
            "meta": {"id": name, "on_fail": on_fail, "meaning": f"why there is {name}"},
        }
        for name, (kind, on_fail, kwargs) in _EXPECTATIONS.items()
        if name in names
    ]
    path = root / f"{table.replace('.', '/')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"name": table, "expectations": rules}))
