"""Accounts that a killed run committed and did not copy are copied by the next one."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from deltalake import DeltaTable

from adlake.account import Account
from adlake.contracts import table
from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.quality.verdict import Judgement, Outcome, Verdict
from adlake.records import AccountRecord, verdict_records
from adlake.recovery import recover_accounts
from tests.unit.judged import judged
from tests.unit.small_lakes import commit, said

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
B1, B2 = "20261101T000000000000Z", "20261102T000000000000Z"
CLICKS_TABLE = "silver.gam_clicks"
CLICKS = Account(9, 5, 2, {"key_missing": 1}, {"unfilled_impression": 1}, 3)


@pytest.fixture
def lake(config):
    return Lake(config)


def publish(lake, name, batch, account, step="build_silver", *, is_copied=False):
    """A commit of a run that was killed later; whether it got to copy its account is said."""
    rows = [{"event_date": date(2026, 11, 1), "_batch_id": batch}]
    commit(lake, name, rows, said(name, batch, step=step, account=account, run="killed"))
    record = AccountRecord("killed", batch, step, name, lake.version(table(name)), account, 1.5, 2.5, NOON)
    if is_copied:
        Ledger(lake).add_accounts([record])
    return record


def recover(lake):
    """What was recovered, without its moment."""
    before = datetime.now(UTC)
    found = recover_accounts(lake, Ledger(lake))
    assert all(before <= record.committed_at_utc <= datetime.now(UTC) for record in found)
    return [replace(record, committed_at_utc=NOON) for record in found]


def test_a_new_lake_has_nothing_to_recover(lake):
    assert recover(lake) == []
    assert list(lake.storage.entries()) == []


def test_what_was_copied_is_not_copied_again(lake):
    publish(lake, "silver.gam_clicks", B1, CLICKS, is_copied=True)
    before = lake.version(table("ops.accounts"))
    assert recover(lake) == []
    assert lake.version(table("ops.accounts")) == before


@pytest.mark.parametrize("name", ["bronze.gam_clicks", "quarantine.gam_clicks", "silver.gam_clicks", "gold.user_days"])
def test_every_layer_is_looked_at(lake, name):
    record = publish(lake, name, B1, CLICKS)
    assert recover(lake) == [record]
    assert [replace(found, committed_at_utc=NOON) for found in Ledger(lake).accounts()] == [record]


def test_q06_a_verdict_is_kept_once_with_its_suite_and_the_version_that_it_published(lake):
    verdict = Verdict(CLICKS_TABLE, "s1", 5, (Outcome("key_missing", "hold", "passed", 0, 5),))
    judgement = Judgement(verdict, "build_silver", B1, is_batch=True)
    meta = said(CLICKS_TABLE, B1, run="killed", account=CLICKS) | {"verdict": judgement.as_dict(NOON)}
    commit(lake, CLICKS_TABLE, [{"event_date": date(2026, 11, 1), "_batch_id": B1}], meta)
    copied = verdict_records(0, meta, NOON)
    # another batch was held in the meantime
    Ledger(lake).add_verdicts([*copied, *judged(state="held", batch_id=B2, table=CLICKS_TABLE)])

    (record,) = recover(lake)
    assert record.account == CLICKS
    published = [one for one in Ledger(lake).verdicts(newest=9) if one.version is not None]
    assert published == copied
    assert [(one.suite, one.version, one.fingerprint) for one in published] == [("s1", 0, verdict.fingerprint)]


def test_only_commits_newer_than_the_newest_copy_are_copied_all_at_once(lake):
    publish(lake, "silver.gam_clicks", B1, CLICKS, is_copied=True)
    clicks = publish(lake, "silver.gam_clicks", B2, Account(1, 1))
    requests = [publish(lake, "silver.gam_requests", batch, Account(2, 2)) for batch in (B1, B2)]
    before = lake.version(table("ops.accounts"))
    assert sorted(recover(lake), key=lambda record: (record.table, record.version)) == [clicks, *requests]
    assert lake.version(table("ops.accounts")) == before + 1
    assert recover(lake) == []


def test_the_newest_copy_counts_whatever_their_order(lake):
    records = [publish(lake, "silver.gam_clicks", batch, Account(1, 1)) for batch in (B1, B2)]
    Ledger(lake).add_accounts([replace(records[1], committed_at_utc=datetime(2020, 1, 1, tzinfo=UTC)), records[0]])
    assert recover(lake) == []


def test_commits_that_are_not_ours_have_no_account(lake):
    record = publish(lake, "silver.gam_clicks", B1, CLICKS)
    commit(lake, "silver.gam_clicks", [{"event_date": date(2026, 11, 2), "_batch_id": "x"}])
    assert recover(lake) == [record]


def test_commits_that_the_log_has_forgotten_cannot_be_recovered(lake):
    for batch in (B1, B2):
        publish(lake, "silver.gam_clicks", batch, CLICKS)
    DeltaTable(lake.storage.uri("silver/gam_clicks")).create_checkpoint()
    lake.storage.delete(f"silver/gam_clicks/_delta_log/{0:020d}.json")
    assert recover(lake) == []
