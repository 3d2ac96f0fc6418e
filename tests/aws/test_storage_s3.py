"""Plain files, the writer lock and tables on S3, against a local stand-in that speaks S3."""

import json
import threading
import time

import boto3
import pytest
from conftest import make_config
from moto.server import ThreadedMotoServer

from adlake.contracts import table
from adlake.errors import LockError
from adlake.lake import Lake
from adlake.landing import deliveries
from adlake.ledger import Ledger
from adlake.lock import LOCK_PATH, WriterLock
from adlake.records import FileRecord, utc_now
from adlake.storage import S3Options, StaleTagError, Storage

REGION = "eu-central-1"


@pytest.fixture(scope="module")
def endpoint():
    """Address of the stand-in."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def s3_client(endpoint):
    """A client of a session of its own: the default one would keep these keys for other tests."""
    return boto3.session.Session().client("s3", endpoint_url=endpoint, region_name=REGION)


@pytest.fixture
def bucket(endpoint, monkeypatch):
    """A bucket that holds nothing, and the keys to it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = s3_client(endpoint)
    name = f"lake-{time.monotonic_ns()}"
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    yield name
    client.close()


@pytest.fixture
def storage(endpoint, bucket):
    return Storage(f"s3://{bucket}/tenants/herald", S3Options(endpoint, REGION))


def test_entries_are_relative_to_the_prefix_and_of_whole_names(storage, bucket):
    before = utc_now().replace(microsecond=0)
    for path in ("gam/a.gz", "gam/2026/11/b c%20ä+.gz", "gam2/c.gz"):
        storage.write(path, b"12345")
    Storage(f"s3://{bucket}/tenants/heralds", storage.options).write("gam/other", b"")
    found = {entry.path: entry for entry in storage.entries("gam")}
    assert set(found) == {"gam/a.gz", "gam/2026/11/b c%20ä+.gz"}
    for path, entry in found.items():
        assert storage.entry(path) == entry
        assert entry.size_bytes == 5
        assert before <= entry.modified_at <= utc_now()
        assert storage.read(path) == (b"12345", entry.tag)
        assert bytes(storage.open(path).read()) == b"12345"
    assert {entry.path for entry in storage.entries()} == {*found, "gam2/c.gz"}
    assert list(storage.entries("nothing")) == []


def test_a_folder_marker_is_no_delivery(storage, bucket, endpoint):
    """Consoles make an empty object that ends in a slash when somebody makes a folder."""
    client = s3_client(endpoint)
    for key in ("gam/", "gam/2026/"):
        client.put_object(Bucket=bucket, Key=f"tenants/herald/{key}", Body=b"")
    client.close()
    storage.write("gam/2026/a.gz", b"1")
    assert [entry.path for entry in deliveries(storage, "gam")] == ["gam/2026/a.gz"]


def test_what_is_not_there_is_none(storage):
    assert (storage.entry("x"), storage.read("x")) == (None, None)
    storage.delete("x")


def test_a_file_is_created_only_once_and_swapped_only_as_it_was_read(storage):
    first = storage.create("x", b"mine")
    with pytest.raises(StaleTagError):
        storage.create("x", b"yours")
    second = storage.swap("x", b"mine again", first)
    with pytest.raises(StaleTagError):
        storage.swap("x", b"yours", first)
    assert storage.read("x") == (b"mine again", second)
    storage.delete("x")
    with pytest.raises(StaleTagError):
        storage.swap("x", b"yours", second)
    assert storage.read("x") is None


def test_a_large_file_is_read_in_pieces(storage, monkeypatch):
    monkeypatch.setattr("adlake.storage.READ_AHEAD_BYTES", 100_000)
    content = bytes(range(256)) * 2000
    storage.write("x", content)
    stream, pieces = storage.open("x"), []
    while piece := bytes(stream.read(100_000)):
        pieces.append(piece)
    assert (b"".join(pieces), len(pieces)) == (content, 6)
    stream.close()


def owner(storage):
    held = storage.read(LOCK_PATH)
    return None if held is None else json.loads(held[0])["owner"]


def claim(expires_at, name="elsewhere"):
    return json.dumps({"owner": name, "host": "elsewhere", "pid": 7, "expires_at": expires_at}).encode()


def test_the_lock_is_held_and_given_back_and_leaves_nothing(storage):
    with WriterLock(storage, "r1") as lock:
        lock.check()
        assert owner(storage) == "r1"
        with pytest.raises(LockError, match="LAKE_LOCKED"), WriterLock(storage, "r2"):
            pass
        lock.check()
    assert list(storage.entries()) == []


@pytest.mark.parametrize("left", [claim(1000.0), b"", b"{"])
def test_a_lock_that_nobody_holds_any_more_is_taken_over(storage, left):
    storage.write(LOCK_PATH, left)
    with WriterLock(storage, "r1") as lock:
        lock.check()
        assert owner(storage) == "r1"
    assert owner(storage) is None


def test_a_living_writer_elsewhere_is_believed(storage):
    storage.write(LOCK_PATH, claim(4e9))
    with pytest.raises(LockError, match="LAKE_LOCKED"), WriterLock(storage, "r1"):
        pass
    assert owner(storage) == "elsewhere"


@pytest.mark.parametrize("left", [None, claim(1000.0)], ids=["no lock", "an expired lock"])
def test_of_two_runs_that_saw_the_same_the_first_wins(storage, monkeypatch, left):
    """Both have looked before either has written: the store itself must refuse the second."""
    if left:
        storage.write(LOCK_PATH, left)
    read, first = Storage.read, WriterLock(storage, "first")

    def first_comes_between(self, path):
        seen = read(self, path)
        monkeypatch.setattr(Storage, "read", read)
        first.__enter__()
        return seen

    monkeypatch.setattr(Storage, "read", first_comes_between)
    try:
        with pytest.raises(LockError) as caught, WriterLock(storage, "second"):
            pass
        assert (caught.value.condition, owner(storage)) == ("LAKE_LOCKED", "first")
        first.check()
    finally:
        first.__exit__(None, None, None)
    assert owner(storage) is None


def test_the_heartbeat_moves_the_expiry_on_and_notices_a_loss(storage):
    def expires():
        return json.loads(storage.read(LOCK_PATH)[0])["expires_at"]

    def until(condition):
        end = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.02)

    with WriterLock(storage, "r1", 0.3) as lock:
        start = expires()
        until(lambda: expires() > start + 0.3)
        lock.check()
        storage.write(LOCK_PATH, claim(4e9))
        until(lambda: not any(thread.name == "writer-lock" for thread in threading.enumerate()))
        with pytest.raises(LockError, match="LOCK_LOST"):
            lock.check()
    assert owner(storage) == "elsewhere"


def test_ops_lie_on_s3_like_everything_else(endpoint, bucket, tmp_path):
    roots = {"lake": f"s3://{bucket}/lake", "landing": f"s3://{bucket}/landing"}
    lake = Lake(make_config(tmp_path, **roots, s3={"endpoint_url": endpoint, "region": REGION}))
    now = utc_now()
    record = FileRecord("r1", "gam", "gam/a", "claimed", 1, now, now, batch_id="b1", table="gam_clicks")
    assert (lake.version(table("ops.files")), Ledger(lake).files()) == (-1, [])
    Ledger(lake).add_files([record])
    assert (lake.version(table("ops.files")), Ledger(lake).files()) == (0, [record])
    assert lake.uri(table("ops.files")) == f"s3a://{bucket}/lake/ops/files"
