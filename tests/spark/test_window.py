"""A duplicate lookup reads no more than the days and moments in which a key of the batch can stand, and no less."""

from datetime import timedelta

import pytest

from adlake.contracts import table
from adlake.datafile import DataFile
from adlake.window import Window, lookup_window
from tests.spark.rows import BATCH, assert_same, at, rows

PLACE = {"_batch_id": BATCH, "_file": "f", "_position": 1}
CLICKS, EVENTS, ITEMS = (table(f"silver.{name}") for name in ("gam_clicks", "page_events", "gam_line_items"))


def day(text):
    return at(text).date()


def moments(spark, contract, *times):
    values = [{"event_at_utc": at(time), "event_date": day(time[:10])} for time in times]
    return rows(spark, contract, *values, **PLACE)


def test_a_key_with_the_moment_in_it_is_looked_for_between_first_and_last(spark):
    # the hour that the machine's own zone has twice is in it
    times = ("2026-11-01 06:30:00.123456", "2026-11-01 05:30:00", "2026-11-03 00:00:00.000001", "2026-11-01 05:30:00")
    window = lookup_window(moments(spark, CLICKS, *times), CLICKS)
    days = frozenset({day("2026-11-01"), day("2026-11-03")})
    first, last = at("2026-11-01 05:30:00"), at("2026-11-03 00:00:00.000001")
    assert window == Window("event_date", days, "event_at_utc", first, last)
    assert (window.first.utcoffset(), window.last.utcoffset()) == (timedelta(0), timedelta(0))


def test_any_other_key_is_looked_for_some_days_around(spark):
    window = lookup_window(moments(spark, EVENTS, "2026-11-01 23:59:59.999999", "2026-11-07 00:00:00"), EVENTS)
    near = ("2026-10-30", "2026-10-31", "2026-11-01", "2026-11-02", "2026-11-03")
    far = ("2026-11-05", "2026-11-06", "2026-11-07", "2026-11-08", "2026-11-09")
    assert window == Window("event_date", frozenset(map(day, (*near, *far))), "event_at_utc", None, None)


def test_a_slice_of_days_needs_no_moments(spark):
    items = [{"snapshot_date": day(text), "line_item_id": "1"} for text in ("2026-11-02", "2026-11-02", "2026-11-04")]
    window = lookup_window(rows(spark, ITEMS, *items, **PLACE), ITEMS)
    days = frozenset({day("2026-11-02"), day("2026-11-04")})
    assert window == Window("snapshot_date", days, "snapshot_date", None, None)


def test_of_nothing_nothing_can_be_a_duplicate(spark):
    for contract in (CLICKS, EVENTS, ITEMS):
        (partition,) = contract.partition_by
        window = lookup_window(rows(spark, contract), contract)
        assert window == Window(partition, frozenset(), contract.slice.column, None, None)
        assert not window.may_hold(data_file(window.partition, "2026-11-02", None, None))
    inside = moments(spark, CLICKS, "2026-11-02 06:00:00")
    assert inside.where(lookup_window(rows(spark, CLICKS), CLICKS).holds()).count() == 0


FIRST, LAST = "2026-11-01 05:30:00", "2026-11-03 00:00:00.000001"
# a time, whether the window holds it
TIMES = {
    FIRST: True,
    LAST: True,
    "2026-11-01 05:29:59.999999": False,
    "2026-11-01 06:30:00": True,
    "2026-11-01 23:59:59.999999": True,
    "2026-11-02 12:00:00": False,  # between, but on a day without any row of the batch
    "2026-11-03 00:00:00.000002": False,
    "2026-11-03 00:00:00": True,
    "2026-10-31 23:59:59": False,
}


def test_rows_in_the_window_are_those_between_its_bounds_on_its_days(spark):
    window = lookup_window(moments(spark, CLICKS, FIRST, LAST), CLICKS)
    found = moments(spark, CLICKS, *TIMES).where(window.holds())
    assert_same(found, moments(spark, CLICKS, *[time for time, held in TIMES.items() if held]))


def test_without_bounds_the_days_alone_decide(spark):
    window = lookup_window(moments(spark, EVENTS, "2026-11-03 06:00:00"), EVENTS)
    inside = ("2026-11-01 00:00:00", "2026-11-05 23:59:59.999999")
    outside = ("2026-10-31 23:59:59.999999", "2026-11-06 00:00:00")
    assert_same(moments(spark, EVENTS, *inside, *outside).where(window.holds()), moments(spark, EVENTS, *inside))


def data_file(partition, date, lowest, highest):
    bounds = [{} if time is None else {"event_at_utc": at(time)} for time in (lowest, highest)]
    return DataFile("part-0.parquet", 1, 1, {partition: day(date)}, *bounds)


@pytest.mark.parametrize(
    ("date", "lowest", "highest", "may"),
    [
        ("2026-11-01", "2026-11-01 00:00:00", "2026-11-01 05:29:59.998", False),
        ("2026-11-01", "2026-11-01 00:00:00", "2026-11-01 05:29:59.999", True),  # cut to milliseconds by Delta
        ("2026-11-01", "2026-11-01 00:00:00", "2026-11-01 05:30:00", True),
        ("2026-11-01", "2026-11-01 23:00:00", "2026-11-01 23:59:59.999", True),
        ("2026-11-01", None, None, True),
        ("2026-11-01", None, "2026-11-01 05:00:00", True),
        ("2026-11-02", "2026-11-02 00:00:00", "2026-11-02 23:59:59", False),
        ("2026-11-03", "2026-11-03 00:00:00", "2026-11-03 00:00:00", True),
        ("2026-11-03", "2026-11-03 00:00:00.001", "2026-11-03 00:00:00.001", False),
    ],
)
def test_files_are_read_when_days_and_statistics_allow_a_row_of_the_window(date, lowest, highest, may):
    days = frozenset({day("2026-11-01"), day("2026-11-03")})
    window = Window("event_date", days, "event_at_utc", at(FIRST), at(LAST))
    assert window.may_hold(data_file("event_date", date, lowest, highest)) is may
    without_bounds = Window("event_date", days, "event_at_utc", None, None)
    assert without_bounds.may_hold(data_file("event_date", date, lowest, highest)) is (date != "2026-11-02")
