"""Signals are found where events of each kind carry them, however they write them."""

from datetime import UTC, datetime

import pytest

from adlake.config.consent import ContextConfig
from adlake.consent import Signals, signals_of_contexts, signals_of_request

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
HERALD = {"com.herald/privacy": ContextConfig()}


def of_request(**request):
    return signals_of_request(request, AT)


def of_data(data, configured=None, schema="iglu:com.herald/privacy/jsonschema/1-0-0"):
    return signals_of_contexts([{"schema": schema, "data": data}], AT, HERALD if configured is None else configured)


def test_a_request_of_2_6_says_it_in_its_own_fields():
    request = {
        "regs": {"gdpr": 1, "gpp": "DB", "gpp_sid": [2, 7], "us_privacy": "1YNN", "coppa": 0},
        "user": {"consent": "CPX", "yob": 1980},
    }
    assert of_request(**request) == Signals(AT, 1, "CPX", "DB", (2, 7), "1YNN", None, 0, 45)


def test_a_request_of_2_5_says_it_in_extensions():
    request = {
        "regs": {"coppa": 1, "ext": {"gdpr": 0, "gpp": "DB", "gpp_sid": [7], "us_privacy": "1YNN", "gpc": "1"}},
        "user": {"ext": {"consent": "CPX"}},
    }
    assert of_request(**request) == Signals(AT, 0, "CPX", "DB", (7,), "1YNN", 1, 1, None)


def test_the_place_of_2_6_counts_where_both_are_filled():
    both = of_request(
        regs={"gdpr": 1, "gpp_sid": [2], "ext": {"gdpr": 0, "gpp_sid": [7]}},
        user={"consent": "new", "ext": {"consent": "old"}},
    )
    assert (both.gdpr, both.tc_string, both.gpp_sid) == (1, "new", (2,))
    blank = of_request(
        regs={"gdpr": None, "gpp_sid": [], "ext": {"gdpr": 0, "gpp_sid": [7]}},
        user={"consent": "", "ext": {"consent": "old"}},
    )
    assert (blank.gdpr, blank.tc_string, blank.gpp_sid) == (0, "old", (7,))


@pytest.mark.parametrize(
    "request_", [{}, {"regs": None, "user": None}, {"regs": [], "user": "x"}, {"regs": {"ext": 1}, "user": {"ext": []}}]
)
def test_a_request_that_says_nothing_says_nothing(request_):
    assert of_request(**request_) == Signals(AT)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (1, 1),
        ("1", 1),
        (True, 1),
        (0, 0),
        ("0", 0),
        (False, 0),
        ("false", 0),
        ("", None),
        (None, None),
        (2, 1),
        ("yes", 1),
        (-1, 1),
    ],
)
def test_a_flag_that_is_neither_0_nor_1_is_the_stricter_one(written, read):
    assert of_request(regs={"gdpr": written}).gdpr == read
    assert of_request(regs={"coppa": written}).coppa == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ([2], (2,)),
        (["2", 7], (2, 7)),
        ("2", (2,)),
        ("2,7", (2, 7)),
        ("2_7", (2, 7)),
        (7, (7,)),
        ([-1], (-1,)),
        ([], None),
        ("", None),
        ([2, "x"], None),
        ({"2": 7}, None),
    ],
)
def test_section_ids_are_read_as_apps_and_urls_write_them(written, read):
    assert of_request(regs={"gpp_sid": written}).gpp_sid == read


def test_strings_lose_blanks_around_them():
    found = of_request(user={"consent": " CPX\n"}, regs={"us_privacy": "  ", "gpp": 7})
    assert (found.tc_string, found.us_privacy, found.gpp) == ("CPX", None, "7")


def test_the_age_is_the_least_that_a_year_of_birth_allows():
    assert of_request(user={"yob": 2013}).age == 12
    assert of_request(user={"yob": "unknown"}).age is None


def test_a_context_says_it_in_the_fields_of_the_cmp_apis():
    data = {
        "gdprApplies": True,
        "tcString": "CPX",
        "gppString": "DB",
        "applicableSections": [7],
        "uspString": "1YNN",
        "globalPrivacyControl": False,
        "coppa": False,
        "age": 17,
        "other": 1,
    }
    assert of_data(data) == Signals(AT, 1, "CPX", "DB", (7,), "1YNN", 0, 0, 17)


def test_a_context_may_have_fields_of_its_own():
    configured = {"com.herald/privacy": ContextConfig(tc_string="tcf", gdpr="eu")}
    assert of_data({"tcf": "CPX", "eu": 0, "tcString": "no"}, configured) == Signals(AT, gdpr=0, tc_string="CPX")


@pytest.mark.parametrize(
    "schema",
    [
        "iglu:com.herald/privacy_shield/jsonschema/1-0-0",
        "iglu:com.other/privacy/jsonschema/1-0-0",
        "privacy",
        None,
    ],
)
def test_a_context_that_is_not_configured_says_nothing(schema):
    assert of_data({"tcString": "CPX"}, schema=schema) == Signals(AT)


def test_of_two_contexts_the_first_counts():
    contexts = [
        {"schema": "iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0", "data": {"id": "x"}},
        {"schema": "iglu:com.herald/privacy/jsonschema/1-0-0", "data": None},
        {"schema": "iglu:com.herald/privacy/jsonschema/1-0-1", "data": {"tcString": "first"}},
        {"schema": "iglu:com.herald/privacy/jsonschema/1-0-0", "data": {"tcString": "second"}},
    ]
    assert signals_of_contexts(contexts, AT, HERALD).tc_string == "first"
    assert signals_of_contexts([], AT, HERALD) == Signals(AT)
