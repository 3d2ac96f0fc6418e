"""Enriched events become bronze rows by their 131 columns, and silver rows by rules that stand in this file."""

from functools import partial

import pytest
from pyspark.sql import types as T

from adlake.contracts import table
from adlake.frames import conform, struct_type
from adlake.identity import identity_key
from tests.conftest import SECRET
from tests.delivered import SNOWPLOW_COLUMNS, snowplow_line, write
from tests.spark.rows import BATCH, SILENT, assert_same, at, frame, key_of, part, read_landed, rows

FILE = "snowplow/2026/11/02/events-06.tsv.gz"
OWN = [field for field in struct_type(table("bronze.page_events")) if not field.name.startswith("_")]
NAMES = [field.name for field in OWN]
SAME = {"_batch_id": BATCH, "_file": FILE, "_record_type": "EnrichedEvent"}
SAME |= {"_ingested_at_utc": at("2026-11-02 07:00:00")}
WEB_PAGE = "iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0"
line = partial(snowplow_line, NAMES)


@pytest.fixture
def identity(spark):
    """The identity key of the tests."""
    return identity_key(spark, SECRET.encode(), "k1")


def as_read(spark, *values):
    """Rows as the reader gives them: own columns, the place, and why a line could not be read."""
    kinds = {"_record_type": "string", "_file": "string", "_position": "bigint"}
    more = T.StructType.fromDDL(", ".join(f"{name} {kind}" for name, kind in kinds.items()))
    more = more.add("_malformed", "string").add("_refusal", "string")
    return frame(spark, T.StructType([*OWN, *more]), [{"_record_type": "EnrichedEvent"} | value for value in values])


def test_the_columns_stand_in_the_order_of_the_format():
    # as the analytics SDKs count them, from 0
    known = {0: "app_id", 3: "collector_tstamp", 6: "event_id", 12: "user_id", 15: "domain_userid", 29: "page_url"}
    known |= {17: "network_userid", 52: "contexts", 58: "unstruct_event", 77: "useragent", 122: "derived_contexts"}
    known |= {123: "domain_sessionid", 124: "derived_tstamp", 126: "event_name", 130: "true_tstamp"}
    assert len(NAMES) == SNOWPLOW_COLUMNS == 131
    assert {place: NAMES[place] for place in known} == known


def test_a_line_of_131_columns_is_read_column_by_column(spark, config, tmp_path):
    texts = {"string": lambda n: f"text {n}", "int": str, "double": lambda n: f"{n}.5"}
    texts["timestamp"] = lambda n: f"2026-11-02 06:00:00.{n:03}"
    typed = {"string": str, "int": int, "double": float, "timestamp": at}
    kinds = {field.name: field.dataType.simpleString() for field in OWN}
    full = {name: texts[kinds[name]](number) for number, name in enumerate(NAMES)}
    write(tmp_path / "landing" / FILE, line(**full) + "\n")
    read = read_landed(spark, config, "snowplow", "page_events", FILE)
    expected = {name: typed[kinds[name]](text) for name, text in full.items()}
    assert_same(read, as_read(spark, expected | {"_file": FILE, "_position": 1}))


