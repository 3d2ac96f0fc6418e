"""What the columns of contact and newsletter exports mean, folder by folder: every system names them its own way."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from adlake.config.values import Strict, Text, Zone
from adlake.faults import text_like

Kind = Literal["contacts", "newsletter_activity", "newsletter_campaigns"]
NewsletterState = Literal["subscribed", "unsubscribed", "pending", "bounced", "unknown"]
SubscriptionState = Literal["active", "trial", "past_due", "cancelled", "none", "unknown"]
Consent = Literal["granted", "denied"]
Action = Literal["sent", "open", "click", "bounce", "unsubscribe"]
CLOSED: Mapping[str, tuple[str, ...]] = {
    "newsletter_state": get_args(NewsletterState),
    "subscription_state": get_args(SubscriptionState),
    "action": get_args(Action),
    **dict.fromkeys(("consent_email", "consent_ad_user_data", "consent_ad_personalization"), get_args(Consent)),
}
"""Columns with a closed list of values, and those values."""

_PERSON = ("contact_id", "login", "email")
COLUMNS: Mapping[Kind, tuple[str, ...]] = {
    "contacts": (
        *(*_PERSON, "phone", "first_name", "last_name", "street", "postal_code", "city", "region", "country"),
        *("device_id", "newsletter_state", "subscription_state", "subscription_plan", "renewal_date"),
        *("consent_email", "consent_ad_user_data", "consent_ad_personalization", "consent_at"),
    ),
    "newsletter_activity": (*_PERSON, "action", "event_at", "campaign_id", "link"),
    "newsletter_campaigns": ("campaign_id", "title", "subject", "sent_at"),
}
"""What the columns of a kind of file may stand for."""
NECESSARY: Mapping[Kind, tuple[tuple[str, ...], ...]] = {
    "contacts": (("contact_id", "email"),),
    "newsletter_activity": (("contact_id", "email"), ("action",), ("event_at",)),
    "newsletter_campaigns": (("campaign_id",),),
}
"""Of each of these groups at least one."""


def _region(value: str) -> str:
    """A region that phone numbers are known of.

    Raises:
        ValueError: there is none of that name.
    """
    from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415 takes a while, and few configurations name a region

    if value not in SUPPORTED_REGIONS:
        raise ValueError("an ISO 3166 alpha-2 code in upper case, such as DE")
    return value


def _words(value: object) -> object:
    """A mapping whose keys are text; YAML reads yes, no, on and off as something else.

    Raises:
        ValueError: a key is no text.
    """
    if isinstance(value, Mapping) and not all(isinstance(key, str) for key in value):
        raise ValueError("words as text: put yes, no, true, false and numbers in quotes")
    return value


def _plain(value: object) -> object:
    """A column name, or a list of them, as the setting it is short for."""
    if isinstance(value, str):
        return {"columns": [value]}
    return {"columns": value} if isinstance(value, list | tuple) else value


class Origin(Strict):
    """Where a value comes from: written as a column, a list of columns, or {constant: value}.

    Args:
        columns: names in the header; of a value that a record has once, the first that holds something counts.
        constant: the same for all records.
    """

    columns: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    constant: Text | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.columns) == (self.constant is not None):
            raise ValueError("a column, a list of columns, or {constant: value}")
        return self


From = Annotated[Origin, BeforeValidator(_plain)]
Region = Annotated[str, AfterValidator(_region)]
Delimiter = Annotated[str, text_like('[^"\r\n]', "one character, and no quote mark")]
Name = Annotated[str, text_like("[a-z0-9][a-z0-9_-]{0,62}", "at most 63 lower case letters, digits, - and _")]
Folder = Annotated[str, text_like(r"[^._/\s][^/]*", "the name of a folder below landing/crm, without a slash")]


class Columns(Strict):
    """Which columns of a file hold what; all that files of any kind can hold.

    Args:
        contact_id: of the person in the source.
        login: id that the person has on the publisher's site.
        email, phone, device_id: each column may hold one value.
        first_name, last_name, street, postal_code, city, region, country: of the person.
        newsletter_state, subscription_state, subscription_plan, renewal_date: of the subscriptions.
        consent_email, consent_ad_user_data, consent_ad_personalization, consent_at: what was agreed to, and when.
        action, event_at, campaign_id, link: what happened to a newsletter, when, to which, and where a click led.
        title, subject, sent_at: of a newsletter.
    """

    contact_id: From | None = None
    login: From | None = None
    email: From | None = None
    phone: From | None = None
    first_name: From | None = None
    last_name: From | None = None
    street: From | None = None
    postal_code: From | None = None
    city: From | None = None
    region: From | None = None
    country: From | None = None
    device_id: From | None = None
    newsletter_state: From | None = None
    subscription_state: From | None = None
    subscription_plan: From | None = None
    renewal_date: From | None = None
    consent_email: From | None = None
    consent_ad_user_data: From | None = None
    consent_ad_personalization: From | None = None
    consent_at: From | None = None
    action: From | None = None
    event_at: From | None = None
    campaign_id: From | None = None
    link: From | None = None
    title: From | None = None
    subject: From | None = None
    sent_at: From | None = None

    @property
    def given(self) -> dict[str, Origin]:
        """The columns that the mapping names, with where they come from."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: origin for name, origin in found.items() if origin is not None}


