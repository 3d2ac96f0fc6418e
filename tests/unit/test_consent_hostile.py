"""Strings that nobody should send: nothing raises, nothing takes long, and what is damaged permits nothing new."""

import time
import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adlake.consent import (
    REASONS,
    GppString,
    Invalid,
    TcfString,
    UspString,
    UsSection,
    decode_gpp,
    decode_tcf,
    decode_usp,
)
from adlake.consent.bits import members
from tests.unit.consent_encoder import (
    ALPHABET,
    base64url,
    canada_fields,
    core,
    core_fields,
    disclosed,
    entries,
    gpp,
    gpp_header,
    number,
    publisher_tc,
    tc_string,
    us_section,
    vendors,
)

DECODERS = [decode_tcf, decode_gpp, decode_usp]
VALUES = (TcfString, GppString, UspString)
CONSENT_TEXT = st.text(ALPHABET + ".~", max_size=300)
SHORT_ENOUGH_SECONDS = 1.0

IDS = st.sets(st.integers(1, 900), max_size=30)
PURPOSES = st.sets(st.integers(1, 24))
RESTRICTED = st.lists(st.tuples(st.integers(1, 24), st.integers(0, 2), IDS), max_size=3)


@st.composite
def tc_strings(draw):
    """Valid ones, with what they say."""
    says = {
        "PurposesConsent": draw(PURPOSES),
        "PurposesLITransparency": draw(PURPOSES),
        "SpecialFeatureOptIns": draw(st.sets(st.integers(1, 12))),
        "CmpId": draw(st.integers(2, 4095)),
        "CmpVersion": draw(st.integers(0, 4095)),
        "ConsentScreen": draw(st.integers(0, 63)),
        "VendorListVersion": draw(st.integers(0, 4095)),
        "TcfPolicyVersion": draw(st.integers(0, 63)),
        "IsServiceSpecific": draw(st.integers(0, 1)),
        "UseNonStandardTexts": draw(st.integers(0, 1)),
        "PurposeOneTreatment": draw(st.integers(0, 1)),
        "Created": draw(st.integers(0, 2**36 - 1)),
        "LastUpdated": draw(st.integers(0, 2**36 - 1)),
    }
    consent, interest, restricted = draw(IDS), draw(IDS), draw(RESTRICTED)
    as_range = draw(st.booleans())
    segments, shown, publisher = [core(consent, interest, restricted, as_range=as_range, **says)], None, None
    if draw(st.booleans()):
        shown = draw(IDS)
        segments.append(disclosed(shown, as_range=as_range))
    if draw(st.booleans()):
        custom = draw(st.integers(0, 63))
        own = st.sets(st.integers(1, max(custom, 1)), max_size=custom)
        publisher = (draw(PURPOSES), draw(PURPOSES), custom, draw(own), draw(own))
        segments.append(publisher_tc(*publisher))
    said = (says, consent, interest, restricted, shown, publisher)
    return tc_string(*segments, multiple=draw(st.sampled_from([6, 8, 24]))), said


ANSWERS = st.integers(0, 2)


@st.composite
def gpp_strings(draw):
    """Valid ones of several sections."""
    sections = {
        2: draw(tc_strings())[0],
        6: "1" + "".join(draw(st.lists(st.sampled_from("YN-"), min_size=3, max_size=3))),
        7: us_section(2, draw(st.lists(ANSWERS, min_size=32, max_size=32))) + draw(st.sampled_from(["", ".QA", ".YA"])),
        8: us_section(1, draw(st.lists(ANSWERS, min_size=20, max_size=20))) + draw(st.sampled_from(["", ".QA", ".YA"])),
        25: us_section(1, draw(st.lists(ANSWERS, min_size=9, max_size=9))) + draw(st.sampled_from(["", ".kkk"])),
    }
    chosen = draw(st.sets(st.sampled_from(sorted(sections)), min_size=1))
    return gpp({section_id: sections[section_id] for section_id in chosen})


def listed(ids):
    return set(members(ids))


def sound(found):
    """Whether a result is one of the values that a decoder may give."""
    return (isinstance(found, Invalid) and found.reason in REASONS) or isinstance(found, VALUES)


