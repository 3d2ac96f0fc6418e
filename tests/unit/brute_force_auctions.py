"""Auction records read again from the files, and the mart of bidders made of them, as plainly as possible."""

import gzip
import json
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from math import floor
from urllib.parse import parse_qs, urlsplit

from tests.unit.brute_force import bot_reason, hashed, site_and_section

LOG_HEAD = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d [A-Z]+ ")
BETWEEN = re.compile(r"\}[ \t]*(?=\{[ \t]*\"\w)")
AUCTION_KINDS, OTHER_KINDS = {"/openrtb2/auction", "/openrtb2/amp"}, {"/cookie_sync", "/set_uid", "/event"}
WINNER = re.compile(r"(^|_)(pb|bidder)$")
STARTED = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")


def texts_of(file):
    """The texts of the records of a file, cut where one object ends and the next begins, or at the end of a line."""
    for line in gzip.decompress(file.read_bytes()).decode(errors="surrogateescape").split("\n"):
        bare, start = LOG_HEAD.sub("", line), 0
        for between in BETWEEN.finditer(bare):
            yield bare[start : between.start() + 1]
            start = between.end()
        if bare[start:].strip():
            yield bare[start:]


class NameTwice(Exception):
    """An object of a record gives a name twice."""


def object_of(pairs):
    if len(pairs) > len(dict(pairs)):
        raise NameTwice
    return dict(pairs)


def read_record(text):
    """The record, or the rule that refuses it."""
    if any(0xDC80 <= ord(letter) <= 0xDCFF for letter in text):
        return "not_utf8"
    if "[" * 999 in text:
        return "too_deep"
    try:
        record = json.loads(text, object_pairs_hook=object_of)
    except NameTwice:
        return "duplicate_keys"
    except ValueError:
        return "not_json"
    if not isinstance(record, dict):
        return "not_an_object"
    bids = [bid for seat in response_of(record).get("seatbid", []) for bid in seat["bid"]]
    sizes = [imp["banner"].get("w") for imp in (record.get("Request") or {}).get("imp", [])]
    numbers = [record.get("Status"), *(bid["price"] for bid in bids), *sizes]
    return "unreadable_value" if any(isinstance(number, str) for number in numbers) else record


def response_of(record):
    return record.get("Response") or record.get("AuctionResponse") or {}


def started_at(record):
    """Microseconds since the epoch; what is finer is cut off. None for what is no time, or none of this century."""
    found = STARTED.fullmatch(record.get("StartTime") or "")
    if found is None or found[1] < "2005":
        return None
    clock, digits, zone = found.groups()
    at = datetime.fromisoformat(clock + zone.replace("Z", "+00:00")).astimezone(UTC)
    return int(at.timestamp()) * 1_000_000 + int((digits or "").ljust(6, "0")[:6])


def bidders_of(imp):
    ext = imp.get("ext") or {}
    found = (ext.get("prebid") or {}).get("bidder")
    return {name.lower() for name in (set(ext) - {"prebid", "gpid"} if found is None else found)}


def first_size(imp):
    banner = imp["banner"]
    size = banner["format"][0] if banner.get("format") else banner
    return f"{size['w']}x{size['h']}"


def codes_of(record):
    ext = response_of(record).get("ext") or {}
    lists = (ext.get("seatnonbid"), (ext.get("prebid") or {}).get("seatnonbid"), record.get("SeatNonBid"))
    return {
        (seat["seat"], nonbid["impid"]): nonbid["statuscode"]
        for listed in lists
        for seat in listed or []
        for nonbid in seat["nonbid"]
    }


def is_earlier(bid, at):
    """Whether the event address of a bid tells of an auction before this one; it counts milliseconds."""
    events = bid["ext"]["prebid"].get("events")
    return bool(events) and at is not None and int(parse_qs(urlsplit(events["win"]).query)["ts"][0]) < at // 1000


def outcome_of(code, errors):
    if code is not None:
        return "timeout" if code == 101 else "error" if 100 <= code < 200 else "rejected" if code >= 200 else "no_bid"
    if errors:
        return "timeout" if any(error["code"] == 1 for error in errors) else "error"
    return "no_bid"


