"""Of rows with one key the first in a total order stays; the others are named by their address."""

import pytest

from adlake.contracts import table
from adlake.dedup import losers_against, losers_within, without
from tests.spark.rows import BATCH, assert_same, at, frame, rows

LATER_BATCH = "20261102T080000000000Z"
KEY = ("place", "name")
ORDER = ("seen", "rank nulls last")
SEEN = "case string, place string, name string, seen int, rank int, _batch_id string, _file string, _position bigint"
ADDRESSES = "_batch_id string, _file string, _position bigint"
TIME = at("2026-11-02 06:30:00")


def row(*values, batch=BATCH):
    """Case, place, name, seen, rank, file and position."""
    names = ("case", *KEY, "seen", "rank", "_file", "_position")
    return dict(zip(names, values, strict=True)) | {"_batch_id": batch}


# Of each case the first row stays and the others lose.
CASES = [
    [row("alone", "p", "alone", 1, 1, "a", 1)],
    [
        row("smallest first column wins", "p", "order", 1, 9, "z", 9),
        row("smallest first column wins", "p", "order", 2, 1, "a", 2),
        row("smallest first column wins", "p", "order", 3, 1, "a", 1),
    ],
    [
        row("then the second", "p", "second", 1, 1, "z", 9),
        row("then the second", "p", "second", 1, 2, "a", 3),
    ],
    [
        row("nulls last", "p", "nulls last", 1, 2_000_000_000, "z", 9),
        row("nulls last", "p", "nulls last", 1, None, "a", 4),
    ],
    [
        row("nulls last, both null: the file", "p", "nulls", 1, None, "a", 99),
        row("nulls last, both null: the file", "p", "nulls", 1, None, "b", 1),
    ],
    [
        row("without the mark nulls come first", "p", "nulls first", None, 9, "z", 9),
        row("without the mark nulls come first", "p", "nulls first", -5, 1, "a", 5),
    ],
    [
        row("ties: the file", "p", "file", 1, 1, "a", 99),
        row("ties: the file", "p", "file", 1, 1, "b", 1),
    ],
    [
        row("ties: files compare as bytes", "p", "bytes", 1, 1, "Z", 99),
        row("ties: files compare as bytes", "p", "bytes", 1, 1, "a", 1),
    ],
    [
        row("ties in one file: the position, as a number", "p", "position", 1, 1, "a", 20),
        row("ties in one file: the position, as a number", "p", "position", 1, 1, "a", 100),
        row("ties in one file: the position, as a number", "p", "position", 1, 1, "a", 101),
    ],
    [
        row("the earlier batch goes before the order", "p", "batch", 9, 9, "z", 9),
        row("the earlier batch goes before the order", "p", "batch", 1, 1, "a", 7, batch=LATER_BATCH),
    ],
    [
        row("one file twice, in two batches", "p", "again", 1, 1, "c", 1),
        row("one file twice, in two batches", "p", "again", 1, 1, "c", 1, batch=LATER_BATCH),
    ],
    # each of these keys is one of its own
    [row("lower case", "p", "case", 1, 1, "d", 1)],
    [row("upper case", "p", "CASE", 1, 1, "d", 2)],
    [row("a space", "p", "case ", 1, 1, "d", 3)],
    [row("parts joined otherwise", "ab", "c", 1, 1, "d", 4)],
    [row("parts joined otherwise", "a", "bc", 1, 1, "d", 5)],
    [row("an empty part", "x", "", 1, 1, "d", 6)],
    [row("an empty part", "", "x", 1, 1, "d", 7)],
    # Spark's hash passes over nulls, so these three hash alike: a true collision, which the full key tells apart
    [row("collision", "same hash", None, 1, 1, "d", 8)],
    [row("collision", None, "same hash", 1, 1, "d", 9)],
]


def addresses_of(cases):
    return [{name: lost[name] for name in ("_batch_id", "_file", "_position")} for lost in cases]


@pytest.fixture
def seen(spark):
    """The rows of all cases."""
    return frame(spark, SEEN, [value for case in CASES for value in case])


def test_all_but_the_first_of_a_key_lose(spark, seen):
    losers = [value for case in CASES for value in case[1:]]
    assert len(losers) == 12
    assert_same(losers_within(seen, KEY, ORDER), frame(spark, ADDRESSES, addresses_of(losers)))


def test_two_keys_with_one_hash_are_both_kept(spark, seen):
    collided = seen.where("case = 'collision'").selectExpr("xxhash64(place, name) AS hash").distinct()
    assert collided.count() == 1
    assert losers_within(seen.where("case = 'collision'"), KEY, ORDER).count() == 0


def test_the_losers_do_not_depend_on_how_the_rows_are_spread(spark, seen):
    expected = frame(spark, ADDRESSES, addresses_of([value for case in CASES for value in case[1:]]))
    assert_same(losers_within(seen.orderBy("_position", ascending=False).repartition(7), KEY, ORDER), expected)


def test_nothing_loses_where_there_is_nothing(spark, seen):
    none = seen.where("false")
    assert_same(losers_within(none, KEY, ORDER), frame(spark, ADDRESSES, []))
    assert_same(losers_against(none, seen, KEY), frame(spark, ADDRESSES, []))
    assert_same(losers_against(seen, none, KEY), frame(spark, ADDRESSES, []))
    assert_same(without(none, seen.select("_batch_id", "_file", "_position")).select(*seen.columns), none)


