"""What the generator says of its files, against the files themselves, read again by brute force."""

import csv
import gzip
import hashlib
import json
import re
import stat
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from adlake.config import load_config
from adlake.consent import policy_of
from adlake.errors import UsageError
from adlake.generator import Truth, generate
from tests.unit import brute_force, brute_force_consents, brute_force_people
from tests.unit.agents import PEOPLE, ROBOTS
from tests.unit.brute_force_auctions import AuctionLake, bidder_days, read_record, response_of, texts_of, traffic
from tests.unit.brute_force_contacts import ContactLake, features
from tests.unit.brute_force_rates import RateLake
from tests.unit.brute_force_sessions import visits

EVENTS, SEED = 5_000, 11
BATCHES = {1: "landing", 2: "second_delivery"}
PACIFIC = ZoneInfo("America/Los_Angeles")
EVENT_TABLES = {
    *("gam_requests", "gam_impressions", "gam_clicks", "gam_active_views", "page_events", "prebid_auctions"),
}
YIELD_DIMENSIONS = ("hour_utc", "site", "ad_unit_id", "channel", "device_category", "country")
BIDDER_KEY = ("event_date", "bidder", "site", "is_app", "slot_size")
ISO_MICROS = "%Y-%m-%dT%H:%M:%S.%fZ"


