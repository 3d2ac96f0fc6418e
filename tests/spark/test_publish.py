"""The seam to Delta's JVM classes, on the pinned version: written first, judged unseen, committed once."""

import dataclasses
import json
from functools import cached_property
from importlib.metadata import version

import pytest
from deltalake import DeltaTable
from pyspark.sql import functions as F

from adlake.contracts import Column, Slice, Table
from adlake.errors import ContractError, LockError, PublishError
from adlake.lake import Lake
from adlake.lock import LOCK_PATH, WriterLock
from adlake.publish import commit, write_candidate
from adlake.redelivery import Redelivery, rewrite_without
from adlake.tables import read_files, read_table
from tests.conftest import make_config
from tests.spark.rows import assert_same, at, rows

SALES = Table(
    layer="gold",
    name="sales",
    version="1.0.0",
    grain="one sale",
    columns=(
        Column("id", "string", "Id.", required=True),
        Column("day", "date", "Day.", required=True),
        Column("micros", "bigint", "Price."),
        Column("_batch_id", "string", "Batch."),
        Column("_file", "string", "File."),
    ),
    key=("id",),
    partition_by=("day",),
    slice=Slice("day", "day"),
    properties={"delta.dataSkippingStatsColumns": "id,_batch_id", "delta.enableDeletionVectors": "false"},
)
GAINED = dataclasses.replace(
    SALES, version="1.1.0", columns=(*SALES.columns, Column("tags", "map<string,bigint>", "Tags."))
)
MONDAY, TUESDAY = at("2026-11-02").date(), at("2026-11-03").date()
A, B, C = ({"id": name, "day": day, "micros": 1} for name, day in (("a", MONDAY), ("b", MONDAY), ("c", TUESDAY)))


def in_order(read, contract=SALES):
    """Parquet files give the columns of folders last; here they are put where the contract has them."""
    assert len(read.columns) == len(contract.columns)
    return read.select(*contract.column_names)


@pytest.fixture
def lake(config):
    """A lake without tables."""
    return Lake(config)


@pytest.fixture
def lock(lake):
    """The right to write to the lake."""
    with WriterLock(lake.storage, "test") as lock:
        yield lock


@pytest.fixture
def shop(spark, lake, lock):
    """Writes and commits sales of a contract."""

    class Shop:
        def write(self, *values, contract=SALES, replaces=()):
            # one task, so that there is one file per day
            frame = rows(spark, contract, *values).coalesce(1) if values else None
            return write_candidate(spark, lake, contract, frame, replaces=replaces)

        def commit(self, candidate, markers=None, **meta):
            return commit(spark, lake, lock, candidate, markers=markers or {}, meta=meta)

        def publish(self, *values, contract=SALES, replaces=(), markers=None, **meta):
            return self.commit(self.write(*values, contract=contract, replaces=replaces), markers, **meta)

        def holds(self, *values, contract=SALES):
            """The table holds these rows, by our own reader and by Delta's."""
            expected = rows(spark, contract, *values)
            for read in (read_table(spark, lake, contract), spark.read.format("delta").load(lake.uri(contract))):
                assert_same(in_order(read, contract), expected)

    return Shop()


def data_files(lake):
    folder = lake.storage.root + "/gold/sales"
    return sorted(entry.path for entry in lake.storage.entries("gold/sales") if entry.path.endswith(".parquet")), folder


def test_the_seam_is_tried_on_the_pinned_versions():
    assert (version("pyspark"), version("delta-spark")) == ("4.1.1", "4.2.0")


def test_readers_see_nothing_before_the_commit_and_all_of_it_after(spark, lake, shop):
    first = shop.write(A, B, C)
    files, _ = data_files(lake)
    assert len(files) == len(first.files) == 2
    assert {path.removeprefix("gold/sales/") for path in files} == set(first.files)
    assert {path.split("/")[0] for path in first.files} == {"day=2026-11-02", "day=2026-11-03"}
    assert (first.rows, first.removed_rows) == (3, 0)
    assert_same(in_order(first.frame(spark)), rows(spark, SALES, A, B, C))
    assert (lake.version(SALES), lake.delta(SALES), lake.files(SALES)) == (-1, None, [])
    assert read_table(spark, lake, SALES).count() == 0

    assert shop.commit(first) == 0
    shop.holds(A, B, C)

    second = shop.write({"id": "d", "day": MONDAY})
    shop.holds(A, B, C)
    assert lake.version(SALES) == 0
    assert_same(in_order(second.frame(spark)), rows(spark, SALES, {"id": "d", "day": MONDAY}))
    assert shop.commit(second) == 1
    shop.holds(A, B, C, {"id": "d", "day": MONDAY})


