"""Header bidding auctions of the made-up sites: who was asked, who bid, who won, and what the ad server is told."""

from collections import deque
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from adlake.generator.bidders import BID, CACHED, UNASKED, Answer, answers, medium_bucket, price_micros
from adlake.generator.clocks import MICROS
from adlake.generator.columns import quoted
from adlake.generator.page_events import uuid_of
from adlake.generator.people import Profile, Visitor
from adlake.generator.places import Page

Fields = tuple[object, ...]
UNASKED_SHARE, CACHED_SHARE, SECOND_BID_SHARE, TEST_SHARE = 0.04, 0.12, 0.15, 0.01
WAITING_AT_MOST, SHORTEST_WAIT, LONGEST_TTL = 256, 2 * MICROS, 1800 * MICROS
# Of the response, by place in the list of sites; empty: not named at all, so USD. Nobody has a rate of the last one.
CURRENCIES = (("EUR", "EUR", ""), ("EUR", "USD", ""), ("GBP", "EUR", "CHF"), ("SEK", "EUR", ""), ("CHF", "EUR", "XTS"))
PRICE_FACTOR = {"SEK": 10}
TMAX = (1000, 1000, 1500, 750, None)
TYPES = (None, 1, 1, 2)
FLOORS = (0, 0, 100_000, 250_000, 1_005_000)
UNIT, SIZES, NO_UNIT = 0, 1, "0"


class Bid(NamedTuple):
    """An offer: its id, its CPM in millionths of the auction's currency, its size and what it shows."""

    id: str
    micros: int
    size: str
    creative: str
    deal: str
    domain: str


class Seat(NamedTuple):
    """What became of one bidder on one impression: its answer, its bids (best first), and whether the best one won."""

    answer: Answer
    bids: tuple[Bid, ...]
    is_won: bool


class Imp(NamedTuple):
    """What is sold: id within the auction, ad unit (None: not named), sizes (first format first), floor, bidders."""

    id: str
    unit: str | None
    sizes: tuple[str, ...]
    floor_micros: int
    seats: tuple[Seat, ...]


class Auction(NamedTuple):
    """One auction.

    Attributes:
        id: of the request.
        at: when it began, microseconds since the epoch.
        imps: what is sold, at least one.
        visitor: who.
        profile: device and place.
        page: where.
        currency: as the response names it; empty when it does not.
        type: 1 first price, 2 second price; None when nobody says.
        tmax: milliseconds that bidders have; None when nobody says.
        is_test: whether it is no real one.
        spelling: a number that decides how the record is written.
    """

    id: str
    at: int
    imps: tuple[Imp, ...]
    visitor: Visitor
    profile: Profile
    page: Page
    currency: str
    type: int | None
    tmax: int | None
    is_test: bool
    spelling: int


class Waiting(NamedTuple):
    """A bid that lost and may be offered again: bidder, bid, when it was made, and for which unit and currency."""

    bidder: str
    bid: Bid
    at: int
    lot: tuple[str | None, str]


