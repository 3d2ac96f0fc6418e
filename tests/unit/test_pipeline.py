"""The list of steps that runners and schedulers are made of."""

import subprocess
import sys

import pytest

from adlake.errors import UsageError
from adlake.pipeline import HOUSEKEEPING, JOBS, PIPELINE, STEPS, steps_from
from adlake.work import WORK

NAMES = ("ingest_bronze", "build_silver", "build_gold")


def test_the_steps_are_in_order_and_each_has_its_work():
    assert tuple(step.name for step in PIPELINE) == tuple(STEPS) == NAMES
    assert tuple(WORK) == tuple(JOBS) == (*NAMES, *[step.name for step in HOUSEKEEPING])


def test_no_run_takes_along_what_keeps_a_lake_in_order():
    beside = [step.name for step in HOUSEKEEPING]
    assert beside == ["maintain_tables", "replay_quarantine", "rotate_identity_key"]
    assert not set(beside) & set(steps_from(None))


def test_maintenance_reads_and_writes_the_same_layers():
    assert JOBS["maintain_tables"].reads == JOBS["maintain_tables"].writes


def test_every_step_reads_what_landing_or_a_step_before_it_has_written():
    written = {"landing"}
    for step in PIPELINE:
        assert set(step.reads) <= written, step.name
        written |= set(step.writes)
    assert written == {"landing", "bronze", "silver", "vault", "gold", "quarantine"}


@pytest.mark.parametrize(
    ("name", "steps"), [(None, NAMES), (NAMES[0], NAMES), (NAMES[1], NAMES[1:]), (NAMES[2], NAMES[2:])]
)
def test_the_steps_from_one_on(name, steps):
    assert steps_from(name) == steps


@pytest.mark.parametrize("name", ["", "gold", "BUILD_GOLD", "build_gold "])
def test_an_unknown_step_is_refused_with_the_known_ones(name):
    with pytest.raises(UsageError) as caught:
        steps_from(name)
    error = caught.value
    assert (error.condition, error.where, error.found) == ("UNKNOWN_STEP", "--from", repr(name))
    assert error.wanted == "ingest_bronze, build_silver, build_gold"


def test_a_scheduler_can_read_the_list_without_spark():
    script = "import sys, adlake.pipeline; print(sorted(name for name in sys.modules if name.startswith('pyspark')))"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert found.stdout == "[]\n"
