"""What does not change over a run: sites, slots, demand and people, the same in every process."""

from dataclasses import dataclass

from adlake.generator import demand
from adlake.generator.people import Crowd, Profile, make_profiles
from adlake.generator.places import Page, make_pages, make_slots

Fields = tuple[object, ...]


@dataclass(frozen=True)
class World:
    """The made-up market.

    Attributes:
        seed: it was made from.
        pages: of all sites.
        slots: by site, group `slot` of a record.
        profiles: devices at places.
        network: group `demand` of records that line items fill.
        backfill: the same, filled by other buyers.
        unfilled: the same, not filled.
        revenues: group `money` of backfill records.
        crowd: the readers.
    """

    seed: int
    pages: list[Page]
    slots: list[list[Fields]]
    profiles: list[Profile]
    network: list[Fields]
    backfill: list[Fields]
    unfilled: list[Fields]
    revenues: list[Fields]
    crowd: Crowd


def crowd_size(events: int) -> int:
    """How many readers there are: the more events, the more."""
    return 100 + events // 50


def make_world(seed: int, events: int) -> World:
    """The world of a run."""
    return World(
        seed,
        make_pages(seed),
        make_slots(),
        make_profiles(seed),
        demand.network_demand(),
        demand.backfill_demand(),
        demand.unfilled_demand(),
        demand.revenues(seed),
        Crowd(seed, crowd_size(events)),
    )
