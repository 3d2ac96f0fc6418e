"""What `adlake setup` does once, and does not do again."""

from pathlib import Path

import pytest

from adlake import preparation
from adlake.errors import UsageError
from adlake.jvm import Java

JAVA = Java(Path("/jdk/bin/java"), 17, "17.0.1")


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Remembers what is done; `archive` is what there is, `trained` what training gives."""

    class Machine:
        def __init__(self):
            self.archive, self.trained = None, tmp_path / "classes.jsa"
            self.done, self.told = [], []

        def resolve(self, cache, sets, *, java):
            self.done.append(("resolve", cache, tuple(sets), java))

        def train(self, cache, java, jars, rehearse):
            self.done.append(("train", cache, java, jars, rehearse))
            return self.trained

        def prepare(self):
            preparation.prepare({"ADLAKE_CACHE": str(tmp_path)}, print, self.told.append)

    machine = Machine()
    monkeypatch.setattr(preparation, "find_java", lambda _: JAVA)
    monkeypatch.setattr(preparation, "resolve", machine.resolve)
    monkeypatch.setattr(preparation, "class_path", lambda _, sets: f"/jars/{'-'.join(sets)}-1.jar:/jars/2.jar")
    monkeypatch.setattr(preparation, "class_data_archive", lambda *_: machine.archive)
    monkeypatch.setattr(preparation, "train", machine.train)
    return machine


def test_jars_are_fetched_and_java_is_trained_on_those_of_a_local_session(machine, tmp_path):
    machine.prepare()
    assert machine.done == [
        ("resolve", tmp_path, ("delta", "s3"), JAVA),
        ("train", tmp_path, JAVA, [Path("/jars/delta-1.jar"), Path("/jars/2.jar")], print),
    ]
    assert machine.told[-1] == "Everything is ready."


def test_a_second_call_only_checks_the_jars(machine, tmp_path):
    machine.archive = tmp_path / "classes.jsa"
    machine.prepare()
    assert [entry[0] for entry in machine.done] == ["resolve"]


def test_a_training_that_failed_is_told_and_is_no_failure(machine, tmp_path):
    machine.trained = None
    machine.prepare()
    assert str(tmp_path / "train.log") in machine.told[-2]


def test_without_java_nothing_is_done(machine, monkeypatch):
    def no_java(_):
        raise UsageError("NO_JAVA", "there is no Java that starts")

    monkeypatch.setattr(preparation, "find_java", no_java)
    with pytest.raises(UsageError, match="NO_JAVA"):
        machine.prepare()
    assert machine.done == []


def test_the_little_run_takes_all_steps_and_stops_its_session(monkeypatch):
    seen = []

    class Session:
        def __init__(self, config, environ):
            seen.append(("landed", any(Path(config.landing).rglob("*.gz")), environ))

        def stop(self):
            seen.append(("stopped",))

    monkeypatch.setattr(preparation, "Spark", Session)
    monkeypatch.setattr(preparation, "execute", lambda steps, *_: seen.append(("steps", tuple(steps))))
    preparation.run_a_little({"A": "b"})
    steps = ("ingest_bronze", "build_silver", "build_gold")
    assert seen == [("landed", True, {"A": "b"}), ("steps", steps), ("stopped",)]
