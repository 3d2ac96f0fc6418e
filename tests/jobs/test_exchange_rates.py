"""Exchange rates that come late or are corrected: only the days on which they hold are done again."""

import os
import shutil
from datetime import timedelta

import pytest

from adlake.account import Account
from adlake.contracts import table
from adlake.publish import write_candidate
from adlake.run import Spent
from tests.conftest import make_config
from tests.delivered import write
from tests.jobs import lakes
from tests.spark.rows import at, rows

FIRST, LATE = "fx/2026/10/first.csv", "fx/2026/10/late.csv"
DAYS = [at("2026-09-30") + timedelta(days=number) for number in range(8)]


def deliver(config, path, *lines, at=lakes.DELIVERED):
    """A file of rates, delivered at a moment."""
    lakes.aged(write(lakes.landing(config) / path, "\n".join(("Date,Currency,Rate", *lines)) + "\n"), at)


def publish_bids(config, spark):
    """Silver bids of eight days, a million micros each: one in euros and one in pounds a day, won."""
    bid = {"imp_id": "1", "slot_size": "300x250", "site": "news.example", "outcome": "bid", "is_won": True}
    bid |= {"is_bot": False, "bid_count": 1, "bids_in_auction": 1, "cpm_micros": 1_000_000, "_index": 0}
    bid |= {"_batch_id": "20261006T000000000000Z", "_file": "prebid/f", "_position": 1}
    made = [
        {"bidder": name, "currency": name, "auction_id": str(day), "event_at_utc": day, "event_date": day.date()}
        for day in DAYS
        for name in ("EUR", "GBP")
    ]
    contract = table("silver.bids")
    with lakes.open_run(config, spark) as run:
        candidate = write_candidate(run.session, run.lake, contract, rows(run.session, contract, *made, **bid))
        slices = [f"{day:%Y-%m-%dT%H}" for day in DAYS]
        account = Account(len(made), len(made))
        run.publish(
            candidate,
            step="build_silver",
            batch_id=bid["_batch_id"],
            account=account,
            markers={},
            slices=slices,
            spent=Spent(1.0, 1.0),
        )
        run.copy_accounts()


def bids_by_day(config, bidder):
    """What a bidder's bid of each day is worth in the lake's currency, in order of days."""
    held = sorted(lakes.rows_of(config, "gold.bidder_daily"), key=lambda row: row["event_date"])
    return [row["bid_cpm_micros"] for row in held if row["bidder"] == bidder]


@pytest.fixture
def config(tmp_path):
    """A lake in dollars with bids of eight days, the first of October the second of them."""
    return make_config(tmp_path, fx={"usd_per_unit": ["EUR", "GBP"]})


def test_a_rate_that_arrives_later_touches_the_days_for_which_it_is_the_newest(config, shared):
    spark = shared(config)
    publish_bids(config, spark)
    deliver(config, FIRST, "2026-10-01,EUR,1.1", "2026-10-03,GBP,1.3", "2026-10-03,GBP,0")
    report = lakes.run(config, spark)
    assert lakes.accounts(report) == {
        ("ingest_bronze", "bronze.fx_rates"): Account(3, 3),
        ("build_silver", "quarantine.fx_rates"): Account(1, 1),
        ("build_silver", "silver.fx_rates"): Account(3, 2, quarantined={"exchange_rate_invalid": 1}),
        ("build_gold", "gold.bidder_daily"): Account(16, 16),
    }
    assert bids_by_day(config, "EUR") == [None, *[1_100_000] * 7]
    assert bids_by_day(config, "GBP") == [None, None, None, *[1_300_000] * 5]

    # another rate of the euro: from its day on, and the pound has nothing to do with it
    deliver(config, LATE, "2026-10-04,EUR,1.2", at=lakes.REDELIVERED)
    report = lakes.run(config, spark)
    assert lakes.touched(config, "silver.fx_rates")[-1] == ["2026-10-04"]
    assert lakes.touched(config, "gold.bidder_daily")[-1] == [f"2026-10-0{day}" for day in (4, 5, 6, 7)]
    assert lakes.accounts(report)["build_gold", "gold.bidder_daily"] == Account(8, 8, superseded=8)
    assert bids_by_day(config, "EUR") == [None, *[1_100_000] * 3, *[1_200_000] * 4]

    # the first file again, the euro corrected and the pound as it was: only the days up to the late rate
    corrected = ("2026-10-01,EUR,1.15", "2026-10-03,GBP,1.3")
    deliver(config, FIRST, *corrected, at=lakes.REDELIVERED + timedelta(days=1))
    report = lakes.run(config, spark)
    assert lakes.accounts(report)["build_silver", "silver.fx_rates"] == Account(2, 2, superseded=2)
    assert lakes.touched(config, "silver.fx_rates")[-1] == ["2026-10-01", "2026-10-03"]
    assert lakes.touched(config, "gold.bidder_daily")[-1] == [f"2026-10-0{day}" for day in (1, 2, 3)]
    assert bids_by_day(config, "EUR") == [None, *[1_150_000] * 3, *[1_200_000] * 4]
    assert bids_by_day(config, "GBP") == [None, None, None, *[1_300_000] * 5]

    # under another path the same rates again are duplicates, and nothing follows
    deliver(config, "fx/again.csv", *corrected, "2026-10-01,EUR,9.99", at=lakes.REDELIVERED)
    report = lakes.run(config, spark)
    assert lakes.accounts(report) == {
        ("ingest_bronze", "bronze.fx_rates"): Account(3, 3),
        ("build_silver", "silver.fx_rates"): Account(3, 0, duplicates=3),
    }


def test_the_real_rates_are_accounted_for_line_by_line(shared, real, tmp_path):
    fx = {
        "currency_column": "Country",
        "rate_column": "Exchange rate",
        "currencies": {"Euro": "EUR", "Japan": "JPY", "United Kingdom": "GBP"},
    }
    config = make_config(tmp_path, fx=fx)
    target = lakes.landing(config) / "fx" / "exchange-rates_monthly.csv"
    target.parent.mkdir(parents=True)
    shutil.copy(real / "fx" / target.name, target)
    os.utime(target, (1_700_000_000, 1_700_000_000))

    report = lakes.run(config, shared(config))

    # 330 months of the euro, 666 each of the yen and the pound
    assert lakes.accounts(report) == {
        ("ingest_bronze", "bronze.fx_rates"): Account(17_237, 17_237),
        ("build_silver", "silver.fx_rates"): Account(17_237, 1662, filtered={"currency_unmapped": 15_575}),
    }
    assert report.exit_code == 0
