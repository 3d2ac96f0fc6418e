"""Page views and sessions, worked out from all published page events but those of bots, one visitor after the other."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from adlake.generator.clocks import MICROS, MICROS_PER_DAY, iso_day, iso_micros
from adlake.generator.marts import IdentityKey
from adlake.generator.page_events import LINK_CLICK, PAGE_HEIGHT, PAGE_PING, PAGE_VIEW, PageEvent
from adlake.generator.people import person

HEARTBEAT_SECONDS, MINIMUM_VISIT_SECONDS, ENGAGED_SECONDS = 10, 5, 10
LONGEST, SILENCE = 3 * MICROS_PER_DAY, 30 * 60 * MICROS
CONVERSION = LINK_CLICK
PAGE_KEY, VISIT_KEY = ("page_view_id", "event_date"), ("session_id", "event_date")
PAGE_MEASURES = ("page_pings", "engaged_seconds", "duration_seconds")
PAGE_COLUMNS = (
    *(*PAGE_KEY, "id_key", "session_id", "session_started_at_utc", "started_at_utc", "ended_at_utc", "site"),
    *("page_url", "section", "device", "country", "referrer_site", "refr_medium", *PAGE_MEASURES, "is_engaged"),
    "scroll_percent",
)
VISIT_MEASURES = ("events", "page_views", "page_pings", "conversions", "engaged_seconds", "duration_seconds")
VISIT_COLUMNS = (
    *(*VISIT_KEY, "id_key", "started_at_utc", "ended_at_utc", "site", "landing_page_url", "landing_section"),
    *("device", "country", "source", "medium", "campaign", "referrer_site", "refr_medium", *VISIT_MEASURES),
    *("is_engaged", "is_engaged_snowplow", "is_bounced"),
)
MEDIUM = {"search": "organic", "email": "email"}


class Visit(NamedTuple):
    """A session: whose, when it began in microseconds since the epoch, and its events in order."""

    visitor: tuple[str, str]
    start: int
    events: list[PageEvent]

    def id_of(self, key: IdentityKey) -> str:
        """The tracker's id, or a hash of person and start."""
        kind, name = self.visitor
        if kind == "tracker":
            return name
        return hashlib.sha256(f"{key.of(name)}|{self.start}".encode()).hexdigest()


def place_in_time(event: PageEvent) -> tuple[int, str]:
    """What puts events in order: when they happened, then their ids."""
    return event.happened_at, event.event_id


def visits_of(events: Iterable[PageEvent]) -> Iterator[Visit]:
    """The sessions of people: what lies later than three days after the start of its session is in none."""
    by_visitor: dict[tuple[str, str], list[PageEvent]] = defaultdict(list)
    for event in events:
        session, nobody = event.view[1], event.identifiers[3] is None
        if session or not nobody:
            by_visitor["tracker" if session else "person", session or str(event.identifiers[3])].append(event)
    for visitor, theirs in by_visitor.items():
        longest_silence = LONGEST if visitor[0] == "tracker" else SILENCE
        theirs.sort(key=place_in_time)
        cuts = [
            place for place, (a, b) in enumerate(pairwise(theirs), 1) if b.happened_at - a.happened_at > longest_silence
        ]
        for start, end in pairwise([0, *cuts, len(theirs)]):
            begun = theirs[start].happened_at
            yield Visit(visitor, begun, [event for event in theirs[start:end] if event.happened_at - begun <= LONGEST])


def first_views(events: Iterable[PageEvent]) -> set[str]:
    """Ids of the page_view events that make a row: of those with one page view id the first in three days."""
    by_view: dict[str, list[PageEvent]] = defaultdict(list)
    for event in events:
        if event.name == PAGE_VIEW and event.view[0]:
            by_view[event.view[0]].append(event)
    found = set()
    for views in by_view.values():
        views.sort(key=place_in_time)
        found.add(views[0].event_id)
        found |= {b.event_id for a, b in pairwise(views) if b.happened_at - a.happened_at > LONGEST}
    return found


def page_views(events: Sequence[PageEvent], key: IdentityKey) -> Iterator[list[Any]]:
    """Rows of the page views, columns as in PAGE_COLUMNS, in no particular order."""
    named = [event for event in events if event.view[1] or event.identifiers[3] is not None]
    opened = first_views(named)
    for visit in visits_of(events):
        for view_id, seen in pages_of(visit.events).items():
            first = next((event for event in seen if event.event_id in opened), None)
            if first is not None:
                yield _page_row(visit, view_id, first, seen, key)


def sessions(events: Sequence[PageEvent], key: IdentityKey) -> Iterator[list[Any]]:
    """Rows of the sessions, columns as in VISIT_COLUMNS, in no particular order."""
    for visit in visits_of(events):
        pages = pages_of(visit.events)
        if pages:
            yield _visit_row(visit, pages, key)


