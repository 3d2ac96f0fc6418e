"""The auction records of one hour: those of its page views, late and repeated ones, and those that are broken."""

from collections import Counter
from collections.abc import Sequence
from random import Random

from adlake.generator.auction_files import LINE_BY_LINE, LOGGED, TOGETHER, AuctionFile, seats_of
from adlake.generator.auction_records import key_values
from adlake.generator.auctions import Auction, AuctionHouse
from adlake.generator.bidders import bucket_micros
from adlake.generator.broken_auctions import odd_records, unreadable_records
from adlake.generator.clocks import MICROS, MICROS_PER_HOUR, Keys, hour_start, stream
from adlake.generator.page_events import uuid_of
from adlake.generator.people import BOT_AGENTS, Visitor
from adlake.generator.places import Page
from adlake.generator.plan import HourPlan
from adlake.generator.traffic import Scene, Traffic
from adlake.generator.world import World

MAIN, SHARED, LATE, ROBOTS, BROKEN, COPIES = (
    "auctions",
    "shared auctions",
    "late auctions",
    "robots' auctions",
    "broken auctions",
    "copied auctions",
)
CACHED, CACHED_EVERY, CACHED_TRIALS = "cached bids", 4, 80
STYLES = (TOGETHER, LINE_BY_LINE, TOGETHER, LOGGED)
AUCTION_SHARE, IMPS_AT_MOST = 0.35, 3
FARTHEST_LATE_HOURS = 5


