"""What sources tell from names and first lines, before Spark reads anything."""

import pytest

from adlake.config import CrmConfig
from adlake.contracts import table, tables
from adlake.errors import SourceError
from adlake.landing import Layout
from adlake.reasons import MEANINGS, meaning
from adlake.sources import CRM, FX, GAM, PREBID, SNOWPLOW, SOURCES, crm, fx, gam, prebid, snowplow, sources_of
from tests.conftest import make_config

EVENTS = "TimeUsec2,KeyPart,EventTimeUsec2,EventKeyPart"


def test_sources_are_listed_by_their_folder():
    assert dict(SOURCES) == {"gam": GAM, "snowplow": SNOWPLOW, "prebid": PREBID, "crm": CRM, "fx": FX}


def test_a_configuration_says_which_sources_are_read_and_what_the_files_of_the_crm_are(tmp_path):
    config = make_config(tmp_path, sources=["crm", "gam"], crm=MAPPED.model_dump())
    found = sources_of(config)
    assert found["gam"] is GAM
    assert list(found) == ["crm", "gam"]
    assert dict(found["crm"].record_types) == {
        "members": "contacts",
        "events": "newsletter_activity",
        "mails": "newsletter_campaigns",
    }
    assert dict(CRM.record_types) == {}
    assert found["crm"].refinements == CRM.refinements


MAPPED = CrmConfig.model_validate(
    {
        "files": {
            "members": {"kind": "contacts", "source": "shop", "columns": {"email": ["mail", "second"]}},
            "events": {"kind": "newsletter_activity", "source": "shop"}
            | {"columns": {"email": "mail", "action": {"constant": "open"}, "event_at": "when"}},
            "mails": {"kind": "newsletter_campaigns", "source": "shop", "as_of": "changed", "delimiter": ";"}
            | {"columns": {"campaign_id": "id"}},
        }
    }
)
READ = {**SOURCES, "crm": crm.source(MAPPED)}


@pytest.mark.parametrize("source", READ.values(), ids=READ)
def test_every_table_of_a_source_has_its_contracts_and_its_refinement(source):
    bronze = {f"bronze.{name}" for name in source.record_types.values()}
    assert bronze <= set(tables())
    refined = {name for name, contract in tables().items() if contract.is_refined and bronze & set(contract.made_from)}
    assert set(source.refinements) == refined


def test_network_and_backfill_files_go_into_one_table():
    assert dict(GAM.record_types) == {
        "NetworkRequests": "gam_requests",
        "NetworkBackfillRequests": "gam_requests",
        "NetworkImpressions": "gam_impressions",
        "NetworkBackfillImpressions": "gam_impressions",
        "NetworkClicks": "gam_clicks",
        "NetworkBackfillClicks": "gam_clicks",
        "NetworkActiveViews": "gam_active_views",
        "NetworkBackfillActiveViews": "gam_active_views",
        "LineItem": "gam_line_items",
    }
    assert dict(SNOWPLOW.record_types) == {"EnrichedEvent": "page_events"}
    assert dict(PREBID.record_types) == {"AnalyticsRecord": "prebid_auctions"}


@pytest.mark.parametrize(
    ("path", "record_type"),
    [
        ("NetworkImpressions_12345_20261101_05.csv.gz", "NetworkImpressions"),
        ("2026/11/01/NetworkBackfillClicks_1_20261101_23.gz", "NetworkBackfillClicks"),
        ("NetworkRequests_1_20261101_00.csv", "NetworkRequests"),
        ("NetworkActiveViews_1_20261101_00", "NetworkActiveViews"),
        ("LineItem_1_20261101.csv.gz", "LineItem"),
        ("LineItem_1_20240229.csv.gz", "LineItem"),
        ("NetworkVideoConversions_1_20261101_05.csv.gz", None),
        ("networkimpressions_1_20261101_05.csv.gz", None),
        ("NetworkImpressions_20261101_05.csv.gz", None),
        ("NetworkImpressions_1_2026110_05.csv.gz", None),
        ("NetworkImpressions_1_20261101_5.csv.gz", None),
        ("NetworkImpressions_1_20261101_05.csv.gz.part", None),
        ("NetworkImpressions_1_20261101_05.csv.zip", None),
        ("xNetworkImpressions_1_20261101_05.csv.gz", None),
        ("NetworkImpressions_1_20261101_05.csv.gz/readme", None),
        ("Advertiser_1_20261101.csv.gz", None),
        ("", None),
    ],
)
def test_the_type_of_an_ad_server_file_is_in_its_name(path, record_type):
    assert gam.record_type_of(path) == record_type


