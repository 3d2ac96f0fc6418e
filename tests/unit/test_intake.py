"""Taking delivered files in: what is claimed, for which batch, and what is left, noted or set aside."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adlake import boundary, intake
from adlake.account import Account
from adlake.contracts import table
from adlake.errors import SourceError
from adlake.intake import is_as_claimed, landed, release, take_in
from adlake.lake import Lake
from adlake.landing import Layout
from adlake.ledger import Ledger
from adlake.records import AccountRecord
from adlake.run import Run
from adlake.sources.source import LandedFile, Source

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
COLUMNS = ("id", "at")


def record_type_of(path):
    kind = path.rsplit("/", 1)[-1].partition("_")[0]
    return kind if kind in {"Clicks", "Requests"} else None


def layout_of(record_type, first_line):
    if first_line != "id,at":
        raise SourceError("HEADER_UNKNOWN", f"the first line is no {record_type} header", found="a row")
    return Layout(",", COLUMNS, has_header=True)


PAPER = Source(
    name="paper",
    record_types={"Clicks": "gam_clicks", "Requests": "gam_requests"},
    record_type_of=record_type_of,
    layout_of=layout_of,
    read=None,
    refinements={},
)
BOARD = replace(PAPER, name="board")


@pytest.fixture
def lake(config):
    return Lake(config)


@pytest.fixture
def run(lake):
    return start(lake)


def start(lake, run_id="r1", now=NOON, **settings):
    changed = Lake(lake.config.model_copy(update=settings))
    return Run(run_id, changed, Ledger(changed), lock=None, spark=None, now=now, notify=None)


@pytest.fixture
def deliver(config):
    """Puts a file into the landing zone, by default an hour old."""

    def put(path, text="id,at\n1,2\n", *, at=NOON - timedelta(hours=1)):
        place = Path(config.landing, path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode())
        os.utime(place, (at.timestamp(), at.timestamp()))
        return place

    return put


def take(run, *sources):
    return take_in(run, {source.name: source for source in sources or (PAPER,)})


def states(run):
    """Path, state and batch of everything that ops holds, oldest first, as another run reads it."""
    return [(record.path, record.state, record.batch_id) for record in Ledger(run.lake).files()]


def commit_to_bronze(run, batch, name="gam_clicks"):
    run.ledger.add_accounts(
        [AccountRecord(run.run_id, batch, "ingest_bronze", f"bronze.{name}", 0, Account(1, 1), 0.0, 0.0, NOON)]
    )


def test_a_new_file_is_claimed_with_all_that_the_inspection_found(run, deliver):
    deliver("paper/2026/Clicks_1", "id,at\r\n1,2\r\n\r\n3,4\r\n", at=NOON - timedelta(minutes=7))
    before = datetime.now(UTC)
    (batch,) = take(run)
    (record,) = Ledger(run.lake).files()
    assert before <= record.at_utc <= datetime.now(UTC)
    assert batch == record.at_utc.strftime("%Y%m%dT%H%M%S%fZ")
    assert replace(record, at_utc=NOON, content_sha256="") == intake.FileRecord(
        run_id="r1",
        source="paper",
        path="paper/2026/Clicks_1",
        state="claimed",
        size_bytes=19,
        modified_at_utc=NOON - timedelta(minutes=7),
        at_utc=NOON,
        batch_id=batch,
        table="gam_clicks",
        record_type="Clicks",
        content_sha256="",
        records=2,
        delimiter=",",
        line_end="crlf",
        header=COLUMNS,
        reason=None,
        replaces_batch_id=None,
    )
    assert record.content_sha256 == "f50e8ee877cddde621265f634d557b354511b9dd67ad5f5f18f5fd0a2432ec07"


def test_nothing_new_writes_nothing(run, deliver):
    assert take(run) == []
    assert run.lake.version(table("ops.files")) == -1
    deliver("paper/Clicks_1")
    assert len(take(run)) == 1
    again = start(run.lake, "r2")
    assert (take(again), again.lake.version(table("ops.files"))) == ([], 0)
    assert [state for _, state, _ in states(run)] == ["claimed"]


def test_the_claim_is_a_boundary_and_stands_in_writing_before_it(run, deliver):
    reached = []
    unwatch = boundary.watch(lambda name: reached.append((name, len(Ledger(run.lake).files()))))
    try:
        take(run)
        assert reached == []
        deliver("paper/Clicks_1")
        take(run)
    finally:
        unwatch()
    assert reached == [("claim", 1)]


def test_only_the_files_of_the_named_sources_are_taken(run, deliver):
    deliver("board/Clicks_1")
    deliver("paper/Clicks_1")
    deliver("paperback/Clicks_1")
    deliver("Clicks_1")
    take(run, PAPER)
    assert [path for path, *_ in states(run)] == ["paper/Clicks_1"]


def test_the_file_of_a_later_source_is_typed_by_its_path_below_it(run, deliver):
    heard = []
    source = replace(BOARD, record_type_of=lambda path: heard.append(path) or "Clicks")
    deliver("board/board/2026/11/x")
    take(run, PAPER, source)
    assert heard == ["board/2026/11/x"]


def test_a_file_that_changed_a_moment_ago_is_left_for_the_next_run(lake, deliver):
    early = start(lake, quiet_seconds=300)
    deliver("paper/Clicks_quiet", at=NOON - timedelta(seconds=300))
    deliver("paper/Clicks_busy", at=NOON - timedelta(seconds=299))
    deliver("paper/Clicks_future", at=NOON + timedelta(hours=1))
    take(early)
    assert [path for path, *_ in states(early)] == ["paper/Clicks_quiet"]
    late = start(lake, "r2", now=NOON + timedelta(seconds=1), quiet_seconds=300)
    take(late)
    assert [path for path, *_ in states(late)] == ["paper/Clicks_quiet", "paper/Clicks_busy"]


def test_batches_hold_at_most_so_many_bytes_and_a_larger_file_alone(lake, deliver):
    run = start(lake, batch_bytes=30)
    sizes = {"a": 10, "b": 10, "c": 10, "d": 1, "e": 40, "f": 20, "g": 11, "h": 19}
    for number, (name, size) in enumerate(sizes.items()):
        text = "id,at\n" + "1,2\n" * size
        deliver(f"paper/Clicks_{name}", text[:size], at=NOON - timedelta(minutes=60 - number))
    found = take_in(run, {"paper": replace(PAPER, layout_of=lambda *_: Layout("i", ("i",), has_header=False))})
    batches = {}
    for path, _, batch in states(run):
        batches.setdefault(batch, []).append(path[-1])
    assert list(batches.values()) == [["a", "b", "c"], ["d"], ["e"], ["f"], ["g", "h"]]
    assert found == list(batches) == sorted(batches)


def test_batches_claimed_at_the_same_moment_keep_all_their_files(lake, deliver, monkeypatch):
    run = start(lake, batch_bytes=1)
    for name in "abc":
        deliver(f"paper/Clicks_{name}")
    monkeypatch.setattr(intake, "utc_now", lambda: NOON)
    batches = take(run)
    assert (len(set(batches)), batches) == (3, sorted(batches))
    assert [path[-1] for path, *_ in states(run)] == ["a", "b", "c"]


def test_a_clock_that_was_set_back_does_not_turn_the_order_of_batches(lake, deliver, monkeypatch):
    """Which delivery of a path is the newer one is told by the batch id."""
    moments = iter([NOON] * 10)
    monkeypatch.setattr(intake, "utc_now", lambda: next(moments))
    deliver("paper/Clicks_1")
    (first,) = take(start(lake))
    moments = iter([NOON - timedelta(minutes=5)] * 10)
    deliver("paper/Clicks_1", "id,at\n1,3\n", at=NOON - timedelta(minutes=1))
    (second,) = take(start(lake, "r2"))
    assert first < second


def test_files_are_claimed_in_the_order_of_their_delivery(lake, deliver):
    run = start(lake, batch_bytes=1)
    for name, minutes in {"a": 1, "b": 3, "c": 2}.items():
        deliver(f"paper/Clicks_{name}", at=NOON - timedelta(minutes=minutes))
    take(run)
    assert [path[-1] for path, *_ in states(run)] == ["b", "c", "a"]


def test_unreadable_files_are_set_aside_with_the_reason_and_the_rest_is_taken(run, deliver):
    deliver("paper/Other_1")
    deliver("paper/Clicks_empty", "")
    deliver("paper/Clicks_rows", "1,2\n")
    deliver("paper/Clicks_x.gz", "id,at\n")
    deliver("paper/Clicks_good")
    (batch,) = take(run)
    found = {record.path[6:]: record for record in Ledger(run.lake).files()}
    assert found.pop("Clicks_good").batch_id == batch
    assert {record.state for record in found.values()} == {"set_aside"}
    assert {name: record.reason for name, record in found.items()} == {
        "Other_1": "[UNKNOWN_NAME] the file name states none of the known types: Clicks, Requests",
        "Clicks_empty": "[EMPTY_FILE] the file holds nothing",
        "Clicks_rows": "[HEADER_UNKNOWN] the first line is no Clicks header",
        "Clicks_x.gz": "[NOT_GZIP] the name ends in .gz but the content is no gzip",
    }
    types = {"Other_1": None, "Clicks_empty": "Clicks", "Clicks_rows": "Clicks", "Clicks_x.gz": "Clicks"}
    assert {name: record.record_type for name, record in found.items()} == types
    assert {(record.batch_id, record.records, record.content_sha256) for record in found.values()} == {
        (None, None, None)
    }
    assert sorted(record.path for record in run.set_aside) == sorted(f"paper/{name}" for name in found)


def test_a_file_set_aside_is_tried_again_only_when_it_changes(run, deliver):
    deliver("paper/Clicks_1", "")
    take(run)
    second = start(run.lake, "r2")
    assert (take(second), second.set_aside) == ([], [])
    deliver("paper/Clicks_1", "id,at\n1,2\n", at=NOON - timedelta(minutes=1))
    (batch,) = take(start(run.lake, "r3"))
    assert states(run) == [("paper/Clicks_1", "set_aside", None), ("paper/Clicks_1", "claimed", batch)]


def test_the_same_content_again_is_noted_and_not_taken(run, deliver):
    deliver("paper/Clicks_1")
    (batch,) = take(run)
    commit_to_bronze(run, batch)
    deliver("paper/Clicks_1", at=NOON - timedelta(minutes=1))
    assert take(start(run.lake, "r2")) == []
    assert states(run) == [("paper/Clicks_1", "claimed", batch), ("paper/Clicks_1", "unchanged", None)]
    assert Ledger(run.lake).files()[-1].reason == "the content is what was taken before"
    third = start(run.lake, "r3")
    assert (take(third), third.lake.version(table("ops.files"))) == ([], 1)


def test_other_content_is_a_new_version_that_names_the_batch_it_replaces(run, deliver):
    deliver("paper/Clicks_1")
    (first,) = take(run)
    commit_to_bronze(run, first)
    deliver("paper/Clicks_1", "id,at\n1,3\n", at=NOON - timedelta(minutes=1))
    (second,) = take(start(run.lake, "r2"))
    assert states(run) == [("paper/Clicks_1", "claimed", first), ("paper/Clicks_1", "claimed", second)]
    assert Ledger(run.lake).files()[-1].replaces_batch_id == first
    commit_to_bronze(run, second)
    # the first content once more is again another one than the newest
    deliver("paper/Clicks_1", at=NOON)
    (third,) = take(start(run.lake, "r3"))
    assert Ledger(run.lake).files()[-1].replaces_batch_id == second
    assert list(Ledger(run.lake).claims()) == [first, second, third]


def test_a_claim_that_bronze_has_not_committed_is_released_when_the_file_changes(run, deliver):
    deliver("paper/Clicks_1")
    deliver("paper/Clicks_2", "id,at\n2,2\n")
    (first,) = take(run)
    deliver("paper/Clicks_1", "id,at\n1,3\n", at=NOON - timedelta(minutes=1))
    (second,) = take(start(run.lake, "r2"))
    assert states(run)[2:] == [("paper/Clicks_1", "released", first), ("paper/Clicks_1", "claimed", second)]
    claims = Ledger(run.lake).claims()
    assert {batch: [file.path for file in files] for batch, files in claims.items()} == {
        first: ["paper/Clicks_2"],
        second: ["paper/Clicks_1"],
    }
    newest = Ledger(run.lake).files()[-1]
    assert (newest.replaces_batch_id, newest.run_id) == (None, "r2")


def test_a_claim_counts_as_committed_only_by_its_own_table(run, deliver):
    """One batch holds several tables; bronze may have committed one of them and died."""
    deliver("paper/Clicks_1")
    deliver("paper/Requests_1", "id,at\n7,7\n")
    (first,) = take(run)
    commit_to_bronze(run, first, "gam_requests")
    for name in ("Clicks", "Requests"):
        deliver(f"paper/{name}_1", "id,at\n1,3\n", at=NOON - timedelta(minutes=1))
    take(start(run.lake, "r2"))
    found = [(record.path, record.state, record.replaces_batch_id) for record in Ledger(run.lake).files()[2:]]
    assert found == [
        ("paper/Clicks_1", "released", None),
        ("paper/Clicks_1", "claimed", None),
        ("paper/Requests_1", "claimed", first),
    ]


def test_a_file_touched_before_bronze_took_it_is_claimed_anew(run, deliver):
    """Its old claim is void, because size and time are what a claim is held against."""
    deliver("paper/Clicks_1")
    (first,) = take(run)
    deliver("paper/Clicks_1", at=NOON - timedelta(minutes=1))
    second = start(run.lake, "r2")
    (batch,) = take(second)
    assert list(second.ledger.claims()) == [batch] != [first]
    assert all(is_as_claimed(second, file) for file in second.ledger.claims()[batch])


def test_a_released_file_is_taken_again_even_as_it_is(run, deliver):
    deliver("paper/Clicks_1")
    (first,) = take(run)
    (claimed,) = run.ledger.claims()[first]
    run.ledger.add_files([release(run, claimed)])
    (second,) = take(start(run.lake, "r2"))
    assert states(run) == [
        ("paper/Clicks_1", "claimed", first),
        ("paper/Clicks_1", "released", first),
        ("paper/Clicks_1", "claimed", second),
    ]


def test_a_release_says_why_and_keeps_the_claim_recognisable(run, deliver):
    deliver("paper/Clicks_1")
    (batch,) = take(run)
    (claimed,) = run.ledger.claims()[batch]
    note = release(start(run.lake, "r9"), claimed)
    assert note.at_utc > claimed.at_utc
    reason = "the file changed or vanished before its batch was committed"
    assert note == replace(claimed, run_id="r9", state="released", reason=reason, at_utc=note.at_utc)


def test_a_file_is_as_claimed_while_size_and_time_are(run, deliver):
    place = deliver("paper/Clicks_1")
    (batch,) = take(run)
    (claimed,) = run.ledger.claims()[batch]
    assert is_as_claimed(run, claimed)
    deliver("paper/Clicks_1", "id,at\n1,22\n")
    assert not is_as_claimed(run, claimed)
    deliver("paper/Clicks_1", at=NOON - timedelta(minutes=59))
    assert not is_as_claimed(run, claimed)
    deliver("paper/Clicks_1")
    assert is_as_claimed(run, claimed)
    place.unlink()
    assert not is_as_claimed(run, claimed)


def test_a_file_that_vanishes_while_it_is_looked_for_is_no_failure(run, deliver):
    """Landing files expire, and some senders rename; what is gone is not there to be taken."""
    deliver("paper/Clicks_1")
    place = deliver("paper/Clicks_2")
    source = replace(PAPER, record_type_of=lambda path: (path.endswith("2") and place.unlink()) or "Clicks")
    assert len(take_in(run, {"paper": source})) == 1
    assert [(path, state) for path, state, _ in states(run) if state == "claimed"] == [("paper/Clicks_1", "claimed")]


def test_a_claimed_file_is_handed_to_its_source_as_it_was_inspected(run, deliver):
    deliver("paper/Clicks_1", "id,at\r\n1,2\r\n")
    (batch,) = take(run)
    (claimed,) = Ledger(run.lake).claims()[batch]
    layout = Layout(",", COLUMNS, has_header=True, line_end="\r\n")
    assert landed(claimed, PAPER) == LandedFile("paper/Clicks_1", "Clicks", 1, layout, 12)


def test_a_claimed_file_without_a_header_has_the_columns_of_its_source(run, deliver):
    source = replace(PAPER, layout_of=lambda *_: Layout("\t", ("x", "y"), has_header=False))
    deliver("paper/Clicks_1", "1\t2\n")
    (batch,) = take(run, source)
    (claimed,) = Ledger(run.lake).claims()[batch]
    assert claimed.header is None
    assert landed(claimed, source).layout == Layout("\t", ("x", "y"), has_header=False, line_end="\n")
