"""silver.identity_links: which identifiers were seen together on one day, and where."""

from collections.abc import Mapping
from functools import partial, reduce
from itertools import combinations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.config import Config
from adlake.decisions import PERMISSIONS
from adlake.marts.mart import Frames, Mart, Proof

CONTACT_KEYS = {"login_id_key": "login", "contact_id_key": "crm", "email_id_key": "email"}
GAM_KEYS = {"ppid_id_key": "ppid", "gam_user_id_key": "gam_user"}
# Active View rows repeat the identifiers of their impression.
KEYS: Mapping[str, Mapping[str, str]] = {
    "page_events": {"login_id_key": "login", "domain_id_key": "domain", "network_id_key": "network"},
    "auctions": {"device_id_key": "device", "user_id_key": "pbs_user"},
    "gam_requests": GAM_KEYS,
    "gam_impressions": GAM_KEYS,
    "gam_clicks": GAM_KEYS,
    "contact_states": CONTACT_KEYS,
    "newsletter_activity": CONTACT_KEYS,
}
"""By silver table: the columns that hold keys, and the kind of each."""

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


def keys_of(source: str) -> Column:
    """How many keys a silver row holds."""
    return reduce(Column.__add__, [F.col(name).isNotNull().cast("bigint") for name in KEYS[source]])


def _links(events: DataFrame, source: str) -> DataFrame:
    # few rows for many events first: a reader's keys hardly change within a day
    together = (
        _counted(events, source)
        .groupBy("event_date", *KEYS[source])
        .agg(
            F.min("event_at_utc").alias("first_seen_at_utc"),
            F.max("event_at_utc").alias("last_seen_at_utc"),
            F.count(F.lit(1)).alias("events"),
            *[_allowed(name, source) for name in PERMISSIONS],
        )
    )
    of_day = ("event_date", "first_seen_at_utc", "last_seen_at_utc", "events", *PERMISSIONS)
    pairs = together.select(*of_day, F.explode_outer(_pairs(KEYS[source])).alias("pair"))
    return (
        pairs.where(F.col("pair").isNotNull())
        .groupBy("event_date", *[F.col(f"pair.{name}").alias(name) for name in PAIR])
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


def _pairs(kinds: Mapping[str, str]) -> Column:
    return F.array_compact(F.array(*[_pair(one, other, kinds) for one, other in combinations(kinds, 2)]))


def _pair(one: str, other: str, kinds: Mapping[str, str]) -> Column:
    """Both keys and their kinds, the smaller key first; null unless both are there."""
    forth = (F.col(one), F.col(other), F.lit(kinds[one]), F.lit(kinds[other]))
    back = (F.col(other), F.col(one), F.lit(kinds[other]), F.lit(kinds[one]))
    ways = [F.struct(*[part.alias(name) for part, name in zip(way, PAIR, strict=True)]) for way in (forth, back)]
    are_there = F.col(one).isNotNull() & F.col(other).isNotNull()
    return F.when(are_there, F.when(F.col(one) < F.col(other), ways[0]).otherwise(ways[1]))


def _pairs_of(source: str) -> Column:
    """How many pairs a silver row gives."""
    number = keys_of(source)
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
