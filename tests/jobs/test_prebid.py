"""Prebid Server's records go through the real jobs, as its logger and as a stream deliver them, all accounted for."""

import json
import os
from dataclasses import replace

from pyspark.sql import functions as F

from adlake import job, silver
from adlake.account import Account
from adlake.contracts import table
from adlake.lake import Lake
from adlake.session import Spark
from adlake.sources.source import Check
from adlake.wish import Replay
from tests.auctions import auction, bid, imp, response
from tests.delivered import write
from tests.jobs import lakes

STREAM = "prebid/2026/10/05/10/pbs-1-2026-10-05-10-00-00-0f5b3f6e-1b5a-4c1e-9a52-5d3f4b6f7a80.gz"
STREAM_LATER = "prebid/2026/10/05/11/pbs-1-2026-10-05-11-00-00-1f5b3f6e-1b5a-4c1e-9a52-5d3f4b6f7a81"
LOGGED = "prebid/pbs-host-7/auctions.log-20261005"
STEPS = ["ingest_bronze", "build_silver"]
HEADER = "2026/10/05 10:00:00 DEBUG "


def deliver(landing):
    """Eleven records in three files.

    Auction a1 comes twice, once from the stream and once from the log; a3 has a floor in micros for its second
    impression; a4 is of the next hour. Two records cannot be read, one is of no auction and one was turned down.
    """
    one = auction({"id": "a1"}, response(["x", bid("b1", 1.5)]))
    two = auction({"id": "a2", "imp": [imp("i1"), imp("i2", "z")]}, response(["z", bid("b2", 0.25, "i2")]))
    dear = auction({"id": "a3", "imp": [imp("i1"), imp("i2", bidfloor=1249995.0)]}, response())
    later = auction({"id": "a4"}, response(["y", bid("b4", 2)]), StartTime="2026-10-05T11:30:00Z")
    synced = {"type": "/cookie_sync", "Status": 200, "Errors": [], "BidderStatus": []}
    lines = [json.dumps(record) for record in (one, two, dear, synced, later)]
    # no newline between the first records, one before the last, none at the end
    write(landing / STREAM, "".join(lines[:3]) + "\n" + lines[3])
    write(landing / STREAM_LATER, lines[4] + '{"type":"/openrtb2/auct')
    turned_down = auction({"id": "a5"}, None, Status=400)
    as_text = json.dumps(auction({"id": "a6", "tmax": "500"}))
    logged = [json.dumps(one), json.dumps(turned_down), as_text]
    write(landing / LOGGED, "".join(f"{HEADER}{line}\n" for line in [*logged, lines[3], lines[3]]))


