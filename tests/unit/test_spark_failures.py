"""The reason of a failure in one line, which holds no value of a row."""

import pytest

from adlake.spark_failures import cause_of

SOMEBODY = "jane.doe@example.com"


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ValueError(f"[CAST_INVALID_INPUT] The value '{SOMEBODY}' cannot be cast"), "CAST_INVALID_INPUT"),
        (RuntimeError("failed\nCaused by: java.io.IOException: No space left"), "java.io.IOException: No space left"),
        (RuntimeError(f"x\nCaused by: java.lang.IllegalState$1: {SOMEBODY}"), "java.lang.IllegalState$1"),
        (ValueError(f"SomeError: {SOMEBODY}"), "SomeError"),
        # what Python says of itself begins with anything
        (TypeError(f"'{SOMEBODY}' is not JSON serializable"), "TypeError"),
        (KeyError(SOMEBODY), "KeyError"),
        (ValueError(f"{SOMEBODY}: no number"), "ValueError"),
        (ValueError("jane.doe: no number"), "ValueError"),
        (ValueError(""), "ValueError"),
    ],
)
def test_a_cause_names_conditions_classes_and_storage_and_nobody(error, cause):
    assert cause_of(error) == cause