def test_the_first_commit_makes_the_table_as_its_contract_says(lake, shop):
    shop.publish(A | {"_batch_id": "b1", "_file": "f"})
    delta = DeltaTable(lake.storage.uri("gold/sales"))
    metadata, protocol = delta.metadata(), delta.protocol()
    assert metadata.description == "one sale"
    assert metadata.partition_columns == ["day"]
    assert metadata.configuration == dict(SALES.properties)
    assert [(field.name, field.type.type, field.nullable) for field in delta.schema().fields] == [
        ("id", "string", True),
        ("day", "date", True),
        ("micros", "long", True),
        ("_batch_id", "string", True),
        ("_file", "string", True),
    ]
    assert meanings(delta) == {"id": "Id.", "day": "Day.", "micros": "Price.", "_batch_id": "Batch.", "_file": "File."}
    # what Athena, Trino, DuckDB and delta-rs read
    assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2)
    (file,) = lake.files(SALES)
    assert (file.rows, file.partition) == (1, {"day": MONDAY})
    # statistics are kept of the named columns only
    assert file.lowest == file.highest == {"id": "a", "_batch_id": "b1"}


def test_markers_and_what_the_commit_says_of_itself_are_in_the_log(lake, shop):
    meta = {"step": "build_gold", "batch": "b1", "account": {"read": 3, "quarantined": {"ü": 1}}, "slices": None}
    shop.publish(A, markers={"build_gold/gold.sales/b1": 1, "build_gold/gold.sales/silver.x": 7}, **meta)
    shop.publish(B, markers={"build_gold/gold.sales/silver.x": 9})
    assert lake.marker(SALES, "build_gold/gold.sales/b1") == 1
    assert lake.marker(SALES, "build_gold/gold.sales/silver.x") == 9
    assert lake.marker(SALES, "build_gold/gold.sales/b2") is None
    newest, oldest = lake.delta(SALES).history()
    assert json.loads(oldest["userMetadata"]) == meta
    assert (oldest["operation"], oldest["operationParameters"]["mode"]) == ("WRITE", "Append")
    assert (oldest["operationMetrics"]["numOutputRows"], newest["operationMetrics"]["numFiles"]) == ("1", "1")
    assert [(entry.version, entry.meta) for entry in lake.commits(SALES, -1)] == [(0, meta), (1, {})]


def test_a_commit_may_take_files_out_and_only_those(lake, shop):
    shop.publish(A, C)
    shop.publish(B)
    (tuesday,) = [file for file in lake.files(SALES) if file.partition["day"] == TUESDAY]
    replacing = shop.write({"id": "c", "day": TUESDAY, "micros": 2}, replaces=[tuesday])
    assert (replacing.rows, replacing.removed_rows) == (1, 1)
    shop.commit(replacing)
    shop.holds(A, B, {"id": "c", "day": TUESDAY, "micros": 2})
    assert lake.delta(SALES).history(1)[0]["operationParameters"]["mode"] == "Overwrite"

    removing = shop.write(replaces=[file for file in lake.files(SALES) if file.partition["day"] == MONDAY])
    assert (removing.rows, removing.removed_rows, removing.files) == (0, 2, ())
    shop.commit(removing)
    shop.holds({"id": "c", "day": TUESDAY, "micros": 2})