class AuctionHour:
    """The auctions of one hour and the file that tells of them.

    Args:
        world: of the run.
        hour: of the plan.
    """

    def __init__(self, world: World, hour: HourPlan) -> None:
        self._world, self._hour = world, hour
        self._draw = stream(world.seed, hour.hour, MAIN)
        self._house = AuctionHouse(self._draw)
        self.file = AuctionFile(_path(hour), STYLES[hour.index % len(STYLES)], blank_lines=hour.blank_lines)
        self.planted: Counter[str] = Counter()

    def scenes(self, at: int, visitor: Visitor, scene: Scene, page: Page, requests: int) -> Sequence[Scene]:
        """The scene of each ad request of a page view: some are sold by an auction before.

        Args:
            at: when the page was viewed, microseconds since the epoch.
            visitor: who.
            scene: who is where.
            page: where.
            requests: how many.
        """
        draw, world = self._draw, self._world
        if not requests or not is_sold_by_auction(page) or draw.random() >= AUCTION_SHARE:
            return [scene] * requests
        slots = world.slots[page.site]
        drawn = [slots[int(draw.random() * len(slots))] for _ in range(min(requests, IMPS_AT_MOST))]
        begun = at + int(draw.random() * 150_000)
        auction = self._house.auction(begun, visitor, world.profiles[visitor.profile], page, drawn)
        self.file.good.append(auction)
        sold = []
        for imp, slot in zip(auction.imps, drawn, strict=True):
            told = key_values(imp)
            group = page.with_header_bid(told, bucket_micros(told["hb_pb"]) if told else None)
            sold.append(scene._replace(page=group, slot=slot))
        return [*sold, *[scene] * (requests - len(sold))]

    def add_repeats(self, sources: Sequence[HourPlan]) -> None:
        """Auctions of which another hour tells too, whichever of the two this is.

        Args:
            sources: earlier hours of whose auctions this one tells again.
        """
        self.file.good += shared_auctions(self._world, self._hour)
        draw = stream(self._world.seed, self._hour.hour, COPIES)
        for source in sources:
            for auction in shared_auctions(self._world, source):
                self.file.late_copies.append(altered(auction, draw))
                scope = "across_batches" if source.delivery < self._hour.delivery else "across_files"
                self.planted[f"duplicates.{scope}"] += 1

    def add_cached(self) -> None:
        """Two auctions of one page, of which the second is won by a bid that lost in the first."""
        if self._hour.shared and self._hour.index % CACHED_EVERY == 0:
            draw = stream(self._world.seed, self._hour.hour, CACHED)
            at = self._hour.hour * MICROS_PER_HOUR + int(draw.random() * 3000 * MICROS)
            pairs = (_auctions(self._world, draw, [at, at + 30 * MICROS]) for _ in range(CACHED_TRIALS))
            self.file.good += next((pair for pair in pairs if _is_won_by_cached(pair[1])), [])

    def add_late(self) -> None:
        """Auctions of earlier hours."""
        draw = stream(self._world.seed, self._hour.hour, LATE)
        for _ in range((self._hour.late + 3) // 4):
            begun = (self._hour.hour - 1 - int(draw.random() * FARTHEST_LATE_HOURS)) * MICROS_PER_HOUR
            self.file.good.append(some_auction(self._world, draw, begun + int(draw.random() * MICROS_PER_HOUR)))
            self.planted["late"] += 1

    def add_of_robots(self) -> None:
        """Auctions of pages that robots view; the ad server does not serve them."""
        draw = stream(self._world.seed, self._hour.hour, ROBOTS)
        for _ in range((self._hour.late + 3) // 4):
            at = self._hour.hour * MICROS_PER_HOUR + int(draw.random() * MICROS_PER_HOUR)
            robot = BOT_AGENTS[int(draw.random() * len(BOT_AGENTS))]
            self.file.good.append(some_auction(self._world, draw, at)._replace(robot=robot))

    def add_broken(self) -> None:
        """Records that cannot be read, and those of which a rule refuses rows."""
        draw = stream(self._world.seed, self._hour.hour, BROKEN)
        begin = self._hour.hour * MICROS_PER_HOUR
        for number in range(self._hour.broken):
            auction = some_auction(self._world, draw, begin + int(draw.random() * MICROS_PER_HOUR))
            while not any(seat.bids for seat in seats_of([auction])):
                auction = some_auction(self._world, draw, auction.at)
            self.file.unreadable += unreadable_records(auction, self._hour.index + number)
            self.file.odd += odd_records(auction)

    def add_copies(self) -> None:
        """Records that come twice in the file, picked from those that are published anyway."""
        draw = stream(self._world.seed, self._hour.hour, COPIES, "within")
        if self.file.good and self._hour.copies:
            self.file.late_copies.append(altered(draw.choice(self.file.good), draw))
            self.planted["duplicates.within_file"] += 1


def _path(hour: HourPlan) -> str:
    """As a delivery stream names its files, or, of a file that the server wrote itself, as that does."""
    style, begin = STYLES[hour.index % len(STYLES)], hour_start(hour.hour)
    unique = uuid_of(stream(hour.hour, "file of auctions").getrandbits(128))
    name = "auctions.log-%Y%m%d.gz" if style == LOGGED else f"auctions-1-%Y-%m-%d-%H-00-00-{unique}.gz"
    return begin.strftime(f"prebid/%Y/%m/%d/%H/{name}")


def is_sold_by_auction(page: Page) -> bool:
    """Whether somebody knows the page or the app, so that bidders can be asked."""
    return bool(page.address or page.app)


def some_auction(world: World, draw: Random, at: int) -> Auction:
    """An auction of somebody, somewhere, of which the ad server knows nothing."""
    return _auctions(world, draw, [at])[0]


def _is_won_by_cached(auction: Auction) -> bool:
    return any(seat.is_cached and seat.is_won for seat in seats_of([auction]))


def _auctions(world: World, draw: Random, times: Sequence[int]) -> list[Auction]:
    """Auctions of one page and its slots, one after the other."""
    traffic = Traffic(world, draw, Keys(0))
    visitor, page = traffic.visit()
    while not is_sold_by_auction(page):
        visitor, page = traffic.visit()
    slots = world.slots[page.site]
    drawn = [slots[int(draw.random() * len(slots))] for _ in range(1 + int(draw.random() * IMPS_AT_MOST))]
    house, profile = AuctionHouse(draw), world.profiles[visitor.profile]
    return [house.auction(at, visitor, profile, page, drawn) for at in times]


def shared_auctions(world: World, hour: HourPlan) -> list[Auction]:
    """The auctions of an hour that later hours deliver again, alike in every process."""
    draw = stream(world.seed, hour.hour, SHARED)
    begin = hour.hour * MICROS_PER_HOUR
    return [some_auction(world, draw, begin + int(draw.random() * 3480 * MICROS)) for _ in range(hour.shared // 2)]


def altered(auction: Auction, draw: Random) -> Auction:
    """An auction with the same keys; half of them tell of other prices."""
    if draw.random() < 0.5:  # noqa: PLR2004 half
        return auction
    imps = []
    for imp in auction.imps:
        seats = [
            seat._replace(bids=tuple(bid._replace(micros=bid.micros + 1_000_000) for bid in seat.bids))
            for seat in imp.seats
        ]
        imps.append(imp._replace(seats=tuple(seats)))
    return auction._replace(imps=tuple(imps))
