"""Failures: their tree, their one line, and that they survive a journey between processes."""

import pickle

import pytest

from adlake import boundary, errors
from adlake.errors import (
    AccountError,
    AdlakeError,
    ContractError,
    GateHeld,
    LockError,
    PublishError,
    SourceError,
    UsageError,
)

TREE = {
    AdlakeError: (Exception, 1),
    UsageError: (AdlakeError, 2),
    ContractError: (UsageError, 2),
    SourceError: (AdlakeError, 1),
    AccountError: (AdlakeError, 1),
    PublishError: (AdlakeError, 1),
    LockError: (AdlakeError, 1),
    GateHeld: (AdlakeError, 3),
}


def test_the_tree_is_the_one_that_the_module_draws():
    found = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert found == set(TREE)
    assert {kind: (kind.__base__, kind.exit_code) for kind in TREE} == TREE
    assert all(kind.__name__ in errors.__doc__ for kind in TREE)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({}, "[NO_ROOM] the disk is full."),
        ({"where": "gold.x"}, "[NO_ROOM] gold.x: the disk is full."),
        ({"found": "0 bytes"}, "[NO_ROOM] the disk is full. Found: 0 bytes."),
        ({"wanted": "1 byte"}, "[NO_ROOM] the disk is full. Wanted: 1 byte."),
        ({"way_out": "Mend it."}, "[NO_ROOM] the disk is full. Mend it."),
        (
            {"where": "gold.x", "found": "0", "wanted": "1", "way_out": "Mend it."},
            "[NO_ROOM] gold.x: the disk is full. Found: 0. Wanted: 1. Mend it.",
        ),
    ],
)
def test_a_message_answers_what_where_and_how_in_one_line(facts, message):
    assert str(AdlakeError("NO_ROOM", "the disk is full", **facts)) == message


@pytest.mark.parametrize("kind", TREE)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_failure_is_the_same_after_a_journey(kind, protocol):
    sent = kind("NO_ROOM", "the disk is full", where="a", found="b", wanted="c", way_out="D.")
    got = pickle.loads(pickle.dumps(sent, protocol))  # noqa: S301 our own bytes
    assert type(got) is kind
    assert vars(got) == vars(sent)
    assert (str(got), got.exit_code) == (str(sent), sent.exit_code)
    facts = {"condition": "NO_ROOM", "what": "the disk is full", "where": "a", "found": "b", "wanted": "c"}
    assert vars(got) == {**facts, "way_out": "D."}


def test_boundaries_are_told_to_every_hook_in_order():
    heard = []
    first = boundary.watch(lambda name: heard.append(("first", name)))
    second = boundary.watch(lambda name: heard.append(("second", name)))
    boundary.reach("claim")
    first()
    boundary.reach("report")
    second()
    boundary.reach("nobody listens")
    assert heard == [("first", "claim"), ("second", "claim"), ("second", "report")]


def test_a_hook_may_cut_the_run_off():
    def cut(name):
        raise RuntimeError(name)

    unwatch = boundary.watch(cut)
    try:
        with pytest.raises(RuntimeError, match="claim"):
            boundary.reach("claim")
    finally:
        unwatch()
    boundary.reach("claim")


def test_hooks_are_taken_off_in_any_order_and_equal_ones_one_by_one():
    heard = []
    one, two = boundary.watch(heard.append), boundary.watch(heard.append)
    one()
    boundary.reach("a")
    two()
    boundary.reach("b")
    assert heard == ["a"]
