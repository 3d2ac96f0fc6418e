"""The comparison with the truth finds every kind of difference, names it, and finds nothing where there is none."""

import copy
import json
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from adlake.account import Account
from adlake.comparison import Difference, compare
from adlake.comparison.accounts import account_differences, file_differences, row_differences
from adlake.comparison.gold import COLUMNS, gold_differences, gold_rows, qualified, user_differences
from adlake.config import load_config
from adlake.contracts import table
from adlake.generator import Truth
from adlake.generator.gold_tables import SHAPES
from adlake.generator.marts import digest_of
from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.records import AccountRecord, FileRecord
from tests.unit.test_sketch import ONE, THREE

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BRONZE = {"read": 10, "published": 9, "quarantined": {"unreadable_value": 1}, "filtered": {}}
SILVER = {
    "read": 9,
    "published": 5,
    "duplicates": 2,
    "superseded": 0,
    "restored": 0,
    "quarantined": {"key_missing": 1},
    "filtered": {"unfilled_impression": 1},
}
YIELD = """\
hour_utc,site,ad_unit_id,channel,device_category,country,requests,unfilled,impressions,clicks,eligible,measurable,\
viewable,revenue_reported_micros,revenue_rate_card_micros,revenue_micros,revenue_unknown_impressions,\
header_bid_impressions,header_bid_micros,capped_header_bids,pressed_revenue_micros,pressed_unknown_impressions
2026-11-01T07:00:00.000000Z,herald.example,77,direct,Desktop,Austria,3,0,2,1,2,2,1,0,5000,5000,0,2,1700,0,5000,0
2026-11-01T08:00:00.000000Z,,77,unknown,,,4,1,3,0,2,1,0,7000,0,7000,3,1,20000,1,0,1
"""
USERS = """\
id_key,event_date,visits,page_views,impressions,clicks,revenue_micros,revenue_unknown_impressions,sections,\
section_page_views,device_events,country_events,first_seen_at_utc,last_seen_at_utc
k1:00112233445566,2026-11-01,1,2,3,1,5000,0,money|sport,herald.example/money=1|herald.example/sport=1,\
desktop=3|mobile=2,Austria=3|DE=2,2026-11-01T08:36:16.628000Z,2026-11-01T09:00:00.000001Z
k1:ffeeddccbbaa99,2026-11-02,0,0,1,0,0,1,,,,,2026-11-02T00:00:00.000000Z,2026-11-02T00:00:00.000000Z
"""
BIDDERS = """\
event_date,bidder,site,is_app,slot_size,asks,bids,no_bids,timeouts,errors,rejections,auction_slots_0_bids,\
auction_slots_1_bids,auction_slots_2_bids,auction_slots_3_bids,auction_slots_4_bids,auction_slots_5_plus_bids,wins,\
bids_unconverted,wins_unconverted,responses,bid_cpm_micros,win_cpm_micros,win_revenue_micros,nonbid_codes,\
oldest_rate_date,response_ms_histogram
2026-11-01,ix,herald.example,false,300x250,9,2,3,1,1,2,4,3,2,0,0,0,2,1,0,8,1700000,1700000,1700,101=1|301=2,\
2026-10-30,0|5|3
2026-11-01,ix,app.example,true,,1,1,0,0,0,0,0,1,0,0,0,0,0,1,0,1,,0,0,,,0|1|0
"""
FEATURES = """\
id_key,as_of_date,recency_days,visits_1d,visits_7d,visits_30d,visits_90d,active_days_1d,active_days_7d,active_days_30d,\
active_days_90d,page_views,impressions,clicks,ad_revenue_micros,ads_per_visit,content_affinity,device_share,\
country_share,newsletter_state,subscription_state,subscription_plan,days_to_renewal
k1:00112233445566,2026-11-02,1,0,1,1,1,0,1,1,1,2,3,1,5000,3.000000000,391=0.333333333|JLBCU7=0.666666667,\
desktop=0.600000000|mobile=0.400000000,DE=1.000000000,subscribed,past_due,Digital,-3
k1:ffeeddccbbaa99,2026-11-02,0,0,0,0,0,1,1,1,1,0,1,0,0,,,,,,,,
"""
CONSENTS = """\
event_date,id_key,source,signal_at_utc,events,kind,last_seen_at_utc,may_store,may_personalise_ads,may_profile,\
may_measure,may_share,consent_basis
2026-11-01,k1:00112233445566,page_events,2026-11-01T08:36:16.628000Z,3,login,2026-11-01T09:00:00.000001Z,true,false,false,\
true,google|other,tcf
2026-11-02,k1:00112233445566,contact_states,2026-05-01T08:00:00.000000Z,1,crm,2026-05-01T08:00:00.000000Z,,,,,,contact
"""
LINKS = """\
event_date,id_key,linked_id_key,source,events,kind,linked_kind,first_seen_at_utc,last_seen_at_utc
2026-11-01,k1:00112233445566,k1:ffeeddccbbaa99,page_events,3,login,domain,2026-11-01T08:36:16.628000Z,\
2026-11-01T09:00:00.000001Z
2026-11-02,k1:00112233445566,k1:ffeeddccbbaa99,page_events,1,login,domain,2026-11-02T00:00:00.000000Z,\
2026-11-02T00:00:00.000000Z
"""
USER_KEYS = """\
id_key,linked_people,linked_devices,kind,user_key,is_cut,cut_reason
k1:00112233445566,1,0,domain,k1:00112233445566,true,too_many_people
k1:ffeeddccbbaa99,0,1,login,k1:ffeeddccbbaa99,false,
"""
TRAFFIC = """\
event_date,site,is_app,bot_reason,page_events,page_views,auction_slots
2026-11-01,herald.example,false,,9,4,3
2026-11-01,app.example,true,user_agent,0,0,2
"""
PAGES = """\
page_view_id,event_date,id_key,session_id,session_started_at_utc,started_at_utc,ended_at_utc,site,page_url,section,\
device,country,referrer_site,refr_medium,page_pings,engaged_seconds,duration_seconds,is_engaged,scroll_percent
p1,2026-11-01,k1:00112233445566,s1,2026-10-31T23:59:59.000000Z,2026-11-01T08:36:16.628000Z,2026-11-01T08:36:46.628000Z,\
herald.example,https://herald.example/money,money,desktop,DE,google.com,search,3,25,30,true,42
p2,2026-11-02,,s2,2026-11-02T00:00:00.000000Z,2026-11-02T00:00:00.000000Z,2026-11-02T00:00:00.000000Z,,,,,,,,0,0,0,\
false,
"""
VISITS = """\
session_id,event_date,id_key,started_at_utc,ended_at_utc,site,landing_page_url,landing_section,device,country,source,\
medium,campaign,referrer_site,refr_medium,events,page_views,page_pings,conversions,engaged_seconds,duration_seconds,\
is_engaged,is_engaged_snowplow,is_bounced
s1,2026-10-31,k1:00112233445566,2026-10-31T23:59:59.000000Z,2026-11-01T08:36:46.628000Z,herald.example,\
https://herald.example/money,money,desktop,DE,google.com,organic,autumn,google.com,search,5,2,3,1,25,31007,true,true,\
false
s2,2026-11-02,,2026-11-02T00:00:00.000000Z,2026-11-02T00:00:00.000000Z,,,,,,(direct),(none),,,,1,1,0,0,0,0,false,false,\
true
"""
OF_SILVER = {name for name, shape in SHAPES.items() if shape.layer == "silver"}
YIELD_TOTALS = {"requests": 7, "impressions": 5, "revenue_micros": 12000}
USER_TOTALS = {"page_views": 2, "impressions": 4, "revenue_micros": 5000}
BIDDER_TOTALS = {"asks": 10, "bid_cpm_micros": 1700000}
FEATURE_TOTALS = {"recency_days": 1, "ad_revenue_micros": 5000}
TRAFFIC_TOTALS = {"page_events": 9, "auction_slots": 5}
PAGE_TOTALS = {"page_pings": 3, "engaged_seconds": 25}
VISIT_TOTALS = {"events": 6, "engaged_seconds": 25}
ROWS = {
    "yield_hourly": YIELD,
    "user_days": USERS,
    "bidder_daily": BIDDERS,
    "traffic_daily": TRAFFIC,
    "user_features": FEATURES,
    "page_views": PAGES,
    "sessions": VISITS,
    "consents": CONSENTS,
    "identity_links": LINKS,
    "user_keys": USER_KEYS,
}
TOTALS = {
    "yield_hourly": YIELD_TOTALS,
    "user_days": USER_TOTALS,
    "bidder_daily": BIDDER_TOTALS,
    "traffic_daily": TRAFFIC_TOTALS,
    "user_features": FEATURE_TOTALS,
    "page_views": PAGE_TOTALS,
    "sessions": VISIT_TOTALS,
    "consents": {"events": 4},
    "identity_links": {"events": 4},
    "user_keys": {"linked_people": 1, "linked_devices": 1},
}
YIELD_USERS = "gold.yield_hourly users of all sketches"
KEYS = {"yield_hourly": 6, "user_days": 2, "bidder_daily": 5, "traffic_daily": 4, "user_features": 2}
KEYS |= {"page_views": 2, "sessions": 2, "consents": 4, "identity_links": 4, "user_keys": 1}


