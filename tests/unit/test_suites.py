"""The suites that adlake ships: one per judged table, in one form, understood by Great Expectations itself."""

import json
import warnings
from functools import cache
from pathlib import Path

import pytest

from adlake.consent.basis import BASES, CONTACT, NO_LAW, NO_SIGNAL
from adlake.contracts import tables
from adlake.errors import ContractError
from adlake.quality.kinds import KINDS, ROW_KINDS
from adlake.quality.suite import JUDGED_LAYERS, load_suite, suite_faults, suite_of
from adlake.reasons import MEANINGS
from tests.doc_commands import blocks

FOLDER = Path(__file__).parents[2] / "expectations"
JUDGED = sorted(name for name, table in tables().items() if table.layer in JUDGED_LAYERS)
EVENTS = ("gam_requests", "gam_impressions", "gam_clicks", "gam_active_views", "auctions", "bids", "page_events")
# each costs several Spark jobs
MOST_COSTLY = {"gold.yield_hourly": 3, "silver.identity_links": 2, "gold.page_views": 2, "gold.sessions": 2}


@cache
def suite(name):
    return load_suite(tables()[name])


def path_of(name):
    return FOLDER / f"{name.replace('.', '/')}.json"


def all_rules():
    return [(name, rule) for name in JUDGED for rule in suite(name).rules]


def parameters(rule):
    return {name.removeprefix(rule.id) for name in rule.parameters}


def test_nothing_is_wrong_with_any_suite():
    assert suite_faults() == []


def test_every_judged_table_has_a_suite_and_every_suite_a_table():
    assert sorted(f"{path.parent.name}.{path.stem}" for path in FOLDER.rglob("*.*")) == JUDGED
    assert len(JUDGED) >= 17


@pytest.mark.parametrize("name", JUDGED)
def test_the_file_is_in_the_one_form(name):
    text = path_of(name).read_text(encoding="utf-8")
    assert json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n" == text


@pytest.fixture(scope="session")
def gx():
    with warnings.catch_warnings():
        # its own imports are of modules that Python takes for old
        warnings.simplefilter("ignore")
        import great_expectations  # noqa: PLC0415 takes seconds
    return great_expectations


@pytest.mark.parametrize("name", JUDGED)
def test_great_expectations_loads_the_file(gx, name):
    document = json.loads(path_of(name).read_text(encoding="utf-8"))
    found = gx.ExpectationSuite(**document)
    assert found.name == name
    assert [one.meta["id"] for one in found.expectations] == [rule.id for rule in suite(name).rules]
    told = [one["severity"] for one in document["expectations"]]
    assert [one.severity.value for one in found.expectations] == told


def test_numbers_and_texts_are_read_as_json_means_them():
    # suites are read as YAML, which takes 1e-07 for a text
    for name in JUDGED:
        document = json.loads(path_of(name).read_text(encoding="utf-8"))
        meant = {one["meta"]["id"]: one["kwargs"] for one in document["expectations"]}
        assert {rule.id: rule.kwargs for rule in suite(name).rules} == meant, name


@pytest.mark.parametrize("name", [f"silver.{name}" for name in EVENTS])
def test_event_tables_have_rules_that_take_rows_out(name):
    assert suite(name).splitting


def test_contacts_lose_no_row():
    """A state may hold an objection; and the vault and silver hold the same rows."""
    assert not suite("vault.contacts").splitting
    assert not suite("silver.contact_states").splitting


def test_rules_are_named_otherwise_than_what_code_refuses_or_leaves_out():
    assert {(name, rule.id) for name, rule in all_rules() if rule.id in MEANINGS} == set()


def test_one_id_means_one_thing():
    """In accounts and reports rules of all tables stand side by side."""
    ways = {}
    for _, rule in all_rules():
        ways.setdefault(rule.id, set()).add((rule.kind, rule.on_fail))
    assert {name: found for name, found in ways.items() if len(found) > 1} == {}


def test_what_a_rule_means_is_one_clause():
    odd = [
        (name, rule.id)
        for name, rule in all_rules()
        if rule.meaning.endswith((".", ",")) or rule.meaning != rule.meaning.strip() or len(rule.meaning) > 130
    ]
    assert odd == []


