"""Suites as values, and every fault of a suite with its place."""

import json

import pytest

from adlake.contracts import table
from adlake.errors import ContractError
from adlake.quality import suite as suites
from adlake.quality.suite import Suite, load_suite, suite_faults, suite_of

CLICKS = table("silver.gam_clicks")
NAME = "silver.gam_clicks"


def rule(id_="filled", kind="expect_column_values_to_not_be_null", on_fail="quarantine", **kwargs):
    return {
        "type": kind,
        "kwargs": kwargs or {"column": "site", "mostly": 0.9},
        "severity": "warning" if on_fail == "warn" else "critical",
        "meta": {"id": id_, "on_fail": on_fail, "meaning": "A case."},
    }


def document(*rules, **more):
    return {"name": NAME, "expectations": list(rules), **more}


def test_a_suite_tells_what_splits_and_what_gates():
    warn = rule("usual", "expect_table_row_count_to_be_between", "warn", min_value={"$PARAMETER": "usual_least"})
    found = suite_of(document(rule(), warn), CLICKS)
    assert isinstance(found, Suite)
    assert [one.id for one in found.splitting] == ["filled"]
    assert [one.id for one in found.gating] == ["usual"]
    assert (found.rules[0].mostly, found.rules[0].columns, found.rules[1].parameters) == (
        0.9,
        ("site",),
        ("usual_least",),
    )


def test_the_fingerprint_follows_the_rules_and_not_their_layout():
    first = suite_of(document(rule()), CLICKS)
    same = suite_of({"expectations": [dict(reversed(rule().items()))], "name": NAME}, CLICKS)
    other = suite_of(document(rule(column="site", mostly=0.91)), CLICKS)
    assert first.fingerprint == same.fingerprint != other.fingerprint


FAULTS = {
    "another table": (document(rule()) | {"name": "silver.gam_requests"}, "name", "'silver.gam_requests'"),
    "no rule": (document(), "expectations", "no rule"),
    "an id twice": (document(rule(), rule()), "expectations", "the rule id filled 2 times"),
    "an unknown kind": (
        document(rule(kind="expect_column_values_to_be_nul", on_fail="warn", column="site")),
        "expectations[0].type",
        "'expect_column_values_to_be_nul'",
    ),
    "a kind that does not run": (
        document(rule(kind="unexpected_rows_expectation", on_fail="warn", column="site")),
        "expectations[0].type",
        "unexpected_rows_expectation: it leaves a view named tmp_view behind, and reads that of others",
    ),
    "an unknown column": (
        document(rule(column="sites", mostly=0.9)),
        "expectations[0].kwargs",
        "the column 'sites'",
    ),
    "a pattern for a number": (
        document(rule(kind="expect_column_values_to_match_regex", column="is_backfill", regex="x", mostly=0.9)),
        "expectations[0].kwargs",
        "the column 'is_backfill' of type boolean",
    ),
    "rows that nobody can name": (
        document(rule(kind="expect_column_mean_to_be_between", column="_position", min_value=1, mostly=0.9)),
        "expectations[0].meta.on_fail",
        "quarantine",
    ),
    "no share": (document(rule(column="site")), "expectations[0].kwargs", "no mostly"),
    "a severity of something else": (
        document(rule() | {"severity": "warning"}),
        "expectations[0].severity",
        "'warning'",
    ),
    "an unknown parameter": (
        document(
            rule("usual", "expect_table_row_count_to_be_between", "warn", min_value={"$PARAMETER": "silver_clicks"})
        ),
        "expectations[0].kwargs",
        "{'$PARAMETER': 'silver_clicks'}",
    ),
    "a moment without a zone": (
        document(
            rule(
                kind="expect_column_values_to_be_between", column="event_at_utc", min_value="2020-01-01T00:00", mostly=0
            )
        ),
        "expectations[0].kwargs.min_value",
        "'2020-01-01T00:00'",
    ),
    "a condition": (
        document(rule(column="site", mostly=0.9, row_condition="true")),
        "expectations[0].kwargs.row_condition",
        "a condition",
    ),
    "an unknown way": (
        document(rule() | {"meta": {"id": "filled", "on_fail": "drop", "meaning": "A case."}}),
        "expectations[0].meta.on_fail",
        "'drop'",
    ),
    "an unknown reference": (
        document(rule(), meta={"references": {"known": {"table": "silver.line_items", "columns": {"site": "name"}}}}),
        "meta.references.known.table",
        "'silver.line_items'",
    ),
    "a reference to nothing": (
        document(
            rule(),
            meta={"references": {"known": {"table": "silver.gam_line_items", "columns": {"line_item_id": "id"}}}},
        ),
        "meta.references.known.columns.line_item_id",
        "'id'",
    ),
}


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A folder with the shipped suites, one of which a test replaces."""
    for name, shipped in suites.suites().items():
        path = tmp_path / "expectations" / f"{name.replace('.', '/')}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((suites.folder("expectations") / f"{name.replace('.', '/')}.json").read_bytes())
        assert shipped.table == name
    monkeypatch.setattr(suites, "folder", lambda name: tmp_path / name)
    return tmp_path / "expectations"


@pytest.mark.parametrize("case", list(FAULTS))
def test_a_fault_names_its_place_and_what_was_found(root, case):
    faulty, place, found = FAULTS[case]
    (root / "silver/gam_clicks.json").write_text(json.dumps(faulty, indent=2))
    faults = suite_faults()
    assert {(fault.file, fault.place, fault.found) for fault in faults} == {
        ("expectations/silver/gam_clicks.json", place, found)
    }
    assert all(fault.line for fault in faults if place != "expectations" or "rule id" in found)
    with pytest.raises(ContractError) as refusal:
        load_suite(CLICKS)
    assert refusal.value.condition == "SUITE_INVALID"


def test_a_suite_that_is_missing_or_of_no_table_is_a_fault(root):
    (root / "silver/gam_clicks.json").rename(root / "silver/gam_klicks.json")
    assert {(fault.file, fault.found) for fault in suite_faults()} == {
        ("expectations/silver/gam_clicks.json", "no suite"),
        ("expectations/silver/gam_klicks.json", "a suite of no table"),
    }
    with pytest.raises(ContractError) as refusal:
        load_suite(CLICKS)
    assert refusal.value.condition == "SUITE_MISSING"


@pytest.mark.parametrize(
    ("text", "found"),
    [('{"name": ', "no YAML"), ("name: silver.gam_clicks", "no JSON"), ('{"name": 1}', "1")],
)
def test_what_is_no_json_or_no_suite_is_a_fault(root, text, found):
    (root / "silver/gam_clicks.json").write_text(text)
    assert any(found in fault.found for fault in suite_faults())


def test_numbers_are_read_as_json_has_them(root):
    text = json.dumps(
        document(rule(kind="expect_column_values_to_be_between", column="_position", max_value=7, mostly=0.5))
    )
    (root / "silver/gam_clicks.json").write_text(text.replace("7", "1e13"))
    assert load_suite(CLICKS).rules[0].kwargs["max_value"] == 1e13
