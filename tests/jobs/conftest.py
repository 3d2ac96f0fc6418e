"""Lakes at every stage of one small delivery: made once per test run, copied by the tests that go on from there."""

import os
import shutil
from collections.abc import Callable

import pytest

from adlake.config import Config
from adlake.contracts import loading
from adlake.quality.verdict import Verdict
from adlake.resources import folder
from adlake.session import Spark
from tests.conftest import make_config
from tests.jobs import lakes
from tests.jobs import suites as hand_made

# Great Expectations takes one to three CPU seconds a table; these modules are about it, or are the whole way.
WITH_THE_GATE = ("test_demo", "test_gate", "test_replay", "test_mailchimp", "test_real_clickstream")
STAGES = ("claim", *lakes.STEPS, "delivered_again")


@pytest.fixture(autouse=True)
def _gate(request, monkeypatch) -> None:
    """Candidates pass the gate unasked in modules that are about something else; rows are split in all of them."""
    if request.path.stem not in WITH_THE_GATE:
        monkeypatch.setattr("adlake.audit.judge", _unasked)


def _unasked(_rows, suite, *, count, split=(), **_):
    return Verdict(suite.table, suite.fingerprint, count, tuple(split))


@pytest.fixture
def shared(session) -> Callable[[Config], Spark]:
    """Gives the session of the test run in the form that a run takes."""
    return lambda config: Spark(config, os.environ, session)


@pytest.fixture(scope="session")
def prepared(session, tmp_path_factory) -> Callable[[str], Config]:
    """Gives the lake as it is after a stage, not to be changed.

    claim            the first delivery is claimed, nothing of it is in a table
    a step           the first delivery, taken up to this step
    delivered_again  after all steps, the second delivery taken into bronze and no further
    """
    made = lakes.PREPARED

    def at(stage: str) -> Config:
        if stage not in made:
            folder = tmp_path_factory.mktemp(stage)
            number = STAGES.index(stage)
            if number:
                config = lakes.copied(at(STAGES[number - 1]), folder)
            else:
                config = make_config(folder)
                lakes.deliver(folder / "landing")
            made[stage] = config
            spark = Spark(config, os.environ, session)
            if stage == "claim":
                lakes.killed_at("claim", config, spark)
            elif stage in lakes.STEPS:
                lakes.run(config, spark, [stage])
            else:
                lakes.deliver_again(folder / "landing")
                lakes.run(config, spark, ["ingest_bronze"])
        return made[stage]

    return at


@pytest.fixture
def lake_after(prepared, tmp_path) -> Callable[[str], Config]:
    """Gives a copy of the lake as it is after a stage."""
    return lambda stage: lakes.copied(prepared(stage), tmp_path / stage)


@pytest.fixture
def lake_before(lake_after) -> Callable[[str], Config]:
    """Gives a copy of the lake as it is before a step."""
    return lambda step: lake_after(STAGES[STAGES.index(step) - 1])


@pytest.fixture
def suites(tmp_path, monkeypatch) -> Callable[[hand_made.Rules], None]:
    """Judges by these rules from now on, by table; the other tables by one that holds nothing."""
    number = 0

    def judge_by(rules: hand_made.Rules) -> None:
        nonlocal number
        number += 1
        root = hand_made.write(tmp_path / f"expectations-{number}", rules)
        monkeypatch.setattr("adlake.quality.suite.folder", lambda _: root)

    return judge_by


@pytest.fixture
def contracts(tmp_path, monkeypatch) -> Callable[[str, str, str], None]:
    """Gives the contracts in which a text of one of them is replaced by another."""
    shipped, number = folder("schemas"), 0

    def changed(name: str, found: str, replacement: str) -> None:
        nonlocal number
        number += 1
        root = tmp_path / f"schemas-{number}"
        shutil.copytree(shipped, root)
        path = root / f"{name}{loading.SUFFIX}"
        text = path.read_text()
        assert text.count(found) == 1
        path.write_text(text.replace(found, replacement))
        monkeypatch.setattr(loading, "folder", lambda _: root)

    return changed