def test_lines_are_read_as_they_are_with_nothing_quoted(spark, config, tmp_path):
    plain = "snowplow/part one/100%+ü.tsv"
    contexts = '{"data":[{"schema":"a","data":{"id":"x \\"y\\" \\\\t"}}]}'
    lines = [
        line(event_id="nine digits", collector_tstamp="2026-11-02 06:00:00.123456789"),
        line(event_id="no digits", collector_tstamp="2026-11-02 06:00:00"),
        line(event_id="json", contexts=contexts, page_title='"quoted, never closed'),
        "",
        line(event_id="words of other formats", app_id="Null", platform="NULL", event=" ", user_id="a\rb"),
        " \t ",
        line(app_id="no event id"),
        line(
            event_id="not a number of its own",
            geo_latitude="-0.5",
            domain_sessionidx="-1",
            true_tstamp="2026-11-02 06:00:00.1",
        ),
    ]
    # the last line has no end, the other file ends its lines as Windows does
    write(tmp_path / "landing" / FILE, "\n".join(lines))
    write(tmp_path / "landing" / plain, "\r\n".join([line(event_id="a", true_tstamp=""), "", line(event_id="b"), ""]))
    read = read_landed(spark, config, "snowplow", "page_events", FILE, plain)
    time = "2026-11-02 06:00:00"
    expected = [
        {"event_id": "nine digits", "collector_tstamp": at(f"{time}.123456"), "_position": 1},
        {"event_id": "no digits", "collector_tstamp": at(time), "_position": 2},
        {"event_id": "json", "contexts": contexts, "page_title": '"quoted, never closed', "_position": 3},
        {"event_id": "words of other formats", "app_id": "Null", "platform": "NULL", "event": " ", "user_id": "a\rb"}
        | {"_position": 4},
        {"app_id": "no event id", "_position": 5},
        {"event_id": "not a number of its own", "geo_latitude": -0.5, "domain_sessionidx": -1, "_position": 6}
        | {"true_tstamp": at(f"{time}.1")},
    ]
    expected = [{"_file": FILE} | value for value in expected]
    expected += [{"_file": plain, "event_id": name, "_position": n} for n, name in enumerate("ab", 1)]
    assert_same(read, as_read(spark, *expected))


def assert_refused(spark, config, landing, refused):
    """Each line is refused for the reason beside it, and the good ones between them are not."""
    lines = [text for bad, _ in refused for text in (line(event_id="good"), bad)]
    write(landing / FILE, "\n".join(lines) + "\n")
    said = read_landed(spark, config, "snowplow", "page_events", FILE).select("_position", "_malformed", "_refusal")
    good = [{"_position": 2 * n + 1} for n in range(len(refused))]
    bad = [{"_position": 2 * n + 2, "_malformed": text, "_refusal": why} for n, (text, why) in enumerate(refused)]
    assert_same(said, frame(spark, said.schema, [*good, *bad]))


def test_a_line_that_cannot_be_read_keeps_its_raw_text_and_the_reason(spark, config, tmp_path):
    count, value = "wrong_column_count", "unreadable_value"
    refused = [
        (line(event_id="one more") + "\t", count),
        (line(event_id="one more") + "\tx", count),
        (line(event_id="one less").removesuffix("\t"), count),
        ("no tab at all", count),
        ("\t".join(NAMES[:130]), count),
        (line(event_id="tab in a text", page_title="a\tb"), count),
        ("\t".join(NAMES), value),
        (line(collector_tstamp="2026-13-01 06:00:00"), value),
        (line(collector_tstamp="2026-11-02 25:00:00"), value),
        (line(derived_tstamp="yesterday"), value),
        (line(true_tstamp="1793599800000"), value),
        (line(domain_sessionidx="2.5"), value),
        (line(domain_sessionidx="2147483648"), value),
        (line(pp_yoffset_max="x"), value),
        (line(geo_latitude="north"), value),
        (line(doc_height="1 000"), value),
    ]
    assert_refused(spark, config, tmp_path / "landing", refused)


def test_a_time_without_its_day_is_no_time(spark, config, tmp_path):
    # Spark would take the day on which the job runs
    bad = [line(collector_tstamp=text) for text in ("06:30:00", "T06:30", "6:30:00.5")]
    assert_refused(spark, config, tmp_path / "landing", [(text, "unreadable_value") for text in bad])


GOOD = {"event_id": "e", "collector_tstamp": at("2026-11-02 06:10:00")}


def refined(spark, identity, *values):
    return part(rows(spark, "bronze.page_events", *values, **SAME), table("silver.page_events"), identity)


