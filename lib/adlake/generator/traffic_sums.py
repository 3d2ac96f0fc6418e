"""Running sums over published page events and auctions: how many came from people, and how many from which robots."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from adlake.generator.auctions import Auction
from adlake.generator.clocks import MICROS_PER_DAY, iso_day
from adlake.generator.page_events import BY_AGENT, PAGE_VIEW, PageEvent
from adlake.generator.sums import add_lists

TRAFFIC_KEY = ("event_date", "site", "is_app", "bot_reason")
TRAFFIC_MEASURES = ("page_events", "page_views", "auction_slots")
TRAFFIC_COLUMNS = (*TRAFFIC_KEY, *TRAFFIC_MEASURES)
EVENTS, VIEWS, SLOTS = range(3)
# day since the epoch, site or app, whether it is an app, why it is a robot's
Origin = tuple[int, str | None, bool, str | None]


@dataclass
class TrafficSums:
    """What page events and auctions add up to.

    Attributes:
        counts: by origin, in the order of TRAFFIC_MEASURES.
    """

    counts: dict[Origin, list[int]] = field(default_factory=dict)

    def add_page_events(self, events: Iterable[PageEvent]) -> None:
        """The sums with page events counted in."""
        for event in events:
            day = event.happened_at // MICROS_PER_DAY
            counts = self._counts((day, event.page.reported_site, False, event.bot_reason))
            counts[EVENTS] += 1
            counts[VIEWS] += event.name == PAGE_VIEW

    def add_auctions(self, auctions: Iterable[tuple[Auction, int]]) -> None:
        """The sums with auctions counted in, each with the number of its slots."""
        for auction, slots in auctions:
            site, app = auction.page.reported_site, auction.page.app
            is_app = site is None and bool(app)
            reason = BY_AGENT if auction.robot else None
            self._counts((auction.at // MICROS_PER_DAY, site or app, is_app, reason))[SLOTS] += slots

    def _counts(self, origin: Origin) -> list[int]:
        return self.counts.setdefault(origin, [0] * len(TRAFFIC_MEASURES))

    def merge(self, other: "TrafficSums") -> None:
        """The sums with others counted in."""
        add_lists(self.counts, other.counts)

    def rows(self) -> Iterator[list[Any]]:
        """Rows of the mart of traffic, columns as in TRAFFIC_COLUMNS, in no particular order."""
        for (day, site, is_app, reason), counts in self.counts.items():
            yield [iso_day(day), site or "", str(is_app).lower(), reason or "", *counts]
