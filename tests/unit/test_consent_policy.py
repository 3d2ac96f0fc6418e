"""What each signal permits, by a table derived from the standards.

Standards by their short names: TCF = TC String Format v2; Guide = TCF Implementation Guidelines; GPP = Consent String
Specification, SI = Section Information; CMP = GPP CMP API; usnat, usca = sections 7 and 8; Canada = GPP Extension: IAB
Canada TCF; USP = US Privacy String; ORTB = OpenRTB 2.6, 3.2.3; CCPA = Cal. Civ. Code 1798.120; COPPA = 16 CFR 312.
"""

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest

from adlake.config import ConsentConfig
from adlake.consent import (
    BASES,
    REASONS,
    Flags,
    Signals,
    decide,
    decide_event,
    gpp_grant,
    policy_of,
    tcf_grant,
    usp_grant,
)
from tests.unit.consent_cases import (
    ALL,
    COUNTER,
    GOOGLE,
    NOW,
    POLICY,
    decided,
    letters,
    national,
    tc,
    usca,
    usnat,
)
from tests.unit.consent_encoder import canada, gpp, us_section

YES = tc()
NO = tc(purposes=(), vendors=())
OLD = datetime(2022, 5, 1, tzinfo=UTC)
NOT_ALLOWED, CONSENT_ONLY, INTEREST_ONLY = 0, 1, 2
CANADA_YES = canada("standard", {GOOGLE, COUNTER}, set(), [], PurposesExpressConsent={3, 4, 7})
CANADA_IMPLIED = canada("standard", set(), {COUNTER}, [], PurposesImpliedConsent={3, 4, 7})
CANADA_NO = canada("standard", {GOOGLE}, set(), [])


def europe(**changed):
    return {"gdpr": 1, "tc_string": tc(**changed)}


