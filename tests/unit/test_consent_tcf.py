"""TC strings: what is read, what is refused and why; strings are written by an encoder of our own."""

import pickle
from dataclasses import FrozenInstanceError, asdict, fields
from datetime import UTC, datetime
from typing import get_args

import pytest

from adlake.consent import REASONS, Invalid, PublisherTc, PubRestriction, Reason, RestrictionType, decode_tcf
from adlake.consent.bits import MOST_CHARACTERS, has, members
from tests.unit.consent_encoder import (
    base64url,
    core,
    core_fields,
    disclosed,
    entries,
    number,
    publisher_tc,
    tc_string,
    vendors,
)

NO_VENDORS = vendors(set()) * 2
NO_RESTRICTIONS = number(0, 12)


def refused(*segments):
    """Why a string of segments is refused."""
    found = decode_tcf(tc_string(*segments))
    assert isinstance(found, Invalid)
    return found.reason


def with_vendors(section):
    """A core with one section of vendors as it is given."""
    return core_fields() + section + vendors(set()) + NO_RESTRICTIONS


# "Full TC String passing" in the standard has this string as its example.
EXAMPLE = "CQSbk4AQSbk4ANwAAAENAwCgAAAAAAAAAAYgACPAAAAA.IDKQA4AAgAKAGQAygAAA"


def test_the_example_of_the_standard_is_read_whole():
    found = decode_tcf(EXAMPLE)
    read = asdict(found)
    wanted = {"version": 2, "cmp_id": 880, "consent_language": "EN", "tcf_policy_version": 2}
    assert {name: read[name] for name in wanted} == wanted
    assert found.created == found.last_updated == datetime(2025, 6, 3, tzinfo=UTC)
    assert found.is_service_specific
    assert found.disclosed_vendors is not None
    assert found.publisher_tc is None
    assert found.allowed_vendors is None


def test_questions_are_answered_by_purpose_and_by_vendor():
    found = decode_tcf(
        tc_string(
            core(
                {3, 755, 756},
                {755},
                [(4, 0, {755}), (2, 1, {3, 4})],
                PurposesConsent={1, 4},
                PurposesLITransparency={7},
                SpecialFeatureOptIns={2},
            ),
            disclosed({3, 755}),
        )
    )
    assert [purpose for purpose in range(25) if found.has_purpose_consent(purpose)] == [1, 4]
    assert (found.has_purpose_li(7), found.has_purpose_li(1)) == (True, False)
    assert (found.has_special_feature(2), found.has_special_feature(1)) == (True, False)
    assert [vendor for vendor in (2, 3, 4, 754, 755, 65_535) if found.has_vendor_consent(vendor)] == [3, 755]
    assert (found.has_vendor_li(755), found.has_vendor_li(3)) == (True, False)
    assert (found.is_disclosed(3), found.is_disclosed(756)) == (True, False)
    assert found.restriction(4, 755) is RestrictionType.NOT_ALLOWED
    assert found.restriction(2, 4) is RestrictionType.REQUIRE_CONSENT
    assert (found.restriction(4, 3), found.restriction(3, 755)) == (None, None)


def test_nobody_has_id_0():
    found = decode_tcf(tc_string(core({1}, {1}, PurposesConsent={1})))
    asked = (found.has_purpose_consent, found.has_purpose_li, found.has_vendor_consent, found.has_vendor_li)
    assert [ask(0) for ask in asked] == [False] * 4


def test_a_string_without_disclosed_vendors_does_not_say_whether_one_was():
    assert decode_tcf(tc_string(core({1}))).is_disclosed(1) is None
    assert decode_tcf(tc_string(core({1}), disclosed(()))).is_disclosed(1) is False


@pytest.mark.parametrize(
    ("kinds", "wanted"),
    [
        ([0], RestrictionType.NOT_ALLOWED),
        ([1], RestrictionType.REQUIRE_CONSENT),
        ([2], RestrictionType.REQUIRE_LEGITIMATE_INTEREST),
        ([2, 0], RestrictionType.NOT_ALLOWED),
        ([1, 2], RestrictionType.NOT_ALLOWED),
    ],
)
def test_of_several_restrictions_the_strictest_holds(kinds, wanted):
    found = decode_tcf(tc_string(core(restricted=[(2, kind, {8, 9}) for kind in kinds])))
    assert found.restriction(2, 9) is wanted


def test_restrictions_that_come_twice_are_put_together():
    found = decode_tcf(tc_string(core(restricted=[(2, 1, {8}), (3, 0, {9}), (2, 1, {7, 8})])))
    assert found.pub_restrictions == (
        PubRestriction(2, RestrictionType.REQUIRE_CONSENT, 1 << 7 | 1 << 8),
        PubRestriction(3, RestrictionType.NOT_ALLOWED, 1 << 9),
    )


