"""Real clickstream goes through the real jobs: every line accounted for, every page view and session as published."""

import csv
import gzip
import json
import os
import shutil

from adlake import job
from adlake.account import Account
from tests.delivered import snowplow_line, write
from tests.jobs import lakes
from tests.spark.rows import at, key_of

ALL_STEPS = ["ingest_bronze", "build_silver", "build_gold"]
PAGE = "iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0"
SPIDER = "iglu:com.iab.snowplow/spiders_and_robots/jsonschema/1-0-0"
CONTEXTS = "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1"


def test_real_enriched_events_are_accounted_for_line_by_line(config, spark_of, real, tmp_path):
    target = tmp_path / "landing" / "snowplow" / "enriched_events.tsv.gz"
    target.parent.mkdir(parents=True)
    shutil.copy(real / "clickstream" / "enriched_events.tsv.gz", target)
    os.utime(target, (1_700_000_000, 1_700_000_000))

    report = job.execute(ALL_STEPS, spark_of(config), config)

    accounts = lakes.accounts(report)
    # lines 1 and 2 of the 50 have 130 and 129 columns; the others have 131 and one event id each
    assert accounts == {
        ("ingest_bronze", "quarantine.page_events"): Account(2, 2),
        ("ingest_bronze", "bronze.page_events"): Account(50, 48, quarantined={"wrong_column_count": 2}),
        ("build_silver", "silver.page_events"): Account(48, 48),
        # each line has a day and site of its own
        ("build_gold", "gold.traffic_daily"): Account(48, 48),
        ("build_gold", "gold.user_days"): Account(12, 12),
        # 30 of the events are page views; each event is alone in its session, and a click makes none
        ("build_gold", "gold.page_views"): Account(30, 30),
        ("build_gold", "gold.sessions"): Account(30, 30),
        # all lines are of one reader, within a month
        ("build_gold", "gold.user_features"): Account(1, 1),
    }
    assert report.exit_code == 0