class Judged(NamedTuple):
    """What brute force finds after a batch."""

    accounts: dict
    files: int
    gold: brute_force.Gold
    bidders: dict
    traffic: dict
    as_of: date
    people: dict
    sessions: dict
    pages: dict
    links: dict
    heard: Counter


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small run with unreadable files, generated once."""
    directory = tmp_path_factory.mktemp("generated")
    generate(directory, events=EVENTS, seed=SEED, broken_files=True)
    return directory


@pytest.fixture(scope="module")
def truth(made):
    return Truth.load(made)


@pytest.fixture(scope="module")
def judged(made, truth):
    """By batch: accounts, number of files, and the marts, all by brute force."""
    lake, auctions, rates, contacts = brute_force.Lake(), AuctionLake(), RateLake(), ContactLake()
    secret = (made / "identity.key").read_text().strip().encode()
    consent = load_config(made / "lake.yaml").consent
    asked = policy_of(consent), consent.contexts
    unreadable = set(truth.document["deliveries"]["1"]["set_aside"])
    found = {}
    for batch, folder in BATCHES.items():
        accounts, files = lake.take(made / folder, skip=unreadable)
        for other in (auctions, rates, contacts):
            more, taken = other.take(made / folder)
            accounts, files = {**accounts, **more}, files + taken
        gold = brute_force.Gold(lake.published, secret)
        bidders = bidder_days(auctions.published["bids"], rates.worth)
        origins = defaultdict(Counter, {origin: Counter(counts) for origin, counts in gold.traffic.items()})
        for origin, slots in traffic(auctions.published["auctions"]).items():
            origins[origin]["auction_slots"] += slots
        people = features(gold.days, contacts.published["contacts"], secret)
        visited = visits(lake.published["page_events"].values(), secret)
        seen = brute_force_people.rows(lake.published, auctions.published["auctions"], contacts.published["contacts"])
        links = brute_force_people.links(seen, secret)
        heard = brute_force_consents.heard(lake.published["page_events"], auctions.published["auctions"], asked, secret)
        found[batch] = Judged(accounts, files, gold, bidders, origins, *people, *visited, links, heard)
    return found


def texts(root, pattern="*"):
    for file in sorted(root.rglob(pattern)):
        if file.is_file():
            yield file, gzip.decompress(file.read_bytes()).decode(errors="replace")


def as_account(counts):
    """The account that the counts of brute force come to, in the form of truth.json."""
    account = {"quarantined": {}, "filtered": {}}
    for name, count in counts.items():
        if isinstance(name, tuple):
            account[name[0]][name[1]] = count
        else:
            account[name] = count
    return {name: value for name, value in account.items() if value}


def as_text(value):
    """As the truth spells it: of a set its size, of a map its entries in the order of their names."""
    if isinstance(value, dict):
        return "|".join(f"{name}={as_text(inner)}" for name, inner in sorted(value.items()))
    if isinstance(value, float):
        return f"{value:.9f}"
    return str(len(value) if isinstance(value, set) else value)


def flattened(counts, prefix=""):
    for name, value in counts.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("layer", ["bronze", "silver", "vault"])
def test_every_account_is_what_brute_force_finds(judged, truth, batch, layer):
    found = {table: as_account(counts[layer]) for table, counts in judged[batch].accounts.items() if layer in counts}
    stated = {
        table: {name: value for name, value in account.items() if value}
        for table, account in truth.accounts(batch)[layer].items()
    }
    assert stated == found


@pytest.mark.parametrize("batch", BATCHES)
def test_the_files_taken_are_counted(judged, truth, batch):
    assert truth.document["deliveries"][str(batch)]["files_taken"] == judged[batch].files


@pytest.mark.parametrize("batch", BATCHES)
def test_yield_hourly_is_what_brute_force_finds(judged, truth, batch):
    rows = truth.table(batch, "yield_hourly")
    measures = [name for name in rows[0] if name not in YIELD_DIMENSIONS]
    found = {
        (hour.strftime(ISO_MICROS), *(value or "" for value in rest)): [sums[name] for name in measures]
        for (hour, *rest), sums in judged[batch].gold.hours.items()
    }
    stated = {tuple(row[name] for name in YIELD_DIMENSIONS): [int(row[name]) for name in measures] for row in rows}
    assert stated == found
    totals = {name: sum(values[place] for values in found.values()) for place, name in enumerate(measures)}
    assert truth.gold(batch)["yield_hourly"]["totals"] == totals
    assert truth.gold(batch)["yield_hourly"]["rows"] == len(found) == len(rows)


@pytest.mark.parametrize("batch", BATCHES)
def test_yield_by_hour_and_channel_sums_the_whole_table(truth, batch):
    gold = truth.gold(batch)["yield_hourly"]
    sums = defaultdict(Counter)
    for row in truth.table(batch, "yield_hourly"):
        sums[row["hour_utc"], row["channel"]].update({name: int(row[name]) for name in gold["totals"]})
    stated = {
        (datetime.fromisoformat(row["hour_utc"]).strftime(ISO_MICROS), row["channel"]): row
        for row in gold["by_hour_and_channel"]
    }
    assert stated.keys() == sums.keys()
    assert all(stated[key][name] == sums[key][name] for key in sums for name in gold["totals"])


@pytest.mark.parametrize("batch", BATCHES)
def test_user_days_is_what_brute_force_finds(judged, truth, batch):
    found = {
        (person, date.isoformat()): {
            **{name: as_text(value) for name, value in day.items() if name not in {"sections", "first", "last"}},
            "sections": "|".join(sorted(day["sections"])),
            "first_seen_at_utc": day["first"].strftime(ISO_MICROS),
            "last_seen_at_utc": day["last"].strftime(ISO_MICROS),
        }
        for (person, date), day in judged[batch].gold.days.items()
    }
    rows = truth.table(batch, "user_days")
    assert {(row.pop("id_key"), row.pop("event_date")): row for row in rows} == found
    assert truth.gold(batch)["user_days"]["rows"] == len(found)


@pytest.mark.parametrize("batch", BATCHES)
def test_sessions_and_page_views_are_what_brute_force_finds(judged, truth, batch):
    measures = ("events", "page_views", "page_pings", "conversions", "engaged_seconds")
    rows = truth.table(batch, "sessions")
    told = {(row["session_id"], row["event_date"]): tuple(int(row[name]) for name in measures) for row in rows}
    assert told == judged[batch].sessions
    assert len(rows) == len(told)
    rows = truth.table(batch, "page_views")
    measures = ("page_pings", "engaged_seconds")
    told = {
        (row["page_view_id"], row["event_date"]): (row["session_id"], *(int(row[name]) for name in measures))
        for row in rows
    }
    assert told == judged[batch].pages
    assert len(rows) == len(told)


def test_there_are_sessions_of_every_kind(truth):
    rows = truth.table(2, "sessions")
    assert any(row["started_at_utc"][:10] < row["ended_at_utc"][:10] for row in rows)
    assert any(int(row["page_views"]) > 1 for row in rows)
    assert any(not row["id_key"] for row in rows)
    # without the tracker's id it is a hash
    assert any(len(row["session_id"]) == 64 for row in rows)
    for name in ("is_engaged", "is_engaged_snowplow", "is_bounced"):
        assert {row[name] for row in rows} == {"true", "false"}
    assert {row["is_engaged"] for row in rows if row["is_engaged_snowplow"] == "false"} == {"true", "false"}
    assert {"(direct)", "google.com", "newsletter"} <= {row["source"] for row in rows}
    assert {"(none)", "organic", "referral", "email"} <= {row["medium"] for row in rows}


@pytest.mark.parametrize("batch", BATCHES)
def test_consents_are_what_the_decoders_find_in_the_files(judged, truth, batch):
    names = ("event_date", "id_key", "source", "may_store", "may_personalise_ads", "may_profile", "may_measure")
    stated = Counter()
    for row in truth.table(batch, "consents"):
        if row["source"] != "contact_states":
            stated[*(row[name] for name in (*names, "may_share", "consent_basis"))] += int(row["events"])
    assert stated == judged[batch].heard
    assert {basis for *_, basis in stated} >= {
        *("tcf", "gpp:usnat", "us_privacy", "gpc", "coppa"),
        *("invalid:missing", "invalid:truncated", "invalid:future"),
    }


@pytest.mark.parametrize("batch", BATCHES)
def test_links_are_what_brute_force_finds(judged, truth, batch):
    names = ("event_date", "id_key", "kind", "linked_id_key", "linked_kind", "source")
    stated = {
        tuple(row[name] for name in names): (row["events"], row["first_seen_at_utc"], row["last_seen_at_utc"])
        for row in truth.table(batch, "identity_links")
    }
    assert stated == {
        (day, *one, *other, source): (str(often), first.strftime(ISO_MICROS), last.strftime(ISO_MICROS))
        for (day, one, other, source), (often, first, last) in judged[batch].links.items()
    }
    assert {source for *_, source in stated} == {
        *("page_events", "auctions", "gam_requests", "gam_impressions", "gam_clicks", "contact_states"),
    }


@pytest.mark.parametrize("batch", BATCHES)
def test_who_is_who_is_what_brute_force_finds(judged, truth, batch):
    names = ("kind", "user_key", "linked_people", "linked_devices", "cut_reason")
    stated = {row["id_key"]: tuple(row[name] for name in names) for row in truth.table(batch, "user_keys")}
    found = brute_force_people.who_is_who(judged[batch].links)
    assert stated == {key: tuple(map(str, told)) for key, told in found.items()}
    # a computer that many share, an account for tests, and people with more than one device are among them
    assert {told[4] for told in found.values()} == {"", "too_many_people", "too_many_devices"}
    assert max(Counter(told[1] for told in found.values()).values()) > 5
    # what others hand over: every kind, one that everybody is called by, and more tokens than one person may have
    assert {kind for kind, *_ in found.values()} >= {"person_eid", "device_eid", "app_eid", "eid"}
    assert ("person_eid", "too_many_devices") in {(told[0], told[4]) for told in found.values()}
    ends = {(one[0], other) for _, *pair, _ in judged[batch].links for one, other in (pair, pair[::-1])}
    accounts = Counter(key for key, (_, kind) in ends if kind == "person_eid")
    assert any(count > 5 and not found[key][4] for key, count in accounts.items())


@pytest.mark.parametrize("batch", BATCHES)
def test_user_features_are_what_brute_force_finds(judged, truth, batch):
    rows = {row.pop("id_key"): row for row in truth.table(batch, "user_features")}
    assert {row.pop("as_of_date") for row in rows.values()} == {judged[batch].as_of.isoformat()}
    found = judged[batch].people
    assert rows == {person: {name: as_text(value) for name, value in row.items()} for person, row in found.items()}
    assert any(row["subscription_state"] for row in rows.values())


@pytest.mark.parametrize("batch", BATCHES)
def test_bidder_daily_is_what_brute_force_finds(judged, truth, batch):
    found = {}
    for (day, bidder, site, is_app, size), row in judged[batch].bidders.items():
        counts = dict(row["counts"])
        for name in ("bid", "win"):
            if counts.get(f"{name}s_unconverted") and not row["known"][name]:
                counts |= dict.fromkeys([f"{name}_cpm_micros", *["win_revenue_micros"] * (name == "win")], "")
        found[day.isoformat(), bidder, site or "", str(is_app).lower(), size] = counts | {
            "nonbid_codes": "|".join(f"{code}={asks}" for code, asks in sorted(row["codes"].items(), key=str)),
            "oldest_rate_date": min(row["days"]).isoformat() if row["days"] else "",
        }
    rows = {tuple(row[name] for name in BIDDER_KEY): row for row in truth.table(batch, "bidder_daily")}
    assert rows.keys() == found.keys()
    for key, row in rows.items():
        histogram = list(map(int, row.pop("response_ms_histogram").split("|")))
        assert histogram == histogram_of(judged[batch].bidders, key)
        assert {name: value for name, value in row.items() if name not in BIDDER_KEY} == {
            name: str(found[key].get(name, 0)) for name in row if name not in BIDDER_KEY
        }


@pytest.mark.parametrize("batch", BATCHES)
def test_traffic_daily_is_what_brute_force_finds(judged, truth, batch):
    measures = ("page_events", "page_views", "auction_slots")
    found = {
        (day.isoformat(), site or "", str(is_app).lower(), reason or ""): {name: str(counts[name]) for name in measures}
        for (day, site, is_app, reason), counts in judged[batch].traffic.items()
    }
    rows = truth.table(batch, "traffic_daily")
    names = ("event_date", "site", "is_app", "bot_reason")
    assert {tuple(row.pop(name) for name in names): row for row in rows} == found
    reasons = {reason for *_, reason in found}
    assert reasons == {"", "spider_context", "user_agent"}


def test_robots_of_both_kinds_are_planted_and_phones_that_are_called_alike(made):
    """Some of their agents say nothing of a bot, and some people's do."""
    seen, contexts = set(), Counter()
    for folder in BATCHES.values():
        for _, text in texts(made / folder / "snowplow", "part-00000*"):
            for fields in (line.split("\t") for line in text.split("\n")):
                if len(fields) == 131:
                    seen.add(fields[77])
                    contexts['"spiderOrRobot":true' in fields[122].replace(" ", "")] += 1
        for file in sorted((made / folder).glob("prebid/**/*.gz")):
            records = filter(lambda found: isinstance(found, dict), map(read_record, texts_of(file)))
            seen |= {record["Request"]["device"]["ua"] for record in records if record.get("Request")}
    words = re.compile("bot|crawl|spider|slurp", re.IGNORECASE)
    assert seen - {""} <= {*ROBOTS, *PEOPLE}
    assert any(not words.search(agent) for agent in seen & set(ROBOTS))
    assert any(words.search(agent) for agent in seen & set(PEOPLE))
    assert contexts[True] > 0