@pytest.mark.parametrize("as_range", [False, True])
def test_vendors_are_read_from_bitfields_and_from_ranges(as_range):
    consent, interest, shown = {1, 2, 3, 9, 700}, {5}, {1, 2, 3, 5, 9, 700}
    found = decode_tcf(tc_string(core(consent, interest, as_range=as_range), disclosed(shown, as_range=as_range)))
    sets = (found.vendor_consent, found.vendor_legitimate_interest, found.disclosed_vendors)
    assert [set(members(ids)) for ids in sets] == [consent, interest, shown]


def test_entries_may_overlap_and_stand_in_any_order():
    section = number(50, 16) + "1" + entries([(40, 50), (3, 3), (44, 46), (45, 48), (5, 5), (5, 5)])
    assert set(members(decode_tcf(tc_string(with_vendors(section))).vendor_consent)) == {3, 5, *range(40, 51)}


def test_every_vendor_that_there_can_be():
    section = number(65_535, 16) + "1" + entries([(1, 65_535)])
    found = decode_tcf(tc_string(with_vendors(section)))
    assert found.vendor_consent == 2**65_536 - 2
    assert (found.has_vendor_consent(65_535), found.has_vendor_consent(65_536)) == (True, False)


def test_segments_behind_the_core_come_in_any_order():
    behind = [disclosed({2}), number(2, 3) + vendors({4}), publisher_tc({1}, {2}, 3, {1, 3}, {2})]
    forward, backward = (decode_tcf(tc_string(core({2}), *order)) for order in (behind, behind[::-1]))
    assert forward == backward
    assert (forward.disclosed_vendors, forward.allowed_vendors) == (1 << 2, 1 << 4)
    assert forward.publisher_tc == PublisherTc(1 << 1, 1 << 2, 3, 1 << 1 | 1 << 3, 1 << 2)


def test_without_custom_purposes_there_are_no_bits_for_them():
    assert decode_tcf(tc_string(core(), publisher_tc((), {24}, 0))).publisher_tc == PublisherTc(0, 1 << 24, 0, 0, 0)


@pytest.mark.parametrize("multiple", [6, 8, 24])
def test_padding_of_every_encoder_is_taken(multiple):
    bits = core({1, 5})
    assert decode_tcf(tc_string(bits, multiple=multiple)) == decode_tcf(tc_string(bits))


def test_times_are_in_tenths_of_seconds_of_utc():
    found = decode_tcf(tc_string(core(Created=0, LastUpdated=15_837_554_746)))
    assert found.created == datetime(1970, 1, 1, tzinfo=UTC)
    assert found.last_updated == datetime(2020, 3, 9, 12, 4, 34, 600_000, tzinfo=UTC)
    assert decode_tcf(tc_string(core(LastUpdated=2**36 - 1))).last_updated.year == 2187


def test_small_letters_are_capitals():
    # as the country of a string in the tests of Prebid's flipp adapter
    small = core(PublisherCC="te")
    assert decode_tcf(tc_string(small)).publisher_cc == "TE"


@pytest.mark.parametrize("place", [108, 114, 201, 207])
@pytest.mark.parametrize("code", [26, 31, 58, 63])
def test_what_is_no_letter_is_refused(place, code):
    bits = core()
    assert refused(bits[:place] + number(code, 6) + bits[place + 6 :]) == "value_undefined"


@pytest.mark.parametrize("version", [0, 1, 3, 63])
def test_another_version_is_refused_before_anything_else_is_read(version):
    assert refused(core(Version=version)) == "unknown_version"
    assert refused(number(version, 6)) == "unknown_version"


@pytest.mark.parametrize(("cmp_id", "known"), [(0, False), (1, False), (2, True), (4095, True)])
def test_only_registered_platforms_write_strings(cmp_id, known):
    found = decode_tcf(tc_string(core({1}, CmpId=cmp_id)))
    assert (found == Invalid("unknown_cmp")) is not known


@pytest.mark.parametrize(
    ("groups", "highest", "reason"),
    [
        ([(0, 0)], 9, "range_invalid"),
        ([(0, 5)], 9, "range_invalid"),
        ([(6, 5)], 9, "range_invalid"),
        ([(9, 10)], 9, "range_invalid"),
        ([(10, 10)], 9, "range_invalid"),
        ([(1, 65_535)], 65_534, "range_invalid"),
        ([(1, 2), (5, 5), (4, 3)], 9, "range_invalid"),
    ],
)
def test_ranges_that_cannot_be_are_refused(groups, highest, reason):
    section = number(highest, 16) + "1" + "".join([number(len(groups), 12), *(entry_of(*group) for group in groups)])
    assert refused(with_vendors(section)) == reason


def entry_of(first, last):
    return "1" + number(first, 16) + number(last, 16)


def test_more_entries_than_there_are_bits_for_are_refused():
    section = number(9, 16) + "1" + number(4095, 12)
    assert decode_tcf(base64url(core_fields() + section)) == Invalid("truncated")
    # the zeros behind are read as vendor 0
    assert refused(core_fields() + section + "0" * 200) == "range_invalid"


