"""The mart of bidders from running sums: what each was asked, answered and won, priced by the rates of a moment."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from itertools import accumulate, repeat, takewhile
from typing import Any

from adlake.generator.bidding import ASKS, BY_BIDS, BY_OUTCOME, MOST_BIDS, OUTCOMES, RESPONSES, WINS, Bidding, Place
from adlake.generator.clocks import iso_day
from adlake.generator.marts import counts_text
from adlake.generator.rates import Exchange

BIDDER_KEY = ("event_date", "bidder", "site", "is_app", "slot_size")
DENSITY = (*(f"auction_slots_{bids}_bids" for bids in range(MOST_BIDS)), f"auction_slots_{MOST_BIDS}_plus_bids")
COUNTS = ("asks", "bids", "no_bids", "timeouts", "errors", "rejections", *DENSITY, "wins")
UNCONVERTED = ("bids_unconverted", "wins_unconverted")
MONEY = ("bid_cpm_micros", "win_cpm_micros", "win_revenue_micros")
BIDDER_MEASURES = (*COUNTS, *UNCONVERTED, "responses", *MONEY)
BIDDER_COLUMNS = (*BIDDER_KEY, *BIDDER_MEASURES, "nonbid_codes", "oldest_rate_date", "response_ms_histogram")
LONGEST_MS = 60_000
# First millisecond of each class of response times: the next is more than 105/95 of the last millisecond before it.
CLASSES_MS = (
    0,
    *takewhile(lambda bound: bound < LONGEST_MS, accumulate(repeat(1), lambda bound, _: bound * 21 // 19 + 1)),
    LONGEST_MS,
)


class _Priced:
    """Sums of prices of one row: in the order of MONEY, and how many are not known."""

    def __init__(self) -> None:
        self.sums = [0, 0, 0]
        self.known = [0, 0]
        self.unknown = [0, 0]
        self.oldest: int | None = None


def bidder_days(bidding: Bidding, exchange: Exchange) -> Iterator[list[Any]]:
    """Rows of the mart of bidders, columns as in BIDDER_COLUMNS, in no particular order.

    Args:
        bidding: of all published bids.
        exchange: that decides what prices are worth.
    """
    priced = _priced(bidding, exchange)
    codes: dict[Place, dict[str, int]] = {}
    for (place, code), (asks,) in bidding.codes.items():
        codes.setdefault(place, {})[str(code)] = asks
    times: dict[Place, list[int]] = {}
    for (place, took), (answers,) in bidding.times.items():
        histogram = times.setdefault(place, [0] * len(CLASSES_MS))
        histogram[bisect_right(CLASSES_MS, took) - 1] += answers
    nothing = [0] * len(CLASSES_MS)
    for place, counts in bidding.counts.items():
        day, bidder, site, is_app, size = place
        money = priced.get(place, _Priced())
        sums = [_sum(money, number) for number in range(len(MONEY))]
        of_codes = counts_text(codes.get(place, {}))
        oldest = "" if money.oldest is None else iso_day(money.oldest)
        yield [
            *(iso_day(day), bidder, site or "", str(is_app).lower(), size or ""),
            *(counts[ASKS], *counts[BY_OUTCOME : BY_OUTCOME + len(OUTCOMES)]),
            *(*counts[BY_BIDS : BY_BIDS + MOST_BIDS + 1], counts[WINS], *money.unknown, counts[RESPONSES]),
            *(*sums, of_codes, oldest, "|".join(map(str, times.get(place, nothing)))),
        ]


def _priced(bidding: Bidding, exchange: Exchange) -> Mapping[Place, _Priced]:
    found: dict[Place, _Priced] = {}
    for (place, currency, cpm_micros), numbers in bidding.prices.items():
        money = found.setdefault(place, _Priced())
        worth = exchange.worth(currency, place[0])
        if worth is None:
            money.unknown = [unknown + number for unknown, number in zip(money.unknown, numbers, strict=True)]
            continue
        bids, wins = numbers
        price = worth.micros(cpm_micros)
        earned = (bids * price, wins * price, wins * ((price + 500) // 1000))
        money.sums = [sum_ + amount for sum_, amount in zip(money.sums, earned, strict=True)]
        money.known = [known + number for known, number in zip(money.known, numbers, strict=True)]
        if worth.rate_day is not None:
            money.oldest = min(worth.rate_day, money.oldest or worth.rate_day)
    return found


def _sum(money: _Priced, number: int) -> int | str:
    """A sum; nothing where there are prices and none of them is known."""
    is_of_wins = number > 0
    return "" if money.unknown[is_of_wins] and not money.known[is_of_wins] else money.sums[number]