def test_rules_stand_in_the_order_of_what_follows():
    order = ("quarantine", "hold", "warn")
    for name in JUDGED:
        ways = [order.index(rule.on_fail) for rule in suite(name).rules]
        assert ways == sorted(ways), name


def test_few_rules_ask_queries_of_their_own():
    for name in JUDGED:
        costly = [rule.id for rule in suite(name).gating if rule.is_costly]
        assert len(costly) <= MOST_COSTLY.get(name, 1), (name, costly)


def test_a_row_must_not_be_lost_by_a_rule_of_history():
    for name, rule in all_rules():
        learned = parameters(rule) & {"_least", "_most"}
        assert not learned or rule.on_fail == "warn", (name, rule.id)


def test_every_threshold_of_history_is_named_usual():
    learned = {rule.id for _, rule in all_rules() if parameters(rule) & {"_least", "_most"}}
    assert learned == {rule.id for _, rule in all_rules() if rule.id.endswith("_usual")}


def test_rules_of_rows_that_hold_allow_no_exception():
    """They say what code guarantees."""
    for name, rule in all_rules():
        if rule.on_fail == "hold" and rule.kind in ROW_KINDS:
            assert rule.mostly == 1, (name, rule.id)


def test_every_keyed_column_of_silver_and_gold_is_held_to_its_form():
    for name in JUDGED:
        keyed = {column.name for column in tables()[name].columns if column.personal == "keyed"}
        # no rule looks into a sketch or an array; the keys of the array are held to their form in the links
        keyed -= {"users_sketch", "eid_keys"}
        checked = {column for rule in suite(name).rules if rule.id.endswith("_not_keyed") for column in rule.columns}
        assert checked == keyed, name


def test_warnings_of_rows_say_which_share_is_too_many():
    """One odd row in a million is no news."""
    for name, rule in all_rules():
        if rule.on_fail == "warn" and rule.kind in ROW_KINDS:
            assert "mostly" in rule.kwargs, (name, rule.id)


def test_all_kinds_are_known():
    assert {rule.kind for _, rule in all_rules()} <= KINDS


def test_the_rules_in_the_guide_are_those_of_the_suites():
    documents = [json.loads(path_of(name).read_text(encoding="utf-8")) for name in JUDGED]
    shown = [json.loads(block.text) for block in blocks("json") if block.page == "docs/guides/quality-rules.md"]
    rules = [one for one in shown if "type" in one]
    assert len(rules) == 2
    assert all(any(rule in document["expectations"] for document in documents) for rule in rules)
    (references,) = [one for one in shown if "type" not in one]
    assert any(document.get("meta") == references["meta"] for document in documents)


@pytest.mark.parametrize(
    ("kind", "kwargs", "complaint"),
    [
        ("values_to_be_between", {"column": "name"}, "neither min_value nor max_value, wanted at least one of them"),
        ("value_lengths_to_be_between", {"column": "name", "min_value": None}, "neither min_value nor max_value"),
        ("values_to_be_in_set", {"column": "name"}, "no value_set"),
        ("values_to_match_regex_list", {"column": "name", "regex_list": []}, "no regex_list"),
        ("pair_values_to_be_equal", {"column_A": "name"}, "no column_B"),
        ("values_to_be_null", {}, "no column"),
    ],
)
def test_a_rule_that_nothing_can_be_compared_with_is_a_fault_of_its_suite(kind, kwargs, complaint):
    meta = {"id": "lacking", "on_fail": "quarantine", "meaning": "why"}
    rule = {"type": f"expect_column_{kind}", "kwargs": kwargs | {"mostly": 1}, "severity": "critical", "meta": meta}
    with pytest.raises(ContractError) as refusal:
        suite_of({"name": "silver.gam_line_items", "expectations": [rule]}, tables()["silver.gam_line_items"])
    assert (refusal.value.condition, complaint in refusal.value.what) == ("SUITE_INVALID", True), refusal.value


def test_bases_of_consent_are_those_that_a_decision_can_have():
    def bases(name):
        (rule,) = [rule for rule in suite(name).rules if rule.id in {"consent_basis_unknown", "basis_unsaid"}]
        return rule.kwargs["value_set"]

    assert bases("silver.page_events") == bases("silver.auctions") == sorted(BASES)
    assert bases("silver.consents") == sorted({*BASES, CONTACT} - {NO_LAW, NO_SIGNAL})