def histogram_of(bidders, wanted):
    """Answers per class; a class ends where a value is more than 105/95 of its first millisecond."""
    bounds = [0]
    for took in range(1, 60_001):
        if took == 60_000 or bounds[-1] == 0 or took * 95 > bounds[-1] * 105:
            bounds.append(took)
    counts = [0] * len(bounds)
    for (day, bidder, site, is_app, size), row in bidders.items():
        if (day.isoformat(), bidder, site or "", str(is_app).lower(), size) == wanted:
            for took in row["times"]:
                counts[max(place for place, bound in enumerate(bounds) if bound <= took)] += 1
    return counts


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("table", ["yield_hourly", "user_days", "bidder_daily", "traffic_daily", "user_features"])
def test_the_digest_is_the_sum_of_line_hashes(truth, batch, table):
    _, *lines = (truth.directory / truth.gold(batch)[table]["table"]).read_text().splitlines()
    hashes = [hashlib.sha256(line.encode()).digest()[:8] for line in reversed(lines)]
    digest = f"{sum(int.from_bytes(part, 'big') for part in hashes) % 2**64:016x}"
    assert digest == truth.gold(batch)[table]["digest"]


@pytest.mark.parametrize("events", [0, 1, 24, 333, 999, 2_500])
@pytest.mark.parametrize("days", [1, 2])
def test_the_event_files_hold_exactly_the_records_asked_for(tmp_path, events, days):
    truth = generate(tmp_path, events=events, seed=5, days=days)
    lakes, read = (brute_force.Lake(), AuctionLake(), RateLake(), ContactLake()), 0
    for batch, folder in BATCHES.items():
        accounts = {}
        for lake in lakes:
            accounts |= lake.take(tmp_path / folder)[0]
        read += sum(counts["bronze"]["read"] for table, counts in accounts.items() if table in EVENT_TABLES)
        stated = truth.accounts(batch)
        for layer, tables in stated.items():
            assert {name: as_account(accounts[name][layer]) for name in tables} == {
                name: {key: value for key, value in account.items() if value} for name, account in tables.items()
            }
    assert read == events


