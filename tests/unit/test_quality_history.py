"""What accepted runs teach: the range around the median, by weekday, and no more than that."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from adlake.contracts import Column, Table
from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.quality.history import Range, thresholds, usual
from adlake.quality.suite import suite_of
from tests.unit.judged import RULE

SALES = Table(
    layer="silver",
    name="sales",
    version="1.0.0",
    grain="one sale",
    columns=(Column("at_utc", "timestamp", "When."), Column("micros", "bigint", "How much.")),
    key=("at_utc",),
)


def parameter(name):
    return {"$PARAMETER": name}


SUITE = suite_of(
    {
        "name": "silver.sales",
        "expectations": [
            {
                "type": "expect_table_row_count_to_be_between",
                "kwargs": {"min_value": parameter("volume_least"), "max_value": parameter("volume_most")},
                "severity": "warning",
                "meta": {"id": "volume", "on_fail": "warn", "meaning": "As many as on other days."},
            },
            {
                "type": "expect_column_max_to_be_between",
                "kwargs": {"column": "at_utc", "min_value": parameter("fresh_least")},
                "severity": "warning",
                "meta": {"id": "fresh", "on_fail": "warn", "meaning": "As fresh as on other days."},
            },
        ],
    },
    SALES,
)
MONDAY = datetime(2026, 11, 16, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "range_"),
    [
        ([], None),
        ([5.0, 5.0], None),
        # no spread at all: a twentieth of the median counts as one, four of them to each side
        ([100.0, 100.0, 100.0], Range(80.0, 120.0)),
        # median 100, distances 0, 10 and 10: a spread of 14.826
        ([90.0, 100.0, 110.0], Range(100 - 4 * 14.826, 100 + 4 * 14.826)),
        # one day of ten times the traffic moves neither the median nor the spread
        ([90.0, 100.0, 110.0, 1000.0, 95.0], Range(100 - 4 * 14.826, 100 + 4 * 14.826)),
        # only the newest twelve count
        ([1.0] * 20 + [100.0] * 12, Range(80.0, 120.0)),
        ([0.0, 0.0, 0.0], Range(0.0, 0.0)),
        ([-10.0, -10.0, -10.0], Range(-12.0, -8.0)),
    ],
)
def test_the_range_reaches_four_spreads_around_the_median(values, range_):
    found = usual(values)
    assert (found is None) == (range_ is None)
    if found is not None:
        assert (found.least, found.most) == pytest.approx((range_.least, range_.most))


def observed(rule, number, as_of, **more):
    record = replace(RULE, table="silver.sales", rule=rule, outcome="passed", on_fail="warn", observed=number)
    return replace(record, version=1, as_of_utc=as_of, at_utc=as_of, run_id=as_of.isoformat(), **more)


def mondays(count):
    """The Mondays before, oldest first."""
    return [MONDAY - timedelta(weeks=week) for week in range(count, 0, -1)]


def test_numbers_become_bounds_and_moments_ages():
    records = [observed("volume", 1000.0, day) for day in mondays(3)]
    # two hours old each time
    records += [observed("fresh", (day - timedelta(hours=2)).timestamp(), day) for day in mondays(3)]
    found = thresholds(SUITE, SALES, records, MONDAY)
    assert found == {
        "volume_least": pytest.approx(800.0),
        "volume_most": pytest.approx(1200.0),
        # two hours and a fifth of them
        "fresh_least": MONDAY - timedelta(hours=2, minutes=24),
        "fresh_most": MONDAY - timedelta(hours=1, minutes=36),
    }


def test_q09_two_runs_are_no_history_and_other_tables_and_rules_teach_nothing():
    records = [observed("volume", 1000.0, day) for day in mondays(2)]
    records += [replace(observed("volume", 1.0, day), table="silver.other") for day in mondays(5)]
    records += [observed("other_rule", 1.0, day) for day in mondays(5)]
    assert thresholds(SUITE, SALES, records, MONDAY) == {}


def test_q09_only_published_deliveries_of_the_weekday_are_learned_from(config):
    ledger = Ledger(Lake(config))
    learned = [observed("volume", float(number), day) for number, day in enumerate(mondays(3))]
    others = [
        observed("volume", 50.0, MONDAY - timedelta(days=6)),
        replace(observed("volume", 51.0, MONDAY), version=None, state="held"),
        observed("volume", 52.0, MONDAY, is_batch=False),
        observed("volume", 53.0, MONDAY, released="it is right"),
        replace(observed("volume", 54.0, MONDAY), observed=None, unexpected=1, judged=2),
    ]
    ledger.add_verdicts([*others, *learned])
    assert Ledger(ledger.lake).observations(MONDAY.weekday()) == learned
    assert Ledger(ledger.lake).observations(1) == [others[0]]