# signals, what they permit (S store, A ads, P profile, M measure, c counter, g google), basis, source
TABLE = [
    # -- GDPR applies: a TC string permits, or nothing does
    ({"gdpr": 1}, "", "invalid:missing", "Guide: What if I don't receive the TC string?"),
    ({"gdpr": 1, "tc_string": YES}, ALL, "tcf", "Guide: How to determine legal bases"),
    ({"gdpr": 1, "tc_string": NO}, "", "tcf", "Guide: How to determine legal bases"),
    ({"gdpr": 1, "tc_string": "CPXx"}, "", "invalid:truncated", "TCF: The Core String"),
    ({"gdpr": 1, "tc_string": "not a string"}, "", "invalid:wrong_alphabet", "TCF: TC String Format"),
    (
        {"gdpr": 1, "tc_string": "BOEFEAyOEFEAyAHABDENAI4AAAB9vABAASA"},
        "",
        "invalid:unknown_version",
        "TCF: v1.x invalid",
    ),
    ({"gdpr": 1, "tc_string": "C" + "A" * 9_999}, "", "invalid:unknown_cmp", "10,000 characters are still read"),
    ({"gdpr": 1, "tc_string": "C" + "A" * 10_000}, "", "invalid:oversized", "policy: more than 10 kB"),
    ({"gdpr": 2, "tc_string": None}, "", "invalid:missing", "ORTB gdpr: 0 or 1; what is neither counts as 1"),
    # purposes, one by one
    (europe(purposes=(1,)), "S", "tcf", "TCF: PurposesConsent"),
    (
        europe(purposes=(3, 4, 7)),
        "",
        "tcf",
        "TCF: purpose 1 is what storing takes, and every use here reads what was stored",
    ),
    (europe(purposes=(1, 3)), "SP", "tcf", "Policies: purpose 3, create profiles for personalised advertising"),
    (europe(purposes=(1, 4)), "S", "tcf", "Policies: purpose 4 uses profiles, and none may be made"),
    (europe(purposes=(1, 3, 4)), "SAPg", "tcf", "Policies: purposes 3 and 4"),
    (europe(purposes=(1, 7)), "SMc", "tcf", "Policies: purpose 7, measure advertising performance"),
    (europe(purposes=(2, 5, 6, 8, 9, 10, 11)), "", "tcf", "none of them is asked for"),
    # legitimate interest
    (europe(purposes=(1,), interest=(7,)), "SM", "tcf", "Guide: both signals, the vendor's as well"),
    (europe(purposes=(1,), interest=(7,), vendor_interest=(COUNTER,)), "SMc", "tcf", "Guide: both signals positive"),
    (europe(purposes=(1,), interest=(3, 4, 5, 6)), "S", "tcf", "TCF: no legitimate interest for 3 to 6 since 2.2"),
    (europe(purposes=(), interest=(1, 7)), "", "tcf", "TCF: purpose 1 is always a consent purpose"),
    (
        {"gdpr": 1, "tc_string": tc(purposes=(1,), interest=(3, 4), at=OLD, TcfPolicyVersion=2, shown=None)},
        "S",
        "tcf",
        "TCF 2.0 allowed interest for 3 and 4; no use here ever rests on it",
    ),
    (
        europe(purposes=(1, 7), vendors=(COUNTER,), vendor_interest=()),
        "SMc",
        "tcf",
        "consent does where interest would",
    ),
    (
        europe(purposes=(1,), interest=(7,), vendors=(COUNTER,)),
        "SM",
        "tcf",
        "Guide: purpose and vendor on the same basis",
    ),
    # vendors
    (europe(vendors=(GOOGLE,)), "SAPMg", "tcf", "Guide: presence of a vendor legal basis signal"),
    (europe(vendors=()), "SAPM", "tcf", "Guide: presence of a vendor legal basis signal"),
    (europe(shown=(COUNTER,)), "SAPMc", "tcf", "TCF: Disclosed Vendors"),
    (europe(shown=()), "SAPM", "tcf", "TCF: Disclosed Vendors"),
    (
        europe(purposes=(1,), interest=(7,), vendors=(COUNTER,), vendor_interest=(COUNTER,)),
        "SMc",
        "tcf",
        "purpose 1 takes the vendor's consent, which it has; purpose 7 its interest",
    ),
    # restrictions of the publisher
    (europe(restricted=[(4, NOT_ALLOWED, {GOOGLE})]), "SAPMc", "tcf", "TCF: RestrictionType 0"),
    (europe(restricted=[(2, NOT_ALLOWED, {GOOGLE})]), ALL, "tcf", "purpose 2 is not asked for"),
    (europe(restricted=[(4, CONSENT_ONLY, {GOOGLE})]), ALL, "tcf", "TCF: RestrictionType 1, consent is there"),
    (europe(restricted=[(4, INTEREST_ONLY, {GOOGLE})]), "SAPMc", "tcf", "TCF: RestrictionType 2, consent is no basis"),
    (
        europe(
            purposes=(1,),
            interest=(7,),
            vendor_interest=(COUNTER,),
            restricted=[(7, CONSENT_ONLY, {COUNTER})],
        ),
        "SM",
        "tcf",
        "TCF: RestrictionType 1, interest is no basis",
    ),
    (
        europe(interest=(7,), vendor_interest=(COUNTER,), restricted=[(7, INTEREST_ONLY, {COUNTER})]),
        ALL,
        "tcf",
        "TCF: RestrictionType 2, interest is there",
    ),
    (
        europe(restricted=[(7, CONSENT_ONLY, {COUNTER}), (7, INTEREST_ONLY, {COUNTER})]),
        "SAPMg",
        "tcf",
        "demands that exclude each other",
    ),
    # strings that can be read and count for nothing
    (europe(IsServiceSpecific=0), "", "invalid:global_scope", "TCF: IsServiceSpecific"),
    (
        europe(IsServiceSpecific=0, at=OLD, TcfPolicyVersion=2),
        "",
        "invalid:global_scope",
        "TCF: What happened to Global Scope",
    ),
    (europe(TcfPolicyVersion=3), "", "invalid:outdated_policy", "TCF: Managing conflicting string versions"),
    (europe(TcfPolicyVersion=5), ALL, "tcf", "Guide: policy version 4 or higher"),
    (europe(TcfPolicyVersion=2, at=OLD), ALL, "tcf", "TCF: what was created until September 2023 stands"),
    (
        europe(TcfPolicyVersion=3, at=datetime(2023, 9, 30, tzinfo=UTC)),
        ALL,
        "tcf",
        "TCF: created until 30 September 2023",
    ),
    (
        europe(TcfPolicyVersion=3, at=datetime(2023, 10, 1, tzinfo=UTC)),
        "",
        "invalid:outdated_policy",
        "TCF: created after 30 September 2023",
    ),
    (
        europe(TcfPolicyVersion=3, at=OLD, last_at=datetime(2024, 1, 1, tzinfo=UTC)),
        "",
        "invalid:outdated_policy",
        "TCF: What happened to Created and LastUpdated? the later one counts",
    ),
    (europe(shown=None), "", "invalid:no_disclosed_vendors", "TCF 2.3: the segment is mandatory"),
    (europe(shown=None, at=datetime(2026, 2, 28, tzinfo=UTC)), ALL, "tcf", "TCF 2.3: until the end of the transition"),
    (
        europe(shown=None, at=datetime(2026, 3, 1, tzinfo=UTC)),
        "",
        "invalid:no_disclosed_vendors",
        "TCF 2.3: after the transition",
    ),
    (europe(purposes=(3, 4, 7), PurposeOneTreatment=1), "", "tcf", "TCF: left to the reader; refused here"),
    # given in the future
    (europe(at=NOW + timedelta(hours=24)), ALL, "tcf", "policy: clocks differ"),
    (europe(at=NOW + timedelta(hours=24, seconds=1)), "", "invalid:future", "policy: beyond clock skew"),
    (
        europe(last_at=NOW + timedelta(days=2)),
        "",
        "invalid:future",
        "the later one of Created and LastUpdated",
    ),
    # -- GDPR by other words
    ({"tc_string": YES}, ALL, "tcf", "ORTB gdpr: omission is unknown; a TC string is there"),
    ({"tc_string": NO}, "", "tcf", "ORTB gdpr: omission is unknown; a TC string is there"),
    ({"tc_string": "CPXx"}, "", "invalid:truncated", "ORTB gdpr: omission is unknown; a TC string is there"),
    ({"gdpr": 0, "tc_string": NO}, ALL, "no_law", "TCF: gdpr_consent is only meaningful if gdpr=1"),
    ({"gdpr": 0, "tc_string": "CPXx"}, ALL, "no_law", "TCF: gdpr_consent is only meaningful if gdpr=1"),
    ({"gpp_sid": (2,), "tc_string": YES}, ALL, "tcf", "GPP SID: the section in force"),
    ({"gpp_sid": (2,)}, "", "invalid:missing", "GPP SID: the section in force, and no string of it"),
    ({"gdpr": 1, "gpp_sid": (2,)}, "", "invalid:missing", "GPP SID: the section in force, and no string of it"),
    ({"gdpr": 0, "gpp_sid": (2,)}, "", "invalid:missing", "GPP SID says the contrary of gdpr=0: the stricter holds"),
    # -- GPP
    ({"gpp": gpp({2: YES}), "gpp_sid": (2,)}, ALL, "gpp:tcfeuv2", "GPP SID: the section in force"),
    ({"gdpr": 1, "gpp": gpp({2: YES}), "gpp_sid": (2,)}, ALL, "gpp:tcfeuv2", "GPP SID: the section in force"),
    ({"gdpr": 1, "gpp": gpp({2: YES})}, "", "invalid:missing", "GPP SID missing: nobody says that the section applies"),
    ({"gdpr": 1, "gpp": gpp({2: YES}), "gpp_sid": (7,)}, "", "invalid:missing", "another section is in force"),
    ({"gdpr": 1, "gpp": gpp({2: YES}), "gpp_sid": (-1,)}, "", "invalid:missing", "CMP: -1, no section is in force"),
    (
        {"gdpr": 1, "gpp": gpp({2: YES}), "gpp_sid": (-1,), "tc_string": YES},
        ALL,
        "tcf",
        "CMP: -1; the TC string stands",
    ),
    ({"gdpr": 1, "gpp": gpp({2: NO}), "gpp_sid": (2,), "tc_string": YES}, "", "gpp:tcfeuv2", "both, as both apply"),
    (
        {"gdpr": 1, "gpp": gpp({2: tc(IsServiceSpecific=0)}), "gpp_sid": (2,)},
        "",
        "invalid:global_scope",
        "TCF: IsServiceSpecific",
    ),
    (
        {"gdpr": 1, "gpp": gpp({2: tc(at=NOW + timedelta(days=3))}), "gpp_sid": (2,)},
        "",
        "invalid:future",
        "policy: beyond clock skew",
    ),
    (
        {"gdpr": 1, "gpp": gpp({7: usnat()}), "gpp_sid": (2,)},
        "",
        "invalid:section_missing",
        "GPP SID: not in the string",
    ),
    ({"gpp": "D" + "A" * 10_000, "gpp_sid": (7,)}, "", "invalid:oversized", "policy: more than 10 kB"),
    ({"gpp": "DBAB", "gpp_sid": (7,)}, "", "invalid:section_count", "GPP: Header Encoding"),
    ({"gpp": gpp({28: "BAAA"}), "gpp_sid": (28,)}, "", "invalid:unknown_section", "a law that is not known here"),
    ({"gpp_sid": (7,)}, "", "invalid:missing", "GPP SID: in force, and no string"),
    ({"gpp_sid": (-1,)}, "", "no_signal", "CMP: no section applies, which is no word on GDPR"),
    ({"gdpr": 0, "gpp_sid": (-1,)}, ALL, "no_law", "CMP: no section applies"),
    (national(0), ALL, "gpp:usnat", "CMP: 0, not known yet; so every section counts"),
    # -- US
    (national(), ALL, "gpp:usnat", "usnat: 2, did not opt out"),
    ({"gdpr": 0} | national(), ALL, "gpp:usnat", "usnat: 2, did not opt out"),
    (national(sale=1), "SM", "gpp:usnat", "usnat: SaleOptOut 1"),
    (national(sharing=1), "SM", "gpp:usnat", "usnat: SharingOptOut 1"),
    (national(targeted=1), "SM", "gpp:usnat", "usnat: TargetedAdvertisingOptOut 1"),
    (national(gpc=1), "SM", "gpp:usnat", "SI: Global Privacy Control, true is an opt out"),
    (national(gpc=0), ALL, "gpp:usnat", "SI: Global Privacy Control"),
    (national(sharing=0, sharing_opt_out_notice=0), ALL, "gpp:usnat", "usnat: 0, the business does not share"),
    (national(sale=0, sharing=0, targeted=0), "SM", "gpp:usnat", "usnat: 0 everywhere, so nobody was asked"),
    (national(sale=0, sale_notice=2), "SM", "gpp:usnat", "usnat: SaleOptOutNotice 2, no notice"),
    (national(sharing_notice=2), "SM", "gpp:usnat", "usnat: SharingNotice 2, no notice"),
    (national(sharing_opt_out_notice=2), "SM", "gpp:usnat", "usnat: SharingOptOutNotice 2"),
    (national(targeted_notice=2), "SM", "gpp:usnat", "usnat: TargetedAdvertisingOptOutNotice 2"),
    (national(children=[1, 0, 0]), "SM", "gpp:usnat", "usnat: a known child, no consent"),
    (national(children=[0, 2, 0]), "SM", "gpp:usnat", "usnat: a known child below 13, though a parent consents"),
    (national(personal=1), "SM", "gpp:usnat", "usnat: PersonalDataConsents 1, no consent"),
    (national(personal=2), ALL, "gpp:usnat", "usnat: PersonalDataConsents 2"),
    (national(provider_mode=1), "SM", "gpp:usnat", "usnat: service provider mode sells and shares nothing"),
    (national(option_mode=1), ALL, "gpp:usnat", "usnat: opt-out option mode is what opt-outs are read in"),
    (national(sensitive=[1] * 16), ALL, "gpp:usnat", "no use here is of sensitive data"),
    ({"gpp": gpp({8: usca()}), "gpp_sid": (8,)}, ALL, "gpp:usca", "usca: 2, did not opt out"),
    ({"gpp": gpp({8: usca(sale=1)}), "gpp_sid": (8,)}, "SM", "gpp:usca", "usca: SaleOptOut 1"),
    ({"gpp": gpp({7: usnat(), 8: usca(sale=1)}), "gpp_sid": (7,)}, ALL, "gpp:usnat", "GPP SID: 8 is not in force"),
    ({"gpp": gpp({7: usnat(), 8: usca(sale=1)}), "gpp_sid": (7, 8)}, "SM", "gpp:usca", "GPP SID: both are in force"),
    ({"gpp": gpp({7: usnat(), 8: usca(sale=1)})}, "SM", "gpp:usca", "GPP SID missing: each may be in force"),
    (
        {"gpp": gpp({26: us_section(1, 1, 2, 1, 1, 1, 2, 2, 0, 0)}), "gpp_sid": (26,)},
        "SM",
        "gpp:usky",
        "usky: MspaMode 2, service provider",
    ),
    # under GDPR as well, as both laws are named
    ({"gdpr": 1, "tc_string": YES} | national(), ALL, "tcf", "the TC string permits, nobody opted out"),
    ({"gdpr": 1, "tc_string": YES} | national(sale=1), "SM", "gpp:usnat", "an opt-out counts beside consent"),
    ({"gdpr": 1, "tc_string": NO} | national(), "", "tcf", "consent counts beside no opt-out"),
    # -- Canada
    ({"gpp": gpp({5: CANADA_YES}), "gpp_sid": (5,)}, ALL, "gpp:tcfcav1", "Canada: express consent; no purpose 1"),
    (
        {"gpp": gpp({5: CANADA_IMPLIED}), "gpp_sid": (5,)},
        "SMc",
        "gpp:tcfcav1",
        "Canada: implied, where interest would do",
    ),
    ({"gpp": gpp({5: CANADA_NO}), "gpp_sid": (5,)}, "", "gpp:tcfcav1", "Canada: nothing is allowed"),
    ({"gdpr": 1, "gpp": gpp({5: CANADA_YES}), "gpp_sid": (5,)}, "", "invalid:missing", "another law's consent"),
    # -- US Privacy
    ({"us_privacy": "1YNN"}, ALL, "us_privacy", "USP: Opt-Out Sale N"),
    ({"us_privacy": "1YYN"}, "SM", "us_privacy", "USP: Opt-Out Sale Y"),
    ({"us_privacy": "1-Y-"}, "SM", "us_privacy", "USP: example 3"),
    ({"us_privacy": "1-N-"}, ALL, "us_privacy", "USP: notice unknown"),
    ({"us_privacy": "1NNN"}, "SM", "us_privacy", "USP: no notice, no opportunity to opt out"),
    ({"us_privacy": "1Y-N"}, "SM", "us_privacy", "USP: - must not be where the law applies"),
    ({"us_privacy": "1YNY"}, ALL, "us_privacy", "USP: LSPA binds those who take part, not the uses here"),
    ({"us_privacy": "1---"}, "", "no_signal", "USP: not within a US jurisdiction; nothing else is said"),
    ({"gdpr": 0, "us_privacy": "1---"}, ALL, "no_law", "USP: not within a US jurisdiction"),
    ({"us_privacy": "2YNN"}, "", "invalid:unknown_version", "USP: version 1"),
    ({"us_privacy": "1yn-"}, "", "invalid:wrong_alphabet", "USP: Y, N and -"),
    (
        {"us_privacy": "1YYN"} | national(),
        ALL,
        "gpp:usnat",
        "GPP implementation guide: the US Privacy section is deprecated",
    ),
    ({"us_privacy": "1YNN"} | national(sale=1), "SM", "gpp:usnat", "GPP is preferred"),
    ({"us_privacy": "1YYN", "gpp": gpp({7: usnat()})}, "SM", "us_privacy", "no section is said to be in force"),
    ({"us_privacy": "1YYN", "gpp_sid": (-1,)}, "SM", "us_privacy", "GPP says nothing of the US"),
    ({"us_privacy": "1YYN"} | {"gpp": gpp({6: "1YNN"}), "gpp_sid": (6,)}, ALL, "gpp:uspv1", "section 6 is preferred"),
    ({"gpp": gpp({6: "1YYN"}), "gpp_sid": (6,)}, "SM", "gpp:uspv1", "GPP section 6"),
    ({"gpp": gpp({6: "1---"}), "gpp_sid": (6,)}, "", "no_signal", "GPP section 6: not within a US jurisdiction"),
    ({"gdpr": 1, "tc_string": YES, "us_privacy": "1YYN"}, "SM", "us_privacy", "an opt-out counts beside consent"),
    # -- flags
    ({"gdpr": 1, "tc_string": YES, "gpc": 1}, "SM", "gpc", "W3C GPC: do not sell or share"),
    ({"gdpr": 1, "tc_string": YES, "gpc": 0}, ALL, "tcf", "W3C GPC"),
    ({"gdpr": 0, "gpc": 1}, "SM", "gpc", "GPC equals an opt-out"),
    ({"gpc": 1}, "", "no_signal", "GPC permits nothing"),
    (national() | {"gpc": 1}, "SM", "gpc", "SI: the header counts though the string lacks it"),
    (national(sale=1) | {"gpc": 1}, "SM", "gpp:usnat", "nothing was left to take"),
    ({"gdpr": 1, "tc_string": YES, "coppa": 1}, "SM", "coppa", "COPPA 312.2: support for internal operations is left"),
    ({"gdpr": 1, "tc_string": YES, "coppa": 0}, ALL, "tcf", "ORTB coppa: 0 = no"),
    ({"gdpr": 0, "coppa": 1, "age": 9, "gpc": 1}, "SM", "coppa", "the first that takes something away"),
    ({"gdpr": 0, "age": 12}, "SM", "age", "COPPA: below 13"),
    ({"gdpr": 0, "age": 13}, "SAPM", "age", "CCPA (c): no sale below 16"),
    ({"gdpr": 0, "age": 15}, "SAPM", "age", "CCPA (c): no sale below 16"),
    ({"gdpr": 0, "age": 15, "gpc": 1}, "SM", "gpc", "the last that takes something away"),
    ({"gdpr": 0, "age": 16}, ALL, "no_law", "CCPA (c): 16 and older"),
    ({"gdpr": 1, "tc_string": NO, "coppa": 1}, "", "tcf", "nothing was left to take"),
    # -- nothing said
    ({}, "", "no_signal", "policy: without_signal; ORTB gdpr: omission is unknown"),
    ({"coppa": 0, "gpc": 0, "age": 40}, "", "no_signal", "no word on consent"),
    ({"gdpr": 0}, ALL, "no_law", "policy: without_law"),
]


