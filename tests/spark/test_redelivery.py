"""A file delivered again replaces its older delivery, whatever the order in which batches are worked off."""

from types import SimpleNamespace

import pytest

from adlake.redelivery import Redelivery, among, outdated_deliveries, redelivery_of
from tests.spark.rows import assert_same, frame

STEP = "build_silver"


def refined(name):
    """A silver table made of the bronze table of the same name."""
    return SimpleNamespace(qualified=f"silver.{name}", made_from=(f"bronze.{name}",))


def ledger(claims, published=()):
    """Claims as batch, table and path; published as batch, step and table of an account."""
    batches = {}
    for batch, table, path in claims:
        batches.setdefault(batch, []).append(SimpleNamespace(table=table, path=path))
    accounts = [SimpleNamespace(batch_id=batch, step=step, table=table) for batch, step, table in published]
    return SimpleNamespace(claims=lambda: batches, accounts=lambda: accounts)


CLAIMS = [
    ("b1", "clicks", "x"),
    ("b1", "clicks", "y"),
    ("b1", "requests", "x"),
    ("b2", "clicks", "x"),
    ("b2", "clicks", "z"),
    ("b3", "clicks", "x"),
    ("b3", "requests", "y"),
]


@pytest.mark.parametrize(
    ("batch", "name", "published", "replaced", "overtaken"),
    [
        ("b1", "clicks", [], (), ()),
        ("b2", "clicks", [], (("b1", "x"),), ()),
        ("b3", "clicks", [], (("b1", "x"), ("b2", "x")), ()),
        ("b3", "requests", [], (), ()),
        ("b4", "clicks", [], (), ()),
        # a batch that comes late must not bring back what its successor has replaced
        ("b1", "clicks", [("b2", STEP, "silver.clicks")], (), ("x",)),
        ("b2", "clicks", [("b3", STEP, "silver.clicks"), ("b1", STEP, "silver.clicks")], (("b1", "x"),), ("x",)),
        # commits of other tables and steps overtake nothing
        ("b1", "clicks", [("b2", STEP, "silver.requests"), ("b2", "ingest_bronze", "silver.clicks")], (), ()),
        ("b1", "clicks", [("b2", STEP, "quarantine.clicks")], (), ()),
    ],
)
def test_a_batch_replaces_earlier_deliveries_and_is_overtaken_by_later_ones(
    batch, name, published, replaced, overtaken
):
    found = redelivery_of(ledger(CLAIMS, published), batch, refined(name), STEP)
    assert found == Redelivery(replaced, overtaken)


def test_every_delivery_but_the_newest_of_a_path_is_outdated():
    assert outdated_deliveries(ledger(CLAIMS), "clicks") == (("b1", "x"), ("b2", "x"))
    assert outdated_deliveries(ledger(CLAIMS), "requests") == ()
    assert outdated_deliveries(ledger([]), "clicks") == ()


def test_rows_stem_from_a_delivery_by_batch_and_path_together(spark):
    places = [("b1", "x"), ("b1", "y"), ("b2", "x"), ("b2", "y"), ("b3", "x"), ("B1", "x"), ("b1", "X")]
    schema = "_batch_id string, _file string"
    delivered = frame(spark, schema, [{"_batch_id": batch, "_file": path} for batch, path in places])
    wanted = (("b1", "x"), ("b2", "y"), ("b1", "z"), ("b3", "x"))
    found = [{"_batch_id": batch, "_file": path} for batch, path in (("b1", "x"), ("b2", "y"), ("b3", "x"))]
    assert_same(delivered.where(among(wanted)), frame(spark, schema, found))
    assert_same(delivered.where(Redelivery(wanted, ()).is_replaced()), frame(spark, schema, found))
    assert_same(delivered.where(~among(())), delivered)
