"""What may be done with one event: the part that is cheap, comparisons and bitwise ands of plain values."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from adlake.consent.basis import AGE, COPPA, GPC, NO_LAW, NO_SIGNAL, invalid, is_invalid
from adlake.consent.grants import Grant, gpp_grant, tcf_grant, usp_grant
from adlake.consent.permissions import (
    MEASURE,
    NOTHING,
    PERSONALISE_ADS,
    PROFILE,
    STORE,
    WITHOUT_ADS,
    WITHOUT_SHARING,
    vendor_bit,
)
from adlake.consent.policy import Policy
from adlake.consent.signals import Signals

EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""A moment before every event."""
_Said = tuple[str, int]
"""A basis, and what it permits."""


class _Grants(NamedTuple):
    """What the strings of an event permit, None where it has none; named as `decide` calls them."""

    tcf: Grant | None
    gpp: Grant | None
    usp: Grant | None


@dataclass(frozen=True, slots=True)
class Flags:
    """What an event says besides strings.

    Args:
        event_at: when it happened, UTC.
        gdpr: 1 and 0; None where the event does not say; anything else counts as 1.
        coppa: 1 where the event is subject to COPPA.
        gpc: 1 where Global Privacy Control is set.
        age: of the person, in years.
    """

    event_at: datetime
    gdpr: int | None = None
    coppa: int | None = None
    gpc: int | None = None
    age: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What may be done with one event.

    Args:
        permits: one bit per permission.
        shares: vendors with which it may be shared, by their name in the policy.
        basis: what decided, one of `BASES`: the last rule that took something away, else what the permissions rest on.
        rests_on: the string, or the lack of one, on which the permissions rest, one of `BASES`.
        policy_version: of the policy that decided.
    """

    permits: int
    shares: tuple[str, ...]
    basis: str
    rests_on: str
    policy_version: str

    @property
    def may_store(self) -> bool:
        """Whether identifiers of the device may be kept."""
        return bool(self.permits & STORE)

    @property
    def may_personalise_ads(self) -> bool:
        """Whether ads may be chosen by what is known of the person."""
        return bool(self.permits & PERSONALISE_ADS)

    @property
    def may_profile(self) -> bool:
        """Whether interests may be worked out from it."""
        return bool(self.permits & PROFILE)

    @property
    def may_measure(self) -> bool:
        """Whether it may be counted as something that this person did."""
        return bool(self.permits & MEASURE)

    def may_share(self, vendor: str) -> bool:
        """Whether a vendor may be given it, by its name in the policy; never one that the policy does not name."""
        return vendor in self.shares


def decide_event(policy: Policy, signals: Signals) -> Decision:
    """What may be done with an event that carries these signals."""
    return decide(policy, **_grants(policy, signals)._asdict(), flags=_flags(signals))


def decide_over_time(policy: Policy, signals: Signals) -> Iterator[tuple[datetime, Decision]]:
    """What may be done with events that carry these signals, whenever they happen, each string read once.

    Strings that claim to speak to a moment count for nothing in events before it; nothing else changes with time.

    Returns:
        pairs of a moment and the decision on events from then on, oldest moment first; the first stands for ever.
    """
    grants, flags = _grants(policy, signals), _flags(signals)
    skew = timedelta(hours=policy.clock_skew_hours)
    given = {max(EVER, grant.given_at - skew) for grant in grants if grant is not None and grant.given_at is not None}
    for moment in sorted({EVER, *given}):
        yield moment, decide(policy, **grants._asdict(), flags=replace(flags, event_at=moment))


def _grants(policy: Policy, signals: Signals) -> _Grants:
    has_gpp = signals.gpp is not None or signals.gpp_sid is not None
    return _Grants(
        tcf=None if signals.tc_string is None else tcf_grant(policy, signals.tc_string),
        gpp=gpp_grant(policy, signals.gpp, signals.gpp_sid) if has_gpp else None,
        usp=None if signals.us_privacy is None else usp_grant(policy, signals.us_privacy),
    )


def _flags(signals: Signals) -> Flags:
    return Flags(signals.event_at, signals.gdpr, signals.coppa, signals.gpc, signals.age)


def decide(policy: Policy, *, tcf: Grant | None, gpp: Grant | None, usp: Grant | None, flags: Flags) -> Decision:
    """What may be done with an event: what everything that applies to it permits together.

    The guide to consent has the rules in their order, and what each stands on.

    Args:
        policy: the one by which the grants were made.
        tcf: what its TC string permits; None where it has none.
        gpp: what its GPP string, or gpp_sid alone, permits; None where it has neither.
        usp: what its US Privacy string permits; None where it has none.
        flags: what it says besides.
    """
    said = _said(policy, tcf, gpp, usp, flags)
    # A string that counts for nothing is why nothing is permitted, whatever others say.
    (rests_on, permits), *others = sorted(said, key=lambda one: not is_invalid(one[0]))
    basis = rests_on
    for name, mask in (*others, *_flagged(policy, flags)):
        if permits & ~mask:
            basis, permits = name, permits & mask
    shares = tuple(name for place, name in enumerate(policy.vendors) if permits & vendor_bit(place))
    return Decision(permits, shares, basis, rests_on, policy.version)


def _said(policy: Policy, tcf: Grant | None, gpp: Grant | None, usp: Grant | None, flags: Flags) -> list[_Said]:
    """What each string that applies permits, or else what holds without one."""
    found = []
    if _is_under_gdpr(tcf, gpp, flags):
        if tcf:
            found.append(_on_time(policy, tcf, flags))
        elif not (gpp and gpp.is_tcf):
            found.append((invalid("missing"), NOTHING))
    if gpp and gpp.applies:
        found.append(_on_time(policy, gpp, flags))
    if usp and usp.applies and not (gpp and gpp.applies and gpp.is_us):
        found.append((usp.basis, usp.permits))
    if found:
        return found
    return [(NO_LAW, policy.without_law) if flags.gdpr == 0 else (NO_SIGNAL, policy.without_signal)]


def _is_under_gdpr(tcf: Grant | None, gpp: Grant | None, flags: Flags) -> bool:
    """Whether a TC string must permit: "only meaningful if gdpr=1" (TC String Format), and where nobody says."""
    if flags.gdpr is None:
        return tcf is not None or (gpp is not None and gpp.says_gdpr)
    return flags.gdpr != 0 or (gpp is not None and gpp.says_gdpr)


def _on_time(policy: Policy, grant: Grant, flags: Flags) -> _Said:
    """What a string permits at the time of the event: nothing where it was given later."""
    latest = flags.event_at + timedelta(hours=policy.clock_skew_hours)
    if grant.given_at is not None and grant.given_at > latest:
        return invalid("future"), NOTHING
    return grant.basis, grant.permits


def _flagged(policy: Policy, flags: Flags) -> list[_Said]:
    """What flags leave of the permissions; children first, as that is what most says about an event."""
    found: list[_Said] = []
    if flags.coppa:
        found.append((COPPA, WITHOUT_ADS))
    if flags.age is not None and flags.age < policy.share_age:
        found.append((AGE, WITHOUT_ADS if flags.age < policy.child_age else WITHOUT_SHARING))
    if flags.gpc:
        found.append((GPC, WITHOUT_ADS))
    return found