def fate_of_all(record):
    """What becomes of all rows of a record; None when they are looked at one by one."""
    request = record.get("Request") or {}
    if record.get("type") not in AUCTION_KINDS | OTHER_KINDS:
        return "quarantined", "record_kind_unknown"
    if record["type"] in OTHER_KINDS:
        return "filtered", "not_an_auction"
    if not response_of(record) and record["Status"] >= 400:
        return "filtered", "request_turned_down"
    if not request["id"].strip():
        return "quarantined", "auction_id_missing"
    if started_at(record) is None:
        return "quarantined", "auction_time_invalid"
    return None if request["imp"] else ("quarantined", "impression_missing")


def is_no_price(price):
    return price is None or not 0 <= price < 100_000


def price_of(bid):
    return bid["price"] or 0


def who_of(record):
    request = record["Request"]
    ids = (request.get("device") or {}).get("ifa"), (request.get("user") or {}).get("id")
    people = [("device", ids[0]), ("pbs_user", ids[1]), *eids_of(request.get("user") or {})]
    return {"at": started_at(record), "people": people, "request": request}


def eids_of(user):
    """What others call the user, as (kind, identifier): eight at most, those that are people's first."""
    found = set()
    for place in (user, user.get("ext") or {}):
        for eid in place.get("eids", []):
            source = eid["source"].strip().lower()
            for uid in eid["uids"]:
                rank = {"3": 0, "1": 1, "2": 2}.get(str(uid.get("atype")), 3)
                if source and hashed(b"", ("any", uid["id"])):
                    found.add((rank, f"{source}:{uid['id']}"))
    kinds = "person_eid", "device_eid", "app_eid", "eid"
    return [(kinds[rank], identifier) for rank, identifier in sorted(found)[:8]]


def rows_of(record):
    """Rows of the tables of auctions and bids: keys to values, or to a pair that says why they are none."""
    of_all, imps = fate_of_all(record), (record.get("Request") or {}).get("imp")
    if not imps:
        return {None: of_all}, {None: of_all}
    auctions, bids, key = {}, {}, record["Request"]["id"]
    offers = defaultdict(list)
    for seat in response_of(record).get("seatbid") or []:
        for bid in seat["bid"]:
            offers[bid["impid"], seat["seat"]].append(bid)
    for imp in imps:
        floor_of_imp = "floor_invalid" if is_no_price(imp.get("bidfloor", 0)) else None
        fate = "impression_id_missing" if not imp["id"] else floor_of_imp
        auctions[key, imp["id"]] = ("quarantined", fate) if fate else slot_of(record) | who_of(record)
        of_imp = {seat: found for (imp_id, seat), found in offers.items() if imp_id == imp["id"]}
        for bidder, row in rows_of_imp(record, imp, of_imp).items():
            bids[key, imp["id"], bidder] = row
    for imp_id, bidder in offers:
        if imp_id not in {imp["id"] for imp in imps}:
            bids[key, imp_id, bidder] = "quarantined", "impression_unknown"
    if of_all is not None:
        return dict.fromkeys(auctions, of_all), dict.fromkeys(bids, of_all)
    return auctions, bids


def slot_of(record):
    """A slot put up for auction, as the mart of traffic counts it."""
    request = record["Request"]
    page, app = ((request.get(place) or {}) for place in ("site", "app"))
    return {
        "at": started_at(record),
        "site": site_and_section(page.get("page"))[0],
        "app": app.get("bundle"),
        "reason": bot_reason(request["device"]["ua"]),
        "is_test": request.get("test") == 1,
    }