def test_rows_whose_key_is_published_lose_each_once(spark):
    # of published rows only the key is read; one of them stands there twice
    keys = [("p", "known"), ("p", "known"), ("p", "lower"), ("q", "elsewhere"), (None, "null"), ("p", "not delivered")]
    published = frame(spark, "place string, name string", [{"place": p, "name": n} for p, n in keys])
    lost = [
        row("published", "p", "known", 1, 1, "a", 1),
        row("published, delivered twice", "p", "known", 1, 1, "b", 1),
    ]
    kept = [
        row("new", "p", "new", 1, 1, "a", 2),
        row("another case", "p", "LOWER", 1, 1, "a", 3),
        row("another place", "p", "elsewhere", 1, 1, "a", 4),
        row("a null is no key that could be published", None, "null", 1, 1, "a", 5),
    ]
    delivered = frame(spark, SEEN, [*lost, *kept])
    assert_same(losers_against(delivered, published, KEY), frame(spark, ADDRESSES, addresses_of(lost)))


def test_only_rows_at_the_very_address_are_left_out(spark):
    kept = [
        row("kept", "p", "n", 1, 1, "a", 2),
        row("kept", "p", "n", 1, 1, "b", 1),
        row("kept", "p", "n", 1, 1, "a", 1, batch=LATER_BATCH),
    ]
    lost = row("lost", "p", "n", 1, 1, "a", 1)
    elsewhere = row("not among the rows", "p", "n", 1, 1, "c", 1)
    losers = frame(spark, ADDRESSES, addresses_of([lost, elsewhere]))
    delivered = frame(spark, SEEN, [*kept, lost])
    assert_same(without(delivered, losers).select(*delivered.columns), frame(spark, SEEN, kept))


# Contract, what the rows share, rows that differ from the first in one column of the key each, the repeated row.
CONTRACTS = {
    "silver.gam_requests": ({"key_part": "k", "query_at_utc": TIME}, ["key_part", "query_at_utc"]),
    "silver.gam_line_items": ({"line_item_id": "1", "snapshot_date": TIME.date()}, ["line_item_id", "snapshot_date"]),
    **{
        f"silver.gam_{kind}": (
            {"key_part": "k", "query_at_utc": TIME, "event_key_part": "k", "event_at_utc": TIME},
            ["key_part", "query_at_utc", "event_key_part", "event_at_utc"],
        )
        for kind in ("impressions", "clicks", "active_views")
    },
    "silver.page_events": ({"event_id": "k", "collector_at_utc": TIME, "event_at_utc": TIME}, ["event_id"]),
}
OTHER = {str: "K", type(TIME): at("2026-11-02 06:30:00.000001"), type(TIME.date()): at("2026-11-03").date()}


@pytest.mark.parametrize("name", CONTRACTS)
def test_each_column_of_a_contracts_key_tells_rows_apart_and_no_other_does(spark, name):
    same, key = CONTRACTS[name]
    first = {"_batch_id": BATCH, "_file": "a", "_position": 1}
    others = [{column: OTHER[type(same[column])], "_file": "b", "_position": n} for n, column in enumerate(key)]
    twins = [{"_file": "b", "_position": 101}, {"_file": "a", "_position": 102}]
    delivered = rows(spark, name, first, *others, *twins, **{**same, "_batch_id": BATCH})
    lost = [{"_batch_id": BATCH, "_file": "b", "_position": 101}, {"_batch_id": BATCH, "_file": "a", "_position": 102}]
    contract = table(name)
    assert_same(losers_within(delivered, contract.key, contract.winner_order), frame(spark, ADDRESSES, lost))


def test_a_page_event_keeps_its_earliest_collector_time_then_its_earliest_etl_time(spark):
    early, late = at("2026-11-02 06:30:00"), at("2026-11-02 06:30:00.001")
    # event id, collector, etl, file, position, whether it stays
    events = [
        ("collector", early, late, "b", 2, True),
        ("collector", late, early, "a", 1, False),
        ("etl", early, early, "b", 4, True),
        ("etl", early, late, "a", 3, False),
        ("no etl", early, late, "b", 6, True),
        ("no etl", early, None, "a", 5, False),
        ("file", early, None, "a", 8, True),
        ("file", early, None, "b", 7, False),
        ("position", early, early, "a", 9, True),
        ("position", early, early, "a", 10, False),
    ]
    names = ("event_id", "collector_at_utc", "etl_at_utc", "_file", "_position")
    values = [dict(zip(names, event[:5], strict=True)) for event in events]
    lost = [
        {"_batch_id": BATCH, "_file": file, "_position": position}
        for _, _, _, file, position, stays in events
        if not stays
    ]
    contract = table("silver.page_events")
    delivered = rows(spark, contract, *values, _batch_id=BATCH)
    assert_same(losers_within(delivered, contract.key, contract.winner_order), frame(spark, ADDRESSES, lost))


def test_rows_of_one_record_are_told_apart_by_their_number_in_it(spark):
    fanned_out = [row("one record", "p", "fan", 1, 1, "a", 1) | {"_index": index} for index in (2, 0, 1)]
    delivered = frame(spark, f"{SEEN}, _index int", fanned_out)
    losers = losers_within(delivered, KEY, ORDER)
    lost = [value for value in fanned_out if value["_index"]]
    expected = [addresses_of([value])[0] | {"_index": value["_index"]} for value in lost]
    assert_same(losers, frame(spark, f"{ADDRESSES}, _index int", expected))
    assert_same(without(delivered, losers).select("_index"), frame(spark, "_index int", [{"_index": 0}]))
