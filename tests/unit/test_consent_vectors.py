"""Strings from the tests of the IAB and Prebid decoders, against what the reference decoders read in them."""

import json
from dataclasses import replace

import pytest

from adlake.consent import Invalid, TcfString, decode_gpp, decode_tcf, tcf
from adlake.consent.bits import members
from adlake.consent.gpp import SECTION_NAMES
from adlake.consent.us_sections import attribute_of, read_us_section
from adlake.consent.us_tables import US_TABLES

# The reference reads any version by the layout that it knows. Tests of Prebid made such strings up.
MADE_UP_VERSIONS = {9: 27, 10: 27, 12: 27, 7: 3}
# The test string repeats Oregon's section for Minnesota, whose layout ends eight bits before.
WRONG_MINNESOTA = "BAAAAAABAA.QA"
# They are all empty, and elsewhere: compared in the vectors of TC strings alone.
OF_THE_PUBLISHER = {
    *("PublisherConsents", "PublisherLegitimateInterests", "PublisherCustomConsents"),
    *("PublisherCustomLegitimateInterests", "NumCustomPurposes"),
    *("PubPurposesExpressConsent", "PubPurposesImpliedConsent"),
    *("CustomPurposesExpressConsent", "CustomPurposesImpliedConsent"),
}


@pytest.fixture
def tcf_vectors(real):
    return json.loads((real / "consent" / "tcf_vectors.json").read_text())


@pytest.fixture
def gpp_vectors(real):
    return json.loads((real / "consent" / "gpp_vectors.json").read_text())


def listed(ids):
    return list(members(ids or 0))


def stamp(time):
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def tcf_fields(found):
    """A decoded string in the words of the vectors."""
    publisher = found.publisher_tc
    return {
        "version": found.version,
        "created": stamp(found.created),
        "lastUpdated": stamp(found.last_updated),
        "cmpId": found.cmp_id,
        "cmpVersion": found.cmp_version,
        "consentScreen": found.consent_screen,
        "consentLanguage": found.consent_language,
        "vendorListVersion": found.vendor_list_version,
        "policyVersion": found.tcf_policy_version,
        "isServiceSpecific": found.is_service_specific,
        "specialFeatureOptins": listed(found.special_feature_opt_ins),
        "purposeConsents": listed(found.purposes_consent),
        "purposeLegitimateInterests": listed(found.purposes_li_transparency),
        "purposeOneTreatment": found.purpose_one_treatment,
        "publisherCountryCode": found.publisher_cc,
        "vendorConsents": listed(found.vendor_consent),
        "vendorConsentsMaxId": max(listed(found.vendor_consent), default=0),
        "vendorLegitimateInterests": listed(found.vendor_legitimate_interest),
        "vendorsDisclosed": listed(found.disclosed_vendors),
        "vendorsAllowed": listed(found.allowed_vendors),
        "publisherConsents": listed(publisher and publisher.pub_purposes_consent),
        "publisherLegitimateInterests": listed(publisher and publisher.pub_purposes_li_transparency),
        "publisherCustomConsents": listed(publisher and publisher.custom_purposes_consent),
        "publisherCustomLegitimateInterests": listed(publisher and publisher.custom_purposes_li_transparency),
        "numCustomPurposes": publisher.num_custom_purposes if publisher else 0,
        "publisherRestrictions": [
            {"purposeId": one.purpose_id, "type": int(one.restriction_type), "vendors": listed(one.vendors)}
            for one in found.pub_restrictions
        ],
    }


def test_every_field_of_every_valid_string_is_what_the_reference_reads(tcf_vectors):
    valid = [vector for vector in tcf_vectors if vector["valid"]]
    assert len(valid) == 44
    for vector in valid:
        wanted = {name: value for name, value in vector.items() if name not in {"string", "origin", "valid"}}
        assert tcf_fields(decode_tcf(vector["string"])) == wanted, vector["origin"]


