"""Which snapshot of the user features is due, found from the logs alone."""

from datetime import UTC, date, datetime

import pytest
from deltalake import DeltaTable

from adlake.contracts import table
from adlake.lake import Lake
from adlake.markers import marker
from adlake.snapshots import CONTACTS, DAYS, STEP, TABLE, Snapshot, due_snapshot
from tests.unit.small_lakes import commit, said

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIRST, SECOND = "20261101T000000000000Z", "20261102T000000000000Z"


@pytest.fixture
def lake(config):
    return Lake(config)


def november(number):
    return date(2026, 11, number)


def days(lake, *held, batch=FIRST, slices=None, **options):
    """A version of user_days with a row on each day; it names these days unless told otherwise."""
    named = [str(day) for day in held] if slices is None else slices
    rows = [{"id_key": "k", "event_date": day} for day in held]
    commit(lake, DAYS, rows, said(DAYS, batch, named, step="build_gold"), **options)


def contacts(lake, day, batch=SECOND):
    commit(lake, CONTACTS, [{"id_key": "k", "event_date": day}], said(CONTACTS, batch, [str(day)]))


def made(lake, as_of, **consumed):
    """A snapshot that is made of these versions of user_days and contact_states."""
    names = {"days": DAYS, "contacts": CONTACTS}
    markers = {marker(STEP, TABLE, names[name]): version for name, version in consumed.items()}
    commit(lake, TABLE, [{"id_key": "k", "as_of_date": as_of}], said(TABLE, FIRST, step="build_gold"), markers=markers)


def due(lake, now=NOON, **how):
    found = due_snapshot(lake, now, **how)
    return found and found.as_of


def test_without_days_there_is_nothing_to_describe(lake):
    assert due_snapshot(lake, NOON) is None
    contacts(lake, november(1))
    assert due_snapshot(lake, NOON) is None


@pytest.mark.parametrize(
    ("held", "now", "as_of"),
    [
        ([november(3), november(5)], NOON, november(5)),
        # a day is described once it is over, in UTC
        ([november(21), november(22)], NOON, november(21)),
        ([november(21), november(22)], datetime(2026, 11, 23, tzinfo=UTC), november(22)),
        ([november(20), date(2099, 1, 1)], NOON, november(21)),
        ([november(22)], NOON, None),
        # nobody was there in the ninety days before
        ([date(2026, 8, 23), date(2099, 1, 1)], NOON, None),
        ([date(2026, 8, 24), date(2099, 1, 1)], NOON, november(21)),
    ],
)
def test_the_newest_day_with_rows_is_described_and_yesterday_at_the_latest(lake, held, now, as_of):
    days(lake, *held)
    assert due(lake, now) == as_of


def test_a_due_snapshot_says_what_it_will_have_consumed(lake):
    days(lake, november(5))
    contacts(lake, november(1))
    assert due_snapshot(lake, NOON) == Snapshot(november(5), {DAYS: 0, CONTACTS: 0}, (FIRST, SECOND))


def test_a_snapshot_that_is_made_is_left_alone_until_something_changes(lake):
    days(lake, november(5))
    made(lake, november(5), days=0, contacts=-1)
    assert due(lake) is None
    # only somebody's wish makes it anew, so the next run would not go on with it
    wished = Snapshot(november(5), {DAYS: 0, CONTACTS: -1}, (), is_open=False)
    assert due_snapshot(lake, NOON, rebuild=True) == wished
    days(lake, november(5), batch=SECOND)
    assert due_snapshot(lake, NOON, rebuild=True).is_open


@pytest.mark.parametrize(
    ("slices", "is_due"),
    [
        (["2026-11-05"], True),
        # ninety days, the as-of day among them
        (["2026-08-08"], True),
        (["2026-08-07"], False),
        ([], False),
    ],
)
def test_only_a_change_inside_the_window_makes_a_snapshot_anew(lake, slices, is_due):
    days(lake, november(5))
    made(lake, november(5), days=0, contacts=-1)
    days(lake, november(5), batch=SECOND, slices=slices)
    assert due(lake) == (november(5) if is_due else None)


def test_a_change_of_a_later_day_waits_for_the_snapshot_of_its_own(lake):
    days(lake, november(21))
    made(lake, november(21), days=0, contacts=-1)
    days(lake, november(22), batch=SECOND)
    assert due(lake) is None
    assert due_snapshot(lake, datetime(2026, 11, 23, 1, tzinfo=UTC)) == Snapshot(
        november(22), {DAYS: 1, CONTACTS: -1}, (SECOND,)
    )


def test_contacts_however_old_touch_the_snapshot_but_later_ones_do_not(lake):
    days(lake, november(5))
    made(lake, november(5), days=0, contacts=-1)
    contacts(lake, november(6))
    assert due(lake) is None
    contacts(lake, date(2020, 1, 1))
    assert due_snapshot(lake, NOON) == Snapshot(november(5), {DAYS: 0, CONTACTS: 1}, (SECOND,))


def test_maintenance_is_no_change_but_a_change_by_hand_is_one(lake):
    days(lake, november(5))
    days(lake, november(5))
    made(lake, november(5), days=1, contacts=-1)
    DeltaTable(lake.storage.uri("gold/user_days")).optimize.compact()
    assert lake.version(table(DAYS)) == 2
    assert due(lake) is None
    commit(lake, DAYS, [{"id_key": "k", "event_date": november(5)}])
    assert due(lake) == november(5)


def test_a_log_that_has_forgotten_commits_counts_as_a_change(lake):
    for _ in range(3):
        days(lake, november(5))
    made(lake, november(5), days=0, contacts=-1)
    DeltaTable(lake.storage.uri("gold/user_days")).create_checkpoint()
    lake.storage.delete("gold/user_days/_delta_log/00000000000000000001.json")
    lake.storage.delete("gold/user_days/_delta_log/00000000000000000000.json")
    assert due(lake) == november(5)


def test_a_run_that_stands_for_an_earlier_moment_leaves_newer_snapshots_alone(lake):
    days(lake, november(3), november(5))
    made(lake, november(5), days=0, contacts=-1)
    days(lake, november(3), batch=SECOND)
    earlier = datetime(2026, 11, 5, 12, tzinfo=UTC)
    assert due(lake, earlier) is None
    assert due(lake) == november(5)
    assert due(lake, earlier, rebuild=True) == november(5)
