"""Site, address and section are what a page address says of the page, and nothing of who read it."""

from itertools import product
from urllib.parse import urlsplit

from pyspark.sql import functions as F

from adlake.sources.urls import page_url, section, site
from tests.spark.rows import assert_same, frame

SCHEMA = "address string, site string, page_url string, section string"

# address, site, page_url, section
PAGES = [
    ("https://example.com", "example.com", "https://example.com", None),
    ("https://example.com/", "example.com", "https://example.com/", None),
    ("http://example.com/sport", "example.com", "http://example.com/sport", "sport"),
    ("https://example.com/sport/", "example.com", "https://example.com/sport/", "sport"),
    ("https://example.com/Sport/Golf/1.html", "example.com", "https://example.com/Sport/Golf/1.html", "sport"),
    ("https://example.com//sport", "example.com", "https://example.com//sport", None),
    ("HTTPS://WWW.Example.COM/Sport", "example.com", "https://www.example.com/Sport", "sport"),
    ("https://www.www.example.com/", "www.example.com", "https://www.www.example.com/", None),
    ("https://wwwexample.com/", "wwwexample.com", "https://wwwexample.com/", None),
    ("https://m.example.com/www.x/", "m.example.com", "https://m.example.com/www.x/", "www.x"),
    ("https://example.com:8443/a", "example.com", "https://example.com:8443/a", "a"),
    ("https://www.example.com:80", "example.com", "https://www.example.com:80", None),
    ("https://max@example.com/a", "example.com", "https://example.com/a", "a"),
    ("https://max:secret@www.example.com:8443/a", "example.com", "https://www.example.com:8443/a", "a"),
    ("https://example.com/a?user=max", "example.com", "https://example.com/a", "a"),
    ("https://example.com?user=max@example.org/x", "example.com", "https://example.com", None),
    ("https://example.com#/user/max", "example.com", "https://example.com", None),
    ("https://example.com/a#b?c=d", "example.com", "https://example.com/a", "a"),
    ("https://example.com/@max/news", "example.com", "https://example.com/@max/news", "@max"),
    ("https://example.com/a:b/c", "example.com", "https://example.com/a:b/c", "a:b"),
    ("https://example.com/$1\\2/%20x", "example.com", "https://example.com/$1\\2/%20x", "$1\\2"),
    ("https://www.münchen.de/GRÖSSE/x", "münchen.de", "https://www.münchen.de/GRÖSSE/x", "grösse"),
    ("https://ÄRZTE.example/", "ärzte.example", "https://ärzte.example/", None),
    ("https://192.0.2.7/x", "192.0.2.7", "https://192.0.2.7/x", "x"),
    ("https://localhost/x", "localhost", "https://localhost/x", "x"),
]
NO_PAGES = [
    *(None, "", " ", "example.com/sport", "//example.com/sport", "/sport", "https://", "https:///sport", "http:/x/y"),
    *("ftp://example.com/x", "file:///etc/passwd", "about:blank", "javascript:void(0)", "data:text/html,x", "Null"),
    *("android-app://com.example/x", "httpsx://example.com/x", "https//example.com/x", "https://?x", "https://#x"),
    *(" https://example.com", "chrome://newtab/", "mailto:max@example.org", "https://:80/x", "xhttps://example.com"),
]


# Parts of which addresses are made, to be cut again by Python's own parser.
SCHEMES = ("http", "https", "HTTPS", "ftp")
USERS = ("", "max@", "max:secret@", "max%40example.org:1234@")
HOSTS = ("example.com", "WWW.Example.com", "www.news.example", "m.example.com", "xn--mnchen-3ya.de", "192.0.2.7")
PORTS = ("", ":80", ":8443")
PATHS = ("", "/", "/Sport", "/sport/", "/Sport/a.html", "//x", "/a@b/c", "/a:b", "/;x=1/b")
ENDS = ("", "?", "?q=max", "?q=a/b@c", "#top", "#/user?x=max", "?email=max@example.org#a/b?c", "?u=https://x.example/y")


def named(address, host, url, first):
    return {"address": address, "site": host, "page_url": url, "section": first}


def said_of(spark, addresses):
    address = F.col("address")
    parts = (site(address).alias("site"), page_url(address).alias("page_url"), section(address).alias("section"))
    return frame(spark, "address string", [{"address": text} for text in addresses]).select("address", *parts)


def test_a_page_is_told_by_site_address_and_section(spark):
    expected = frame(spark, SCHEMA, [named(*page) for page in PAGES])
    assert_same(said_of(spark, [page[0] for page in PAGES]), expected)


def test_what_is_no_web_page_has_neither_site_nor_address_nor_section(spark):
    expected = frame(spark, SCHEMA, [named(address, None, None, None) for address in NO_PAGES])
    assert_same(said_of(spark, NO_PAGES), expected)


def test_addresses_of_every_make_are_cut_as_pythons_parser_cuts_them(spark):
    addresses = [
        f"{scheme}://{user}{host}{port}{path}{end}"
        for scheme, user, host, port, path, end in product(SCHEMES, USERS, HOSTS, PORTS, PATHS, ENDS)
    ]
    expected = [named(address, *cut_by_python(address)) for address in addresses]
    assert len(expected) == 20_736
    assert_same(said_of(spark, addresses), frame(spark, SCHEMA, expected))


def cut_by_python(address):
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"}:
        return None, None, None
    port = f":{parts.port}" if parts.port else ""
    first = parts.path[1:].split("/")[0].lower()
    return parts.hostname.removeprefix("www."), f"{parts.scheme}://{parts.hostname}{port}{parts.path}", first or None


def test_user_information_ends_at_the_last_at_sign_before_the_path(spark):
    # a password may hold the sign itself; nothing of it may become a site
    addresses = ["https://max:p@ss@www.example.com/a", "https://max@example.org:1@example.com:8443/b@c?d@e"]
    expected = [
        named(addresses[0], "example.com", "https://www.example.com/a", "a"),
        named(addresses[1], "example.com", "https://example.com:8443/b@c", "b@c"),
    ]
    assert_same(said_of(spark, addresses), frame(spark, SCHEMA, expected))


def test_a_line_break_never_brings_other_text_into_the_columns(spark):
    addresses = ["ftp://x\nmax\nsecret\n/a", "https://\n", "javascript:\nmax", "about:\n\n:1\n/max"]
    assert_same(said_of(spark, addresses), frame(spark, SCHEMA, [named(text, None, None, None) for text in addresses]))


def test_unusual_hosts_and_ports_are_cut_like_others(spark):
    pages = [
        ("http://[2001:db8::7]:8080/x", "[2001:db8::7]", "http://[2001:db8::7]:8080/x", "x"),
        ("https://example.com:/x", "example.com", "https://example.com/x", "x"),
    ]
    assert_same(said_of(spark, [page[0] for page in pages]), frame(spark, SCHEMA, [named(*page) for page in pages]))
