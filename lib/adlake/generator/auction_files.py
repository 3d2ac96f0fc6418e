"""One file of auction records: what becomes of each, and the bytes as a delivery stream writes them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from adlake.generator.auction_records import auction_text
from adlake.generator.auctions import Auction, Seat
from adlake.generator.bidders import CACHED
from adlake.generator.eids import KEPT, people_of
from adlake.generator.fated import PUBLISHED
from adlake.generator.files import FileKey

TOGETHER, LINE_BY_LINE, LOGGED = "together", "line by line", "logged"
LOG_HEAD = "2026/11/01 07:00:00 DEBUG "
TEST_AUCTION = "test_auction"
TABLE, AUCTIONS, BIDS = "prebid_auctions", "auctions", "bids"
# table, what becomes of a row, rule or reason (empty where there is none)
Fate = tuple[str, str, str]


class Odd(NamedTuple):
    """A record that is readable, and some of whose rows are refused or left out.

    Attributes:
        text: the record.
        fates: how many of its rows become what.
        bidding: the part of it whose bids are published; None for nothing.
    """

    text: str
    fates: Mapping[Fate, int]
    bidding: Auction | None = None


@dataclass
class AuctionFile:
    """What one file of auction records holds.

    Attributes:
        path: relative to the landing zone.
        style: TOGETHER, records follow each other without a line end, as a delivery stream leaves them; LINE_BY_LINE;
            or LOGGED, each behind what the server's logger writes.
        good: auctions that are published.
        late_copies: auctions that lose against an earlier record.
        odd: readable records whose rows have other fates.
        unreadable: texts of records that cannot be read, with the rule.
        blank_lines: lines that are no records.
    """

    path: str
    style: str
    good: list[Auction] = field(default_factory=list)
    late_copies: list[Auction] = field(default_factory=list)
    odd: list[Odd] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    blank_lines: int = 0

    @property
    def records(self) -> int:
        """All records."""
        return len(self.good) + len(self.late_copies) + len(self.odd) + len(self.unreadable)

    @property
    def published(self) -> Iterator[tuple[Auction, int]]:
        """Auctions, or the parts of them, that are published, and how many slots of each; tests are left out."""
        yield from ((auction, len(auction.imps)) for auction in self.good if not auction.is_test)
        for odd in self.odd:
            if odd.bidding is not None:
                yield odd.bidding, odd.fates[AUCTIONS, *PUBLISHED]

    @property
    def tests(self) -> Iterator[tuple[Auction, int]]:
        """Auctions that are tests, and how many slots of each."""
        yield from ((auction, len(auction.imps)) for auction in self.good if auction.is_test)

    @property
    def bidding(self) -> list[Auction]:
        """Auctions of people, or the parts of them, whose bids are published."""
        real = [auction for auction in self.good if not auction.is_test and not auction.robot]
        return real + [odd.bidding for odd in self.odd if odd.bidding is not None]

    def account(self) -> Counter[FileKey]:
        """Rows by layer, table, what becomes of them, and why."""
        counts: Counter[FileKey] = Counter()
        counts["bronze", TABLE, "read", ""] = self.records
        counts["bronze", TABLE, "published", ""] = self.records - len(self.unreadable)
        counts.update(("bronze", TABLE, "quarantined", rule) for _, rule in self.unreadable)
        for what, auctions in (("published", self.good), ("duplicates", self.late_copies)):
            counts["silver", AUCTIONS, what, ""] += sum(len(auction.imps) for auction in auctions)
            counts["silver", BIDS, what, ""] += sum(1 for _ in seats_of(auctions))
        tests = [imp for auction in self.good + self.late_copies if auction.is_test for imp in auction.imps]
        counts.update(("silver", BIDS, "filtered", TEST_AUCTION) for imp in tests for _ in imp.seats)
        for odd in self.odd:
            counts.update({("silver", *fate): rows for fate, rows in odd.fates.items()})
        for table in (AUCTIONS, BIDS):
            of_table = [rows for (_, name, *_), rows in counts.items() if name == table]
            counts["silver", table, "read", ""] = sum(of_table)
        return counts

    def text(self, draw: Random) -> str:
        """The whole file, its records in no particular order, but the copies last."""
        body = [auction_text(auction) for auction in self.good] + [odd.text for odd in self.odd]
        draw.shuffle(body)
        late = [auction_text(auction) for auction in self.late_copies]
        if self.style == TOGETHER:
            # a record that is cut would take the next one with it
            cut = [text for text, _ in self.unreadable]
            return "\n".join(["".join(body), *cut, "".join(late)])
        head = LOG_HEAD if self.style == LOGGED else ""
        lines, late = [head + text for text in body], [head + text for text in late]
        for text, _ in self.unreadable:
            lines.insert(int(draw.random() * (len(lines) + 1)), head + text)
        for number in range(self.blank_lines):
            lines.insert(int(draw.random() * (len(lines) + 1)), " " * number)
        return "\n".join([*lines, *late, ""])


def seats_of(auctions: Iterable[Auction]) -> Iterable[Seat]:
    """Rows of the table of bids, which tests do not come into."""
    return (seat for auction in auctions if not auction.is_test for imp in auction.imps for seat in imp.seats)


def hazards_of(file: AuctionFile) -> Counter[str]:
    """How many hazards of which kind the content of a file holds."""
    seats = list(seats_of(file.good))
    found = Counter({f"malformed_lines.{rule}": rows for rule, rows in Counter(r for _, r in file.unreadable).items()})
    found.update(f"bids.{seat.outcome}" for seat in seats)
    found.update(f"seat_non_bids.{seat.code}" for seat in seats if seat.code is not None)
    for odd in file.odd:
        found.update(
            {f"refused.{table}.{rule}": n for (table, what, rule), n in odd.fates.items() if what == "quarantined"}
        )
        found.update({f"filtered.{why}": n for (_, what, why), n in odd.fates.items() if what == "filtered"})
    found["bids.won_from_an_earlier_auction"] = sum(seat.is_cached and seat.is_won for seat in seats)
    found["bids.offered_again_by_one_that_was_asked"] = sum(seat.is_cached and seat.outcome != CACHED for seat in seats)
    found["auctions.all"] = len(file.good)
    found["auctions.with_eids"] = sum(bool(people_of(auction)) for auction in file.good)
    found["auctions.with_more_eids_than_are_kept"] = sum(len(people_of(auction)) == KEPT for auction in file.good)
    found["auctions.without_currency"] = sum(not auction.currency for auction in file.good)
    found["auctions.without_type"] = sum(auction.type is None for auction in file.good)
    found["auctions.with_an_id_like_a_number"] = sum(auction.id.isdigit() for auction in file.good)
    found["auctions.of_robots"] = sum(bool(auction.robot) for auction in file.good)
    found["auctions.of_tests"] = sum(auction.is_test for auction in file.good)
    found["files.records_run_together"] = int(file.style == TOGETHER)
    found["files.of_the_server_s_logger"] = int(file.style == LOGGED)
    found["blank_lines"] = file.blank_lines
    return found
