"""What the shipped rules refuse and let through, value by value; and that code names nothing as they do."""

import pytest
from pyspark.sql import functions as F

from adlake.contracts import tables
from adlake.quality.rows import is_broken
from adlake.quality.suite import load_suite, suites
from adlake.refined import REFINEMENTS

MICROS = 1_000_000
KEY = "k1:" + "0123456789abcdef" * 4
# table, rule, values that pass, values that break it
CASES = [
    (
        "silver.gam_impressions", "page_url_names_somebody",
        ["https://x.de/@jane.doe", "https://x.de/a/image@2x.png", "https://x.de/@48.1,11.5,3z", "https://x.de/50%40off",
         "https://x.de/%40jane.doe/x", "https://x.de/mail@", ""],
        ["https://x.de/u/jane@example.com", "https://x.de/u/jane%40example.co.uk/", "https://x.de/j.d+a@x.de?q"],
    ),
    (
        "silver.gam_requests", "targeting_names_somebody",
        ["hb_pb=1.20;section=sport", "user=@jane", "a=1@b"], ["user=jane@example.com;a=b", "jane%40example.com"],
    ),
    (
        "silver.gam_impressions", "revenue_absurd",
        [0, 1_120, -563, 1_000 * MICROS], [1_000 * MICROS + 1, -1_000 * MICROS - 1, 1_120 * MICROS],
    ),
    (
        "silver.gam_requests", "ad_unit_id_malformed",
        ["21700010", "-1", "Null"], ["/1234/news", "news", "https://x.de/", "2170.5", "21700010\n", "2026-11-01"],
    ),
    (
        "silver.gam_impressions", "product_new",
        ["Ad Server", "AdExchange", "Ad Exchange", "ad_exchange", "Exchange Bidding", "open_bidding", "AdSense"],
        ["Bing", "Ad  Exchange", ""],
    ),
    (
        "silver.gam_impressions", "creative_size_odd",
        ["300x250", "Fluid", "Native", "1x1", "640x480v", "Out-of-page"], ["0x0", "300 x 250", "300x250|728x90", "big"],
    ),
    ("silver.gam_impressions", "site_odd", ["news.example", "a.b-c.co.uk"], ["localhost", "[::1]", "127", "münchen"]),
    ("silver.gam_impressions", "id_key_not_keyed", [KEY], [KEY[3:], "jane@x.de", "0123-4567", KEY * 2]),
    ("silver.bids", "response_time_absurd", [0, 180, 600_000], [-1, 600_001]),
    ("silver.bids", "currency_malformed", ["EUR", "USD"], ["EURO", "eur", "E1R", "€", "EUR\n"]),
    ("silver.auctions", "auction_type_malformed", [1, 2, 3, 500], [0, -1]),
    ("silver.page_events", "country_malformed", ["DE", "gb"], ["DEU", "Germany", "D", "1.5"]),
    ("silver.page_events", "utm_content_names_somebody", ["button", "v2@top"], ["jane@example.com"]),
    ("silver.gam_line_items", "rate_absurd", [0, 500 * MICROS, 10**14], [10**14 + 1]),
    ("silver.gam_line_items", "line_item_type_new", ["STANDARD", "Price Priority", "PREFERRED_DEAL"], ["GOLD", ""]),
    ("silver.gam_line_items", "cost_type_new", ["CPM", "cpc", "VCPM"], ["CPX", ""]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "rule_id", "good", "bad"), CASES, ids=[f"{case[0]} {case[1]}" for case in CASES])
def test_a_rule_breaks_for_what_cannot_be_and_for_nothing_else(spark, name, rule_id, good, bad):
    contract = tables()[name]
    (rule,) = [rule for rule in load_suite(contract).rules if rule.id == rule_id]
    (column,) = rule.columns
    values = [None, *good, *bad]
    found = spark.createDataFrame([(value,) for value in values], f"{column} {contract.column(column).type}")
    broken = [row[column] for row in found.where(is_broken(rule)).collect()]
    assert sorted(broken) == sorted(bad)


@pytest.mark.parametrize("name", ["gam_impressions", "gam_clicks", "gam_active_views"])
def test_what_happens_before_its_query_is_refused_and_at_its_moment_is_not(spark, name):
    (rule,) = [one for one in load_suite(tables()[f"silver.{name}"]).rules if one.id == "event_before_query"]
    seconds = [(0, 0), (1, 0), (0, 1), (None, 1), (1, None), (None, None)]
    rows = spark.createDataFrame(seconds, "event int, query int").select(
        F.timestamp_seconds("event").alias("event_at_utc"), F.timestamp_seconds("query").alias("query_at_utc"), "*"
    )
    assert [tuple(row) for row in rows.where(is_broken(rule)).select("event", "query").collect()] == [(0, 1)]


def test_no_rule_is_named_as_what_code_refuses_or_leaves_out():
    of_code = {check.name for one in REFINEMENTS.values() for check in (*one.rules, *one.filters)}
    assert len(of_code) > 20
    assert {rule.id for suite in suites().values() for rule in suite.rules} & of_code == set()