def pages_of(events: Iterable[PageEvent]) -> dict[str, list[PageEvent]]:
    """Page views and pings by page view id, in order; those without an id are of no page."""
    pages: dict[str, list[PageEvent]] = {}
    for event in events:
        if event.name in {PAGE_VIEW, PAGE_PING} and event.view[0]:
            pages.setdefault(event.view[0], []).append(event)
    return pages


def looked_at(seen: Iterable[PageEvent]) -> int:
    """Seconds for which a page was looked at."""
    beats = {event.happened_at // (HEARTBEAT_SECONDS * MICROS) for event in seen if event.name == PAGE_PING}
    return HEARTBEAT_SECONDS * (len(beats) - 1) + MINIMUM_VISIT_SECONDS if beats else 0


def _page_row(visit: Visit, view_id: str, first: PageEvent, seen: Sequence[PageEvent], key: IdentityKey) -> list[Any]:
    start = first.happened_at
    pings = [event for event in seen if event.name == PAGE_PING]
    end = max([start, *(ping.happened_at for ping in pings)])
    shown = min(max([0, *(ping.depth for ping in pings)]) + first.profile.height, PAGE_HEIGHT)
    engaged = looked_at(seen)
    return [
        *(view_id, iso_day(start // MICROS_PER_DAY), _key(first.identifiers[3], key), visit.id_of(key)),
        *map(iso_micros, (visit.start, start, end)),
        *_place(first),
        *_referrer(first),
        *(len(pings), engaged, (end - start) // MICROS, _word(engaged > ENGAGED_SECONDS)),
        (200 * shown + PAGE_HEIGHT) // (2 * PAGE_HEIGHT),
    ]


def _visit_row(visit: Visit, pages: Mapping[str, Sequence[PageEvent]], key: IdentityKey) -> list[Any]:
    landing = min((seen[0] for seen in pages.values()), key=place_in_time)
    end = visit.events[-1].happened_at
    engaged = sum(map(looked_at, pages.values()))
    conversions = sum(event.name == CONVERSION for event in visit.events)
    unseen = MINIMUM_VISIT_SECONDS if landing.name == PAGE_PING else 0
    is_far = len(pages) > 1 or conversions > 0
    is_engaged = is_far or engaged > ENGAGED_SECONDS
    return [
        *(visit.id_of(key), iso_day(visit.start // MICROS_PER_DAY), _key(_person(visit.events), key)),
        *map(iso_micros, (visit.start, end)),
        *_place(landing),
        *_source(landing),
        *_referrer(landing),
        *(len(visit.events), len(pages), sum(event.name == PAGE_PING for seen in pages.values() for event in seen)),
        *(conversions, engaged, (end - visit.start) // MICROS + unseen),
        *map(_word, (is_engaged, is_far or engaged >= 2 * HEARTBEAT_SECONDS, not is_engaged)),
    ]


def _person(events: Sequence[PageEvent]) -> str | None:
    """The first login, else the first first-party cookie, else the first cookie of the collector."""
    for place, kind in enumerate(("login", "domain", "network")):
        for event in events:
            found = person(kind, event.identifiers[place] or "")
            if found is not None:
                return found
    return None


def _key(name: str | None, key: IdentityKey) -> str:
    return "" if name is None else key.of(name)


def _place(event: PageEvent) -> tuple[str, str, str, str, str]:
    """Site, address, section, device and country; empty for what nobody knows."""
    page, profile = event.page, event.profile
    address = urlsplit(page.address)
    is_web = address.scheme in {"http", "https"}
    port = f":{address.port}" if is_web and address.port else ""
    url = f"{address.scheme}://{address.hostname}{port}{address.path}" if is_web else ""
    return page.reported_site or "", url, page.section or "", profile.kind or "", profile.country or ""


def _referrer(event: PageEvent) -> tuple[str, str]:
    """Site of the page before, and what kind of site it is."""
    _, host, _, _, _, _, medium, *_ = event.view[3].split("\t")
    return host.removeprefix("www."), medium


def _source(event: PageEvent) -> tuple[str, str, str]:
    """Source, medium and campaign as Google Analytics names them."""
    site, kind = _referrer(event)
    source, medium, campaign, *_ = event.page.campaign
    is_from_outside = bool(site) and kind != "internal" and site != event.page.reported_site
    told = (site, MEDIUM.get(kind, "referral")) if is_from_outside else ("(direct)", "(none)")
    return source or told[0], medium or told[1], campaign


def _word(is_so: bool) -> str:  # noqa: FBT001 a value of a row
    return str(is_so).lower()


def session_config() -> dict[str, Any]:
    """What makes sessions, as lake.yaml says it."""
    return {"conversions": [CONVERSION]}