def test_a_commit_without_rows_still_leaves_its_markers(spark, lake, shop):
    empty = write_candidate(spark, lake, SALES, rows(spark, SALES))
    assert (empty.rows, empty.files) == (0, ())
    assert_same(empty.frame(spark), rows(spark, SALES))
    assert shop.commit(empty, {"x": 1}) == 0
    assert shop.commit(shop.write(), {"y": 1}) == 1
    assert (lake.marker(SALES, "x"), lake.marker(SALES, "y")) == (1, 1)
    shop.holds()


def test_a_column_that_the_contract_has_gained_is_null_in_old_rows(lake, shop):
    shop.publish(A)
    shop.publish({"id": "d", "day": MONDAY, "tags": {"x": 1}}, contract=GAINED)
    shop.holds(A, {"id": "d", "day": MONDAY, "tags": {"x": 1}}, contract=GAINED)
    metadata = lake.delta(GAINED).metadata()
    assert (metadata.partition_columns, metadata.configuration) == (["day"], dict(SALES.properties))
    assert meanings(lake.delta(GAINED)) == {column.name: column.meaning for column in GAINED.columns}
    # the table did not become another one
    assert len({entry["metaData"]["id"] for entry in log_of(lake) if "metaData" in entry}) == 1


def meanings(delta):
    """What whoever asks the table is told of its columns."""
    return {field.name: field.metadata["comment"] for field in delta.schema().fields}


def log_of(lake):
    names = sorted(e.path for e in lake.storage.entries("gold/sales/_delta_log") if e.path.endswith(".json"))
    return [json.loads(line) for name in names for line in lake.storage.read(name)[0].decode().splitlines()]


def test_a_whole_replacement_leaves_nothing_of_before(lake, shop):
    shop.publish(A, C)
    shop.publish(B)
    whole = shop.write(B, contract=GAINED, replaces=None)
    assert (whole.rows, whole.removed_rows) == (1, 3)
    shop.holds(A, B, C)
    shop.commit(whole)
    shop.holds(B, contract=GAINED)
    assert lake.version(SALES) == 2


@pytest.mark.parametrize(
    "columns",
    [
        (*SALES.columns[:2], Column("micros", "string", "Price in words."), *SALES.columns[3:]),
        (*SALES.columns[:2], *SALES.columns[3:]),
    ],
    ids=["another type", "a column less"],
)
def test_a_changed_contract_is_refused_until_the_table_is_replaced_whole(spark, lake, shop, columns):
    changed = dataclasses.replace(SALES, version="2.0.0", columns=columns)
    shop.publish(A)
    with pytest.raises(ContractError) as caught:
        read_table(spark, lake, changed)
    assert (caught.value.condition, caught.value.where) == ("TABLE_NEEDS_REBUILD", "gold.sales")
    shop.publish({"id": "b", "day": MONDAY}, contract=changed, replaces=None)
    shop.holds({"id": "b", "day": MONDAY}, contract=changed)


def test_files_are_read_as_they_are_chosen(spark, lake, shop):
    shop.publish(A, C)
    kept = read_table(spark, lake, SALES, lambda file: file.partition["day"] == TUESDAY)
    assert_same(in_order(kept), rows(spark, SALES, C))
    assert_same(read_files(spark, lake, SALES, []), rows(spark, SALES))
    assert_same(read_table(spark, lake, SALES, lambda _: False), rows(spark, SALES))


def test_a_lake_may_lie_in_a_folder_of_any_name(spark, tmp_path):
    lake = Lake(make_config(tmp_path / "my [1] {a,b} *?+ü"))
    with WriterLock(lake.storage, "test") as lock:
        candidate = write_candidate(spark, lake, SALES, rows(spark, SALES, A, C))
        assert_same(in_order(candidate.frame(spark)), rows(spark, SALES, A, C))
        commit(spark, lake, lock, candidate, markers={"m": 1}, meta={})
    assert_same(in_order(read_table(spark, lake, SALES)), rows(spark, SALES, A, C))


def test_a_frame_that_does_not_fit_is_refused_before_anything_is_written(spark, lake, shop):
    with pytest.raises(ContractError, match="MISTYPED_COLUMN"):
        write_candidate(spark, lake, SALES, rows(spark, SALES, A).withColumn("micros", F.lit("1")))
    assert data_files(lake)[0] == []


