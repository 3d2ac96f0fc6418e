"""Who bids in header bidding: how often each bidder is asked, what it answers, and how long it takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp
from random import Random
from typing import NamedTuple

BID, NO_BID, TIMEOUT, ERROR, REJECTED, CACHED = "bid", "no_bid", "timeout", "error", "rejected", "cached"
# the codes of a seat that does not bid (IAB community extension "seat non-bid")
CODES: Mapping[str, Sequence[int | None]] = {
    NO_BID: (None, None, None, 0, 1, 6, 99),
    TIMEOUT: (101,),
    ERROR: (100, 102, 103, 199),
    REJECTED: (204, 200, 299, 300, 301, 303, 304, 351, 352, 399),
}
MEDIUM_STEP_CENTS, MEDIUM_CAP_CENTS = 10, 2_000
TENTH_OF_MILLI = 100


@dataclass(frozen=True)
class Bidder:
    """A bidder: of a hundred impressions it is asked for, bids on, and fails, times out or is rejected on.

    Attributes:
        name: as the request names it; the longest ones are cut in key-values.
        asked: times it is asked.
        bids: times it bids when asked.
        errors: times it fails when asked.
        timeouts: times it does not answer in time.
        rejected: times its bid is not let in.
        cpm: its median price.
        median_ms: how long it takes.
        deal: id of a deal that some of its bids carry.
    """

    name: str
    asked: int
    bids: int
    errors: int
    timeouts: int
    rejected: int
    cpm: float
    median_ms: int
    deal: str = ""


BIDDERS = (
    Bidder("appnexus", 96, 34, 2, 4, 3, 1.31, 180, deal="0042"),
    Bidder("rubicon", 92, 28, 1, 6, 2, 1.62, 240),
    Bidder("ix", 80, 22, 2, 3, 4, 1.18, 150),
    Bidder("pubmatic", 70, 18, 3, 9, 2, 0.97, 320, deal="PM-77e3"),
    Bidder("criteo", 60, 40, 1, 2, 1, 2.05, 120),
    Bidder("33across", 30, 9, 6, 14, 5, 0.55, 610),
    Bidder("smartadserver_video_eu", 25, 12, 4, 8, 6, 3.9, 420),
)
# answers although nobody asked it
UNASKED = "groupm"


class Answer(NamedTuple):
    """What a bidder said of an impression, its bids apart.

    Attributes:
        bidder: its name.
        outcome: BID to CACHED.
        code: why it did not bid, by the seat non-bid list; None where the auction's errors tell, or nothing does.
        response_ms: how long it took, the same for all impressions of the auction; None where nobody says.
    """

    bidder: str
    outcome: str
    code: int | None
    response_ms: int | None


def answers(draw: Random, imps: int, tmax: int) -> list[list[Answer]]:
    """For each impression of an auction, what the bidders say that were asked for it."""
    found: list[list[Answer]] = [[] for _ in range(imps)]
    for bidder in BIDDERS:
        took = min(int(bidder.median_ms * exp(draw.gauss(0, 0.6))), tmax)
        failed = draw.random() * 100
        # An error without a code stands once in the response, for all impressions.
        whole = TIMEOUT if failed < bidder.timeouts / 2 else ERROR if failed < bidder.timeouts else None
        for asked in found:
            if draw.random() * 100 >= bidder.asked:
                continue
            outcome = whole or _outcome(bidder, draw.random() * 100)
            code = None if whole else _code(draw, outcome)
            asked.append(Answer(bidder.name, outcome, code, tmax if whole == TIMEOUT else took))
    return found


def _outcome(bidder: Bidder, share: float) -> str:
    """What a number from 0 to 100 stands for."""
    shares = ((BID, bidder.bids), (ERROR, bidder.errors), (TIMEOUT, bidder.timeouts), (REJECTED, bidder.rejected))
    for outcome, times in shares:
        if share < times:
            return outcome
        share -= times
    return NO_BID


def _code(draw: Random, outcome: str) -> int | None:
    codes = CODES.get(outcome, (None,))
    return codes[int(draw.random() * len(codes))]


def price_micros(draw: Random, bidder: str) -> int:
    """A CPM in millionths of its currency, with four decimals."""
    cpm = next((known.cpm for known in BIDDERS if known.name == bidder), 0.8)
    return int(cpm * exp(draw.gauss(0, 0.8)) * 10_000 + 1) * TENTH_OF_MILLI


def bucket_micros(bucket: str) -> int:
    """What a bucket says in millionths."""
    return int(bucket.replace(".", "")) * 10_000


def medium_bucket(micros: int) -> str:
    """`hb_pb` of a CPM in medium granularity: cut down to a tenth, never more than 20."""
    cents = min(micros // 10_000 // MEDIUM_STEP_CENTS * MEDIUM_STEP_CENTS, MEDIUM_CAP_CENTS)
    return f"{cents // 100}.{cents % 100:02d}"
