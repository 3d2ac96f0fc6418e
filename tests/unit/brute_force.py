"""Accounts and gold tables worked out from delivered files, one row after the other: slow, short, and plainly right.

It shares nothing with the library: what the generator says of its own files is held against this.
"""

import csv
import gzip
import hashlib
import hmac
import json
import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import urlsplit

from tests.unit.agents import PEOPLE, ROBOTS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KINDS = {"Requests": "gam_requests", "Impressions": "gam_impressions", "Clicks": "gam_clicks"}
KINDS["ActiveViews"] = "gam_active_views"
LONGS = {"TimeUsec2", "EventTimeUsec2"}
DECIMALS = {"EstimatedBackfillRevenue", "SellerReservePrice", "CostPerUnitInNetworkCurrency"}
SNOWPLOW = {0: "app_id", 2: "etl_tstamp", 3: "collector_tstamp", 6: "event_id", 12: "user_id", 15: "domain_userid"}
SNOWPLOW |= {16: "domain_sessionidx", 17: "network_userid", 29: "page_url", 52: "contexts", 76: "pp_yoffset_max"}
SNOWPLOW |= {77: "useragent", 122: "derived_contexts", 124: "derived_tstamp", 126: "event_name"}
SNOWPLOW |= {18: "geo_country", 101: "dvce_type", 123: "domain_sessionid"}
SERVED = {"smartphone": "mobile", "desktop": "desktop", "tablet": "tablet", "connected tv": "tv"}
TRACKED = {"mobile": "mobile", "computer": "desktop", "tablet": "tablet", "other": "other"}
EARLIEST, LATEST = datetime(2005, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def table_of(path):
    name = path.rsplit("/", 1)[-1].split("_")[0]
    if path.startswith("snowplow/"):
        return "page_events"
    return "gam_line_items" if name == "LineItem" else KINDS[name.removeprefix("Network").removeprefix("Backfill")]


def lines_of(file):
    data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return [line for line in data.decode().split("\n") if any(letter > " " for letter in line)]


def typed(name, value):
    """A value of bronze; ValueError when it does not parse."""
    if value in {"", "Null"}:
        return None
    if name in LONGS:
        return int(value)
    if name in DECIMALS:
        if not re.fullmatch(r"-?\d+(\.\d+)?", value):
            raise ValueError
        return Decimal(value)
    return value


def typed_event(name, value):
    if value == "":
        return None
    if name.endswith("_tstamp"):
        return datetime.strptime(value, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)
    return int(value) if name in {"domain_sessionidx", "pp_yoffset_max"} else value


def read_file(root, path):
    """Bronze rows and the rules of the lines that are none."""
    table, lines, rows, refused = table_of(path), lines_of(root / path), [], Counter()
    if table == "page_events":
        header, records, parse = None, [line.split("\t") for line in lines], typed_event
    else:
        delimiter = "^" if "^" in lines[0] else ","
        header, parse = lines[0].split(delimiter), typed
        records = [next(csv.reader([line], delimiter=delimiter)) for line in lines[1:]]
    for position, fields in enumerate(records, 1):
        if len(fields) != (131 if header is None else len(header)):
            refused["wrong_column_count"] += 1
            continue
        named = (
            {SNOWPLOW[n]: v for n, v in enumerate(fields) if n in SNOWPLOW}
            if header is None
            else dict(zip(header, fields, strict=True))
        )
        try:
            row = {name: parse(name, value) for name, value in named.items()}
        except ValueError:
            refused["unreadable_value"] += 1
            continue
        rows.append(row | {"_file": path, "_position": position, "_table": table})
    return rows, refused


def at(micros):
    return None if micros is None else EPOCH + timedelta(microseconds=micros)


def out_of_range(time):
    return time is None or not EARLIEST <= time < LATEST


def blank(value):
    return value is None or value.strip() == ""


def is_json_object(text):
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def is_backfill(row):
    return row["_file"].rsplit("/", 1)[-1].startswith("NetworkBackfill")


def event_time(row):
    if row["_table"] == "page_events":
        return row["derived_tstamp"] or row["collector_tstamp"]
    return at(row["TimeUsec2"] if row["_table"] == "gam_requests" else row["EventTimeUsec2"])


def rules(row):
    """Pairs of rule and whether the row breaks it, in order; ask no further than the first one broken."""
    table = row["_table"]
    if table == "page_events":
        yield "event_id_missing", blank(row["event_id"])
        yield "collector_time_missing", row["collector_tstamp"] is None
        yield "event_time_invalid", out_of_range(event_time(row))
        yield "contexts_malformed", row["contexts"] is not None and not is_json_object(row["contexts"])
        return
    if table == "gam_line_items":
        yield "line_item_id_missing", blank(row["ID"]) or row["ID"] == "0"
        rate = row["CostPerUnitInNetworkCurrency"]
        yield "rate_invalid", rate is None or rate < 0
        return
    yield "query_time_invalid", out_of_range(at(row["TimeUsec2"]))
    yield "event_time_invalid", out_of_range(event_time(row))
    yield "key_missing", blank(row["KeyPart"]) or (table != "gam_requests" and blank(row["EventKeyPart"]))
    if table == "gam_impressions":
        yield "revenue_missing", is_backfill(row) and row["EstimatedBackfillRevenue"] is None


def broken_rule(row):
    return next((rule for rule, is_broken in rules(row) if is_broken), None)


def key_of(row):
    if row["_table"] == "page_events":
        return row["event_id"]
    if row["_table"] == "gam_line_items":
        return snapshot_date(row), row["ID"]
    key = (row["KeyPart"], row["TimeUsec2"])
    return key if row["_table"] == "gam_requests" else (*key, row["EventKeyPart"], row["EventTimeUsec2"])


def rank(row):
    if row["_table"] == "page_events":
        etl = row["etl_tstamp"]
        return row["collector_tstamp"], etl is None, etl or EPOCH, row["_file"].encode(), row["_position"]
    return row["_file"].encode(), row["_position"]


def snapshot_date(row):
    return datetime.strptime(row["_file"].rsplit("_", 1)[-1][:8], "%Y%m%d").replace(tzinfo=UTC).date()


class Lake:
    """Published rows after each batch, and the account of each."""

    def __init__(self):
        self.published = defaultdict(dict)  # table -> key -> row
        self.candidates = defaultdict(list)  # rows that passed, by table
        self.contents = {}

    def take(self, root, skip=()):
        paths = sorted(file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file())
        paths = [path for path in paths if path not in skip and path.startswith(("gam/", "snowplow/"))]
        contents = {path: (root / path).read_bytes() for path in paths}
        paths = [path for path in paths if self.contents.get(path) != contents[path]]
        accounts = defaultdict(lambda: {"bronze": Counter(), "silver": Counter()})
        replaced = {path for path in paths if path in self.contents}
        gone = self._supersede(replaced, accounts)
        fresh = defaultdict(list)
        for path in paths:
            rows, refused = read_file(root, path)
            bronze = accounts[table_of(path)]["bronze"]
            bronze.update({"read": len(rows) + sum(refused.values()), "published": len(rows)})
            bronze.update({("quarantined", rule): count for rule, count in refused.items()})
            for row in rows:
                self._sort_in(row, fresh, accounts[row["_table"]]["silver"])
        for table, rows in fresh.items():
            self._publish(table, rows, accounts[table]["silver"])
        self._restore(gone, accounts)
        for table, rows in fresh.items():
            self.candidates[table] += rows
        self.contents |= contents
        return accounts, len(paths)

    def _supersede(self, replaced, accounts):
        gone = []
        for table, rows in self.published.items():
            keys = [key for key, row in rows.items() if row["_file"] in replaced]
            gone += [(table, key) for key in keys]
            for key in keys:
                del rows[key]
                accounts[table]["silver"]["superseded"] += 1
            self.candidates[table] = [row for row in self.candidates[table] if row["_file"] not in replaced]
        return gone

    @staticmethod
    def _sort_in(row, fresh, silver):
        silver["read"] += 1
        rule = broken_rule(row)
        if rule is not None:
            silver["quarantined", rule] += 1
        elif row["_table"] == "gam_impressions" and not is_backfill(row) and row["LineItemId"] in {None, "0"}:
            silver["filtered", "unfilled_impression"] += 1
        else:
            fresh[row["_table"]].append(row)

    def _publish(self, table, rows, silver):
        winners = {}
        for row in sorted(rows, key=rank):
            if key_of(row) not in self.published[table]:
                winners.setdefault(key_of(row), row)
        self.published[table] |= winners
        silver["published"] += len(winners)
        silver["duplicates"] += len(rows) - len(winners)

    def _restore(self, gone, accounts):
        for table, key in gone:
            others = [row for row in self.candidates[table] if key_of(row) == key]
            if key not in self.published[table] and others:
                self.published[table][key] = min(others, key=rank)
                accounts[table]["silver"]["restored"] += 1
                accounts[table]["silver"]["published"] += 1


def micros(amount):
    return int((amount * 1_000_000).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def is_bucket(name, value):
    is_of_bids = name == "hb_pb" or name.startswith("hb_pb_")
    return is_of_bids and re.fullmatch(r"[0-9]+(\.[0-9]+)?", value) is not None


def site_and_section(url):
    parts = urlsplit(url or "")
    if parts.scheme not in {"http", "https"}:
        return None, None
    section = parts.path.split("/")[1].lower() if "/" in parts.path else ""
    return parts.hostname.removeprefix("www."), section or None


def hashed(secret, *identifiers):
    """The key of the first identifier that names somebody, from (kind, identifier) pairs."""
    for kind, identifier in identifiers:
        text = (identifier or "").strip()
        if text.lower() not in {"", "0", "-1", "null", "optout"} and set(text) - {"0", "-"}:
            return "k1:" + hmac.new(secret, f"{kind}:{identifier}".encode(), hashlib.sha256).hexdigest()
    return None


def bot_reason(agent, contexts=None):
    """Why somebody is a robot: the contexts say so, or the agent is one of those that are known."""
    if re.search(r'"spiderOrRobot":\s*true', contexts or ""):
        return "spider_context"
    assert not agent or (agent in ROBOTS) != (agent in PEOPLE), agent
    return "user_agent" if agent in ROBOTS else None


class Gold:
    """The marts from published rows."""

    def __init__(self, published, secret):
        self.secret = secret
        self.snapshots = defaultdict(dict)
        for row in published["gam_line_items"].values():
            self.snapshots[snapshot_date(row)][row["ID"]] = row
        self.hours = defaultdict(Counter)
        self.days = {}
        self.traffic = defaultdict(Counter)
        for table in KINDS.values():
            for row in published[table].values():
                self._ad_row(table, row)
        for row in published["page_events"].values():
            self._page_event(row)

    def _line_item(self, row):
        day = event_time(row).date()
        known = max((snapshot for snapshot in self.snapshots if snapshot <= day), default=date.min)
        return None if is_backfill(row) else self.snapshots.get(known, {}).get(row["LineItemId"])

    def _channel(self, row, item, *, is_unfilled):
        product, deal = ((row.get(name) or "").lower().replace("_", " ") for name in ("Product", "DealType"))
        if is_backfill(row):
            if product in {"ad exchange", "adexchange"}:
                return {"private auction": "private_auction", "preferred deal": "preferred_deal"}.get(deal, "open_adx")
            if product in {"exchange bidding", "open bidding"}:
                return "open_bidding"
            return "adsense" if product == "adsense" else "backfill_other"
        if item is None:
            return "unfilled" if is_unfilled else "unknown"
        kind = item["LineItemType"].lower().replace(" ", "_")
        direct = {"sponsorship", "standard", "bulk", "network"}
        return kind if kind in {"house", "price_priority"} else "direct" if kind in direct else "direct_other"

    def _ad_row(self, table, row):
        item, when = self._line_item(row), event_time(row)
        is_unfilled = table == "gam_requests" and (row["IsFilledRequest"] or "").lower() in {"false", "n", "0"}
        unit = row["AdUnitId"] if row["AdUnitId"] != "0" else None
        hour = when.replace(minute=0, second=0, microsecond=0)
        channel = self._channel(row, item, is_unfilled=is_unfilled)
        site = site_and_section(row["RefererURL"])[0]
        sums = self.hours[hour, site, unit, channel, row["DeviceCategory"], row["Country"]]
        measure = {"gam_requests": "requests", "gam_impressions": "impressions", "gam_clicks": "clicks"}
        sums[measure.get(table, "active_views")] += 1
        sums["unfilled"] += is_unfilled
        flags = {"eligible": "ActiveViewEligibleImpression", "measurable": "MeasurableImpression"}
        for name, column in (flags | {"viewable": "ViewableImpression"}).items():
            sums[name] += (row.get(column) or "").lower() in {"true", "y", "1"}
        money = self._money(table, row, item)
        sums.update(money)
        sums.update(self._pressure(table, row, item, money))
        person = hashed(self.secret, ("ppid", row["PublisherProvidedID"]), ("gam_user", row["UserId"]))
        if person and table in {"gam_impressions", "gam_clicks"}:
            day = self._seen(person, when)
            day[measure[table]] += 1
            if table == "gam_impressions":
                self._count_places(day, SERVED.get((row["DeviceCategory"] or "").lower()), row["Country"])
            day["revenue_micros"] += money["revenue_micros"]
            day["revenue_unknown_impressions"] += money["revenue_unknown_impressions"]

    @staticmethod
    def _pressure(table, row, item, money):
        """What a header bid adds that lost to something else."""
        measures = ("header_bid_impressions", "header_bid_micros", "capped_header_bids")
        nothing = dict.fromkeys((*measures, "pressed_revenue_micros", "pressed_unknown_impressions"), 0)
        pairs = [pair.partition("=") for pair in (row["CustomTargeting"] or "").split(";")]
        buckets = [Decimal(value) for name, _, value in pairs if is_bucket(name, value)]
        is_won_by_one = item and item["LineItemType"].lower().replace(" ", "_") == "price_priority"
        if table != "gam_impressions" or not buckets or (not is_backfill(row) and (item is None or is_won_by_one)):
            return nothing
        return {
            "header_bid_impressions": 1,
            "header_bid_micros": micros(max(buckets) / 1000),
            "capped_header_bids": int(max(buckets) >= 20),
            "pressed_revenue_micros": money["revenue_micros"],
            "pressed_unknown_impressions": money["revenue_unknown_impressions"],
        }

    @staticmethod
    def _money(table, row, item):
        reported = rate_card = unknown = 0
        if table == "gam_impressions" and is_backfill(row):
            reported = micros(row["EstimatedBackfillRevenue"])
        elif table == "gam_impressions" and item and item["CostType"] == "CPM":
            rate_card = micros(Decimal(micros(item["CostPerUnitInNetworkCurrency"])) / 1000 / 1_000_000)
        elif table == "gam_impressions" and (item is None or item["CostType"] != "CPC"):
            unknown = 1
        elif table == "gam_clicks" and item and item["CostType"] == "CPC":
            rate_card = micros(item["CostPerUnitInNetworkCurrency"])
        return {
            "revenue_reported_micros": reported,
            "revenue_rate_card_micros": rate_card,
            "revenue_micros": reported + rate_card,
            "revenue_unknown_impressions": unknown,
        }

    def _page_event(self, row):
        reason = bot_reason(row["useragent"], row["derived_contexts"])
        counts = self.traffic[event_time(row).date(), site_and_section(row["page_url"])[0], False, reason]
        counts.update({"page_events": 1, "page_views": int(row["event_name"] == "page_view")})
        if reason:
            return
        identifiers = ("login", row["user_id"]), ("domain", row["domain_userid"]), ("network", row["network_userid"])
        person = hashed(self.secret, *identifiers)
        if person is None:
            return
        day = self._seen(person, event_time(row))
        self._count_places(day, TRACKED.get((row["dvce_type"] or "").lower()), row["geo_country"])
        day["visits"] |= {row["domain_sessionid"]} - {None}
        if row["event_name"] == "page_view":
            day["page_views"] += 1
            site, section = site_and_section(row["page_url"])
            day["sections"] |= {section} if section else set()
            day["section_page_views"].update([f"{site}/{section}"] if section else [])

    @staticmethod
    def _count_places(day, device, country):
        day["device_events"].update([device] if device else [])
        day["country_events"].update([country] if country else [])

    def _seen(self, person, when):
        counts = ("page_views", "impressions", "clicks", "revenue_micros", "revenue_unknown_impressions")
        nothing = dict.fromkeys(counts, 0) | {"sections": set(), "visits": set(), "first": when, "last": when}
        nothing |= {name: Counter() for name in ("section_page_views", "device_events", "country_events")}
        day = self.days.setdefault((person, when.date()), nothing)
        day["first"], day["last"] = min(day["first"], when), max(day["last"], when)
        return day
