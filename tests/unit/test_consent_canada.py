"""TC strings of Canada in the three layouts that are written, alone in a GPP string."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adlake.consent import CanadaPublisherTc, Invalid, RestrictionType, TcfCanadaString, decode_gpp, decode_tcf
from adlake.consent.bits import members
from adlake.consent.gpp import TCF_CANADA
from tests.unit.consent_encoder import CANADA_LAYOUTS, canada, gpp, publisher_tc


def decoded(text):
    """The section, or why the whole string is refused."""
    found = decode_gpp(gpp({TCF_CANADA: text}))
    return found if isinstance(found, Invalid) else found.section(TCF_CANADA)


def sets(found):
    return [set(members(ids)) for ids in (found.vendor_express_consent, found.vendor_implied_consent)]


# From the tests of the reference encoder (iabgpp-es, TcfCaV1.test.ts): the newer layout, and the older one.
NEWER = "BPSG_8APSG_8AAyACAENGdCgf_gfgAfgfgBhADVqxGAD0AILVgAA.fHHHA4444ao"
OLDER = "BPSG_8APSG_8AAyACAENGdCgf_gfgAfgfgBgABABAAABAB4AACACAAA.fHHHA4444ao"
# One string of a platform in the older layout, and the newer layout of the same.
OF_A_PLATFORM = (
    "BQliWsAQliWsAPoABAELC9CoAKgAAJIAAApNAOABUAC0AGgAQwAlgBQAC6AG0AO4AfgBBATAAnMBSYEwYFgAXQBOwC3ALgAc4A7gCAAEmAJ2AT8A"
    "xQBmgDOgGfANeAcQA6oCJgEngJyAT-Ao8BUQCpQFvALhAXQAvcBf4DMAGggNNAbUA3EBxoDlgHiAPNAfIBAQCEgEbgI_gSlgmACYIAA"
    ".YAAAAAAAAAA"
)
REWRITTEN = (
    "BQliWsAQliWsAPoABAELC9CoAKgAAJIAAApNAOBMZZGDDAxMmWskIahojBMGBYoGiOJ4FlhahgNZUxMZiYDUwllGgYGJpYyBjLIwZFqasFllNGqa"
    "MhisVpTU1DyeAAA.YAAAAAAAAAA"
)


@pytest.mark.parametrize("text", [NEWER, OLDER])
def test_the_strings_of_the_reference_encoder(text):
    found = decoded(text)
    assert isinstance(found, TcfCanadaString)
    assert sets(found) == [{12, 24, 48}, {18, 30}]
    assert (found.cmp_id, found.cmp_version, found.vendor_list_version) == (50, 2, 413)
    assert found.use_non_standard_stacks
    assert found.publisher_tc is not None
    assert found.disclosed_vendors is None


def test_both_layouts_of_a_platforms_string_say_the_same():
    found = decoded(OF_A_PLATFORM)
    assert found == decoded(REWRITTEN)
    assert sets(found)[0] == {42, 45, 52, 67, 75, 80, 93, 109, 119, 126, 130, 1216, 1254, 1318}
    assert len(sets(found)[1]) == 46
    assert (found.cmp_id, found.consent_language) == (1000, "EL")


@pytest.mark.parametrize("as_range", [False, True])
@pytest.mark.parametrize("layout", CANADA_LAYOUTS)
def test_questions_are_answered_whatever_the_layout(layout, as_range):
    text = canada(
        layout,
        {3, 300, 301, 302},
        {7, 410},
        [(2, 0, {3, 40, 41}), (4, 1, {7})],
        shown={3, 7, 300},
        publisher=publisher_tc({1}, {2}, 2, {2}, {1}),
        as_range=as_range,
        PurposesExpressConsent={1, 4},
        PurposesImpliedConsent={7},
        SpecialFeatureExpressConsent={2},
    )
    found = decoded(text)
    assert sets(found) == [{3, 300, 301, 302}, {7, 410}]
    assert [found.has_purpose_express_consent(purpose) for purpose in (1, 4, 7)] == [True, True, False]
    assert [found.has_purpose_implied_consent(purpose) for purpose in (1, 4, 7)] == [False, False, True]
    assert (found.has_vendor_express_consent(301), found.has_vendor_express_consent(303)) == (True, False)
    assert (found.has_vendor_implied_consent(410), found.has_vendor_implied_consent(3)) == (True, False)
    assert found.restriction(2, 41) is RestrictionType.NOT_ALLOWED
    assert found.restriction(4, 7) is RestrictionType.REQUIRE_CONSENT
    assert found.restriction(4, 3) is None
    assert set(members(found.disclosed_vendors)) == {3, 7, 300}
    assert found.publisher_tc == CanadaPublisherTc(1 << 1, 1 << 2, 2, 1 << 2, 1 << 1)
    assert found.special_feature_express_consent == 1 << 2


def test_a_string_of_which_two_layouts_say_different_things_is_refused():
    # an older encoder wrote it with ranges where bitfields would have been shorter; as the newer layout it fits as well
    assert decoded(canada("older", {22}, {11}, [], as_range=True)) == Invalid("layout_ambiguous")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (canada("standard", {1}, (), [], CmpId=1), "unknown_cmp"),
        (canada("standard", {1}, (), [], ConsentLanguage="A["), "value_undefined"),
        (canada("older", {1}, (), [(0, 0, {1})]), "value_undefined"),
        (canada("older", {1}, (), [(1, 3, {1})]), "value_undefined"),
        (f"{OLDER}.gAAA", "unknown_segment"),
        (f"{OLDER}.fHHHA4444ao", "unknown_segment"),
        (NEWER[:33], "truncated"),
        (OLDER[:44], "truncated"),
        (OLDER.replace(".", ".."), "empty"),
        (NEWER[:33] + "=", "wrong_alphabet"),
    ],
)
def test_why_a_string_is_refused(text, reason):
    assert decoded(text) == Invalid(reason)


def test_a_string_of_europe_is_none_of_canada():
    of_europe = "CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA"
    assert decode_tcf(of_europe).version == 2
    assert decoded(of_europe) == Invalid("unknown_version")
    assert decode_tcf(NEWER) == Invalid("unknown_version")


VENDORS = st.sets(st.integers(1, 1500), max_size=40)
RESTRICTED = st.lists(st.tuples(st.integers(1, 11), st.integers(0, 2), VENDORS), max_size=3)


@given(
    layout=st.sampled_from(sorted(CANADA_LAYOUTS)),
    express=VENDORS,
    implied=VENDORS,
    restricted=RESTRICTED,
    shown=st.none() | VENDORS,
    as_range=st.booleans(),
)
@settings(deadline=None)
def test_every_layout_is_read_as_it_was_written_or_not_at_all(*, layout, express, implied, restricted, shown, as_range):
    found = decoded(canada(layout, express, implied, restricted, shown=shown, as_range=as_range))
    if found == Invalid("layout_ambiguous"):
        return
    assert sets(found) == [express, implied]
    assert (found.disclosed_vendors is None) is (shown is None)
    assert set(members(found.disclosed_vendors or 0)) == (shown or set())
    for purpose, kind, ids in restricted:
        merged = next(
            one for one in found.pub_restrictions if (one.purpose_id, one.restriction_type) == (purpose, kind)
        )
        assert ids <= set(members(merged.vendors))
