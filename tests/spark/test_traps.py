"""The traps of ad-server data, one test each: what goes wrong in every first version of such a pipeline."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import functions as F

from adlake.contracts import table
from adlake.dedup import losers_against, losers_within, without
from adlake.frames import conform
from adlake.identity import identity_key
from adlake.marts import MARTS
from adlake.redelivery import Redelivery
from tests.auctions import STARTED_MS, auction, bid, imp, response
from tests.conftest import SECRET
from tests.delivered import gam, usec
from tests.spark.rows import BATCH, assert_same, at, frame, key_of, part, read_landed, refined_auctions, rows

LATER_BATCH = "20261102T080000000000Z"
TAKEN = at("2026-11-02 07:00:00")
TEN = int(usec("2026-11-02 10:00:00"))
ADS = ("requests", "impressions", "clicks", "active_views")
NETWORK, BACKFILL = "Network", "NetworkBackfill"
DIRECT = {"LineItemId": "7"}


@pytest.fixture
def silver(spark):
    """Gives deduplicated silver rows of bronze rows, each with a position, and keys of its own unless it names some."""
    identity = identity_key(spark, SECRET.encode(), "k1")

    def of(name, *values, prefix=NETWORK, file="gam/file"):
        words = "".join(word.title() for word in name.split("_"))
        same = {"_batch_id": BATCH, "_file": file, "_record_type": prefix + words, "_ingested_at_utc": TAKEN}
        whole = [
            {"TimeUsec2": TEN, "EventTimeUsec2": TEN, "KeyPart": f"k{n}", "EventKeyPart": f"e{n}", "_position": n}
            | same
            | value
            for n, value in enumerate(values, 1)
        ]
        accepted = part(rows(spark, f"bronze.gam_{name}", *whole), table(f"silver.gam_{name}"), identity).accepted
        return deduplicated(accepted, table(f"silver.gam_{name}"))

    return of


def deduplicated(accepted, contract):
    losers = losers_within(accepted, contract.key, contract.winner_order)
    return without(accepted, losers).select(*contract.column_names)


@pytest.fixture
def gold(spark, config):
    """Gives a mart of silver frames; what is not given is empty."""

    def of(name, line_items=(), **given):
        frames = {f"gam_{kind}": given.get(kind, rows(spark, f"silver.gam_{kind}")) for kind in ADS}
        frames["page_events"] = rows(spark, "silver.page_events")
        place = {"_batch_id": BATCH, "_file": "f", "_position": 1, "snapshot_date": at("2026-01-01").date()}
        frames["gam_line_items"] = rows(spark, "silver.gam_line_items", *line_items, **place)
        frames["days"] = frames["gam_impressions"].select("event_date").distinct()
        return conform(MARTS[f"gold.{name}"].build(frames, config), table(f"gold.{name}"))

    return of


def summed(mart, *measures):
    return tuple(mart.agg(*[F.sum(measure) for measure in measures]).head())


def test_trap_01_network_and_backfill_are_a_union(silver, gold):
    # the request stands in the Network file, its impression in the Backfill one: they share their key
    asked = silver("requests", *[{"KeyPart": f"k{n}", "IsFilledRequest": "true"} for n in range(5)])
    asked = asked.unionByName(silver("requests", {"KeyPart": "b"}, {"KeyPart": "c"}, prefix=BACKFILL, file="g"))
    paid = {"EstimatedBackfillRevenue": Decimal("0.001")}
    shown = silver("impressions", DIRECT | {"KeyPart": "k0"}, DIRECT | {"KeyPart": "k1"})
    shown = shown.unionByName(
        silver("impressions", *[paid | {"KeyPart": f"k{n}"} for n in (2, 3, 4)], prefix=BACKFILL, file="g")
    )
    mart = gold("yield_hourly", requests=asked, impressions=shown)
    assert summed(mart, "requests", "impressions", "revenue_micros") == (5 + 2, 2 + 3, 3 * 1000)


# a day in Los Angeles, and how many hours it has
DAYS = {"2026-11-01": 25, "2026-03-08": 23, "2026-06-01": 24}


def hours_of(day):
    """Half past every hour of a day in Los Angeles, in UTC."""
    pacific = ZoneInfo("America/Los_Angeles")
    midnight = datetime.fromisoformat(day).replace(tzinfo=pacific).astimezone(UTC)
    moments = [midnight + timedelta(hours=n, minutes=30) for n in range(30)]
    return [moment for moment in moments if moment.astimezone(pacific).date().isoformat() == day]


def test_trap_02_of_three_clocks_only_utc_counts_on_days_of_23_24_and_25_hours(silver, gold):
    # the file name has the hour in Los Angeles, Time that of the network in Berlin: neither may matter
    moments = {day: hours_of(day) for day in DAYS}
    assert {day: len(hours) for day, hours in moments.items()} == DAYS
    times = [int(moment.timestamp()) * 1_000_000 for day in DAYS for moment in moments[day]]
    # each query lies two hours before its event, and Time is the time of the query
    values = [
        DIRECT | {"EventTimeUsec2": time, "TimeUsec2": time - 7_200_000_000, "Time": "2026-11-01-02:30:00"}
        for time in times
    ]
    mart = gold("yield_hourly", impressions=silver("impressions", *values, file="gam/NetworkImpressions_1_20261101_01"))
    found = mart.select(F.date_format("hour_utc", "yyyy-MM-dd HH").alias("hour"), "impressions")
    expected = [{"hour": f"{moment:%Y-%m-%d %H}", "impressions": 1} for day in DAYS for moment in moments[day]]
    assert_same(found, frame(mart.sparkSession, "hour string, impressions bigint", expected))


def test_trap_03_late_rows_count_in_their_own_hour_and_a_file_delivered_again_does_not_double(silver, gold):
    nine = int(usec("2026-11-02 09:59:59.999999"))
    first = silver("clicks", {"KeyPart": "a"}, {"KeyPart": "b"}, file="f10")
    # the next file brings a late row of nine o'clock, and one that the file before had already
    second = silver(
        "clicks", {"KeyPart": "late", "EventTimeUsec2": nine}, {"KeyPart": "b", "EventKeyPart": "e2"}, file="f11"
    )
    key = table("silver.gam_clicks").key
    fresh = without(second, losers_against(second, first, key)).select(*first.columns)
    mart = gold("yield_hourly", clicks=first.unionByName(fresh))
    by_hour = frame(mart.sparkSession, "hour_utc timestamp, clicks bigint", [
        {"hour_utc": at("2026-11-02 09:00:00"), "clicks": 1},
        {"hour_utc": at("2026-11-02 10:00:00"), "clicks": 2},
    ])  # fmt: skip
    assert_same(mart.select("hour_utc", "clicks"), by_hour)
    # the same file in a later batch: every key is published, nothing is new
    again = first.withColumn("_batch_id", F.lit(LATER_BATCH))
    assert without(again, losers_against(again, first, key)).count() == 0
    # delivered again changed: what came from the older delivery goes, the rest stays
    replaced = Redelivery(((BATCH, "f10"),), ()).is_replaced()
    left = first.unionByName(fresh).where(~replaced).unionByName(again.where("key_part = 'b'"))
    assert sorted(row["key_part"] for row in left.collect()) == ["b", "late"]


def test_trap_04_duplicates_are_told_by_key_and_time_of_query_and_event(silver):
    base = {"KeyPart": "k", "EventKeyPart": "e"}
    values = [
        base | {"Country": "the first stays"},
        base | {"Country": "a twin, whatever its other columns say", "UserId": "u"},
        base | {"Country": "another query", "TimeUsec2": TEN + 1},
        base | {"Country": "another event", "EventTimeUsec2": TEN + 1},
        base | {"Country": "another event key", "EventKeyPart": "E"},
        base | {"Country": "another key", "KeyPart": "K"},
    ]
    kept = [row["country"] for row in silver("clicks", *values).orderBy("_position").collect()]
    assert kept == ["the first stays", "another query", "another event", "another event key", "another key"]
    # a request has no event: those that differ there alone are twins
    kept = [row["country"] for row in silver("requests", *values).orderBy("_position").collect()]
    assert kept == ["the first stays", "another query", "another key"]


def test_trap_05_the_impression_id_alone_tells_nothing(silver):
    shown = silver("impressions", *[DIRECT | {"ImpressionId": "1-0"}] * 7)
    assert shown.count() == 7


def test_trap_06_order_and_delimiter_are_those_of_each_header(spark, config, tmp_path):
    values = [
        {"KeyPart": f"k{n}", "EventKeyPart": f"e{n}", "TimeUsec2": str(TEN), "EventTimeUsec2": str(TEN + n)}
        | {"Country": "Côte d'Ivoire", "LineItemId": "7", "RefererURL": f"https://a.example/{n}?x=1;y=2"}
        for n in range(3)
    ]
    columns = list(values[0])
    orders = {"1": (columns, ","), "2": (columns[::-1], ","), "3": ([*columns[3:], *columns[:3]], "^")}
    paths = [f"gam/NetworkImpressions_{network}_20261102_02.csv.gz" for network in orders]
    for path, (order, delimiter) in zip(paths, orders.values(), strict=True):
        gam(tmp_path / "landing" / path, values, columns=order, delimiter=delimiter)
    read = read_landed(spark, config, "gam", "gam_impressions", *paths)
    assert read.count() == 9
    first, *others = [read.where(F.col("_file") == path).drop("_file") for path in paths]
    assert_same(first.select(*columns), frame(spark, first.select(*columns).schema, [
        value | {"TimeUsec2": TEN, "EventTimeUsec2": TEN + n} for n, value in enumerate(values)
    ]))  # fmt: skip
    for other in others:
        assert_same(other, first)


def test_trap_07_revenue_is_per_impression_per_thousand_or_per_click(silver, gold):
    # 1.12 of a thousand is 0.00112 of one, 1120 micros: by report, by rate, and never by the reserve price
    reserve = {"SellerReservePrice": Decimal(3)}
    reported = reserve | {"EstimatedBackfillRevenue": Decimal("0.00112")}
    shown = silver("impressions", reported, reported, prefix=BACKFILL, file="g")
    shown = shown.unionByName(
        silver("impressions", *[reserve | {"LineItemId": item} for item in ("cpm", "cpc", "cpc")])
    )
    items = [
        {"line_item_id": "cpm", "line_item_type": "STANDARD", "cost_type": "CPM", "cost_per_unit_micros": 1_120_000},
        {"line_item_id": "cpc", "line_item_type": "STANDARD", "cost_type": "CPC", "cost_per_unit_micros": 300_000},
    ]
    mart = gold("yield_hourly", items, impressions=shown, clicks=silver("clicks", {"LineItemId": "cpc"}))
    measures = ("revenue_reported_micros", "revenue_rate_card_micros", "revenue_micros", "revenue_unknown_impressions")
    assert summed(mart, *measures) == (2 * 1120, 1120 + 300_000, 2 * 1120 + 1120 + 300_000, 0)


def test_trap_08_gold_holds_sums_so_that_a_ratio_is_one_of_sums(silver, gold):
    paid = [Decimal("0.009"), *[Decimal("0.0001")] * 9]
    sites = ["https://dear.example/", *["https://cheap.example/"] * 9]
    values = [{"EstimatedBackfillRevenue": p, "RefererURL": site} for p, site in zip(paid, sites, strict=True)]
    mart = gold("yield_hourly", impressions=silver("impressions", *values, prefix=BACKFILL))
    assert mart.count() == 2
    # but for the sketch of users, which adds up too
    measures = [column.type for column in table("gold.yield_hourly").columns[7:-1]]
    assert set(measures) == {"bigint"}
    revenue, impressions = summed(mart, "revenue_micros", "impressions")
    assert (revenue, impressions) == (9900, 10)
    # 0.99 per thousand; the mean of both sites' own figures would be 4.55
    assert 1000 * revenue / 1_000_000 / impressions == pytest.approx(0.99)


def test_trap_09_rates_above_one_are_kept_as_they_came(silver, gold):
    flags = {"MeasurableImpression": "N", "ViewableImpression": "Y"}
    views = silver("active_views", flags, flags, flags | {"MeasurableImpression": "Y"})
    mart = gold(
        "yield_hourly",
        requests=silver("requests", DIRECT),
        impressions=silver("impressions", DIRECT, DIRECT),
        clicks=silver("clicks", DIRECT, DIRECT, DIRECT),
        active_views=views,
    )
    measures = ("requests", "impressions", "clicks", "measurable", "viewable")
    assert summed(mart, *measures) == (1, 2, 3, 1, 3)


def test_trap_10_an_empty_user_is_no_user(silver, gold):
    # as in a real file: 46 of 157 rows without a user
    nobody = [None, "", "0", "-1", "Null", "00000000-0000-0000-0000-000000000000"]
    users = [nobody[n % len(nobody)] for n in range(46)] + [f"u{n % 3}" for n in range(111)]
    shown = silver("impressions", *[DIRECT | {"UserId": user} for user in users])
    assert shown.where("id_key is null").count() == 46
    people = gold("user_days", impressions=shown)
    expected = [{"id_key": key_of("gam_user", f"u{n}"), "impressions": 37} for n in range(3)]
    found = people.select("id_key", "impressions")
    assert_same(found, frame(people.sparkSession, found.schema, expected))
    assert summed(gold("yield_hourly", impressions=shown), "impressions") == (157,)


def test_trap_12_a_cached_bid_belongs_to_its_own_auction_and_its_win_to_the_later_one(spark, config):
    """A bid of 3.00 loses at ten, is kept, and wins at eleven; its bidder was not asked again."""
    first = auction({"id": "ten"}, response(["x", bid("kept", 3, made_ms=STARTED_MS)], ["y", bid("b", 4)]))
    kept = bid("kept", 3, keys=("hb_pb", "hb_bidder"), made_ms=STARTED_MS)
    later = auction({"id": "eleven", "imp": [imp("i1", "y")]}, response(["x", kept], ["y", bid("c", 1)]))
    later["StartTime"] = "2026-10-05T11:00:00Z"
    _, found = refined_auctions(spark, config, "silver.bids", first, later)
    told = ("auction_id", "bidder", "outcome", "bid_count", "bids_in_auction", "is_won", "cpm_micros", "event_at_utc")
    ten, eleven = at("2026-10-05 10:00:00.123456"), at("2026-10-05 11:00:00")
    values = [
        ("ten", "x", "bid", 1, 2, False, 3_000_000, ten),
        ("ten", "y", "bid", 1, 2, True, 4_000_000, ten),
        ("eleven", "x", "cached", 0, 1, True, 3_000_000, eleven),
        ("eleven", "y", "bid", 1, 1, False, 1_000_000, eleven),
    ]
    expected = [dict(zip(told, value, strict=True)) for value in values]
    assert_same(found.select(*told), rows(spark, "silver.bids", *expected).select(*told))
    _, sold = refined_auctions(spark, config, "silver.auctions", first, later)
    assert [(row["auction_id"], row["asks"], row["bids"]) for row in sold.collect()] == [
        ("ten", 2, 2),
        ("eleven", 1, 1),
    ]


def test_trap_13_without_a_word_prices_are_in_dollars_and_the_auction_is_of_second_price(spark, config):
    said = {"id": "said", "at": 1, "cur": ["EUR"], "imp": [imp(bidfloor=1, bidfloorcur="EUR")]}
    silent = {"id": "silent", "cur": ["EUR"], "imp": [imp(bidfloor=1)]}
    records = [auction(said, response(["x", bid("a", 2)], cur="EUR")), auction(silent, response(["x", bid("b", 2)]))]
    _, sold = refined_auctions(spark, config, "silver.auctions", *records)
    assert [(row["auction_id"], row["auction_type"], row["floor_currency"]) for row in sold.collect()] == [
        ("said", 1, "EUR"),
        ("silent", 2, "USD"),
    ]
    _, bids = refined_auctions(spark, config, "silver.bids", *records)
    assert {(row["auction_id"], row["currency"]) for row in bids.collect()} == {("said", "EUR"), ("silent", "USD")}


def test_trap_14_ids_of_auctions_are_text_even_where_numbers_were_delivered(spark, config):
    ids = [12345678901234567890123, 9223372036854775808, 7, "0123", "1e5", "NaN"]
    records = [auction({"id": number, "imp": [imp(number)]}, response(["x", bid(number, 1, number)])) for number in ids]
    _, sold = refined_auctions(spark, config, "silver.auctions", *records)
    assert [(row["auction_id"], row["imp_id"]) for row in sold.collect()] == [(str(one), str(one)) for one in ids]
    _, bids = refined_auctions(spark, config, "silver.bids", *records)
    assert [row["bid_id"] for row in bids.where("bid_id is not null").collect()] == [str(one) for one in ids]


def test_trap_14_ids_are_text_from_the_file_to_gold(spark, config, tmp_path, silver, gold):
    ids = [
        "0123",
        "123",
        "12345678901234567890123",
        "9223372036854775808",
        "1E5",
        "1e5",
        "100000",
        "0x1F",
        "NaN",
        "1.0",
    ]
    path = "gam/NetworkImpressions_1_20261102_02.csv.gz"
    times = {"TimeUsec2": str(TEN), "EventTimeUsec2": str(TEN)}
    names = ("KeyPart", "EventKeyPart", "AdUnitId", "LineItemId", "OrderId")
    gam(tmp_path / "landing" / path, [times | dict.fromkeys(names, text) for text in ids], columns=(*times, *names))
    read = read_landed(spark, config, "gam", "gam_impressions", path)
    provenance = {"_batch_id": F.lit(BATCH), "_ingested_at_utc": F.lit(TAKEN)}
    identity = identity_key(spark, SECRET.encode(), "k1")
    accepted = part(read.withColumns(provenance), table("silver.gam_impressions"), identity).accepted
    shown = deduplicated(accepted, table("silver.gam_impressions"))
    columns = ("key_part", "event_key_part", "ad_unit_id", "line_item_id", "order_id")
    schema = ", ".join(f"{name} string" for name in columns)
    assert_same(shown.select(*columns), frame(spark, schema, [dict.fromkeys(columns, text) for text in ids]))
    items = [{"line_item_id": "0123", "line_item_type": "HOUSE", "cost_type": "CPM", "cost_per_unit_micros": 0}]
    found = gold("yield_hourly", items, impressions=shown).select("ad_unit_id", "channel", "impressions")
    expected = [
        {"ad_unit_id": text, "channel": "house" if text == "0123" else "unknown", "impressions": 1} for text in ids
    ]
    assert_same(found, frame(spark, found.schema, expected))