@given(tc_strings())
@settings(deadline=None)
def test_what_was_written_is_read(written):
    text, (says, consent, interest, restricted, shown, publisher) = written
    found = decode_tcf(text)
    assert listed(found.purposes_consent) == says["PurposesConsent"]
    assert listed(found.purposes_li_transparency) == says["PurposesLITransparency"]
    assert listed(found.special_feature_opt_ins) == says["SpecialFeatureOptIns"]
    assert (found.cmp_id, found.cmp_version) == (says["CmpId"], says["CmpVersion"])
    assert (found.consent_screen, found.vendor_list_version) == (says["ConsentScreen"], says["VendorListVersion"])
    assert found.tcf_policy_version == says["TcfPolicyVersion"]
    switches = (found.is_service_specific, found.use_non_standard_texts, found.purpose_one_treatment)
    assert switches == (says["IsServiceSpecific"], says["UseNonStandardTexts"], says["PurposeOneTreatment"])
    assert [round(one.timestamp() * 10) for one in (found.created, found.last_updated)] == [
        says["Created"],
        says["LastUpdated"],
    ]
    assert (listed(found.vendor_consent), listed(found.vendor_legitimate_interest)) == (consent, interest)
    merged = {}
    for purpose, kind, ids in restricted:
        merged[purpose, kind] = merged.get((purpose, kind), set()) | ids
    assert {(one.purpose_id, one.restriction_type): listed(one.vendors) for one in found.pub_restrictions} == merged
    assert (None if found.disclosed_vendors is None else listed(found.disclosed_vendors)) == shown
    if publisher is None:
        assert found.publisher_tc is None
    else:
        *sets, custom, custom_consent, custom_interest = publisher
        of_publisher = found.publisher_tc
        assert [listed(of_publisher.pub_purposes_consent), listed(of_publisher.pub_purposes_li_transparency)] == sets
        assert of_publisher.num_custom_purposes == custom
        assert listed(of_publisher.custom_purposes_consent) == custom_consent
        assert listed(of_publisher.custom_purposes_li_transparency) == custom_interest


@given(st.text(max_size=300) | CONSENT_TEXT | st.binary(max_size=300).map(lambda data: data.decode("latin-1")))
@example("\ud800")
@example("C" * 44)
@example("DBAB")
@settings(deadline=None)
def test_any_text_is_decoded_or_refused(text):
    for decode in DECODERS:
        for beginning in ("", "C", "DBAB", "1Y", f"{gpp_header([2, 5, 7])}~"):
            assert sound(decode(beginning + text))


def permissions(found):
    """Everything that a string allows, as a set that can be compared."""
    if isinstance(found, TcfString):
        sets = {
            "purpose": found.purposes_consent,
            "purpose_li": found.purposes_li_transparency,
            "feature": found.special_feature_opt_ins,
            "vendor": found.vendor_consent,
            "vendor_li": found.vendor_legitimate_interest,
            "disclosed": found.disclosed_vendors or 0,
        }
        return {(name, one) for name, ids in sets.items() for one in members(ids)}
    if isinstance(found, UspString):
        return {("sale", found.opt_out_sale)} if found.opt_out_sale != "Y" else set()
    if isinstance(found, UsSection):
        opt_outs = {"sale": found.sale_opt_out, "ads": found.targeted_advertising_opt_out}
        return {(found.name, name) for name, answer in opt_outs.items() if answer != 1}
    if isinstance(found, GppString):
        sections = zip(found.section_ids, found.sections, strict=True)
        return {(section_id, one) for section_id, section in sections for one in permissions(section)}
    assert isinstance(found, Invalid)
    return set()


@given(tc_strings())
@settings(max_examples=40, deadline=None)
def test_a_string_that_is_cut_anywhere_permits_nothing_new_and_mostly_nothing(written):
    text, _ = written
    allowed = permissions(decode_tcf(text))
    ends = {len(text.partition(".")[0]), *(place for place, one in enumerate(text) if one == ".")}
    for kept in range(len(text)):
        found = decode_tcf(text[:kept])
        assert permissions(found) <= allowed
        # a whole string again: at the end of a segment, or where nothing but padding went
        if isinstance(found, TcfString):
            assert any(end - 4 <= kept <= end for end in ends | {len(text)})


@given(gpp_strings())
@settings(max_examples=40, deadline=None)
def test_a_gpp_string_that_is_cut_anywhere_permits_nothing_new(text):
    """Only the end of a sub-section can be cut without a trace: with GPC goes what a browser said by it."""
    allowed = permissions(decode_gpp(text))
    for kept in range(len(text)):
        assert permissions(decode_gpp(text[:kept])) <= allowed


