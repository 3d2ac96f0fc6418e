"""What one string permits under a policy: the part that costs, done once per distinct string."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from adlake.consent.basis import TCF, US_PRIVACY, invalid, of_section
from adlake.consent.gpp import SECTION_NAMES, TCF_CANADA, TCF_EU, GppString, Section, decode_gpp
from adlake.consent.invalid import Invalid
from adlake.consent.permissions import NOTHING, WITHOUT_ADS
from adlake.consent.policy import Policy
from adlake.consent.tcf import TcfString, decode_tcf
from adlake.consent.tcf_canada import TcfCanadaString
from adlake.consent.tcf_rules import fault_of, given_at, permitted_in_canada, permitted_in_europe
from adlake.consent.us_privacy import UspString, decode_usp
from adlake.consent.us_rules import is_applicable, refusal_of_section, refusal_of_usp

NONE_APPLIES, NOT_KNOWN = -1, 0
"""What stands in gpp_sid where no section applies, and where that is not known yet (CMP API, PingReturn)."""
_NO_LAWS = frozenset({NONE_APPLIES, NOT_KNOWN, 3, 4})
"""3 is the header, 4 for integrity: "do not need to be included" (OpenRTB 2.6, 3.2.3)."""
Kind = Literal["tcf", "gpp", "us_privacy"]

_US_SECTIONS = frozenset(SECTION_NAMES) - {TCF_EU, TCF_CANADA}


@dataclass(frozen=True, slots=True)
class Grant:
    """What one string permits, whatever the event; a row of plain values.

    Args:
        kind: of the string.
        permits: one bit per permission.
        basis: its name among `BASES`.
        policy_version: of the policy by which it was read.
        reason: why something is refused, where one reason covers it; None for single purposes and vendors.
        given_at: the moment to which it claims to speak, UTC; None where it tells none.
        applies: false where the string itself, or gpp_sid, says that its law does not apply; it then decides nothing.
        is_tcf: it is, or holds as a section that applies, a TC string of Europe: without one GDPR permits nothing.
        says_gdpr: it says that GDPR applies.
        is_us: it has the person's choice under a law of the US; a US Privacy string beside it says nothing more.
    """

    kind: Kind
    permits: int
    basis: str
    policy_version: str
    reason: str | None = None
    given_at: datetime | None = None
    applies: bool = True
    is_tcf: bool = False
    says_gdpr: bool = False
    is_us: bool = False


def tcf_grant(policy: Policy, text: str) -> Grant:
    """What a TC string permits."""
    return replace(_of_section(policy, "tcf", TCF, decode_tcf(text)), is_tcf=True)


def usp_grant(policy: Policy, text: str) -> Grant:
    """What a US Privacy string permits."""
    return _of_section(policy, "us_privacy", US_PRIVACY, decode_usp(text))


def gpp_grant(policy: Policy, text: str | None, gpp_sid: Sequence[int] | None) -> Grant:
    """What a GPP string permits where the sections of gpp_sid apply: what all of them permit.

    Where gpp_sid says nothing every section of the string counts, as each may be the one that applies; but none then
    says that GDPR applies, or does for the TC string that GDPR takes.

    Args:
        policy: to hold it against.
        text: None where the event has gpp_sid alone.
        gpp_sid: section ids; None where the event has none.
    """
    named = None if gpp_sid is None else sorted(set(gpp_sid) - _NO_LAWS)
    says_gdpr = TCF_EU in (named or ())
    nothing = _counts_for_nothing(policy, "gpp", "missing", says_gdpr=says_gdpr)
    if gpp_sid and not named and NONE_APPLIES in gpp_sid:
        return replace(nothing, applies=False)
    if text is None:
        # the TC string may stand elsewhere in the event
        return replace(nothing, applies=bool(set(named or ()) - {TCF_EU}), is_tcf=False)
    said = decode_gpp(text)
    if isinstance(said, Invalid):
        return _counts_for_nothing(policy, "gpp", said.reason, says_gdpr=says_gdpr)
    grants = [_of_gpp(policy, said, section_id) for section_id in named or said.section_ids]
    joined = _joined(policy, grants)
    return joined if named else replace(joined, is_tcf=False, says_gdpr=False, is_us=False)


def _of_gpp(policy: Policy, said: GppString, section_id: int) -> Grant:
    section = said.section(section_id)
    if section is None:
        grant = _counts_for_nothing(policy, "gpp", "section_missing")
    elif isinstance(section, Invalid):
        grant = _counts_for_nothing(policy, "gpp", section.reason)
    else:
        grant = _of_section(policy, "gpp", of_section(section_id), section)
    is_tcf = section_id == TCF_EU
    return replace(grant, is_tcf=is_tcf, says_gdpr=is_tcf, is_us=section_id in _US_SECTIONS)


def _joined(policy: Policy, grants: Sequence[Grant]) -> Grant:
    """What several sections permit together, by the name of the one that permits least; of equals the first."""
    in_force = [grant for grant in grants if grant.applies]
    if not in_force:
        return replace(_counts_for_nothing(policy, "gpp", "missing"), applies=False)
    permits = policy.everything
    for grant in in_force:
        permits &= grant.permits
    return replace(
        min(in_force, key=lambda grant: grant.permits.bit_count()),
        permits=permits,
        given_at=max((grant.given_at for grant in in_force if grant.given_at), default=None),
        is_tcf=any(grant.is_tcf for grant in in_force),
        says_gdpr=any(grant.says_gdpr for grant in in_force),
        is_us=any(grant.is_us for grant in in_force),
    )


def _of_section(policy: Policy, kind: Kind, basis: str, said: Section | Invalid) -> Grant:
    """What one section permits; a TC string and a US Privacy string are sections that stand alone."""
    grant = Grant(kind, policy.everything, basis, policy.version)
    match said:
        case Invalid(reason):
            return _counts_for_nothing(policy, kind, reason)
        case TcfString():
            if fault := fault_of(said):
                return _counts_for_nothing(policy, kind, fault)
            return replace(grant, permits=permitted_in_europe(policy, said), given_at=given_at(said))
        case TcfCanadaString():
            return replace(grant, permits=permitted_in_canada(policy, said), given_at=given_at(said))
        case UspString():
            refusal = refusal_of_usp(said)
            return _without_ads(replace(grant, applies=is_applicable(said)), refusal)
        case _:
            return _without_ads(grant, refusal_of_section(said))


def _without_ads(grant: Grant, refusal: str | None) -> Grant:
    return replace(grant, permits=grant.permits & WITHOUT_ADS, reason=refusal) if refusal else grant


def _counts_for_nothing(policy: Policy, kind: Kind, reason: str, *, says_gdpr: bool = False) -> Grant:
    return Grant(
        kind,
        NOTHING,
        invalid(reason),
        policy.version,
        reason=reason,
        is_tcf=says_gdpr,
        says_gdpr=says_gdpr,
    )