def lines_of(text):
    """The rows of a table of the truth, as text."""
    return [tuple(line.split(",")) for line in text.splitlines()[1:]]


@pytest.fixture
def truth(tmp_path):
    """One delivery; its tables and the sums of them are written out above."""
    found = {}
    for name, totals in TOTALS.items():
        place = f"{name}.csv"
        (tmp_path / place).write_text(ROWS[name])
        digest = digest_of(ROWS[name].splitlines()[1:])
        found[name] = {"rows": 2, "totals": totals, "digest": digest, "table": place}
    accounts = {"bronze": {"gam_clicks": BRONZE}, "silver": {"gam_clicks": SILVER}}
    files = {"files_taken": 2, "set_aside": ["gam/cut"], "not_taken_again": ["gam/again"]}
    silver = {name: found.pop(name) for name in OF_SILVER}
    tables = {"silver": silver, "gold": found}
    return Truth(tmp_path, {"deliveries": {"1": {"accounts": accounts, **tables, **files}}})


@pytest.fixture
def lake(tmp_path):
    config = tmp_path / "lake.yaml"
    config.write_text(
        "lake: ./lake\nlanding: ./landing\ntenant: herald\nnetwork_time_zone: Europe/Berlin\nidentity: {key_env: KEY}\n"
    )
    return Lake(load_config(config))


