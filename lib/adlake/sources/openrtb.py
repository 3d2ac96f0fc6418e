"""What an OpenRTB auction as Prebid Server ran it comes to: who was asked, who answered what, which bid won.

Sources: OpenRTB 2.6; prebid-server 4 (openrtb_ext/bidders.go, exchange/targeting.go, exchange/auction.go,
exchange/non_bid_reason.go, errortypes/code.go); the IAB's community extension seat-non-bid.
"""

import functools
from collections.abc import Callable

from pyspark.sql import Column
from pyspark.sql import functions as F

SECOND_PRICE = 2
# Names in imp.ext that are no bidder; all others were one before imp.ext.prebid.bidder came.
RESERVED = ("all", "context", "data", "general", "gpid", "prebid", "skadn", "tid", "ae", "igs")
# With a bidder's name behind it the key tells of the bidder's best bid, without one of the winner.
WINNER_KEY = "_(pb|bidder)$"
EVENT_TIME = r"[?&]ts=([0-9]{13})(?:&|$)"
# Two errors of the server's list are timeouts: of the bidder, and no time left to ask it.
TIMEOUT_ERRORS = (1, 12)
FIRST_ERROR, TIMEOUT, FIRST_REJECTED = 100, 101, 200
NAMES = "array<string>"
ANSWER = (
    "struct<bidder:string,imp_id:string,id:string,price:double,creative_id:string,deal_id:string,"
    "advertiser_domain:string,w:int,h:int,is_earlier:boolean,is_named_winner:boolean,number:int>"
)
PAIR = "struct<imp_id:string,bidder:string,is_asked:boolean,is_offered:boolean,ad_unit:string,slot_size:string>"


def asked(ext: Column) -> Column:
    """Names of the bidders that an impression was offered to: imp.ext.prebid.bidder, and imp.ext.<bidder> of old.

    In lower case, as the server takes AppNexus and appnexus for one.
    """
    now = F.json_object_keys(F.get_json_object(ext["prebid"], "$.bidder"))
    old = F.filter(F.map_keys(ext), lambda name: ~F.lower(name).isin(*RESERVED))
    none = F.array().cast(NAMES)
    names = F.concat(F.coalesce(now, none), F.coalesce(old, none))
    return F.array_distinct(F.transform(names, F.lower))


def of_bidder(by_name: Column, bidder: Column) -> Column:
    """What a map by bidder holds for one of them; null without it."""
    own = F.filter(F.map_entries(by_name), lambda entry: F.lower(entry["key"]) == bidder)
    return F.get(own, F.lit(0))["value"]


def answers(response: Column, started: Column) -> Column:
    """All bids of a response, numbered from 0, each with its seat as `bidder`.

    `is_earlier` tells a bid that another auction made: the server writes the start of the auction that a bid is made
    in into its event addresses (ts, milliseconds), and this auction started later. `is_named_winner` tells a bid with
    the winner's targeting keys.
    """
    start = F.coalesce(response["ext"]["prebid"]["auctiontimestamp"], F.unix_millis(started))

    def bid(seat: Column, found: Column) -> Column:
        prebid = found["ext"]["prebid"]
        address = F.coalesce(prebid["events"]["win"], prebid["events"]["imp"])
        made = F.nullif(F.regexp_extract(address, EVENT_TIME, 1), F.lit("")).try_cast("bigint")
        keys = F.coalesce(F.map_keys(prebid["targeting"]), F.array().cast(NAMES))
        return F.struct(
            F.lower(seat["seat"]).alias("bidder"),
            found["impid"].alias("imp_id"),
            found["id"].alias("id"),
            found["price"].alias("price"),
            found["crid"].alias("creative_id"),
            found["dealid"].alias("deal_id"),
            F.get(found["adomain"], F.lit(0)).alias("advertiser_domain"),
            found["w"].alias("w"),
            found["h"].alias("h"),
            F.coalesce(made < start, F.lit(False)).alias("is_earlier"),
            F.exists(keys, lambda key: key.rlike(WINNER_KEY)).alias("is_named_winner"),
        )

    def of_seat(seat: Column) -> Column:
        return F.transform(F.array_compact(seat["bid"]), lambda found: bid(seat, found))

    by_seat = F.filter(response["seatbid"], lambda seat: seat["bid"].isNotNull())
    bids = F.flatten(F.transform(by_seat, of_seat))
    numbered = F.transform(bids, lambda found, number: found.withField("number", number))
    return F.coalesce(numbered, F.array().cast(f"array<{ANSWER}>"))


def pairs(imps: Column, bids: Column) -> Column:
    """Every impression with every bidder that was asked for it or answered; never empty.

    An impression without a bidder gives one pair without one. A bid for an impression that the request does not hold
    gives a pair that is not offered, and a request without impressions one without anything.
    """

    def pair(imp: Column, bidder: Column, is_asked: Column) -> Column:
        return F.struct(
            imp["id"].alias("imp_id"),
            bidder.alias("bidder"),
            is_asked.alias("is_asked"),
            F.lit(True).alias("is_offered"),
            imp["tagid"].alias("ad_unit"),
            size_of(imp).alias("slot_size"),
        ).cast(PAIR)

    def of_imp(imp: Column, bids: Column) -> Column:
        def of_names(names: Column) -> Column:
            own = F.filter(bids, lambda bid: bid["imp_id"] == imp["id"])
            every = F.array_union(names, F.transform(own, lambda bid: bid["bidder"]))
            is_asked = functools.partial(F.array_contains, names)
            return F.transform(
                _or_one_null(every, "string"), lambda name: pair(imp, name, F.coalesce(is_asked(name), F.lit(False)))
            )

        return _once(asked(imp["ext"]), of_names)

    def stray(bid: Column) -> Column:
        no, nothing = F.lit(False), F.lit(None)
        return F.struct(bid["imp_id"], bid["bidder"], no, no, nothing, nothing).cast(PAIR)

    def of_bids(bids: Column) -> Column:
        of_imps = F.transform(F.array_compact(imps), lambda imp: of_imp(imp, bids))
        offered = F.coalesce(F.flatten(of_imps), F.array().cast(f"array<{PAIR}>"))
        known = F.coalesce(F.transform(imps, lambda imp: imp["id"]), F.array().cast(NAMES))
        strays = F.filter(bids, lambda bid: ~F.coalesce(F.array_contains(known, bid["imp_id"]), F.lit(False)))
        return _or_one_null(F.concat(offered, F.array_distinct(F.transform(strays, stray))), PAIR)

    return _once(bids, of_bids)


