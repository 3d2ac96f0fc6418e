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

from adlake.config import Config
from adlake.contracts import Table
from adlake.identity import IdentityKey
from adlake.landing import Layout
from adlake.sources import openrtb, urls
from adlake.sources.json_records import read_records
from adlake.sources.source import Check, LandedFile, Refinement, Source, is_out_of_time

RECORD_TYPE = "AnalyticsRecord"
# What the server's own logger names, what streams name (a date and a random end), and the usual suffixes.
FILE_NAME = re.compile(r".+(\.(json|jsonl|ndjson|log|txt)(-\d{8})?|-\d{4}(-\d\d){5}-[0-9a-f-]{36}|\.gz)(\.gz)?")
LOG_HEADER = r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d [A-Z]+ "
AUCTIONS = ("/openrtb2/auction", "/openrtb2/amp", "/openrtb2/video")
OTHERS = ("/cookie_sync", "/set_uid", "/event")
RFC_3339 = r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\z"
# A CPM in micros read as one in currency units is a million times too high. The dearest real floors are about 25 US
# dollars; in the smallest currencies in use that is some 400,000 (rupiah), and 100,000 takes micros from 0.10 up.
MOST_CPM = 100_000
MICROS = 1_000_000
FIRST_HTTP_ERROR = 400
EXACT = "decimal(38,12)"


def record_type_of(path: str) -> str | None:
    """The one record type, for every name that the server, a stream or a person may give; None for other formats."""
    return RECORD_TYPE if FILE_NAME.fullmatch(path.rsplit("/", 1)[-1]) else None


def layout_of(_: str, __: str) -> Layout:
    """The one layout of the format: no columns, no header."""
    return Layout(None, (), has_header=False)


def read(spark: SparkSession, table: Table, root: str, files: Sequence[LandedFile]) -> DataFrame:
    """Bronze rows of the files; a record with two requests is looked at for names given twice."""
    return read_records(spark, table, root, files, header=LOG_HEADER, once='"Request":')


def _started() -> Column:
    return F.when(F.col("StartTime").rlike(RFC_3339), F.try_to_timestamp("StartTime"))


def _micros(price: Column) -> Column:
    """Currency units to millionths, half up; null for what is no finite number of a sane size."""
    return F.round(price.try_cast(EXACT) * MICROS, 0).try_cast("bigint")


def _is_no_cpm(price: Column) -> Column:
    """Whether a price that is given can be none: below 0, no number, or so high that it is in micros."""
    return price.isNotNull() & (F.isnan(price) | (price < 0) | (price >= MOST_CPM))


def _currency(code: Column) -> Column:
    """ISO 4217 in upper case; OpenRTB says USD where there is none."""
    return F.coalesce(F.nullif(F.upper(F.trim(code)), F.lit("")), F.lit("USD"))


def _records(rows: DataFrame) -> DataFrame:
    """Bronze rows with `request`, `response` (the server calls it otherwise in AMP records) and the moment."""
    return rows.select(
        *[F.col(name) for name in ("type", "Status", "StartTime", "_record", "_batch_id", "_file", "_position")],
        F.col("Request").alias("request"),
        F.coalesce("Response", "AuctionResponse").alias("response"),
        "SeatNonBid",
        F.col("Account.id").alias("account_id"),
        _started().alias("event_at_utc"),
    )


def impressions(rows: DataFrame, _: Config) -> DataFrame:
    """One record per impression of a bronze row, numbered in `_index`; one without `imp` for a row that has none."""
    records = _records(rows)
    return records.select(
        "*", F.posexplode_outer(F.when(F.size("request.imp") > 0, F.col("request.imp"))).alias("_index", "imp")
    ).withColumns(
        {
            "_index": F.coalesce("_index", F.lit(0)),
            "asked": openrtb.asked(F.col("imp.ext")),
            "answers": openrtb.answers(F.col("response"), F.col("event_at_utc")),
        }
    )


def _announced_impressions() -> Column:
    return F.greatest(F.coalesce(F.size("Request.imp"), F.lit(1)), F.lit(1))


