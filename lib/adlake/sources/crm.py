"""Contacts, newsletters and what happened to them, exported as CSV by whatever system keeps them.

Every system names its columns its own way, so lake.yaml says what they mean, folder by folder. Bronze keeps them by
their own names. The vault has the contacts in clear, silver the same rows with keyed hashes only.
"""

from collections.abc import Callable, Sequence
from functools import partial

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from adlake import phones
from adlake.config import Config, CrmConfig
from adlake.contracts import Table
from adlake.identity import IdentityKey, names_somebody
from adlake.sources import urls
from adlake.sources.contact_fields import Fields
from adlake.sources.contact_files import layout_of, record_type_of
from adlake.sources.quoted_csv import read_records
from adlake.sources.source import Check, LandedFile, Refinement, Source, is_out_of_time, no_identifiers

NAME = "crm"
# one @ with something on both sides; anything narrower refuses addresses that exist
ADDRESS = r"^[^@\s]+@[^@\s]+$"
PROVENANCE = ("_batch_id", "_file", "_position")
STATES = ("newsletter_state", "subscription_state", "subscription_plan", "renewal_date", "country")
CONSENTS = ("consent_email", "consent_ad_user_data", "consent_ad_personalization")


def source(config: CrmConfig) -> Source:
    """The source under a mapping; the record type of a file is its folder."""
    return Source(
        name=NAME,
        record_types={folder: mapping.kind for folder, mapping in config.files.items()},
        record_type_of=partial(record_type_of, config),
        layout_of=partial(layout_of, config),
        read=read,
        refinements=_REFINEMENTS,
        framing="quoted",
    )


def read(spark: SparkSession, _: Table, root: str, files: Sequence[LandedFile]) -> DataFrame:
    """Bronze rows of the files, the source's own columns in one map."""
    return read_records(spark, root, files)


def _person(fields: Fields) -> dict[str, Column]:
    """Who a record is about: what the source gives, and the one id by which the person is known in it."""
    given = fields.texts("email")
    emails = F.filter(given, lambda address: address.rlike(ADDRESS))
    email = F.lower(F.get(emails, F.lit(0)))
    contact_id, login = fields.text("contact_id"), fields.text("login")
    own_id = F.when(names_somebody(contact_id), contact_id)
    return {
        "source": fields.source(),
        "own_id": own_id,
        "contact_id": F.coalesce(own_id, email),
        "login": F.when(names_somebody(login), login),
        "email": email,
        "emails": F.array_distinct(emails),
        "emails_invalid": F.size(given) - F.size(emails),
    }


def contact_records(rows: DataFrame, config: Config) -> DataFrame:
    """Records of contacts with adlake's columns beside their own."""
    fields = Fields.of(config.crm, "contacts")
    country = fields.text("country")
    country = F.when(F.length(country) == len("DE"), F.upper(country)).otherwise(country)
    region, rule = phones.region(country, config.crm.default_region)
    texts = ("first_name", "last_name", "street", "postal_code", "city", "region", "subscription_plan", *CONSENTS)
    devices = F.filter(fields.texts("device_id"), names_somebody)
    columns = {
        **_person(fields),
        "as_of_at_utc": fields.as_of(),
        "phone": fields.texts("phone"),
        "phone_region": region,
        "phone_region_rule": rule,
        **{name: fields.text(name) for name in texts},
        "country": country,
        "device_ids": F.array_distinct(devices),
        "newsletter_state": fields.state("newsletter_state"),
        "subscription_state": fields.state("subscription_state"),
        "renewal_date": fields.day("renewal_date"),
        "consent_at_utc": fields.moment("consent_at"),
        "has_renewal_date": fields.text("renewal_date").isNotNull(),
        "has_consent_time": fields.text("consent_at").isNotNull(),
    }
    return rows.withColumns(columns)


def activity_records(rows: DataFrame, config: Config) -> DataFrame:
    """Records of what happened to newsletters with adlake's columns beside their own."""
    fields = Fields.of(config.crm, "newsletter_activity")
    texts = {name: fields.text(name) for name in ("action", "campaign_id", "link")}
    return rows.withColumns({**_person(fields), **texts, "event_at_utc": fields.moment("event_at")})


def campaign_records(rows: DataFrame, config: Config) -> DataFrame:
    """Records of newsletters with adlake's columns beside their own."""
    fields = Fields.of(config.crm, "newsletter_campaigns")
    columns = {name: fields.text(name) for name in ("campaign_id", "title", "subject")}
    columns |= {"source": fields.source(), "as_of_at_utc": fields.as_of(), "sent_at_utc": fields.moment("sent_at")}
    return rows.withColumns({**columns, "has_sent_time": fields.text("sent_at").isNotNull()})


