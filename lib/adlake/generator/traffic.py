"""Visits of one hour: page views, and the ad requests, impressions, active views and clicks that follow from them."""

from math import exp
from random import Random
from typing import NamedTuple
from zlib import crc32

from adlake.generator.clocks import MICROS, MILLIS_PER_HOUR, Keys, network_time
from adlake.generator.columns import Record
from adlake.generator.demand import NO_MONEY
from adlake.generator.page_events import (
    BY_AGENT,
    BY_CONTEXT,
    LINK_CLICK,
    PAGE_PING,
    PAGE_VIEW,
    PERSON_CONTEXT,
    REFERRERS,
    SPIDER_CONTEXTS,
    PageEvent,
    uuid_of,
)
from adlake.generator.people import BOT_AGENTS, Visitor
from adlake.generator.places import Page
from adlake.generator.world import World

Fields = tuple[object, ...]
BLANK_USER_SHARE, FILL_SHARE, BACKFILL_SHARE, SHOWN_SHARE = 0.29, 0.92, 0.65, 0.917
MEASURED_SHARE, CLICK_SHARE, BOT_SHARE, LOGGED_IN_SHARE = 0.815, 0.0026, 0.02, 0.7
OFFLINE_SHARE, UNDATED_SHARE, LINK_SHARE = 0.004, 0.01, 0.1
ELIGIBLE_SHARE, MEASURABLE_SHARE, VIEWABLE_SHARE = 0.95, 0.95, 0.48
SLOWEST_MICROS = 45 * MICROS
PAGES_TAIL = 2.2
STATED_SHARE, SPIDER_SHARE = 0.995, 0.5
NAMELESS_SHARE, REPEATED_SHARE, BRIEF_SHARE = 0.01, 0.02, 0.25
VISIT_MILLIS = 3 * MILLIS_PER_HOUR

FILLED = tuple((word, "", "", "") for word in ("true", "true", "true", "Y", "1", "TRUE"))
NOT_FILLED = tuple((word, "", "", "") for word in ("false", "false", "N", "0"))
FILL_UNSTATED = ("", "", "", "")
ELIGIBLE, NOT_ELIGIBLE = ("", "Y", "", ""), ("", "N", "", "")
VIEWABLE, MEASURABLE = ("", "", "true", "true"), ("", "", "true", "false")
NOT_MEASURABLE = ("", "", "N", "")
NO_FLAGS = ("", "", "", "")


class Chain(NamedTuple):
    """The records of one ad request; None for a step that was not reached."""

    is_backfill: bool
    request: Record
    impression: Record | None
    active_view: Record | None
    click: Record | None


class Scene(NamedTuple):
    """Who is where: what all ad requests of a page view share, and the slot where it is fixed already."""

    page: Fields
    user: Fields
    device: Fields
    site: int
    slot: Fields | None = None