class Values(Strict):
    """What the words of a source mean, by column; an empty text stands for an empty field."""

    newsletter_state: Annotated[dict[str, NewsletterState], BeforeValidator(_words)] = Field(default_factory=dict)
    subscription_state: Annotated[dict[str, SubscriptionState], BeforeValidator(_words)] = Field(default_factory=dict)
    action: Annotated[dict[str, Action], BeforeValidator(_words)] = Field(default_factory=dict)
    consent_email: Annotated[dict[str, Consent], BeforeValidator(_words)] = Field(default_factory=dict)
    consent_ad_user_data: Annotated[dict[str, Consent], BeforeValidator(_words)] = Field(default_factory=dict)
    consent_ad_personalization: Annotated[dict[str, Consent], BeforeValidator(_words)] = Field(default_factory=dict)
    country: Annotated[dict[str, Text], BeforeValidator(_words)] = Field(default_factory=dict)
    subscription_plan: Annotated[dict[str, Text], BeforeValidator(_words)] = Field(default_factory=dict)

    def of(self, column: str) -> dict[str, str]:
        """The words of a column; none for a column whose values are taken as they are."""
        return getattr(self, column, {})


class FileMapping(Strict):
    """The files of one folder.

    Args:
        kind: what a record is.
        source: name of the system that exports them; ids of contacts count within it.
        delimiter: between the fields.
        time_zone: of times that are written without one.
        as_of: when a contact or campaign was in that state; None takes the day in the name of the file.
        values: what the words in columns mean.
        columns: which columns hold what.
    """

    kind: Kind
    source: Name
    delimiter: Delimiter = ","
    time_zone: Zone = "UTC"
    as_of: From | None = None
    values: Values = Values()
    columns: Columns

    @field_validator("as_of")
    @classmethod
    def _of_states(cls, as_of: Origin | None, info: ValidationInfo) -> Origin | None:
        if as_of is not None and info.data.get("kind") == "newsletter_activity":
            raise ValueError("nothing: what happened has its event_at")
        return as_of

    @field_validator("columns")
    @classmethod
    def _of_the_kind(cls, columns: Columns, info: ValidationInfo) -> Columns:
        kind, values, given = info.data.get("kind"), info.data.get("values", Values()), columns.given
        if kind is None:
            return columns
        if foreign := [name for name in given if name not in COLUMNS[kind]]:
            raise ValueError(f"no {', '.join(foreign)} in {kind}; known: {', '.join(COLUMNS[kind])}")
        if missing := [" or ".join(group) for group in NECESSARY[kind] if not set(group) & set(given)]:
            raise ValueError(f"{' and '.join(missing)}, which {kind} cannot do without")
        constants = {name: given[name].constant for name in CLOSED if name in given and given[name].constant}
        for name, constant in constants.items():
            if values.of(name).get(constant, constant) not in CLOSED[name]:
                raise ValueError(f"for {name} one of {', '.join(CLOSED[name])}")
        return columns

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that a file of the folder must have, each once."""
        origins = [*self.columns.given.values(), *([self.as_of] if self.as_of else [])]
        return tuple(dict.fromkeys(name for origin in origins for name in origin.columns))


class CrmConfig(Strict):
    """Exports of contacts, of newsletters and of what happened to them.

    Args:
        default_region: country of phone numbers that tell none, where the contact tells none either; None: such a
            number is not valid.
        files: by folder below landing/crm. A file in any other folder is set aside.
    """

    default_region: Region | None = None
    files: dict[Folder, FileMapping] = Field(default_factory=dict)