def assert_rules(spark, identity, cases):
    """Each case breaks exactly the rules that stand beside it, in their order; the first one owns the row."""
    parting = refined(spark, identity, *[GOOD | case | {"_position": n} for n, (case, _) in enumerate(cases)])
    said = parting.refused.select("position", "rule_id", "rule_ids")
    broken = [{"position": n, "rule_id": why[0], "rule_ids": list(why)} for n, (_, why) in enumerate(cases) if why]
    assert_same(said, frame(spark, said.schema, broken))
    kept = [{"_position": number} for number, (_, why) in enumerate(cases) if not why]
    assert_same(parting.accepted.select("_position"), frame(spark, "_position bigint", kept))
    assert parting.refused_by_file == {FILE: len(broken)}
    assert parting.filtered == {}


NO_ID, NO_TIME = "event_id_missing", "collector_time_missing"
BAD_TIME, BAD_CONTEXTS = "event_time_invalid", "contexts_malformed"


def test_the_rules_of_page_events_hold_at_their_bounds(spark, identity):
    first, last = at("2005-01-01"), at("2099-12-31 23:59:59.999999")
    before, after = at("2004-12-31 23:59:59.999999"), at("2100-01-01 00:00:00.000001")
    cases = [({}, ())]
    cases += [({"event_id": text}, (NO_ID,)) for text in (None, "", "  ")]
    cases += [({"collector_tstamp": time}, ()) for time in (first, last)]
    cases += [({"collector_tstamp": time}, (BAD_TIME,)) for time in (before, after)]
    cases += [({"derived_tstamp": time}, ()) for time in (first, last)]
    cases += [({"derived_tstamp": time}, (BAD_TIME,)) for time in (before, after, at("1970-01-01"))]
    # the event time counts, and that is the derived one where there is one
    cases += [({"collector_tstamp": before, "derived_tstamp": first}, ())]
    cases += [({"collector_tstamp": None, "derived_tstamp": first}, (NO_TIME,))]
    cases += [({"collector_tstamp": None}, (NO_TIME,))]
    cases += [({"contexts": text}, ()) for text in (None, "{}", ' {"data":[]} ', '{"a":1}', '{"data":{"x":[1,"]"]}}')]
    malformed = (
        "",
        "[]",
        '[{"schema":"a"}]',
        "null",
        "1",
        '"{}"',
        "true",
        "{",
        '{"a":',
        '{"a":1,}',
        '{"a":tru}',
        "x{}",
    )
    cases += [({"contexts": text}, (BAD_CONTEXTS,)) for text in malformed]
    nothing = {"event_id": None, "collector_tstamp": None, "contexts": "x"}
    cases += [(nothing, (NO_ID, NO_TIME, BAD_CONTEXTS))]
    cases += [(nothing | {"derived_tstamp": before}, (NO_ID, NO_TIME, BAD_TIME, BAD_CONTEXTS))]
    assert_rules(spark, identity, cases)


def test_the_first_moment_of_2100_is_too_late_as_it_is_for_the_ad_server(spark, identity):
    assert_rules(spark, identity, [({"derived_tstamp": at("2100-01-01")}, (BAD_TIME,)), ({}, ())])


def test_text_after_the_contexts_object_makes_them_malformed(spark, identity):
    cases = [({"contexts": text}, (BAD_CONTEXTS,)) for text in ('{"a":1}x', '{"a":1} {"b":2}', '{"a":1},')]
    assert_rules(spark, identity, [*cases, ({}, ())])


def page(identifier):
    return f'{{"schema":"{WEB_PAGE}","data":{{"id":"{identifier}"}}}}'


