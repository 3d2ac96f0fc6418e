"""Auction records that cannot be read, and readable ones of which a rule refuses rows or a filter leaves them out."""

from collections import Counter
from collections.abc import Iterator, Mapping

from adlake.generator.auction_files import AUCTIONS, BIDS, Fate, Odd
from adlake.generator.auction_records import AMP, Object, record_of, text_of
from adlake.generator.auctions import NAMES_WINNER, Auction, Seat
from adlake.generator.bidders import NO_BID
from adlake.generator.fated import PUBLISHED

NOT_JSON, NOT_UTF8, NOT_AN_OBJECT, TOO_DEEP = "not_json", "not_utf8", "not_an_object", "too_deep"
DUPLICATE_KEYS, UNREADABLE_VALUE = "duplicate_keys", "unreadable_value"
NOT_AN_AUCTION, TURNED_DOWN = ("filtered", "not_an_auction"), ("filtered", "request_turned_down")
# more than any parser of Spark's follows
LEVELS = 1_200


def unreadable_records(auction: Auction, number: int) -> Iterator[tuple[str, str]]:
    """Texts made of one auction that are no records, and why.

    Args:
        auction: with at least one bid.
        number: decides where a text is cut.
    """
    auction = auction._replace(spelling=auction.spelling | AMP)
    text = text_of(record_of(auction))
    yield _cut(text, number), NOT_JSON
    # the writer died within a record, and went on without a line end
    yield _cut(text, number + 7) + text, NOT_JSON
    yield text.replace('"tmaxrequest"', "").replace('"Errors":[],', '"Errors":[,],'), NOT_JSON
    yield text.replace('"ip":"192.0.2.0"', '"ip":"192.0.2.\udcff"'), NOT_UTF8
    yield "[" + text.replace("\n", "") + "]", NOT_AN_OBJECT
    yield '{"type":"/openrtb2/auction","Request":' + "[" * LEVELS + "]" * LEVELS + "}", TOO_DEEP
    yield text.replace('"Status":200', '"Status":"200"'), UNREADABLE_VALUE
    yield text_of(_with_text_prices(record_of(auction))), UNREADABLE_VALUE
    yield text_of(_with_text_formats(record_of(auction))), UNREADABLE_VALUE
    # Go writes no name twice; whoever put two records into one did, or added to what is there
    yield text[:-1] + "," + text[1:], DUPLICATE_KEYS
    yield text.replace('"Status":200', '"Status":500,"Status":200'), DUPLICATE_KEYS
    yield text.replace('"ip":"192.0.2.0"', '"ip":"192.0.2.0","ip":""'), DUPLICATE_KEYS
    yield text.replace('"impid":', '"impid":"","impid":', 1), DUPLICATE_KEYS