# Snowplow's own expectations of these events (dbt-snowplow-web 0.15.2, integration_tests/data/expected/
# snowplow_web_page_views_expected.csv and bigquery/snowplow_web_sessions_expected.csv), one line per page view and
# session; what is ours is marked. Ids are cut. All events of a case have one user_id, but those of "user stitch".
# page view, session, opened, last ping, engaged seconds, duration, scroll percent
PAGE_VIEWS = {
    "Multiple first sessions per user": [
        ("11c33a6a", "6f19f1", "2021-03-02 07:23:19.675", "", 0, 0, 100),
        ("a43c9fe8", "6f19f1", "2021-03-02 07:23:27.774", "", 0, 0, 100),
        ("dc450098", "6f19f1", "2021-03-02 07:23:28.297", "", 0, 0, 100),
        ("88103a0f", "df2bf4", "2021-03-02 07:23:19.675", "", 0, 0, 100),
    ],
    "Multiple last sessions per user": [
        ("651d8af2", "cde5b9", "2021-03-02 02:01:19.675", "", 0, 0, 100),
        ("a94522a4", "cde5b9", "2021-03-02 02:01:27.774", "", 0, 0, 100),
        ("c5752a05", "cde5b9", "2021-03-02 02:01:28.297", "", 0, 0, 100),
        ("eea978a2", "93c111", "2021-03-02 02:01:28.297", "", 0, 0, 100),
    ],
    # the session is the tracker's, the person the login
    "NULL domain_userid": [("4e6e7aad", "b5c493", "2021-03-01 17:09:42.323", "", 0, 0, 100)],
    # of five pings in five heartbeats: 10 * (5 - 1) + 5; the two pings of later sessions do not count here
    "No edge cases": [
        ("04cdf6a8", "0b0c7b", "2021-03-02 15:55:18.539", "", 0, 0, 100),
        ("5b6f0119", "0b0c7b", "2021-03-02 15:55:26.044", "", 0, 0, 100),
        ("6056c202", "0b0c7b", "2021-03-02 15:55:27.084", "", 0, 0, 100),
        ("6fca8d0b", "0b0c7b", "2021-03-02 15:55:29.716", "2021-03-02 15:59:29.752", 45, 240, 100),
    ],
    "Rotating domain_userid per session": [
        ("d747b5b2", "540b6c", "2021-03-02 15:55:18.539", "", 0, 0, 100),
        ("bbbf9399", "540b6c", "2021-03-03 15:55:26.044", "", 0, 0, 100),
        ("4eb86fda", "540b6c", "2021-03-04 15:55:27.084", "", 0, 0, 100),
    ],
    # ours: eight months of silence begin another session, which Snowplow leaves out as later than three days
    "Unexpired session": [
        ("8d6b4fa8", "d21c00", "2020-07-03 15:55:18.542", "", 0, 0, 100),
        ("56026926", "d21c00", "2021-03-04 15:55:27.085", "", 0, 0, 100),
    ],
    "dupe: event_id different collector_tstamp": [
        ("56a57f9a", "6b379f", "2021-03-03 21:27:23.095", "", 0, 0, 16),
        ("96a57f9a", "6b379f", "2021-03-03 21:27:23.095", "", 0, 0, 16),
        ("d8c6b0be", "6b379f", "2021-03-03 21:27:35.176", "", 0, 0, 17),
    ],
    # 86dd35a0 came twice in one moment of the collector: the one enriched first says 56:39.192 and not 56:40.112
    "dupe: event_id same collector_tstamp": [
        ("6ebdd799", "067bcc", "2021-03-01 20:39:52.944", "", 0, 0, 9),
        ("f61b63f3", "067bcc", "2021-03-01 20:45:20.884", "", 0, 0, 8),
        ("86dd35a0", "067bcc", "2021-03-01 20:56:39.192", "", 0, 0, 9),
        ("b38eea15", "067bcc", "2021-03-01 20:58:11.004", "", 0, 0, 9),
        ("ab079d9b", "067bcc", "2021-03-01 20:58:11.005", "", 0, 0, 8),
        ("3c0d7941", "067bcc", "2021-03-01 20:59:19.860", "", 0, 0, 9),
    ],
    # 320e0ef8 has two page_view events: the earlier derived time counts, though the collector got it later
    "dupe: page_view_id different derived_tstamp": [
        ("e755c4bf", "760534", "2021-03-02 19:25:22.756", "", 0, 0, 12),
        ("11a69188", "760534", "2021-03-02 19:25:41.413", "", 0, 0, 14),
        ("36dca2d9", "760534", "2021-03-02 19:40:33.284", "", 0, 0, 100),
        ("320e0ef8", "760534", "2021-03-02 19:52:10.312", "", 0, 0, 16),
        ("1aad6519", "760534", "2021-03-02 19:52:12.252", "", 0, 0, 22),
        ("92d9d3b8", "760534", "2021-03-02 20:08:14.359", "", 0, 0, 100),
        ("b24cdd54", "760534", "2021-03-02 20:08:24.465", "", 0, 0, 100),
    ],
    # ours: the lake takes late events into their own day, Snowplow none that was sent after three days;
    # (0 + 848) / 7446 of the page
    "late arriving: device created/sent >3 days": [("000362c5", "7edb16", "2021-02-26 09:42:56.128", "", 0, 0, 11)],
    # the page views of 7 and 9 March are later than three days after its start
    "long session": [
        ("ff8cc048", "2bfc2c", "2021-03-01 21:39:43.815", "", 0, 0, 12),
        ("548e3217", "2bfc2c", "2021-03-03 21:39:50.989", "", 0, 0, 5),
    ],
    # its ping belongs to another session
    "stray page ping": [("fd270c06", "4d34b5", "2021-03-01 18:01:08.687", "", 0, 0, 100)],
    "user stitch - session: 1st id: 1": [("2b323351", "79831f", "2021-03-01 23:57:04.705", "", 0, 0, 29)],
    "user stitch - session: 2nd id: 3": [("d2ab4a79", "37b340", "2021-03-02 23:57:04.705", "", 0, 0, 29)],
    "user stitch - session: 2nd id: 5": [("0479f4b3", "37b340", "2021-03-03 00:17:16.089", "", 0, 0, 29)],
    "user stitch - session: 2nd id: 6": [("8d1b14d3", "37b340", "2021-03-03 00:29:41.466", "", 0, 0, 29)],
    "user stitch - session: 2nd id: 7": [("a05b38a4", "37b340", "2021-03-03 00:38:38.168", "", 0, 0, 29)],
    "user stitch - session: 2nd id: 8": [("8fa295e0", "37b340", "2021-03-03 00:43:51.137", "", 0, 0, 29)],
    "user stitch - session: 2nd id: 10": [("804f9f86", "37b340", "2021-03-03 00:47:49.409", "", 0, 0, 29)],
    # no page view of theirs names itself, or they have none
    **{case: [] for case in ("NULL page_view_id", "NULL domain_sessionid", "consent_accel")},
    **{f"user stitch - session: {part}": [] for part in ("1st id: 2", "2nd id: 4", "2nd id: 9")},
}
DIRECT = ("(direct)", "(none)")
# session, start, end, page views, engaged seconds, events, duration, source and medium; a session that begins with a
# ping starts there, and not five seconds before. Engaged for Google, engaged for Snowplow follow from the numbers.
SESSIONS = {
    "Multiple first sessions per user": [
        (
            "df2bf4",
            "2021-03-02 07:23:19.675",
            "2021-03-02 07:23:24.741",
            1,
            0,
            2,
            5,
            ("localhost-dummy-row", "referral"),
        ),
        ("6f19f1", "2021-03-02 07:23:19.675", "2021-03-02 07:23:28.297", 3, 0, 5, 8, DIRECT),
    ],
    "Multiple last sessions per user": [
        ("cde5b9", "2021-03-02 02:01:19.675", "2021-03-02 02:01:28.297", 3, 0, 5, 8, DIRECT),
        (
            "93c111",
            "2021-03-02 02:01:28.297",
            "2021-03-02 02:01:28.297",
            1,
            0,
            1,
            0,
            ("localhost-dummy-row", "referral"),
        ),
    ],
    "NULL domain_userid": [("b5c493", "2021-03-01 17:09:42.323", "2021-03-01 17:09:42.323", 1, 0, 1, 0, DIRECT)],
    "No edge cases": [
        ("0b0c7b", "2021-03-02 15:55:18.539", "2021-03-02 15:59:29.752", 4, 45, 11, 251, DIRECT),
        ("0b0c7b", "2021-03-02 22:59:29.752", "2021-03-02 22:59:29.752", 1, 5, 1, 5, DIRECT),
        ("0b0c7b", "2021-03-04 22:59:29.752", "2021-03-04 22:59:29.752", 1, 5, 1, 5, DIRECT),
    ],
    "Rotating domain_userid per session": [
        ("540b6c", "2021-03-02 15:55:18.539", "2021-03-04 15:55:27.084", 3, 0, 5, 172_808, DIRECT)
    ],
    "Unexpired session": [
        ("d21c00", "2020-07-03 15:55:18.542", "2020-07-03 15:55:18.542", 1, 0, 1, 0, DIRECT),
        ("d21c00", "2021-03-04 15:55:27.085", "2021-03-04 15:55:27.085", 1, 0, 1, 0, DIRECT),
    ],
    "dupe: event_id different collector_tstamp": [
        ("6b379f", "2021-03-03 21:27:22.334", "2021-03-03 21:27:35.176", 3, 0, 6, 12, DIRECT)
    ],
    "dupe: event_id same collector_tstamp": [
        ("067bcc", "2021-03-01 20:39:52.944", "2021-03-01 20:59:19.860", 6, 0, 12, 1166, ("google-ad", "display"))
    ],
    "dupe: page_view_id different derived_tstamp": [
        # the events name the site before, but not its kind
        ("760534", "2021-03-02 19:25:22.488", "2021-03-02 20:08:24.465", 7, 0, 11, 2581, ("google.com", "referral"))
    ],
    "late arriving: device created/sent >3 days": [
        ("7edb16", "2021-02-26 09:42:56.128", "2021-02-26 09:42:56.139", 1, 0, 2, 0, DIRECT)
    ],
    "long session": [
        ("2bfc2c", "2021-03-01 21:39:43.815", "2021-03-03 21:39:50.989", 2, 0, 3, 172_807, ("google-ad", "ppc"))
    ],
    "stray page ping": [
        ("4d34b5", "2021-03-01 18:01:08.687", "2021-03-01 18:01:11.023", 1, 0, 2, 2, DIRECT),
        ("0b5d42", "2021-03-03 18:01:38.658", "2021-03-03 18:01:38.658", 1, 5, 1, 5, DIRECT),
    ],
    "user stitch - session: 1st id: 1": [
        ("79831f", "2021-03-01 23:57:04.705", "2021-03-01 23:57:07.554", 1, 0, 2, 2, DIRECT)
    ],
    # its events name eight people: the first counts; the session goes on over midnight
    "user stitch - session: 2nd id: 3": [
        ("37b340", "2021-03-02 23:57:04.705", "2021-03-03 00:47:49.409", 6, 0, 8, 3044, DIRECT)
    ],
    # no page was seen in them: a page view without id, a click, consent dialogues
    **{case: [] for case in ("NULL page_view_id", "NULL domain_sessionid", "consent_accel")},
}


