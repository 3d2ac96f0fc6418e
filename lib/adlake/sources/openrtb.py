"""What the parts of an OpenRTB request and response say: who is asked, which bids there are, which of them won.

Sources: OpenRTB 2.6; prebid-server 4 (openrtb_ext/bidders.go, exchange/targeting.go, exchange/auction.go,
exchange/non_bid_reason.go, errortypes/code.go); the IAB's community extension seat-non-bid.
"""

from collections.abc import Callable, Sequence
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from adlake.consent.signals import REQUEST_PATHS
from adlake.decisions import as_text
from adlake.sources.nested import struct

SECOND_PRICE = 2
# Names in imp.ext that are no bidder; all others were one before imp.ext.prebid.bidder came.
RESERVED = ("all", "context", "data", "general", "gpid", "prebid", "skadn", "tid", "ae", "igs")
# Ends of the winner's targeting keys; with a bidder's name behind it a key tells of the bidder's best bid.
KEY_OF_PRICE, KEY_OF_BIDDER = "_pb", "_bidder"
EVENT_TIME = r"[?&]ts=([0-9]{13})(?:&|$)"
# Two errors of the server's list are timeouts: of the bidder, and no time left to ask it.
TIMEOUT_ERRORS = (1, 12)
FIRST_ERROR, TIMEOUT, FIRST_REJECTED = 100, 101, 200
# A CPM in micros read as one in currency units is a million times too high. The dearest real floors are about 25 US
# dollars; in the smallest currencies in use that is some 400,000 (rupiah), and 100,000 takes micros from 0.10 up.
MOST_CPM = 100_000
NAMES = "array<string>"
ANSWER = (
    "struct<bidder:string,imp_id:string,id:string,price:double,creative_id:string,deal_id:string,"
    "advertiser_domain:string,w:int,h:int,is_earlier:boolean,is_named_winner:boolean,number:int>"
)


def signals(request: Column, started: Column) -> Column:
    """What a request says of consent, as text: the place of 2.6, which counts where both are filled, then that of 2.5.

    Args:
        request: of the record.
        started: when the auction began; of a year of birth it makes the least age that the person may have.
    """
    said = {name: _first_filled(request, places) for name, places in REQUEST_PATHS.items()}
    year_of_birth = said.pop("year_of_birth").try_cast("int")
    return as_text({**said, "age": (F.year(started) - year_of_birth - 1).cast("string")})


def _first_filled(request: Column, paths: Sequence[tuple[str, ...]]) -> Column:
    found = [reduce(lambda whole, name: whole[name], path, request) for path in paths]
    return F.coalesce(*[F.when(~F.trim(value).isin("", "[]"), value) for value in found])


def asked(ext: Column) -> Column:
    """Names of the bidders that an impression was offered to: imp.ext.prebid.bidder, and imp.ext.<bidder> of old.

    In lower case, as the server takes AppNexus and appnexus for one.
    """
    now = F.json_object_keys(F.get_json_object(ext["prebid"], "$.bidder"))
    old = F.filter(F.map_keys(ext), lambda name: ~F.lower(name).isin(*RESERVED))
    none = F.array().cast(NAMES)
    names = F.concat(F.coalesce(now, none), F.coalesce(old, none))
    return F.array_distinct(F.transform(names, F.lower))


def _seats(response: Column, bids_of: Callable[[Column, Column], Column]) -> Column:
    """What is made of every bid of a response and its seat, in one array; null without a response."""

    def of_seat(seat: Column) -> Column:
        return F.transform(F.array_compact(seat["bid"]), lambda found: bids_of(seat, found))

    by_seat = F.filter(response["seatbid"], lambda seat: seat["bid"].isNotNull())
    return F.flatten(F.transform(by_seat, of_seat))


def _is_earlier(found: Column, start: Column) -> Column:
    prebid = found["ext"]["prebid"]
    address = F.coalesce(prebid["events"]["win"], prebid["events"]["imp"])
    made = F.nullif(F.regexp_extract(address, EVENT_TIME, 1), F.lit("")).try_cast("bigint")
    return F.coalesce(made < start, F.lit(False))


def _start(response: Column, started: Column) -> Column:
    return F.coalesce(response["ext"]["prebid"]["auctiontimestamp"], F.unix_millis(started))


