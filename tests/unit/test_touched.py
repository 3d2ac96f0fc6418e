"""What of a mart must be recomputed after silver changed, found from the commits alone."""

from datetime import UTC, date, datetime

import pytest
from deltalake import DeltaTable

from adlake.contracts import table
from adlake.datafile import DataFile
from adlake.lake import Lake
from adlake.marts import MARTS
from adlake.marts.mart import Reach
from adlake.slices import _files_of_days
from adlake.snapshots import STEP as GOLD
from adlake.touched import Touched, may_hold, pending, read_for, touched
from tests.unit.small_lakes import commit, said

YIELD, USERS = MARTS["gold.yield_hourly"], MARTS["gold.user_days"]
YIELD_SOURCES = ("gam_requests", "gam_impressions", "gam_clicks", "gam_active_views", "gam_line_items")
USER_SOURCES = ("page_events", "gam_impressions", "gam_clicks", "gam_line_items")
VIEWS, SESSIONS = MARTS["gold.page_views"], MARTS["gold.sessions"]
OF_PAGES = {"gold.traffic_daily", "gold.user_days", "gold.page_views", "gold.sessions"}
FIRST, SECOND, THIRD = "20261101T000000000000Z", "20261102T000000000000Z", "20261103T000000000000Z"


@pytest.fixture
def lake(config):
    return Lake(config)


def day(number):
    return f"2026-11-{number:02d}"


def hours(*numbers):
    """All hours of some days of November."""
    return {f"{day(number)}T{hour:02d}" for number in numbers for hour in range(24)}


def at_five(number):
    """An event of a day of November."""
    return {"event_date": date(2026, 11, number), "event_at_utc": datetime(2026, 11, number, 5, tzinfo=UTC)}


def events(lake, name, days, batch=FIRST, slices=(), **options):
    """A version of a silver table of events, with rows on some days."""
    commit(
        lake, f"silver.{name}", [at_five(number) for number in days], said(f"silver.{name}", batch, slices), **options
    )


def snapshots(lake, days, batch=FIRST, slices=None, **options):
    """A version of silver's line items, with snapshots of some days; it names them unless told otherwise."""
    rows = [{"snapshot_date": date(2026, 11, number), "line_item_id": "1"} for number in days]
    named = [day(number) for number in days] if slices is None else slices
    commit(lake, "silver.gam_line_items", rows, said("silver.gam_line_items", batch, named), **options)


def consume(lake, mart, **versions):
    """A version of a mart that is made of these versions of silver."""
    name = mart.table
    markers = {f"build_gold/{name}/silver.{source}": version for source, version in versions.items()}
    commit(
        lake,
        name,
        [{"event_date": date(2026, 11, 1), "clicks": 1}],
        said(name, FIRST, step="build_gold"),
        markers=markers,
    )


def upstream(mart, **versions):
    sources = YIELD_SOURCES if mart is YIELD else USER_SOURCES
    return {**dict.fromkeys(sources, -1), **versions}


def test_without_silver_there_is_nothing_to_do(lake):
    assert pending(lake, GOLD) == {}
    assert touched(lake, YIELD) == Touched(frozenset(), upstream(YIELD), ())
    assert touched(lake, USERS) == Touched(frozenset(), upstream(USERS), ())


def test_the_hours_of_a_batch_are_hours_of_one_mart_and_days_of_the_other(lake):
    events(lake, "gam_clicks", [1, 2], slices=["2026-11-01T23", "2026-11-02T00", "2026-11-02T07"])
    assert pending(lake, GOLD) == {
        "gold.yield_hourly": Touched(
            frozenset({"2026-11-01T23", "2026-11-02T00", "2026-11-02T07"}), upstream(YIELD, gam_clicks=0), (FIRST,)
        ),
        "gold.user_days": Touched(frozenset({"2026-11-01", "2026-11-02"}), upstream(USERS, gam_clicks=0), (FIRST,)),
    }


@pytest.mark.parametrize(
    ("source", "marts"),
    [
        ("gam_requests", {"gold.yield_hourly"}),
        ("gam_active_views", {"gold.yield_hourly"}),
        ("page_events", OF_PAGES),
        ("auctions", {"gold.traffic_daily"}),
        ("gam_impressions", {"gold.yield_hourly", "gold.user_days"}),
    ],
)
def test_a_mart_follows_its_own_sources_alone(lake, source, marts):
    events(lake, source, [1], slices=["2026-11-01T05"])
    assert set(pending(lake, GOLD)) == marts