def test_real_web_events_become_the_page_views_and_sessions_that_snowplow_publishes(config, spark_of, real, tmp_path):
    lines = enriched(real / "clickstream" / "snowplow_web_events")
    write(tmp_path / "landing" / "snowplow" / "web_events.tsv.gz", "".join(f"{line}\n" for line in lines))

    report = job.execute(ALL_STEPS, spark_of(config), config)

    accounts = {record.table: record.account for record in report.commits}
    # two events came twice in one moment of the collector, one in two; nobody is a robot
    assert accounts["silver.page_events"] == Account(160, 157, duplicates=3)
    left_out = {"page_view_id_missing": 1, "page_view_repeated": 1, "session_too_long": 2}
    assert accounts["gold.page_views"] == Account(49, 45, filtered=left_out)
    assert accounts["gold.sessions"] == Account(20, 20)
    views = [
        (key_of("login", case), page, session, at(start), at(ping or start), seconds, duration, seconds > 10, percent)
        for case, rows in PAGE_VIEWS.items()
        for page, session, start, ping, seconds, duration, percent in rows
    ]
    assert sorted(map(_view, lakes.rows_of(config, "gold.page_views"))) == sorted(views)
    visits = [
        (key_of("login", case), session, at(start), at(end), *numbers, *engaged(*numbers), *source)
        for case, rows in SESSIONS.items()
        for session, start, end, *numbers, source in rows
    ]
    assert sorted(map(_visit, lakes.rows_of(config, "gold.sessions"))) == sorted(visits)