def _once(value: Column, use: Callable[[Column], Column]) -> Column:
    """What is made of a value that is worked out once: only a lambda gives a value a name within an expression."""
    return F.get(F.transform(F.array(value), use), F.lit(0))


def _or_one_null(values: Column, kind: str) -> Column:
    """The values; one null where there are none."""
    return _once(values, lambda found: F.when(F.size(found) > 0, found).otherwise(F.array(F.lit(None).cast(kind))))


def winner(bids: Column, is_named: Column) -> Column:
    """Number of the bid that won the impression; null without one.

    Args:
        bids: all bids for the impression.
        is_named: whether the response names a winner anywhere; if not, the highest price is one, the first of equals.
    """
    named = F.get(F.filter(bids, lambda bid: bid["is_named_winner"]), F.lit(0))["number"]
    ranked = F.transform(bids, lambda bid: F.struct(bid["price"].alias("price"), (-bid["number"]).alias("rank")))
    highest = -F.array_max(F.filter(ranked, lambda bid: bid["price"].isNotNull()))["rank"]
    return F.when(is_named, named).otherwise(highest)


def told(own: Column, winner: Column) -> Column:
    """The bid that a bidder's row tells of: the winner, else the dearest of this auction, else the dearest."""

    def dearest(bids: Column) -> Column:
        ranked = F.transform(
            bids, lambda bid: F.struct(bid["price"].alias("price"), (-bid["number"]).alias("rank"), bid.alias("bid"))
        )
        return F.array_max(ranked)["bid"]

    won = F.get(F.filter(own, lambda bid: bid["number"] == winner), F.lit(0))
    return F.coalesce(won, dearest(F.filter(own, lambda bid: ~bid["is_earlier"])), dearest(own))


def non_bids(response: Column, seats: Column) -> Column:
    """Why bidders gave no bid, as {bidder, imp_id, code}, from wherever the record says it."""
    ext = response["ext"]
    found = F.coalesce(ext["prebid"]["seatnonbid"], ext["seatnonbid"], seats)

    def of_seat(seat: Column) -> Column:
        return F.transform(
            seat["nonbid"],
            lambda reason: F.struct(
                F.lower(seat["seat"]).alias("bidder"),
                reason["impid"].alias("imp_id"),
                reason["statuscode"].alias("code"),
            ),
        )

    return F.flatten(F.transform(F.filter(found, lambda seat: seat["nonbid"].isNotNull()), of_seat))


def code_of(reasons: Column, imp_id: Column, bidder: Column) -> Column:
    """The code of a bidder's first reason for an impression; null without one."""
    own = F.filter(reasons, lambda reason: (reason["imp_id"] == imp_id) & (reason["bidder"] == bidder))
    return F.get(own, F.lit(0))["code"]


def outcome(fresh: Column, all_bids: Column, is_asked: Column, code: Column, errors: Column) -> Column:
    """What became of the ask: of the bids first, of the code next, of the bidder's errors else.

    Args:
        fresh: bids of this auction.
        all_bids: those and the bids of earlier ones.
        is_asked: whether the bidder was asked.
        code: of seatnonbid, null without one.
        errors: of the bidder in the response, null without one.
    """
    is_timeout = F.exists(errors, lambda error: error["code"].isin(*TIMEOUT_ERRORS))
    return (
        F.when(fresh > 0, "bid")
        .when((all_bids > 0) & ~is_asked, "cached")
        .when(code >= FIRST_REJECTED, "rejected")
        .when(code == TIMEOUT, "timeout")
        .when(code >= FIRST_ERROR, "error")
        .when(code.isNotNull(), "no_bid")
        .when(is_timeout, "timeout")
        .when(F.size(errors) > 0, "error")
        .otherwise("no_bid")
    )


def media_type(imp: Column) -> Column:
    """The first of banner, video, native and audio that the impression offers."""
    kinds = ("banner", "video", "native", "audio")
    return F.coalesce(*[F.when(imp[kind].isNotNull(), F.lit(kind)) for kind in kinds])


def size_of(imp: Column) -> Column:
    """The first size that the impression accepts: of the banner's formats, else of the banner, else of the video."""
    first = F.get(imp["banner"]["format"], F.lit(0))
    sizes = (first, imp["banner"], imp["video"])
    return F.coalesce(*[size(kind["w"], kind["h"]) for kind in sizes])


def size(width: Column, height: Column) -> Column:
    """`300x250`, or null unless both are above 0."""
    return F.when((width > 0) & (height > 0), F.concat_ws("x", width, height))
