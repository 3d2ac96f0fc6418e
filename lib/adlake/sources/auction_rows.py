"""Records of Prebid Server as rows of `auctions` (one per impression) and `bids` (one per impression and bidder)."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.config import Config
from adlake.decisions import SIGNALS
from adlake.identity import IdentityKey
from adlake.sources import asks, eids, openrtb, urls
from adlake.sources.agents import IS_OF_ROBOT, bot_reason, with_robots_known

AUCTIONS = ("/openrtb2/auction", "/openrtb2/amp", "/openrtb2/video")
RFC_3339 = r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\z"
MICROS = 1_000_000
FIRST_HTTP_ERROR = 400
EXACT = "decimal(38,12)"
# What a row is made of while its record is whole; both are left behind when the record fans out.
IMPS, RESPONSE = "_imps", "_response"


def impressions(rows: DataFrame, _: Config) -> DataFrame:
    """One record per impression of a bronze row, numbered in `_index`; one without `imp` for a row that has none."""
    records = _records(rows).withColumn(
        "answered", openrtb.impressions_of_answers(F.col(RESPONSE), F.col("event_at_utc"))
    )
    return _numbered(records, F.col(IMPS), "imp").withColumns(
        {
            "asks": F.size(openrtb.asked(F.col("imp.ext"))),
            "bids": F.coalesce(F.size(F.filter("answered", lambda imp_id: imp_id == F.col("imp.id"))), F.lit(0)),
        }
    )


def announced_impressions() -> Column:
    """How many impressions a bronze row announces; one for a row without."""
    return F.greatest(F.coalesce(F.size("Request.imp"), F.lit(1)), F.lit(1))


def bidders(rows: DataFrame, _: Config) -> DataFrame:
    """One record per impression and bidder that was asked for it or answered; at least one per impression and row."""
    every = asks.asks(F.col(IMPS), F.col(RESPONSE), F.col("SeatNonBid"), F.col("event_at_utc"))
    return _numbered(_records(rows), every, "ask").select("*", "ask.*").drop("ask")


def announced_bidders() -> Column:
    """How many records of `bidders` a bronze row announces."""
    return asks.count(F.col("Request.imp"), _response())


def _numbered(records: DataFrame, parts: Column, name: str) -> DataFrame:
    """The records once for each part, which is numbered from 0; once without a part for a record that has none."""
    kept = [column for column in records.columns if column not in (IMPS, RESPONSE, "SeatNonBid")]
    # the other generators have the parts worked out once more, to leave out what is empty
    fanned_out = records.select(*kept, F.posexplode_outer(parts).alias("_index", name))
    return fanned_out.withColumn("_index", F.coalesce("_index", F.lit(0)))


def _response() -> Column:
    """The response; the server calls it otherwise in AMP records."""
    return F.coalesce("Response", "AuctionResponse")


def _records(rows: DataFrame) -> DataFrame:
    """Bronze rows with what they say of the auction as a whole, worked out before they fan out."""
    started = F.when(F.col("StartTime").rlike(RFC_3339), F.try_to_timestamp("StartTime"))
    is_turned_down = _response().isNull() & F.coalesce(F.col("Status") >= FIRST_HTTP_ERROR, F.lit(False))
    page, request = F.col("Request.site.page"), F.col("Request")
    return with_robots_known(rows, request["device"]["ua"]).select(
        *[F.col(name) for name in ("type", "Status", "StartTime", "_record", "_batch_id", "_file", "_position")],
        request["imp"].alias(IMPS),
        _response().alias(RESPONSE),
        "SeatNonBid",
        (F.coalesce(F.col("type").isin(*AUCTIONS), F.lit(False)) & ~is_turned_down).alias("is_auction"),
        # the server refused to hold the auction: an error of HTTP, and no response
        is_turned_down.alias("is_turned_down"),
        started.alias("event_at_utc"),
        request["id"].alias("auction_id"),
        F.coalesce(F.size(request["imp"]), F.lit(0)).alias("impressions"),
        F.coalesce("Account.id", request["site"]["publisher"]["id"], request["app"]["publisher"]["id"]).alias(
            "account"
        ),
        _site(page).alias("site"),
        urls.page_url(page).alias("page_url"),
        urls.section(page).alias("section"),
        request["app"]["bundle"].alias("app_bundle"),
        F.coalesce(request["at"], F.lit(openrtb.SECOND_PRICE)).alias("auction_type"),
        request["tmax"].alias("tmax_ms"),
        request["device"]["geo"]["country"].alias("country"),
        request["device"]["devicetype"].alias("device_type"),
        F.coalesce(request["test"] == 1, F.lit(False)).alias("is_test"),
        IS_OF_ROBOT,
        request["device"]["ifa"].alias("device_id"),
        request["user"]["id"].alias("user_id"),
        eids.named(request["user"]).alias("eids"),
        _currency(_response()["cur"]).alias("currency"),
        openrtb.signals(request, started).alias(SIGNALS),
    )


def _site(page: Column) -> Column:
    domain = F.regexp_replace(F.lower(F.nullif(F.trim("Request.site.domain"), F.lit(""))), r"\Awww\.", "")
    return F.coalesce(urls.site(page), domain)


def _micros(price: Column) -> Column:
    """Currency units to millionths, half up; null for what is no finite number of a sane size."""
    return F.round(price.try_cast(EXACT) * MICROS, 0).try_cast("bigint")


def _currency(code: Column) -> Column:
    """ISO 4217 in upper case; OpenRTB says USD where there is none."""
    return F.coalesce(F.nullif(F.upper(F.trim(code)), F.lit("")), F.lit("USD"))


def identifiers(identity: IdentityKey) -> Column:
    """Keyed identifiers of the device, of the server's own user, and those that others handed over."""
    return F.concat(F.array_compact(F.array(*_keys(identity))), identity.keys(F.col("eids.named"), eids.MOST))


