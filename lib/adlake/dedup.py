"""Addresses of the rows that lose against another row with the same key.

Only keys and addresses are shuffled, never whole rows: repeated key hashes are found first, then only their rows are
ranked, by their full keys.
"""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

BATCH, FILE, POSITION, INDEX = "_batch_id", "_file", "_position", "_index"
NULLS_LAST = " nulls last"


def address_of(rows: DataFrame) -> tuple[str, ...]:
    """The columns that tell where a row came from: batch, file, record, and its number in the record if it has one."""
    return tuple(name for name in (BATCH, FILE, POSITION, INDEX) if name in rows.columns)


def losers_within(rows: DataFrame, key: Sequence[str], winner_order: Sequence[str]) -> DataFrame:
    """Addresses of all rows but the first of each key.

    Args:
        rows: refined rows with their address; no key column is null.
        key: the columns that identify a row.
        winner_order: columns that rank rows of one batch, ascending, `nulls last` where said; the earlier batch comes
            before all of them, the rest of the address after them, so the order is total.
    """
    order = [name.removesuffix(NULLS_LAST) for name in winner_order]
    narrow = rows.select(_hash(key), *dict.fromkeys([*key, *order, *address_of(rows)]))
    repeated = narrow.groupBy("_hash").count().where("count > 1").select("_hash")
    suspects = narrow.join(F.broadcast(repeated), "_hash", "left_semi")
    ranking = [_ascending(name) for name in dict.fromkeys((BATCH, *winner_order, *address_of(rows)))]
    ranked = suspects.withColumn("_rank", F.row_number().over(Window.partitionBy(*key).orderBy(*ranking)))
    return ranked.where("_rank > 1").select(*address_of(rows))


def losers_against(rows: DataFrame, published: DataFrame, key: Sequence[str]) -> DataFrame:
    """Addresses of the rows whose key is published already.

    Args:
        rows: refined rows with their address.
        published: rows that a reader can see already; only the key is read.
        key: the columns that identify a row.
    """
    return rows.join(published.select(*key).distinct(), list(key), "left_semi").select(*address_of(rows))


def without(rows: DataFrame, losers: DataFrame) -> DataFrame:
    """The rows whose address is not among the losers."""
    return rows.join(F.broadcast(losers), list(address_of(losers)), "left_anti")


def _hash(key: Sequence[str]) -> Column:
    return F.xxhash64(*key).alias("_hash")


def _ascending(name: str) -> Column:
    if name.endswith(NULLS_LAST):
        return F.asc_nulls_last(name.removesuffix(NULLS_LAST))
    return F.asc(name)
