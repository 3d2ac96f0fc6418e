"""Page views and sessions from published page events, every event asked about every other: slow, and plainly right."""

import hashlib
import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta

from tests.unit.brute_force import bot_reason, event_time, hashed

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST, SILENCE = timedelta(days=3), timedelta(minutes=30)


def page_view_id(row):
    entries = json.loads(row["contexts"])["data"]
    return next((entry["data"]["id"] for entry in entries if "/web_page/" in entry["schema"]), None)


def visits(rows, secret):
    """Sessions by id and day: events, page views, pings, conversions, seconds; page views: session, pings, seconds."""
    found = defaultdict(list)
    visitors, views = told(rows, secret)
    for visitor, events in visitors.items():
        for start, event in with_starts(visitor, events):
            found[session_id(visitor, start), start.date().isoformat()].append(event)
    sessions, pages = {}, {}
    for key, events in found.items():
        by_page = {page: pings_of(event for event in events if event[3] == page) for *_, page in events if page}
        if by_page:
            sessions[key] = summed(events, by_page)
        for when, name, _, page in events:
            if is_first(views[page], when, name):
                pages[page, when.date().isoformat()] = (key[0], *by_page[page])
    return sessions, pages


def told(rows, secret):
    """Events of people by visitor, each with time, id, row and page; and times and ids of page_view events by page."""
    visitors, views = defaultdict(list), defaultdict(list)
    for row in rows:
        names = ("login", row["user_id"]), ("domain", row["domain_userid"]), ("network", row["network_userid"])
        visitor, when = row["domain_sessionid"] or hashed(secret, *names), event_time(row)
        if visitor and not bot_reason(row["useragent"], row["derived_contexts"]):
            page = page_view_id(row) if row["event_name"] in {"page_view", "page_ping"} else None
            visitors[bool(row["domain_sessionid"]), visitor].append((when, row["event_id"], row, page))
            if page and row["event_name"] == "page_view":
                views[page].append((when, row["event_id"]))
    return visitors, views


def with_starts(visitor, events):
    """Pairs of the start of its session and the event; events that are in none are left out."""
    limit = LONGEST if visitor[0] else SILENCE
    times = sorted(when for when, *_ in events)
    starts = [when for when in times if not any(when - limit <= other < when for other in times)]
    for event in events:
        start = max(begun for begun in starts if begun <= event[0])
        if event[0] - start <= LONGEST:
            yield start, event


def session_id(visitor, start):
    is_tracked, name = visitor
    moment = (start - EPOCH) // timedelta(microseconds=1)
    return name if is_tracked else hashlib.sha256(f"{name}|{moment}".encode()).hexdigest()


def summed(events, by_page):
    pings, seconds = map(sum, zip(*by_page.values(), strict=True))
    clicks = sum(row["event_name"] == "link_click" for _, _, row, _ in events)
    return len(events), len(by_page), pings, clicks, seconds


def is_first(views, when, name):
    """Whether it is a page_view event, and none with its page view id came within three days before."""
    earlier = [other for other in views if when - LONGEST <= other[0] and other < (when, name)]
    return (when, name) in views and not earlier


def pings_of(events):
    """How many pings, and how long the page was looked at."""
    times = [when for when, _, row, _ in events if row["event_name"] == "page_ping"]
    beats = {(when - EPOCH) // timedelta(seconds=10) for when in times}
    return len(times), 10 * (len(beats) - 1) + 5 if beats else 0