def _keys(identity: IdentityKey) -> tuple[Column, Column]:
    return identity.key("device", F.col("device_id")), identity.key("pbs_user", F.col("user_id"))


def auctions(records: DataFrame, identity: IdentityKey) -> DataFrame:
    """Auctions, one row per impression; a request without type of auction is of second price (OpenRTB 2.6 3.2.1)."""
    device_key, user_key = _keys(identity)
    imp, named = F.col("imp"), F.col("eids.named")
    eid_keys = F.arrays_zip(identity.keys(named, eids.MOST).alias("id_key"), named["kind"].alias("kind"))
    return records.select(
        "auction_id",
        imp["id"].alias("imp_id"),
        "account",
        "event_at_utc",
        F.to_date("event_at_utc").alias("event_date"),
        "site",
        "page_url",
        "section",
        "app_bundle",
        imp["tagid"].alias("ad_unit"),
        imp["ext"]["gpid"].alias("gpid"),
        openrtb.media_type(imp).alias("media_type"),
        openrtb.size_of(imp).alias("slot_size"),
        F.coalesce(_micros(imp["bidfloor"]), F.lit(0).cast("bigint")).alias("floor_cpm_micros"),
        _currency(imp["bidfloorcur"]).alias("floor_currency"),
        "auction_type",
        "tmax_ms",
        "country",
        "device_type",
        "asks",
        "bids",
        "is_test",
        bot_reason().isNotNull().alias("is_bot"),
        bot_reason().alias("bot_reason"),
        device_key.alias("device_id_key"),
        user_key.alias("user_id_key"),
        eid_keys.alias("eid_keys"),
        F.col("eids.left_out").alias("eids_left_out"),
        F.coalesce(device_key, user_key, F.get(eid_keys, F.lit(0))["id_key"]).alias("id_key"),
        SIGNALS,
        "_batch_id",
        "_file",
        "_position",
        "_index",
    )


def bids(records: DataFrame, _: IdentityKey) -> DataFrame:
    """Bids, one row per bidder and impression, with what the bidder answered and whether a bid of it won."""
    bid, bid_count = F.col("own.bid"), F.coalesce("own.bid_count", F.lit(0))
    is_answered, code = F.col("own").isNotNull(), F.col("nonbid_code")
    outcome = openrtb.outcome(bid_count, is_answered, F.col("is_asked"), code, F.col("error_codes"))
    return records.select(
        "auction_id",
        "imp_id",
        "bidder",
        "event_at_utc",
        F.to_date("event_at_utc").alias("event_date"),
        "site",
        "app_bundle",
        "ad_unit",
        F.coalesce(openrtb.size(bid["w"], bid["h"]), F.col("slot_size")).alias("slot_size"),
        outcome.alias("outcome"),
        F.when(bid_count == 0, code).alias("nonbid_code"),
        F.coalesce(bid["number"] == F.col("winner"), F.lit(False)).alias("is_won"),
        bid_count.alias("bid_count"),
        "bids_in_auction",
        bid["id"].alias("bid_id"),
        _micros(bid["price"]).alias("cpm_micros"),
        "currency",
        bid["creative_id"].alias("creative_id"),
        F.nullif(bid["deal_id"], F.lit("")).alias("deal_id"),
        F.lower(bid["advertiser_domain"]).alias("advertiser_domain"),
        "response_ms",
        bot_reason().isNotNull().alias("is_bot"),
        bot_reason().alias("bot_reason"),
        "_batch_id",
        "_file",
        "_position",
        "_index",
    )
