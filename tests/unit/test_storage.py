"""Plain files of landing zone and lake on a local disk."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adlake.storage import Entry, S3Options, StaleTagError, Storage


@pytest.fixture
def storage(tmp_path):
    return Storage(str(tmp_path / "root"))


def test_a_missing_root_is_made_and_empty(storage):
    assert (list(storage.entries()), list(storage.entries("gam"))) == ([], [])
    assert Path(storage.root).is_dir()


def test_entries_are_the_files_below_a_prefix_of_whole_names(storage):
    at = datetime(2026, 11, 1, 6, 30, 0, 250000, tzinfo=UTC)
    for path in ("gam/a.gz", "gam/2026/11/b.gz", "gam2/c.gz", "d.gz"):
        storage.write(path, b"12345")
        os.utime(Path(storage.root, path), (at.timestamp(), at.timestamp()))
    Path(storage.root, "gam", "empty").mkdir()
    found = sorted(storage.entries("gam"), key=lambda entry: entry.path)
    assert [(entry.path, entry.size_bytes, entry.modified_at) for entry in found] == [
        ("gam/2026/11/b.gz", 5, at),
        ("gam/a.gz", 5, at),
    ]
    assert {entry.path for entry in storage.entries()} == {"gam/a.gz", "gam/2026/11/b.gz", "gam2/c.gz", "d.gz"}


@pytest.mark.parametrize(
    "name", ["a b", "ä", "a%20b", "100%", "a+b", "a#b", "a?b", "a=b", "a:b", "[1]", "~x", "a\\b", '"']
)
def test_a_file_is_found_again_under_the_name_that_it_has(storage, name):
    (Path(storage.root) / "gam").mkdir()
    (Path(storage.root) / "gam" / name).write_bytes(b"12")
    (entry,) = storage.entries("gam")
    assert (entry.path, entry.size_bytes) == (f"gam/{name}", 2)
    assert storage.entry(entry.path) == entry
    assert bytes(storage.open(entry.path).read()) == b"12"
    assert storage.read(entry.path) == (b"12", entry.tag)


def test_a_link_to_a_file_is_a_file_and_one_to_nothing_is_none(storage):
    storage.write("gam/a", b"12")
    (Path(storage.root) / "gam" / "link").symlink_to(Path(storage.root) / "gam" / "a")
    (Path(storage.root) / "gam" / "dangling").symlink_to("/nowhere")
    assert {entry.path for entry in storage.entries("gam")} == {"gam/a", "gam/link"}


def test_what_is_not_there_is_none(storage):
    storage.write("gam/a", b"")
    assert (storage.entry("gam/b"), storage.read("gam/b")) == (None, None)
    assert (storage.entry("gam"), storage.entry("nowhere/b")) == (None, None)
    with pytest.raises(FileNotFoundError):
        storage.open("gam/b")


def test_writing_replaces_the_whole_file_and_changes_its_tag(storage):
    first = storage.write("ops/x", b"long content")
    assert storage.read("ops/x") == (b"long content", first)
    second = storage.write("ops/x", b"short")
    assert storage.read("ops/x") == (b"short", second)
    assert first != second
    assert [entry.path for entry in storage.entries()] == ["ops/x"]


def test_a_file_is_created_only_once(storage):
    tag = storage.create("ops/x", b"mine")
    with pytest.raises(StaleTagError, match="ops/x"):
        storage.create("ops/x", b"yours")
    assert storage.read("ops/x") == (b"mine", tag)


def test_deleting_twice_is_no_failure(storage):
    storage.write("ops/x", b"")
    storage.delete("ops/x")
    storage.delete("ops/x")
    assert storage.entry("ops/x") is None


def test_a_large_file_is_read_in_pieces(storage, monkeypatch):
    monkeypatch.setattr("adlake.storage.READ_AHEAD_BYTES", 100)
    content = os.urandom(1050)
    storage.write("x", content)
    stream, pieces = storage.open("x"), []
    while piece := bytes(stream.read(100)):
        pieces.append(piece)
    assert (b"".join(pieces), len(pieces)) == (content, 11)
    stream.close()


@pytest.mark.parametrize(
    ("root", "path", "uri", "spark"),
    [
        ("/data/lake", "silver/x", "/data/lake/silver/x", "file:/data/lake/silver/x"),
        ("/data/lake/", "silver/x", "/data/lake/silver/x", "file:/data/lake/silver/x"),
        ("/data/lake", "", "/data/lake", "file:/data/lake"),
        ("s3://b/lake", "silver/x", "s3://b/lake/silver/x", "s3a://b/lake/silver/x"),
        ("s3://b", "", "s3://b", "s3a://b"),
        ("s3://b/s3://c", "x", "s3://b/s3://c/x", "s3a://b/s3://c/x"),
    ],
)
def test_addresses_for_delta_rs_and_for_spark(monkeypatch, root, path, uri, spark):
    monkeypatch.setattr("adlake.storage._open_store", lambda *_: None)
    storage = Storage(root)
    assert (storage.uri(path), storage.spark_uri(path), storage.is_local) == (uri, spark, root.startswith("/"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (S3Options(), {}),
        (S3Options(region="eu-central-1"), {"AWS_REGION": "eu-central-1"}),
        (
            S3Options("http://127.0.0.1:9000"),
            {
                "AWS_ENDPOINT_URL": "http://127.0.0.1:9000",
                "AWS_ALLOW_HTTP": "true",
                "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "false",
            },
        ),
        (
            S3Options("https://store.example", "x"),
            {
                "AWS_ENDPOINT_URL": "https://store.example",
                "AWS_ALLOW_HTTP": "false",
                "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "false",
                "AWS_REGION": "x",
            },
        ),
    ],
)
def test_options_in_the_words_of_delta_rs(options, words):
    assert options.delta_rs() == words


def test_storages_are_equal_by_their_root_and_options(tmp_path):
    root = str(tmp_path)
    assert Storage(root) == Storage(root)
    assert Storage(root) != Storage(root, S3Options(region="x"))
    assert re.search(r"_store", repr(Storage(root))) is None


def test_an_entry_is_equal_only_with_its_tag():
    at = datetime(2026, 11, 1, tzinfo=UTC)
    assert Entry("a", 1, at, "x") != Entry("a", 1, at, "y")
