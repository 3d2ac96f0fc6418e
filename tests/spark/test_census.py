"""One pass over a candidate finds its rows by group, its sums, and the nulls that the contract forbids."""

import pytest
from pyspark.sql import functions as F

from adlake.census import Census, slice_name, take_census
from adlake.contracts import Column, Slice, Table, table
from adlake.errors import AccountError, ContractError
from tests.spark.rows import assert_same, at, frame, rows

SALES = Table(
    layer="gold",
    name="sales",
    version="1.0.0",
    grain="one sale",
    columns=(
        Column("id", "string", "Id.", required=True),
        Column("sold_at_utc", "timestamp", "When.", required=True),
        Column("shop", "string", "Where; null on the web."),
        Column("micros", "bigint", "Price."),
        Column("pieces", "bigint", "How many."),
    ),
    key=("id",),
    slice=Slice("sold_at_utc", "hour"),
)
ELEVEN, NOON = at("2026-11-02 11:59:59.999999"), at("2026-11-02 12:00:00")


@pytest.fixture
def sales(spark):
    """Five sales in three groups of hour and shop."""
    return rows(
        spark,
        SALES,
        {"id": "a", "sold_at_utc": ELEVEN, "shop": "x", "micros": 5, "pieces": 1},
        {"id": "b", "sold_at_utc": ELEVEN, "shop": "x", "micros": -7},
        {"id": "c", "sold_at_utc": ELEVEN, "micros": None},
        {"id": "d", "sold_at_utc": NOON, "shop": "x", "micros": 2**40},
        {"id": "e", "sold_at_utc": NOON, "shop": "x", "micros": None, "pieces": 4},
    )


def sorted_groups(census):
    return sorted((dict(group) for group in census.groups), key=str)


def test_rows_and_sums_are_told_by_group(sales):
    census = take_census(sales, SALES, [slice_name(SALES), F.col("shop")], ["micros", "pieces"])
    assert sorted_groups(census) == [
        {"slice": "2026-11-02T11", "shop": "x", "rows": 2, "micros": -2, "pieces": 1},
        {"slice": "2026-11-02T11", "shop": None, "rows": 1, "micros": None, "pieces": None},
        {"slice": "2026-11-02T12", "shop": "x", "rows": 2, "micros": 2**40, "pieces": 4},
    ]
    assert census.rows == 5
    assert census.rows_by("slice") == {"2026-11-02T11": 3, "2026-11-02T12": 2}
    assert census.rows_by("shop") == {"x": 4, None: 1}
    assert census.nulls == {}
    census.check(SALES, 5)


def test_nothing_to_judge_is_no_rows(sales):
    census = take_census(sales.where("false"), SALES, [slice_name(SALES)], ["micros"])
    assert census == Census((), {})
    assert (census.rows, census.rows_by("slice")) == (0, {})
    census.check(SALES, 0)


def test_nulls_count_in_required_columns_over_all_groups(spark, sales):
    broken = sales.unionByName(rows(spark, SALES, {"sold_at_utc": NOON}, {"shop": "y"}, {"id": "f"}))
    census = take_census(broken, SALES, [F.col("shop")])
    assert census.nulls == {"id": 2, "sold_at_utc": 2}
    assert [sorted(group) for group in census.groups] == [["rows", "shop"]] * 3
    with pytest.raises(ContractError) as caught:
        census.check(SALES, 8)
    error = caught.value
    assert (error.condition, error.where, error.found) == ("REQUIRED_NULL", "gold.sales", "id: 2, sold_at_utc: 2")


@pytest.mark.parametrize("written", [4, 6, 0])
def test_files_that_hold_another_number_of_rows_are_not_published(sales, written):
    with pytest.raises(AccountError) as caught:
        take_census(sales, SALES, [F.col("shop")]).check(SALES, written)
    error = caught.value
    assert (error.condition, error.where, error.found, error.wanted) == ("ROWS_DIFFER", "gold.sales", "5", str(written))


def test_slices_are_hours_or_days_in_utc(spark):
    times = ["2026-03-08 09:59:59.999999", "2026-11-01 05:00:00", "2026-11-01 06:00:00", "2026-12-31 23:59:59.999999"]
    hours = ["2026-03-08T09", "2026-11-01T05", "2026-11-01T06", "2026-12-31T23"]
    moments = frame(spark, "event_at_utc timestamp", [{"event_at_utc": at(time)} for time in times])
    found = moments.select(slice_name(table("silver.gam_clicks")))
    assert_same(found, frame(spark, "slice string", [{"slice": hour} for hour in hours]))
    dates = frame(spark, "event_date date", [{"event_date": at(time).date()} for time in times])
    found = dates.select(slice_name(table("gold.user_days")))
    assert_same(found, frame(spark, "slice string", [{"slice": hour[:10]} for hour in hours]))
