"""TC strings of IAB Canada, section 5 (tcfcav1) of GPP.

Source: "GPP Extension: IAB Canada TCF", version 1. Vendors and restrictions come in three layouts: that of the
standard, and those of the two generations of the reference encoders, which most platforms use. Nothing in a string
says which; it is taken where all layouts that fit it say the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adlake.consent.bits import Bits, FieldTable, Layout, bits_of, check_size, has, ids_of_bitfield
from adlake.consent.id_ranges import (
    IdReader,
    read_exact_int_range,
    read_exact_optimized_range,
    read_exact_range_with_max,
    read_int_range,
)
from adlake.consent.invalid import Reason, Refusal
from adlake.consent.restrictions import PubRestriction, RestrictionType, read_restrictions, strictest
from adlake.consent.segments import DISCLOSED_VENDORS, PUBLISHER_TC, read_segments
from adlake.consent.tcf import LOWEST_CMP_ID

VERSION = 1

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
    ("UseNonStandardStacks", 1, "flag"),
    ("SpecialFeatureExpressConsent", 12, "ids"),
    ("PurposesExpressConsent", 24, "ids"),
    ("PurposesImpliedConsent", 24, "ids"),
)
"""Section "Core sub-section", up to the vendors."""

_PUBLISHER_PURPOSES: FieldTable = (
    ("PubPurposesExpressConsent", 24, "ids"),
    ("PubPurposesImpliedConsent", 24, "ids"),
    ("NumCustomPurposes", 6, "int"),
)
_CORE = Layout(CORE)
_PUBLISHER = Layout(_PUBLISHER_PURPOSES)
_LAYOUTS: tuple[tuple[IdReader, IdReader], ...] = (
    (read_exact_optimized_range, read_exact_optimized_range),
    (read_exact_range_with_max, read_exact_range_with_max),
    (read_exact_int_range, read_int_range),
)
"""How vendors and how the vendors of a restriction are read: by the standard, by newer and by older encoders.

All encoders announce the greatest id and no greater one; without that, one short string in twenty had two readings,
with it one in a thousand.
"""


@dataclass(frozen=True, slots=True)
class CanadaPublisherTc:
    """What the person allowed the publisher itself (section "Publisher Purposes Sub-section").

    Args:
        pub_purposes_express_consent: set of purposes.
        pub_purposes_implied_consent: set of purposes.
        num_custom_purposes: how many purposes of its own the publisher has, 0 to 63.
        custom_purposes_express_consent: set of the publisher's own purposes.
        custom_purposes_implied_consent: set of the publisher's own purposes.
    """

    pub_purposes_express_consent: int
    pub_purposes_implied_consent: int
    num_custom_purposes: int
    custom_purposes_express_consent: int
    custom_purposes_implied_consent: int


@dataclass(frozen=True, slots=True)
class TcfCanadaString:
    """A decoded TC string of Canada; the names are those of the standard, and every set of ids is one int (see `bits`).

    Args:
        version: 1.
        created: UTC.
        last_updated: UTC.
        cmp_id: the platform that wrote the string, from 2 on.
        cmp_version: of that platform.
        consent_screen: of that platform.
        consent_language: ISO 639-1, in capitals.
        vendor_list_version: of the Global Vendor List.
        tcf_policy_version: of the policy in that list.
        use_non_standard_stacks: the platform changed texts.
        special_feature_express_consent: set of special features.
        purposes_express_consent: set of purposes; purpose 1 is not used in Canada.
        purposes_implied_consent: set of purposes shown and not objected to.
        vendor_express_consent: set of vendors.
        vendor_implied_consent: set of vendors.
        pub_restrictions: one per purpose and type, in the order of the string.
        disclosed_vendors: set of vendors; None when the string lacks the sub-section.
        publisher_tc: None when the string lacks the sub-section.
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
    use_non_standard_stacks: bool
    special_feature_express_consent: int
    purposes_express_consent: int
    purposes_implied_consent: int
    vendor_express_consent: int
    vendor_implied_consent: int
    pub_restrictions: tuple[PubRestriction, ...]
    disclosed_vendors: int | None
    publisher_tc: CanadaPublisherTc | None

    def has_purpose_express_consent(self, purpose: int) -> bool:
        """Whether the person consented to a purpose in so many words."""
        return has(self.purposes_express_consent, purpose)

    def has_purpose_implied_consent(self, purpose: int) -> bool:
        """Whether a purpose was shown and the person did not object."""
        return has(self.purposes_implied_consent, purpose)

    def has_vendor_express_consent(self, vendor: int) -> bool:
        """Whether the person consented to a vendor in so many words."""
        return has(self.vendor_express_consent, vendor)

    def has_vendor_implied_consent(self, vendor: int) -> bool:
        """Whether a vendor was shown and the person did not object."""
        return has(self.vendor_implied_consent, vendor)

    def restriction(self, purpose: int, vendor: int) -> RestrictionType | None:
        """What the publisher demands of a vendor for a purpose; None for nothing."""
        return strictest(self.pub_restrictions, purpose, vendor)


def read_tcf_canada(text: str) -> TcfCanadaString:
    """What a TC string of Canada says, if all layouts that fit it agree.

    Raises:
        Refusal: it cannot be trusted; where no layout fits, for the reason that the older encoders' layout gives.
    """
    check_size(text)
    core, *others = text.split(".")
    bits = bits_of(core)
    if bits.peek(6) != VERSION:
        raise Refusal("unknown_version")
    fields = _CORE.read(bits)
    reasons: list[Reason] = []
    readings = list(_readings(bits, others, reasons))
    if not readings:
        raise Refusal(reasons[-1])
    if any(reading != readings[0] for reading in readings):
        raise Refusal("layout_ambiguous")
    fields += readings[0]
    found = TcfCanadaString(*fields)
    if found.cmp_id < LOWEST_CMP_ID:
        raise Refusal("unknown_cmp")
    return found


def _readings(vendors: Bits, others: Sequence[str], reasons: list[Reason]) -> Iterator[tuple[Any, ...]]:
    """Everything from the vendors on, once for each layout that fits; why the other layouts do not."""
    for read_vendors, read_restricted in _LAYOUTS:
        bits = Bits(vendors.value, vendors.left)
        try:
            express, implied = read_vendors(bits), read_vendors(bits)
            restrictions = read_restrictions(bits, read_restricted)
            bits.end()
            segments = read_segments(others, {DISCLOSED_VENDORS: read_vendors, PUBLISHER_TC: _publisher_tc})
        except Refusal as refusal:
            reasons.append(refusal.reason)
        else:
            yield express, implied, restrictions, *segments


def _publisher_tc(bits: Bits) -> CanadaPublisherTc:
    express, implied, count = _PUBLISHER.read(bits)
    custom_express, custom_implied = (ids_of_bitfield(bits.take(count), count) for _ in range(2))
    return CanadaPublisherTc(express, implied, count, custom_express, custom_implied)
