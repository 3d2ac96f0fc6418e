"""The whole pipeline on S3, landing zone and lake, against a local stand-in: what comes out is what a disk holds."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.session import Spark
from tests.conftest import make_config
from tests.jobs import lakes
from tests.jobs.conftest import prepared

__all__ = ["prepared"]

REGION = "eu-central-1"
RUN = "from adlake.cli import main; main()"
# a run on S3 stands for the moment at which it is made: its files are as old as their upload
MOMENTS = re.compile(r'"(_ingested_at_utc|quarantined_at_utc)": "[^"]*"|_ingested_at_utc\\":\\"[^"]*\\"')


@pytest.fixture
def on_s3(tmp_path, monkeypatch):
    """A configuration on a stand-in for S3, and a client of it."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client("s3", endpoint_url=endpoint, region_name=REGION)
    client.create_bucket(Bucket="news", CreateBucketConfiguration={"LocationConstraint": REGION})
    config = make_config(
        tmp_path,
        lake="s3://news/lake",
        landing="s3://news/landing",
        s3={"endpoint_url": endpoint, "region": REGION},
        spark={"driver_memory": "1g", "cores": 2, "shuffle_partitions": 2},
    )
    yield config, client
    client.close()
    server.stop()


def upload(client, folder: Path) -> None:
    for path in folder.rglob("*.gz"):
        client.upload_file(str(path), "news", f"landing/{path.relative_to(folder)}")


def without_moments(contents):
    return {table: [MOMENTS.sub("", row) for row in rows] for table, rows in contents.items()}


def test_a_lake_on_s3_holds_what_a_lake_on_disk_holds(on_s3, prepared, tmp_path):
    config, client = on_s3
    on_disk = prepared("build_gold")
    lakes.deliver(tmp_path / "files")
    upload(client, tmp_path / "files")
    command = [sys.executable, "-c", RUN, "run", "--config", str(lakes.written(config, tmp_path))]

    first = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)

    assert first.returncode == 0, first.stderr[-3000:]
    assert without_moments(lakes.contents(config)) == without_moments(lakes.contents(on_disk))
    # every record of ops, too
    accounts = {(record.step, record.table): record.account for record in Ledger(Lake(config)).accounts()}
    assert accounts == {(record.step, record.table): record.account for record in Ledger(Lake(on_disk)).accounts()}

    # nothing is new
    versions, spark = lakes.versions(config), Spark(config, os.environ)
    second = lakes.execute(lakes.STEPS, spark, config, as_of=datetime.now(UTC))
    assert (second.exit_code, second.commits, second.spark_started) == (0, (), False)
    assert lakes.versions(config) == versions
    left = [entry.path for entry in Lake(config).storage.entries("ops") if "/_delta_log/" not in entry.path]
    assert [path for path in left if "lock" in path] == []
