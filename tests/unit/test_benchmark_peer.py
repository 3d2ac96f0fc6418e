"""The peer's reader and its SQL macros, on values written by hand. No JVM."""

import gzip
import hashlib
import hmac

import pytest

from benchmarks.peer import bronze
from benchmarks.peer.lake import PeerLake, connect, duckdb_type
from benchmarks.peer.macros import define_macros

SECRET = b"a secret of the benchmark's tests, long enough"


def gam_file(landing, name, text):
    path = landing / "gam" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()))


def bronze_rows(tmp_path, name, what):
    lake = PeerLake(tmp_path / "lake", connect())
    list(bronze.ingest(lake, tmp_path))
    return lake.connection.execute(f"SELECT {what} " + f"FROM {lake.scan(name)} ORDER BY _file, _position").fetchall()


def evaluate(expression, secret=SECRET, version="k1"):
    connection = connect()
    define_macros(connection, secret, version)
    ((value,),) = connection.execute(f"SELECT {expression}").fetchall()
    return value


def test_files_are_grouped_by_header_and_delimiter(tmp_path):
    gam_file(tmp_path, "NetworkClicks_1_20261101_00.csv.gz", "TimeUsec2,KeyPart\n1,a\n")
    gam_file(tmp_path, "NetworkClicks_1_20261101_01.gz", "KeyPart^TimeUsec2\nb^2\n")
    gam_file(tmp_path, "NetworkBackfillClicks_1_20261101_02.csv.gz", "\ufeffKeyPart,TimeUsec2,New\nc,3,x\nNull,,\n")
    gam_file(tmp_path, "README_1_20261101_02.csv.gz", "KeyPart,TimeUsec2\nd,4\n")
    found = bronze_rows(tmp_path, "bronze.gam_clicks", "KeyPart, TimeUsec2, _extra, _file, _record_type")
    assert found == [
        ("c", 3, {"New": "x"}, "gam/NetworkBackfillClicks_1_20261101_02.csv.gz", "NetworkBackfillClicks"),
        (None, None, None, "gam/NetworkBackfillClicks_1_20261101_02.csv.gz", "NetworkBackfillClicks"),
        ("a", 1, None, "gam/NetworkClicks_1_20261101_00.csv.gz", "NetworkClicks"),
        ("b", 2, None, "gam/NetworkClicks_1_20261101_01.gz", "NetworkClicks"),
    ]


def test_refused_lines_are_left_out_and_good_ones_keep_their_order(tmp_path):
    good = [f"k{number},{number}" for number in range(50_000)]
    dirty = [f"{line}\nk,x\nk\nk,1,2" if number % 997 == 0 else line for number, line in enumerate(good)]
    gam_file(tmp_path, "NetworkClicks_1_20261101_00.csv.gz", "\n".join(["KeyPart,TimeUsec2", *dirty, "", " ", ""]))
    found = bronze_rows(tmp_path, "bronze.gam_clicks", "KeyPart || ',' || TimeUsec2")
    assert [line for (line,) in found] == good


def test_quoted_fields_keep_delimiters_and_quotes(tmp_path):
    text = 'KeyPart,CustomTargeting,Browser\na,"x,y",Safari 7"_tablet\nb,"say ""no""",\n'
    gam_file(tmp_path, "NetworkClicks_1_20261101_00.csv.gz", text)
    found = bronze_rows(tmp_path, "bronze.gam_clicks", "KeyPart, CustomTargeting, Browser")
    assert found == [("a", "x,y", 'Safari 7"_tablet'), ("b", 'say "no"', None)]


