"""Header bidding auctions of the made-up sites: who was asked, who bid, who won, and what the ad server is told."""

from collections import deque
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from adlake.generator.bidders import BID, CACHED, NO_BID, UNASKED, Answer, answers, price_micros
from adlake.generator.clocks import MICROS
from adlake.generator.page_events import uuid_of
from adlake.generator.people import Profile, Visitor
from adlake.generator.places import Page

Fields = tuple[object, ...]
UNASKED_SHARE, CACHED_SHARE, SECOND_BID_SHARE, DEAL_SHARE, TEST_SHARE = 0.04, 0.2, 0.15, 0.1, 0.01
DEAL = "0042"
# bits of the number that decides how an auction is written
NAMES_WINNER, PREFERS_DEALS = 7 << 12, 1 << 15
NOTHING = (False, -1)
WAITING_AT_MOST, SHORTEST_WAIT, LONGEST_TTL = 256, 2 * MICROS, 1800 * MICROS
# Of the response, by place in the list of sites; empty: not named at all, so USD. Nobody has a rate of the last one.
CURRENCIES = (
    *(("EUR", "CHF", "", "XTS"), ("EUR", "", "USD"), ("GBP", "EUR", "CHF"), ("SEK", "EUR", ""), ("CHF", "EUR", "")),
)
PRICE_FACTOR = {"SEK": 10}
TMAX = (1000, 1000, 1500, 750, None)
TYPES = (None, 1, 1, 2)
FLOORS = (0, 0, 100_000, 250_000, 1_005_000)
UNIT, SIZES, NO_UNIT = 0, 1, "0"


class Bid(NamedTuple):
    """An offer: its id, its CPM in millionths of the auction's currency, size, what it shows, and when it was made."""

    id: str
    micros: int
    size: str
    creative: str
    deal: str
    domain: str
    made_at: int


class Seat(NamedTuple):
    """What became of one bidder on one impression.

    Attributes:
        bidder: its name.
        outcome: BID to CACHED.
        code: why it did not bid, by the seat non-bid list; None where another part of the response tells.
        response_ms: how long it took; None where the response does not say.
        bids: in the response, the best first.
        is_cached: whether its bid was made in an earlier auction.
        is_won: whether its first bid won.
    """

    bidder: str
    outcome: str
    code: int | None
    response_ms: int | None
    bids: tuple[Bid, ...] = ()
    is_cached: bool = False
    is_won: bool = False

    @property
    def is_asked(self) -> bool:
        """Whether the bidder was asked for the impression in this auction."""
        return self.bidder != UNASKED and self.outcome != CACHED

    @property
    def own_bids(self) -> int:
        """Bids that were made in this auction."""
        return 0 if self.is_cached else len(self.bids)


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
        robot: user agent of the robot that viewed the page; empty for a person.
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
    robot: str = ""


class Lot(NamedTuple):
    """An impression before anybody was asked: its number in the auction, its slot, and what all of them share."""

    number: int
    slot: Fields
    currency: str
    at: int
    spelling: int

    @property
    def imp_id(self) -> str:
        """An id that is unique in the auction alone."""
        return f"{self.number:04d}" if self.number % 2 else f"div-gpt-ad-{self.number}"

    @property
    def unit(self) -> str | None:
        """The ad unit, where there is one."""
        return None if self.slot[UNIT] == NO_UNIT else str(self.slot[UNIT])

    @property
    def sizes(self) -> tuple[str, ...]:
        """Sizes in pixels that the slot takes."""
        return tuple(size for size in str(self.slot[SIZES]).split("|") if "x" in size)


