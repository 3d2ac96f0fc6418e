"""Ad chains of which more than one hour's files tell: every process makes them alike from the hour's own numbers."""

from dataclasses import dataclass
from random import Random

from adlake.generator.clocks import MICROS, MICROS_PER_HOUR, MILLIS_PER_HOUR, Keys, stream
from adlake.generator.columns import SPANS, Record
from adlake.generator.page_events import PageEvent
from adlake.generator.plan import HourPlan
from adlake.generator.traffic import Chain, Scene, Traffic
from adlake.generator.world import World

MAIN, SHARED, CARRIED, LATE, BROKEN, UNREADABLE, COPIES, CHANGES = STREAMS = range(8)
LAST_START_SECOND = 3480
LONGEST_WAIT, LONG_WAIT, SHORT_WAIT = 2130 * MICROS, 1801 * MICROS, MICROS // 2


@dataclass(frozen=True)
class Shared:
    """Records that are delivered first in one hour and again in later ones.

    Attributes:
        chain: the ad chain, shown for certain.
        page_view: the page view that it belongs to.
        copies: the chain's records as they come again, by file type.
        page_copy: the page view as it comes again, an hour later.
    """

    chain: Chain
    page_view: PageEvent
    copies: tuple[tuple[str, Record], ...]
    page_copy: PageEvent


def traffic_of(world: World, hour: HourPlan, purpose: int) -> tuple[Traffic, Random]:
    """A stream of visits of its own for one purpose of one hour."""
    draw = stream(world.seed, hour.hour, purpose)
    return Traffic(world, draw, Keys((hour.index + 2) * len(STREAMS) + purpose)), draw


def by_file_type(chain: Chain) -> list[tuple[str, Record]]:
    """The records of a chain with the names of their file types."""
    prefix = "NetworkBackfill" if chain.is_backfill else "Network"
    steps = {
        "Requests": chain.request,
        "Impressions": chain.impression,
        "ActiveViews": chain.active_view,
        "Clicks": chain.click,
    }
    return [(prefix + kind, record) for kind, record in steps.items() if record is not None]


def shared_chains(world: World, hour: HourPlan) -> list[Shared]:
    """The chains of an hour that later hours deliver again; backfill and network take turns."""
    traffic, draw = traffic_of(world, hour, SHARED)
    found = []
    for number in range(hour.shared):
        visitor, page = traffic.visit()
        at = hour.hour * MILLIS_PER_HOUR + int(draw.random() * LAST_START_SECOND * 1000)
        query = at * 1000 + 300_000
        chain = traffic.chain(query, traffic.scene(visitor, page), shown_at=query + 2 * MICROS)
        while chain.is_backfill == bool(number % 2):
            chain = traffic.chain(query, traffic.scene(visitor, page), shown_at=query + 2 * MICROS)
        if hour.is_clickless:
            chain = chain._replace(click=None)
        elif chain.impression is not None and number % 4 < 2:  # noqa: PLR2004 every other pair
            chain = chain._replace(click=traffic.click(chain.impression))
        view = traffic.page_view(at, visitor, page, 1)[0]
        copies = tuple((name, altered(record, traffic, world, draw)) for name, record in by_file_type(chain))
        page_copy = altered_event(view, traffic, draw)._replace(collector=view.collector + MILLIS_PER_HOUR)
        found.append(Shared(chain, view, copies, page_copy))
    return found


def whole_chain(traffic: Traffic, scene: Scene, query: int, *, is_backfill: bool) -> Chain:
    """A chain that reached every step, the click included."""
    while True:
        chain = traffic.chain(query, scene, shown_at=query + 2 * MICROS)
        if chain.is_backfill == is_backfill and chain.active_view is not None and chain.impression is not None:
            return chain._replace(click=chain.click or traffic.click(chain.impression))


def altered(record: Record, traffic: Traffic, world: World, draw: Random) -> Record:
    """A record with the same key; half of them tell of another reader, device and revenue."""
    if draw.random() < 0.5:  # noqa: PLR2004 half
        return record
    visitor, page = traffic.visit()
    scene = traffic.scene(visitor, page)
    money = SPANS["money"]
    revenue = record[money]
    if record[money.stop - 1] is not None:
        revenue = world.revenues[int(draw.random() * len(world.revenues))]
    return record[: money.start] + revenue + scene.user + scene.device + record[SPANS["flags"].start :]


def altered_event(event: PageEvent, traffic: Traffic, draw: Random) -> PageEvent:
    """An event with the same id; half of them tell of another reader and page."""
    if draw.random() < 0.5:  # noqa: PLR2004 half
        return event
    visitor, page = traffic.visit()
    return event._replace(identifiers=visitor.known, page=page)


def carried_chains(world: World, hour: HourPlan) -> list[Chain]:
    """Chains asked for in an hour and shown in the next, some of them more than half an hour later."""
    traffic, draw = traffic_of(world, hour, CARRIED)
    end = (hour.hour + 1) * MICROS_PER_HOUR
    found = []
    for number in range(hour.carried):
        is_long = number % 5 == 0
        least, most = (LONG_WAIT, LONGEST_WAIT) if is_long else (SHORT_WAIT, 12 * MICROS)
        wait = least + int(draw.random() * (most - least))
        query = end - 1 - int(draw.random() * (wait - 1))
        scene = traffic.scene(*traffic.visit())
        found.append(traffic.chain(query, scene, shown_at=query + wait))
    return found
