"""Snapshots of the user features as runs make them: when, of what, and what they leave alone."""

import json
from datetime import UTC, date, datetime

import pytest

from adlake import features
from adlake.account import Account
from adlake.contracts import table
from adlake.errors import AccountError
from adlake.lake import Lake
from tests.jobs import lakes
from tests.spark.rows import key_of
from tests.unit.small_lakes import commit, said

FEATURES = "gold.user_features"
READER = key_of("login", "reader")


def snapshot(config, day):
    """Rows of one as-of day as sorted lines of JSON."""
    rows = [row for row in lakes.rows_of(config, FEATURES) if row["as_of_date"] == day]
    return sorted(json.dumps(row, default=str, sort_keys=True) for row in rows)


def features_of(config, person):
    return {row["as_of_date"].day: row for row in lakes.rows_of(config, FEATURES) if row["id_key"] == person}


def contact(config, day, batch, **states):
    """A commit of silver with one state of the reader."""
    when = datetime(2026, 10, day, 9, tzinfo=UTC)
    key = {"source": "mailer", "contact_id_key": "k1:c", "login_id_key": READER, "id_key": READER}
    row = key | {"as_of_at_utc": when, "event_at_utc": when, "event_date": when.date()} | states
    name = "silver.contact_states"
    commit(Lake(config), name, [row], said(name, batch, [when.date().isoformat()]))


def gold(config, spark, **how):
    """Accounts of the tables that a run of the last step commits."""
    return lakes.accounts(lakes.run(config, spark, ["build_gold"], **how))


def test_the_newest_day_with_rows_is_described_once(lake_after, shared):
    config = lake_after("build_gold")
    found = features_of(config, READER)[5]
    assert {name: found[name] for name in ("recency_days", "visits_1d", "active_days_90d", "page_views")} == {
        "recency_days": 0,
        "visits_1d": 0,
        "active_days_90d": 1,
        "page_views": 1,
    }
    people = {row["id_key"] for row in lakes.rows_of(config, "gold.user_days")}
    assert {row["id_key"] for row in lakes.rows_of(config, FEATURES)} == people
    assert len(people) == 3
    assert lakes.touched(config, FEATURES) == [["2026-10-05"]]


def test_a_later_day_makes_a_snapshot_of_its_own_and_leaves_the_older_one(lake_after, shared):
    config = lake_after("delivered_again")
    before = snapshot(config, date(2026, 10, 5))

    lakes.run(config, shared(config), ["build_silver", "build_gold"])

    assert lakes.touched(config, FEATURES) == [["2026-10-05"], ["2026-10-06"]]
    # k1 and k2 have moved to other people on 5 October; what was known then stays
    assert snapshot(config, date(2026, 10, 5)) == before
    assert {row["as_of_date"] for row in lakes.rows_of(config, FEATURES)} == {date(2026, 10, 5), date(2026, 10, 6)}


def test_days_after_the_as_of_day_change_nothing(lake_after, shared, tmp_path):
    """The same lake, once without what came for 6 October and once with it, both as of the 5th."""
    config = lake_after("delivered_again")
    lakes.run(config, shared(config), ["build_silver", "build_gold"])
    later = snapshot(config, date(2026, 10, 6))
    forgotten = lakes.copied(config, tmp_path / "forgotten")
    lake = Lake(forgotten)
    lake.delta(table("gold.user_days")).delete("event_date = '2026-10-06'")
    for place in (config, forgotten):
        Lake(place).delta(table(FEATURES)).delete("true")

    found = []
    for place in (config, forgotten):
        with lakes.open_run(place, shared(place)) as run:
            run.now = datetime(2026, 10, 6, 12, tzinfo=UTC)
            due = features.pending(run)
            assert due.as_of == date(2026, 10, 5)
            features.build(run, due)
        found.append(snapshot(place, date(2026, 10, 5)))

    assert found[0] == found[1]
    assert len(found[0]) == 5
    assert found[0] != later


def test_a_changed_contact_makes_the_newest_snapshot_anew_and_nothing_else(lake_after, shared):
    config = lake_after("build_gold")
    versions = lakes.versions(config)
    first, second, third = (f"2026100{day}T000000000000Z" for day in (6, 7, 8))
    contact(config, 4, first, newsletter_state="subscribed", subscription_state="active")

    assert gold(config, shared(config)) == {("build_gold", FEATURES): Account(3, 3, superseded=3)}
    assert lakes.touched(config, FEATURES) == [["2026-10-05"], ["2026-10-05"]]
    found = features_of(config, READER)[5]
    assert (found["newsletter_state"], found["subscription_state"]) == ("subscribed", "active")

    # a state of the day after is known to a later snapshot only
    contact(config, 6, second, newsletter_state="unsubscribed", subscription_state="cancelled")
    assert gold(config, shared(config)) == {}
    lakes.page_views(lakes.landing(config) / lakes.EVENTS_AGAIN, [lakes.page_view("e9", "2026-10-07 08:00:00")])
    lakes.run(config, shared(config))
    assert {day: row["newsletter_state"] for day, row in features_of(config, READER).items()} == {
        5: "subscribed",
        7: "unsubscribed",
    }
    contact(config, 5, third, newsletter_state="bounced", subscription_state="active")
    assert set(gold(config, shared(config))) == {("build_gold", FEATURES)}
    assert features_of(config, READER)[5]["newsletter_state"] == "subscribed"
    assert lakes.touched(config, FEATURES) == [["2026-10-05"], ["2026-10-05"], ["2026-10-07"], ["2026-10-07"]]
    changed = {name for name, version in lakes.versions(config).items() if versions.get(name) != version}
    assert "gold.yield_hourly" not in changed


def test_a_rebuild_makes_the_newest_snapshot_anew(lake_after, shared):
    config = lake_after("build_gold")
    before = lakes.rows_of(config, FEATURES)
    report = gold(config, shared(config), rebuild=True)
    assert report["build_gold", FEATURES] == Account(3, 3, superseded=3)
    assert sorted(map(str, lakes.rows_of(config, FEATURES))) == sorted(map(str, before))


def test_sums_that_differ_from_the_days_are_not_committed(lake_after, shared, monkeypatch):
    config = lake_after("build_gold")
    honest = features.histories

    def one_row_twice(days, *args):
        return honest(days.unionByName(days.limit(1)), *args)

    monkeypatch.setattr(features, "histories", one_row_twice)
    with lakes.open_run(config, shared(config)) as run:
        with pytest.raises(AccountError) as refusal:
            features.build(run, features.pending(run, rebuild=True))
        assert not run.published
    assert refusal.value.condition == "MEASURE_OPEN"
    assert refusal.value.where == f"{FEATURES}, day 2026-10-05"