def test_slices_and_batches_of_all_sources_and_commits_come_together(lake):
    events(lake, "gam_requests", [1], SECOND, ["2026-11-01T04"])
    events(lake, "gam_requests", [1], FIRST, ["2026-11-01T05"])
    events(lake, "gam_clicks", [1], THIRD, ["2026-11-01T05", "2026-11-01T06"])
    found = touched(lake, YIELD)
    assert found.slices == {"2026-11-01T04", "2026-11-01T05", "2026-11-01T06"}
    assert (found.upstream, found.batches) == (upstream(YIELD, gam_requests=1, gam_clicks=0), (FIRST, SECOND, THIRD))


def test_what_a_mart_has_consumed_is_not_done_again(lake):
    events(lake, "gam_clicks", [1], FIRST, ["2026-11-01T05"])
    consume(lake, YIELD, gam_clicks=0)
    assert set(pending(lake, GOLD)) == {"gold.user_days"}
    events(lake, "gam_clicks", [2], SECOND, ["2026-11-02T05"])
    assert touched(lake, YIELD) == Touched(frozenset({"2026-11-02T05"}), upstream(YIELD, gam_clicks=1), (SECOND,))
    consume(lake, YIELD, gam_clicks=1)
    assert touched(lake, YIELD) == Touched(frozenset(), upstream(YIELD, gam_clicks=1), ())


def test_each_source_has_been_consumed_up_to_a_version_of_its_own(lake):
    for batch, hour in ((FIRST, "00"), (SECOND, "01")):
        events(lake, "gam_clicks", [1], batch, [f"2026-11-01T{hour}"])
        events(lake, "gam_requests", [1], batch, [f"2026-11-01T1{hour[1]}"])
    consume(lake, YIELD, gam_clicks=0, gam_requests=-1)
    assert touched(lake, YIELD).slices == {"2026-11-01T01", "2026-11-01T10", "2026-11-01T11"}


def test_a_commit_that_touched_no_slice_asks_for_nothing(lake):
    """Rows that expire are no change: a slice whose silver is gone stays as it is."""
    events(lake, "gam_clicks", [1], FIRST, [])
    assert touched(lake, YIELD).slices == frozenset()
    assert pending(lake, GOLD) == {}


@pytest.mark.parametrize(
    "meta",
    [
        None,
        "by hand",
        "[]",
        '{"user": "somebody", "slices": ["2026-11-01T05"]}',
        said("silver.gam_clicks", SECOND, None),
    ],
    ids=["says nothing", "says no document", "says a list", "is not ours", "names every slice"],
)
def test_a_change_without_a_list_of_slices_asks_for_everything(lake, meta):
    events(lake, "gam_clicks", [1], FIRST, ["2026-11-01T05"])
    consume(lake, YIELD, gam_clicks=0)
    commit(lake, "silver.gam_clicks", [at_five(2)], meta)
    found = touched(lake, YIELD)
    assert (found.slices, found.upstream) == (None, upstream(YIELD, gam_clicks=1))
    assert "gold.yield_hourly" in pending(lake, GOLD)
    assert touched(lake, USERS).slices is None


def test_a_foreign_commit_does_not_hide_the_batches_of_other_sources(lake):
    commit(lake, "silver.gam_requests", [at_five(1)])
    events(lake, "gam_clicks", [1], FIRST, ["2026-11-01T05"])
    assert touched(lake, YIELD) == Touched(None, upstream(YIELD, gam_requests=0, gam_clicks=0), (FIRST,))
    assert touched(lake, USERS).slices == {"2026-11-01"}


def test_maintenance_changes_no_row(lake):
    events(lake, "gam_clicks", [1], FIRST, ["2026-11-01T05"])
    events(lake, "gam_clicks", [1], FIRST, ["2026-11-01T05"])
    consume(lake, YIELD, gam_clicks=1)
    uri = lake.storage.uri("silver/gam_clicks")
    DeltaTable(uri).optimize.compact()
    DeltaTable(uri).vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    DeltaTable(uri).alter.set_table_properties({"delta.appendOnly": "false"})
    version = DeltaTable(uri).version()
    assert version > 2
    assert touched(lake, YIELD) == Touched(frozenset(), upstream(YIELD, gam_clicks=version), ())


def test_a_delete_by_hand_is_no_maintenance(lake):
    events(lake, "gam_clicks", [1], FIRST, ["2026-11-01T05"])
    consume(lake, YIELD, gam_clicks=0)
    DeltaTable(lake.storage.uri("silver/gam_clicks")).delete("event_date = '2026-11-01'")
    assert touched(lake, YIELD).slices is None


def forget_log(lake, name, *versions):
    """Take old commits out of a table's log, as Delta does once a checkpoint holds their result."""
    uri = lake.storage.uri(table(name).path)
    DeltaTable(uri).create_checkpoint()
    for version in versions:
        lake.storage.delete(f"{table(name).path}/_delta_log/{version:020d}.json")