@pytest.mark.parametrize("day", ["20261301", "20260230", "20250229", "20260100", "00000000"])
def test_a_match_table_of_a_day_that_is_none_is_unknown(day):
    """Its day is the day of the snapshot: what cannot be dated cannot be taken."""
    assert gam.record_type_of(f"LineItem_1_{day}.csv.gz") is None


@pytest.mark.parametrize("delimiter", [",", "^"])
def test_the_header_gives_delimiter_and_order(delimiter):
    names = ("EventKeyPart", "X", "KeyPart", "TimeUsec2", "EventTimeUsec2")
    found = gam.layout_of("NetworkClicks", delimiter.join(names))
    assert found == Layout(delimiter, names, has_header=True, line_end="\n")


def test_names_in_the_header_may_be_quoted_or_padded():
    found = gam.layout_of("NetworkRequests", '"KeyPart", TimeUsec2 ,"Country"')
    assert found.columns == ("KeyPart", "TimeUsec2", "Country")


@pytest.mark.parametrize(
    ("record_type", "line"),
    [
        ("NetworkRequests", "TimeUsec2,KeyPart"),
        ("NetworkBackfillRequests", "TimeUsec2,KeyPart"),
        ("NetworkImpressions", EVENTS),
        ("NetworkBackfillImpressions", EVENTS),
        ("NetworkClicks", EVENTS),
        ("NetworkBackfillActiveViews", EVENTS),
        ("LineItem", "ID,CostType,CostPerUnitInNetworkCurrency"),
    ],
)
def test_a_header_needs_what_its_type_cannot_do_without(record_type, line):
    names = line.split(",")
    assert gam.layout_of(record_type, line).columns == tuple(names)
    for missing in names:
        with pytest.raises(SourceError) as caught:
            gam.layout_of(record_type, ",".join(name for name in [*names, "Country"] if name != missing))
        assert caught.value.condition == "HEADER_UNKNOWN"
        assert missing in caught.value.wanted


@pytest.mark.parametrize(
    "line",
    [
        "",
        EVENTS.replace(",", ";"),
        EVENTS.replace(",", "\t"),
        EVENTS.replace(",", "^", 1),
        EVENTS.lower(),
        EVENTS + ",Country,Country",
        "1793523600000000,k,1793523600000000,e",
    ],
)
def test_a_first_line_that_is_no_header_is_refused_and_not_shown(line):
    with pytest.raises(SourceError) as caught:
        gam.layout_of("NetworkClicks", line)
    error = caught.value
    assert (error.condition, error.what) == ("HEADER_UNKNOWN", "the first line is no NetworkClicks header")
    assert error.found == f"{len(line)} characters"
    assert "1793523600000000" not in str(error)


@pytest.mark.parametrize(
    ("path", "is_known"),
    [
        ("2026/11/01/05/good.tsv.gz", True),
        ("good.tsv", True),
        ("part-00000.gz", True),
        ("part-00000.txt", True),
        ("part-00000.txt.gz", True),
        ("manifest.json", False),
        ("good.tsv.bz2", False),
        ("tsv", False),
        ("", False),
    ],
)
def test_enriched_events_are_known_by_their_suffix(path, is_known):
    assert snowplow.record_type_of(path) == ("EnrichedEvent" if is_known else None)


def test_enriched_events_have_one_layout_whatever_their_first_line():
    found = snowplow.layout_of("EnrichedEvent", "anything")
    assert found == snowplow.layout_of("EnrichedEvent", "")
    assert (found.delimiter, found.has_header, found.line_end, len(found.columns)) == ("\t", False, "\n", 131)
    assert len(set(found.columns)) == 131
    assert (found.columns[:3], found.columns[-1]) == (("app_id", "platform", "etl_tstamp"), "true_tstamp")
    # places of columns in the documented order of the enriched event
    places = {"collector_tstamp": 4, "event": 6, "event_id": 7, "user_id": 13, "domain_userid": 16, "page_url": 30}
    assert {name: found.columns.index(name) + 1 for name in places} == places
    assert found.columns == table("bronze.page_events").column_names[:131]


