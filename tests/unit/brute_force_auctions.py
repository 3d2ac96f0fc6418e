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

from tests.unit.brute_force import site_and_section

BETWEEN = re.compile(r"\}[ \t]*(?=\{[ \t]*\"\w)")
WINNER = re.compile(r"(^|_)(pb|bidder)$")
REQUIRED_START = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")


def texts_of(file):
    """The texts of the records of a file, cut where one object ends and the next begins, or at the end of a line."""
    for line in gzip.decompress(file.read_bytes()).decode(errors="surrogateescape").split("\n"):
        start = 0
        for between in BETWEEN.finditer(line):
            yield line[start : between.start() + 1]
            start = between.end()
        if line[start:].strip():
            yield line[start:]


def started_at(record):
    """Microseconds since the epoch; what is finer is cut off."""
    clock, digits, zone = REQUIRED_START.fullmatch(record["StartTime"]).groups()
    at = datetime.fromisoformat(clock + zone.replace("Z", "+00:00")).astimezone(UTC)
    return int(at.timestamp()) * 1_000_000 + int((digits or "").ljust(6, "0")[:6])


def bidders_of(imp):
    ext = imp.get("ext") or {}
    found = (ext.get("prebid") or {}).get("bidder")
    return (
        set(ext) - {"prebid", "gpid", "context", "data", "tid", "skadn", "ae", "igs"} if found is None else set(found)
    )


def first_size(imp):
    banner = imp["banner"]
    size = banner["format"][0] if banner.get("format") else banner
    return f"{size['w']}x{size['h']}"


def codes_of(record):
    ext = (record["Response"] or {}).get("ext") or {}
    lists = (ext.get("seatnonbid"), (ext.get("prebid") or {}).get("seatnonbid"))
    return {
        (seat["seat"], nonbid["impid"]): nonbid["statuscode"]
        for listed in lists
        for seat in listed or []
        for nonbid in seat["nonbid"]
    }


def is_earlier(bid, at):
    """Whether the event address of a bid tells of an auction before this one; it counts milliseconds."""
    events = bid["ext"]["prebid"].get("events")
    return bool(events) and int(parse_qs(urlsplit(events["win"]).query)["ts"][0]) < at // 1000


def outcome_of(code, errors):
    if code is not None:
        return "timeout" if code == 101 else "error" if 100 <= code < 200 else "rejected" if code >= 200 else "no_bid"
    if errors:
        return "timeout" if any(error["code"] == 1 for error in errors) else "error"
    return "no_bid"


def rows_of(record):
    """Rows of the tables of auctions and bids: keys to values."""
    request, response = record["Request"], record["Response"] or {}
    at = started_at(record)
    site = site_and_section((request.get("site") or {}).get("page"))[0]
    app = (request.get("app") or {}).get("bundle")
    ext, codes = response.get("ext") or {}, codes_of(record)
    offers = defaultdict(list)
    for seat in response.get("seatbid") or []:
        for bid in seat["bid"]:
            offers[bid["impid"], seat["seat"]].append(bid)
    auctions, bids = {}, {}
    for imp in request["imp"]:
        of_imp = {seat: found for (imp_id, seat), found in offers.items() if imp_id == imp["id"]}
        every = [bid for found in of_imp.values() for bid in found]
        named = [bid for bid in every if any(WINNER.search(key) for key in bid["ext"]["prebid"]["targeting"])]
        won = named[0] if named else max(every, key=lambda bid: bid["price"], default=None)
        own = sum(not is_earlier(bid, at) for bid in every)
        asked = bidders_of(imp)
        auctions[request["id"], imp["id"]] = {"asks": len(asked), "bids": own}
        for bidder in asked | set(of_imp):
            found = of_imp.get(bidder, [])
            fresh = [bid for bid in found if not is_earlier(bid, at)]
            outcome = outcome_of(codes.get((bidder, imp["id"])), (ext.get("errors") or {}).get(bidder))
            told = next((bid for bid in found if bid is won), max(found, key=lambda bid: bid["price"], default=None))
            bids[request["id"], imp["id"], bidder] = {
                "at": at,
                "site": site,
                "app": app,
                "outcome": "bid" if fresh else "cached" if bidder not in asked else outcome,
                "code": codes.get((bidder, imp["id"])),
                "is_won": any(bid is won for bid in found),
                "in_auction": own,
                "size": f"{told['w']}x{told['h']}" if told else first_size(imp),
                "micros": None if told is None else int(Decimal(str(told["price"])) * 1_000_000),
                "currency": response.get("cur") or "USD",
                "ms": (ext.get("responsetimemillis") or {}).get(bidder),
            }
    return auctions, bids


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
                        is_new = key not in self.published[table]
                        silver[table]["published" if is_new else "duplicates"] += 1
                        self.published[table].setdefault(key, row)
        accounts = {"prebid_auctions": {"bronze": bronze}, **{name: {"silver": of} for name, of in silver.items()}}
        return (accounts if files else {}), len(files)


def read_record(text):
    """The record, or the rule that refuses it."""
    if any(0xDC80 <= ord(letter) <= 0xDCFF for letter in text):
        return "not_utf8"
    if "[" * 999 in text:
        return "too_deep"
    try:
        record = json.loads(text, object_pairs_hook=Pairs)
    except ValueError:
        return "not_json"
    if not isinstance(record, dict):
        return "not_an_object"
    if record.names.count("StartTime") > 1:
        return "duplicate_keys"
    bids = [bid for seat in (record["Response"] or {}).get("seatbid", []) for bid in seat["bid"]]
    sizes = [imp["banner"].get("w") for imp in record["Request"]["imp"]]
    numbers = [record["Status"], *(bid["price"] for bid in bids), *sizes]
    return "unreadable_value" if any(isinstance(number, str) for number in numbers) else record


class Pairs(dict):
    """An object; the last value of a name counts, and all its names are known."""

    def __init__(self, pairs):
        super().__init__(pairs)
        self.names = [name for name, _ in pairs]


def half_up(amount):
    return floor(amount + Fraction(1, 2))


def bidder_days(bids, worth):
    """Rows of the mart by key; `worth` gives the factor to the lake's currency and the day of the rate, or None."""
    rows = defaultdict(lambda: {"counts": Counter(), "codes": Counter(), "times": [], "days": [], "known": Counter()})
    for (_, _, bidder), bid in bids.items():
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
