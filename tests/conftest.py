"""Fixtures for all tests: one Spark session per run, a lake of its own per test."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from adlake.config import Config
from adlake.session import Spark, build_session

SECRET = "0123456789abcdef0123456789abcdef"
REAL = Path(__file__).parents[2] / "shared" / "real"
# Short work: the first compiler is enough, and a start costs a third. Alone it would get 48 MB for its code, which the
# generated classes of a whole test run fill; a JVM without room for code ends.
SMALL_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=480m"


def pytest_collection_modifyitems(items):
    for item in items:
        for folder in ("spark", "jobs", "aws"):
            if folder in Path(str(item.path)).parts:
                item.add_marker(getattr(pytest.mark, folder))


@pytest.fixture(scope="session", autouse=True)
def _environment():
    """No test sees the machine's AWS settings, or its time zone."""
    before = dict(os.environ)
    for name in list(os.environ):
        if name.startswith(("AWS_", "ADLAKE_LAKE")):
            del os.environ[name]
    os.environ.update(TZ="America/New_York", JAVA_TOOL_OPTIONS=SMALL_JVM, PYTHONDONTWRITEBYTECODE="1")
    time.tzset()
    yield
    os.environ.clear()
    os.environ.update(before)
    time.tzset()


def make_config(folder: Path, **settings) -> Config:
    """A configuration whose lake, landing zone and key lie in the folder."""
    (folder / "landing").mkdir(parents=True, exist_ok=True)
    key = folder / "identity.key"
    key.write_text(SECRET)
    values = {
        "lake": str(folder / "lake"),
        "landing": str(folder / "landing"),
        "tenant": "test",
        "network_time_zone": "Europe/Berlin",
        "quiet_seconds": 0,
        "identity": {"key_file": str(key)},
        "spark": {"driver_memory": "2g", "cores": 2, "shuffle_partitions": 2},
    }
    return Config.model_validate(values | settings)


@pytest.fixture(autouse=True)
def _logs():
    """No test writes its log lines where an earlier one collected them."""
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def config(tmp_path) -> Config:
    """A lake of its own."""
    return make_config(tmp_path)


@pytest.fixture(scope="session")
def session(tmp_path_factory) -> Iterator[object]:
    """The one Spark session of the test run."""
    folder = tmp_path_factory.mktemp("session")
    session = build_session(make_config(folder), os.environ)
    assert session.version == "4.1.1"
    # code that Java does not take would be run uncompiled, with pages of complaints that no test sees
    session.conf.set("spark.sql.codegen.fallback", "false")
    yield session
    session.stop()


class SharedSpark(Spark):
    """The session of the test run in the form that a run takes; stopping is the test run's business."""

    def stop(self) -> None:
        """Nothing."""


@pytest.fixture
def spark_of(session):
    """Gives a run's `Spark` for a configuration; `is_started` tells whether the run asked for the session."""

    class Counting(SharedSpark):
        asked = False

        @property
        def session(self):
            type(self).asked = self.asked = True
            return session

        @property
        def is_started(self):
            return self.asked

    return lambda config: Counting(config, os.environ)


@pytest.fixture
def spark(session):
    """The Spark session."""
    return session


@pytest.fixture
def real() -> Path:
    """Real files, which are not part of the project."""
    if not REAL.is_dir():
        pytest.skip(f"no real files at {REAL}")
    return REAL


sys.path.insert(0, str(Path(__file__).parent))
