"""A file delivered again with other content: its older rows go, and keys that only another delivery holds come back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from adlake.census import SLICE, slice_name
from adlake.contracts import Table
from adlake.datafile import DataFile
from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.tables import read_files

Delivery = tuple[str, str]
"""Batch id and path."""


@dataclass(frozen=True)
class Redelivery:
    """What one batch of one table means for deliveries before and after it.

    Attributes:
        replaced: earlier deliveries of paths that this batch delivers again.
        overtaken: paths of this batch that a later batch, already published, has delivered again.
    """

    replaced: tuple[Delivery, ...]
    overtaken: tuple[str, ...]

    def is_replaced(self) -> Column:
        """Whether a silver row stems from a replaced delivery."""
        return among(self.replaced)


@dataclass(frozen=True)
class Rewrite:
    """Committed files that hold replaced rows, and what of them stays.

    Attributes:
        files: the files.
        rows: their rows without the replaced ones.
        replaced: the replaced rows.
        superseded: replaced rows.
        slices: slices that lose rows.
    """

    files: tuple[DataFile, ...]
    rows: DataFrame
    replaced: DataFrame
    superseded: int
    slices: tuple[str, ...]


def redelivery_of(ledger: Ledger, batch_id: str, table: Table, step: str) -> Redelivery:
    """What the batch replaces, and what of it was replaced before it came to be published."""
    published = {
        record.batch_id for record in ledger.accounts() if (record.step, record.table) == (step, table.qualified)
    }
    deliveries = [delivery for name in table.made_from for delivery in _deliveries(ledger, name.partition(".")[2])]
    own = {path for batch, path in deliveries if batch == batch_id}
    replaced = tuple(sorted((batch, path) for batch, path in deliveries if path in own and batch < batch_id))
    overtaken = {path for batch, path in deliveries if path in own and batch > batch_id and batch in published}
    return Redelivery(replaced, tuple(sorted(overtaken)))


def outdated_deliveries(ledger: Ledger, name: str, unseen: Collection[str] = ()) -> tuple[Delivery, ...]:
    """Every delivery of the table that a later one of the same path replaces.

    Args:
        ledger: that knows the deliveries.
        name: of the bronze table, without its layer.
        unseen: batches that replace nothing, as no reader sees them.
    """
    newest: dict[str, str] = {}
    for batch, path in _deliveries(ledger, name):
        if batch not in unseen:
            newest[path] = max(batch, newest.get(path, ""))
    return tuple(sorted((batch, path) for batch, path in _deliveries(ledger, name) if batch < newest.get(path, "")))


def is_delivered_again(ledger: Ledger, batch_id: str, table: Table) -> bool:
    """Whether later batches deliver every file of the batch again, so that nothing has to wait for its rows."""
    deliveries = [delivery for name in table.made_from for delivery in _deliveries(ledger, name.partition(".")[2])]
    own = {path for batch, path in deliveries if batch == batch_id}
    return own <= {path for batch, path in deliveries if batch > batch_id}


def among(deliveries: Sequence[Delivery]) -> Column:
    """Whether a row, by `_batch_id` and `_file`, stems from one of the deliveries."""
    found = F.lit(False)
    for batch_id in sorted({batch for batch, _ in deliveries}):
        paths = [path for batch, path in deliveries if batch == batch_id]
        found = found | ((F.col("_batch_id") == batch_id) & F.col("_file").isin(paths))
    return found


def rewrite_without(spark: SparkSession, lake: Lake, table: Table, redelivery: Redelivery) -> Rewrite | None:
    """The files of the table that hold replaced rows, with what stays of them; None when there are none."""
    if not redelivery.replaced:
        return None
    batches = {batch for batch, _ in redelivery.replaced}
    near = [file for file in lake.files(table) if any(file.may_hold("_batch_id", batch, batch) for batch in batches)]
    if not near:
        return None
    replaced = read_files(spark, lake, table, near).where(redelivery.is_replaced())
    found = replaced.select(F.col("_metadata.file_path").alias("path"), slice_name(table))
    counts = found.groupBy("path", SLICE).count().collect()
    if not counts:
        return None
    # the log names files by relative path, Spark by encoded address: the bare name is the same, and unique
    hit = {row["path"].rsplit("/", 1)[-1] for row in counts}
    files = tuple(file for file in near if file.path.rsplit("/", 1)[-1] in hit)
    staying = read_files(spark, lake, table, files).where(~redelivery.is_replaced())
    return Rewrite(
        files, staying, replaced, sum(row["count"] for row in counts), tuple(sorted({row[SLICE] for row in counts}))
    )


def _deliveries(ledger: Ledger, name: str) -> list[Delivery]:
    return [(batch, file.path) for batch, files in ledger.claims().items() for file in files if file.table == name]
