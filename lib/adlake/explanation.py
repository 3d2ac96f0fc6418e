"""Why an identifier belongs to a person: the links that say so, read with delta-rs, without a JVM."""

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from adlake.contracts import table
from adlake.errors import UsageError
from adlake.lake import Lake, ask

LINKS, PEOPLE = "silver.identity_links", "silver.user_keys"
ID_KEY = re.compile(r"[a-z][a-z0-9]{0,15}:[0-9a-f]{64}")


@dataclass(frozen=True)
class Identifier:
    """A row of `silver.user_keys`; attributes as in its contract."""

    id_key: str
    kind: str
    user_key: str
    linked_people: int
    linked_devices: int
    cut_reason: str | None


@dataclass(frozen=True)
class Link:
    """Two keys that one source showed together, over all days; attributes as in `silver.identity_links`."""

    id_key: str
    linked_id_key: str
    source: str
    first_seen_at_utc: datetime
    last_seen_at_utc: datetime
    events: int

    @property
    def ends(self) -> tuple[str, str]:
        """Both keys."""
        return self.id_key, self.linked_id_key


@dataclass(frozen=True)
class Explanation:
    """Who an identifier is, and why.

    Attributes:
        asked: the identifier.
        identifiers: all of the person, the one that stands for it first.
        links: between them, in the order of first sight; of a cut identifier all that it has, though none counts.
        path: keys from the asked one to the one that stands for the person, each linked with the next; the fewest.
        cut: identifiers that were seen with the person's, but with too many others as well.
        cut_links: with those.
    """

    asked: Identifier
    identifiers: tuple[Identifier, ...]
    links: tuple[Link, ...]
    path: tuple[str, ...]
    cut: tuple[Identifier, ...]
    cut_links: tuple[Link, ...]

    def as_dict(self) -> dict[str, Any]:
        """The explanation as plain values with stable keys, times as ISO 8601."""
        return {
            "id_key": self.asked.id_key,
            "user_key": self.asked.user_key,
            "cut_reason": self.asked.cut_reason,
            "path": list(self.path),
            "identifiers": [asdict(one) for one in self.identifiers],
            "links": [_plain(link) for link in self.links],
            "cut_identifiers": [asdict(one) for one in self.cut],
            "cut_links": [_plain(link) for link in self.cut_links],
        }


def explain(lake: Lake, id_key: str) -> Explanation:
    """Who an identifier is, by the map as it stands, and the links behind it.

    Args:
        lake: to read.
        id_key: as it stands in silver and gold.

    Raises:
        UsageError: ID_KEY_MALFORMED, it is no key: it is never shown, as it may be an identifier in clear;
            PEOPLE_MISSING, the lake has no map yet; ID_KEY_UNKNOWN, no link names it.
    """
    if not ID_KEY.fullmatch(id_key):
        raise UsageError(
            "ID_KEY_MALFORMED",
            "that is no key of an identifier, and it is not shown",
            where="--id-key",
            found=f"{len(id_key)} characters",
            wanted="a version, a colon and 64 hexadecimal digits, as id_key has them in silver and gold",
            way_out="An identifier in clear does not belong on a command line: it stays in the history of the shell.",
        )
    asked = next(iter(_people(lake, f"id_key = '{id_key}'")), None)
    if asked is None:
        raise UsageError(
            "ID_KEY_UNKNOWN",
            "no link names this key",
            where=PEOPLE,
            way_out="It is a person of its own, or in no table: only keys that were seen with another are linked.",
        )
    person = [asked] if asked.cut_reason else _people(lake, f"user_key = '{asked.user_key}'")
    own = {one.id_key for one in person}
    links = _links(lake, own)
    if asked.cut_reason:
        return Explanation(asked, (asked,), links, (id_key,), (), ())
    inner = tuple(link for link in links if own.issuperset(link.ends))
    others = {key for link in links for key in link.ends} - own
    # a link that is newer than the map leads to somebody who is not cut
    cut = [one for one in _people(lake, f"id_key in ({_listed(others)})") if one.cut_reason] if others else []
    outer = tuple(link for link in links if {one.id_key for one in cut}.intersection(link.ends))
    ranked = sorted(person, key=lambda one: (one.id_key != asked.user_key, one.kind, one.id_key))
    return Explanation(asked, tuple(ranked), inner, _path(inner, id_key, asked.user_key), tuple(cut), outer)


def _people(lake: Lake, condition: str) -> list[Identifier]:
    columns = "id_key, kind, user_key, linked_people, linked_devices, cut_reason"
    found = _asked(lake, PEOPLE, f"select {columns} from rows where {condition} order by kind, id_key")  # noqa: S608 keys
    return [Identifier(**row) for row in found]


def _links(lake: Lake, keys: Iterable[str]) -> tuple[Link, ...]:
    """Everything that the keys were seen with, in the order of first sight."""
    listed = _listed(keys)
    query = (
        "select id_key, linked_id_key, source, min(first_seen_at_utc) as first_seen_at_utc, "  # noqa: S608 keys only
        "max(last_seen_at_utc) as last_seen_at_utc, sum(events) as events from rows "
        f"where id_key in ({listed}) or linked_id_key in ({listed}) group by id_key, linked_id_key, source "
        "order by first_seen_at_utc, id_key, linked_id_key, source"
    )
    return tuple(Link(**row) for row in _asked(lake, LINKS, query))


def _listed(keys: Iterable[str]) -> str:
    return ", ".join(f"'{key}'" for key in sorted(keys))


def _asked(lake: Lake, name: str, query: str) -> list[dict[str, Any]]:
    delta = lake.delta(table(name)) if lake.is_there else None
    if delta is None:
        raise UsageError(
            "PEOPLE_MISSING",
            "the lake does not know who is who yet",
            where=name,
            found="no such table",
            way_out="`adlake run` links what silver holds; then ask again.",
        )
    found: list[dict[str, Any]] = ask(delta, query).to_pylist()
    return found


def _path(links: Sequence[Link], start: str, goal: str) -> tuple[str, ...]:
    """The fewest keys from start to goal, each linked with the next; of several such ways always the same."""
    neighbours: dict[str, set[str]] = {}
    for one, other in (link.ends for link in links):
        neighbours.setdefault(one, set()).add(other)
        neighbours.setdefault(other, set()).add(one)
    came_from: dict[str, str] = {goal: goal}
    waiting = deque([goal])
    while waiting and start not in came_from:
        here = waiting.popleft()
        for key in sorted(neighbours.get(here, ())):
            if key not in came_from:
                came_from[key] = here
                waiting.append(key)
    path = [start]
    while path[-1] != goal and path[-1] in came_from:
        path.append(came_from[path[-1]])
    return tuple(path)


def _plain(link: Link) -> Mapping[str, Any]:
    times = ("first_seen_at_utc", "last_seen_at_utc")
    return asdict(link) | {name: getattr(link, name).isoformat() for name in times}
