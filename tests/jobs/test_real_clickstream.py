"""The real clickstream file goes through the real jobs, every line accounted for."""

import os
import shutil

from adlake import job
from adlake.account import Account
from tests.jobs import lakes


def test_real_enriched_events_are_accounted_for_line_by_line(config, spark_of, real, tmp_path):
    target = tmp_path / "landing" / "snowplow" / "enriched_events.tsv.gz"
    target.parent.mkdir(parents=True)
    shutil.copy(real / "clickstream" / "enriched_events.tsv.gz", target)
    os.utime(target, (1_700_000_000, 1_700_000_000))

    report = job.execute(["ingest_bronze", "build_silver", "build_gold"], spark_of(config), config)

    accounts = lakes.accounts(report)
    # lines 1 and 2 of the 50 have 130 and 129 columns; the others have 131 and one event id each
    assert accounts == {
        ("ingest_bronze", "quarantine.page_events"): Account(2, 2),
        ("ingest_bronze", "bronze.page_events"): Account(50, 48, quarantined={"wrong_column_count": 2}),
        ("build_silver", "silver.page_events"): Account(48, 48),
        ("build_gold", "gold.user_days"): Account(12, 12),
        # all lines are of one reader, within a month
        ("build_gold", "gold.user_features"): Account(1, 1),
    }
    assert report.exit_code == 0
