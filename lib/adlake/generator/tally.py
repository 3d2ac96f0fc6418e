"""Running sums over published records, kept per demand so that a late line item snapshot can still decide revenue."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from adlake.generator.bidding import Bidding
from adlake.generator.clocks import MICROS_PER_DAY, MICROS_PER_HOUR
from adlake.generator.columns import PLACE, Record
from adlake.generator.links import Links
from adlake.generator.page_events import PAGE_VIEW, PageEvent
from adlake.generator.people import SERVED_KINDS, person
from adlake.generator.places import SECTION_BIT
from adlake.generator.sums import add_lists
from adlake.generator.traffic_sums import TrafficSums

AT, UNIT, SITE, DEMAND = PLACE["#at"], PLACE["#unit"], PLACE["#site"], PLACE["#demand"]
USER, PPID = PLACE["UserId"], PLACE["PublisherProvidedID"]
HEADER_BID = PLACE["#header_bid"]
MONEY, PERSON, COUNTRY, DEVICE = PLACE["#micros"], PLACE["#person"], PLACE["#country"], PLACE["#device"]
FILLED, ELIGIBLE = PLACE["IsFilledRequest"], PLACE["ActiveViewEligibleImpression"]
MEASURABLE, VIEWABLE = PLACE["MeasurableImpression"], PLACE["ViewableImpression"]
YES = frozenset({"true", "TRUE", "Y", "1"})
NO = frozenset({"false", "N", "0"})
# A network record's demand is `li:` and the line item; a request without an ad is told apart by this.
UNFILLED_PREFIX, LINE_ITEM_PREFIX = "un:", "li:"

# requests, unfilled, impressions, clicks, eligible, measurable, viewable, reported revenue (micros)
REQUESTS, UNFILLED, IMPRESSIONS, CLICKS, ELIGIBLES, MEASURABLES, VIEWABLES, REPORTED = range(8)
# of the impressions with a header bid: how many, what the bids are worth, how many are capped, reported revenue
BID_ON, BID_MICROS, CAPPED, BID_REPORTED = BIDDING = range(8, 12)
COUNTS = 12
CAP_MICROS = 20_000_000
# hour since the epoch, site, ad unit, demand, device category, country
Cell = tuple[int, str | None, str | None, str, str | None, str | None]

# page views, impressions, clicks, reported revenue (micros), first seen, last seen (micros), sections (bits)
VIEWS, SEEN, CLICKED, EARNED, FIRST, LAST, SECTIONS = range(7)
ADDED = (VIEWS, SEEN, CLICKED, EARNED)
SECTION, DEVICE_KIND, COUNTRY_NAME = range(3)


@dataclass
class Tally:
    """What the published records of some tables add up to.

    Attributes:
        cells: sums of the yield mart by hour, site, ad unit, demand, device category and country.
        people: sums of the user mart by `kind:identifier` and day since the epoch.
        aspects: by `kind:identifier` and day, page views by section, and events by device and by country; a key is
            one of the three constants and a name.
        visits: session ids by `kind:identifier` and day.
        pages: page events, those of bots left out.
        network: impressions and clicks by `kind:identifier`, day and line item, for network records alone.
        bidding: sums over header bids.
        links: identifiers that were seen together.
        traffic: sums over page events and auctions, those of robots among them.
    """

    cells: dict[Cell, list[int]] = field(default_factory=dict)
    people: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    aspects: dict[tuple[str, int], Counter[tuple[int, str]]] = field(default_factory=dict)
    visits: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    pages: list[PageEvent] = field(default_factory=list)
    network: dict[tuple[str, int, str], list[int]] = field(default_factory=dict)
    bidding: Bidding = field(default_factory=Bidding)
    links: Links = field(default_factory=Links)
    traffic: TrafficSums = field(default_factory=TrafficSums)

    def add(self, table: str, records: Iterable[Record]) -> None:
        """The tally with the records of an ad-server table counted in."""
        count = {
            "gam_requests": self._add_request,
            "gam_impressions": self._add_impression,
            "gam_clicks": self._add_click,
            "gam_active_views": self._add_active_view,
        }[table]
        is_linked = table != "gam_active_views"
        for record in records:
            count(record)
            if is_linked and record[PPID] and record[USER]:
                self.links.add(table, record[AT], [person("ppid", record[PPID]), person("gam_user", record[USER])])

    def _cell(self, record: Record, demand: str) -> list[int]:
        hour = record[AT] // MICROS_PER_HOUR
        key = (hour, record[SITE], record[UNIT], demand, record[DEVICE], record[COUNTRY])
        cell = self.cells.get(key)
        if cell is None:
            cell = self.cells[key] = [0] * COUNTS
        return cell

    def _add_request(self, record: Record) -> None:
        demand: str = record[DEMAND]
        is_unfilled = record[FILLED] in NO
        if is_unfilled and demand.startswith(LINE_ITEM_PREFIX):
            demand = UNFILLED_PREFIX + demand[3:]
        cell = self._cell(record, demand)
        cell[REQUESTS] += 1
        cell[UNFILLED] += is_unfilled

    def _add_impression(self, record: Record) -> None:
        demand: str = record[DEMAND]
        cell = self._cell(record, demand)
        earned: int = record[MONEY] or 0
        cell[IMPRESSIONS] += 1
        cell[ELIGIBLES] += record[ELIGIBLE] in YES
        cell[REPORTED] += earned
        bid: int | None = record[HEADER_BID]
        if bid is not None:
            cell[BID_ON] += 1
            cell[BID_MICROS] += (bid + 500) // 1000
            cell[CAPPED] += bid >= CAP_MICROS
            cell[BID_REPORTED] += earned
        if record[PERSON] is not None:
            self._add_person(record, demand, SEEN)[EARNED] += earned
            self._add_aspects(record[PERSON], record[AT], SERVED_KINDS.get(record[DEVICE]), record[COUNTRY])

    def _add_click(self, record: Record) -> None:
        demand: str = record[DEMAND]
        self._cell(record, demand)[CLICKS] += 1
        if record[PERSON] is not None:
            self._add_person(record, demand, CLICKED)

    def _add_active_view(self, record: Record) -> None:
        cell = self._cell(record, record[DEMAND])
        cell[MEASURABLES] += record[MEASURABLE] in YES
        cell[VIEWABLES] += record[VIEWABLE] in YES

    def _add_person(self, record: Record, demand: str, measure: int) -> list[int]:
        at: int = record[AT]
        person: str = record[PERSON]
        if demand.startswith(LINE_ITEM_PREFIX):
            key = (person, at // MICROS_PER_DAY, demand)
            spent = self.network.get(key)
            if spent is None:
                spent = self.network[key] = [0, 0]
            spent[measure == CLICKED] += 1
        row = self._person(person, at)
        row[measure] += 1
        return row

    def _person(self, person: str, at: int) -> list[int]:
        key = (person, at // MICROS_PER_DAY)
        row = self.people.get(key)
        if row is None:
            row = self.people[key] = [0, 0, 0, 0, at, at, 0]
        elif at < row[FIRST]:
            row[FIRST] = at
        elif at > row[LAST]:
            row[LAST] = at
        return row

    def add_page_events(self, events: Iterable[PageEvent]) -> None:
        """The tally with page events counted in; bots are left out, and nobody's events are no one's."""
        for event in events:
            if event.bot_reason:
                continue
            self.pages.append(event)
            best = event.identifiers[3]
            if best is None:
                continue
            at = event.happened_at
            login, domain, network, _ = event.identifiers
            named = person("login", login), person("domain", domain), person("network", network)
            self.links.add("page_events", at, named)
            row = self._person(best, at)
            if event.view[1]:
                self.visits.setdefault((best, at // MICROS_PER_DAY), set()).add(event.view[1])
            aspects = self._add_aspects(best, at, event.profile.kind, event.profile.country)
            if event.name == PAGE_VIEW:
                row[VIEWS] += 1
                if event.page.section is not None:
                    row[SECTIONS] |= SECTION_BIT[event.page.section]
                    aspects[SECTION, f"{event.page.reported_site}/{event.page.section}"] += 1

    def _add_aspects(self, person: str, at: int, kind: str | None, country: str | None) -> Counter[tuple[int, str]]:
        """The aspects of a person and day, with the device and country of an event counted in."""
        aspects = self.aspects.setdefault((person, at // MICROS_PER_DAY), Counter())
        if kind is not None:
            aspects[DEVICE_KIND, kind] += 1
        if country is not None:
            aspects[COUNTRY_NAME, country] += 1
        return aspects

    def merge(self, other: "Tally") -> None:
        """The tally with another one counted in."""
        add_lists(self.cells, other.cells)
        add_lists(self.network, other.network)
        for of_day, aspects in other.aspects.items():
            self.aspects.setdefault(of_day, Counter()).update(aspects)
        self.bidding.merge(other.bidding)
        self.links.merge(other.links)
        self.traffic.merge(other.traffic)
        self.pages += other.pages
        for of_day, visits in other.visits.items():
            self.visits.setdefault(of_day, set()).update(visits)
        for key, row in other.people.items():
            mine = self.people.get(key)
            if mine is None:
                self.people[key] = list(row)
                continue
            for measure in ADDED:
                mine[measure] += row[measure]
            mine[FIRST], mine[LAST] = min(mine[FIRST], row[FIRST]), max(mine[LAST], row[LAST])
            mine[SECTIONS] |= row[SECTIONS]
