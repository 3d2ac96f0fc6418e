"""silver.identity_links: which identifiers were seen together on one day, and where."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial, reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.config import Config
from adlake.decisions import PERMISSIONS
from adlake.marts.mart import Frames, Mart, Proof

KEY = "struct<id_key:string,kind:string>"


@dataclass(frozen=True)
class KeyColumns:
    """Where the rows of a silver table hold keys.

    Attributes:
        single: columns that hold one key each, and the kind of each.
        several: columns that hold an array of {id_key, kind}.
    """

    single: Mapping[str, str]
    several: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of the columns."""
        return (*self.single, *self.several)

    def keys(self) -> Column:
        """The keys of a row, as an array of {id_key, kind} without nulls."""
        single = [
            F.when(F.col(name).isNotNull(), F.struct(F.col(name).alias("id_key"), F.lit(kind).alias("kind")))
            for name, kind in self.single.items()
        ]
        several = [F.coalesce(name, F.array().cast(f"array<{KEY}>")) for name in self.several]
        return F.concat(F.array_compact(F.array(*single)), *several)

    def count(self) -> Column:
        """How many keys a row holds."""
        single = [F.col(name).isNotNull().cast("bigint") for name in self.single]
        return reduce(Column.__add__, [*single, *[F.coalesce(F.size(name), F.lit(0)) for name in self.several]])


CONTACT_KEYS = KeyColumns({"login_id_key": "login", "contact_id_key": "crm", "email_id_key": "email"})
GAM_KEYS = KeyColumns({"ppid_id_key": "ppid", "gam_user_id_key": "gam_user"})
# Active View rows repeat the identifiers of their impression.
KEYS: Mapping[str, KeyColumns] = {
    "page_events": KeyColumns({"login_id_key": "login", "domain_id_key": "domain", "network_id_key": "network"}),
    "auctions": KeyColumns({"device_id_key": "device", "user_id_key": "pbs_user"}, ("eid_keys",)),
    "gam_requests": GAM_KEYS,
    "gam_impressions": GAM_KEYS,
    "gam_clicks": GAM_KEYS,
    "contact_states": CONTACT_KEYS,
    "newsletter_activity": CONTACT_KEYS,
}
"""By silver table: the columns that hold keys."""

ROTATIONS = "key_rotations"
SIGNALLED = ("page_events", "auctions")
"""Tables whose rows carry signals of consent, and tell robots from people."""
PAIR = ("id_key", "linked_id_key", "kind", "linked_kind")


def identity_links(frames: Frames, _: Config) -> DataFrame:
    """Pairs of keys that stood in one row, with the first and the last such row of the day, and how many there were.

    Every two of a row's keys are a pair: when one of them is cut later, the others stay linked. Events of robots are
    left out. Consent is that of the rows' own signals; where they differ within the day, a refusal binds.

    Args:
        frames: the tables of `KEYS` and the links of keys of several versions, whole days (UTC).

    Returns:
        one row per day, pair and source; the smaller key is `id_key`. A row with fewer than two keys gives none. What
        is allowed is null for sources without a signal.
    """
    seen = [_links(frames[source], source) for source in KEYS]
    return reduce(DataFrame.unionByName, [*seen, _rotated(frames[ROTATIONS])])


def _links(events: DataFrame, source: str) -> DataFrame:
    # few rows for many events first: a reader's keys hardly change within a day
    together = (
        _counted(events, source)
        .groupBy("event_date", *KEYS[source].names)
        .agg(
            F.min("event_at_utc").alias("first_seen_at_utc"),
            F.max("event_at_utc").alias("last_seen_at_utc"),
            F.count(F.lit(1)).alias("events"),
            *[_allowed(name, source) for name in PERMISSIONS],
        )
    )
    of_day = ("event_date", "first_seen_at_utc", "last_seen_at_utc", "events", *PERMISSIONS)
    low, high = F.least("one", "other"), F.greatest("one", "other")
    ends = low["id_key"], high["id_key"], low["kind"], high["kind"]
    return (
        _pairs(together.select(*of_day, KEYS[source].keys().alias("keys")))
        .groupBy("event_date", *[end.alias(name) for end, name in zip(ends, PAIR, strict=True)])
        .agg(
            F.min("first_seen_at_utc").alias("first_seen_at_utc"),
            F.max("last_seen_at_utc").alias("last_seen_at_utc"),
            F.sum("events").alias("events"),
            *[F.bool_and(name).alias(name) for name in PERMISSIONS],
        )
        .select("event_date", *PAIR, F.lit(source).alias("source"), *of_day[1:])
    )


def _rotated(rotations: DataFrame) -> DataFrame:
    """Two keys of one identifier, by two secrets."""
    one, other = F.col("old_id_key"), F.col("new_id_key")
    return rotations.select(
        "event_date",
        F.least(one, other).alias("id_key"),
        F.greatest(one, other).alias("linked_id_key"),
        "kind",
        F.col("kind").alias("linked_kind"),
        F.lit(ROTATIONS).alias("source"),
        F.col("event_at_utc").alias("first_seen_at_utc"),
        F.col("event_at_utc").alias("last_seen_at_utc"),
        F.lit(1).cast("bigint").alias("events"),
        *[F.lit(None).cast("boolean").alias(name) for name in PERMISSIONS],
    )


def _allowed(name: str, source: str) -> Column:
    allowed = F.bool_and(name) if source in SIGNALLED else F.lit(None).cast("boolean")
    return allowed.alias(name)


def _counted(events: DataFrame, source: str) -> DataFrame:
    return events.where(~F.col("is_bot")) if source in SIGNALLED else events


def _pairs(rows: DataFrame) -> DataFrame:
    """Every two of the `keys` of some rows, as `one` and `other`."""
    each = rows.select("*", F.posexplode_outer("keys").alias("place", "one"))
    # places count from 0, and slice from 1
    later = F.slice("keys", F.col("place") + F.lit(2), F.size("keys"))
    return each.select("*", F.explode_outer(later).alias("other")).where(F.col("other").isNotNull())


def _pairs_of(source: str) -> Column:
    """How many pairs a silver row gives."""
    number = KEYS[source].count()
    pairs = (number * (number - 1) / 2).cast("bigint")
    return F.when(~F.col("is_bot"), pairs).otherwise(0) if source in SIGNALLED else pairs


def _proofs(_: Config) -> tuple[Proof, ...]:
    seen = [Proof("events", source, partial(_pairs_of, source)) for source in KEYS]
    return (*seen, Proof("events", ROTATIONS, lambda: F.lit(1)))


IDENTITY_LINKS = Mart(
    table="silver.identity_links",
    events=(*KEYS, ROTATIONS),
    build=identity_links,
    proofs=_proofs,
)