def bidders(rows: DataFrame, _: Config) -> DataFrame:
    """One record per impression and bidder that was asked for it or answered; at least one per impression and row."""
    pairs = openrtb.pairs(F.col("request.imp"), F.col("answers"))
    answered = _records(rows).withColumn("answers", openrtb.answers(F.col("response"), F.col("event_at_utc")))
    return (
        answered.withColumns(
            {
                "non_bids": openrtb.non_bids(F.col("response"), F.col("SeatNonBid")),
                "names_winner": F.exists("answers", lambda bid: bid["is_named_winner"]),
            }
        )
        .select("*", F.posexplode(pairs).alias("_index", "pair"))
        .select("*", "pair.*")
        .withColumn("bids", F.filter("answers", lambda bid: bid["imp_id"] == F.col("imp_id")))
        .withColumn("winner", openrtb.winner(F.col("bids"), F.col("names_winner")))
        .withColumn("own", F.filter("bids", lambda bid: bid["bidder"].eqNullSafe(F.col("bidder"))))
        .withColumn("bid", openrtb.told(F.col("own"), F.col("winner")))
        .withColumn("nonbid_code", openrtb.code_of(F.col("non_bids"), F.col("imp_id"), F.col("bidder")))
    )


def _announced_bidders() -> Column:
    response = F.coalesce("Response", "AuctionResponse")
    return F.size(openrtb.pairs(F.col("Request.imp"), openrtb.answers(response, F.lit(None).cast("timestamp"))))


def _identifiers(identity: IdentityKey) -> Column:
    return F.array_compact(F.array(*_keys(identity)))


def _keys(identity: IdentityKey) -> tuple[Column, Column]:
    device, user = F.col("request.device.ifa"), F.col("request.user.id")
    return identity.key("device", device), identity.key("pbs_user", user)


def _site() -> Column:
    domain = F.regexp_replace(F.lower(F.nullif(F.trim("request.site.domain"), F.lit(""))), r"\Awww\.", "")
    return F.coalesce(urls.site(F.col("request.site.page")), domain)


def auctions(records: DataFrame, identity: IdentityKey) -> DataFrame:
    """Auctions, one row per impression; a request without type of auction is of second price (OpenRTB 2.6 3.2.1)."""
    device_key, user_key = _keys(identity)
    page = F.col("request.site.page")
    publisher = F.coalesce("request.site.publisher.id", "request.app.publisher.id")
    fresh = F.filter("answers", lambda bid: (bid["imp_id"] == F.col("imp.id")) & ~bid["is_earlier"])
    return records.select(
        F.col("request.id").alias("auction_id"),
        F.col("imp.id").alias("imp_id"),
        F.coalesce("account_id", publisher).alias("account"),
        "event_at_utc",
        F.to_date("event_at_utc").alias("event_date"),
        _site().alias("site"),
        urls.page_url(page).alias("page_url"),
        urls.section(page).alias("section"),
        F.col("request.app.bundle").alias("app_bundle"),
        F.col("imp.tagid").alias("ad_unit"),
        F.col("imp.ext")["gpid"].alias("gpid"),
        openrtb.media_type(F.col("imp")).alias("media_type"),
        openrtb.size_of(F.col("imp")).alias("slot_size"),
        F.coalesce(_micros(F.col("imp.bidfloor")), F.lit(0).cast("bigint")).alias("floor_cpm_micros"),
        _currency(F.col("imp.bidfloorcur")).alias("floor_currency"),
        F.coalesce("request.at", F.lit(openrtb.SECOND_PRICE)).alias("auction_type"),
        F.col("request.tmax").alias("tmax_ms"),
        F.col("request.device.geo.country").alias("country"),
        F.col("request.device.devicetype").alias("device_type"),
        F.size("asked").alias("asks"),
        F.size(fresh).alias("bids"),
        F.coalesce(F.col("request.test") == 1, F.lit(False)).alias("is_test"),
        device_key.alias("device_id_key"),
        user_key.alias("user_id_key"),
        F.coalesce(device_key, user_key).alias("id_key"),
        "_batch_id",
        "_file",
        "_position",
        "_index",
    )


