"""What holds for every event: a refusal never adds a permission, nor does a signal that is lost where GDPR applies."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adlake.config import ConsentConfig
from adlake.consent import BASES, Signals, decide_event, policy_of
from adlake.consent.restrictions import RestrictionType
from tests.unit.consent_cases import COUNTER, GOOGLE, NOW, POLICY, tc, usca, usnat
from tests.unit.consent_encoder import ALPHABET, canada, gpp

OWN = policy_of(
    ConsentConfig(vendors={"google": GOOGLE}, publisher_vendor=COUNTER, without_signal="permit", without_law="refuse")
)
POLICIES = st.sampled_from([POLICY, OWN])
OPTIONAL_FLAG = st.sampled_from([None, 0, 1])
PURPOSES = st.sets(st.sampled_from([1, 3, 4, 7]))
VENDORS = st.sets(st.sampled_from([GOOGLE, COUNTER]))
MOSTLY_ALL = st.one_of(st.just({1, 3, 4, 7}), PURPOSES)
BOTH = {GOOGLE, COUNTER}
TIMES = st.sampled_from(
    [datetime(2022, 5, 1, tzinfo=NOW.tzinfo), datetime(2026, 11, 1, tzinfo=NOW.tzinfo), NOW + timedelta(days=2)]
)
RESTRICTIONS = st.lists(st.tuples(st.sampled_from([1, 3, 4, 7]), st.integers(0, 2), VENDORS), max_size=2)
TC_STRINGS = st.fixed_dictionaries(
    {
        "purposes": MOSTLY_ALL,
        "interest": PURPOSES,
        "vendors": st.one_of(st.just(BOTH), VENDORS),
        "vendor_interest": VENDORS,
        "restricted": st.one_of(st.just([]), RESTRICTIONS),
        "shown": st.one_of(st.just(BOTH), st.none(), VENDORS),
        "at": st.one_of(st.just(NOW - timedelta(days=20)), TIMES),
        "TcfPolicyVersion": st.sampled_from([4, 4, 4, 2]),
        "IsServiceSpecific": st.sampled_from([1, 1, 1, 0]),
    }
)
ANSWER = st.sampled_from([2, 2, 0, 1])
US_NATIONAL = st.fixed_dictionaries(
    {"sale": ANSWER, "sharing": ANSWER, "targeted": ANSWER, "sale_notice": st.sampled_from([1, 1, 0, 2])}
)
CALIFORNIA = st.fixed_dictionaries({"sale": ANSWER, "sharing": ANSWER})
CANADA = st.fixed_dictionaries({"purposes": MOSTLY_ALL, "vendors": VENDORS})
GPP_STRINGS = st.fixed_dictionaries(
    {},
    optional={2: TC_STRINGS, 5: CANADA, 6: st.sampled_from(["1YNN", "1YYN", "1---"]), 7: US_NATIONAL, 8: CALIFORNIA},
).filter(bool)
SECTION_IDS = st.one_of(st.none(), st.lists(st.sampled_from([-1, 0, 2, 5, 6, 7, 8, 99]), max_size=2).map(tuple))
US_PRIVACY = st.sampled_from([None, None, "1YNN", "1YYN", "1---", "1NNN", "broken"])
WRITERS = {
    2: lambda says: tc(**says),
    5: lambda says: canada("standard", says["vendors"], set(), [], PurposesExpressConsent=says["purposes"]),
    6: str,
    7: lambda says: usnat(**says),
    8: lambda says: usca(**says),
}


def gpp_of(sections):
    return gpp({section_id: WRITERS[section_id](says) for section_id, says in sections.items()})


@st.composite
def events(draw, gdpr=OPTIONAL_FLAG):
    """What an event says, its strings as what they say."""
    return {
        "gdpr": draw(gdpr),
        "tc": draw(st.one_of(st.none(), TC_STRINGS)),
        "gpp": draw(st.one_of(st.none(), GPP_STRINGS)),
        "gpp_sid": draw(SECTION_IDS),
        "us_privacy": draw(US_PRIVACY),
        "gpc": draw(OPTIONAL_FLAG),
        "coppa": draw(OPTIONAL_FLAG),
        "age": draw(st.sampled_from([None, None, 8, 14, 30])),
    }


def signals_of(event):
    plain = {name: value for name, value in event.items() if name not in ("tc", "gpp")}
    tc_string = event["tc"] and tc(**event["tc"])
    return Signals(NOW, tc_string=tc_string, gpp=event["gpp"] and gpp_of(event["gpp"]), **plain)


def permits(policy, event):
    return decide_event(policy, signals_of(event)).permits


def refuse_in_tc(draw, says):
    """A TC string in which one more thing is refused."""
    kind = draw(st.sampled_from(["purpose", "interest", "vendor", "restriction", "shown", "scope"]))
    if kind == "restriction":
        purpose = draw(st.sampled_from([1, 3, 4, 7]))
        return says | {"restricted": [*says["restricted"], (purpose, RestrictionType.NOT_ALLOWED, BOTH)]}
    if kind == "scope":
        return says | {"IsServiceSpecific": 0}
    field, gone = {
        "purpose": ("purposes", draw(PURPOSES)),
        "interest": ("interest", draw(PURPOSES)),
        "vendor": ("vendors", draw(VENDORS)),
        "shown": ("shown", draw(VENDORS)),
    }[kind]
    return says | {field: None if says[field] is None else says[field] - gone}


def refuse_in_gpp(draw, sections):
    """A GPP string in one of whose sections one more thing is refused."""
    section_id = draw(st.sampled_from(sorted(sections)))
    says = sections[section_id]
    if section_id == 2:
        return sections | {2: refuse_in_tc(draw, says)}
    if section_id == 5:
        return sections | {5: says | {"purposes": says["purposes"] - draw(PURPOSES)}}
    if section_id == 6:
        return sections | {6: says if says == "1---" else "1YYN"}
    refused = draw(st.sampled_from(["sale", "sharing"]))
    return sections | {section_id: says | {refused: 1}}


@st.composite
def refusals(draw):
    """An event, and the same event with one thing refused in addition."""
    event = draw(events())
    choices = ["gpc", "coppa", "age"]
    choices += [name for name in ("tc", "gpp") if event[name]]
    choices += ["us_privacy"] if event["us_privacy"] in ("1YNN", "1NNN") else []
    choice = draw(st.sampled_from(choices))
    refused = {
        "gpc": 1,
        "coppa": 1,
        "age": min(draw(st.sampled_from([8, 14])), event["age"] or 99),
        "tc": event["tc"] and refuse_in_tc(draw, event["tc"]),
        "gpp": event["gpp"] and refuse_in_gpp(draw, event["gpp"]),
        "us_privacy": "1YYN",
    }[choice]
    return event, event | {choice: refused}


@settings(deadline=None)
@given(POLICIES, refusals())
def test_a_refusal_in_addition_adds_no_permission(policy, pair):
    before, after = pair
    assert permits(policy, after) & ~permits(policy, before) == 0


NO_CONSENT = {"purposes": set(), "vendors": set()}
REFUSING = {"tc": NO_CONSENT, "gpp": {7: {"sale": 1}}, "us_privacy": "1YYN"}
AGREEING = {"tc": {}, "gpp": {7: {}}, "us_privacy": "1YNN"}


def with_string(event, name, said):
    in_force = {"gpp_sid": (7,)} if name == "gpp" and event["gpp_sid"] is None else {}
    return event | {name: said} | in_force


@settings(deadline=None)
@given(events())
def test_that_gdpr_applies_adds_no_permission(event):
    """Unless the policy refuses what says gdpr=0: whoever says 1 then names a law under which consent counts."""
    assert permits(POLICY, event | {"gdpr": 1}) & ~permits(POLICY, event) == 0


@settings(deadline=None)
@given(POLICIES, events(), st.sampled_from(sorted(REFUSING)))
def test_a_refusing_string_in_addition_adds_no_permission(policy, event, name):
    """Where something is said already: else a string of the US also says that its law is the one to ask.

    "When signals are present, the consumer falls within a US Privacy jurisdiction" (US Privacy String Format). Nor is
    it a refusal to mend what was damaged: to send the string that gpp_sid speaks of, or GPP beside a damaged string.
    """
    assume(event[name] is None)
    before = decide_event(policy, signals_of(event))
    assume(before.permits or before.rests_on not in ("no_signal", "no_law"))
    assume(name != "gpp" or (event["gpp_sid"] is None and event["us_privacy"] != "broken"))
    assert permits(policy, with_string(event, name, REFUSING[name])) & ~before.permits == 0


@settings(deadline=None)
@given(POLICIES, events(), st.sampled_from(sorted(REFUSING)))
def test_a_refusing_string_permits_no_more_than_one_that_agrees(policy, event, name):
    refused, agreed = (permits(policy, with_string(event, name, said[name])) for said in (REFUSING, AGREEING))
    assert refused & ~agreed == 0


@settings(deadline=None)
@given(POLICIES, events(gdpr=st.just(1)), st.sampled_from(["tc", "gpp", "us_privacy"]), st.text(ALPHABET, max_size=9))
def test_a_damaged_string_permits_nothing(policy, event, name, text):
    field = {"tc": "tc_string"}.get(name, name)
    assume(event[name] is not None)
    damaged = replace(signals_of(event), **{field: "!" + text})
    found = decide_event(policy, damaged)
    # what does not apply is not read either: sections that are not in force, US Privacy beside a section of the US
    unread = name != "tc" and found == decide_event(policy, replace(damaged, **{field: None}))
    assert found.permits == 0 or unread


CONSENT = ("tc_string", "gpp", "gpp_sid")


@settings(deadline=None)
@given(POLICIES, events(gdpr=st.just(1)), st.booleans(), st.sets(st.sampled_from(CONSENT)))
def test_consent_that_is_lost_adds_no_permission_where_gdpr_applies(policy, event, is_twice, lost):
    """With one TC string, wherever it stands: in its own place, in GPP, or in both."""
    says = event["tc"] or {"purposes": {1, 3, 4, 7}}
    sections = {2: says} | ({7: event["gpp"][7]} if event["gpp"] and 7 in event["gpp"] else {})
    sid = (2, 7) if 7 in sections else (2,)
    whole = event | {"tc": says if is_twice else None, "gpp": sections, "gpp_sid": sid}
    signals = signals_of(whole)
    after = decide_event(policy, replace(signals, **dict.fromkeys(lost))).permits
    gone = after & ~decide_event(policy, signals).permits
    # section 7 refuses as long as it is there; together with it goes what it refused
    assert gone == 0 or (7 in sections and {"gpp", "gpp_sid"} <= lost and is_twice)


@settings(deadline=None)
@given(
    POLICIES,
    events(gdpr=st.just(1)),
    st.sets(st.sampled_from(["tc_string", "gpp+sid", "us_privacy", "gpc", "coppa", "age"])),
)
def test_only_what_a_signal_refused_can_come_back_when_it_is_lost(policy, event, lost):
    signals = signals_of(event)
    names = {name: (("gpp", "gpp_sid") if name == "gpp+sid" else (name,)) for name in lost}
    dropped = dict.fromkeys(field for fields in names.values() for field in fields)
    after = decide_event(policy, replace(signals, **dropped)).permits
    came_back = after & ~decide_event(policy, signals).permits
    refused = 0
    for fields in names.values():
        # what a signal refuses is seen beside a string that allows everything
        alone = Signals(NOW, gdpr=1, tc_string=tc(interest={7}, vendor_interest=BOTH))
        beside = replace(alone, **{field: getattr(signals, field) for field in fields if getattr(signals, field)})
        refused |= policy.everything & ~decide_event(policy, beside).permits
    assert came_back & ~refused == 0


@settings(deadline=None)
@given(POLICIES, events(gdpr=st.just(1)))
def test_gdpr_permits_nothing_without_a_tc_string(policy, event):
    in_force = event["gpp_sid"] and 2 in event["gpp_sid"]
    sections = {number: says for number, says in (event["gpp"] or {}).items() if number != 2 or not in_force}
    assert permits(policy, event | {"tc": None, "gpp": sections or None}) == 0


@settings(deadline=None)
@given(POLICIES, events())
def test_every_decision_has_a_basis_of_the_list(policy, event):
    found = decide_event(policy, signals_of(event))
    assert {found.basis, found.rests_on} <= set(BASES)
    assert found.permits & ~policy.everything == 0
    assert set(found.shares) <= set(policy.vendors)
    assert found == decide_event(policy, signals_of(event))


@settings(deadline=None)
@given(POLICIES, st.text(max_size=40), st.text(max_size=40), st.text(max_size=6), st.lists(st.integers(), max_size=3))
def test_no_text_raises_and_none_that_is_damaged_permits(policy, tc_string, gpp_string, us_privacy, sections):
    signals = Signals(NOW, gdpr=1, tc_string=tc_string, gpp=gpp_string, gpp_sid=tuple(sections), us_privacy=us_privacy)
    assert decide_event(policy, signals).permits == 0
