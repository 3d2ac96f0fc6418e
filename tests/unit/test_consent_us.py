"""US sections of GPP against layouts that are written out here a second time, from the specification of each."""

import itertools

import pytest

from adlake.consent import Invalid, UsSection, decode_gpp
from adlake.consent.us_sections import (
    CONSENT,
    DID_NOT_OPT_OUT,
    NO_CONSENT,
    NOT_APPLICABLE,
    OPTED_OUT,
    attribute_of,
)
from tests.unit.consent_encoder import base64url, fibonacci, gpp, number, us_section

# The core of each section: names from the specification, with the number of answers where there are several.
MSPA = "MspaCoveredTransaction MspaOptOutOptionMode MspaServiceProviderMode"
FIVE = "SaleOptOutNotice TargetedAdvertisingOptOutNotice SaleOptOut TargetedAdvertisingOptOut"
CHILD = "KnownChildSensitiveDataConsents"
MORE = "AdditionalDataProcessingConsent"
LAYOUTS = {
    7: "SharingNotice SaleOptOutNotice SharingOptOutNotice TargetedAdvertisingOptOutNotice "
    "SensitiveDataProcessingOptOutNotice SensitiveDataLimitUseNotice SaleOptOut SharingOptOut "
    f"TargetedAdvertisingOptOut SensitiveDataProcessing:16 {CHILD}:3 PersonalDataConsents {MSPA}",
    8: "SaleOptOutNotice SharingOptOutNotice SensitiveDataLimitUseNotice SaleOptOut SharingOptOut "
    f"SensitiveDataProcessing:9 {CHILD}:2 PersonalDataConsents {MSPA}",
    9: f"SharingNotice {FIVE} SensitiveDataProcessing:8 {CHILD}:1 {MSPA}",
    10: f"SharingNotice {FIVE} SensitiveDataProcessing:7 {CHILD}:1 {MSPA}",
    11: "SharingNotice SaleOptOutNotice TargetedAdvertisingOptOutNotice SensitiveDataProcessingOptOutNotice "
    f"SaleOptOut TargetedAdvertisingOptOut SensitiveDataProcessing:8 {CHILD}:1 {MSPA}",
    12: f"SharingNotice {FIVE} SensitiveDataProcessing:8 {CHILD}:3 {MSPA}",
    13: f"ProcessingNotice {FIVE} SensitiveDataProcessing:8 {CHILD}:3 {MORE} {MSPA}",
    14: f"SharingNotice {FIVE} SensitiveDataProcessing:8 {CHILD}:3 {MORE} {MSPA}",
    15: f"ProcessingNotice {FIVE} SensitiveDataProcessing:11 {CHILD}:3 {MORE} {MSPA}",
    16: f"ProcessingNotice {FIVE} SensitiveDataProcessing:8 {CHILD}:1 {MORE} {MSPA}",
    17: f"ProcessingNotice {FIVE} SensitiveDataProcessing:9 {CHILD}:5 {MORE} {MSPA}",
    18: "ProcessingNotice SaleOptOutNotice TargetedAdvertisingOptOutNotice SensitiveDataOptOutNotice SaleOptOut "
    f"TargetedAdvertisingOptOut SensitiveDataProcessing:8 {CHILD}:1 {MSPA}",
    19: f"ProcessingNotice {FIVE} SensitiveDataProcessing:8 {CHILD}:1 {MORE} {MSPA}",
    20: f"ProcessingNotice {FIVE} SensitiveDataProcessing:8 {CHILD}:3 {MORE} {MSPA}",
    21: f"ProcessingNotice {FIVE} SensitiveDataProcessing:10 {CHILD}:5 {MORE} {MSPA}",
    22: f"ProcessingNotice {FIVE} SensitiveDataProcessing:8 {CHILD}:1 {MORE} {MSPA}",
    23: f"ProcessingNotice {FIVE} SensitiveDataProcessing:8 {CHILD}:1 {MORE} {MSPA}",
}
NAMES = [
    *("usnat", "usca", "usva", "usco", "usut", "usct", "usfl", "usmt", "usor"),
    *("ustx", "usde", "usia", "usne", "usnh", "usnj", "ustn", "usmn"),
]
VERSION = dict.fromkeys(LAYOUTS, 1) | {7: 2}
NEWEST = {24: "usmd", 25: "usin", 26: "usky", 27: "usri"}