class AuctionHouse:
    """Draws auctions; losing bids wait here for a later one.

    Args:
        draw: decides everything.
    """

    def __init__(self, draw: Random) -> None:
        self._draw = draw
        self._waiting: deque[Waiting] = deque(maxlen=WAITING_AT_MOST)

    def auction(self, at: int, visitor: Visitor, profile: Profile, page: Page, slots: Sequence[Fields]) -> Auction:
        """The auction of some slots of a page.

        Args:
            at: when it begins, microseconds since the epoch.
            visitor: who.
            profile: device and place.
            page: where.
            slots: group `slot` of the ad requests that follow it.
        """
        draw = self._draw
        currencies = CURRENCIES[page.site]
        currency = currencies[int(len(currencies) * draw.random() ** 2)]
        tmax = TMAX[int(draw.random() * len(TMAX))]
        asked = answers(draw, len(slots), tmax or TMAX[0])
        imps = tuple(
            self._imp(number, slot, asked[number - 1], currency, at) for number, slot in enumerate(slots, 1)
        )
        kind = TYPES[int(draw.random() * len(TYPES))]
        is_test = draw.random() < TEST_SHARE
        spelling = draw.getrandbits(32)
        return Auction(
            *(self._id(), at, imps, visitor, profile, page, currency, kind, tmax, is_test, spelling),
        )

    def _id(self) -> str:
        """An id; some look like numbers, which they are not."""
        number = self._draw.getrandbits(128)
        return f"{number % 10**24:024d}" if number % 16 == 0 else uuid_of(number)

    def _imp(self, number: int, slot: Fields, asked: Sequence[Answer], currency: str, at: int) -> Imp:
        draw = self._draw
        unit = None if slot[UNIT] == NO_UNIT else str(slot[UNIT])
        sizes = tuple(size for size in str(slot[SIZES]).split("|") if "x" in size)
        found = [(answer, self._bids(answer, sizes, currency)) for answer in asked]
        if draw.random() < UNASKED_SHARE:
            answer = Answer(UNASKED, BID, None, None)
            found.append((answer, self._bids(answer, sizes, currency)))
        cached = self._cached((unit, currency), at, {answer.bidder for answer, _ in found})
        if cached is not None:
            found.append((Answer(cached.bidder, CACHED, None, None), (cached.bid,)))
        best = max((bids[0].micros for _, bids in found if bids), default=0)
        seats = []
        for answer, bids in found:
            # the first of equal bids wins
            is_won = bool(bids) and bids[0].micros == best and not any(seat.is_won for seat in seats)
            seats.append(Seat(answer, bids, is_won))
            if answer.outcome == BID and not is_won:
                self._waiting.append(Waiting(answer.bidder, bids[0], at, (unit, currency)))
        floor = FLOORS[int(draw.random() * len(FLOORS))]
        return Imp(f"{number:04d}" if number % 2 else f"div-gpt-ad-{number}", unit, sizes, floor, tuple(seats))

    def _bids(self, answer: Answer, sizes: Sequence[str], currency: str) -> tuple[Bid, ...]:
        if answer.outcome != BID:
            return ()
        draw = self._draw
        many = 2 if draw.random() < SECOND_BID_SHARE else 1
        prices = [price_micros(draw, answer.bidder) * PRICE_FACTOR.get(currency, 1) for _ in range(many)]
        return tuple(
            Bid(
                *(uuid_of(draw.getrandbits(128)), micros, sizes[int(draw.random() * len(sizes))]),
                *(str(draw.getrandbits(40)), "0042" if draw.random() < 0.1 else "", f"brand{micros % 13}.example"),  # noqa: PLR2004 one in ten
            )
            for micros in sorted(prices, reverse=True)
        )

    def _cached(self, lot: tuple[str | None, str], at: int, present: set[str]) -> Waiting | None:
        """A bid of an earlier auction of the same slot, not yet too old; it is offered once."""
        if self._draw.random() >= CACHED_SHARE:
            return None
        for waiting in self._waiting:
            age = at - waiting.at
            if waiting.lot == lot and SHORTEST_WAIT <= age < LONGEST_TTL and waiting.bidder not in present:
                self._waiting.remove(waiting)
                return waiting
        return None


def winner(imp: Imp) -> tuple[str, Bid] | None:
    """Bidder and bid that won the impression, if any."""
    return next(((seat.answer.bidder, seat.bids[0]) for seat in imp.seats if seat.is_won), None)


def key_values(imp: Imp) -> dict[str, str]:
    """What the ad server is told of the impression: nothing when nobody bid."""
    won = winner(imp)
    if won is None:
        return {}
    bidder, bid = won
    told = {"hb_pb": medium_bucket(bid.micros), "hb_bidder": bidder, "hb_adid": bid.id, "hb_size": bid.size}
    return told | ({"hb_deal": bid.deal} if bid.deal else {})