def record(name, numbers, *, version=0, run="r1"):
    return AccountRecord(run, "b1", "step", name, version, Account(**numbers), 1.0, 1.0, NOW)


def records(**changes):
    """The accounts of the truth; `bronze` and `silver` of the changes take the place of theirs."""
    return [
        record(f"{layer}.gam_clicks", {**wanted, **changes.get(layer, {})})
        for layer, wanted in (("bronze", BRONZE), ("silver", SILVER))
    ]


def test_equal_accounts_have_no_difference(truth):
    extra = record("quarantine.gam_clicks", {"read": 1, "published": 1})
    assert list(account_differences(truth, 1, [*records(), extra])) == []


@pytest.mark.parametrize("layer", ["bronze", "silver"])
@pytest.mark.parametrize("number", ["read", "published", "duplicates", "superseded", "restored", "replayed"])
def test_every_number_of_an_account_counts(truth, layer, number):
    wanted = (BRONZE if layer == "bronze" else SILVER).get(number, 0)
    found = list(account_differences(truth, 1, records(**{layer: {number: wanted + 1}})))
    assert found == [Difference(1, f"{layer}.gam_clicks {number}", "", str(wanted + 1), str(wanted))]


@pytest.mark.parametrize(
    ("changes", "what", "found", "wanted"),
    [
        ({"quarantined": {"key_missing": 2}}, "quarantined.key_missing", "2", "1"),
        ({"quarantined": {}}, "quarantined.key_missing", "0", "1"),
        ({"quarantined": {"key_missing": 1, "rate_invalid": 3}}, "quarantined.rate_invalid", "3", "0"),
        ({"filtered": {"unfilled_impression": 2}}, "filtered.unfilled_impression", "2", "1"),
        ({"filtered": {}}, "filtered.unfilled_impression", "0", "1"),
    ],
)
def test_every_rule_and_reason_counts(truth, changes, what, found, wanted):
    differences = list(account_differences(truth, 1, records(silver=changes)))
    assert differences == [Difference(1, f"silver.gam_clicks {what}", "", found, wanted)]


def test_accounts_of_several_batches_are_added_up(truth):
    half = {**SILVER, "read": 0, "published": 0, "duplicates": 0, "quarantined": {}, "filtered": {}}
    rest = record("silver.gam_clicks", {**half, "read": 4, "published": 4})
    first = records(silver={"read": 5, "published": 1})
    assert list(account_differences(truth, 1, [*first, rest])) == []


