"""The names of what a decision rests on: a closed list, with what each means."""

from collections.abc import Mapping

from adlake.consent.gpp import SECTION_NAMES
from adlake.consent.invalid import REASONS

TCF, US_PRIVACY = "tcf", "us_privacy"
COPPA, AGE, GPC = "coppa", "age", "gpc"
NO_LAW, NO_SIGNAL = "no_law", "no_signal"
CONTACT = "contact"
"""What a record of contacts says, which no policy decides: the basis of rows of silver.consents alone."""

_INVALID = "invalid:"
_OF_THE_POLICY = {
    "missing": "a law applies whose string is not there",
    "section_missing": "a section that applies is not in the GPP string",
    "future": "given later than the event, by more than clocks differ",
    "global_scope": "given for all sites at once, which counts no more",
    "outdated_policy": "written by a policy before TCF 2.2 when that was no longer allowed",
    "no_disclosed_vendors": "does not say which vendors were shown, which TCF 2.3 demands",
}
"""Why a string that can be read counts for nothing."""


def invalid(reason: str) -> str:
    """The basis of a string that counts for nothing."""
    return f"{_INVALID}{reason}"


def is_invalid(basis: str) -> bool:
    """Whether a basis is a string that counts for nothing."""
    return basis.startswith(_INVALID)


def of_section(section_id: int) -> str:
    """The basis of a section of a GPP string."""
    return f"gpp:{SECTION_NAMES[section_id]}"


BASES: Mapping[str, str] = {
    TCF: "the TC string",
    **{of_section(number): f"section {number} of the GPP string" for number in SECTION_NAMES},
    US_PRIVACY: "the US Privacy string",
    COPPA: "the event is subject to COPPA",
    AGE: "the person is too young",
    GPC: "Global Privacy Control is set",
    NO_LAW: "GDPR does not apply, and no other law is named",
    NO_SIGNAL: "the event says nothing",
    **{invalid(reason): words for reason, words in REASONS.items()},
    **{invalid(reason): words for reason, words in _OF_THE_POLICY.items()},
}
"""Every basis, and what it means in words."""
