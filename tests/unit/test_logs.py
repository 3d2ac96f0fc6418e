"""Log lines: the run id on each, JSON for machines, and no secret in a traceback."""

import io
import json

import pytest
import structlog

from adlake.logs import set_up_logs


def test_machines_get_one_object_a_line_with_the_run_id():
    stream = io.StringIO()
    set_up_logs("r1", as_json=True, stream=stream)
    structlog.get_logger().info("progress", step="build_gold", done=1)
    structlog.get_logger().warning("set aside")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert first.pop("timestamp").endswith("Z")
    assert first == {"event": "progress", "level": "info", "run_id": "r1", "step": "build_gold", "done": 1}
    assert (second["level"], second["run_id"]) == ("warning", "r1")


def test_people_get_text_without_colour_in_a_file():
    stream = io.StringIO()
    set_up_logs("r1", as_json=False, stream=stream)
    structlog.get_logger().info("progress", step="build_gold", done=1)
    assert stream.getvalue().split()[1:] == ["[info", "]", "progress", "done=1", "run_id=r1", "step=build_gold"]


def test_the_next_run_has_its_own_id_and_nothing_of_the_last():
    stream = io.StringIO()
    set_up_logs("r1", as_json=True, stream=io.StringIO())
    structlog.contextvars.bind_contextvars(step="build_gold")
    set_up_logs("r2", as_json=True, stream=stream)
    structlog.get_logger().info("progress")
    found = json.loads(stream.getvalue())
    assert (found["run_id"], "step" in found) == ("r2", False)


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_shows_no_local_variables(as_json):
    stream = io.StringIO()
    set_up_logs("r1", as_json=as_json, stream=stream)

    def fail(secret):
        return secret / 0

    try:
        fail(4711.25)
    except ZeroDivisionError:
        structlog.get_logger().exception("failed")
    except TypeError:
        pytest.fail("not reached")
    assert "ZeroDivisionError" in stream.getvalue()
    assert "4711" not in stream.getvalue().replace("fail(4711.25)", "")


def test_standard_output_stays_with_results(capsys):
    set_up_logs("r1", as_json=True)
    structlog.get_logger().info("progress")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert json.loads(captured.err)["event"] == "progress"
