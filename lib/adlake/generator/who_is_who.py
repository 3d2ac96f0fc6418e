"""Links of identifiers and the map of people as tables, from their definitions alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from adlake.generator.clocks import iso_day, iso_micros
from adlake.generator.links import Links
from adlake.generator.marts import IdentityKey

# How many others of one kind an identifier of one person may be seen with, as lake.yaml says it.
MAX_PEOPLE, MAX_DEVICES = 5, 6
PEOPLE = ("login", "crm", "email", "ppid", "person_eid")
EIDS = ("person_eid", "device_eid", "app_eid", "eid")
BEST_FIRST = ("login", "crm", "email", "ppid", "domain", "network", "device", "gam_user", "pbs_user", *EIDS)
LINK_KEY = ("event_date", "id_key", "linked_id_key", "source")
LINK_MEASURES, USER_KEY_MEASURES = ("events",), ("linked_people", "linked_devices")
LINK_COLUMNS = (*LINK_KEY, *LINK_MEASURES, "kind", "linked_kind", "first_seen_at_utc", "last_seen_at_utc")
USER_KEY_COLUMNS = ("id_key", *USER_KEY_MEASURES, "kind", "user_key", "is_cut", "cut_reason")


def link_rows(links: Links, key: IdentityKey) -> Iterator[list[Any]]:
    """Rows of the links, columns as in LINK_COLUMNS, in no particular order."""
    keys = _keys(links, key)
    for (day, one, other, source), (events, first, last) in links.seen.items():
        low, high = sorted((one, other), key=keys.__getitem__)
        times = iso_micros(first), iso_micros(last)
        yield [iso_day(day), keys[low], keys[high], source, events, _kind(low), _kind(high), *times]


def user_key_rows(links: Links, key: IdentityKey) -> Iterator[list[Any]]:
    """Rows of the map, columns as in USER_KEY_COLUMNS, in no particular order."""
    keys = _keys(links, key)
    pairs = {(one, other) for _, one, other, _ in links.seen}
    people, devices = _linked(pairs)
    cut = {
        person: "too_many_people" if people[person] > MAX_PEOPLE else "too_many_devices"
        for person in keys
        if people[person] > MAX_PEOPLE or devices[person] > MAX_DEVICES
    }
    groups = {person: {person} for person in keys}
    for one, other in pairs:
        if one not in cut and other not in cut and groups[one] is not groups[other]:
            fewer, more = sorted((groups[one], groups[other]), key=len)
            more |= fewer
            groups |= dict.fromkeys(fewer, more)
    best = {
        id(group): min(group, key=lambda one: (BEST_FIRST.index(_kind(one)), keys[one])) for group in groups.values()
    }
    for person, id_key in keys.items():
        user_key = keys[best[id(groups[person])]]
        linked = people[person], devices[person]
        yield [id_key, *linked, _kind(person), user_key, str(person in cut).lower(), cut.get(person, "")]


def _linked(pairs: Iterable[tuple[str, str]]) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """By identifier, how many people and how many devices it was seen with; of the kind that has the most.

    One that others hand over counts where it leads on: to two of one kind that are no such identifiers.
    """
    seen: defaultdict[str, list[str]] = defaultdict(list)
    for one, other in pairs:
        seen[one].append(other)
        seen[other].append(one)
    ends = {person for person, others in seen.items() if _kind(person) in EIDS and not _leads_on(others)}
    people: Counter[str] = Counter()
    devices: Counter[str] = Counter()
    for person, others in seen.items():
        for kind, count in Counter(_kind(other) for other in others if other not in ends).items():
            most = people if kind in PEOPLE else devices
            most[person] = max(most[person], count)
    return people, devices


def _leads_on(others: Iterable[str]) -> bool:
    own = Counter(kind for kind in map(_kind, others) if kind not in EIDS)
    return any(count > 1 for count in own.values())


def _keys(links: Links, key: IdentityKey) -> Mapping[str, str]:
    return {person: key.of(person) for person in {end for _, *ends, _ in links.seen for end in ends}}


def _kind(person: str) -> str:
    return person.partition(":")[0]