@pytest.mark.parametrize(
    ("path", "is_known"),
    [
        ("rates.csv", True),
        ("2026/11/01/ecb.csv.gz", True),
        ("rates.CSV", False),
        ("rates.tsv", False),
        ("rates.csv.zip", False),
        ("rates", False),
        ("", False),
    ],
)
def test_exchange_rates_are_known_by_their_suffix(path, is_known):
    assert fx.record_type_of(path) == ("ExchangeRates" if is_known else None)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_header_of_exchange_rates_may_have_any_names(delimiter):
    names = ("Day", "Currency (ISO)", "USD, mid", "Source")
    line = delimiter.join(f'"{name}"' if delimiter in name else f" {name}" for name in names)
    assert fx.layout_of("ExchangeRates", line) == Layout(delimiter, names, has_header=True)


@pytest.mark.parametrize("line", ["", "Date,Rate", "Date|Currency|Rate", "Date,Currency,", "Date,Rate,Rate", "a;b"])
def test_a_first_line_without_three_names_is_no_header_of_exchange_rates(line):
    with pytest.raises(SourceError) as caught:
        fx.layout_of("ExchangeRates", line)
    error = caught.value
    assert (error.condition, error.what) == ("HEADER_UNKNOWN", "the first line is no header of exchange rates")
    assert error.found == f"{len(line)} characters"


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("members/2026-11-30.csv", "members"),
        ("members/dated/folder/members_20261130.csv.gz", "members"),
        ("members/a 2024.02.29 b.csv", "members"),
        ("events/anything", "events"),
        ("mails/any.csv", "mails"),
    ],
)
def test_a_file_of_the_crm_is_what_its_folder_is_mapped_to(path, folder):
    assert READ["crm"].record_type_of(path) == folder


@pytest.mark.parametrize(
    ("path", "condition", "said"),
    [
        ("2026-11-30.csv", "UNMAPPED_FOLDER", "in no folder below crm/"),
        ("gone/2026-11-30.csv", "UNMAPPED_FOLDER", "crm/gone mean: map it under crm.files"),
        ("Members/2026-11-30.csv", "UNMAPPED_FOLDER", "crm/Members mean"),
        *(
            (f"members/{name}", "NO_DATE", "name a column in crm.files.members.as_of")
            for name in ("members.csv", "2026-11-30/members.csv", "20261301.csv", "2025-02-29.csv", "120261130.csv")
        ),
    ],
)
def test_a_file_that_no_mapping_can_date_or_read_is_set_aside_with_the_way_out(path, condition, said):
    with pytest.raises(SourceError) as caught:
        READ["crm"].record_type_of(path)
    assert caught.value.condition == condition
    assert said in caught.value.what


@pytest.mark.parametrize(
    ("folder", "record", "columns"),
    [
        ("members", "mail,second", ("mail", "second")),
        ("members", 'x,second, mail ,""', ("x", "second", "mail", "")),
        ("members", '"mail","sec""ond","second","two\nlines"', ("mail", 'sec"ond', "second", "two\nlines")),
        ("mails", "id;a,b;changed", ("id", "a,b", "changed")),
    ],
)
def test_the_header_of_a_crm_file_gives_the_names_in_any_order(folder, record, columns):
    delimiter = ";" if folder == "mails" else ","
    assert READ["crm"].layout_of(folder, record) == Layout(delimiter, columns, has_header=True)


@pytest.mark.parametrize(
    ("folder", "record", "said"),
    [
        ("members", "mail,name", "the header lacks second"),
        ("members", "ann@example.org,Ann", "the header lacks mail, second"),
        ("members", "", "the header lacks mail, second"),
        ("members", "mail;second", "the header lacks mail, second"),
        ("members", 'mail,"second', "the header lacks mail, second"),
        ("members", "Mail,second", "the header lacks mail"),
        ("mails", "id", "the header lacks changed"),
        ("members", "mail,second,mail", "the header names a column twice: mail"),
        ("members", "mail,second,Ann,Ann", "the header names a column twice"),
        ("members", "mail,second,,", "the header names a column twice"),
        (
            "members",
            ",".join(["mail", "second", *map(str, range(1999))]),
            "the header names 2,001 columns, more than 2,000",
        ),
    ],
)
def test_a_header_must_have_what_the_mapping_needs_and_nothing_of_it_is_shown(folder, record, said):
    with pytest.raises(SourceError) as caught:
        READ["crm"].layout_of(folder, record)
    assert (caught.value.condition, caught.value.what) == ("HEADER_UNKNOWN", said)
    assert not {"Ann", "ann@example.org"} & set(str(caught.value).replace(",", " ").split())


