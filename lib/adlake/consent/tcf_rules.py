"""What TC strings permit under a policy, and when a readable one counts for nothing.

Sources: TC String Format, and "TCF Implementation Guidelines", section "How to determine legal bases from the TC
String?": restrictions of the publisher come first, then both the purpose and the vendor must have the person's leave.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from adlake.consent.bits import has
from adlake.consent.policy import Policy
from adlake.consent.restrictions import PubRestriction, RestrictionType, strictest
from adlake.consent.tcf import TcfString
from adlake.consent.tcf_canada import TcfCanadaString

POLICY_2_2 = 4
SINCE_2_2 = datetime(2023, 10, 1, tzinfo=UTC)
SINCE_2_3 = datetime(2026, 3, 1, tzinfo=UTC)
NOT_IN_CANADA = 1
"""Purpose 1 is not used there."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What a string of Europe or of Canada says, in the words of Europe; every set of ids is one int."""

    consent: int
    interest: int
    vendor_consent: int
    vendor_interest: int
    restrictions: tuple[PubRestriction, ...]
    disclosed: int | None


def given_at(said: TcfString | TcfCanadaString) -> datetime:
    """The moment to which a string claims to speak: the later one where Created and LastUpdated differ."""
    return max(said.created, said.last_updated)


def fault_of(said: TcfString) -> str | None:
    """Why a string that can be read counts for nothing, apart from the time of the event; None: it counts.

    global_scope: "When a Vendor encounters a TC String with IsServiceSpecific=0 then it is considered invalid".
    outdated_policy: after September 2023 none may be written with a policy before 4 ("Managing conflicting string
    versions"); older strings stand. no_disclosed_vendors: the segment is mandatory since 2.3, whose transition ended
    with February 2026 ("Why was the disclosed vendor section made mandatory in TCF 2.3?").
    """
    if not said.is_service_specific:
        return "global_scope"
    given = given_at(said)
    if said.tcf_policy_version < POLICY_2_2 and given >= SINCE_2_2:
        return "outdated_policy"
    if said.disclosed_vendors is None and given >= SINCE_2_3:
        return "no_disclosed_vendors"
    return None


def permitted_in_europe(policy: Policy, said: TcfString) -> int:
    """The permissions that a TC string gives.

    Purpose 1 takes consent also where PurposeOneTreatment says that it was not disclosed: whether the country asks for
    none, the string leaves to the reader ("What if consent is governed differently in a country?").
    """
    plain = _Said(
        said.purposes_consent,
        said.purposes_li_transparency,
        said.vendor_consent,
        said.vendor_legitimate_interest,
        said.pub_restrictions,
        said.disclosed_vendors,
    )
    return _permitted(policy, plain, lambda _: True)


def permitted_in_canada(policy: Policy, said: TcfCanadaString) -> int:
    """The permissions that a TC string of Canada gives.

    Express and implied consent stand there for consent and legitimate interest ("TCF EU TCF CA Comparison", section
    "TCF Canada"). Purpose 1 is not used ("GPP Extension: IAB Canada TCF", PurposesImpliedConsent): a use that takes
    nothing else is permitted where the person allowed anything at all.
    """
    plain = _Said(
        said.purposes_express_consent,
        said.purposes_implied_consent,
        said.vendor_express_consent,
        said.vendor_implied_consent,
        said.pub_restrictions,
        said.disclosed_vendors,
    )
    if not plain.consent | plain.interest:
        return 0
    return _permitted(policy, plain, lambda purpose: purpose != NOT_IN_CANADA)


def _permitted(policy: Policy, said: _Said, is_used: Callable[[int], bool]) -> int:
    permissions = 0
    for question in policy.questions:
        by_consent = (_allowed(said, purpose, question.vendor) for purpose in question.consent if is_used(purpose))
        by_either = (_allowed(said, purpose, question.vendor, interest=True) for purpose in question.interest)
        if _is_welcome(said, question.vendor) and all(by_consent) and all(by_either):
            permissions |= question.permission
    return permissions


def _is_welcome(said: _Said, vendor: int | None) -> bool:
    """Whether a vendor has the person's leave on any basis, and was shown; strings before 2.3 need not say that."""
    if vendor is None:
        return True
    is_shown = said.disclosed is None or has(said.disclosed, vendor)
    return is_shown and has(said.vendor_consent | said.vendor_interest, vendor)


def _allowed(said: _Said, purpose: int, vendor: int | None, *, interest: bool = False) -> bool:
    """Whether a purpose is allowed, to a vendor if there is one, by consent or perhaps by legitimate interest.

    Both bits of one and the same basis must be set: consent to the purpose and interest of the vendor are no basis.
    """
    demand = None if vendor is None else strictest(said.restrictions, purpose, vendor)
    if demand is RestrictionType.NOT_ALLOWED:
        return False
    if demand is not RestrictionType.REQUIRE_LEGITIMATE_INTEREST and (
        has(said.consent, purpose) and (vendor is None or has(said.vendor_consent, vendor))
    ):
        return True
    may_rest_on_interest = interest and demand is not RestrictionType.REQUIRE_CONSENT
    return may_rest_on_interest and (
        has(said.interest, purpose) and (vendor is None or has(said.vendor_interest, vendor))
    )
