"""GPP strings: header, sections, and what becomes of those that cannot be read."""

import pickle

import pytest

from adlake.consent import GppString, Invalid, TcfString, UspString, decode_gpp, decode_tcf, decode_usp
from adlake.consent.bits import MOST_CHARACTERS, Bits
from adlake.consent.gpp import SECTION_NAMES, TCF_EU, US_NATIONAL, US_PRIVACY
from adlake.consent.id_ranges import read_fibonacci
from adlake.consent.invalid import Refusal
from tests.unit.consent_encoder import base64url, core, fibonacci, gpp, gpp_header, number, tc_string

US_NATIONAL_TEXT = "BVVqAAEABgA.QA"  # Prebid.js, richaudience adapter
TC_TEXT = "CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA"  # "GPP String Examples" of the standard

STATES = "usca usva usco usut usct usfl usmt usor ustx usde usia usne usnh usnj ustn usmn usmd usin usky usri"


def sections_of(text):
    found = decode_gpp(text)
    assert isinstance(found, GppString), found
    return dict(zip(found.section_ids, found.sections, strict=True))


def test_the_examples_of_the_standard():
    tcf = decode_tcf(TC_TEXT)
    assert isinstance(tcf, TcfString)
    assert sections_of(f"DBABM~{TC_TEXT}") == {2: tcf}
    assert sections_of(f"DBACNY~{TC_TEXT}~1YNN") == {2: tcf, 6: UspString(1, "Y", "N", "N")}
    # Example 3 puts a string of Europe where that of Canada belongs.
    assert decode_gpp(f"DBABjw~{TC_TEXT}~1YNN") == Invalid("unknown_version")


def test_the_header_examples_of_the_standard():
    assert [gpp_header(ids) for ids in ([2], [2, 6], [5, 6])] == ["DBABM", "DBACNY", "DBABjw"]


@pytest.mark.parametrize(
    ("value", "code"), [(1, "11"), (2, "011"), (3, "0011"), (4, "1011"), (5, "00011"), (6, "10011"), (7, "01011")]
)
def test_fibonacci_codes_of_the_standard(value, code):
    assert fibonacci(value) == code
    bits = Bits(int(code + "0110", 2), len(code) + 4)
    assert (read_fibonacci(bits), bits.left) == (value, 4)


@pytest.mark.parametrize("value", [1, 2, 8, 27, 4095, 46_367, 46_368, 65_535])
def test_fibonacci_codes_are_read(value):
    code = fibonacci(value)
    bits = Bits(int(code, 2), len(code))
    assert (read_fibonacci(bits), bits.left) == (value, 0)


@pytest.mark.parametrize(
    ("bits", "reason"),
    [
        ("", "truncated"),
        ("0", "truncated"),
        ("0101", "truncated"),
        ("0" * 22, "truncated"),
        ("0" * 60, "range_invalid"),
    ],
)
def test_what_is_no_fibonacci_code_is_refused(bits, reason):
    with pytest.raises(Refusal, match=reason):
        read_fibonacci(Bits(int(bits or "0", 2), len(bits)))


def test_sections_are_asked_for_by_their_id():
    found = decode_gpp(gpp({TCF_EU: tc_string(core({755})), US_NATIONAL: US_NATIONAL_TEXT}))
    assert found.section(TCF_EU).has_vendor_consent(755)
    assert found.section(US_NATIONAL).sale_opt_out == 2
    assert found.section(8) is None


def test_every_section_that_the_standard_has_is_known():
    first = {2: "tcfeuv2", 5: "tcfcav1", 6: "uspv1", 7: "usnat"}
    assert dict(SECTION_NAMES) == first | dict(enumerate(STATES.split(), start=8))


def test_a_string_may_have_no_section():
    assert decode_gpp("DBAA") == GppString(1, (), ())


def test_sections_that_are_foreign_leave_the_others_readable():
    future = {6: "1YNN", 28: "whatever.comes", 900: "x"}
    assert sections_of(gpp(future)) == {
        6: UspString(1, "Y", "N", "N"),
        28: Invalid("unknown_section"),
        900: Invalid("unknown_section"),
    }
    later = gpp({6: "1YNN", 9: base64url(number(2, 6) + "0" * 90)})
    assert sections_of(later) == {6: UspString(1, "Y", "N", "N"), 9: Invalid("unknown_version")}
    longer = gpp({6: "1YNN", 9: base64url(number(1, 6) + "0" * 40 + "1")})
    assert sections_of(longer) == {6: UspString(1, "Y", "N", "N"), 9: Invalid("trailing_bits")}
    nobody = gpp({2: tc_string(core({1}, CmpId=0)), 6: "1YNN"})
    assert sections_of(nobody) == {2: Invalid("unknown_cmp"), 6: UspString(1, "Y", "N", "N")}