CONTACT_RULES = ["mapping_missing", "contact_unknown", "as_of_time_invalid", "renewal_date_invalid"]
CONTACT_RULES += ["consent_time_invalid"]


@pytest.mark.parametrize(
    ("path", "is_known"),
    [
        ("auctions.log-20261105", True),
        ("auctions.log", True),
        ("a.json", True),
        ("2026/11/05/06/a.jsonl.gz", True),
        ("a.ndjson", True),
        ("a.txt", True),
        ("a.gz", True),
        ("2026/11/05/06/pbs-1-2026-11-05-06-00-12-0f5b3f6e-1b5a-4c1e-9a52-5d3f4b6f7a80", True),
        ("2026/11/05/06/pbs-1-2026-11-05-06-00-12-0f5b3f6e-1b5a-4c1e-9a52-5d3f4b6f7a80.gz", True),
        ("a.parquet", False),
        ("a.json.zip", False),
        ("a.json.gz.part", False),
        ("manifest", False),
        ("", False),
    ],
)
def test_records_of_prebid_server_are_known_by_what_server_and_stream_call_their_files(path, is_known):
    assert prebid.record_type_of(path) == ("AnalyticsRecord" if is_known else None)


def test_records_of_prebid_server_are_framed_as_json_without_columns():
    assert prebid.layout_of("AnalyticsRecord", "anything") == Layout(None, (), has_header=False)
    assert {source.name: source.framing for source in SOURCES.values() if source.framing != "lines"} == {
        "prebid": "json",
        "crm": "quoted",
    }


RECORD_RULES = ["record_kind_unknown", "auction_id_missing", "auction_time_invalid", "impression_missing"]
RULES = {
    "silver.gam_requests": ["query_time_invalid", "key_missing"],
    "silver.gam_impressions": ["query_time_invalid", "event_time_invalid", "key_missing", "revenue_missing"],
    "silver.gam_clicks": ["query_time_invalid", "event_time_invalid", "key_missing"],
    "silver.gam_active_views": ["query_time_invalid", "event_time_invalid", "key_missing"],
    "silver.gam_line_items": ["line_item_id_missing", "rate_invalid"],
    "silver.page_events": ["event_id_missing", "collector_time_missing", "event_time_invalid", "contexts_malformed"],
    "silver.fx_rates": ["rate_date_invalid", "currency_invalid", "exchange_rate_invalid"],
    "vault.contacts": CONTACT_RULES,
    "silver.contact_states": CONTACT_RULES,
    "silver.newsletter_activity": ["mapping_missing", "contact_unknown", "action_unknown", "event_time_invalid"],
    "silver.newsletter_campaigns": [
        "mapping_missing",
        "campaign_id_missing",
        "as_of_time_invalid",
        "sent_time_invalid",
    ],
    "silver.auctions": [*RECORD_RULES, "impression_id_missing", "floor_invalid"],
    "silver.bids": [*RECORD_RULES, "impression_id_missing", "impression_unknown", "bidder_missing", "price_invalid"],
}
FILTERS = {
    "silver.gam_impressions": ["unfilled_impression"],
    "silver.fx_rates": ["currency_unmapped"],
    "silver.auctions": ["not_an_auction", "request_turned_down"],
    "silver.bids": ["not_an_auction", "request_turned_down", "nobody_asked", "test_auction"],
}
BY_THE_READER = {
    "misplaced_quote",
    *("wrong_column_count", "unreadable_value", "not_utf8", "not_json", "not_an_object", "too_deep", "duplicate_keys"),
}
BY_GOLD = {"bot", "visitor_unknown", "page_view_id_missing", "page_view_repeated", "session_too_long"}


def test_rules_and_filters_are_named_and_in_the_order_that_decides_who_owns_a_row():
    refinements = {name: found for source in SOURCES.values() for name, found in source.refinements.items()}
    assert {name: [rule.name for rule in found.rules] for name, found in refinements.items()} == RULES
    filters = {name: [reason.name for reason in found.filters] for name, found in refinements.items()}
    assert filters == {name: [] for name in RULES} | FILTERS


def test_every_rule_and_filter_has_a_meaning_for_people():
    refinements = [found for source in SOURCES.values() for found in source.refinements.values()]
    names = {check.name for found in refinements for check in (*found.rules, *found.filters)}
    assert names | BY_THE_READER | BY_GOLD | {"superseded_delivery"} == set(MEANINGS)
    assert all(meaning(name) for name in names)
    assert meaning("unknown") == ""