def test_a_missing_account_and_one_too_many_are_named(truth):
    found = list(account_differences(truth, 1, [records()[0], record("silver.page_events", SILVER)]))
    assert found == [
        Difference(1, "silver.gam_clicks account", "", "nothing", "one"),
        Difference(1, "silver.page_events account", "", "one", "nothing"),
    ]


def file(path, state):
    return FileRecord("r1", "gam", path, state, 1, NOW, NOW, batch_id="b1" if state == "claimed" else None)


FILES = (
    file("gam/a", "claimed"),
    file("gam/b", "claimed"),
    file("gam/cut", "set_aside"),
    file("gam/again", "unchanged"),
)


def test_equal_files_have_no_difference(truth):
    assert list(file_differences(truth, 1, FILES)) == []


@pytest.mark.parametrize(
    ("files", "difference"),
    [
        (FILES[1:], Difference(1, "files taken", "", "1", "2")),
        (FILES[:2] + FILES[3:], Difference(1, "file", "gam/cut", "not looked at", "set_aside")),
        (FILES[:3], Difference(1, "file", "gam/again", "not looked at", "unchanged")),
        ((*FILES, file("gam/c", "set_aside")), Difference(1, "file", "gam/c", "set_aside", "not set_aside")),
    ],
)
def test_every_file_counts(truth, files, difference):
    assert list(file_differences(truth, 1, files)) == [difference]


@pytest.mark.parametrize("name", ROWS)
def test_equal_rows_in_any_order_have_no_difference(truth, name):
    assert list(gold_differences(truth, 1, name, lines_of(ROWS[name])[::-1])) == []


@pytest.mark.parametrize(
    ("name", "column"), [(name, column) for name, columns in COLUMNS.items() for column in columns]
)
def test_every_value_of_a_gold_row_counts(truth, name, column):
    """A changed key is a row too many and a row missing; any other change names its column."""
    rows = lines_of(ROWS[name])
    place = COLUMNS[name].index(column)
    value = str(int(rows[0][place]) + 1) if rows[0][place].isdigit() else rows[0][place] + "x"
    changed = [(*rows[0][:place], value, *rows[0][place + 1 :]), rows[1]]
    found = [difference for difference in gold_differences(truth, 1, name, changed) if difference.where]
    is_key = place < KEYS[name]
    assert [difference.what for difference in found] == (
        [f"{qualified(name)} row"] * 2 if is_key else [f"{qualified(name)} {column}"]
    )
    assert {(difference.found, difference.wanted) for difference in found} == (
        {("one", "nothing"), ("nothing", "one")} if is_key else {(value, rows[0][place])}
    )


def test_a_row_that_is_missing_or_there_twice_is_named(truth):
    first, second = lines_of(YIELD)
    missing = {str(difference) for difference in gold_differences(truth, 1, "yield_hourly", [first])}
    place = "2026-11-01T08:00:00.000000Z · - · 77 · unknown · - · -"
    assert f"delivery 1: gold.yield_hourly row, {place}: found nothing, wanted one" in missing
    assert "delivery 1: gold.yield_hourly rows: found 1, wanted 2" in missing
    assert "delivery 1: gold.yield_hourly sum of requests: found 3, wanted 7" in missing
    twice = {str(difference) for difference in gold_differences(truth, 1, "yield_hourly", [first, second, second])}
    assert f"delivery 1: gold.yield_hourly row, {place}: found 2, wanted one" in twice


def test_a_person_is_not_named_in_full(truth):
    told = " ".join(map(str, gold_differences(truth, 1, "user_days", [])))
    assert "k1:00112233…" in told
    assert "00112233445566" not in told


def test_of_a_table_too_large_to_keep_rows_sums_and_digest_count(truth):
    document = copy.deepcopy(dict(truth.document))
    document["deliveries"]["1"]["gold"]["yield_hourly"]["table"] = None
    large, rows = Truth(truth.directory, document), lines_of(YIELD)
    assert list(gold_differences(large, 1, "yield_hourly", rows)) == []
    # clicks have no sum in this truth: nothing but the digest tells
    changed = [(*rows[0][:9], "9", *rows[0][10:]), rows[1]]
    assert [difference.what for difference in gold_differences(large, 1, "yield_hourly", changed)] == [
        "gold.yield_hourly digest of all rows"
    ]


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def gold_table(name):
    """The rows of the truth as Spark would have written them."""
    types = [TYPES.get(column, pa.string() if column in TEXTS else pa.int64()) for column in COLUMNS[name]]
    rows = [[typed(type_, text) for type_, text in zip(types, row, strict=True)] for row in lines_of(ROWS[name])]
    schema = pa.schema(list(zip(COLUMNS[name], types, strict=True)))
    return pa.Table.from_pylist([dict(zip(COLUMNS[name], row, strict=True)) for row in rows], schema)