def test_a_group_at_the_very_end_is_read_before_more_is_missed():
    bits = core_fields() + number(9, 16) + "1" + entries([(1, 1)] * 5 + [(2, 3)])
    assert len(bits) % 6 == 0
    assert decode_tcf(base64url(bits)) == Invalid("truncated")
    assert decode_tcf(base64url(bits[:-16] + number(1, 16))) == Invalid("range_invalid")


@pytest.mark.parametrize("missing", range(1, 17))
def test_a_group_whose_end_is_cut_is_refused(missing):
    section = vendors(set()) + number(40, 16) + "1" + entries([(1, 1), (2, 33)])
    cut = (core_fields() + section)[:-missing]
    kept = len(cut) // 6 * 6
    assert decode_tcf(base64url(cut[:kept])) == Invalid("truncated")


@pytest.mark.parametrize(("purpose", "kind"), [(0, 0), (0, 2), (1, 3), (24, 3)])
def test_a_restriction_without_meaning_is_refused(purpose, kind):
    assert refused(core(restricted=[(purpose, kind, {5})])) == "value_undefined"


def test_a_core_is_cut_at_every_place_where_bits_are_missing():
    whole = core({1, 2, 40}, {3}, [(2, 0, {1})])
    for kept in range(6, len(whole) // 6 * 6, 6):
        assert decode_tcf(base64url(whole[:kept])) == Invalid("truncated")


@pytest.mark.parametrize("behind", [disclosed({1, 70}), publisher_tc({1}, {2}, 5, {1}, {2})])
def test_a_segment_is_cut_at_every_place_where_bits_are_missing(behind):
    for kept in range(6, len(behind) // 6 * 6, 6):
        assert decode_tcf(f"{base64url(core({1}))}.{base64url(behind[:kept])}") == Invalid("truncated")


@pytest.mark.parametrize(
    "behind",
    [
        [number(0, 3) + vendors({1})],
        [number(4, 3) + vendors({1})],
        [number(7, 3)],
        [disclosed({1}), disclosed({1})],
        [publisher_tc((), (), 0), publisher_tc((), (), 0)],
    ],
)
def test_segments_of_unknown_type_and_repeated_ones_are_refused(behind):
    assert refused(core({1}), *behind) == "unknown_segment"


@pytest.mark.parametrize("segments", [[core({1}) + "0001"], [core({1}), disclosed({1}) + "01"]])
def test_bits_behind_the_last_field_are_refused(segments):
    assert refused(*segments) == "trailing_bits"


@pytest.mark.parametrize("text", ["", ".", ".IAAA", f"{EXAMPLE}.", EXAMPLE.replace(".", "..")])
def test_nothing_where_something_must_be_is_empty(text):
    assert decode_tcf(text) == Invalid("empty")


@pytest.mark.parametrize(
    "text",
    [
        *(f"{EXAMPLE}{end}" for end in ("=", " ", "\n", "\0", "+", "/", "é", "\ud800")),
        *(EXAMPLE.replace("A", other, 1) for other in ("+", "/", "\u0391", "\uff21", "\ufffd", "\t")),
        "C\u0660",
        "null",
        "undefined.",
        "${GDPR_CONSENT_755}",
        "C🙂",
    ],
)
def test_other_characters_are_refused(text):
    found = decode_tcf(text)
    assert isinstance(found, Invalid)
    assert found.reason in {"wrong_alphabet", "unknown_version"}


def test_only_a_string_of_ten_thousand_characters_is_read():
    assert MOST_CHARACTERS == 10_000
    text = tc_string(core({1}))
    assert decode_tcf(text + "A" * (MOST_CHARACTERS - len(text))) == decode_tcf(text)
    assert decode_tcf(text + "A" * (MOST_CHARACTERS - len(text) + 1)) == Invalid("oversized")


def test_the_reasons_are_a_closed_list_with_a_meaning_each():
    assert set(REASONS) == set(get_args(Reason))
    assert all(REASONS.values())


def test_a_decoded_string_is_a_value_that_can_be_stored():
    found = decode_tcf(tc_string(core({1, 900}, restricted=[(1, 0, {5})]), disclosed({1}), publisher_tc({1}, {2}, 0)))
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 our own bytes
    assert hash(found) == hash(pickle.loads(pickle.dumps(found)))  # noqa: S301 our own bytes
    with pytest.raises(FrozenInstanceError):
        found.cmp_id = 1


def test_what_is_refused_holds_nothing_of_the_string():
    assert [one.name for one in fields(Invalid)] == ["reason"]
    assert repr(decode_tcf("C" + "secret" * 3)) == "Invalid(reason='truncated')"


def test_sets_of_ids_are_read_and_listed():
    ids = 1 << 1 | 1 << 24 | 1 << 65_535
    assert list(members(ids)) == [1, 24, 65_535]
    assert [has(ids, number_) for number_ in (0, 1, 2, 24, 65_535, 70_000)] == [False, True, False, True, True, False]
    assert list(members(0)) == []
