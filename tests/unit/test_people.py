"""When the map of keys to people is behind its links; no JVM."""

from datetime import date
from types import SimpleNamespace

import pytest

from adlake.contracts import table
from adlake.lake import Lake
from adlake.people import CONSUMED, LINKS, TABLE, Due, pending
from tests.unit.small_lakes import commit, said

FIRST = "20261101T000000000000Z"


@pytest.fixture
def run(config):
    return SimpleNamespace(lake=Lake(config))


def test_only_a_map_that_is_behind_is_gone_on_with_by_the_next_run(run):
    assert pending(run, rebuild=True) is None
    commit(run.lake, LINKS, [{"id_key": "k", "event_date": date(2026, 11, 1)}], said(LINKS, FIRST, ["2026-11-01"]))
    assert pending(run) == pending(run, rebuild=True) == Due(0, (FIRST,), is_open=True)

    commit(run.lake, TABLE, [{"id_key": "k"}], said(TABLE, FIRST, []), markers={CONSUMED: 0})
    assert run.lake.marker(table(TABLE), CONSUMED) == 0
    assert pending(run) is None
    assert pending(run, rebuild=True) == Due(0, (), is_open=False)
