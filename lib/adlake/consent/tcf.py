"""TC strings of the IAB Europe Transparency & Consent Framework, version 2 with its policies 2.0 to 2.3.

Source: IAB Tech Lab, "Transparency and Consent String with Global Vendor & CMP List Formats", section "TC String
Format". A string says what a person allowed; whether that is enough is not decided here. Nor are rules that depend on
time or policy: IsServiceSpecific = 0 (invalid since September 2021), policies below 4 (since October 2023), legitimate
interest for purposes 3 to 6 (none since 2.2), DisclosedVendors missing (invalid in what was created after February
2026, by 2.3), Created in the future.
"""

from dataclasses import dataclass
from datetime import datetime

from adlake.consent.bits import Bits, FieldTable, Layout, bits_of, check_size, has, ids_of_bitfield
from adlake.consent.id_ranges import read_int_range, read_optimized_int_range
from adlake.consent.invalid import Invalid, Refusal
from adlake.consent.restrictions import PubRestriction, RestrictionType, read_restrictions, strictest
from adlake.consent.segments import ALLOWED_VENDORS, DISCLOSED_VENDORS, PUBLISHER_TC, read_segments

VERSION = 2
LOWEST_CMP_ID = 2
"""0 and 1 belong to no registered platform, and the reference decoder takes neither."""

CORE: FieldTable = (
    ("Version", 6, "int"),
    ("Created", 36, "time"),
    ("LastUpdated", 36, "time"),
    ("CmpId", 12, "int"),
    ("CmpVersion", 12, "int"),
    ("ConsentScreen", 6, "int"),
    ("ConsentLanguage", 12, "letters"),
    ("VendorListVersion", 12, "int"),
    ("TcfPolicyVersion", 6, "int"),
    ("IsServiceSpecific", 1, "flag"),
    ("UseNonStandardTexts", 1, "flag"),
    ("SpecialFeatureOptIns", 12, "ids"),
    ("PurposesConsent", 24, "ids"),
    ("PurposesLITransparency", 24, "ids"),
    ("PurposeOneTreatment", 1, "flag"),
    ("PublisherCC", 12, "letters"),
)
"""Section "The Core String", up to the vendors."""

_PUBLISHER_PURPOSES: FieldTable = (
    ("PubPurposesConsent", 24, "ids"),
    ("PubPurposesLITransparency", 24, "ids"),
    ("NumCustomPurposes", 6, "int"),
)
_CORE = Layout(CORE)
_PUBLISHER = Layout(_PUBLISHER_PURPOSES)


@dataclass(frozen=True, slots=True)
class PublisherTc:
    """What the person allowed the publisher itself (section "Publisher Purposes Transparency and Consent").

    Args:
        pub_purposes_consent: set of purposes.
        pub_purposes_li_transparency: set of purposes.
        num_custom_purposes: how many purposes of its own the publisher has, 0 to 63.
        custom_purposes_consent: set of the publisher's own purposes.
        custom_purposes_li_transparency: set of the publisher's own purposes.
    """

    pub_purposes_consent: int
    pub_purposes_li_transparency: int
    num_custom_purposes: int
    custom_purposes_consent: int
    custom_purposes_li_transparency: int