COUNTS, SHARES = pa.map_(pa.string(), pa.int64()), pa.map_(pa.string(), pa.float64())
TEXTS = (
    *("id_key", "site", "ad_unit_id", "channel", "device_category", "country", "bidder", "slot_size"),
    *(
        "newsletter_state",
        "subscription_state",
        "subscription_plan",
        "bot_reason",
        "page_view_id",
        "session_id",
        "page_url",
    ),
    *("section", "device", "referrer_site", "refr_medium", "landing_page_url", "landing_section", "source", "medium"),
    *("campaign", "linked_id_key", "kind", "linked_kind", "user_key", "cut_reason", "consent_basis"),
)
TYPES = {
    **dict.fromkeys(("hour_utc", "first_seen_at_utc", "last_seen_at_utc", "signal_at_utc"), pa.timestamp("us", "UTC")),
    **dict.fromkeys(("session_started_at_utc", "started_at_utc", "ended_at_utc"), pa.timestamp("us", "UTC")),
    **dict.fromkeys(("event_date", "as_of_date", "oldest_rate_date"), pa.date32()),
    **dict.fromkeys(("section_page_views", "device_events", "country_events", "nonbid_codes"), COUNTS),
    **dict.fromkeys(("content_affinity", "device_share", "country_share"), SHARES),
    "sections": pa.list_(pa.string()),
    "may_share": pa.list_(pa.string()),
    **dict.fromkeys(("may_store", "may_personalise_ads", "may_profile", "may_measure"), pa.bool_()),
    "response_ms_histogram": pa.list_(pa.int64()),
    **dict.fromkeys(("is_app", "is_engaged", "is_engaged_snowplow", "is_bounced", "is_cut"), pa.bool_()),
    "ads_per_visit": pa.float64(),
}
# more digits than the truth has: they count rounded
EXACT = {"0.333333333": 1 / 3, "0.666666667": 2 / 3}


def typed(type_, text):
    """A value of the truth as the lake holds it."""
    if pa.types.is_list(type_):
        return [typed(type_.value_type, part) for part in text.split("|")] if text else []
    if pa.types.is_map(type_):
        pairs = [pair.split("=") for pair in text.split("|")[::-1]] if text else []
        # an affinity that nobody has is null, counts of nothing are empty
        return {name: typed(type_.item_type, value) for name, value in pairs} if text or type_ == COUNTS else None
    if not text:
        return None
    if pa.types.is_timestamp(type_):
        return utc(text)
    of_type = {pa.date32(): date.fromisoformat, pa.int64(): int, pa.bool_(): lambda word: word == "true"}
    of_type[pa.float64()] = lambda number: EXACT.get(number, float(number))
    return of_type.get(type_, str)(text)


@pytest.mark.parametrize("name", ROWS)
def test_rows_are_read_as_they_were_after_a_run(lake, name):
    uri = lake.storage.uri(table(qualified(name)).path)
    write_deltalake(uri, gold_table(name))
    write_deltalake(uri, gold_table(name).slice(0, 1), mode="append")
    after = record(qualified(name), {"read": 2, "published": 2}, version=0)
    assert sorted(gold_rows(lake, name, [after])) == sorted(lines_of(ROWS[name]))
    assert len(gold_rows(lake, name, [])) == 3


@pytest.mark.parametrize(("users", "found"), [(3, []), (4, [Difference(1, YIELD_USERS, "", "3", "about 4")])])
def test_users_of_all_sketches_are_about_as_many_as_there_were(lake, truth, users, found):
    write_deltalake(lake.storage.uri("gold/yield_hourly"), pa.table({"users_sketch": [ONE, None, THREE]}))
    document = copy.deepcopy(dict(truth.document))
    document["deliveries"]["1"]["gold"]["yield_hourly"]["users"] = users
    altered = Truth(truth.directory, document)
    assert list(user_differences(lake, altered, 1, "yield_hourly", [])) == found
    assert list(user_differences(lake, altered, 1, "user_days", [])) == []


def test_a_table_that_is_not_there_has_no_rows(lake):
    assert gold_rows(lake, "yield_hourly", []) == []


