"""Running sums over published bids, kept per price so that a late exchange rate can still decide what it is worth."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from adlake.generator.auctions import Auction, Imp, Seat
from adlake.generator.bidders import BID, CACHED, ERROR, NO_BID, REJECTED, TIMEOUT
from adlake.generator.clocks import MICROS_PER_DAY
from adlake.generator.sums import add_lists

DEFAULT_CURRENCY = "USD"
# asks, by outcome, slots by number of bids (the last one: as many or more), wins, timed answers
ASKS, BY_OUTCOME, BY_BIDS, WINS, RESPONSES = 0, 1, 6, 12, 13
MEASURES = 14
OUTCOMES = (BID, NO_BID, TIMEOUT, ERROR, REJECTED)
MOST_BIDS = 5
# day since the epoch, bidder, site or app, whether it is an app, size
Place = tuple[int, str, str | None, bool, str | None]


@dataclass
class Bidding:
    """What the published bids add up to.

    Attributes:
        counts: by place, as the constants above number them.
        codes: asks by place and code.
        times: answers by place and milliseconds.
        prices: bids and wins by place, currency and CPM (millionths).
    """

    counts: dict[Place, list[int]] = field(default_factory=dict)
    codes: dict[tuple[Place, int], list[int]] = field(default_factory=dict)
    times: dict[tuple[Place, int], list[int]] = field(default_factory=dict)
    prices: dict[tuple[Place, str, int], list[int]] = field(default_factory=dict)

    def add(self, auctions: Iterable[Auction]) -> None:
        """The sums with all bidders of some auctions counted in."""
        for auction in auctions:
            for imp in auction.imps:
                bids = sum(seat.own_bids for seat in imp.seats)
                for seat in imp.seats:
                    self._add_seat(auction, imp, seat, bids)

    def _add_seat(self, auction: Auction, imp: Imp, seat: Seat, bids: int) -> None:
        site = auction.page.reported_site
        size = seat.bids[0].size if seat.bids else imp.sizes[0]
        is_app = site is None
        place = (auction.at // MICROS_PER_DAY, seat.bidder, site or auction.page.app, is_app, size)
        counts = self.counts.setdefault(place, [0] * MEASURES)
        if seat.outcome != CACHED:
            counts[ASKS] += 1
            counts[BY_OUTCOME + OUTCOMES.index(seat.outcome)] += 1
            counts[BY_BIDS + min(bids, MOST_BIDS)] += 1
        counts[WINS] += seat.is_won
        # how long a timeout took is the limit, no answer's time
        if seat.outcome not in {CACHED, TIMEOUT} and seat.response_ms is not None:
            counts[RESPONSES] += 1
            self.times.setdefault((place, seat.response_ms), [0])[0] += 1
        if seat.code is not None:
            self.codes.setdefault((place, seat.code), [0])[0] += 1
        if seat.bids and (seat.outcome == BID or seat.is_won):
            price = self.prices.setdefault((place, auction.currency or DEFAULT_CURRENCY, seat.bids[0].micros), [0, 0])
            price[0] += seat.outcome == BID
            price[1] += seat.is_won

    def merge(self, other: "Bidding") -> None:
        """The sums with others counted in."""
        add_lists(self.counts, other.counts)
        add_lists(self.codes, other.codes)
        add_lists(self.times, other.times)
        add_lists(self.prices, other.prices)