def engaged(pages, seconds, *_):
    """For Google, for Snowplow, and bounced: two pages, or more than 10 seconds, or two heartbeats; no conversions."""
    google = pages >= 2 or seconds > 10
    return google, pages >= 2 or seconds >= 20, not google


def _view(row):
    moments = row["started_at_utc"], row["ended_at_utc"]
    assert row["event_date"] == row["started_at_utc"].date()
    numbers = (row[name] for name in ("engaged_seconds", "duration_seconds", "is_engaged", "scroll_percent"))
    return row["id_key"], row["page_view_id"][:8], row["session_id"][:6], *moments, *numbers


def _visit(row):
    assert row["event_date"] == row["started_at_utc"].date()
    names = ("page_views", "engaged_seconds", "events", "duration_seconds")
    words = ("is_engaged", "is_engaged_snowplow", "is_bounced", "source", "medium")
    moments = row["started_at_utc"], row["ended_at_utc"]
    return row["id_key"], row["session_id"][:6], *moments, *(row[name] for name in (*names, *words))


def enriched(folder):
    """The events as Snowplow delivers them: 131 columns, contexts as JSON; spiders as the table beside them says."""
    with (folder / "snowplow_web_spider_context.csv").open(newline="") as lines:
        spiders = {(row["root_id"], row["root_tstamp"]): row["spiderOrRobot"] for row in csv.DictReader(lines)}
    with gzip.open(folder / "snowplow_web_events.csv.gz", "rt", newline="") as lines:
        return [_line(row, spiders) for row in csv.DictReader(lines)]


def _line(row, spiders):
    pages = json.loads(row["contexts_com_snowplowanalytics_snowplow_web_page_1_0_0"] or "[]")
    pages = pages[0] if pages and isinstance(pages[0], list) else pages
    is_spider = spiders[row["event_id"], row["collector_tstamp"]] == "true"
    contexts = {
        "contexts": [{"schema": PAGE, "data": {"id": page["id"]}} for page in pages],
        "derived_contexts": [{"schema": SPIDER, "data": {"spiderOrRobot": is_spider}}],
    }
    known = {name: row[name] for name in lakes.PAGE_EVENT_COLUMNS if name in row}
    texts = {name: json.dumps({"schema": CONTEXTS, "data": data}) for name, data in contexts.items()}
    return snowplow_line(lakes.PAGE_EVENT_COLUMNS, **(known | texts))
