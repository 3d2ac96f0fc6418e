"""Batches in any order, and runs that find nothing to do."""

import itertools
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from adlake import silver
from adlake.account import Account
from adlake.identity import identity_key
from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.recovery import recover_accounts
from tests.jobs import lakes


def files_below(folder):
    return {str(path): path.stat().st_mtime_ns for path in Path(folder).rglob("*") if path.is_file()}


def test_a_run_without_news_starts_no_spark_and_makes_no_version_anywhere(lake_after, spark_of):
    config = lake_after("build_gold")
    versions, files, reports = lakes.versions(config), files_below(config.lake), lakes.reports(config)
    spark = spark_of(config)

    report = lakes.run(config, spark)

    assert (report.commits, report.files_set_aside, report.exit_code) == ((), (), 0)
    assert not spark.is_started
    assert not report.spark_started
    assert lakes.versions(config) == versions
    (own_report,) = set(lakes.reports(config)) - set(reports)
    assert own_report.name == f"{report.run_id}.json"
    # not even a data file was written and left behind
    assert files_below(config.lake).keys() - files.keys() == {str(own_report)}


@pytest.fixture
def both_waiting(lake_after):
    """A lake whose bronze holds two batches, the second with a file of the first in a newer version, and silver none.

    The copies of accounts are gone as well: they are found again in the commits.
    """
    config = lake_after("delivered_again")
    for folder in ("silver", "gold", "ops/accounts"):
        shutil.rmtree(Path(config.lake, folder))
    with lakes.open_run(config, None) as run:
        recover_accounts(run.lake, run.ledger)
    return config


def test_a_batch_refined_after_its_successor_yields_to_it(both_waiting, shared, session):
    config = both_waiting
    identity = identity_key(session, lakes.SECRET, "k1")
    first, second = Ledger(Lake(config)).claims()
    found = []
    for batch in (second, first):
        with lakes.open_run(config, shared(config)) as run:
            assert (batch, "silver.gam_impressions") in silver.pending(run)
            silver.refine(run, identity, batch, "silver.gam_impressions").publish(run)
            run.copy_accounts()
            found += [(record.table, record.batch_id, record.account) for record in run.published]

    rules = {"event_time_invalid": 1, "revenue_missing": 1}
    assert found == [
        ("quarantine.gam_impressions", second, Account(2, 2)),
        ("silver.gam_impressions", second, replace(lakes.SECOND_IMPRESSIONS, published=5, superseded=0, restored=0)),
        ("quarantine.gam_impressions", first, Account(2, 2, superseded=2)),
        (
            "silver.gam_impressions",
            first,
            # the rows of the file that has come again are not published any more; k1 is, from the next file
            Account(10, 3, quarantined=rules, filtered={"superseded_delivery": 4, "unfilled_impression": 1}),
        ),
    ]
    rows = lakes.rows_of(config, "silver.gam_impressions")
    assert sorted((row["key_part"], row["_batch_id"] == first) for row in rows) == [
        ("b1", True),
        ("b3", True),
        ("k1", True),
        ("k2", False),
        ("k3", False),
        ("k7", False),
        ("k8", False),
        ("k9", False),
    ]


def test_two_batches_refined_in_one_run_end_as_in_two(both_waiting, shared):
    config = both_waiting

    report = lakes.run(config, shared(config), ["build_silver"])

    second = max(record.batch_id for record in report.commits)
    found = {record.table: record.account for record in report.commits if record.batch_id == second}
    assert found["silver.gam_impressions"] == lakes.SECOND_IMPRESSIONS
    assert sorted(row["key_part"] for row in lakes.rows_of(config, "silver.gam_impressions")) == [
        *("b1", "b3", "k1", "k2", "k3", "k7", "k8", "k9")
    ]


def test_files_are_cut_into_batches_of_at_most_so_many_bytes_oldest_first(lake_after, spark_of):
    config = lake_after("claim")
    shutil.rmtree(config.lake)
    sizes = {path: (lakes.landing(config) / path).stat().st_size for path in sorted(lakes.FIRST_DELIVERY)}
    largest = max(sizes.values())
    capped = config.model_copy(update={"batch_bytes": largest})

    lakes.killed_at("claim", capped, spark_of(capped))

    batches = list(Ledger(Lake(capped)).claims().values())
    found = [[file.path for file in files] for files in batches]
    assert [path for paths in found for path in paths] == list(sizes)
    assert all(sum(sizes[path] for path in paths) <= largest for paths in found)
    # no two neighbours would have fitted into one batch
    firsts = itertools.pairwise(found)
    assert all(sum(sizes[path] for path in [*one, other[0]]) > largest for one, other in firsts)
    assert len(found) > 1