@pytest.mark.parametrize(("signals", "permits", "basis", "source"), TABLE)
def test_signals_permit_what_the_standards_say(signals, permits, basis, source):
    assert decided(**signals) == (permits, basis), source


def test_every_basis_of_the_list_is_met_or_is_a_variant_of_one_that_is():
    met = {basis for _, _, basis, _ in TABLE}
    sections = {basis for basis in BASES if basis.startswith("gpp:us")}
    damaged = {f"invalid:{reason}" for reason in REASONS}
    assert met <= set(BASES)
    assert set(BASES) - sections - damaged <= met


def test_a_decision_says_what_it_may_in_words():
    found = decide_event(POLICY, Signals(NOW, gdpr=1, tc_string=tc(purposes=(1, 3), vendors=())))
    assert (found.may_store, found.may_profile, found.may_personalise_ads, found.may_measure) == (
        True,
        True,
        False,
        False,
    )
    assert found.policy_version == POLICY.version


def test_a_vendor_is_asked_for_by_its_name_in_the_policy():
    found = decide_event(POLICY, Signals(NOW, gdpr=1, tc_string=tc(vendors=(GOOGLE,))))
    assert found.shares == ("google",)
    assert found.may_share("google")
    assert not found.may_share("counter")
    assert not found.may_share("nobody has heard of them")


