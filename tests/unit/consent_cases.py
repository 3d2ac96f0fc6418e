"""Consent strings and policies that tests of decisions share, written with the encoder of the tests."""

from datetime import UTC, datetime

from adlake.config import ConsentConfig
from adlake.consent import decide_event, policy_of
from adlake.consent.signals import Signals
from tests.unit.consent_encoder import (
    base64url,
    core,
    disclosed,
    gpp,
    number,
    tc_string,
    us_section,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
GOOGLE, COUNTER = 755, 77
POLICY = policy_of(
    ConsentConfig(
        vendors={
            "counter": {"id": COUNTER, "takes": {"consent": (1,), "legitimate_interest": (7,)}},
            "google": {"id": GOOGLE},
        }
    )
)
LETTERS = {"S": 1, "A": 2, "P": 4, "M": 8, "c": 16, "g": 32}
ALL = "SAPMcg"


def letters(permits):
    """Permissions as letters: store, ads, profile, measure; counter, google."""
    return "".join(letter for letter, bit in LETTERS.items() if permits & bit)


def deciseconds(moment):
    return int(moment.timestamp()) * 10


def tc(
    *,
    purposes=(1, 3, 4, 7),
    interest=(),
    vendors=(GOOGLE, COUNTER),
    vendor_interest=(),
    restricted=(),
    shown=(GOOGLE, COUNTER),
    at=datetime(2026, 11, 1, tzinfo=UTC),
    last_at=None,
    **changed,
):
    """A TC string of TCF 2.3 in which the person agreed to everything that the policy asks, with changes."""
    fields = {"Created": deciseconds(at), "LastUpdated": deciseconds(last_at or at)} | changed
    first = core(
        vendors,
        vendor_interest,
        restricted,
        PurposesConsent=set(purposes),
        PurposesLITransparency=set(interest),
        **fields,
    )
    return tc_string(first, *([] if shown is None else [disclosed(shown)]))


USNAT = {
    "sharing_notice": 1,
    "sale_notice": 1,
    "sharing_opt_out_notice": 1,
    "targeted_notice": 1,
    "sensitive_notice": 0,
    "limit_notice": 0,
    "sale": 2,
    "sharing": 2,
    "targeted": 2,
    "sensitive": [0] * 16,
    "children": [0] * 3,
    "personal": 0,
    "covered": 2,
    "option_mode": 0,
    "provider_mode": 0,
}


def usnat(gpc=None, **changed):
    """Section 7 of somebody who was told everything and opted out of nothing, with changes."""
    text = us_section(2, *(USNAT | changed).values())
    return text if gpc is None else f"{text}.{base64url(number(1, 2) + str(gpc))}"


def usca(sale=2, sharing=2, notice=1):
    """Section 8."""
    return us_section(1, notice, notice, 0, sale, sharing, [0] * 9, [0, 0], 0, 2, 0, 0)


def national(*section_ids, gpc=None, **changed):
    """The two signals of a GPP string with section 7."""
    return {"gpp": gpp({7: usnat(gpc, **changed)}), "gpp_sid": section_ids or (7,)}


def decided(policy=POLICY, event_at=NOW, **signals):
    """What an event with these signals comes to: letters and basis."""
    found = decide_event(policy, Signals(event_at, **signals))
    return letters(found.permits), found.basis
