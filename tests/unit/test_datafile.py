"""What the log tells of data files and their columns, in our words."""

from datetime import UTC, date, datetime

import pytest

from adlake.datafile import DataFile
from adlake.delta_types import spark_type

FIVE, SIX = datetime(2026, 11, 1, 5, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC)
ACTION = {
    "path": "event_date=2026-11-01/part-0.parquet",
    "size_bytes": 1234,
    "modification_time": 1,
    "num_records": 7,
    "null_count.event_at_utc": 0,
    "min.event_at_utc": FIVE.replace(tzinfo=None),
    "max.event_at_utc": SIX,
    "min._batch_id": "b1",
    "max._batch_id": "b3",
    "min.n": None,
    "max.n": None,
    "partition.event_date": date(2026, 11, 1),
}
FILE = DataFile(
    path="event_date=2026-11-01/part-0.parquet",
    rows=7,
    size_bytes=1234,
    partition={"event_date": date(2026, 11, 1)},
    lowest={"event_at_utc": FIVE, "_batch_id": "b1", "n": None},
    highest={"event_at_utc": SIX, "_batch_id": "b3", "n": None},
)


def test_an_add_action_becomes_a_file_with_times_in_utc():
    found = DataFile.of(ACTION)
    assert found == FILE
    assert (found.lowest["event_at_utc"].tzinfo, found.highest["event_at_utc"].tzinfo) == (UTC, UTC)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("b0", "b0", False),
        ("b0", "b1", True),
        ("b2", "b2", True),
        ("b3", "b9", True),
        ("b0", "b9", True),
        ("b4", "b9", False),
    ],
)
def test_a_file_may_hold_what_lies_between_its_bounds_both_included(first, last, expected):
    assert FILE.may_hold("_batch_id", first, last) is expected


def moment(text):
    return datetime.fromisoformat(f"2026-11-01T{text}+00:00")


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("04:00:00", "04:59:59.999999", False),
        ("04:00:00", "05:00:00", True),
        ("06:00:00", "07:00:00", True),
        # the log cuts times to milliseconds: what is written may lie up to one above
        ("06:00:00.000999", "07:00:00", True),
        ("06:00:00.001", "07:00:00", True),
        ("06:00:00.001001", "07:00:00", False),
    ],
)
def test_the_greatest_time_of_a_file_may_be_cut(first, last, expected):
    assert FILE.may_hold("event_at_utc", moment(first), moment(last)) is expected


@pytest.mark.parametrize("column", ["n", "unknown"])
def test_a_file_without_bounds_may_hold_anything(column):
    assert FILE.may_hold(column, 1, 1) is True


def test_one_bound_alone_tells_nothing():
    half = DataFile("x", 1, 1, {}, {"n": 5}, {})
    assert half.may_hold("n", 1, 1) is True


@pytest.mark.parametrize(
    ("delta", "words"),
    [
        ("string", "string"),
        ("long", "bigint"),
        ("integer", "int"),
        ("short", "smallint"),
        ("byte", "tinyint"),
        ("timestamp", "timestamp"),
        ("decimal(18,9)", "decimal(18,9)"),
        ({"type": "array", "elementType": "string", "containsNull": True}, "array<string>"),
        ({"type": "array", "elementType": {"type": "array", "elementType": "long"}}, "array<array<bigint>>"),
        ({"type": "map", "keyType": "string", "valueType": "long"}, "map<string,bigint>"),
        (
            {
                "type": "struct",
                "fields": [
                    {"name": "id", "type": "integer"},
                    {"name": "tags", "type": {"type": "map", "keyType": "string", "valueType": "string"}},
                ],
            },
            "struct<id:int,tags:map<string,string>>",
        ),
        ({"type": "struct", "fields": []}, "struct<>"),
    ],
)
def test_types_of_the_log_in_the_words_of_the_contracts(delta, words):
    assert spark_type(delta) == words
