"""One writer per lake on a local disk: who gets the lock, who is refused, and how a lost one is noticed."""

import json
import os
import socket
import subprocess
import sys
import threading
import time

import psutil
import pytest

from adlake.errors import LockError
from adlake.lock import LOCK_PATH, WriterLock
from adlake.storage import Storage

FAR = 4e9
NO_PROCESS = 2**30
"""No process can have this number on Linux."""


@pytest.fixture
def storage(tmp_path):
    return Storage(str(tmp_path / "lake"))


def claim(**changed):
    """A lock as a living run on another host writes it."""
    return {
        "owner": "r1",
        "host": "elsewhere",
        "pid": 7,
        "process_started_at": 1.0,
        "expires_at": FAR,
        **changed,
    }


def put(storage, content):
    storage.write(LOCK_PATH, content if isinstance(content, bytes) else json.dumps(content).encode())


def owner(storage):
    held = storage.read(LOCK_PATH)
    return None if held is None else json.loads(held[0])["owner"]


def test_the_lock_file_says_who_holds_the_lake_and_until_when(storage):
    before = time.time()
    with WriterLock(storage, "r2", 60) as lock:
        lock.check()
        said = json.loads(storage.read(LOCK_PATH)[0])
    assert before + 60 <= said.pop("expires_at") <= time.time() + 60
    assert said == {
        "owner": "r2",
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "process_started_at": psutil.Process().create_time(),
    }


def test_the_lock_file_is_gone_afterwards_even_after_a_failure(storage):
    owners = []
    with pytest.raises(ZeroDivisionError), WriterLock(storage, "r2"):
        owners.append(owner(storage)) or 1 / 0
    assert (owners, owner(storage)) == (["r2"], None)
    with WriterLock(storage, "r3"):
        assert owner(storage) == "r3"


def test_a_second_run_is_refused_with_a_sentence_and_the_first_is_not_disturbed(storage):
    with WriterLock(storage, "r2") as lock:
        with pytest.raises(LockError) as caught, WriterLock(storage, "r3"):
            pass
        lock.check()
        assert owner(storage) == "r2"
    assert (caught.value.condition, caught.value.where) == ("LAKE_LOCKED", storage.uri(LOCK_PATH))
    assert caught.value.found == f"run r2 on host {socket.gethostname()}, process {os.getpid()}"
    assert owner(storage) is None


def test_a_living_writer_on_another_host_is_believed(storage):
    put(storage, claim())
    with pytest.raises(LockError) as caught, WriterLock(storage, "r2"):
        pass
    assert (caught.value.condition, caught.value.found) == ("LAKE_LOCKED", "run r1 on host elsewhere, process 7")
    assert owner(storage) == "r1"


def here(**changed):
    """A lock of this very process."""
    started = psutil.Process().create_time()
    return claim(host=socket.gethostname(), pid=os.getpid(), process_started_at=started, **changed)


def test_the_claim_of_a_living_process_here_is_believed(storage):
    put(storage, here())
    with pytest.raises(LockError, match="LAKE_LOCKED"), WriterLock(storage, "r2"):
        pass


@pytest.mark.parametrize(
    "left",
    [
        pytest.param(claim(expires_at=1000.0), id="expired elsewhere"),
        pytest.param(here(expires_at=1000.0), id="expired here, its process asleep"),
        pytest.param(here() | {"pid": NO_PROCESS}, id="its process is gone"),
        # numbers of processes are used again
        pytest.param(here() | {"process_started_at": 1000.0}, id="its number belongs to another process"),
        pytest.param(here() | {"pid": -1}, id="no process"),
        pytest.param(here() | {"pid": "x"}, id="no number"),
        pytest.param({}, id="says nothing"),
        pytest.param([], id="another kind of document"),
        pytest.param(b"", id="empty"),
        pytest.param(b'{"owner": "r1", "expi', id="cut"),
        pytest.param(b"\xff\xfe\x00", id="no text"),
        pytest.param(claim(expires_at=None), id="expires never"),
        pytest.param(claim(expires_at="soon"), id="expires at no time"),
        pytest.param(here() | {"pid": None}, id="process unknown"),
        pytest.param(here() | {"process_started_at": None}, id="start unknown"),
    ],
)
def test_a_lock_that_nobody_holds_any_more_is_taken_over_at_once(storage, left):
    put(storage, left)
    with WriterLock(storage, "r2") as lock:
        lock.check()
        assert owner(storage) == "r2"
    assert owner(storage) is None


