"""Files that come again, rows that come late, snapshots that come out of order: only what they touch is done again."""

from adlake.account import Account
from adlake.lake import Lake
from adlake.ledger import Ledger
from tests.jobs import lakes

SEEN = ("_batch_id", "_file", "key_part", "gam_user_id_key", "event_at_utc")


def impressions(config):
    """Silver impressions as batch number, file, key and user (a letter for each), in order of key."""
    batches = list(Ledger(Lake(config)).claims())
    users = {}
    rows = sorted(lakes.rows_of(config, "silver.gam_impressions"), key=lambda row: row["key_part"])
    return [
        (
            row["key_part"],
            1 + batches.index(row["_batch_id"]),
            row["_file"],
            users.setdefault(row["gam_user_id_key"], f"user {len(users) + 1}"),
        )
        for row in rows
    ]


def states(config):
    """The newest state of every landing file."""
    return {path: record.state for path, record in Ledger(Lake(config)).newest_files().items()}


def revenue_by_day(config):
    found = {}
    for row in lakes.rows_of(config, "gold.yield_hourly"):
        day = str(row["event_date"])
        found[day] = found.get(day, 0) + row["revenue_rate_card_micros"]
    return found


def test_a_second_delivery_replaces_restores_and_adds_and_touches_nothing_else(lake_after, shared):
    config = lake_after("delivered_again")
    # as the second delivery was taken: equal content is not taken again, under another path it is
    assert states(config) == {
        lakes.NETWORK: "claimed",
        lakes.NEXT_HOUR: "claimed",
        lakes.BACKFILL: "unchanged",
        lakes.LINE_ITEMS: "claimed",
        lakes.EVENTS: "claimed",
        lakes.LATE: "claimed",
        lakes.EVENTS_AGAIN: "claimed",
    }

    report = lakes.run(config, shared(config))

    assert lakes.accounts(report) == {
        ("build_silver", "quarantine.gam_impressions"): Account(2, 2),
        ("build_silver", "silver.gam_impressions"): lakes.SECOND_IMPRESSIONS,
        ("build_silver", "silver.page_events"): Account(3, 0, duplicates=3),
        # hour 10 (two channels), hour 11 (k7 adds a second one), and the hours of k8 and k9; hour 13 stays as it is
        ("build_gold", "gold.yield_hourly"): Account(6, 6, superseded=3),
        ("build_gold", "gold.user_days"): Account(7, 7, superseded=3),
        # u1, u2, u3, u8 and the reader, as of the day that is new
        ("build_gold", "gold.user_features"): Account(5, 5),
    }
    assert impressions(config) == [
        ("b1", 1, lakes.BACKFILL, "user 1"),
        ("b3", 1, lakes.BACKFILL, "user 2"),
        ("k1", 1, lakes.NEXT_HOUR, "user 3"),
        ("k2", 2, lakes.NETWORK, "user 4"),
        ("k3", 2, lakes.NETWORK, "user 5"),
        ("k7", 2, lakes.NETWORK, "user 5"),
        ("k8", 2, lakes.LATE, "user 5"),
        ("k9", 2, lakes.LATE, "user 5"),
    ]
    hours = ["2026-10-04T23", "2026-10-05T10", "2026-10-05T11", "2026-10-06T00"]
    assert lakes.touched(config, "silver.gam_impressions")[-1] == hours
    assert lakes.touched(config, "silver.page_events")[-1] == []
    assert lakes.touched(config, "gold.yield_hourly")[-1] == hours
    assert lakes.touched(config, "gold.user_days")[-1] == ["2026-10-04", "2026-10-05", "2026-10-06"]
    # the day before has no snapshot yet
    assert revenue_by_day(config) == {"2026-10-04": 0, "2026-10-05": 7500, "2026-10-06": 2500}

    # two snapshots come out of order: the day between them keeps its own
    for day in ("20261006", "20261004"):
        path = lakes.landing(config) / f"gam/LineItem_1_{day}.csv.gz"
        lakes.snapshot(path, [lakes.line_item("11", "CPM", "4")], at=lakes.REDELIVERED)
    report = lakes.run(config, shared(config))

    assert lakes.accounts(report) == {
        ("ingest_bronze", "bronze.gam_line_items"): Account(2, 2),
        ("build_silver", "silver.gam_line_items"): Account(2, 2),
        ("build_gold", "gold.yield_hourly"): Account(2, 2, superseded=2),
        ("build_gold", "gold.user_days"): Account(2, 2, superseded=2),
        ("build_gold", "gold.user_features"): Account(5, 5, superseded=5),
    }
    assert lakes.touched(config, "silver.gam_line_items")[-1] == ["2026-10-04", "2026-10-06"]
    assert lakes.touched(config, "gold.user_days")[-1] == ["2026-10-04", "2026-10-06"]
    assert revenue_by_day(config) == {"2026-10-04": 4000, "2026-10-05": 7500, "2026-10-06": 4000}


def test_a_claimed_file_that_comes_again_unchanged_before_its_batch_is_done_is_still_taken(lake_after, shared):
    config = lake_after("claim")
    lakes.aged(lakes.landing(config) / lakes.LINE_ITEMS, lakes.REDELIVERED)

    lakes.run(config, shared(config), ["ingest_bronze"])

    assert [row["ID"] for row in lakes.rows_of(config, "bronze.gam_line_items")] == ["11", "12"]
    assert states(config)[lakes.LINE_ITEMS] == "claimed"