class Traffic:
    """Draws visits; nothing is written or counted here.

    Args:
        world: where they happen.
        draw: decides everything.
        keys: of the records.
    """

    def __init__(self, world: World, draw: Random, keys: Keys) -> None:
        self._world = world
        self._random = draw.random
        self._bits = draw.getrandbits
        self._keys = keys

    def visit(self) -> tuple[Visitor, Page]:
        """Somebody, somewhere: popular pages and loyal readers come more often."""
        world, random = self._world, self._random
        page = world.pages[int(len(world.pages) * random() ** PAGES_TAIL)]
        return world.crowd.someone(random()), page

    def scene(self, visitor: Visitor, page: Page) -> Scene:
        """What the ad requests of a page view share."""
        user = visitor.for_ads_blank if self._random() < BLANK_USER_SHARE else visitor.for_ads
        return Scene(page.for_ads, user, self._world.profiles[visitor.profile].for_ads, page.site)

    def chain(self, query: int, scene: Scene, *, shown_at: int | None = None) -> Chain:
        """One ad request and what follows from it.

        Args:
            query: microseconds since the epoch.
            scene: who is where.
            shown_at: when the ad was shown, microseconds; it is shown then for certain, and seen within a second.
        """
        random, world = self._random, self._world
        slots = world.slots[scene.site]
        drawn = slots[int(random() * len(slots))]
        slot = scene.slot or drawn
        key: Fields = (network_time(query), str(query), self._keys.take())
        surroundings = scene.user + scene.device
        if shown_at is None and random() >= FILL_SHARE:
            unfilled = world.unfilled[int(random() * len(world.unfilled))]
            flags = NOT_FILLED[int(random() * len(NOT_FILLED))]
            request = (*key, "", "", "1-0", query, *slot, *scene.page, *unfilled, *NO_MONEY, *surroundings, *flags)
            return Chain(False, request, None, None, None)  # noqa: FBT003 a named tuple, as hot as it gets
        is_backfill = random() < BACKFILL_SHARE
        buyers = world.backfill if is_backfill else world.network
        money = world.revenues[int(random() * len(world.revenues))] if is_backfill else NO_MONEY
        middle = slot + scene.page + buyers[int(random() * len(buyers))] + money + surroundings
        share = random()
        flags = FILLED[int(share * len(FILLED))] if share < STATED_SHARE else FILL_UNSTATED
        request = (*key, "", "", "1-0", query, *middle, *flags)
        if shown_at is None and random() >= SHOWN_SHARE:
            return Chain(is_backfill, request, None, None, None)
        at = shown_at or query + self._delay()
        return Chain(is_backfill, request, *self._after(key, at, middle))

    def _after(self, key: Fields, at: int, middle: Fields) -> tuple[Record, Record | None, Record | None]:
        random, take = self._random, self._keys.take
        flags = ELIGIBLE if random() < ELIGIBLE_SHARE else NOT_ELIGIBLE
        impression = (*key, str(at), take(), "1-0", at, *middle, *flags)
        active_view = click = None
        if random() < MEASURED_SHARE:
            share = random()
            flags = VIEWABLE if share < VIEWABLE_SHARE else MEASURABLE if share < MEASURABLE_SHARE else NOT_MEASURABLE
            seen = at + 1 + int(random() * MICROS)
            active_view = (*key, str(seen), take(), "1-0", seen, *middle, *flags)
        if random() < CLICK_SHARE:
            click = self.click(impression)
        return impression, active_view, click

    def click(self, impression: Record) -> Record:
        """A click on what the impression showed, less than 45 s later."""
        at = int(str(impression[3])) + MICROS + int(self._random() * 30 * MICROS)
        time, query, key, *_ = impression
        return (time, query, key, str(at), self._keys.take(), "1-0", at, *impression[7:-4], *NO_FLAGS)

    def _delay(self) -> int:
        """Microseconds from query to impression: half of them within 1.8 s, at least 0.4 s."""
        slow = 400_000 + int(1_400_000 * exp(2.2 * (self._random() + self._random() - 1)))
        return min(slow, SLOWEST_MICROS)

    def page_view(self, at: int, visitor: Visitor, page: Page, most: int) -> list[PageEvent]:
        """The tracker's events of one page view: the view, its pings, and a click on a link now and then.

        Args:
            at: when, milliseconds since the epoch.
            visitor: who.
            page: where.
            most: how many events at most, 1 or more.
        """
        random = self._random
        is_bot = random() < BOT_SHARE
        profile = self._world.profiles[visitor.profile]
        identifiers = visitor.known if random() < LOGGED_IN_SHARE else visitor.unknown
        agent, derived_contexts, bot_reason = profile.agent, PERSON_CONTEXT, None
        if is_bot and random() < SPIDER_SHARE:
            bot_reason = BY_CONTEXT
            derived_contexts = SPIDER_CONTEXTS[int(random() * len(SPIDER_CONTEXTS))]
        elif is_bot:
            bot_reason = BY_AGENT
            agent = BOT_AGENTS[int(random() * len(BOT_AGENTS))]
        referrer = REFERRERS[int(random() * len(REFERRERS))]
        view_id = uuid_of(self._bits(128))
        session_id = self._session(at, visitor, self._bits(128))
        view = (view_id if random() >= NAMELESS_SHARE else "", session_id, 1 + int(random() * 9), referrer)
        names = [PAGE_VIEW]
        pings = 0 if is_bot else int(3.6 * random())
        names += [PAGE_PING] * pings
        share = random()
        if share < LINK_SHARE:
            names.append(LINK_CLICK)
        elif share < LINK_SHARE + REPEATED_SHARE:
            # the page tells of itself a second time
            names.append(PAGE_VIEW)
        offline = int(random() * 20 * 3_600_000) if random() < OFFLINE_SHARE else 0
        events = []
        for place, name in enumerate(names[:most]):
            collector = at + place * 10_000 + int(random() * 700)
            derived = None if random() < UNDATED_SHARE else at + place * 10_000 - offline
            etl = collector + 60_000 + int(random() * 60_000)
            event_id = uuid_of(self._bits(128))
            depth = 200 * place
            events.append(
                PageEvent(
                    *(event_id, name, collector, etl, derived, identifiers, profile, page, view, depth, agent),
                    *(derived_contexts, bot_reason),
                )
            )
        return events

    @staticmethod
    def _session(at: int, visitor: Visitor, drawn: int) -> str:
        """The session that the tracker knows by its cookie: of one page view, or one of three hours; empty without one.

        Sessions of three hours begin at another moment for every visitor, some of them before midnight.
        """
        cookie = visitor.known[1]
        if not cookie:
            return ""
        if drawn % 100 < BRIEF_SHARE * 100:
            return uuid_of(drawn)
        own = crc32(cookie.encode())
        return uuid_of(own << 96 | (at + own % VISIT_MILLIS) // VISIT_MILLIS)