def test_auctions_of_a_stream_and_of_a_log_are_accounted_for_and_a_second_run_has_nothing_to_do(
    config, spark_of, tmp_path, monkeypatch
):
    deliver(tmp_path / "landing")
    # one row of a record is refused by a rule that is corrected later
    bids = silver.REFINEMENTS["silver.bids"]
    rules = [*bids.rules, Check("bidder_unknown", lambda: F.col("bidder") == "z")]
    with monkeypatch.context() as patch:
        patch.setitem(silver.REFINEMENTS, "silver.bids", replace(bids, rules=rules))
        report = job.execute(STEPS, spark_of(config), config)

    assert report.exit_code == 0
    accounts = lakes.accounts(report)
    left_out = {"not_an_auction": 3, "request_turned_down": 1}
    assert accounts == {
        ("ingest_bronze", "quarantine.prebid_auctions"): Account(2, 2),
        ("ingest_bronze", "bronze.prebid_auctions"): Account(11, 9, quarantined={"not_json": 1, "unreadable_value": 1}),
        # a1, both of a2, both of a3, a4, a1 again; a5 turned down; three cookie syncs
        ("build_silver", "quarantine.auctions"): Account(1, 1),
        ("build_silver", "silver.auctions"): Account(
            11, 5, duplicates=1, quarantined={"floor_invalid": 1}, filtered=left_out
        ),
        # two bidders each, but one for the second impression of a2
        ("build_silver", "quarantine.bids"): Account(1, 1),
        ("build_silver", "silver.bids"): Account(
            18, 10, 2, {"bidder_unknown": 1}, left_out | {"request_turned_down": 2}
        ),
    }

    report = job.execute(["replay_quarantine"], spark_of(config), config, wish=Replay("silver.bids"))
    (account,) = [record.account for record in report.commits if record.table == "silver.bids"]
    assert account == Account(0, 1, replayed=1)
    (said,) = lakes.rows_of(config, "quarantine.replays")
    bids = lakes.rows_of(config, "silver.bids")
    # the row that was replayed is among them
    found = sorted((row["auction_id"], row["imp_id"], row["bidder"], row["outcome"], row["is_won"]) for row in bids)
    assert found == [
        ("a1", "i1", "x", "bid", True),
        ("a1", "i1", "y", "no_bid", False),
        ("a2", "i1", "x", "no_bid", False),
        ("a2", "i1", "y", "no_bid", False),
        ("a2", "i2", "z", "bid", True),
        ("a3", "i1", "x", "no_bid", False),
        ("a3", "i1", "y", "no_bid", False),
        ("a3", "i2", "x", "no_bid", False),
        ("a3", "i2", "y", "no_bid", False),
        ("a4", "i1", "x", "no_bid", False),
        ("a4", "i1", "y", "bid", True),
    ]
    (replayed,) = [row for row in bids if row["bidder"] == "z"]
    assert (said["file"], said["position"], said["index"], said["outcome"]) == (
        *(replayed[name] for name in ("_file", "_position", "_index")),
        "published",
    )
    refused = lakes.rows_of(config, "quarantine.prebid_auctions")
    assert sorted((row["file"], row["position"], row["rule_id"]) for row in refused) == [
        (STREAM_LATER, 2, "not_json"),
        (LOGGED, 3, "unreadable_value"),
    ]

    again = Spark(config, os.environ)
    second = job.execute(STEPS, again, config)
    assert (second.exit_code, list(second.commits), again.is_started) == (0, [], False)


def of_bidder_x(config):
    """Rows of the mart, by day."""
    rows = lakes.rows_of(config, "gold.bidder_daily")
    return {row["event_date"].isoformat(): row for row in rows if row["bidder"] == "x"}


def files(config):
    """Live data files of the mart."""
    return {file.path for file in Lake(config).files(table("gold.bidder_daily"))}


def test_a_late_auction_touches_its_own_hour_and_day_and_leaves_the_others_as_they_are(config, spark_of):
    landing = lakes.landing(config)
    first = [
        auction({"id": f"a{day}"}, response(["x", bid(f"b{day}", 2.5)]), StartTime=f"2026-10-0{day}T10:00:00Z")
        for day in (4, 5, 6)
    ]
    write(landing / "prebid/first.json", "".join(json.dumps(record) for record in first))
    every = [*STEPS, "build_gold"]
    job.execute(every, spark_of(config), config)
    tables = ("silver.auctions", "silver.bids", "gold.bidder_daily")
    hours = ["2026-10-04T10", "2026-10-05T10", "2026-10-06T10"]
    days = ["2026-10-04", "2026-10-05", "2026-10-06"]
    assert [lakes.touched(config, name) for name in tables] == [[hours], [hours], [days]]
    before = of_bidder_x(config)
    untouched = {path for path in files(config) if "2026-10-05" not in path}

    late = auction({"id": "late"}, response(["x", bid("b7", 0.5)]), StartTime="2026-10-05T08:00:00Z")
    write(landing / "prebid/second.json", json.dumps(late))
    job.execute(every, spark_of(config), config)
    assert [lakes.touched(config, name)[1:] for name in tables] == [
        [["2026-10-05T08"]],
        [["2026-10-05T08"]],
        [["2026-10-05"]],
    ]
    after = of_bidder_x(config)
    assert {day: (row["asks"], row["bids"], row["bid_cpm_micros"]) for day, row in after.items()} == {
        "2026-10-04": (1, 1, 2_500_000),
        "2026-10-05": (2, 2, 3_000_000),
        "2026-10-06": (1, 1, 2_500_000),
    }
    assert {day: row for day, row in after.items() if day != "2026-10-05"} == {
        day: row for day, row in before.items() if day != "2026-10-05"
    }
    # not even moved to another file
    assert len(untouched) == 2
    assert untouched <= files(config)