def answers(response: Column, started: Column) -> Column:
    """All bids of a response, numbered from 0, each with its seat as `bidder`.

    `is_earlier` tells a bid that another auction made: the server writes the start of the auction that a bid is made
    in into its event addresses (ts, milliseconds), and this auction started later. `is_named_winner` tells a bid with
    the winner's targeting keys.
    """
    start = _start(response, started)

    def bid(seat: Column, found: Column) -> Column:
        keys = F.map_keys(found["ext"]["prebid"]["targeting"])
        is_named = F.exists(
            keys, lambda key: F.endswith(key, F.lit(KEY_OF_PRICE)) | F.endswith(key, F.lit(KEY_OF_BIDDER))
        )
        return struct(
            bidder=F.lower(seat["seat"]),
            imp_id=found["impid"],
            id=found["id"],
            price=found["price"],
            creative_id=found["crid"],
            deal_id=found["dealid"],
            advertiser_domain=F.get(found["adomain"], F.lit(0)),
            w=found["w"],
            h=found["h"],
            is_earlier=_is_earlier(found, start),
            is_named_winner=F.coalesce(is_named, F.lit(False)),
        )

    numbered = F.transform(_seats(response, bid), lambda found, number: found.withField("number", number))
    return F.coalesce(numbered, F.array().cast(f"array<{ANSWER}>"))


def impressions_of_answers(response: Column, started: Column) -> Column:
    """The impression of each bid of a response, null for one that an earlier auction made; null without a response."""
    start = _start(response, started)
    return _seats(response, lambda _, found: F.when(~_is_earlier(found, start), found["impid"]))


def bidders_of_answers(response: Column) -> Column:
    """Who made each bid of a response for what, as {bidder, imp_id}: the part of `answers` that costs little."""
    bare = _seats(
        response, lambda seat, found: F.struct(F.lower(seat["seat"]).alias("bidder"), found["impid"].alias("imp_id"))
    )
    return F.coalesce(bare, F.array().cast("array<struct<bidder:string,imp_id:string>>"))


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
    ranked = F.transform(
        own,
        lambda bid: struct(
            is_won=bid["number"].eqNullSafe(winner),
            is_fresh=(~bid["is_earlier"]),
            price=bid["price"],
            rank=(-bid["number"]),
            bid=bid,
        ),
    )
    return F.array_max(ranked)["bid"]


def non_bids(response: Column, seats: Column) -> Column:
    """Why bidders gave no bid, as {bidder, imp_id, code}, from wherever the record says it; null if nowhere."""
    ext = response["ext"]
    found = F.coalesce(ext["prebid"]["seatnonbid"], ext["seatnonbid"], seats)

    def of_seat(seat: Column) -> Column:
        return F.transform(
            seat["nonbid"],
            lambda reason: struct(
                bidder=F.lower(seat["seat"]),
                imp_id=reason["impid"],
                code=reason["statuscode"],
            ),
        )

    return F.flatten(F.transform(F.filter(found, lambda seat: seat["nonbid"].isNotNull()), of_seat))


def outcome(bid_count: Column, is_answered: Column, is_asked: Column, code: Column, errors: Column) -> Column:
    """What became of the ask: of the bids first, of the code next, of the bidder's errors else.

    Args:
        bid_count: bids of this auction.
        is_answered: whether there are any bids, those of earlier auctions among them.
        is_asked: whether the bidder was asked.
        code: of seatnonbid, null without one.
        errors: codes of the bidder's errors in the response, null without one.
    """
    return (
        F.when(bid_count > 0, "bid")
        .when(is_answered & ~is_asked, "cached")
        .when(code >= FIRST_REJECTED, "rejected")
        .when(code == TIMEOUT, "timeout")
        .when(code >= FIRST_ERROR, "error")
        .when(code.isNotNull(), "no_bid")
        .when(F.arrays_overlap(errors, F.array(*map(F.lit, TIMEOUT_ERRORS))), "timeout")
        .when(F.size(errors) > 0, "error")
        .otherwise("no_bid")
    )


def is_no_cpm(price: Column) -> Column:
    """Whether a price that is given can be none: below 0, no number, or so high that it is in micros."""
    return price.isNotNull() & (F.isnan(price) | (price < 0) | (price >= MOST_CPM))


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