def test_every_string_that_the_reference_refuses_gives_nothing(tcf_vectors):
    refused = [vector for vector in tcf_vectors if not vector["valid"]]
    assert len(refused) == 35
    found = [decode_tcf(vector["string"]) for vector in refused]
    assert all(isinstance(one, Invalid) for one in found)
    assert {one.reason for one in found} == {"unknown_cmp", "truncated", "range_invalid", "value_undefined"}


def plain(value, wanted):
    """A value of ours in the words of the reference: ids as list or as row of booleans, a single answer bare."""
    if isinstance(wanted, list) and wanted and isinstance(wanted[0], bool):
        return [place + 1 in listed(value) for place in range(len(wanted))]
    if isinstance(value, tuple):
        # of usnat the reference cuts the second layout to the first, and fills the first up to the second
        return [*value, 0, 0, 0, 0][: len(wanted)] if isinstance(wanted, list) else value[0]
    if hasattr(value, "isoformat"):
        return stamp(value)
    return listed(value) if isinstance(wanted, list) else value


IN_OUR_WORDS = {
    "PolicyVersion": "TcfPolicyVersion",
    "UseNonStandardStacks": "UseNonStandardTexts",
    "SpecialFeatureOptins": "SpecialFeatureOptIns",
    "PurposeConsents": "PurposesConsent",
    "PurposeLegitimateInterests": "PurposesLiTransparency",
    "PublisherCountryCode": "PublisherCc",
    "VendorConsents": "VendorConsent",
    "VendorLegitimateInterests": "VendorLegitimateInterest",
    "PublisherRestrictions": "PubRestrictions",
    "VendorsDisclosed": "DisclosedVendors",
    "VendorsAllowed": "AllowedVendors",
}


def differences(found, wanted):
    """Fields of a section that differ from the reference's."""
    renamed = IN_OUR_WORDS if isinstance(found, TcfString) else {}
    different = {}
    for name, value in wanted.items():
        attribute = attribute_of(renamed.get(name, name))
        if name.endswith("SegmentType") or name in OF_THE_PUBLISHER:
            assert value in {1, 2, 3} if name.endswith("SegmentType") else not any(value or [])
            continue
        mine = plain(getattr(found, attribute), value)
        if mine != value:
            different[name] = (mine, value)
    return different


def test_every_section_of_every_valid_gpp_string_is_what_the_reference_reads(gpp_vectors, monkeypatch):
    # test strings of the reference name no platform
    monkeypatch.setattr(tcf, "LOWEST_CMP_ID", 0)
    monkeypatch.setattr("adlake.consent.tcf_canada.LOWEST_CMP_ID", 0)
    compared = []
    for vector in gpp_vectors:
        if not vector["valid"]:
            continue
        found = decode_gpp(vector["string"])
        assert list(found.section_ids) == vector["sectionIds"]
        texts = vector["string"].split("~")[1:]
        for section_id, section, text in zip(found.section_ids, found.sections, texts, strict=True):
            wanted = vector["sections"][SECTION_NAMES[section_id]]
            if text == WRONG_MINNESOTA and section_id == 23:
                assert section == Invalid("trailing_bits")
                continue
            read = by_any_version(section_id, section, wanted["Version"], text)
            assert differences(read, wanted) == {}, (vector["origin"], section_id)
            compared.append(section_id)
    assert len(compared) == 46
    assert set(compared) == set(range(5, 23)) | {2}


def by_any_version(section_id, section, version, text):
    """A section, and one of a made-up version as if that had the first layout."""
    if section != Invalid("unknown_version"):
        return section
    assert version == MADE_UP_VERSIONS[section_id]
    table = US_TABLES[section_id]
    return read_us_section(replace(table, layouts={version: table.layouts[1]}), text)


def test_no_gpp_string_that_the_reference_refuses_gives_a_section(gpp_vectors):
    refused = [vector for vector in gpp_vectors if not vector["valid"]]
    assert len(refused) == 10
    for vector in refused:
        found = decode_gpp(vector["string"])
        sections = () if isinstance(found, Invalid) else found.sections
        assert all(isinstance(section, Invalid) for section in sections), vector["origin"]
