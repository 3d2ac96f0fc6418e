"""Every bidder that an auction asked for an impression or that answered unasked, and what came of it.

An auction's nested arrays are matched before its records fan out: a row that is made of them carries only what is said
of its bidder. What several fields need is bound by `once`, as Spark works an expression out wherever it stands.
"""

from collections.abc import Callable

from pyspark.sql import Column
from pyspark.sql import functions as F

from adlake.sources.nested import first_at, once, struct
from adlake.sources.openrtb import (
    answers,
    asked,
    bidders_of_answers,
    is_no_cpm,
    non_bids,
    size_of,
    told,
    winner,
)


def count(imps: Column, response: Column) -> Column:
    """How many asks a request and its response come to, at least one."""
    every = once(bidders_of_answers(response), lambda bids: _by_place(imps, bids, lambda place: place["bidders"]))
    return F.greatest(F.size(every), F.lit(1))


def asks(imps: Column, response: Column, seats: Column, started: Column) -> Column:
    """Every impression with every bidder that was asked for it or answered; empty without impressions and bids.

    An impression without a bidder gives one ask of nobody (`bidder` is null). A bid for an impression that the request
    does not hold gives an ask that is not offered.

    Args:
        imps: of the request.
        response: of the auction, null without one.
        seats: non-bids that the record itself carries, beside those of the response.
        started: when the auction began.

    Returns:
        An array of structs: imp_id, bidder, is_asked, is_offered, ad_unit and slot_size (of the impression), winner
        (number of the bid that won it), bids_in_auction (of all bidders, for it), nonbid_code, error_codes,
        response_ms; and own, null for a bidder without bids: bid (the one to tell of), bid_count (of this auction),
        has_false_price (those of earlier auctions count).
    """
    errors, times = response["ext"]["errors"], response["ext"]["responsetimemillis"]

    def of_bids(bids: Column) -> Column:
        auction = struct(
            names_winner=F.exists(bids, lambda bid: bid["is_named_winner"]),
            non_bids=non_bids(response, seats),
            failed=_names(errors),
            error_codes=F.transform(F.map_values(errors), lambda own: F.transform(own, lambda error: error["code"])),
            timed=_names(times),
            times=F.map_values(times),
        )
        return once(auction, lambda known: _by_place(imps, bids, lambda place: _of_place(place, known)))

    return once(answers(response, started), of_bids)


def _names(by_bidder: Column) -> Column:
    """Bidders by which a map is keyed, as a bidder is called here."""
    return F.transform(F.map_keys(by_bidder), F.lower)


def _by_place(imps: Column, bids: Column, use: Callable[[Column], Column]) -> Column:
    """What is made of each impression with its bidders, and of each bidder with a bid for what was not offered."""

    def offered(imp: Column) -> Column:
        def place(of: Column) -> Column:
            bidders = F.array_union(of["asked"], F.transform(of["bids"], lambda bid: bid["bidder"]))
            return struct(
                imp_id=imp["id"],
                is_offered=F.lit(True),
                ad_unit=imp["tagid"],
                slot_size=size_of(imp),
                asked=F.size(of["asked"]),
                bids=of["bids"],
                bidders=_some(bidders),
            )

        return once(once(struct(asked=asked(imp["ext"]), bids=_of_imp(bids, imp["id"])), place), use)

    def stray(pair: Column) -> Column:
        nothing = F.lit(None).cast("string")
        place = struct(
            imp_id=pair["imp_id"],
            is_offered=F.lit(False),
            ad_unit=nothing,
            slot_size=nothing,
            asked=F.lit(0),
            bids=_of_imp(bids, pair["imp_id"]),
            bidders=F.array(pair["bidder"]),
        )
        return once(place, use)

    known = F.transform(imps, lambda imp: imp["id"])
    strays = F.filter(bids, lambda bid: ~F.coalesce(F.array_contains(known, bid["imp_id"]), F.lit(False)))
    pairs = F.array_distinct(F.transform(strays, lambda bid: F.struct(bid["imp_id"], bid["bidder"])))
    parts = F.array(F.transform(F.array_compact(imps), offered), F.transform(pairs, stray))
    return F.flatten(F.flatten(F.array_compact(parts)))


def _of_imp(bids: Column, imp_id: Column) -> Column:
    return F.filter(bids, lambda bid: bid["imp_id"] == imp_id)


def _some(names: Column) -> Column:
    """The names; one null where there are none."""
    nobody = F.array(F.lit(None).cast("string"))
    return once(names, lambda found: F.when(F.size(found) > 0, found).otherwise(nobody))


def _of_place(place: Column, auction: Column) -> Column:
    """The asks of an impression."""
    reasons = F.filter(auction["non_bids"], lambda reason: reason["imp_id"] == place["imp_id"])
    bids = place["bids"]
    rivals = struct(
        bidders=F.transform(bids, lambda bid: bid["bidder"]),
        fresh=F.size(F.filter(bids, lambda bid: ~bid["is_earlier"])),
        winner=winner(bids, auction["names_winner"]),
        excused=F.transform(reasons, lambda reason: reason["bidder"]),
        codes=F.transform(reasons, lambda reason: reason["code"]),
    )

    def asks_of(found: Column) -> Column:
        return F.transform(place["bidders"], lambda bidder, number: _ask(bidder, number, place, found, auction))

    return once(rivals, asks_of)


def _ask(bidder: Column, number: Column, place: Column, rivals: Column, auction: Column) -> Column:
    has_own = bidder.isNull() | F.array_contains(rivals["bidders"], bidder)
    own = F.filter(place["bids"], lambda bid: bid["bidder"].eqNullSafe(bidder))
    return struct(
        imp_id=place["imp_id"],
        bidder=bidder,
        # those who were asked come first
        is_asked=number < place["asked"],
        is_offered=place["is_offered"],
        ad_unit=place["ad_unit"],
        slot_size=place["slot_size"],
        winner=rivals["winner"],
        bids_in_auction=rivals["fresh"],
        nonbid_code=first_at(rivals["excused"], bidder, rivals["codes"]),
        error_codes=first_at(auction["failed"], bidder, auction["error_codes"]),
        response_ms=first_at(auction["timed"], bidder, auction["times"]),
        own=F.when(has_own & (F.size(place["bids"]) > 0), once(own, lambda found: _answer(found, rivals["winner"]))),
    )


def _answer(own: Column, winner: Column) -> Column:
    """What a bidder's row tells of its bids; null without one."""
    answer = struct(
        bid=told(own, winner),
        bid_count=F.size(F.filter(own, lambda bid: ~bid["is_earlier"])),
        has_false_price=F.exists(own, lambda bid: bid["price"].isNull() | is_no_cpm(bid["price"])),
    )
    return F.when(F.size(own) > 0, answer)