def test_what_permissions_rest_on_is_told_beside_what_took_some_away():
    found = decide_event(POLICY, Signals(NOW, gdpr=1, tc_string=YES, coppa=1))
    assert (found.rests_on, found.basis) == ("tcf", "coppa")
    found = decide_event(POLICY, Signals(NOW, gdpr=1, tc_string=YES, gpp="broken", gpp_sid=(7,)))
    assert (found.rests_on, found.basis, found.permits) == ("invalid:wrong_kind", "invalid:wrong_kind", 0)


@pytest.mark.parametrize(
    ("changed", "permits", "basis"),
    [
        ({"without_signal": "permit"}, "SAPM", "no_signal"),
        ({"without_law": "refuse"}, "", "no_signal"),
    ],
)
def test_the_policy_says_what_holds_without_a_signal(changed, permits, basis):
    assert decided(policy_of(ConsentConfig(**changed))) == (permits, basis)


def test_the_policy_says_what_holds_without_a_law():
    assert decided(policy_of(ConsentConfig(without_law="refuse")), gdpr=0) == ("", "no_law")


def test_ages_are_those_of_the_policy():
    older = policy_of(ConsentConfig(child_age=16, share_age=18, vendors={"google": GOOGLE}))
    assert decided(older, gdpr=0, age=15) == ("SM", "age")
    assert decided(older, gdpr=0, age=17) == ("SAPM", "age")
    assert decided(older, gdpr=0, age=18) == ("SAPMc", "no_law")