def _keys(identity: IdentityKey) -> dict[str, Column]:
    """Keys of a person; the login meets that of page events, the contact id counts within its source."""
    contact_key = identity.key("crm", F.concat_ws(":", "source", "contact_id"))
    login_key, email_key = identity.key("login", F.col("login")), identity.key("email", F.col("email"))
    return {
        "contact_id_key": contact_key,
        "login_id_key": login_key,
        "email_id_key": email_key,
        "id_key": F.coalesce(login_key, F.when(F.col("own_id").isNotNull(), contact_key), email_key),
    }


def _identifiers(identity: IdentityKey) -> Column:
    keys = _keys(identity)
    contact_key = F.when(F.col("contact_id").isNotNull(), keys["contact_id_key"])
    return F.array_compact(F.array(contact_key, keys["login_id_key"], keys["email_id_key"]))


def _as_of() -> list[Column]:
    as_of = F.col("as_of_at_utc")
    return [as_of, as_of.alias("event_at_utc"), F.to_date(as_of).alias("event_date")]


def contacts(rows: DataFrame, identity: IdentityKey) -> DataFrame:
    """Contacts in clear, one row per state, phone numbers in E.164."""
    found = phones.with_phones(rows, PROVENANCE)
    names = ("first_name", "last_name", "street", "postal_code", "city", "region", "device_ids")
    reached_by = ("login", "emails", "emails_invalid", "phones", "phones_invalid")
    columns = (*reached_by, *names, *STATES, *CONSENTS, "consent_at_utc", *PROVENANCE)
    key = _keys(identity)["contact_id_key"].alias("contact_id_key")
    return found.select("source", "contact_id", key, *_as_of(), *columns)


def contact_states(rows: DataFrame, identity: IdentityKey) -> DataFrame:
    """The same rows as contacts, with keys instead of whatever names somebody."""
    keys = [key.alias(name) for name, key in _keys(identity).items()]
    return rows.select("source", *keys, *_as_of(), *STATES, *CONSENTS, "consent_at_utc", *PROVENANCE)


def newsletter_activity(rows: DataFrame, identity: IdentityKey) -> DataFrame:
    """What happened to newsletters; equal records are the same event, as the format has no id for one."""
    keys, link = _keys(identity), F.col("link")
    moment = F.unix_micros("event_at_utc").cast("string")
    same = [F.col("source"), keys["contact_id_key"], F.col("campaign_id"), F.col("action"), moment, urls.page_url(link)]
    event = F.concat_ws("\n", *[F.coalesce(part, F.lit("")) for part in same])
    return rows.select(
        F.sha2(event, 256).alias("activity_id"),
        "source",
        "action",
        "campaign_id",
        "event_at_utc",
        F.to_date("event_at_utc").alias("event_date"),
        urls.page_url(link).alias("page_url"),
        urls.site(link).alias("site"),
        *[key.alias(name) for name, key in keys.items()],
        *PROVENANCE,
    )


def newsletter_campaigns(rows: DataFrame, _: IdentityKey) -> DataFrame:
    """Newsletters, one row per state."""
    return rows.select("source", "campaign_id", *_as_of(), "title", "subject", "sent_at_utc", *PROVENANCE)


def _is_no_time(column: str) -> Column:
    return F.col(column).isNull() | is_out_of_time(F.col(column))


def _lacks(column: str) -> Callable[[], Column]:
    return lambda: F.col(column).isNull()


def _misread(given: str, column: str) -> Callable[[], Column]:
    """Whether something is given that could not be read."""
    return lambda: F.col(given) & F.col(column).isNull()


_MAPPED = Check("mapping_missing", _lacks("source"))
_SOMEBODY = Check("contact_unknown", _lacks("contact_id"))
_AS_OF = Check("as_of_time_invalid", partial(_is_no_time, "as_of_at_utc"))
_CONTACT_RULES = [
    _MAPPED,
    _SOMEBODY,
    _AS_OF,
    Check("renewal_date_invalid", _misread("has_renewal_date", "renewal_date")),
    Check("consent_time_invalid", _misread("has_consent_time", "consent_at_utc")),
]
_ACTIVITY_RULES = [
    _MAPPED,
    _SOMEBODY,
    Check("action_unknown", _lacks("action")),
    Check("event_time_invalid", partial(_is_no_time, "event_at_utc")),
]
_CAMPAIGN_RULES = [
    _MAPPED,
    Check("campaign_id_missing", _lacks("campaign_id")),
    _AS_OF,
    Check("sent_time_invalid", _misread("has_sent_time", "sent_at_utc")),
]
_REFINEMENTS = {
    "vault.contacts": Refinement(_CONTACT_RULES, [], contacts, _identifiers, contact_records),
    "silver.contact_states": Refinement(_CONTACT_RULES, [], contact_states, _identifiers, contact_records),
    "silver.newsletter_activity": Refinement(_ACTIVITY_RULES, [], newsletter_activity, _identifiers, activity_records),
    "silver.newsletter_campaigns": Refinement(
        _CAMPAIGN_RULES, [], newsletter_campaigns, no_identifiers, campaign_records
    ),
}

CRM = source(CrmConfig())
"""The source without a mapping: it knows no folder, but all rules."""