PAGE_VIEW_IDS = {
    None: None,
    '{"schema":"iglu:x","data":[' + page("p1") + "]}": "p1",
    '{"data":[' + page("first") + "," + page("second") + "]}": "first",
    '{"data":[{"schema":"iglu:other/web_page/jsonschema/1-0-0","data":{"id":"no"}},' + page("p2") + "]}": "p2",
    '{"data":[{"schema":"iglu:a/b","data":"text"},{"schema":"iglu:a/b","data":[1]},' + page("p3") + "]}": "p3",
    '{"data":[' + page("p4").replace("1-0-0", "2-1-3") + "]}": "p4",
    '{"data":[{"schema":"iglu:com.snowplowanalytics.snowplow/web_pages/x","data":{"id":"no"}}]}': None,
    '{"data":[{"schema":"' + WEB_PAGE + '","data":{}},' + page("not the first page") + "]}": None,
    '{"data":[{"data":{"id":"no schema"}}]}': None,
    '{"data":[]}': None,
    '{"data":' + page("no list") + "}": None,
    '{"data":null}': None,
    "{}": None,
}


def test_the_page_view_id_is_that_of_the_first_web_page_context(spark, identity):
    values = [GOOD | {"contexts": contexts, "_position": n} for n, contexts in enumerate(PAGE_VIEW_IDS)]
    found = refined(spark, identity, *values).accepted.select("_position", "page_view_id")
    expected = [{"_position": n, "page_view_id": text} for n, text in enumerate(PAGE_VIEW_IDS.values())]
    assert_same(found, frame(spark, found.schema, expected))


SPIDER = '{"data":[{"schema":"iglu:com.iab.snowplow/spiders_and_robots","data":{"spiderOrRobot":%s}}]}'
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CUBOT = "Mozilla/5.0 (Linux; Android 9; CUBOT_P30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0 Safari/537.36"
CONTEXT, AGENT = "spider_context", "user_agent"
# derived contexts, user agent, by what a bot is known
AGENTS = [
    (None, None, None),
    (None, FIREFOX, None),
    (None, CUBOT, None),
    (SPIDER % "true", None, CONTEXT),
    (SPIDER % " true", FIREFOX, CONTEXT),
    (SPIDER % "\n\ttrue", FIREFOX, CONTEXT),
    (SPIDER % "true", "Googlebot/2.1", CONTEXT),
    (SPIDER % "false", FIREFOX, None),
    (SPIDER % '"true"', FIREFOX, None),
    ('{"notSpiderOrRobot":true}', None, None),
    (SPIDER % "false", "Googlebot/2.1", AGENT),
    (None, "GOOGLEBOT", AGENT),
    (None, "Screaming Frog SEO Spider", AGENT),
    (None, "curl/8.5.0", AGENT),
    ("", "Yahoo! Slurp", AGENT),
    (None, "", None),
]


def test_robots_are_marked_by_context_or_by_user_agent(spark, identity):
    values = [
        GOOD | {"derived_contexts": contexts, "useragent": agent, "_position": n}
        for n, (contexts, agent, _) in enumerate(AGENTS)
    ]
    found = refined(spark, identity, *values).accepted.select("_position", "is_bot", "bot_reason")
    expected = [{"_position": n, "is_bot": why is not None, "bot_reason": why} for n, (*_, why) in enumerate(AGENTS)]
    assert_same(found, frame(spark, found.schema, expected))


# user_id, domain_userid, network_userid, and the kind that the best key is of
PEOPLE = [
    ("max", "d", "n", "login"),
    (None, "d", "n", "domain"),
    ("0", "d", "n", "domain"),
    ("", None, "n", "network"),
    ("Null", "-1", "n", "network"),
    (None, "d", "00000000-0000-0000-0000-000000000000", "domain"),
    (None, None, "00000000-0000-0000-0000-000000000000", None),
    (None, None, None, None),
    ("max", None, None, "login"),
    ("same", "same", "same", "login"),
]