@pytest.mark.parametrize(
    ("section_id", "text", "reason"),
    [
        (2, TC_TEXT[:-4], "truncated"),
        (2, "BAAA", "unknown_version"),
        (5, TC_TEXT, "unknown_version"),
        (6, "2YNN", "unknown_version"),
        (6, "1YN", "truncated"),
        (6, "1YNNN", "trailing_bits"),
        (6, "1ynn", "wrong_alphabet"),
        (7, "BVVqAAE", "truncated"),
        (7, "BVVqAAEABgA.", "empty"),
        (7, "BVVqAAEABgA.QA.QA", "unknown_segment"),
        (7, "BVVqAAEABgA.AA", "unknown_segment"),
        (7, "BVVqAAEABgA.gA", "unknown_segment"),
        (7, "BVVqAAEABgA.QB", "trailing_bits"),
        (7, "B_VqAAEABgA.QA", "value_undefined"),
        (7, "", "empty"),
    ],
)
def test_a_damaged_section_makes_the_string_invalid(section_id, text, reason):
    others = {6: "1YNN"} if section_id != 6 else {2: TC_TEXT}
    found = decode_gpp(gpp(others | {section_id: text}))
    if reason == "trailing_bits" and section_id == 7:
        assert found.section(7) == Invalid("trailing_bits")
    else:
        assert found == Invalid(reason)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("~", "empty"),
        ("D", "truncated"),
        ("DB", "truncated"),
        ("DBAB", "section_count"),
        ("DBAB~1YNN", "truncated"),
        ("DBABM", "section_count"),
        ("DBABM~", "empty"),
        (f"DBABM~{TC_TEXT}~1YNN", "section_count"),
        (f"DBACNY~{TC_TEXT}", "section_count"),
        ("DB__~1YNN", "section_count"),
        ("DCABTA~1YNN", "unknown_version"),
        (TC_TEXT, "wrong_kind"),
        ("1YNN", "wrong_kind"),
        ("DBABTB~1YNN", "trailing_bits"),
        ("DBABT=~1YNN", "wrong_alphabet"),
        ("DBABTA~1YNN\n", "wrong_alphabet"),
        ("D" * (MOST_CHARACTERS + 1), "oversized"),
    ],
)
def test_why_a_string_is_refused(text, reason):
    assert decode_gpp(text) == Invalid(reason)


def test_a_header_that_announces_every_id_costs_nothing():
    header = base64url(number(3, 6) + number(1, 6) + number(1, 12) + "1" + fibonacci(1) + fibonacci(65_534))
    assert decode_gpp(f"{header}~1YNN") == Invalid("section_count")


def test_a_decoded_string_can_be_stored():
    found = decode_gpp(gpp({2: TC_TEXT, 6: "1YNN", 7: US_NATIONAL_TEXT, 40: "x"}))
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 our own bytes
    assert isinstance(hash(found), int)


@pytest.mark.parametrize("answers", ["---", "YNN", "YYN", "NYY", "Y-Y"])
def test_us_privacy_strings(answers):
    found = decode_usp("1" + answers)
    assert found == UspString(1, *answers)
    assert decode_gpp(gpp({US_PRIVACY: "1" + answers})).section(US_PRIVACY) == found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("1", "truncated"),
        ("1YN", "truncated"),
        ("1YNNN", "trailing_bits"),
        ("0YNN", "unknown_version"),
        ("2YNN", "unknown_version"),
        ("YNN", "wrong_alphabet"),
        ("1ynn", "wrong_alphabet"),
        ("1YN ", "wrong_alphabet"),
        ("1YNN\n", "wrong_alphabet"),
        ("1YNX", "wrong_alphabet"),
        ("\u0661YNN", "wrong_alphabet"),
        ("1YN\u2013", "wrong_alphabet"),
        ("null", "wrong_alphabet"),
        ("1" + "Y" * MOST_CHARACTERS, "oversized"),
    ],
)
def test_why_a_us_privacy_string_is_refused(text, reason):
    assert decode_usp(text) == Invalid(reason)