@given(tc_strings(), st.data())
@settings(deadline=None)
def test_a_bit_that_turned_over_never_raises(written, data):
    text, _ = written
    place = data.draw(st.integers(0, len(text) - 1).filter(lambda place: text[place] != "."))
    turned = ALPHABET[ALPHABET.index(text[place]) ^ 1 << data.draw(st.integers(0, 5))]
    assert sound(decode_tcf(text[:place] + turned + text[place + 1 :]))


@given(gpp_strings(), st.data())
@settings(deadline=None)
def test_a_character_that_changed_never_raises(text, data):
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from(ALPHABET + ".~-\n\0é"))
    assert sound(decode_gpp(text[:place] + other + text[place + 1 :]))


@given(st.integers(1, 65_535), st.data())
@settings(deadline=None)
def test_headers_of_any_ids_are_read(first, data):
    ids = {first, *data.draw(st.sets(st.integers(1, 65_535), max_size=20))}
    found = decode_gpp("~".join([gpp_header(ids), *["?" for _ in ids]]))
    wanted = tuple(sorted(ids))
    if ids & {2, *range(5, 28)}:
        assert found == Invalid("wrong_alphabet")
    else:
        assert found == GppString(1, wanted, (Invalid("unknown_section"),) * len(ids))


WIDE = entries([(1, 65_535)])[12:]


def many_restrictions(count):
    one = "".join(number(place % 63 + 1, 6) + number(place % 3, 2) + number(1, 12) + WIDE for place in range(count))
    return number(count, 12) + one


def canada_of_singles():
    """As many entries of one vendor each as can be announced, three times over."""
    singles = "1" + number(4095, 12) + "011" * 4095
    return base64url(canada_fields() + singles * 2 + number(900, 12) + (number(4, 8) + singles[:40]) * 900)


HOSTILE = {
    "wide ranges": (decode_tcf, tc_string(core_fields() + number(65_535, 16) + "1" + number(1790, 12) + WIDE * 1790)),
    "high ids": (decode_tcf, tc_string(core_fields() + vendors({60_000, 60_002}, as_range=True)[:-34]
                                       + ("0" + number(65_000, 16)) * 3400)),
    "a bitfield of all": (decode_tcf, tc_string(core_fields() + vendors(set(range(1, 59_000))))),
    "restrictions of all": (decode_tcf, tc_string(core_fields() + vendors(set()) * 2 + many_restrictions(1100))),
    "as many entries as can be said": (decode_tcf, base64url(core_fields() + number(9, 16) + "1" * 4000)),
    "nothing but delimiters": (decode_tcf, "." * 10_000),
    "a core and delimiters": (decode_tcf, tc_string(core({1})) + "." * 9_000),
    "many segments": (decode_tcf, tc_string(core({1})) + ".IAAA" * 1_900),
    "megabytes": (decode_tcf, "C" * 20_000_000),
    "megabytes of sections": (decode_gpp, "DBAB" + "~1YNN" * 2_000_000),
    "sections": (decode_gpp, "DBAB" + "~" * 9_000),
    "a header of set bits": (decode_gpp, "DB" + "_" * 9_000 + "~" * 900),
    "a header of zeros": (decode_gpp, "DB" + "_A" + "A" * 9_000 + "~" * 900),
    "fibonacci without end": (decode_gpp, "DBAB" + "qVVV" * 2_000 + "~1YNN"),
    "canada of entries": (decode_gpp, gpp({5: canada_of_singles()})),
    "megabytes of answers": (decode_usp, "1" + "Y" * 20_000_000),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_takes_long_or_much(name):
    decode, text = HOSTILE[name]
    tracemalloc.start()
    before = time.process_time()
    found = decode(text)
    took = time.process_time() - before
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sound(found)
    assert took < SHORT_ENOUGH_SECONDS
    assert most < 10_000_000


def test_what_claims_every_vendor_is_still_one_number():
    decode, text = HOSTILE["restrictions of all"]
    found = decode(text)
    assert len(found.pub_restrictions) <= 63 * 3
    assert all(one.vendors.bit_length() <= 65_536 for one in found.pub_restrictions)
