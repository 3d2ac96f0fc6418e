"""The consent policy: what people must have said before their data is used, and what holds where nobody said anything.

Purposes and vendors are those of the IAB Europe Transparency & Consent Framework (TCF).
"""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from adlake.config.values import Strict, Text
from adlake.faults import text_like

Answer = Literal["refuse", "permit"]

PURPOSES = range(1, 12)
"""Of TCF 2.2 and 2.3 (Policies, Appendix A)."""
INTEREST_PURPOSES = (2, 7, 8, 9, 10, 11)
"""Purposes that may rest on legitimate interest: 3 to 6 no more since TCF 2.2, 1 never (TC String Format, "Why was
support for legitimate interest for purposes 3 to 6 deprecated?" and the note on purpose 1 under RestrictionType)."""
MOST_VENDORS = 50
"""One bit for each, in a number of 64."""
HIGHEST_VENDOR = 0xFFFF


def _purpose(value: int) -> int:
    if value not in PURPOSES:
        raise ValueError(f"a purpose of the TCF, {PURPOSES[0]} to {PURPOSES[-1]}")
    return value


def _interest_purpose(value: int) -> int:
    if value not in INTEREST_PURPOSES:
        known = ", ".join(map(str, INTEREST_PURPOSES))
        raise ValueError(f"a purpose that may rest on legitimate interest: {known}")
    return value


def _vendor(value: int) -> int:
    if not 0 < value <= HIGHEST_VENDOR:
        raise ValueError(f"an id of the Global Vendor List, 1 to {HIGHEST_VENDOR}")
    return value


def _with_id(value: object) -> object:
    """The id of a vendor as the setting that it is short for.

    Raises:
        ValueError: it is neither an id nor such a setting.
    """
    if isinstance(value, dict | VendorConfig):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return {"id": value}
    raise ValueError("an id of the Global Vendor List, or {id, takes}")


# YAML knows lists only; strict pydantic would take nothing but a tuple.
Purposes = Annotated[tuple[Annotated[int, AfterValidator(_purpose)], ...], Field(strict=False)]
InterestPurposes = Annotated[tuple[Annotated[int, AfterValidator(_interest_purpose)], ...], Field(strict=False)]
VendorId = Annotated[int, AfterValidator(_vendor)]
VendorName = Annotated[str, text_like("[a-z][a-z0-9_-]{0,31}", "a name of at most 32 small letters, digits, - and _")]
Label = Annotated[str, text_like("[A-Za-z0-9][A-Za-z0-9._-]{0,31}", "at most 32 letters, digits, dots, - and _")]
SchemaName = Annotated[str, text_like(r"[\w.-]+/[\w.-]+", "vendor and name of a schema, such as com.herald/privacy")]


class Requirement(Strict):
    """What one use takes: every purpose that is named.

    Args:
        consent: purposes that the person must have consented to.
        legitimate_interest: purposes for which it is enough that the person did not object; consent will do as well.
    """

    consent: Purposes = ()
    legitimate_interest: InterestPurposes = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        named = self.consent + self.legitimate_interest
        if not named or len(set(named)) < len(named):
            raise ValueError("at least one purpose, each once")
        return self


class UsesConfig(Strict):
    """What each use takes under the TCF.

    Args:
        store: keep and read what was put on the device, the identifiers of events included.
        personalise_ads: choose ads by what is known of the person.
        profile: work out what a person is interested in, for ads.
        measure: count what ads did, person by person.
        share: hand identifiers to a vendor; the vendor needs the person's leave for the same purposes.
    """

    store: Requirement = Requirement(consent=(1,))
    personalise_ads: Requirement = Requirement(consent=(1, 3, 4))
    profile: Requirement = Requirement(consent=(1, 3))
    measure: Requirement = Requirement(consent=(1,), legitimate_interest=(7,))
    share: Requirement = Requirement(consent=(1, 3, 4))


class VendorConfig(Strict):
    """Somebody to whom identifiers may be handed: written as an id, or as an id and purposes.

    Args:
        id: in the Global Vendor List.
        takes: what it takes; None: what uses.share says.
    """

    id: VendorId
    takes: Requirement | None = None


Vendor = Annotated[VendorConfig, BeforeValidator(_with_id)]


class ContextConfig(Strict):
    """The fields of a clickstream context that carry consent; the names to begin with are those of the CMP APIs.

    Args:
        gdpr: whether GDPR applies.
        tc_string, gpp, us_privacy: the strings.
        gpp_sid: the sections of the GPP string that apply.
        gpc: Global Privacy Control.
        coppa: whether COPPA applies.
        age: of the person, in years.
    """

    gdpr: Text = "gdprApplies"
    tc_string: Text = "tcString"
    gpp: Text = "gppString"
    gpp_sid: Text = "applicableSections"
    us_privacy: Text = "uspString"
    gpc: Text = "globalPrivacyControl"
    coppa: Text = "coppa"
    age: Text = "age"


class ConsentConfig(Strict):
    """The policy that decides, event by event, what the person's signal allows.

    Args:
        version: your name for this policy; what is decided by it carries the name.
        uses: what each use takes under the TCF.
        vendors: to whom something may be handed, by your name for them.
        publisher_vendor: the publisher's own id in the Global Vendor List; its own uses then take the person's leave
            for that vendor too. None: the purposes alone decide.
        without_signal: whether all is permitted where an event says nothing at all.
        without_law: whether all is permitted where an event says that GDPR does not apply, and names no other law.
        child_age: below it no ads by interest, no profile, no sharing.
        share_age: below it no sharing.
        clock_skew_hours: how much later than the event consent may seem to have been given.
        contexts: the clickstream contexts that carry consent, by vendor and name of their schema.
    """

    version: Label = "default"
    uses: UsesConfig = UsesConfig()
    vendors: Annotated[dict[VendorName, Vendor], Field(max_length=MOST_VENDORS)] = Field(default_factory=dict)
    publisher_vendor: VendorId | None = None
    without_signal: Answer = "refuse"
    without_law: Answer = "permit"
    # what COPPA and the CCPA demand at least; higher where a country or the publisher wants it
    child_age: Annotated[int, Field(ge=13, le=21)] = 13
    share_age: Annotated[int, Field(ge=16, le=21)] = 16
    # newer strings carry a day without an hour, and days begin up to fourteen hours apart
    clock_skew_hours: Annotated[int, Field(ge=0, le=72)] = 24
    contexts: dict[SchemaName, ContextConfig] = Field(default_factory=dict)