def bids(records: DataFrame, _: IdentityKey) -> DataFrame:
    """Bids, one row per bidder and impression, with what the bidder answered and whether a bid of it won."""
    bid, own = F.col("bid"), F.col("own")
    fresh = F.size(F.filter(own, lambda one: ~one["is_earlier"]))
    outcome = openrtb.outcome(
        fresh,
        F.size(own),
        F.col("is_asked"),
        F.col("nonbid_code"),
        openrtb.of_bidder(F.col("response.ext.errors"), F.col("bidder")),
    )
    return records.select(
        F.col("request.id").alias("auction_id"),
        "imp_id",
        "bidder",
        "event_at_utc",
        F.to_date("event_at_utc").alias("event_date"),
        _site().alias("site"),
        F.col("request.app.bundle").alias("app_bundle"),
        F.col("ad_unit"),
        F.coalesce(openrtb.size(bid["w"], bid["h"]), F.col("slot_size")).alias("slot_size"),
        outcome.alias("outcome"),
        F.when(fresh == 0, F.col("nonbid_code")).alias("nonbid_code"),
        F.coalesce(bid["number"] == F.col("winner"), F.lit(False)).alias("is_won"),
        fresh.alias("bid_count"),
        F.size(F.filter("bids", lambda one: ~one["is_earlier"])).alias("bids_in_auction"),
        bid["id"].alias("bid_id"),
        _micros(bid["price"]).alias("cpm_micros"),
        _currency(F.col("response.cur")).alias("currency"),
        bid["creative_id"].alias("creative_id"),
        F.nullif(bid["deal_id"], F.lit("")).alias("deal_id"),
        F.lower(bid["advertiser_domain"]).alias("advertiser_domain"),
        openrtb.of_bidder(F.col("response.ext.responsetimemillis"), F.col("bidder")).alias("response_ms"),
        "_batch_id",
        "_file",
        "_position",
        "_index",
    )


def _is_auction() -> Column:
    return F.coalesce(F.col("type").isin(*AUCTIONS), F.lit(False)) & ~_is_turned_down()


def _is_turned_down() -> Column:
    """Whether the server refused to hold the auction: an error of HTTP, and no response."""
    return F.col("response").isNull() & F.coalesce(F.col("Status") >= FIRST_HTTP_ERROR, F.lit(False))


def _is_blank(name: str) -> Column:
    return F.col(name).isNull() | (F.trim(name) == "")


def _is_no_time() -> Column:
    return F.col("event_at_utc").isNull() | is_out_of_time(F.col("event_at_utc"))


_ABOUT_RECORDS = [
    Check("record_kind_unknown", lambda: ~F.coalesce(F.col("type").isin(*AUCTIONS, *OTHERS), F.lit(False))),
    Check("auction_id_missing", lambda: _is_auction() & _is_blank("request.id")),
    Check("auction_time_invalid", lambda: _is_auction() & _is_no_time()),
    Check("impression_missing", lambda: _is_auction() & (F.coalesce(F.size("request.imp"), F.lit(0)) < 1)),
]
_OF_AUCTIONS = [
    *_ABOUT_RECORDS,
    Check("impression_id_missing", lambda: _is_auction() & F.col("imp").isNotNull() & _is_blank("imp.id")),
    Check("floor_invalid", lambda: _is_no_cpm(F.col("imp.bidfloor"))),
]
_OF_BIDS = [
    *_ABOUT_RECORDS,
    Check("impression_id_missing", lambda: _is_auction() & F.col("is_offered").isNotNull() & _is_blank("imp_id")),
    Check("impression_unknown", lambda: _is_auction() & ~F.col("is_offered")),
    Check("bidder_missing", lambda: _is_auction() & (F.size("own") > 0) & _is_blank("bidder")),
    Check("price_invalid", lambda: F.exists("own", lambda bid: bid["price"].isNull() | _is_no_cpm(bid["price"]))),
]
_FILTERS = [
    Check("not_an_auction", lambda: F.col("type").isin(*OTHERS)),
    Check("request_turned_down", _is_turned_down),
]

PREBID = Source(
    name="prebid",
    record_types={RECORD_TYPE: "prebid_auctions"},
    record_type_of=record_type_of,
    layout_of=layout_of,
    read=read,
    refinements={
        "silver.auctions": Refinement(
            _OF_AUCTIONS, _FILTERS, auctions, _identifiers, impressions, _announced_impressions
        ),
        "silver.bids": Refinement(
            _OF_BIDS,
            [
                *_FILTERS,
                Check("nobody_asked", lambda: F.col("bidder").isNull()),
                Check("test_auction", lambda: F.col("request.test") == 1),
            ],
            bids,
            _identifiers,
            bidders,
            _announced_bidders,
        ),
    },
    framing="json",
)
