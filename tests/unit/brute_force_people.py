"""Who was seen with whom, and who is who by that, from published rows: one pair and one step after the other."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import combinations

from tests.unit.brute_force import KINDS, bot_reason, event_time, hashed

PEOPLE = {"login", "crm", "email", "ppid", "person_eid"}
EIDS = ("person_eid", "device_eid", "app_eid", "eid")
BEST_FIRST = ("login", "crm", "email", "ppid", "domain", "network", "device", "gam_user", "pbs_user", *EIDS)
MOST_PEOPLE, MOST_DEVICES = 5, 6
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rows(ads, auctions, contacts):
    """Source, time, and identifiers of everything that was published."""
    for table in set(KINDS.values()) - {"gam_active_views"}:
        for row in ads[table].values():
            yield table, event_time(row), [("ppid", row["PublisherProvidedID"]), ("gam_user", row["UserId"])]
    for row in ads["page_events"].values():
        if not bot_reason(row["useragent"], row["derived_contexts"]):
            ids = ("login", row["user_id"]), ("domain", row["domain_userid"]), ("network", row["network_userid"])
            yield "page_events", event_time(row), ids
    for row in auctions.values():
        when = EPOCH + timedelta(microseconds=row["at"])
        if not row["reason"]:
            yield "auctions", when, row["people"]
    for (source, contact, when), row in contacts.items():
        known_as = contact if contact.strip("0-") else row["email"]
        ids = ("login", row["login"]), ("crm", f"{source}:{known_as}"), ("email", row["email"])
        yield "contact_states", when, ids


def links(seen, secret):
    """By day, both keys with their kinds, and source: how often, first and last.

    Identifiers stand as (kind, identifier).
    """
    found = {}
    for source, when, ids in seen:
        keys = [(hashed(secret, (kind, identifier)), kind) for kind, identifier in ids]
        for pair in combinations(sorted(key for key in keys if key[0]), 2):
            place = when.date().isoformat(), *pair, source
            often, first, last = found.get(place, (0, when, when))
            found[place] = often + 1, min(first, when), max(last, when)
    return found


def leads_on(others):
    own = [kind for _, kind in others if kind not in EIDS]
    return len(own) > len(set(own))


def who_is_who(found):
    """By key: kind, the key of the person, people and devices that it was seen with, and why it is cut."""
    neighbours = defaultdict(set)
    for _, one, other, _ in found:
        neighbours[one].add(other)
        neighbours[other].add(one)
    counts, reasons = {}, {}
    for end, others in neighbours.items():
        # what others hand over counts where it leads to two of a kind of our own
        counted = [kind for key, kind in others if kind not in EIDS or leads_on(neighbours[key, kind])]
        people = max(counted.count(kind) for kind in PEOPLE)
        devices = max(counted.count(kind) for kind in BEST_FIRST if kind not in PEOPLE)
        counts[end] = people, devices
        reasons[end] = (
            "too_many_people" if people > MOST_PEOPLE else "too_many_devices" if devices > MOST_DEVICES else ""
        )
    told = {}
    for end in neighbours:
        reached, waiting = {end}, [] if reasons[end] else [end]
        while waiting:
            more = {other for other in neighbours[waiting.pop()] if not reasons[other]} - reached
            reached |= more
            waiting += more
        user, _ = min(reached, key=lambda one: (BEST_FIRST.index(one[1]), one[0]))
        told[end[0]] = end[1], user, *counts[end], reasons[end]
    return told