def test_a_commit_that_the_log_has_forgotten_asks_for_everything(lake):
    for batch, hour in ((FIRST, "01"), (SECOND, "02"), (THIRD, "03")):
        events(lake, "gam_clicks", [1], batch, [f"2026-11-01T{hour}"])
    forget_log(lake, "silver.gam_clicks", 0)
    assert touched(lake, YIELD) == Touched(None, upstream(YIELD, gam_clicks=2), ())
    consume(lake, YIELD, gam_clicks=0)
    assert touched(lake, YIELD).slices == {"2026-11-01T02", "2026-11-01T03"}


def test_a_rebuild_recomputes_every_mart_whole_that_silver_has_a_table_for(lake):
    events(lake, "gam_clicks", [1], FIRST, ["2026-11-01T05"])
    consume(lake, YIELD, gam_clicks=0)
    assert pending(lake, GOLD, rebuild=True) == {
        # silver has not moved since: only somebody's wish makes it anew
        "gold.yield_hourly": Touched(None, upstream(YIELD, gam_clicks=0), (), is_open=False),
        "gold.user_days": Touched(None, upstream(USERS, gam_clicks=0), (FIRST,)),
    }


def with_events(lake, *days):
    """A lake whose marts have consumed clicks on these days."""
    events(lake, "gam_clicks", days, slices=[f"{day(number)}T05" for number in days])
    for mart in (YIELD, USERS):
        consume(lake, mart, gam_clicks=0)


def test_the_first_snapshot_touches_the_days_from_its_own_on(lake):
    with_events(lake, 1, 2, 5)
    snapshots(lake, [2])
    assert touched(lake, USERS).slices == {day(2), day(5)}
    assert touched(lake, YIELD) == Touched(
        frozenset(hours(2, 5)), upstream(YIELD, gam_clicks=0, gam_line_items=0), (FIRST,)
    )


def test_a_snapshot_touches_only_the_days_up_to_the_next_one(lake):
    with_events(lake, 1, 2, 3, 4, 5, 6)
    snapshots(lake, [2, 5])
    for mart in (YIELD, USERS):
        consume(lake, mart, gam_clicks=0, gam_line_items=0)
    snapshots(lake, [3], SECOND)
    assert touched(lake, USERS).slices == {day(3), day(4)}
    assert touched(lake, YIELD).slices == hours(3, 4)
    assert touched(lake, YIELD).batches == (SECOND,)


def test_a_snapshot_touches_no_day_without_events(lake):
    with_events(lake, 1, 6)
    snapshots(lake, [2, 4])
    assert touched(lake, USERS).slices == {day(6)}
    snapshots(lake, [7], SECOND)
    assert touched(lake, USERS).slices == {day(6)}
    consume(lake, USERS, gam_line_items=0)
    assert touched(lake, USERS) == Touched(frozenset(), upstream(USERS, gam_clicks=0, gam_line_items=1), (SECOND,))
    assert "gold.user_days" not in pending(lake, GOLD)


def test_the_days_of_a_snapshot_are_those_of_any_source_of_the_mart(lake):
    events(lake, "page_events", [3], slices=[])
    events(lake, "gam_requests", [4], slices=[])
    snapshots(lake, [2])
    assert touched(lake, USERS).slices == {day(3)}
    assert touched(lake, YIELD).slices == hours(4)


def test_a_snapshot_that_vanished_hands_its_days_to_the_one_before(lake):
    """Its file was delivered again and now belongs to another day, or holds no row that passes."""
    with_events(lake, 1, 2, 3, 4, 5)
    snapshots(lake, [1, 3, 5])
    for mart in (YIELD, USERS):
        consume(lake, mart, gam_clicks=0, gam_line_items=0)
    snapshots(lake, [1, 5], SECOND, [day(3)], mode="overwrite")
    assert touched(lake, USERS).slices == {day(3), day(4)}
    assert touched(lake, YIELD).slices == hours(3, 4)


def test_hours_of_events_and_days_of_snapshots_come_together(lake):
    with_events(lake, 1, 2, 3)
    snapshots(lake, [2, 3])
    consume(lake, YIELD, gam_clicks=0, gam_line_items=0)
    events(lake, "gam_clicks", [1], SECOND, ["2026-11-01T09"])
    snapshots(lake, [3], THIRD, mode="overwrite")
    assert touched(lake, YIELD) == Touched(
        frozenset({"2026-11-01T09"} | hours(3)), upstream(YIELD, gam_clicks=1, gam_line_items=1), (SECOND, THIRD)
    )


