"""What may stand in `lake.yaml`, and what it means."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator, model_validator

from adlake.config.consent import ConsentConfig
from adlake.config.content import ContentConfig
from adlake.config.crm import CrmConfig
from adlake.config.sessions import SessionsConfig
from adlake.config.values import Count, Strict, Text, Zone
from adlake.faults import text_like

Source = Literal["gam", "snowplow", "prebid", "crm", "fx"]
SOURCES: tuple[Source, ...] = get_args(Source)

PriceGranularity = Literal["low", "medium", "high", "auto", "dense"]
"""The price buckets of Prebid.js: how finely header bids are cut, and where they are capped."""

FOLDER = "folder"
"""Key of the validation context: the folder at which relative paths start."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?")


def has_scheme(address: str) -> bool:
    """Whether an address is something other than a local path."""
    return bool(_SCHEME.match(address.strip()))


def _absolute(value: str, info: ValidationInfo) -> str:
    """A local path that does not depend on the working directory any more; symbolic links stay what they are."""
    folder = (info.context or {}).get(FOLDER, Path())
    return os.path.abspath(Path(folder) / Path(value.strip()).expanduser())  # noqa: PTH100


def _root(value: str, info: ValidationInfo) -> str:
    """A lake or landing root as every part of adlake writes it: an absolute path, or s3://bucket/prefix.

    Raises:
        ValueError: it is neither.
    """
    address = re.sub(r"^s3a://", "s3://", value.strip())
    if address.startswith("s3://"):
        if not _BUCKET.fullmatch(address):
            raise ValueError("a bucket and perhaps a prefix: s3://bucket/prefix")
        return address.rstrip("/")
    if has_scheme(address) or not address:
        raise ValueError("a path, s3://bucket/prefix or s3a://bucket/prefix")
    return _absolute(address, info)


def _distinct(value: tuple[Source, ...]) -> tuple[Source, ...]:
    """One source or more, each once.

    Raises:
        ValueError: there is none, or one is named twice.
    """
    if not value or len(set(value)) < len(value):
        raise ValueError("at least one source, each once")
    return value


Root = Annotated[str, AfterValidator(_root)]
LocalFile = Annotated[str, StringConstraints(min_length=1), AfterValidator(_absolute)]
Memory = Annotated[str, text_like("[1-9][0-9]*[kmgt]", "a size such as 4g")]
Variable = Annotated[str, text_like("[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable")]
KeyVersion = Annotated[str, text_like("[a-z][a-z0-9]{0,15}", "a short name such as k1")]
Tenant = Annotated[str, text_like("[a-z0-9][a-z0-9_-]{0,62}", "at most 63 lower case letters, digits, - and _")]
Currency = Annotated[str, text_like("[A-Z]{3}", "an ISO 4217 code such as EUR")]
Endpoint = Annotated[str, text_like(r"https?://\S+", "an address that begins with http:// or https://")]
# YAML knows lists only; strict pydantic would take nothing but a tuple.
Sources = Annotated[tuple[Source, ...], Field(strict=False), AfterValidator(_distinct)]
CurrencyList = Annotated[tuple[Currency, ...], Field(strict=False)]