@dataclass(frozen=True, slots=True)
class TcfString:
    """A decoded TC string; the names are those of the standard, and every set of ids is one int (see `bits`).

    Args:
        version: 2.
        created: UTC, to a tenth of a second; of newer strings a day.
        last_updated: UTC; equals created in newer strings.
        cmp_id: the platform that wrote the string, from 2 on.
        cmp_version: of that platform.
        consent_screen: of that platform.
        consent_language: ISO 639-1, in capitals.
        vendor_list_version: of the Global Vendor List.
        tcf_policy_version: 4 with TCF 2.2, smaller before; nothing in a string tells 2.3 from 2.2 for certain.
        is_service_specific: false for strings of global scope, which nobody may use any more.
        use_non_standard_texts: the platform changed texts.
        special_feature_opt_ins: set of special features.
        purposes_consent: set of purposes.
        purposes_li_transparency: set of purposes shown as legitimate interest and not objected to.
        purpose_one_treatment: purpose 1 was not disclosed at all.
        publisher_cc: ISO 3166-1 alpha-2, in capitals.
        vendor_consent: set of vendors.
        vendor_legitimate_interest: set of vendors.
        pub_restrictions: one per purpose and type, in the order of the string.
        disclosed_vendors: set of vendors; None when the string lacks the segment.
        allowed_vendors: set of vendors; None when the string lacks the segment.
        publisher_tc: None when the string lacks the segment.
    """

    version: int
    created: datetime
    last_updated: datetime
    cmp_id: int
    cmp_version: int
    consent_screen: int
    consent_language: str
    vendor_list_version: int
    tcf_policy_version: int
    is_service_specific: bool
    use_non_standard_texts: bool
    special_feature_opt_ins: int
    purposes_consent: int
    purposes_li_transparency: int
    purpose_one_treatment: bool
    publisher_cc: str
    vendor_consent: int
    vendor_legitimate_interest: int
    pub_restrictions: tuple[PubRestriction, ...]
    disclosed_vendors: int | None
    allowed_vendors: int | None
    publisher_tc: PublisherTc | None

    def has_purpose_consent(self, purpose: int) -> bool:
        """Whether the person consented to a purpose."""
        return has(self.purposes_consent, purpose)

    def has_purpose_li(self, purpose: int) -> bool:
        """Whether a purpose was shown as legitimate interest and the person did not object."""
        return has(self.purposes_li_transparency, purpose)

    def has_special_feature(self, feature: int) -> bool:
        """Whether the person opted in to a special feature."""
        return has(self.special_feature_opt_ins, feature)

    def has_vendor_consent(self, vendor: int) -> bool:
        """Whether the person consented to a vendor."""
        return has(self.vendor_consent, vendor)

    def has_vendor_li(self, vendor: int) -> bool:
        """Whether a vendor's legitimate interest was shown and the person did not object."""
        return has(self.vendor_legitimate_interest, vendor)

    def is_disclosed(self, vendor: int) -> bool | None:
        """Whether the person was shown a vendor; None when the string does not say."""
        return None if self.disclosed_vendors is None else has(self.disclosed_vendors, vendor)

    def restriction(self, purpose: int, vendor: int) -> RestrictionType | None:
        """What the publisher demands of a vendor for a purpose; None for nothing.

        Demands that exclude each other, consent and legitimate interest, come to NOT_ALLOWED.
        """
        return strictest(self.pub_restrictions, purpose, vendor)


def decode_tcf(text: str) -> TcfString | Invalid:
    """What a TC string says, or why it says nothing. Raises nothing, whatever the text is.

    Args:
        text: the string as a platform writes it, without blanks around it.
    """
    try:
        return read_tcf(text)
    except Refusal as refusal:
        return Invalid(refusal.reason)


def read_tcf(text: str) -> TcfString:
    """What a TC string says.

    Raises:
        Refusal: it cannot be trusted.
    """
    check_size(text)
    core, *others = text.split(".")
    bits = bits_of(core)
    if bits.peek(6) != VERSION:
        raise Refusal("unknown_version")
    fields = _CORE.read(bits)
    fields += read_optimized_int_range(bits), read_optimized_int_range(bits), read_restrictions(bits, read_int_range)
    bits.end()
    fields += read_segments(others, _SEGMENTS)
    found = TcfString(*fields)
    if found.cmp_id < LOWEST_CMP_ID:
        raise Refusal("unknown_cmp")
    return found


def _publisher_tc(bits: Bits) -> PublisherTc:
    consent, legitimate_interest, count = _PUBLISHER.read(bits)
    custom_consent, custom_interest = (ids_of_bitfield(bits.take(count), count) for _ in range(2))
    return PublisherTc(consent, legitimate_interest, count, custom_consent, custom_interest)


_SEGMENTS = {
    DISCLOSED_VENDORS: read_optimized_int_range,
    ALLOWED_VENDORS: read_optimized_int_range,
    PUBLISHER_TC: _publisher_tc,
}