def test_every_account_closes(truth):
    for batch in BATCHES:
        for account in truth.accounts(batch)["silver"].values():
            left = account["published"] + account["duplicates"]
            left += sum(account["quarantined"].values()) + sum(account["filtered"].values())
            assert account["read"] + account["restored"] == left


def test_every_hazard_is_there(truth):
    silver = {batch: truth.accounts(batch)["silver"] for batch in BATCHES}
    assert silver[1]["gam_impressions"]["quarantined"].keys() == {
        *("query_time_invalid", "event_time_invalid", "key_missing", "revenue_missing")
    }
    assert silver[1]["page_events"]["quarantined"].keys() == {
        *("event_id_missing", "collector_time_missing", "event_time_invalid", "contexts_malformed")
    }
    bronze = truth.accounts(1)["bronze"]
    assert bronze["prebid_auctions"]["quarantined"].keys() == {
        *("not_json", "not_utf8", "not_an_object", "too_deep", "unreadable_value", "duplicate_keys")
    }
    of_records = {"record_kind_unknown", "auction_id_missing", "auction_time_invalid", "impression_missing"}
    of_records |= {"impression_id_missing"}
    assert silver[1]["auctions"]["quarantined"].keys() == {*of_records, "floor_invalid"}
    of_bids = {"impression_unknown", "bidder_missing", "price_invalid"}
    assert silver[1]["bids"]["quarantined"].keys() == of_records | of_bids
    left_out = {"not_an_auction", "request_turned_down", "nobody_asked", "test_auction"}
    assert silver[1]["bids"]["filtered"].keys() == left_out
    assert silver[1]["contact_states"]["quarantined"].keys() == {
        *("contact_unknown", "as_of_time_invalid", "renewal_date_invalid", "consent_time_invalid")
    }
    assert silver[1]["contact_states"] == truth.accounts(1)["vault"]["contacts"]
    assert silver[1]["fx_rates"]["quarantined"].keys() == {
        *("rate_date_invalid", "currency_invalid", "exchange_rate_invalid")
    }
    assert silver[1]["gam_line_items"]["quarantined"].keys() == {"line_item_id_missing", "rate_invalid"}
    assert silver[2]["gam_impressions"]["superseded"] > silver[2]["gam_impressions"]["restored"] > 0
    assert all(account["duplicates"] for tables in silver.values() for account in tables.values())
    counts = dict(flattened(truth.document["planted"]))
    assert [name for name, count in counts.items() if not count] == []
    assert len(counts) >= 100
    bids = truth.document["planted"]["header_bidding"]["bids"]
    assert {"bid", "no_bid", "timeout", "error", "rejected", "won_from_an_earlier_auction"} < bids.keys()


