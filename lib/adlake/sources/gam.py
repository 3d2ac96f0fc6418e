"""Google Ad Manager Data Transfer: hourly event files, their backfill twins, and the LineItem match table.

Facts of the format: support.google.com/admanager/answer/1733124 and /table/7401123. Three clocks: the file name has
the US Pacific hour, `Time` the network's zone; only `TimeUsec2` (query) and `EventTimeUsec2` (event) are UTC, and only
they are used. A total is Network plus Backfill, a union of rows, never a join.
"""

import re
from collections.abc import Sequence
from datetime import date
from functools import partial

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from adlake.contracts import Table
from adlake.errors import SourceError
from adlake.identity import IdentityKey
from adlake.landing import Layout
from adlake.sources import urls
from adlake.sources.delimited import read_records
from adlake.sources.source import Check, LandedFile, Refinement, Source, no_identifiers

DELIMITERS = (",", "^")
FILE_NAME = re.compile(r"(?P<type>[A-Za-z]+)_\d+_(?P<day>\d{8})(?:_(?P<hour>\d{2}))?(?:\.csv)?(?:\.gz)?$")
EVENT_TABLES = {
    "Requests": "gam_requests",
    "Impressions": "gam_impressions",
    "Clicks": "gam_clicks",
    "ActiveViews": "gam_active_views",
}
LINE_ITEM = "LineItem"
RECORD_TYPES = {
    **{prefix + kind: table for prefix in ("Network", "NetworkBackfill") for kind, table in EVENT_TABLES.items()},
    LINE_ITEM: "gam_line_items",
}
QUERY_COLUMNS = frozenset({"TimeUsec2", "KeyPart"})
EVENT_COLUMNS = QUERY_COLUMNS | {"EventTimeUsec2", "EventKeyPart"}
LINE_ITEM_COLUMNS = frozenset({"ID", "CostType", "CostPerUnitInNetworkCurrency"})
# 2005-01-01 and 2100-01-01 UTC: a time outside is a broken counter, not an event
EARLIEST_USEC, LATEST_USEC = 1_104_537_600_000_000, 4_102_444_800_000_000
MICROS = 1_000_000


def record_type_of(path: str) -> str | None:
    """The Data Transfer type that the file name states, or None for a name that states none."""
    match = FILE_NAME.match(path.rsplit("/", 1)[-1])
    if not match or match["type"] not in RECORD_TYPES:
        return None
    try:
        date.fromisoformat(match["day"])
    except ValueError:
        return None
    return match["type"]


def layout_of(record_type: str, first_line: str) -> Layout:
    """Delimiter and column order, read from the header.

    Raises:
        SourceError: under neither delimiter the header holds the columns that the type cannot do without.
    """
    if record_type == LINE_ITEM:
        required = LINE_ITEM_COLUMNS
    else:
        required = QUERY_COLUMNS if record_type.endswith("Requests") else EVENT_COLUMNS
    for delimiter in DELIMITERS:
        columns = tuple(name.strip().strip('"') for name in first_line.split(delimiter))
        if required <= set(columns) and len(set(columns)) == len(columns):
            return Layout(delimiter, columns, has_header=True)
    raise SourceError(
        "HEADER_UNKNOWN",
        f"the first line is no {record_type} header",
        found=f"{len(first_line)} characters",
        wanted=f"the columns {', '.join(sorted(required))}, cut by one of {' '.join(DELIMITERS)}, no name twice",
        way_out="The file is set aside; deliver it again with its header and it is tried again.",
    )


def read(spark: SparkSession, table: Table, root: str, files: Sequence[LandedFile]) -> DataFrame:
    """Bronze rows of the files, the source's own columns by name."""
    return read_records(spark, table, root, files, quote='"')


def _time_rules(columns: Sequence[str], names: Sequence[str]) -> list[Check]:
    def invalid(column: str) -> Column:
        time = F.col(column)
        return time.isNull() | (time < EARLIEST_USEC) | (time >= LATEST_USEC)

    return [Check(name, partial(invalid, column)) for name, column in zip(names, columns, strict=True)]


def _blank(*columns: str) -> Column:
    blank = F.lit(False)
    for column in columns:
        blank = blank | F.col(column).isNull() | (F.trim(column) == "")
    return blank


def _is_backfill() -> Column:
    return F.col("_record_type").startswith("NetworkBackfill")


def _no_line_item() -> Column:
    return F.col("LineItemId").isNull() | F.col("LineItemId").isin("", "0")


def _id(column: str) -> Column:
    """An id as text; `0` and nothing both mean that there is none (a zero is GAM's way to say not applicable)."""
    return F.when(~F.col(column).isin("", "0"), F.col(column))


def _flag(column: str) -> Column:
    """Y/N, true/false and 1/0 occur side by side in one file."""
    lowered = F.lower(column)
    return (
        F.when(lowered.isin("true", "y", "1"), F.lit(1)).when(lowered.isin("false", "n", "0"), F.lit(0)).cast("boolean")
    )


def _micros(column: str) -> Column:
    """Currency units to millionths, half up."""
    return F.round(F.col(column) * MICROS, 0).cast("bigint")


def _keys(identity: IdentityKey) -> tuple[Column, Column]:
    return identity.key("gam_user", F.col("UserId")), identity.key("ppid", F.col("PublisherProvidedID"))


def _identifiers(identity: IdentityKey) -> Column:
    return F.array_compact(F.array(*_keys(identity)))


