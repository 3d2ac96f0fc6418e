"""What makes sessions is checked before anything starts."""

import pytest
from pydantic import ValidationError

from adlake.config import SessionsConfig


def test_the_defaults_are_those_of_snowplow_and_google():
    assert SessionsConfig().model_dump() == {
        "heartbeat_seconds": 10,
        "minimum_visit_seconds": 5,
        "timeout_minutes": 30,
        "maximum_days": 3,
        "engaged_seconds": 10,
        "conversions": (),
    }


def test_conversions_are_names_of_events():
    assert SessionsConfig(conversions=["subscribe", "buy"]).conversions == ("subscribe", "buy")


@pytest.mark.parametrize(
    "values",
    [
        {"heartbeat_seconds": 0},
        {"heartbeat_seconds": 2.5},
        {"minimum_visit_seconds": 0},
        {"timeout_minutes": 0},
        # what is silent for longer than a day is not looked up
        {"timeout_minutes": 1441},
        {"maximum_days": 0},
        {"maximum_days": 8},
        {"engaged_seconds": -1},
        {"conversions": "buy"},
        {"conversions": ("",)},
        {"timeout_seconds": 1800},
    ],
)
def test_other_values_are_refused(values):
    with pytest.raises(ValidationError) as caught:
        SessionsConfig.model_validate(values)
    assert {error["loc"][0] for error in caught.value.errors()} == set(values)
