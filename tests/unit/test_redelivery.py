"""Which deliveries replace which, told from what was claimed and what was published."""

from datetime import UTC, datetime, timedelta

import pytest

from adlake.account import Account
from adlake.contracts import table
from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.records import AccountRecord, FileRecord
from adlake.redelivery import Redelivery, is_delivered_again, outdated_deliveries, redelivery_of

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
B1, B2, B3 = "20261101T000000000000Z", "20261102T000000000000Z", "20261103T000000000000Z"


@pytest.fixture
def ledger(config):
    return Ledger(Lake(config))


def deliver(ledger, batch, *paths, of="gam_clicks", state="claimed"):
    """Record the state of files of one batch of one table."""
    at = NOON + timedelta(minutes=len(ledger.files()))
    ledger.add_files([FileRecord("r1", "gam", path, state, 1, NOON, at, batch_id=batch, table=of) for path in paths])


def publish(ledger, batch, name="silver.gam_clicks", step="build_silver"):
    ledger.add_accounts([AccountRecord("r1", batch, step, name, len(ledger.accounts()), Account(1, 1), 0.0, 0.0, NOON)])


def found(ledger, batch, name="gam_clicks"):
    return redelivery_of(ledger, batch, table(f"silver.{name}"), "build_silver")


def test_a_path_that_comes_once_replaces_nothing(ledger):
    deliver(ledger, B1, "a")
    deliver(ledger, B2, "b")
    assert found(ledger, B1) == found(ledger, B2) == Redelivery((), ())
    assert outdated_deliveries(ledger, "gam_clicks") == ()


def test_a_batch_replaces_every_earlier_delivery_of_its_paths(ledger):
    deliver(ledger, B1, "a", "b", "c")
    deliver(ledger, B2, "b", "d")
    deliver(ledger, B3, "b", "a")
    assert found(ledger, B2) == Redelivery(((B1, "b"),), ())
    assert found(ledger, B3) == Redelivery(((B1, "a"), (B1, "b"), (B2, "b")), ())
    assert outdated_deliveries(ledger, "gam_clicks") == ((B1, "a"), (B1, "b"), (B2, "b"))


def test_a_batch_that_nobody_sees_replaces_nothing(ledger):
    deliver(ledger, B1, "a", "b")
    deliver(ledger, B2, "a", "b")
    deliver(ledger, B3, "a")
    assert outdated_deliveries(ledger, "gam_clicks", {B3}) == ((B1, "a"), (B1, "b"))
    assert outdated_deliveries(ledger, "gam_clicks", {B2}) == ((B1, "a"), (B2, "a"))
    assert outdated_deliveries(ledger, "gam_clicks", {B1, B2, B3}) == ()


def test_a_batch_is_delivered_again_when_all_its_files_are(ledger):
    clicks = table("silver.gam_clicks")
    deliver(ledger, B1, "a", "b")
    deliver(ledger, B1, "c", of="gam_requests")
    deliver(ledger, B2, "a")
    assert not is_delivered_again(ledger, B1, clicks)
    deliver(ledger, B3, "b")
    assert is_delivered_again(ledger, B1, clicks)
    assert not is_delivered_again(ledger, B3, clicks)


def test_a_late_batch_is_overtaken_only_by_what_is_published(ledger):
    deliver(ledger, B1, "a", "b", "c")
    deliver(ledger, B2, "b")
    deliver(ledger, B3, "c", "b")
    assert found(ledger, B1) == Redelivery((), ())
    publish(ledger, B2)
    assert found(ledger, B1) == Redelivery((), ("b",))
    publish(ledger, B3)
    assert found(ledger, B1) == Redelivery((), ("b", "c"))
    assert found(ledger, B2) == Redelivery(((B1, "b"),), ("b",))
    assert found(ledger, B3) == Redelivery(((B1, "b"), (B1, "c"), (B2, "b")), ())


@pytest.mark.parametrize(
    ("name", "step"),
    [("silver.gam_requests", "build_silver"), ("bronze.gam_clicks", "ingest_bronze"), ("silver.gam_clicks", "other")],
)
def test_published_means_by_this_step_to_this_table(ledger, name, step):
    deliver(ledger, B1, "a")
    deliver(ledger, B2, "a")
    publish(ledger, B2, name, step)
    assert found(ledger, B1) == Redelivery((), ())


def test_the_same_path_in_another_table_is_another_delivery(ledger):
    deliver(ledger, B1, "a", of="gam_requests")
    deliver(ledger, B2, "a")
    assert found(ledger, B2) == Redelivery((), ())
    assert outdated_deliveries(ledger, "gam_clicks") == outdated_deliveries(ledger, "gam_requests") == ()


def test_a_released_claim_is_no_delivery(ledger):
    deliver(ledger, B1, "a")
    deliver(ledger, B1, "a", state="released")
    deliver(ledger, B2, "a")
    publish(ledger, B2)
    assert found(ledger, B2) == Redelivery((), ())
    assert outdated_deliveries(ledger, "gam_clicks") == ()
    deliver(ledger, B3, "a")
    deliver(ledger, B3, "a", state="released")
    assert outdated_deliveries(ledger, "gam_clicks") == ()


def test_a_batch_that_was_never_claimed_means_nothing(ledger):
    deliver(ledger, B1, "a")
    assert found(ledger, B2) == Redelivery((), ())