def _event(rows: DataFrame, identity: IdentityKey, *, is_request: bool, **measures: Column) -> DataFrame:
    event_time = F.timestamp_micros("TimeUsec2" if is_request else "EventTimeUsec2")
    user_key, ppid_key = _keys(identity)
    address = F.col("RefererURL")
    event_key = [] if is_request else [F.col("EventKeyPart").alias("event_key_part")]
    return rows.select(
        F.col("KeyPart").alias("key_part"),
        F.timestamp_micros("TimeUsec2").alias("query_at_utc"),
        *event_key,
        event_time.alias("event_at_utc"),
        F.to_date(event_time).alias("event_date"),
        _is_backfill().alias("is_backfill"),
        F.col("Product").alias("product"),
        _id("AdUnitId").alias("ad_unit_id"),
        _id("LineItemId").alias("line_item_id"),
        _id("OrderId").alias("order_id"),
        _id("AdvertiserId").alias("advertiser_id"),
        _id("CreativeId").alias("creative_id"),
        _id("DealId").alias("deal_id"),
        _id("DealType").alias("deal_type"),
        F.coalesce("CreativeSizeDelivered", "CreativeSize").alias("creative_size"),
        urls.site(address).alias("site"),
        urls.page_url(address).alias("page_url"),
        urls.section(address).alias("section"),
        F.col("Country").alias("country"),
        F.col("Region").alias("region"),
        F.col("DeviceCategory").alias("device_category"),
        F.col("Browser").alias("browser"),
        F.col("OS").alias("os"),
        F.col("CustomTargeting").alias("custom_targeting"),
        user_key.alias("gam_user_id_key"),
        ppid_key.alias("ppid_id_key"),
        F.coalesce(ppid_key, user_key).alias("id_key"),
        *[measure.alias(name) for name, measure in measures.items()],
        "_batch_id",
        "_file",
        "_position",
    )


def requests(rows: DataFrame, identity: IdentityKey) -> DataFrame:
    """Ad requests, one per slot request; they live in the hour of the query."""
    return _event(rows, identity, is_request=True, is_filled=_flag("IsFilledRequest"))


def impressions(rows: DataFrame, identity: IdentityKey) -> DataFrame:
    """Impressions; `EstimatedBackfillRevenue` is in currency units per one impression, not CPM."""
    return _event(
        rows,
        identity,
        is_request=False,
        revenue_micros=F.when(_is_backfill(), _micros("EstimatedBackfillRevenue")),
        revenue_basis=F.when(_is_backfill(), F.lit("reported")),
        is_active_view_eligible=_flag("ActiveViewEligibleImpression"),
    )


def clicks(rows: DataFrame, identity: IdentityKey) -> DataFrame:
    """Clicks, in the hour of the click."""
    return _event(rows, identity, is_request=False)


def active_views(rows: DataFrame, identity: IdentityKey) -> DataFrame:
    """Active View measurements, in the hour of the measurement."""
    flags = {"is_measurable": _flag("MeasurableImpression"), "is_viewable": _flag("ViewableImpression")}
    return _event(rows, identity, is_request=False, **flags)


def line_items(rows: DataFrame, _: IdentityKey) -> DataFrame:
    """Line items as a dated snapshot; the date is the one in the file name, rates are micros of network currency."""
    day = F.regexp_extract("_file", r"_(\d{8})(?:_\d{2})?(?:\.csv)?(?:\.gz)?$", 1)
    return rows.select(
        F.to_date(day, "yyyyMMdd").alias("snapshot_date"),
        F.col("ID").alias("line_item_id"),
        F.col("Name").alias("name"),
        _id("OrderId").alias("order_id"),
        F.col("LineItemType").alias("line_item_type"),
        F.col("CostType").alias("cost_type"),
        _micros("CostPerUnitInNetworkCurrency").alias("cost_per_unit_micros"),
        "_batch_id",
        "_file",
        "_position",
    )


_QUERY_TIME = _time_rules(["TimeUsec2"], ["query_time_invalid"])
_EVENT_TIMES = [*_QUERY_TIME, *_time_rules(["EventTimeUsec2"], ["event_time_invalid"])]
_EVENT_KEY = Check("key_missing", partial(_blank, "KeyPart", "EventKeyPart"))
_UNFILLED = Check("unfilled_impression", lambda: ~_is_backfill() & _no_line_item())
_NO_REVENUE = Check("revenue_missing", lambda: _is_backfill() & F.col("EstimatedBackfillRevenue").isNull())
_NO_RATE = Check(
    "rate_invalid",
    lambda: F.col("CostPerUnitInNetworkCurrency").isNull() | (F.col("CostPerUnitInNetworkCurrency") < 0),
)
_NO_LINE_ITEM_ID = Check("line_item_id_missing", lambda: _blank("ID") | (F.col("ID") == "0"))

GAM = Source(
    name="gam",
    record_types=RECORD_TYPES,
    record_type_of=record_type_of,
    layout_of=layout_of,
    read=read,
    refinements={
        "silver.gam_requests": Refinement(
            [*_QUERY_TIME, Check("key_missing", partial(_blank, "KeyPart"))], [], requests, _identifiers
        ),
        "silver.gam_impressions": Refinement(
            [*_EVENT_TIMES, _EVENT_KEY, _NO_REVENUE], [_UNFILLED], impressions, _identifiers
        ),
        "silver.gam_clicks": Refinement([*_EVENT_TIMES, _EVENT_KEY], [], clicks, _identifiers),
        "silver.gam_active_views": Refinement([*_EVENT_TIMES, _EVENT_KEY], [], active_views, _identifiers),
        "silver.gam_line_items": Refinement([_NO_LINE_ITEM_ID, _NO_RATE], [], line_items, no_identifiers),
    },
)