def test_clocks_may_differ_as_much_as_the_policy_says():
    strict = policy_of(ConsentConfig(clock_skew_hours=0))
    assert decided(strict, **europe(at=NOW)) == ("SAPM", "tcf")
    assert decided(strict, **europe(at=NOW + timedelta(seconds=1))) == ("", "invalid:future")


def test_the_publisher_may_ask_for_its_own_leave_as_a_vendor():
    own = policy_of(ConsentConfig(publisher_vendor=GOOGLE))
    assert decided(own, **europe()) == ("SAPM", "tcf")
    assert decided(own, **europe(vendors=(COUNTER,))) == ("", "tcf")
    assert decided(own, **europe(shown=(COUNTER,))) == ("", "tcf")
    assert decided(own, **europe(restricted=[(7, NOT_ALLOWED, {GOOGLE})])) == ("SAP", "tcf")
    assert decided(own, **europe(purposes=(1,), interest=(7,))) == ("S", "tcf")
    assert decided(own, **europe(purposes=(1,), interest=(7,), vendor_interest=(GOOGLE,))) == ("SM", "tcf")


def test_a_vendor_that_takes_nothing_but_storing_needs_its_leave_in_canada_too():
    policy = policy_of(ConsentConfig(vendors={"counter": {"id": COUNTER, "takes": {"consent": (1,)}}}))
    with_leave = canada("standard", {COUNTER}, set(), [], PurposesExpressConsent={3})
    without = canada("standard", {GOOGLE}, set(), [], PurposesExpressConsent={3})
    assert decided(policy, gpp=gpp({5: with_leave}), gpp_sid=(5,)) == ("SPc", "gpp:tcfcav1")
    assert decided(policy, gpp=gpp({5: without}), gpp_sid=(5,)) == ("SP", "gpp:tcfcav1")


