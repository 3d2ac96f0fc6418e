"""Frames made from contracts, and compared whole."""

import hashlib
import hmac
import json
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pyarrow as pa
from chispa import DataFramesNotEqualError, assert_df_equality
from chispa.schema_comparer import assert_schema_equality
from pyspark.sql import functions as F
from pyspark.sql import types as T
from pyspark.sql.pandas.types import to_arrow_schema

from adlake import slices
from adlake.config import Config
from adlake.consent import policy_of
from adlake.contracts import Table, table
from adlake.frames import conform, struct_type
from adlake.identity import identity_key
from adlake.lake import Lake
from adlake.landing import inspect
from adlake.parting import Parter, Parting, parted
from adlake.refined import REFINEMENTS
from adlake.sources import sources_of
from adlake.sources.files import one_file_per_task
from adlake.sources.source import LandedFile
from tests.conftest import SECRET
from tests.delivered import write

BATCH = "20261102T070000000000Z"
BY_DEFAULT = Config.model_validate(
    {
        "lake": "/lake",
        "landing": "/landing",
        "tenant": "test",
        "network_time_zone": "Europe/Berlin",
        "identity": {"key_file": "/key"},
    }
)

# what consent allows of an event that says nothing
SILENT = dict.fromkeys(("may_store", "may_personalise_ads", "may_profile", "may_measure"), False) | {
    "may_share": [],
    "consent_basis": "no_signal",
    "consent_rests_on": "no_signal",
    "consent_policy_version": policy_of(BY_DEFAULT.consent).version,
}


def at(text):
    """A moment in UTC, written as `2026-11-02 06:30:00.25`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def key_of(kind, identifier, secret=SECRET, version="k1"):
    """The key of an identifier by Python's own HMAC."""
    message = f"{kind}:{identifier}".encode()
    return f"{version}:{hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()}"


def frame(spark, schema, values):
    """A frame of dictionaries; a column that one lacks is null, a name that the schema lacks is a mistake."""
    if isinstance(schema, str):
        schema = T.StructType.fromDDL(schema)
    unknown = {name for value in values for name in value} - set(schema.names)
    assert not unknown, unknown
    # Arrow makes a local relation: neither a Python worker nor a Spark job is needed to read it
    return spark.createDataFrame(pa.Table.from_pylist(values, to_arrow_schema(schema)), schema)


def rows(spark, contract, *values, **same):
    """A frame that follows the contract (a `Table`, or the name of one); `same` holds what all rows share."""
    kind = contract if isinstance(contract, Table) else table(contract)
    return frame(spark, struct_type(kind), [same | value for value in values])


def assert_same(actual, expected):
    """Whole frames are equal: names and types first, then all rows, in any order.

    Leniencies: nullability, of which contracts say nothing; what a table says of its columns; times are compared as
    text in UTC, because collected ones come in the zone of the machine, where a clock change makes two hours equal;
    maps as sorted entries.
    """
    assert_schema_equality(actual.schema, expected.schema, ignore_nullable=True, ignore_metadata=True)
    plain = _plain(actual), _plain(expected)
    try:
        assert_df_equality(*plain, ignore_row_order=True, ignore_nullable=True, ignore_metadata=True)
    except DataFramesNotEqualError:
        # chispa prints all columns of all rows, which nobody can read of a wide table
        raise AssertionError(_difference(*plain)) from None


def prepared(mart, frames, config):
    """The frames with those that the mart prepares of them."""
    return {**frames, **mart.prepare(frames, config)}


def assert_proven(mart, frames, config, expected):
    """The proofs of a mart add up to the same from silver as the expected rows do, and there is no other proof."""
    counted = Counter()
    for row in slices.amounts(mart, frames, config).collect():
        counted.update(row["sums"])
    assert counted == {measure: sum(_summed(row[measure]) for row in expected) for measure in counted}
    assert set(counted) == mart.proved(config)


def _summed(value):
    """What a measure adds to a sum: a map all its values, a null nothing."""
    return sum(value.values()) if isinstance(value, dict) else value or 0


def _difference(actual, expected):
    """The rows that one frame has beyond the other, without the columns that are null in all of them."""
    lines = []
    for what, more in (("found", actual.exceptAll(expected)), ("wanted", expected.exceptAll(actual))):
        told = [{name: value for name, value in row.asDict().items() if value is not None} for row in more.collect()]
        lines += [f"{what}: {row}" for row in sorted(told, key=str)]
    return "\n" + "\n".join(lines)


def _plain(rows):
    ways = {T.TimestampType: lambda column: column.cast("string"), T.MapType: _entries}
    named = [(field.name, ways.get(type(field.dataType), lambda column: column)) for field in rows.schema.fields]
    # in one partition sorting needs no shuffle
    return rows.select(*[way(F.col(name)).alias(name) for name, way in named]).coalesce(1)


def _entries(column):
    return F.array_sort(F.map_entries(column))


def read_landed(spark, config, source, name, *paths):
    """Bronze rows of files in the landing zone, read as a run reads them: inspected first, then by Spark."""
    lake, kind = Lake(config), sources_of(config)[source]
    files = []
    for path in paths:
        record_type = kind.record_type_of(path.removeprefix(f"{source}/"))
        found = inspect(lake.landing, path, partial(kind.layout_of, record_type), kind.framing)
        size_bytes = lake.landing.entry(path).size_bytes
        files.append(LandedFile(path, record_type, found.records, found.layout, size_bytes))
    with one_file_per_task(spark, files):
        # the settings count when the scan is planned, so the rows are fetched before they are reset
        return kind.read(spark, table(f"bronze.{name}"), lake.landing.spark_uri(), files).localCheckpoint()


def refined_auctions(spark, config, name, *records):
    """What becomes of records of Prebid Server in a silver table, and the rows of it that are accepted.

    The records lie in one file, and all of them can be read. They become as many as their bronze rows announce.
    """
    path = "prebid/a.json"
    write(Path(config.landing) / path, "\n".join(map(json.dumps, records)))
    found = read_landed(spark, config, "prebid", "prebid_auctions", path)
    assert found.where("_refusal is not null").select("_position", "_refusal").collect() == []
    taken_at = F.lit("2026-11-02").cast("timestamp")
    provenance = {"_batch_id": F.lit(BATCH), "_ingested_at_utc": taken_at}
    bronze = conform(found.drop("_malformed", "_refusal").withColumns(provenance), table("bronze.prebid_auctions"))
    refinement = REFINEMENTS[name]
    refined = refinement.records(bronze, config)
    announced = bronze.agg(F.sum(refinement.announced()).alias("records")).collect()[0]["records"]
    parting = part(bronze, table(name), identity_key(spark, SECRET.encode(), "k1"), config)
    accepted = conform(parting.accepted, table(name)).localCheckpoint()
    not_accepted = sum(parting.refused_by_file.values()) + sum(parting.filtered.values())
    assert announced == refined.count() == accepted.count() + not_accepted
    return parting, accepted


def part(bronze, contract, identity, config=BY_DEFAULT) -> Parting:
    """The records of bronze rows parted by form rules and filters: rules of suites are tried on values of their own."""
    refinement = REFINEMENTS[contract.qualified]
    records = refinement.records(bronze, config)
    parter = Parter(contract, refinement, (), identity, policy_of(config.consent), "build_silver")
    return parted(parter, records, records.count())