def quarantined(lake, *rows):
    columns = ("batch_id", "step", "table", "rule_id")
    data = pa.Table.from_pylist([dict(zip(columns, ("b1", "s", *row), strict=True)) for row in rows])
    write_deltalake(lake.storage.uri("quarantine/gam_clicks"), data, partition_by=["batch_id", "step"])


def test_tables_hold_the_rows_that_their_accounts_say(lake):
    write_deltalake(lake.storage.uri("bronze/gam_clicks"), pa.table({"a": list(range(9))}))
    write_deltalake(lake.storage.uri("silver/gam_clicks"), pa.table({"a": list(range(5))}))
    quarantined(lake, ("bronze.gam_clicks", "unreadable_value"), ("silver.gam_clicks", "key_missing"))
    assert list(row_differences(lake, records(), 1)) == []
    superseded = records(silver={"superseded": 2})
    assert list(row_differences(lake, superseded, 2)) == [
        Difference(2, "silver.gam_clicks rows", "", "5", "3, as its accounts say")
    ]
    more = records(silver={"quarantined": {"key_missing": 1, "event_time_invalid": 4}})
    assert list(row_differences(lake, more, 1)) == [
        Difference(
            1, "quarantine.gam_clicks rows", "event_time_invalid by silver.gam_clicks", "0", "4, as its accounts say"
        )
    ]


def test_rows_that_no_account_knows_are_named(lake):
    quarantined(lake, ("silver.gam_clicks", "rate_invalid"))
    nobody = [record("silver.gam_clicks", {"read": 3, "published": 2, "quarantined": {"key_missing": 1}})]
    said = ", as its accounts say"
    assert [str(difference) for difference in row_differences(lake, nobody, 1)] == [
        f"delivery 1: silver.gam_clicks rows: found 0, wanted 2{said}",
        f"delivery 1: quarantine.gam_clicks rows, key_missing by silver.gam_clicks: found 0, wanted 1{said}",
        f"delivery 1: quarantine.gam_clicks rows, rate_invalid by silver.gam_clicks: found 1, wanted 0{said}",
    ]


@pytest.fixture
def finished(lake):
    """A lake that took the one delivery as the truth says."""
    for name in ROWS:
        write_deltalake(lake.storage.uri(table(qualified(name)).path), gold_table(name))
    write_deltalake(lake.storage.uri("bronze/gam_clicks"), pa.table({"a": list(range(9))}))
    write_deltalake(lake.storage.uri("silver/gam_clicks"), pa.table({"a": list(range(5))}))
    quarantined(lake, ("bronze.gam_clicks", "unreadable_value"), ("silver.gam_clicks", "key_missing"))
    ledger = Ledger(lake)
    ledger.add_accounts([*records(), *[record(qualified(name), {"read": 2, "published": 2}) for name in ROWS]])
    ledger.add_files(FILES)
    return lake


def test_a_whole_lake_is_compared(finished, truth):
    compared = compare(finished, truth, ["r1"])
    assert (compared.accounts, compared.gold_rows, compared.differences) == (2, 20, ())
    assert compared.gold == {name: {"rows": 2, **totals} for name, totals in TOTALS.items() if name not in OF_SILVER}


@pytest.mark.parametrize(
    ("path", "what"),
    [
        (("accounts", "bronze", "gam_clicks", "read"), "bronze.gam_clicks read"),
        (("accounts", "silver", "gam_clicks", "duplicates"), "silver.gam_clicks duplicates"),
        (("files_taken",), "files taken"),
        (("gold", "yield_hourly", "totals", "revenue_micros"), "gold.yield_hourly sum of revenue_micros"),
        (("gold", "user_days", "rows"), "gold.user_days rows"),
        (("silver", "identity_links", "totals", "events"), "silver.identity_links sum of events"),
    ],
)
def test_one_altered_number_of_the_truth_is_one_difference(finished, truth, path, what):
    document = json.loads(json.dumps(truth.document))
    inner = document["deliveries"]["1"]
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] += 1
    altered = Truth(truth.directory, document)
    (found,) = compare(finished, altered, ["r1"]).differences
    assert (found.what, int(found.wanted) - int(found.found)) == (what, 1)


def test_a_run_that_is_not_there_lacks_every_account(finished, truth):
    told = {difference.what for difference in compare(finished, truth, ["another"]).differences}
    assert {"bronze.gam_clicks account", "silver.gam_clicks account", "files taken"} <= told