def _cut(text: str, number: int) -> str:
    """The beginning of a text; it ends in no bracket, which would pass for the end of a record."""
    kept = text[: len(text) * (1 + number % 8) // 10]
    return kept.rstrip("} \t") or "{"


def _with_text_prices(record: Object) -> Object:
    for seat in record["Response"].get("seatbid", []):
        for bid in seat["bid"]:
            bid["price"] = str(bid["price"])
    return record


def _with_text_formats(record: Object) -> Object:
    for imp in record["Request"]["imp"]:
        imp["banner"] = {"w": "300", "h": "250"}
    return record


def odd_records(auction: Auction) -> Iterator[Odd]:
    """Readable records made of one auction, each under an id of its own, with what becomes of their rows.

    Args:
        auction: with at least one bid.
    """
    # the prices of bids that are refused decide nothing when the winner is named
    auction = auction._replace(spelling=auction.spelling | NAMES_WINNER | AMP)
    yield from _refused_whole(auction)
    yield from _refused_in_part(auction)
    yield from _left_out(auction)


def _named(auction: Auction, suffix: str) -> Auction:
    return auction._replace(id=f"{auction.id}-{suffix}")


def _refused_whole(auction: Auction) -> Iterator[Odd]:
    imps, seats = len(auction.imps), sum(len(imp.seats) for imp in auction.imps)
    for suffix, rule, change in (
        ("no-id", "auction_id_missing", {"Request": {"id": " "}}),
        ("zero", "auction_time_invalid", {"StartTime": "0001-01-01T00:00:00Z"}),
        ("local", "auction_time_invalid", {"StartTime": "2026-11-01 07:30:00"}),
        ("undated", "auction_time_invalid", {"StartTime": None}),
        ("kind", "record_kind_unknown", {"type": "/openrtb2/native"}),
    ):
        record = record_of(_named(auction, suffix))
        for name, value in change.items():
            record[name] = record[name] | value if isinstance(value, dict) else value
        yield _odd(record, {(AUCTIONS, *_refused(rule)): imps, (BIDS, *_refused(rule)): seats})
    record = record_of(_named(auction, "empty"))
    record["Request"]["imp"], record["Response"] = [], {"id": auction.id}
    yield _odd(record, _of_both(_refused("impression_missing")))
    yield _odd({"type": "/status", "Status": 200}, _of_both(_refused("record_kind_unknown")))


def _refused_in_part(auction: Auction) -> Iterator[Odd]:
    for suffix, floor in (("micros", 1_249_995.0), ("below", -0.5)):
        named = _named(auction, suffix)
        record = record_of(named)
        record["Request"]["imp"][0]["bidfloor"] = floor
        yield _odd(record, {(AUCTIONS, *_refused("floor_invalid")): 1}, named)
    nameless = _named(auction, "nameless")
    record = record_of(nameless)
    record["Request"]["imp"].append({"id": "", "banner": {"w": 1, "h": 1}, "ext": {"prebid": {"bidder": {"ix": {}}}}})
    yield _odd(record, _of_both(_refused("impression_id_missing")), nameless)
    imp_id, old = auction.imps[0].id, f"https://pbs.example/event?t=win&b=x&ts={auction.at // 1000 - 60_000}"
    # offered again from an earlier auction, so that no other row counts the bid
    bid: Object = {"id": "x", "impid": imp_id, "price": 0.0001, "ext": {"prebid": {"events": {"win": old}}}}
    strays: tuple[tuple[str, str, Object], ...] = (
        ("impression_unknown", "openx", {"impid": "nobody-offered-it"}),
        ("bidder_missing", " ", {}),
        ("price_invalid", "openx", {"price": -1.0}),
        ("price_invalid", "openx", {"price": None}),
        ("price_invalid", "openx", {"price": 2_350_000.0}),
    )
    for number, (rule, seat, change) in enumerate(strays):
        named = _named(auction, f"stray-{number}")
        record = record_of(named)
        record["Response"]["seatbid"].append({"seat": seat, "bid": [bid | change]})
        yield _odd(record, {(BIDS, *_refused(rule)): 1}, named)


def _left_out(auction: Auction) -> Iterator[Odd]:
    for kind in ("/cookie_sync", "/set_uid"):
        yield _odd({"type": kind, "Status": 200, "Errors": [], "Success": True}, _of_both(NOT_AN_AUCTION))
    yield _odd({"type": "/event", "request": {"type": "win", "bidid": "x"}, "account": None}, _of_both(NOT_AN_AUCTION))
    unheard = _unanswered(_named(auction, "unheard"))
    record = record_of(unheard)
    record["Response"] = None
    yield _odd(record, {}, unheard)
    turned_down = record | {"Status": 400, "Errors": [{"Message": "Invalid request"}]}
    imps, asked = len(auction.imps), sum(len(imp.seats) for imp in unheard.imps)
    yield _odd(turned_down, {(AUCTIONS, *TURNED_DOWN): imps, (BIDS, *TURNED_DOWN): asked})
    lonely = _named(auction, "lonely")
    record = record_of(lonely)
    record["Request"]["imp"].append({"id": "lonely", "banner": {"w": 1, "h": 1}})
    yield _odd(record, {(AUCTIONS, *PUBLISHED): 1, (BIDS, "filtered", "nobody_asked"): 1}, lonely)


def _unanswered(auction: Auction) -> Auction:
    """The auction as a server tells it that has no response: those who were asked gave no bid."""
    imps = [
        imp._replace(seats=tuple(Seat(seat.bidder, NO_BID, None, None) for seat in imp.seats if seat.is_asked))
        for imp in auction.imps
    ]
    return auction._replace(imps=tuple(imps))


def _refused(rule: str) -> tuple[str, str]:
    return "quarantined", rule


def _of_both(fate: tuple[str, str]) -> dict[Fate, int]:
    return {(AUCTIONS, *fate): 1, (BIDS, *fate): 1}


def _odd(record: Object, fates: Mapping[Fate, int], bidding: Auction | None = None) -> Odd:
    """The record with the fates of its rows, those of the published part of an auction among them."""
    counts = Counter(fates)
    if bidding is not None:
        is_cut = (AUCTIONS, *_refused("floor_invalid")) in fates
        counts[AUCTIONS, *PUBLISHED] += len(bidding.imps) - is_cut
        counts[BIDS, *PUBLISHED] += sum(len(imp.seats) for imp in bidding.imps)
    return Odd(text_of(record), counts, bidding)
