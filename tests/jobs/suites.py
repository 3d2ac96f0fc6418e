"""Suites made by hand for a test: the rules that it is about, and for every other table one that holds nothing."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adlake.contracts import tables
from adlake.quality.suite import JUDGED_LAYERS

Rules = Mapping[str, Sequence[Mapping[str, Any]]]


def rule(
    rule_id: str, kind: str, on_fail: str = "hold", *, most_rows: int | None = None, **kwargs: Any
) -> dict[str, Any]:
    """One expectation with adlake's words."""
    meta = {"id": rule_id, "on_fail": on_fail, "meaning": f"why there is {rule_id}"}
    if most_rows is not None:
        meta["most_rows"] = most_rows
    severity = "warning" if on_fail == "warn" else "critical"
    return {"type": f"expect_{kind}", "kwargs": kwargs, "severity": severity, "meta": meta}


ROWS_MISSING = rule("rows_missing", "table_row_count_to_be_between", min_value=1)
ANYTHING = rule("anything", "table_row_count_to_be_between", "warn", min_value=0)


def write(root: Path, rules: Rules) -> Path:
    """Write a folder of suites, a new one: what was read of a folder is remembered.

    Args:
        root: that is not there yet.
        rules: by table; one without rules gets no suite.
    """
    judged = {name: contract for name, contract in tables().items() if contract.layer in JUDGED_LAYERS}
    for name, contract in judged.items():
        found = rules.get(name, [ANYTHING])
        path = root / f"{contract.path}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        if found:
            path.write_text(json.dumps({"name": name, "expectations": list(found)}))
    return root
