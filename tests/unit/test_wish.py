"""What a replay says of the rows that it was asked for."""

import pytest

from adlake.errors import AccountError
from adlake.wish import DoneReplay

DONE = DoneReplay("silver.bids", "replay-1", 1, 2, {"a": 3}, {"b": 4}, is_dry=False, settled=5, gone=6)


def test_every_row_that_was_asked_for_has_one_outcome():
    assert (DONE.rows, DONE.came_back) == (21, 10)
    DONE.check(21)
    for asked in (20, 22):
        with pytest.raises(AccountError) as refusal:
            DONE.check(asked)
        assert (refusal.value.condition, refusal.value.wanted) == ("REPLAY_OPEN", str(asked))


def test_people_are_told_of_each_outcome_that_there_was():
    told = "silver.bids: 21 refused rows looked at again: 1 published, 2 there already, 3 still refused (a: 3)"
    assert str(DONE) == f"{told}, 4 left out (b: 4), 5 published before, 6 no longer held"
    none = DoneReplay("silver.bids", "replay-1", 0, 0, {}, {}, is_dry=False)
    assert str(none).endswith(": 0 published, 0 there already, 0 still refused, 0 left out")
