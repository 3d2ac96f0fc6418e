"""What may stand in `lake.yaml`, and what it means."""

import difflib
import os
import re
from pathlib import Path
from typing import Annotated, Literal, Self, get_args
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from adlake.faults import text_like

Source = Literal["gam", "snowplow", "prebid"]
SOURCES: tuple[Source, ...] = get_args(Source)

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


def _zone(value: str) -> str:
    """A name of the IANA time zone database.

    Raises:
        ValueError: the database has no such zone.
    """
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        close = difflib.get_close_matches(value, sorted(available_timezones()), n=1)
        hint = f"'{close[0]}'?" if close else "such as America/New_York"
        raise ValueError(f"the IANA name of a time zone, {hint}") from error
    return value


def _distinct(value: tuple[Source, ...]) -> tuple[Source, ...]:
    """One source or more, each once.

    Raises:
        ValueError: there is none, or one is named twice.
    """
    if not value or len(set(value)) < len(value):
        raise ValueError("at least one source, each once")
    return value


Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Count = Annotated[int, Field(ge=1)]
Root = Annotated[str, AfterValidator(_root)]
LocalFile = Annotated[str, StringConstraints(min_length=1), AfterValidator(_absolute)]
Zone = Annotated[str, AfterValidator(_zone)]
Memory = Annotated[str, text_like("[1-9][0-9]*[kmgt]", "a size such as 4g")]
Variable = Annotated[str, text_like("[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable")]
KeyVersion = Annotated[str, text_like("[a-z][a-z0-9]{0,15}", "a short name such as k1")]
Tenant = Annotated[str, text_like("[a-z0-9][a-z0-9_-]{0,62}", "at most 63 lower case letters, digits, - and _")]
Endpoint = Annotated[str, text_like(r"https?://\S+", "an address that begins with http:// or https://")]
# YAML knows lists only; strict pydantic would take nothing but a tuple.
Sources = Annotated[tuple[Source, ...], Field(strict=False), AfterValidator(_distinct)]


class _Strict(BaseModel):
    """Settings that take no other keys, convert nothing and cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class IdentityConfig(_Strict):
    """Where the secret is that turns identifiers into keys; exactly one of the three places.

    Args:
        key_file: a file that holds the key.
        key_env: an environment variable that holds the key.
        key_secret: a name in the secret store of the environment.
        key_version: stands before every key made with this secret.
    """

    key_file: LocalFile | None = None
    key_env: Variable | None = None
    key_secret: Text | None = None
    key_version: KeyVersion = "k1"

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        given = [name for name in ("key_file", "key_env", "key_secret") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of key_file, key_env, key_secret ({len(given)} given)")
        return self


class LockConfig(_Strict):
    """How long a writer that stopped writing its heartbeat keeps the lake from others.

    Args:
        expiry_seconds: counted from the last heartbeat.
    """

    expiry_seconds: Count = 120


class SparkConfig(_Strict):
    """What Spark may use on one machine; ignored where the platform decides.

    Args:
        driver_memory: of the one Java process, such as 4g.
        cores: None takes all.
        shuffle_partitions: None derives it from the size of the input.
    """

    driver_memory: Memory = "4g"
    cores: Count | None = None
    shuffle_partitions: Count | None = None


class S3Config(_Strict):
    """Where S3 is when it is not the one that the environment names.

    Args:
        endpoint_url: of a store that speaks S3.
        region: such as eu-central-1.
    """

    endpoint_url: Endpoint | None = None
    region: Text | None = None


class Config(_Strict):
    """One lake, where its files come from, and how it is worked on.

    Args:
        lake: absolute path or s3://bucket/prefix, without a slash at the end.
        landing: root of the delivered files, in the same form.
        tenant: whose lake it is; one lake per tenant.
        network_time_zone: IANA zone of the ad server network, in which its `Time` column is written.
        quiet_seconds: a file that changed within that time is still being written and is left for the next run.
        batch_bytes: most that the files of one batch hold together.
        identity: where the key for identifiers is.
        sources: whose files are taken.
        lock: of the one writer.
        spark: resources.
        s3: None takes what the environment says.
    """

    lake: Root
    landing: Root
    tenant: Tenant
    network_time_zone: Zone
    quiet_seconds: Annotated[int, Field(ge=0)] = 300
    batch_bytes: Count = 8 * 1024**3
    identity: IdentityConfig
    sources: Sources = SOURCES
    lock: LockConfig = LockConfig()
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