def decoded(section_id, text):
    return decode_gpp(gpp({section_id: text})).section(section_id)


def some_answers(layout, start):
    """Answers without a pattern that moved fields would repeat, by attribute."""
    row = itertools.islice(itertools.cycle([0, 1, 2, 2, 0, 1, 1, 0, 2, 2, 1, 0, 0, 2, 1, 1, 2]), start, None)
    found = {}
    for field in layout.split():
        name, _, count = field.partition(":")
        found[attribute_of(name)] = tuple(itertools.islice(row, int(count))) if count else next(row)
    return found


@pytest.mark.parametrize("start", [0, 5, 11])
@pytest.mark.parametrize("section_id", LAYOUTS)
def test_every_field_of_every_section_is_read_where_the_specification_has_it(section_id, start):
    answers = some_answers(LAYOUTS[section_id], start)
    version = VERSION[section_id]
    text = us_section(version, *answers.values())
    wanted = UsSection(NAMES[section_id - 7], version=version, **answers)
    assert decoded(section_id, text) == wanted
    for gpc, segment in ((False, "QA"), (True, "YA")):
        assert decoded(section_id, f"{text}.{segment}") == UsSection(
            NAMES[section_id - 7], version=version, gpc=gpc, **answers
        )


def test_the_answers_have_names():
    # CA, Core Sub-section: sale opted out, sharing not; consent to the first category, none to the second
    sensitive = [CONSENT, NO_CONSENT, *[NOT_APPLICABLE] * 7]
    found = decoded(8, us_section(1, 1, 1, 0, OPTED_OUT, DID_NOT_OPT_OUT, sensitive, [0, 0], 0, 2, 0, 0))
    assert (found.sale_opt_out, found.sharing_opt_out) == (1, 2)
    assert found.sensitive_data_processing[:3] == (2, 1, NOT_APPLICABLE)
    assert found.targeted_advertising_opt_out is None


@pytest.mark.parametrize("section_id", LAYOUTS)
def test_a_section_that_lacks_a_bit_or_has_one_more_is_not_read(section_id):
    answers = some_answers(LAYOUTS[section_id], 1)
    bits = number(VERSION[section_id], 6)
    for answer in answers.values():
        bits += "".join(number(one, 2) for one in (answer if isinstance(answer, tuple) else [answer]))
    whole = base64url(bits)
    assert isinstance(decoded(section_id, whole), UsSection)
    assert decode_gpp(gpp({section_id: whole[:-1]})) == Invalid("truncated")
    assert decoded(section_id, base64url(bits + "1")) == Invalid("trailing_bits")
    undefined = base64url(bits[:-2] + "11")
    assert decode_gpp(gpp({section_id: undefined})) == Invalid("value_undefined")


@pytest.mark.parametrize(
    ("section_id", "version"), [(7, 0), (7, 3), (7, 63), *((section_id, 2) for section_id in LAYOUTS if section_id > 7)]
)
def test_a_version_whose_layout_nobody_published_is_not_read(section_id, version):
    text = us_section(version, *some_answers(LAYOUTS[section_id], 0).values())
    assert decoded(section_id, text) == Invalid("unknown_version")


FIRST_NATIONAL = LAYOUTS[7].replace("Processing:16", "Processing:12").replace(":3", ":2")


def test_the_first_version_of_the_national_section_has_fewer_answers():
    answers = some_answers(FIRST_NATIONAL, 1)
    text = us_section(1, *answers.values())
    assert len(text) == 11
    assert decoded(7, text) == UsSection("usnat", version=1, **answers)


def test_the_second_layout_of_the_national_section_is_also_read_under_version_1():
    # BAAAAAAAAABA of the reference's tests: MspaCoveredTransaction is 1, where the first layout has ended.
    found = decoded(7, "BAAAAAAAAABA.QA")
    assert (found.mspa_covered_transaction, len(found.sensitive_data_processing)) == (1, 16)
    answers = some_answers(LAYOUTS[7], 1) | {"mspa_covered_transaction": 2}
    assert decoded(7, us_section(1, *answers.values())) == UsSection("usnat", version=1, **answers)


def test_version_2_of_the_national_section_is_not_read_by_the_first_layout():
    text = us_section(2, *some_answers(FIRST_NATIONAL, 1).values())
    assert decode_gpp(gpp({7: text})) == Invalid("truncated")


