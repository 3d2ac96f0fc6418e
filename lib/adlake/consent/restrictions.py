"""What a publisher forbids vendors, as TC strings of Europe and of Canada both carry it.

Source: TC String Format, section "The Core String", "Publisher Restrictions Section"; GPP Extension: IAB Canada TCF,
PubRestrictions.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from adlake.consent.bits import Bits, has
from adlake.consent.id_ranges import IdReader
from adlake.consent.invalid import Refusal


class RestrictionType(IntEnum):
    """What a publisher demands of a vendor for a purpose; in Canada express and implied consent take the two places."""

    NOT_ALLOWED = 0
    REQUIRE_CONSENT = 1
    REQUIRE_LEGITIMATE_INTEREST = 2


@dataclass(frozen=True, slots=True)
class PubRestriction:
    """One restriction and all vendors under it.

    Args:
        purpose_id: the purpose, 1 to 63.
        restriction_type: the demand.
        vendors: set of vendor ids.
    """

    purpose_id: int
    restriction_type: RestrictionType
    vendors: int


def read_restrictions(bits: Bits, read_ids: IdReader) -> tuple[PubRestriction, ...]:
    """The restrictions of a string, one per purpose and type, in the order in which these come first.

    Args:
        bits: from their count on.
        read_ids: reads the vendors of one.

    Raises:
        Refusal: truncated, range_invalid, or value_undefined for purpose 0 and type 3.
    """
    # Thousands of entries may stand in one string; together they are never more than one set per purpose and type.
    vendors: dict[tuple[int, int], int] = {}
    for _ in range(bits.take(12)):
        key = purpose, kind = divmod(bits.take(8), 4)
        if not purpose or kind > RestrictionType.REQUIRE_LEGITIMATE_INTEREST:
            raise Refusal("value_undefined")
        vendors[key] = vendors.get(key, 0) | read_ids(bits)
    return tuple(PubRestriction(purpose, RestrictionType(kind), ids) for (purpose, kind), ids in vendors.items())


def strictest(restrictions: Iterable[PubRestriction], purpose: int, vendor: int) -> RestrictionType | None:
    """What is demanded of a vendor for a purpose; None for nothing.

    Both kinds of consent demanded at once cannot be fulfilled: that comes to NOT_ALLOWED.
    """
    found = {
        restriction.restriction_type
        for restriction in restrictions
        if restriction.purpose_id == purpose and has(restriction.vendors, vendor)
    }
    if len(found) > 1:
        return RestrictionType.NOT_ALLOWED
    return next(iter(found), None)