def traffic(auctions):
    """How many slots were auctioned, by day, site or app, and why their viewer is a robot; tests are none."""
    counts = Counter()
    for slot in auctions.values():
        day = datetime.fromtimestamp(slot["at"] // 1_000_000, UTC).date()
        is_app = slot["site"] is None and slot["app"] is not None
        counts[day, slot["site"] or slot["app"], is_app, slot["reason"]] += not slot["is_test"]
    return +counts


def rows_of_imp(record, imp, of_imp):
    """Rows of the table of bids by bidder."""
    at, response, codes = started_at(record), response_of(record), codes_of(record)
    page, app = ((record["Request"].get(place) or {}) for place in ("site", "app"))
    ext, asked = response.get("ext") or {}, bidders_of(imp)
    every = [bid for found in of_imp.values() for bid in found]
    named = [bid for bid in every if any(map(WINNER.search, bid["ext"]["prebid"].get("targeting", {})))]
    won = named[0] if named else max(every, key=price_of, default=None)
    own = sum(not is_earlier(bid, at) for bid in every)
    rows = {} if asked | set(of_imp) else {None: ("filtered", "nobody_asked")}
    for bidder in asked | set(of_imp):
        found = of_imp.get(bidder, [])
        code = codes.get((bidder, imp["id"]))
        outcome = outcome_of(code, (ext.get("errors") or {}).get(bidder))
        if any(not is_earlier(bid, at) for bid in found):
            outcome = "bid"
        elif bidder not in asked:
            outcome = "cached"
        told = next((bid for bid in found if bid is won), max(found, key=price_of, default=None))
        rows[bidder] = {
            "at": at,
            "reason": bot_reason(record["Request"]["device"]["ua"]),
            "site": site_and_section(page.get("page"))[0],
            "app": app.get("bundle"),
            "outcome": outcome,
            "code": code,
            "is_won": any(bid is won for bid in found),
            "in_auction": own,
            "size": f"{told['w']}x{told['h']}" if told and "w" in told else first_size(imp),
            "micros": None if told is None else int(Decimal(str(price_of(told))) * 1_000_000),
            "currency": response.get("cur") or "USD",
            "ms": (ext.get("responsetimemillis") or {}).get(bidder),
        }
        rule = "price_invalid" if any(is_no_price(bid["price"]) for bid in found) else None
        rule = "bidder_missing" if not bidder.strip() else rule
        rule = "impression_id_missing" if not imp["id"] else rule
        if rule or record["Request"].get("test") == 1:
            rows[bidder] = ("quarantined", rule) if rule else ("filtered", "test_auction")
    return rows


class AuctionLake:
    """Published rows after each batch, and the account of each."""

    def __init__(self):
        self.published = {"auctions": {}, "bids": {}}

    def take(self, root):
        files = sorted(file for file in root.glob("prebid/**/*") if file.is_file())
        bronze, silver = Counter(), {"auctions": Counter(), "bids": Counter()}
        for file in files:
            for text in texts_of(file):
                bronze["read"] += 1
                record = read_record(text)
                if isinstance(record, str):
                    bronze["quarantined", record] += 1
                    continue
                bronze["published"] += 1
                for table, rows in zip(("auctions", "bids"), rows_of(record), strict=True):
                    for key, row in rows.items():
                        silver[table]["read"] += 1
                        silver[table][self._sort_in(table, key, row)] += 1
        accounts = {"prebid_auctions": {"bronze": bronze}, **{name: {"silver": of} for name, of in silver.items()}}
        return (accounts if files else {}), len(files)

    def _sort_in(self, table, key, row):
        if isinstance(row, tuple):
            return row
        if key in self.published[table]:
            return "duplicates"
        self.published[table][key] = row
        return "published"


def half_up(amount):
    return floor(amount + Fraction(1, 2))


def bidder_days(bids, worth):
    """Rows of the mart by key; `worth` gives the factor to the lake's currency and the day of the rate, or None."""
    rows = defaultdict(lambda: {"counts": Counter(), "codes": Counter(), "times": [], "days": [], "known": Counter()})
    for (_, _, bidder), bid in bids.items():
        if bid["reason"]:
            continue
        day = datetime.fromtimestamp(bid["at"] // 1_000_000, UTC).date()
        row = rows[day, bidder, bid["site"] or bid["app"], bid["site"] is None and bid["app"] is not None, bid["size"]]
        counts, outcome = row["counts"], bid["outcome"]
        if outcome != "cached":
            counts["asks"] += 1
            counts["rejections" if outcome == "rejected" else f"{outcome}s"] += 1
            density = "5_plus" if bid["in_auction"] >= 5 else bid["in_auction"]
            counts[f"auction_slots_{density}_bids"] += 1
        if outcome not in {"cached", "timeout"} and bid["ms"] is not None:
            counts["responses"] += 1
            row["times"].append(bid["ms"])
        if bid["code"] is not None:
            row["codes"][bid["code"]] += 1
        counts["wins"] += bid["is_won"]
        found = worth(bid["currency"], day)
        price = None if found is None or bid["micros"] is None else half_up(bid["micros"] * found[0])
        for kind, counts_here in (("bid", outcome == "bid"), ("win", bid["is_won"])):
            if counts_here and price is None:
                counts[f"{kind}s_unconverted"] += 1
            elif counts_here:
                row["known"][kind] += 1
                row["days"] += [found[1]] if found[1] else []
                counts[f"{kind}_cpm_micros"] += price
                counts["win_revenue_micros"] += (price + 500) // 1000 if kind == "win" else 0
    return rows
