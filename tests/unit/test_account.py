"""The account of a commit: rows that came in are rows that went out, or nothing is committed."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adlake.account import Account
from adlake.errors import AccountError

# 100 + 5 + 2 = 80 + 10 + (8 + 1) + (6 + 2)
SOUND = Account(
    read=100,
    published=80,
    duplicates=10,
    quarantined={"key_missing": 8, "event_time_invalid": 1},
    filtered={"unfilled_impression": 6, "superseded_delivery": 2},
    superseded=33,
    restored=5,
    replayed=2,
)
NUMBERS = [field.name for field in fields(Account) if field.name not in {"quarantined", "filtered"}]
BALANCED = [name for name in NUMBERS if name != "superseded"]
REASONS = [(group, name) for group in ("quarantined", "filtered") for name in getattr(SOUND, group)]


def refusal(account):
    with pytest.raises(AccountError) as caught:
        account.check("silver.gam_clicks, batch b1")
    return caught.value


def test_rows_that_add_up_pass():
    SOUND.check("x")
    Account(0, 0).check("x")
    Account(read=1, published=0, duplicates=1).check("x")


@pytest.mark.parametrize("by", [1, -1])
@pytest.mark.parametrize("name", BALANCED)
def test_each_number_that_is_off_by_one_is_noticed(name, by):
    assert refusal(replace(SOUND, **{name: getattr(SOUND, name) + by})).condition == "ACCOUNT_OPEN"


@pytest.mark.parametrize("by", [1, -1])
@pytest.mark.parametrize(("group", "name"), REASONS)
def test_each_reason_that_is_off_by_one_is_noticed(group, name, by):
    counts = getattr(SOUND, group)
    assert refusal(replace(SOUND, **{group: {**counts, name: counts[name] + by}})).condition == "ACCOUNT_OPEN"


@pytest.mark.parametrize(("group", "name"), REASONS)
def test_a_reason_that_is_left_out_or_new_is_noticed(group, name):
    counts = dict(getattr(SOUND, group))
    assert refusal(replace(SOUND, **{group: {**counts, "new": 1}})).condition == "ACCOUNT_OPEN"
    del counts[name]
    assert refusal(replace(SOUND, **{group: counts})).condition == "ACCOUNT_OPEN"


def test_rows_that_only_changed_their_place_in_the_account_are_not_noticed_by_the_sum():
    """Hence each number comes from a source of its own."""
    replace(SOUND, published=81, duplicates=9).check("x")


def test_superseded_rows_are_rows_of_earlier_batches():
    replace(SOUND, superseded=0).check("x")
    replace(SOUND, superseded=10**12).check("x")


@pytest.mark.parametrize("name", NUMBERS)
def test_no_number_is_below_zero(name):
    assert refusal(replace(SOUND, **{name: -1})).condition == "ACCOUNT_NEGATIVE"


@pytest.mark.parametrize(("group", "name"), REASONS)
def test_no_reason_is_below_zero_even_where_the_sum_is_right(group, name):
    (other,) = {*getattr(SOUND, group)} - {name}
    total = sum(getattr(SOUND, group).values())
    assert refusal(replace(SOUND, **{group: {name: -1, other: total + 1}})).condition == "ACCOUNT_NEGATIVE"


def test_an_open_account_says_what_is_missing():
    error = refusal(replace(SOUND, published=79))
    assert (error.where, error.exit_code) == ("silver.gam_clicks, batch b1", 1)
    assert error.what == "107 rows came in and 106 are accounted for; nothing was committed"
    assert error.found == "published 79, duplicates 10, quarantined 9, filtered 8"
    assert error.wanted == "read 100 + restored 5 + replayed 2"


def test_an_account_is_the_same_after_it_was_written_down():
    assert Account.from_dict(SOUND.as_dict()) == SOUND
    assert SOUND.as_dict() == {
        "read": 100,
        "published": 80,
        "duplicates": 10,
        "quarantined": {"key_missing": 8, "event_time_invalid": 1},
        "filtered": {"unfilled_impression": 6, "superseded_delivery": 2},
        "superseded": 33,
        "restored": 5,
        "replayed": 2,
    }


counts = st.integers(-2, 50)
by_name = st.dictionaries(st.sampled_from("abc"), counts, max_size=3)


@given(numbers=st.lists(counts, min_size=6, max_size=6), quarantined=by_name, filtered=by_name, is_mended=st.booleans())
def test_q02_an_account_passes_exactly_when_it_adds_up(numbers, quarantined, filtered, is_mended):
    read, published, duplicates, superseded, restored, replayed = numbers
    out = duplicates + sum(quarantined.values()) + sum(filtered.values())
    if is_mended:
        published = read + restored + replayed - out
    account = Account(read, published, duplicates, quarantined, filtered, superseded, restored, replayed)
    every = [*numbers[2:], read, published, *quarantined.values(), *filtered.values()]
    if min(every) < 0:
        assert refusal(account).condition == "ACCOUNT_NEGATIVE"
    elif read + restored + replayed != published + out:
        assert refusal(account).condition == "ACCOUNT_OPEN"
    else:
        account.check("x")