def test_a_rate_that_comes_late_is_missed_first(truth):
    """Swiss francs: their bids have no known worth after the first delivery, and one after the second."""
    unconverted = [truth.gold(batch)["bidder_daily"]["totals"]["bids_unconverted"] for batch in BATCHES]
    assert unconverted[0] > unconverted[1] > 0


def test_nothing_later_than_the_day_is_in_the_features(made, truth):
    """The last export of contacts lies after it: its states are delivered and do not count."""
    exports = sorted(made.glob("second_delivery/crm/subscribers/subscribers-*.csv"))
    assert [file.stem for file in exports] == ["subscribers-2026-11-02", "subscribers-2026-11-05"]
    assert {row["as_of_date"] for row in truth.table(2, "user_features")} == {"2026-11-02"}


def test_exports_of_contacts_are_all_that_the_standard_allows(made):
    first, second = (
        (made / folder / f"crm/subscribers/subscribers-{day}.csv").read_bytes()
        for folder, day in (("landing", "2026-10-31"), ("second_delivery", "2026-11-02"))
    )
    assert first.startswith(b"\xef\xbb\xbf")
    assert not first.endswith(b"\n")
    assert b'"Hauptstr. 1\nHinterhaus"' in first
    header = first.removeprefix(b"\xef\xbb\xbf").split(b"\r\n")[0].split(b";")
    assert second.split(b"\r\n")[0].split(b";") == header[::-1]