class Waiting(NamedTuple):
    """A bid that lost and may be offered again for the same unit and currency."""

    bidder: str
    bid: Bid
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
        spelling = draw.getrandbits(32)
        currencies = CURRENCIES[page.site]
        currency = currencies[int(len(currencies) * draw.random() ** 2)]
        tmax = TMAX[int(draw.random() * len(TMAX))]
        asked = answers(draw, len(slots), tmax or TMAX[0])
        lots = [Lot(number, slot, currency, at, spelling) for number, slot in enumerate(slots, 1)]
        imps = tuple(self._imp(lot, of_lot) for lot, of_lot in zip(lots, asked, strict=True))
        kind = TYPES[int(draw.random() * len(TYPES))]
        is_test = draw.random() < TEST_SHARE
        return Auction(self._id(), at, imps, visitor, profile, page, currency, kind, tmax, is_test, spelling)

    def _id(self) -> str:
        """An id; some look like numbers, which they are not."""
        number = self._draw.getrandbits(128)
        return f"{number % 10**24:024d}" if number % 16 == 0 else uuid_of(number)

    def _imp(self, lot: Lot, asked: Sequence[Answer]) -> Imp:
        draw = self._draw
        seats = [Seat(*answer, self._bids(lot, answer.bidder) if answer.outcome == BID else ()) for answer in asked]
        if draw.random() < UNASKED_SHARE:
            seats.append(Seat(UNASKED, BID, None, None, self._bids(lot, UNASKED)))
        if draw.random() < CACHED_SHARE:
            self._offer_again(lot, seats)
        seats.sort()
        self._knock_down(lot, seats)
        floor = FLOORS[int(draw.random() * len(FLOORS))]
        return Imp(lot.imp_id, lot.unit, lot.sizes, floor, tuple(seats))

    def _bids(self, lot: Lot, bidder: str) -> tuple[Bid, ...]:
        draw = self._draw
        many = 2 if draw.random() < SECOND_BID_SHARE else 1
        prices = [price_micros(draw, bidder) * PRICE_FACTOR.get(lot.currency, 1) for _ in range(many)]
        found = []
        for micros in sorted(prices, reverse=True):
            size = lot.sizes[int(draw.random() * len(lot.sizes))]
            deal = DEAL if draw.random() < DEAL_SHARE else ""
            shows = str(draw.getrandbits(40)), deal, f"brand{micros % 13}.example"
            found.append(Bid(uuid_of(draw.getrandbits(128)), micros, size, *shows, lot.at))
        return tuple(found)

    def _offer_again(self, lot: Lot, seats: list[Seat]) -> None:
        """One more seat, or bid of a seat that made none: from an earlier auction of the same slot, not yet too old."""
        places = {seat.bidder: place for place, seat in enumerate(seats)}
        for waiting in self._waiting:
            place = places.get(waiting.bidder)
            is_free = place is None or seats[place].outcome == NO_BID
            if waiting.lot == (lot.unit, lot.currency) and is_free and _is_fresh(waiting.bid, lot.at):
                seat = Seat(waiting.bidder, CACHED, None, None) if place is None else seats.pop(place)
                seats.append(seat._replace(bids=(waiting.bid,), is_cached=True))
                self._waiting.remove(waiting)
                return

    def _knock_down(self, lot: Lot, seats: list[Seat]) -> None:
        """The seats, of which one has won where there are bids; the others' bids wait for another auction."""
        prefers_deals = names_winner(lot.spelling) and lot.spelling & PREFERS_DEALS
        worth = [
            (bool(prefers_deals and seat.bids[0].deal), seat.bids[0].micros) if seat.bids else NOTHING for seat in seats
        ]
        best = max(worth, default=NOTHING)
        if best == NOTHING:
            return
        won = worth.index(best)  # the first of equal ones
        seats[won] = seats[won]._replace(is_won=True)
        self._waiting.extend(
            Waiting(seat.bidder, seat.bids[0], (lot.unit, lot.currency))
            for seat in seats
            if seat.own_bids and not seat.is_won
        )


def _is_fresh(bid: Bid, at: int) -> bool:
    return SHORTEST_WAIT <= at - bid.made_at < LONGEST_TTL


def names_winner(spelling: int) -> bool:
    """Whether the response says by its targeting keys who won; if not, the highest price did."""
    return bool(spelling & NAMES_WINNER)
