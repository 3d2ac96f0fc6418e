"""Prebid Server: what its file analytics adapter writes, one JSON object per request that the server took.

Names and kinds of records: analytics/filesystem of prebid-server 4 (`type` tells the endpoint; the rest are the fields
of its analytics objects); requests and responses in them are OpenRTB 2.5 or 2.6. The adapter's logger begins a line
with date, time and level and names its files by day; a stream such as Firehose delivers the objects bare, with or
without a newline between them.
"""

import re
from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from adlake.contracts import Table
from adlake.landing import Layout
from adlake.sources import openrtb
from adlake.sources.auction_rows import (
    AUCTIONS,
    announced_bidders,
    announced_impressions,
    auctions,
    bidders,
    bids,
    identifiers,
    impressions,
)
from adlake.sources.json_records import read_records
from adlake.sources.source import Check, LandedFile, Refinement, Source, is_out_of_time

RECORD_TYPE = "AnalyticsRecord"
# What the server's own logger names, what streams name (a date and a random end), and the usual suffixes.
FILE_NAME = re.compile(r".+(\.(json|jsonl|ndjson|log|txt)(-\d{8})?|-\d{4}(-\d\d){5}-[0-9a-f-]{36}|\.gz)(\.gz)?")
LOG_HEADER = r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d [A-Z]+ "
OTHERS = ("/cookie_sync", "/set_uid", "/event")


def record_type_of(path: str) -> str | None:
    """The one record type, for every name that the server, a stream or a person may give; None for other formats."""
    return RECORD_TYPE if FILE_NAME.fullmatch(path.rsplit("/", 1)[-1]) else None


def layout_of(_: str, __: str) -> Layout:
    """The one layout of the format: no columns, no header."""
    return Layout(None, (), has_header=False)


def read(spark: SparkSession, table: Table, root: str, files: Sequence[LandedFile]) -> DataFrame:
    """Bronze rows of the files."""
    return read_records(spark, table, root, files, header=LOG_HEADER)


def _is_blank(name: str) -> Column:
    return F.col(name).isNull() | (F.trim(name) == "")


def _is_no_time() -> Column:
    return F.col("event_at_utc").isNull() | is_out_of_time(F.col("event_at_utc"))


_ABOUT_RECORDS = [
    Check("record_kind_unknown", lambda: ~F.coalesce(F.col("type").isin(*AUCTIONS, *OTHERS), F.lit(False))),
    Check("auction_id_missing", lambda: F.col("is_auction") & _is_blank("auction_id")),
    Check("auction_time_invalid", lambda: F.col("is_auction") & _is_no_time()),
    Check("impression_missing", lambda: F.col("is_auction") & (F.col("impressions") < 1)),
]
_OF_AUCTIONS = [
    *_ABOUT_RECORDS,
    Check("impression_id_missing", lambda: F.col("is_auction") & F.col("imp").isNotNull() & _is_blank("imp.id")),
    Check("floor_invalid", lambda: openrtb.is_no_cpm(F.col("imp.bidfloor"))),
]
_OF_BIDS = [
    *_ABOUT_RECORDS,
    Check("impression_id_missing", lambda: F.col("is_auction") & F.col("is_offered").isNotNull() & _is_blank("imp_id")),
    Check("impression_unknown", lambda: F.col("is_auction") & ~F.col("is_offered")),
    Check("bidder_missing", lambda: F.col("is_auction") & F.col("own").isNotNull() & _is_blank("bidder")),
    Check("price_invalid", lambda: F.col("own.has_false_price")),
]
_FILTERS = [
    Check("not_an_auction", lambda: F.col("type").isin(*OTHERS)),
    Check("request_turned_down", lambda: F.col("is_turned_down")),
]

PREBID = Source(
    name="prebid",
    record_types={RECORD_TYPE: "prebid_auctions"},
    record_type_of=record_type_of,
    layout_of=layout_of,
    read=read,
    refinements={
        "silver.auctions": Refinement(
            _OF_AUCTIONS, _FILTERS, auctions, identifiers, impressions, announced_impressions
        ),
        "silver.bids": Refinement(
            _OF_BIDS,
            [
                *_FILTERS,
                Check("nobody_asked", lambda: F.col("bidder").isNull()),
                Check("test_auction", lambda: F.col("is_test")),
            ],
            bids,
            identifiers,
            bidders,
            announced_bidders,
        ),
    },
    framing="json",
)
