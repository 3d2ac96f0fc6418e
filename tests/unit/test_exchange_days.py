"""Which days of bids a changed exchange rate touches, worked out from two versions of the rates without a JVM."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from deltalake import DeltaTable

from adlake.lake import Lake
from adlake.marts import MARTS
from adlake.snapshots import STEP as GOLD
from adlake.touched import pending, touched
from tests.conftest import make_config
from tests.unit.small_lakes import commit, said

MART = MARTS["gold.bidder_daily"]
NAME, RATES, BIDS = "gold.bidder_daily", "silver.fx_rates", "silver.bids"
FIRST, SECOND, THIRD = "20261101T000000000000Z", "20261102T000000000000Z", "20261103T000000000000Z"


def day(number):
    return f"2026-11-{number:02d}"


@pytest.fixture
def lake(tmp_path):
    """A lake in which rates hold for ten days, and bids lie on the first 20 days of November."""
    lake = Lake(make_config(tmp_path, fx={"max_age_days": 10}))
    events = [
        {"event_date": date(2026, 11, n), "event_at_utc": datetime(2026, 11, n, 5, tzinfo=UTC)} for n in range(1, 21)
    ]
    commit(lake, BIDS, events, said(BIDS, FIRST, []))
    return lake


def rate(number, currency, worth):
    when = {"rate_date": date(2026, 11, number), "rate_year": date(2026, 1, 1)}
    return when | {"currency": currency, "usd_per_unit": Decimal(worth).quantize(Decimal("0.01"))}


def publish(lake, *rates, slices=None, batch=SECOND, **options):
    """A version of the rates; it names the days of its rows unless told otherwise."""
    named = {str(value["rate_date"]) for value in rates} if slices is None else slices
    commit(lake, RATES, rates, said(RATES, batch, sorted(named)), **options)


def consume(lake):
    """A version of the mart that is made of the newest versions of silver."""
    versions = {name: DeltaTable(lake.storage.uri(name.replace(".", "/"))).version() for name in (BIDS, RATES)}
    markers = {f"build_gold/{NAME}/{name}": version for name, version in versions.items()}
    commit(lake, NAME, [{"event_date": date(2026, 11, 1), "bids": 1}], said(NAME, FIRST), markers=markers)


def days_touched(lake):
    return sorted(int(name[-2:]) for name in touched(lake, MART).slices)


@pytest.fixture
def consumed(lake):
    """The lake with euros of the days 2 and 8, yen of day 4 and a mart that has consumed them."""
    publish(lake, rate(2, "EUR", "1.10"), rate(8, "EUR", "1.20"), rate(4, "JPY", "0.01"))
    consume(lake)
    return lake


def test_the_first_rates_touch_the_days_on_which_one_of_them_holds(lake):
    publish(lake, rate(3, "EUR", "1.10"))
    # ten days and the day itself, not the days before
    assert days_touched(lake) == list(range(3, 14))


def test_a_rate_that_arrives_later_touches_only_the_days_for_which_it_is_the_newest(consumed):
    publish(consumed, rate(5, "EUR", "1.15"), batch=THIRD)
    # up to the next rate of the euro; that of the yen says nothing
    assert days_touched(consumed) == [5, 6, 7]
    assert touched(consumed, MART).batches == (THIRD,)


def test_a_rate_ends_with_its_age_or_with_the_next_of_its_own_currency(consumed):
    publish(consumed, rate(9, "JPY", "0.02"))
    assert days_touched(consumed) == list(range(9, 20))
    consume(consumed)
    publish(consumed, rate(1, "EUR", "1.00"), rate(20, "SEK", "0.10"))
    assert days_touched(consumed) == [1, 20]


def test_currencies_that_changed_on_one_day_have_days_of_their_own(consumed):
    publish(consumed, rate(6, "EUR", "1.15"), rate(6, "GBP", "1.30"), rate(7, "GBP", "1.31"))
    assert days_touched(consumed) == [6, 7, *range(8, 18)]
    consume(consumed)
    publish(consumed, rate(5, "GBP", "1.29"))
    assert days_touched(consumed) == [5]


def overwritten(lake, *rates, slices):
    publish(lake, *rates, slices=[day(number) for number in slices], batch=THIRD, mode="overwrite")


def test_a_corrected_rate_touches_its_days_and_the_same_rate_delivered_again_none(consumed):
    # the corrected file holds all three; one has another value
    overwritten(consumed, rate(2, "EUR", "1.11"), rate(8, "EUR", "1.20"), rate(4, "JPY", "0.01"), slices=[2, 4, 8])
    assert days_touched(consumed) == [2, 3, 4, 5, 6, 7]
    consume(consumed)
    overwritten(consumed, rate(2, "EUR", "1.11"), rate(8, "EUR", "1.20"), rate(4, "JPY", "0.01"), slices=[2, 4, 8])
    assert days_touched(consumed) == []
    assert pending(consumed, GOLD) == {}


def test_a_rate_that_vanished_hands_its_days_to_the_one_before(consumed):
    overwritten(consumed, rate(2, "EUR", "1.10"), rate(4, "JPY", "0.01"), slices=[8])
    assert days_touched(consumed) == list(range(8, 19))


def test_a_day_that_lost_one_currency_and_got_another_touches_the_days_of_both(consumed):
    overwritten(consumed, rate(2, "EUR", "1.10"), rate(4, "JPY", "0.01"), rate(8, "JPY", "0.02"), slices=[8])
    assert days_touched(consumed) == list(range(8, 19))
    consume(consumed)
    overwritten(consumed, rate(2, "EUR", "1.10"), rate(4, "EUR", "1.15"), rate(8, "JPY", "0.02"), slices=[4])
    # the euro to the end of its ten days; the yen from 4 to 7 lies within
    assert days_touched(consumed) == list(range(4, 15))


def test_rates_that_expire_are_no_change(consumed):
    overwritten(consumed, rate(8, "EUR", "1.20"), slices=[])
    assert days_touched(consumed) == []


def test_rates_moved_to_other_files_are_no_change(consumed):
    publish(consumed, rate(5, "EUR", "1.15"))
    consume(consumed)
    DeltaTable(consumed.storage.uri("silver/fx_rates")).optimize.compact()
    assert days_touched(consumed) == []


def test_when_the_files_of_the_consumed_version_are_gone_every_day_that_a_rate_could_reach_is_touched(consumed):
    overwritten(consumed, rate(2, "EUR", "1.10"), rate(5, "EUR", "1.15"), rate(8, "EUR", "1.20"), slices=[5])
    assert days_touched(consumed) == [5, 6, 7]
    table = DeltaTable(consumed.storage.uri("silver/fx_rates"))
    table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    assert days_touched(consumed) == list(range(5, 16))


def test_no_day_without_bids_is_touched(lake):
    publish(lake, rate(19, "EUR", "1.10"))
    assert days_touched(lake) == [19, 20]
    publish(lake, rate(28, "EUR", "1.10"))
    assert days_touched(lake) == [19, 20]