HOLD = """
import sys, time
from adlake.lock import WriterLock
from adlake.storage import Storage
with WriterLock(Storage(sys.argv[1]), "killed"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_killed_process_leaves_its_lock_to_the_next_run(storage):
    command = [sys.executable, "-c", HOLD, storage.root]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(LockError, match="LAKE_LOCKED"), WriterLock(storage, "r2"):
            pass
        process.kill()
        process.wait(timeout=30)
        assert owner(storage) == "killed"
        with WriterLock(storage, "r3"):
            assert owner(storage) == "r3"


def until(condition):
    """Wait until the condition holds; the test fails when it does not within 10 seconds."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_heartbeat_moves_the_expiry_on(storage):
    def expires():
        return json.loads(storage.read(LOCK_PATH)[0])["expires_at"]

    with WriterLock(storage, "r2", 0.3) as lock:
        first = expires()
        until(lambda: expires() > first + 0.5)
        lock.check()
        with pytest.raises(LockError, match="LAKE_LOCKED"), WriterLock(storage, "r3"):
            pass


def test_the_heartbeat_ends_with_the_lock(storage):
    with WriterLock(storage, "r2", 0.03):
        until(lambda: any(thread.name == "writer-lock" for thread in threading.enumerate()))
    assert not any(thread.name == "writer-lock" for thread in threading.enumerate())
    time.sleep(0.1)
    assert owner(storage) is None


@pytest.mark.parametrize("taken", [claim(), b"", None])
def test_a_lock_that_was_lost_is_noticed_before_the_next_commit_and_not_removed(storage, taken):
    with WriterLock(storage, "r2") as lock:
        lock.check()
        if taken is None:
            storage.delete(LOCK_PATH)
        else:
            put(storage, taken)
        with pytest.raises(LockError) as caught:
            lock.check()
    assert (caught.value.condition, caught.value.where) == ("LOCK_LOST", storage.uri(LOCK_PATH))
    held = storage.read(LOCK_PATH)
    assert (held and held[0]) == (json.dumps(taken).encode() if isinstance(taken, dict) else taken)


def test_a_lock_lost_at_a_heartbeat_stays_lost(storage):
    """The other writer may have come and gone between two commits."""
    with WriterLock(storage, "r2", 0.06) as lock:
        put(storage, claim())
        until(lambda: not lock._heartbeat.is_alive())
        put(storage, claim(owner="r2"))
        with pytest.raises(LockError, match="LOCK_LOST"):
            lock.check()
    assert owner(storage) == "r2"


def test_one_failed_heartbeat_does_not_give_the_lake_away(storage, monkeypatch):
    """A disk or a network that fails for a moment has not taken the lock from us."""
    write, failures = Storage.write, iter([OSError("no answer")])

    def flaky(self, path, content):
        for failure in failures:
            raise failure
        return write(self, path, content)

    with WriterLock(storage, "r2", 0.15) as lock:
        first = json.loads(storage.read(LOCK_PATH)[0])["expires_at"]
        monkeypatch.setattr(Storage, "write", flaky)
        until(lambda: json.loads(storage.read(LOCK_PATH)[0])["expires_at"] > first)
        lock.check()


def race(storage, runs):
    """Runs that reach for the lock at the same moment: the owners that got it, and the conditions of those refused."""
    start, done = threading.Barrier(runs), threading.Barrier(runs)
    won, refused = [], []

    def reach(name):
        start.wait(timeout=30)
        try:
            with WriterLock(storage, name) as lock:
                won.append(name)
                done.wait(timeout=30)
                lock.check()
        except LockError as error:
            refused.append(error.condition)
            done.wait(timeout=30)

    threads = [threading.Thread(target=reach, args=(f"r{number}",)) for number in range(runs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return won, refused


@pytest.mark.parametrize("left", [None, claim(expires_at=1000.0), b""])
def test_of_runs_that_start_at_once_exactly_one_wins(storage, left):
    for _ in range(10):
        if left is not None:
            put(storage, left)
        won, refused = race(storage, 2)
        assert (len(won), refused) == (1, ["LAKE_LOCKED"])
        assert owner(storage) is None


def test_of_many_runs_that_start_at_once_exactly_one_wins(storage):
    put(storage, claim(expires_at=1000.0))
    won, refused = race(storage, 8)
    assert (len(won), refused) == (1, ["LAKE_LOCKED"] * 7)
