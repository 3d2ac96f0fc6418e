"""Landing files under Spark: one task each, and for every record the file and the place in it."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from adlake.sources.source import LandedFile

# Spark numbers rows as (partition << 33) + row, so with one file per partition the low bits are the place in the file.
ROW_BITS = (1 << 33) - 1
LEAST_BYTES_PER_TASK = 128 * 1024 * 1024
PLAIN_PATH = re.compile(r"[A-Za-z0-9_./=:@,-]*")
RECORD_TYPE, FILE, POSITION = "_record_type", "_file", "_position"


@contextmanager
def one_file_per_task(spark: SparkSession, files: Sequence[LandedFile]) -> Iterator[None]:
    """A session that reads each landing file in a task of its own, never packed with others and never split."""
    names = ("spark.sql.files.maxPartitionBytes", "spark.sql.files.openCostInBytes")
    before = {name: spark.conf.get(name) for name in names}
    # opening a file costs as much as a task may read; less would cut what is written meanwhile into slivers when it
    # is read back
    size = str(max([LEAST_BYTES_PER_TASK, *(file.size_bytes + 1 for file in files)]))
    for name in names:
        spark.conf.set(name, size)
    try:
        yield
    finally:
        for name, value in before.items():
            spark.conf.set(name, value)  # type: ignore[arg-type]


def position() -> Column:
    """The number of the record in its file, from 1; read in a task of its own, and asked before rows are dropped."""
    return F.monotonically_increasing_id().bitwiseAND(F.lit(ROW_BITS)) + 1


def record_type(path: Column, files: Sequence[LandedFile]) -> Column:
    """The record type of the file; one where a source has one, else what its name begins with."""
    types = {file.record_type for file in files}
    if len(types) == 1:
        return F.lit(types.pop())
    return F.substring_index(F.substring_index(path, "/", -1), "_", 1)


def relative_path(root: str, files: Sequence[LandedFile]) -> Column:
    """The file's path below the landing zone; Spark gives it percent-encoded, which costs only where it matters.

    `_metadata.file_path` would say the same and have every row copied once more, which doubles the cost of a scan.
    """
    uri = F.input_file_name()
    # written out as a URI, with the empty host that Hadoop leaves away
    root = re.sub("^file:/", "file:///", root)
    if all(PLAIN_PATH.fullmatch(f"{root}/{file.path}") for file in files):
        return F.substring(uri, len(root) + 2, 10_000)
    decoded = F.url_decode(F.replace(uri, F.lit("+"), F.lit("%2B")))
    return F.substring(decoded, len(root) + 2, 10_000)