def test_snapshots_by_hand_ask_for_everything(lake):
    with_events(lake, 1)
    commit(lake, "silver.gam_line_items", [{"snapshot_date": date(2026, 11, 1), "line_item_id": "1"}])
    assert (touched(lake, YIELD).slices, touched(lake, USERS).slices) == (None, None)


def test_an_event_touches_the_sessions_that_it_may_belong_to_or_begin(lake):
    """A session lasts three days; an event may also be what another one, up to three days later, goes on from."""
    events(lake, "page_events", range(1, 20), slices=[f"{day(10)}T05"])
    assert touched(lake, SESSIONS).slices == {day(number) for number in range(7, 14)}
    # that a page view's session began three days before is only known from three days more
    assert touched(lake, VIEWS).slices == {day(number) for number in range(7, 17)}
    assert touched(lake, USERS).slices == {day(10)}


def test_days_without_events_are_not_recomputed_for_the_sake_of_others(lake):
    """Where silver's rows have expired, or none came yet, nothing changes but what silver says has changed."""
    events(lake, "page_events", [9, 12], slices=[day(10)])
    assert touched(lake, SESSIONS).slices == {day(9), day(10), day(12)}


def test_what_is_read_for_a_day_is_everything_that_may_touch_it(lake):
    for mart in (SESSIONS, VIEWS, USERS):
        reach = mart.reach(lake.config)
        read = read_for(Touched(frozenset({day(15)}), {"page_events": 3}, (FIRST,)), reach)
        assert (read.upstream, read.batches) == ({"page_events": 3}, (FIRST,))
        assert {
            number for number in range(1, 30) if date(2026, 11, 15) in reach.touched_by([date(2026, 11, number)])
        } == {found.day for found in read.days}
    assert read_for(Touched(None, {}, ()), SESSIONS.reach(lake.config)) == Touched(None, {}, ())
    assert SESSIONS.reach(lake.config) == Reach(before_days=3, after_days=3)
    assert VIEWS.reach(lake.config) == Reach(before_days=6, after_days=3)


def test_the_days_of_slices_are_in_order_and_once():
    work = Touched(frozenset({"2026-11-02T01", "2026-11-01T23", "2026-11-02T00"}), {}, ())
    assert work.days == (date(2026, 11, 1), date(2026, 11, 2))
    assert Touched(None, {}, ()).days == ()
    assert [work.holds(name) for name in ("2026-11-02T00", "2026-11-02T02")] == [True, False]
    assert Touched(None, {}, ()).holds("2026-11-02T02")


def file(start, end):
    """A silver file with events between two moments of one day."""
    return DataFile("x", 1, 1, {"event_date": start.date()}, {"event_at_utc": start}, {"event_at_utc": end})


@pytest.mark.parametrize(
    ("first", "last", "hourly", "daily"),
    [
        ("2026-11-01T00:00", "2026-11-01T04:59", False, True),
        ("2026-11-01T00:00", "2026-11-01T05:00", True, True),
        ("2026-11-01T05:30", "2026-11-01T05:40", True, True),
        # between the two touched hours: bounds of a range cannot tell
        ("2026-11-01T06:10", "2026-11-01T06:20", True, True),
        ("2026-11-01T07:59", "2026-11-01T09:00", True, True),
        ("2026-11-01T08:01", "2026-11-01T09:00", False, True),
        ("2026-11-02T05:30", "2026-11-02T05:40", False, False),
    ],
)
def test_only_files_that_may_hold_touched_rows_are_read(first, last, hourly, daily):
    held = file(*(datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in (first, last)))
    two_hours = Touched(frozenset({"2026-11-01T05", "2026-11-01T07"}), {}, ())
    assert may_hold(held, table("gold.yield_hourly"), two_hours) is hourly
    assert may_hold(held, table("gold.yield_hourly"), Touched(frozenset(hours(1)), {}, ())) is daily
    assert may_hold(held, table("gold.user_days"), Touched(frozenset({"2026-11-01"}), {}, ())) is daily
    assert may_hold(held, table("gold.user_days"), Touched(None, {}, ())) is True


def test_the_files_of_a_mart_that_are_rewritten_are_those_of_the_touched_days(lake):
    name = "gold.user_days"
    commit(lake, name, [{"id_key": "k", "event_date": date(2026, 11, number)} for number in (1, 2)], said(name, FIRST))
    commit(lake, name, [{"id_key": "l", "event_date": date(2026, 11, 2)}], said(name, FIRST))
    days = [[2], [1], [3], [1, 2]]
    found = [len(_files_of_days(lake, table(name), Touched(frozenset(map(day, numbers)), {}, ()))) for numbers in days]
    assert found == [2, 1, 0, 3]