def test_planted_duplicates_are_those_of_the_accounts(truth):
    """Planted by kind, silver's by table: the same rows, but for those that come again in a file that comes again."""
    counted = sum(
        account["duplicates"]
        for batch in BATCHES
        for table, account in truth.accounts(batch)["silver"].items()
        if table in EVENT_TABLES
    )
    assert sum(truth.document["planted"]["duplicates"].values()) == counted


def test_equal_arguments_give_equal_bytes(made, tmp_path):
    generate(tmp_path, events=EVENTS, seed=SEED, broken_files=True)
    paths = {file.relative_to(tmp_path) for file in tmp_path.rglob("*") if file.is_file()}
    assert paths == {file.relative_to(made) for file in made.rglob("*") if file.is_file()}
    assert not [path for path in paths if (tmp_path / path).read_bytes() != (made / path).read_bytes()]


def test_processes_give_the_same_bytes_as_one(made, tmp_path, monkeypatch):
    monkeypatch.setattr("adlake.generator.run.PARALLEL_FROM", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    said = []
    generate(tmp_path, events=EVENTS, seed=SEED, progress=lambda *step: said.append(step))
    assert (tmp_path / "truth" / "delivery_2" / "user_days.csv").read_bytes() == (
        made / "truth" / "delivery_2" / "user_days.csv"
    ).read_bytes()
    files = [file for file in (tmp_path / "landing").rglob("*") if file.is_file()]
    assert not [file for file in files if (made / file.relative_to(tmp_path)).read_bytes() != file.read_bytes()]
    assert said[-1] == ("file hours written", 24, 24)


def test_another_seed_gives_other_files(made, tmp_path):
    generate(tmp_path, events=EVENTS, seed=SEED + 1)
    assert (tmp_path / "truth.json").read_bytes() != (made / "truth.json").read_bytes()
    assert (tmp_path / "identity.key").read_bytes() != (made / "identity.key").read_bytes()


def test_the_clock_does_not_show_in_the_content_but_orders_the_files(made):
    landed = list((made / "landing").rglob("NetworkRequests_21780001_*"))
    assert sorted(landed) == sorted(landed, key=lambda file: (file.stat().st_mtime, file))
    newest = max(file.stat().st_mtime for file in landed)
    assert all(file.stat().st_mtime > newest for file in (made / "second_delivery").rglob("*.gz"))


def test_pacific_hours_name_the_files_and_the_repeated_hour_shares_one(tmp_path):
    """All events of a file happened in the Pacific hour of its name, but for late rows."""
    generate(tmp_path, events=6_000, seed=3, days=2)
    utc_hours = defaultdict(set)
    on_time = late = 0
    for file, text in texts(tmp_path / "landing" / "gam", "Network*Requests_*"):
        stamp = "_".join(file.name.split(".")[0].split("_")[2:])
        header, *lines = (line for line in text.split("\n") if line.strip())
        delimiter = "^" if "^" in header else ","
        for row in csv.DictReader([header, *lines], delimiter=delimiter):
            if not (row["TimeUsec2"] or "").isdigit() or int(row["TimeUsec2"]) < 1e15 or row.get(None):
                continue
            at = datetime.fromtimestamp(int(row["TimeUsec2"]) // 1_000_000, UTC)
            if at.astimezone(PACIFIC).strftime("%Y%m%d_%H") != stamp:
                late += 1
                continue
            on_time += 1
            utc_hours[stamp].add(at.strftime("%d %H"))
    assert utc_hours["20261101_01"] == {"01 08", "01 09"}
    assert all(len(hours) == 1 for stamp, hours in utc_hours.items() if stamp != "20261101_01")
    assert 0 < late < on_time / 10


def test_time_is_the_network_zone_and_changes_with_it(made):
    zone = ZoneInfo("Europe/Berlin")
    for _, text in texts(made / "landing", "NetworkImpressions_*"):
        header, *lines = (line for line in text.split("\n") if line.strip())
        for row in csv.DictReader([header, *lines], delimiter="^" if "^" in header else ","):
            if (row["TimeUsec2"] or "").startswith("17") and row["ImpressionId"] == "1-0":
                local = datetime.fromtimestamp(int(row["TimeUsec2"]) // 1_000_000, zone)
                assert row["Time"] == local.strftime("%Y-%m-%d-%H:%M:%S")


def test_key_values_of_an_ad_tell_of_the_bid_that_won_its_auction(made):
    """Price buckets of medium granularity: cut down to a tenth, 20 at most."""
    bids = {}
    for file in sorted(made.glob("*/prebid/**/*.gz")):
        for record in filter(lambda found: isinstance(found, dict), map(read_record, texts_of(file))):
            for seat in response_of(record).get("seatbid", []):
                bids |= {bid["id"]: (seat["seat"], bid) for bid in seat["bid"]}
    told = Counter()
    for _, text in texts(made / "landing" / "gam", "Network*Impressions_21780001_*"):
        for pairs in re.findall(r"hb_pb=[^,^\n]*hb_adid=[^,^\n]*", text):
            values = dict(pair.split("=") for pair in pairs.strip('"').split(";"))
            bidder, bid = bids[values["hb_adid"]]
            tenths = min(int(Decimal(str(bid["price"])) * 10), 200)
            assert values["hb_pb"] == f"{tenths // 10}.{tenths % 10}0"
            assert (values["hb_bidder"], values["hb_size"]) == (bidder, f"{bid['w']}x{bid['h']}")
            told["capped" if tenths == 200 else "truncated"] += 1
    assert told["truncated"] > 50
    assert told["capped"] > 0


def test_streams_of_auctions_run_records_together(made):
    """Some files have a line per record, in others nothing stands between most of them."""
    lines = [
        (sum(line.count('{"type":"/openrtb2/') > 1 for line in text.split("\n")), text.count("\n"))
        for _, text in texts(made / "landing" / "prebid")
    ]
    assert any(together for together, _ in lines)
    assert any(not together and ends > 3 for together, ends in lines)


def test_ad_server_files_differ_in_layout(made):
    headers = defaultdict(set)
    for file, text in texts(made / "landing" / "gam", "Network*_21780001_*"):
        headers[file.name.split("_")[0]].add(text.split("\n")[0])
    assert len(headers) == 8
    for name, found in headers.items():
        columns = {tuple(line.replace("^", ",").split(",")) for line in found}
        assert len({frozenset(order) - {"CookieDeprecationLabel"} for order in columns}) == 1
        assert len(columns) == 3 if name.endswith("Impressions") else 2
        assert {"^" in line for line in found} == ({True} if name == "NetworkClicks" else {True, False})
        assert all(30 <= len(order) <= 50 for order in columns)
    assert any("CookieDeprecationLabel" in line for line in headers["NetworkImpressions"])


def test_page_event_lines_have_131_columns_but_for_the_malformed(made, truth):
    widths = Counter()
    for folder in BATCHES.values():
        for _, text in texts(made / folder / "snowplow", "part-00000*"):
            widths.update(line.count("\t") + 1 for line in text.split("\n") if line.strip())
    wrong = sum(
        truth.accounts(batch)["bronze"]["page_events"]["quarantined"]["wrong_column_count"] for batch in BATCHES
    )
    assert widths[131] > 500
    assert sum(widths.values()) - widths[131] == wrong


def test_the_mix_is_that_of_a_publisher(tmp_path):
    truth = generate(tmp_path, events=30_000, seed=2)
    read = {table: account["read"] for table, account in truth.accounts(1)["bronze"].items() if table in EVENT_TABLES}
    whole = sum(read.values())
    wanted = {"gam_requests": 0.31, "gam_impressions": 0.27, "gam_active_views": 0.21, "page_events": 0.18}
    wanted |= {"prebid_auctions": 0.03}
    assert {table: round(read[table] / whole, 2) for table in wanted} == pytest.approx(wanted, abs=0.02)
    assert 0 < read["gam_clicks"] / whole < 0.01
    rows = truth.document["planted"]["ad_rows"]
    assert rows["without_user_id"] / rows["all"] == pytest.approx(0.29, abs=0.03)
    totals = truth.gold(1)["yield_hourly"]["totals"]
    assert 1 - totals["unfilled"] / totals["requests"] == pytest.approx(0.92, abs=0.01)


def test_unreadable_files_lie_there_only_when_asked_for(made, truth, tmp_path):
    cut, empty = (made / "landing" / path for path in truth.document["deliveries"]["1"]["set_aside"])
    assert empty.stat().st_size == 0
    with pytest.raises(EOFError):
        gzip.decompress(cut.read_bytes())
    generate(tmp_path, events=500, seed=SEED)
    assert json.loads((tmp_path / "truth.json").read_text())["deliveries"]["1"]["set_aside"] == []


def test_the_configuration_runs_the_files(made):
    config = load_config(made / "lake.yaml")
    assert (config.lake, config.landing) == (str(made / "lake"), str(made / "landing"))
    assert (config.tenant, config.network_time_zone, config.quiet_seconds) == ("demo", "Europe/Berlin", 0)
    assert config.identity.key_file == str(made / "identity.key")
    assert stat.S_IMODE((made / "identity.key").stat().st_mode) == 0o600
    assert len((made / "identity.key").read_text().strip()) == 64


@pytest.mark.parametrize(("events", "days"), [(-1, None), (10, 0)])
def test_numbers_out_of_range_are_refused(tmp_path, events, days):
    with pytest.raises(UsageError) as caught:
        generate(tmp_path, events=events, seed=1, days=days)
    assert caught.value.condition == "BAD_ARGUMENT"


def test_a_folder_that_holds_a_run_is_left_alone(made):
    with pytest.raises(UsageError) as caught:
        generate(made, events=10, seed=1)
    assert caught.value.condition == "NOT_EMPTY"


def test_a_truth_without_full_tables_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("adlake.generator.gold_tables.FULL_TABLE_ROWS", 3)
    truth = generate(tmp_path, events=500, seed=1)
    assert truth.table(1, "yield_hourly") is None
    assert truth.gold(1)["user_days"]["rows"] > 3
