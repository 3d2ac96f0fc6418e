"""What sources tell from names and first lines, before Spark reads anything."""

import pytest

from adlake.contracts import table, tables
from adlake.errors import SourceError
from adlake.landing import Layout
from adlake.reasons import MEANINGS, meaning
from adlake.sources import FX, GAM, SNOWPLOW, SOURCES, fx, gam, snowplow

EVENTS = "TimeUsec2,KeyPart,EventTimeUsec2,EventKeyPart"


def test_sources_are_listed_by_their_folder():
    assert dict(SOURCES) == {"gam": GAM, "snowplow": SNOWPLOW, "fx": FX}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_every_table_of_a_source_has_its_contracts_and_its_refinement(source):
    bronze = {f"bronze.{name}" for name in source.record_types.values()}
    assert bronze <= set(tables())
    refined = {name for name, contract in tables().items() if bronze & set(contract.made_from)}
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
    assert dict(FX.record_types) == {"ExchangeRates": "fx_rates"}


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


RULES = {
    "silver.gam_requests": ["query_time_invalid", "key_missing"],
    "silver.gam_impressions": ["query_time_invalid", "event_time_invalid", "key_missing", "revenue_missing"],
    "silver.gam_clicks": ["query_time_invalid", "event_time_invalid", "key_missing"],
    "silver.gam_active_views": ["query_time_invalid", "event_time_invalid", "key_missing"],
    "silver.gam_line_items": ["line_item_id_missing", "rate_invalid"],
    "silver.page_events": ["event_id_missing", "collector_time_missing", "event_time_invalid", "contexts_malformed"],
    "silver.fx_rates": ["rate_date_invalid", "currency_invalid", "exchange_rate_invalid"],
}
FILTERS = {"silver.gam_impressions": ["unfilled_impression"], "silver.fx_rates": ["currency_unmapped"]}


def test_rules_and_filters_are_named_and_in_the_order_that_decides_who_owns_a_row():
    refinements = {name: found for source in SOURCES.values() for name, found in source.refinements.items()}
    assert {name: [rule.name for rule in found.rules] for name, found in refinements.items()} == RULES
    filters = {name: [reason.name for reason in found.filters] for name, found in refinements.items()}
    assert filters == {name: [] for name in RULES} | FILTERS


def test_every_rule_and_filter_has_a_meaning_for_people():
    refinements = [found for source in SOURCES.values() for found in source.refinements.values()]
    names = {check.name for found in refinements for check in (*found.rules, *found.filters)}
    assert names | {"wrong_column_count", "unreadable_value", "superseded_delivery"} == set(MEANINGS)
    assert all(meaning(name) for name in names)
    assert meaning("unknown") == ""
