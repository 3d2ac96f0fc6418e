"""Both gold tables from running sums: channels, rates and revenue as the line item snapshots of a moment have them."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import add
from typing import Any, NamedTuple

from adlake.generator.clocks import MICROS_PER_HOUR, iso_day, iso_micros
from adlake.generator.demand import CPC, CPM, Rate
from adlake.generator.places import SECTION_BIT
from adlake.generator.tally import (
    BID_MICROS,
    BID_ON,
    BID_REPORTED,
    CAPPED,
    CLICKED,
    CLICKS,
    COUNTRY_NAME,
    DEVICE_KIND,
    EARNED,
    FIRST,
    IMPRESSIONS,
    LAST,
    LINE_ITEM_PREFIX,
    REPORTED,
    SECTION,
    SECTIONS,
    SEEN,
    UNFILLED_PREFIX,
    VIEWS,
    Tally,
)

HOURS_PER_DAY = 24
DIRECT_TYPES = frozenset({"sponsorship", "standard", "bulk", "network"})
OWN_CHANNEL = {"house": "house", "price priority": "price_priority"}
YIELD_MEASURES = (
    *("requests", "unfilled", "impressions", "clicks", "eligible", "measurable", "viewable"),
    *("revenue_reported_micros", "revenue_rate_card_micros", "revenue_micros", "revenue_unknown_impressions"),
    *("header_bid_impressions", "header_bid_micros", "capped_header_bids"),
    *("pressed_revenue_micros", "pressed_unknown_impressions"),
)
YIELD_DIMENSIONS = ("hour_utc", "site", "ad_unit_id", "channel", "device_category", "country")
USER_MEASURES = ("visits", "page_views", "impressions", "clicks", "revenue_micros", "revenue_unknown_impressions")
USER_ASPECTS = {SECTION: "section_page_views", DEVICE_KIND: "device_events", COUNTRY_NAME: "country_events"}
USER_COLUMNS = (
    *("id_key", "event_date", *USER_MEASURES, "sections", *USER_ASPECTS.values()),
    *("first_seen_at_utc", "last_seen_at_utc"),
)

YieldKey = tuple[int, str | None, str | None, str, str | None, str | None]


class UserDay(NamedTuple):
    """Whose row of the user mart it is (`kind:identifier`), of which day since the epoch, and USER_MEASURES."""

    person: str
    day: int
    visits: int
    page_views: int
    impressions: int
    clicks: int
    revenue_micros: int
    revenue_unknown_impressions: int


class Revenue(NamedTuple):
    """What network impressions and clicks earn: micros by rate card, and impressions of which nobody knows."""

    micros: int
    unknown: int


class IdentityKey(NamedTuple):
    """The secret that turns identifiers into keys, and its version, such as `k1`."""

    secret: bytes
    version: str

    def of(self, person: str) -> str:
        """The key of a `kind:identifier`: HMAC-SHA256, the version before it."""
        return f"{self.version}:{hmac.digest(self.secret, person.encode(), hashlib.sha256).hex()}"


@dataclass(frozen=True)
class RateCard:
    """The line items that the snapshots of a moment make known.

    Attributes:
        snapshots: by day since the epoch, then by line item id.
    """

    snapshots: Mapping[int, Mapping[str, Rate]]
    _days: dict[int, Mapping[str, Rate]] = field(default_factory=dict)

    def line_item(self, day: int, line_item: str) -> Rate | None:
        """The line item as of a day: from the newest snapshot that is not younger, and from that one alone."""
        if day not in self._days:
            older = [snapshot for snapshot in self.snapshots if snapshot <= day]
            self._days[day] = self.snapshots[max(older)] if older else {}
        return self._days[day].get(line_item)

    def channel(self, day: int, demand: str) -> str:
        """The channel of a demand: a backfill channel as it is, else what the line item says."""
        if demand[:3] not in {LINE_ITEM_PREFIX, UNFILLED_PREFIX}:
            return demand
        rate = self.line_item(day, demand[3:])
        if rate is None:
            return "unfilled" if demand.startswith(UNFILLED_PREFIX) else "unknown"
        kind = rate.type.lower().replace("_", " ")
        return OWN_CHANNEL.get(kind, "direct" if kind in DIRECT_TYPES else "direct_other")

    def beats_header_bids(self, day: int, demand: str) -> bool:
        """Whether a header bid lost where this was shown: to another buyer, or a line item of another kind."""
        if demand[:3] not in {LINE_ITEM_PREFIX, UNFILLED_PREFIX}:
            return True
        rate = self.line_item(day, demand[3:])
        return rate is not None and self.channel(day, demand) != OWN_CHANNEL["price priority"]

    def revenue(self, day: int, demand: str, impressions: int, clicks: int) -> Revenue:
        """What impressions and clicks of a demand earn beside reported revenue."""
        if not demand.startswith(LINE_ITEM_PREFIX):
            return Revenue(0, 0)
        rate = self.line_item(day, demand[3:])
        if rate is not None and rate.cost_type == CPM:
            return Revenue(impressions * ((rate.micros + 500) // 1000), 0)
        if rate is not None and rate.cost_type == CPC:
            return Revenue(clicks * rate.micros, 0)
        return Revenue(0, impressions)


def yield_hourly(tally: Tally, card: RateCard) -> dict[YieldKey, list[int]]:
    """Rows of the yield mart by hour since the epoch and the other dimensions; measures as in YIELD_MEASURES."""
    rows: dict[YieldKey, list[int]] = {}
    for (hour, site, unit, demand, device, country), counts in tally.cells.items():
        day = hour // HOURS_PER_DAY
        extra = card.revenue(day, demand, counts[IMPRESSIONS], counts[CLICKS])
        measures = [*counts[: REPORTED + 1], extra.micros, counts[REPORTED] + extra.micros, extra.unknown]
        measures += _pressure(card, day, demand, counts)
        key = (hour, site, unit, card.channel(day, demand), device, country)
        row = rows.get(key)
        rows[key] = measures if row is None else list(map(add, row, measures))
    return rows


def _pressure(card: RateCard, day: int, demand: str, counts: Sequence[int]) -> list[int]:
    """The last five measures: header bids that lost to something else, and what that earned."""
    if not card.beats_header_bids(day, demand):
        return [0] * 5
    earned = card.revenue(day, demand, counts[BID_ON], 0)
    return [
        *(counts[BID_ON], counts[BID_MICROS], counts[CAPPED], counts[BID_REPORTED] + earned.micros, earned.unknown),
    ]


def user_days(tally: Tally, card: RateCard) -> list[UserDay]:
    """Sums of the user mart, in no particular order.

    Args:
        tally: of all published rows.
        card: that decides revenue.
    """
    network: dict[tuple[str, int], list[int]] = {}
    for (person, day, demand), (impressions, clicks) in tally.network.items():
        earned = card.revenue(day, demand, impressions, clicks)
        sums = network.setdefault((person, day), [0, 0])
        sums[0] += earned.micros
        sums[1] += earned.unknown
    nothing = [0, 0]
    found = []
    for (person, day), row in tally.people.items():
        micros, unknown = network.get((person, day), nothing)
        events = len(tally.visits.get((person, day), ())), row[VIEWS], row[SEEN], row[CLICKED]
        found.append(UserDay(person, day, *events, row[EARNED] + micros, unknown))
    return found


def user_line(tally: Tally, row: UserDay, key: IdentityKey) -> list[Any]:
    """A row of the user mart, columns as in USER_COLUMNS.

    Args:
        tally: that the row comes from; it knows sections, devices, countries and times.
        row: its sums.
        key: of the identifiers.
    """
    person, day, *measures = row
    seen = tally.people[person, day]
    sections = "|".join(name for name, bit in SECTION_BIT.items() if seen[SECTIONS] & bit)
    aspects = [counts_text(of_aspect(tally, person, day, aspect)) for aspect in USER_ASPECTS]
    times = iso_micros(seen[FIRST]), iso_micros(seen[LAST])
    return [key.of(person), iso_day(day), *measures, sections, *aspects, *times]


def of_aspect(tally: Tally, person: str, day: int, aspect: int) -> dict[str, int]:
    """Rows of a person and day by section, device or country."""
    return {name: rows for (of, name), rows in tally.aspects.get((person, day), {}).items() if of == aspect}


def counts_text(counts: Mapping[str, object]) -> str:
    """Counts by name as text: sorted, with bars between."""
    return "|".join(f"{name}={count}" for name, count in sorted(counts.items()))


def digest_of(lines: Iterable[str]) -> str:
    """A number that any order of the same lines gives: the sum of their SHA-256 hashes modulo 2**64, as 16 hex digits.

    Of each hash the first eight bytes count, most significant first.
    """
    total = sum(int.from_bytes(hashlib.sha256(line.encode()).digest()[:8], "big") for line in lines)
    return f"{total % (1 << 64):016x}"


def table_line(values: Iterable[object]) -> str:
    """A row of a mart as a line of its CSV file; a value with a comma stands in quotes, a null is empty."""
    return ",".join(f'"{text}"' if "," in text else text for text in map(str, values))


def yield_line(key: YieldKey, measures: Sequence[int]) -> str:
    """A row of the yield mart as a line: dimensions, then measures."""
    hour, *rest = key
    return table_line(
        [iso_micros(hour * MICROS_PER_HOUR), *("" if value is None else value for value in rest), *measures]
    )