# BVVU.YA is in the tests of the reference encoder (iabgpp-es, UsMd.test.ts); bits:
# 000001 MspaVersion, then 01 each: covered, mode, notice, notice of sale, of advertising, sale, advertising, more.
MARYLAND = UsSection(
    "usmd",
    mspa_version=1,
    mspa_covered_transaction=1,
    mspa_mode=1,
    processing_notice=1,
    sale_opt_out_notice=1,
    targeted_advertising_opt_out_notice=1,
    sale_opt_out=1,
    targeted_advertising_opt_out=1,
    additional_data_processing_consent=1,
    gpc=True,
)


def test_maryland():
    assert decoded(24, "BVVU.YA") == MARYLAND
    # 000010 01 10 | 01 01 01 | 10 01 00 : one value after the other, worked by hand
    found = decoded(24, base64url("000010" + "01" + "10" + "01" + "01" + "01" + "10" + "01" + "00"))
    assert found == UsSection(
        "usmd",
        mspa_version=2,
        mspa_covered_transaction=1,
        mspa_mode=2,
        processing_notice=1,
        sale_opt_out_notice=1,
        targeted_advertising_opt_out_notice=1,
        sale_opt_out=2,
        targeted_advertising_opt_out=1,
        additional_data_processing_consent=0,
    )


@pytest.mark.parametrize("section_id", [25, 26, 27])
def test_indiana_kentucky_and_rhode_island(section_id):
    # BVVV.kkk is in the tests of the reference encoder (UsIn.test.ts, UsKy.test.ts, UsRi.test.ts)
    core = {
        "mspa_version": 1,
        "mspa_covered_transaction": 1,
        "mspa_mode": 1,
        "processing_notice": 1,
        "sale_opt_out_notice": 1,
        "targeted_advertising_opt_out_notice": 1,
        "sale_opt_out": 1,
        "targeted_advertising_opt_out": 1,
        "known_child_sensitive_data_consents": (1,),
        "additional_data_processing_consent": 1,
    }
    sensitive = (2, 1, 0, 2, 1, 0, 2, 1)
    name = NEWEST[section_id]
    assert decoded(section_id, "BVVV.kkk") == UsSection(name, sensitive_data_processing=sensitive, **core)
    assert decoded(section_id, "BVVV") == UsSection(name, **core)
    # 000001 10 00 | 01 10 00 | 01 10 | 10 | 01 : the two fields around the child's consent differ
    bits = "000001" + "10" + "00" + "01" + "10" + "00" + "01" + "10" + "10" + "01"
    found = decoded(section_id, base64url(bits))
    assert (found.sale_opt_out, found.targeted_advertising_opt_out) == (1, 2)
    assert found.known_child_sensitive_data_consents == (2,)
    assert found.additional_data_processing_consent == 1


def section_header(section_id, version=1):
    """SectionID, Version and SubSections; the ids 0 and 1 one higher, for 0 has no Fibonacci code."""
    return base64url(number(section_id, 6) + number(version, 6) + number(1, 12) + "1" + fibonacci(1) + fibonacci(1))


@pytest.mark.parametrize("section_id", NEWEST)
def test_the_newest_sections_may_begin_with_the_header_of_the_specification(section_id):
    text = "BVVU.YA" if section_id == 24 else "BVVV.kkk"
    assert decoded(section_id, f"{section_header(section_id)}.{text}") == decoded(section_id, text)
    assert decode_gpp(gpp({section_id: section_header(section_id)})) == Invalid("truncated")
    later = f"{section_header(section_id, version=2)}.{text}"
    assert decoded(section_id, later) == Invalid("unknown_version")
    twice = f"{section_header(section_id)}.{section_header(section_id)}.{text}"
    assert isinstance(decode_gpp(gpp({section_id: twice})), Invalid)


@pytest.mark.parametrize(
    ("section_id", "text", "reason"),
    [
        (24, "BVV", "truncated"),
        (24, "BVVU.kkk", "unknown_segment"),
        (25, "BVVV.YA", "truncated"),
        (25, "BVVV.kkk.YA", "unknown_segment"),
        (26, "BVVV.3kk", "value_undefined"),
        (27, "BVVX", "value_undefined"),
        (27, "z", "truncated"),
    ],
)
def test_why_a_newest_section_is_refused(section_id, text, reason):
    assert decode_gpp(gpp({section_id: text})) == Invalid(reason)