def test_a_page_event_has_131_columns_and_a_line_of_tabs_is_none(tmp_path):
    fields = ["app", "web", "", "2026-11-01 10:00:00.123", "", "pv", "id"] + [""] * 124
    lines = ["\t".join(fields), "\t" * 130, "  ", "", "\t".join(fields[:130]), "\t".join([*fields, "surplus"])]
    place = tmp_path / "snowplow" / "2026"
    place.mkdir(parents=True)
    (place / "part.tsv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    found = bronze_rows(tmp_path, "bronze.page_events", "event_id, epoch_ms(collector_tstamp), etl_tstamp, _file")
    assert found == [("id", 1_793_527_200_123, None, "snowplow/2026/part.tsv")]


@pytest.mark.parametrize(
    ("url", "site", "page_url", "section"),
    [
        ("https://www.a.example/Sport/x?q=1#f", "a.example", "https://www.a.example/Sport/x", "sport"),
        ("HTTP://me:pw@WWW.A.Example:8443/sport", "a.example", "http://www.a.example:8443/sport", "sport"),
        ("https://www.www.a.example/", "www.a.example", "https://www.www.a.example/", None),
        ("https://wwwetter.example", "wwwetter.example", "https://wwwetter.example", None),
        ("https://a.example?to=/b", "a.example", "https://a.example", None),
        ("https://a.example:/money?x", "a.example", "https://a.example/money", "money"),
        ("https://me@mail.example:pw@a.example/money", "a.example", "https://a.example/money", "money"),
        ("https://[2001:db8::1]:8080/money", "[2001:db8::1]", "https://[2001:db8::1]:8080/money", "money"),
        ("https://a.example:8a/money", None, None, None),
        ("https://a.example/x@y/z", "a.example", "https://a.example/x@y/z", "x@y"),
        ("app://a.example/sport", None, None, None),
        ("https:///sport", None, None, None),
    ],
)
def test_addresses_are_cut_as_the_rules_say(url, site, page_url, section):
    assert evaluate(f"[without_www(host('{url}')), page_url('{url}'), section('{url}')]") == [site, page_url, section]


@pytest.mark.parametrize(
    "nobody", ["", "0", " 0 ", "-1", "NULL", "null", "00000000-0000-0000-0000-000000000000", "---"]
)
def test_nobody_has_no_key(nobody):
    assert evaluate(f"id_key('ppid', '{nobody}')") is None


@pytest.mark.parametrize("identifier", ["u1", " crm-1 ", "0-1", "Ünïcode"])
@pytest.mark.parametrize("secret", [SECRET, b"x" * 64, b"longer than a block, so it is hashed first: " * 3])
def test_a_key_is_the_hmac_of_kind_and_identifier_as_given(identifier, secret):
    right = hmac.digest(secret, f"ppid:{identifier}".encode(), hashlib.sha256).hex()
    assert evaluate(f"id_key('ppid', '{identifier}')", secret, "k2") == f"k2:{right}"


@pytest.mark.parametrize(
    ("amount", "micros"),
    [("0.0000005", 1), ("0.000000499", 0), ("-0.0000005", -1), ("123456789.123456789", 123_456_789_123_457)],
)
def test_amounts_become_micros_half_up(amount, micros):
    assert evaluate(f"micros('{amount}'::DECIMAL(18, 9))") == micros


@pytest.mark.parametrize(
    ("contexts", "view"),
    [
        ('{"data": [{"schema": "iglu:x/1"}, {"schema": "WEB/1-0-0", "data": {"id": "v1"}}]}', "v1"),
        ('{"data": [{"schema": "WEB/1", "data": {"id": "v1"}}, {"schema": "WEB/1", "data": {"id": "v2"}}]}', "v1"),
        ('{"data": []}', None),
        ("{}", None),
    ],
)
def test_the_page_view_is_that_of_the_first_web_page_context(contexts, view):
    whole = contexts.replace("WEB", "iglu:com.snowplowanalytics.snowplow/web_page/jsonschema")
    assert evaluate(f"page_view_of('{whole}')") == view


@pytest.mark.parametrize(
    ("expression", "channel"),
    [
        ("backfill_channel('AD_EXCHANGE', 'private auction')", "private_auction"),
        ("backfill_channel('AdExchange', 'Preferred Deal')", "preferred_deal"),
        ("backfill_channel('ad exchange', NULL)", "open_adx"),
        ("backfill_channel('Exchange Bidding', NULL)", "open_bidding"),
        ("backfill_channel('AdSense', NULL)", "adsense"),
        ("backfill_channel(NULL, NULL)", "backfill_other"),
        ("network_channel('Price Priority')", "price_priority"),
        ("network_channel('house')", "house"),
        ("network_channel('BULK')", "direct"),
        ("network_channel(NULL)", "direct_other"),
    ],
)
def test_channels_follow_product_deal_and_line_item(expression, channel):
    assert evaluate(expression) == channel


def test_types_of_contracts_have_a_twin_in_duckdb():
    types = ("decimal(18,9)", "array<string>", "map<string,string>", "timestamp")
    twins = ["DECIMAL(18, 9)", "VARCHAR[]", "MAP(VARCHAR, VARCHAR)", "TIMESTAMPTZ"]
    assert [duckdb_type(name) for name in types] == twins


def test_a_slow_query_prints_no_progress_among_the_results():
    settings = dict(connect().execute("SELECT name, value FROM duckdb_settings()").fetchall())
    assert settings["enable_progress_bar"] == "false"
    assert settings["TimeZone"] == "UTC"