def test_a_write_that_fails_leaves_the_table_as_it_was(lake, shop):
    shop.publish(C)
    # a file stands where the folder of Monday would be made, and tasks of Tuesday may have written already
    lake.storage.write("gold/sales/day=2026-11-02", b"")
    with pytest.raises(PublishError) as caught:
        shop.write(C, A, B)
    error = caught.value
    assert (error.condition, error.where) == ("WRITE_FAILED", "gold.sales")
    assert "day=2026-11-02" in error.found
    assert "\n" not in error.found
    shop.holds(C)
    assert lake.version(SALES) == 0
    lake.storage.delete("gold/sales/day=2026-11-02")
    assert shop.publish(A) == 1
    shop.holds(A, C)


def test_a_write_that_fails_over_a_value_does_not_tell_the_value(spark, lake):
    failing = rows(spark, SALES, A | {"id": "max@example.org"}).withColumn("micros", F.col("id").cast("bigint"))
    with pytest.raises(PublishError) as caught:
        write_candidate(spark, lake, SALES, failing)
    assert caught.value.condition == "WRITE_FAILED"
    assert "max@example.org" not in str(caught.value)


def test_a_commit_over_files_that_are_gone_is_refused(lake, shop):
    shop.publish(A)
    ours = shop.write(B, replaces=lake.files(SALES))
    shop.publish(C, replaces=lake.files(SALES))
    with pytest.raises(PublishError) as caught:
        shop.commit(ours)
    assert (caught.value.condition, caught.value.where) == ("COMMIT_FAILED", "gold.sales")
    shop.holds(C)


def test_without_the_lock_nothing_is_committed(lake, shop):
    shop.publish(A)
    candidate = shop.write(B)
    lake.storage.write(LOCK_PATH, b'{"owner": "another run"}')
    with pytest.raises(LockError) as caught:
        shop.commit(candidate)
    assert caught.value.condition == "LOCK_LOST"
    shop.holds(A)


class Overwritten(Lake):
    """A lake in which another writer's log entry stands by the time that a commit is confirmed."""

    @cached_property
    def storage(self):
        return OverwrittenStorage(super().storage)


class OverwrittenStorage:
    def __init__(self, storage):
        self._storage = storage

    def __getattr__(self, name):
        return getattr(self._storage, name)

    def read(self, path):
        theirs = {"txn": {"appId": "theirs", "version": 1}}
        return None if path.endswith("1.json") else (json.dumps(theirs).encode(), "")


def test_a_commit_whose_log_entry_is_not_ours_is_lost_and_says_so(spark, config, lake, lock, shop):
    for number in (0, 1):  # no entry at all, then theirs
        candidate = shop.write(A)
        with pytest.raises(PublishError) as caught:
            commit(spark, Overwritten(config), lock, candidate, markers={"ours": 1}, meta={})
        error = caught.value
        assert (error.condition, error.where) == ("COMMIT_LOST", f"gold.sales version {number}")


def test_rows_of_a_replaced_delivery_are_parted_from_those_that_stay(spark, lake, shop):
    old, other = {"_batch_id": "b1", "_file": "x"}, {"_batch_id": "b1", "_file": "y"}
    new = {"_batch_id": "b2", "_file": "x"}
    shop.publish(A | old, B | other, C | other)
    shop.publish({"id": "d", "day": TUESDAY} | old)
    shop.publish({"id": "e", "day": MONDAY} | new)
    rewrite = rewrite_without(spark, lake, SALES, Redelivery((("b1", "x"), ("b0", "y")), ()))
    assert (rewrite.superseded, rewrite.slices) == (2, ("2026-11-02", "2026-11-03"))
    assert_same(in_order(rewrite.replaced), rows(spark, SALES, A | old, {"id": "d", "day": TUESDAY} | old))
    # only files with a replaced row are written again
    assert_same(in_order(rewrite.rows), rows(spark, SALES, B | other))
    assert sorted(file.rows for file in rewrite.files) == [1, 2]
    assert rewrite_without(spark, lake, SALES, Redelivery((), ())) is None
    assert rewrite_without(spark, lake, SALES, Redelivery((("b2", "y"),), ())) is None