def test_the_best_identifier_of_an_event_is_login_then_domain_then_network(spark, identity):
    kinds = ("login", "domain", "network")
    fields = dict(zip(kinds, ("user_id", "domain_userid", "network_userid"), strict=True))
    given = [dict(zip(kinds, person, strict=False)) | {"best": person[3]} for person in PEOPLE]
    values = [GOOD | {fields[kind]: ids[kind] for kind in kinds} | {"_position": n} for n, ids in enumerate(given)]
    nobody = {None, "", "0", "-1", "Null", "00000000-0000-0000-0000-000000000000"}
    expected = [
        {f"{kind}_id_key": key_of(kind, ids[kind]) for kind in kinds if ids[kind] not in nobody}
        | {"_position": n, "id_key": ids["best"] and key_of(ids["best"], ids[ids["best"]])}
        for n, ids in enumerate(given)
    ]
    found = refined(spark, identity, *values).accepted
    found = found.select("_position", *[f"{kind}_id_key" for kind in kinds], "id_key")
    assert_same(found, frame(spark, found.schema, expected))


def test_page_events_in_silver(spark, identity):
    full = {
        "event": "page_view",
        "event_name": "page_view",
        "app_id": "site",
        "platform": "web",
        "etl_tstamp": at("2026-11-02 06:11:00.5"),
        "derived_tstamp": at("2026-11-01 23:59:59.999999"),
        "contexts": '{"data":[' + page("p1") + "]}",
        "page_url": "https://max:1@www.Example.com/Sport/golf?utm_source=x&email=max@example.org#top",
        "page_urlhost": "other.example",
        "mkt_source": "letter",
        "mkt_medium": "email",
        "mkt_campaign": "spring",
        "mkt_term": "golf",
        "mkt_content": "top",
        "refr_urlhost": "WWW.Search.example",
        "refr_medium": "search",
        "domain_sessionid": "s1",
        "domain_sessionidx": 7,
        "geo_country": "DE",
        "dvce_type": "Mobile",
        "br_family": "Firefox",
        "os_family": "Linux",
        "pp_yoffset_max": 100,
        "doc_height": 2000,
        "br_viewheight": 800,
        "useragent": FIREFOX,
        "user_id": "max",
        "network_userid": "n1",
        "user_ipaddress": "192.0.2.7",
    }
    bare = {"page_urlhost": "host.example", "page_urlpath": "/sport", "refr_urlhost": "wwwsearch.example"}
    same = {"event_id": "e", "collector_at_utc": at("2026-11-02 06:10:00"), "_batch_id": BATCH, "_file": FILE} | SILENT
    expected = [
        same
        | {"event": "page_view", "event_name": "page_view", "app_id": "site", "platform": "web"}
        | {"etl_at_utc": at("2026-11-02 06:11:00.5"), "event_at_utc": at("2026-11-01 23:59:59.999999")}
        | {"event_date": at("2026-11-01").date(), "page_view_id": "p1"}
        | {"site": "example.com", "page_url": "https://www.example.com/Sport/golf", "section": "sport"}
        | {"utm_source": "letter", "utm_medium": "email", "utm_campaign": "spring", "utm_term": "golf"}
        | {"utm_content": "top", "referrer_site": "search.example", "refr_medium": "search"}
        | {"domain_session_id": "s1", "domain_session_index": 7, "geo_country": "DE", "device_type": "Mobile"}
        | {"browser_family": "Firefox", "os_family": "Linux", "pp_yoffset_max": 100, "doc_height": 2000}
        | {"viewport_height": 800, "is_bot": False, "login_id_key": key_of("login", "max")}
        | {"network_id_key": key_of("network", "n1"), "id_key": key_of("login", "max"), "_position": 1},
        # without an address of the page its other columns are not trusted either
        same
        | {"event_at_utc": at("2026-11-02 06:10:00"), "event_date": at("2026-11-02").date()}
        | {"referrer_site": "wwwsearch.example", "is_bot": False, "_position": 2},
    ]
    parting = refined(spark, identity, GOOD | full | {"_position": 1}, GOOD | bare | {"_position": 2})
    assert_same(conform(parting.accepted, table("silver.page_events")), rows(spark, "silver.page_events", *expected))
    assert (parting.filtered, parting.refused_by_file) == ({}, {})