class KeyConfig(Strict):
    """Where a secret is that turns identifiers into keys; exactly one of the three places.

    Args:
        key_file: a file that holds the key.
        key_env: an environment variable that holds the key.
        key_secret: a name in the secret store of the environment.
        key_version: stands before every key made with this secret.
    """

    key_file: LocalFile | None = None
    key_env: Variable | None = None
    key_secret: Text | None = None
    key_version: KeyVersion

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        given = [name for name in ("key_file", "key_env", "key_secret") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of key_file, key_env, key_secret ({len(given)} given)")
        return self


class IdentityConfig(KeyConfig):
    """The secret of today's keys, those of older ones, and who is one person.

    Args:
        key_version: stands before every key made with the secret of today.
        old_keys: secrets of older versions, until they are retired; `rotate_identity_key` links their keys.
        max_people: an identifier that was seen with more people (of one kind: logins, e-mail addresses) is nobody's:
            a computer that is shared.
        max_devices: an identifier that was seen with more browsers or devices (of one kind) is nobody's: an account
            that is shared, a test.
    """

    key_version: KeyVersion = "k1"
    old_keys: Annotated[tuple[KeyConfig, ...], Field(strict=False)] = ()
    max_people: Count = 20
    max_devices: Count = 200

    @model_validator(mode="after")
    def _each_version_once(self) -> Self:
        versions = [self.key_version, *[old.key_version for old in self.old_keys]]
        if len(set(versions)) < len(versions):
            raise ValueError("a key_version of its own for each key, today's included")
        return self


class LockConfig(Strict):
    """How long a writer that stopped writing its heartbeat keeps the lake from others.

    Args:
        expiry_seconds: counted from the last heartbeat.
    """

    expiry_seconds: Count = 120


class SparkConfig(Strict):
    """What Spark may use on one machine; ignored where the platform decides.

    Args:
        driver_memory: of the one Java process, such as 4g.
        cores: None takes all.
        shuffle_partitions: None derives it from the size of the input.
    """

    driver_memory: Memory = "4g"
    cores: Count | None = None
    shuffle_partitions: Count | None = None


class FxConfig(Strict):
    """How files of exchange rates are read, and how long a rate holds.

    Args:
        date_column: column of the day, written YYYY-MM-DD.
        currency_column: column of the currency.
        rate_column: column of the rate.
        currencies: ISO 4217 code of every currency as the file names it; rates of others are left out. None where the
            file has the codes themselves.
        usd_per_unit: codes whose rate is US dollars per unit; all others are units per US dollar.
        max_age_days: how long after its day a rate holds at most.
    """

    date_column: Text = "Date"
    currency_column: Text = "Currency"
    rate_column: Text = "Rate"
    currencies: dict[Text, Currency] | None = None
    usd_per_unit: CurrencyList = ()
    max_age_days: Count = 45


class MaintenanceConfig(Strict):
    """Which data files `maintain_tables` puts together.

    Args:
        minimum_small_files: a partition with fewer of them is left as it is.
        small_file_bytes: a file below this size is small.
        target_file_bytes: about the size of a file made of small ones.
        hot_days: partitions of so many newest days (UTC) are left alone, as runs still read and rewrite parts of them.
    """

    minimum_small_files: Annotated[int, Field(ge=2)] = 8
    small_file_bytes: Count = 32 * 1024**2
    target_file_bytes: Count = 128 * 1024**2
    hot_days: Annotated[int, Field(ge=0)] = 2

    @model_validator(mode="after")
    def _growing(self) -> Self:
        if self.target_file_bytes < self.small_file_bytes:
            raise ValueError("target_file_bytes of at least small_file_bytes")
        return self


class S3Config(Strict):
    """Where S3 is when it is not the one that the environment names.

    Args:
        endpoint_url: of a store that speaks S3.
        region: such as eu-central-1.
    """

    endpoint_url: Endpoint | None = None
    region: Text | None = None


class Config(Strict):
    """One lake, where its files come from, and how it is worked on.

    Args:
        lake: absolute path or s3://bucket/prefix, without a slash at the end.
        landing: root of the delivered files, in the same form.
        tenant: whose lake it is; one lake per tenant.
        network_time_zone: IANA zone of the ad server network, in which its `Time` column is written.
        currency: ISO 4217 code of the network currency, into which other money is converted.
        price_granularity: buckets in which Prebid.js tells the ad server header bids; it decides where they are capped.
        quiet_seconds: a file that changed within that time is still being written and is left for the next run.
        batch_bytes: most that the files of one batch hold together.
        identity: where the key for identifiers is.
        sources: whose files are taken.
        fx: files of exchange rates.
        crm: what the files of contacts and newsletters mean.
        content: what sections are about.
        consent: what people must have said before their data is used.
        sessions: how page events become page views and sessions.
        lock: of the one writer.
        maintenance: of data files.
        spark: resources.
        s3: None takes what the environment says.
    """

    lake: Root
    landing: Root
    tenant: Tenant
    network_time_zone: Zone
    currency: Currency = "USD"
    price_granularity: PriceGranularity = "medium"
    quiet_seconds: Annotated[int, Field(ge=0)] = 300
    batch_bytes: Count = 8 * 1024**3
    identity: IdentityConfig
    sources: Sources = SOURCES
    fx: FxConfig = FxConfig()
    crm: CrmConfig = CrmConfig()
    content: ContentConfig = ContentConfig()
    consent: ConsentConfig = ConsentConfig()
    sessions: SessionsConfig = SessionsConfig()
    lock: LockConfig = LockConfig()
    maintenance: MaintenanceConfig = MaintenanceConfig()
    spark: SparkConfig = SparkConfig()
    s3: S3Config | None = None

    @field_validator("lake")
    @classmethod
    def _plain(cls, lake: str) -> str:
        # delta-rs takes it for an escape and would make another folder than Spark does
        if _ESCAPE.search(lake):
            raise ValueError("a path without a % before two hexadecimal digits")
        return lake

    @field_validator("landing")
    @classmethod
    def _apart(cls, landing: str, info: ValidationInfo) -> str:
        if landing == info.data.get("lake"):
            raise ValueError("another place than the lake")
        return landing
