"""silver.user_keys: which keys are one person, from all links that the lake holds."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.components import NODE, SMALLER, edges_of
from adlake.config import IdentityConfig
from adlake.identity import EID_KINDS, KINDS_BEST_FIRST, PEOPLE_KINDS

TOO_MANY_PEOPLE, TOO_MANY_DEVICES = "too_many_people", "too_many_devices"
# A kind's place in the order of kinds, in as many digits.
RANK_DIGITS = 2
ENDS = ("id_key", "kind", "linked_id_key", "linked_kind")
SEEN = ("id_key", "kind", "linked_kind")


def linked_pairs(links: DataFrame) -> DataFrame:
    """Each pair of keys once, with their kinds, whenever and wherever they were seen together.

    Args:
        links: `silver.identity_links`, all rows.
    """
    return links.select(*ENDS).distinct()


def linked_keys(pairs: DataFrame, limits: IdentityConfig) -> DataFrame:
    """Every key of the links, with how many others it was seen with, and whether that is too many for one person.

    Others are counted by kind, as one person has a login, a contact id and an e-mail address; the kind with the most
    counts. Links of all days count, and none is left out before: what is cut does not depend on the order in which
    links came, nor on what else is cut.

    An extended identifier counts as another only where it leads on, to two keys of one kind that is none: no two
    tokens of UID2 are the same (unifiedid.com: UID2 Tokens and Refresh Tokens), so an honest browser shows hundreds.

    Args:
        pairs: all that the lake holds.
        limits: how many others are too many.

    Returns:
        one row per key: `id_key`, `kind`, `linked_people`, `linked_devices`, `is_cut`, `cut_reason`.
    """
    back = pairs.select(*[F.col(name).alias(end) for name, end in zip((*ENDS[2:], *ENDS[:2]), ENDS, strict=True)])
    both, is_eid = pairs.unionByName(back), F.col("linked_kind").isin(*EID_KINDS)
    own = both.where(~is_eid).groupBy(*SEEN).agg(F.count(F.lit(1)).alias("others"))
    leading = own.where(F.col("kind").isin(*EID_KINDS) & (F.col("others") > 1)).select("id_key").distinct()
    leading = leading.select(F.col("id_key").alias("linked_id_key"), F.lit(1).alias("leads"))
    eids = (
        both.where(is_eid).join(leading, "linked_id_key", "left").groupBy(*SEEN).agg(F.count("leads").alias("others"))
    )
    by_kind = own.unionByName(eids)
    is_person = F.col("linked_kind").isin(*PEOPLE_KINDS)
    keys = by_kind.groupBy("id_key", "kind").agg(
        _most(F.when(is_person, F.col("others"))).alias("linked_people"),
        _most(F.when(~is_person, F.col("others"))).alias("linked_devices"),
    )
    reason = F.when(F.col("linked_people") > limits.max_people, TOO_MANY_PEOPLE).when(
        F.col("linked_devices") > limits.max_devices, TOO_MANY_DEVICES
    )
    return keys.select("*", reason.isNotNull().alias("is_cut"), reason.alias("cut_reason"))


def edges_between(pairs: DataFrame, keys: DataFrame) -> DataFrame:
    """The pairs of keys that are not cut, as edges; the smallest node of some is that of the best kind.

    Args:
        pairs: all that the lake holds.
        keys: what `linked_keys` made of them.
    """
    cut = keys.where("is_cut").select("id_key")
    kept = pairs.join(cut, "id_key", "left_anti")
    kept = kept.join(cut.withColumnRenamed("id_key", "linked_id_key"), "linked_id_key", "left_anti")
    return edges_of(
        kept.select(_node("id_key", "kind").alias("one"), _node("linked_id_key", "linked_kind").alias("other"))
    )


def user_keys(keys: DataFrame, stars: DataFrame) -> DataFrame:
    """Each key with the key that stands for its person: of the best kind, then the smallest; a cut key for itself.

    Args:
        keys: what `linked_keys` gives.
        stars: the components of `edges_between`: each node with the smallest of its component.

    Returns:
        one row per key.
    """
    found = stars.select(_key(NODE).alias("id_key"), _key(SMALLER).alias("user_key"))
    return keys.join(found, "id_key", "left").select(
        "id_key",
        "kind",
        F.coalesce("user_key", "id_key").alias("user_key"),
        "linked_people",
        "linked_devices",
        "is_cut",
        "cut_reason",
    )


def _most(others: Column) -> Column:
    return F.coalesce(F.max(others), F.lit(0))


def _node(key: str, kind: str) -> Column:
    """The key behind the rank of its kind, so that text in order is keys in order of precedence."""
    rank = F.array_position(F.array(*map(F.lit, KINDS_BEST_FIRST)), F.col(kind))
    return F.concat(F.lpad(rank.cast("string"), RANK_DIGITS, "0"), F.col(key))


def _key(node: str) -> Column:
    return F.substr(node, F.lit(RANK_DIGITS + 1))
