"""Files that cannot be read are named and left out; the rest of the run is done, and a mended file is taken."""

import json
from datetime import timedelta

import pytest

from adlake.account import Account
from adlake.lake import Lake
from adlake.ledger import Ledger
from tests.jobs import lakes

CUT = "gam/NetworkClicks_1_20261006_03.csv.gz"
WAITING = "gam/LineItem_1_20261007.csv.gz"
REASONS = {
    CUT: "[BROKEN_GZIP] the gzip ends before its end mark",
    "gam/NetworkActiveViews_1_20261006_03.csv": "[EMPTY_FILE] the file holds nothing",
    "gam/NetworkRequests_1_20261006_03.csv": "[HEADER_UNKNOWN] the first line is no NetworkRequests header",
    "gam/NetworkVideo_1_20261006_03.csv": "[UNKNOWN_NAME] the file name states none of the known types: "
    "NetworkRequests, NetworkImpressions, NetworkClicks, NetworkActiveViews, NetworkBackfillRequests, "
    "NetworkBackfillImpressions, NetworkBackfillClicks, NetworkBackfillActiveViews, LineItem",
    "snowplow/2026/10/06/commas.tsv": "[WRONG_DELIMITER] no line of the file holds the delimiter",
}


@pytest.fixture
def config(lake_after):
    """A lake to which five unreadable files, one good one and one that may not be whole yet have been delivered."""
    config = lake_after("build_gold").model_copy(update={"quiet_seconds": 900})
    landing = lakes.landing(config)
    whole = lakes.events(landing / CUT, [lakes.impression("c1", "2026-10-06 10:00:00")])
    whole.write_bytes(whole.read_bytes()[:-9])
    lakes.aged(whole, lakes.REDELIVERED)
    texts = {"ActiveViews": "", "Requests": "TimeUsec2;KeyPart\n1;2\n", "Video": "TimeUsec2,KeyPart\n1,2\n"}
    for kind, text in texts.items():
        lakes.aged(lakes.write(landing / f"gam/Network{kind}_1_20261006_03.csv", text), lakes.REDELIVERED)
    lakes.page_views(landing / "snowplow/2026/10/06/commas.tsv", ["a,b,c"], at=lakes.REDELIVERED)
    lakes.snapshot(landing / "gam/LineItem_1_20261006.csv.gz", [lakes.line_item("11", "CPM", "3")])
    lakes.snapshot(landing / WAITING, [lakes.line_item("11", "CPM", "9")], at=lakes.NOW - timedelta(seconds=899))
    return config


def states(config):
    """What ops says of the files that are not part of the first delivery: state and reason."""
    newest = Ledger(Lake(config)).newest_files()
    return {path: (file.state, file.reason) for path, file in newest.items() if path not in lakes.FIRST_DELIVERY}


def test_unreadable_files_are_named_while_the_rest_of_the_run_is_done(config, shared, spark_of, monkeypatch):
    report = lakes.run(config, shared(config))

    assert report.exit_code == 1
    assert lakes.accounts(report) == {
        ("ingest_bronze", "bronze.gam_line_items"): Account(1, 1),
        ("build_silver", "silver.gam_line_items"): Account(1, 1),
    }
    assert {file.path: file.reason for file in report.files_set_aside} == REASONS
    written = json.loads(lakes.reports(config)[-1].read_text())
    assert {file["path"]: file["reason"] for file in written["files_set_aside"]} == REASONS
    set_aside = {path: ("set_aside", reason) for path, reason in REASONS.items()}
    assert states(config) == {**set_aside, "gam/LineItem_1_20261006.csv.gz": ("claimed", None)}

    # nothing has changed: no file is opened again, the waiting one included
    versions, idle = lakes.versions(config), spark_of(config)
    with monkeypatch.context() as patch:
        patch.setattr("adlake.intake.inspect", None)
        report = lakes.run(config, idle)
    assert (report.exit_code, report.files_set_aside, report.commits) == (0, (), ())
    assert not idle.is_started
    assert lakes.versions(config) == versions

    # one is mended
    lakes.events(lakes.landing(config) / CUT, [lakes.impression("c1", "2026-10-06 10:00:00")], at=lakes.NOW)
    patient = config.model_copy(update={"quiet_seconds": 0})
    (lakes.landing(config) / WAITING).unlink()
    report = lakes.run(patient, shared(patient), ["ingest_bronze"])
    assert (report.exit_code, report.files_set_aside) == (0, ())
    assert lakes.accounts(report) == {("ingest_bronze", "bronze.gam_clicks"): Account(1, 1)}
    assert states(config)[CUT] == ("claimed", None)