def test_grants_are_rows_of_plain_values():
    grant = tcf_grant(POLICY, YES)
    assert asdict(grant) == {
        "kind": "tcf",
        "permits": 63,
        "basis": "tcf",
        "policy_version": POLICY.version,
        "reason": None,
        "given_at": datetime(2026, 11, 1, tzinfo=UTC),
        "applies": True,
        "is_tcf": True,
        "says_gdpr": False,
        "is_us": False,
    }
    assert hash(grant) == hash(tcf_grant(POLICY, YES))


@pytest.mark.parametrize(
    ("grant", "reason", "permits"),
    [
        (tcf_grant(POLICY, "CPXx"), "truncated", ""),
        (tcf_grant(POLICY, tc(IsServiceSpecific=0)), "global_scope", ""),
        (usp_grant(POLICY, "1YYN"), "opted_out", "SM"),
        (usp_grant(POLICY, "1NNN"), "no_notice", "SM"),
        (usp_grant(POLICY, "1Y-N"), "no_choice", "SM"),
        (gpp_grant(POLICY, *national(sale=1).values()), "opted_out", "SM"),
        (gpp_grant(POLICY, *national(gpc=1).values()), "gpc", "SM"),
        (gpp_grant(POLICY, *national(children=[0, 0, 1]).values()), "known_child", "SM"),
        (gpp_grant(POLICY, *national(provider_mode=1).values()), "service_provider", "SM"),
        (gpp_grant(POLICY, *national(targeted_notice=2).values()), "no_notice", "SM"),
        (gpp_grant(POLICY, *national(personal=1).values()), "no_consent", "SM"),
        (gpp_grant(POLICY, *national(sale=0, sharing=0, targeted=0).values()), "no_choice", "SM"),
        (gpp_grant(POLICY, *national().values()), None, ALL),
    ],
)
def test_a_grant_tells_why_it_refuses(grant, reason, permits):
    assert (grant.reason, letters(grant.permits)) == (reason, permits)


def test_grants_that_were_made_before_decide_any_event():
    tcf, usp = tcf_grant(POLICY, YES), usp_grant(POLICY, "1YYN")
    flags = Flags(NOW, gdpr=1)
    assert letters(decide(POLICY, tcf=tcf, gpp=None, usp=None, flags=flags).permits) == ALL
    assert letters(decide(POLICY, tcf=tcf, gpp=None, usp=usp, flags=flags).permits) == "SM"
    assert letters(decide(POLICY, tcf=tcf, gpp=None, usp=None, flags=replace(flags, gpc=1)).permits) == "SM"
    earlier = replace(flags, event_at=datetime(2026, 10, 1, tzinfo=UTC))
    assert decide(POLICY, tcf=tcf, gpp=None, usp=None, flags=earlier).basis == "invalid:future"
