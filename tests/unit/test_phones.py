"""Phone numbers against Google's own examples of every region and type."""

import json

import pytest

from adlake.phones import REGIONS, e164

# valid when the examples were published; later metadata knows the area code no more
WITHDRAWN = {("ZW", "+2631312345")}


@pytest.fixture
def examples(real):
    return json.loads((real / "identity" / "libphonenumber_examples.json").read_text())


def test_every_example_of_every_region_becomes_its_e164_in_every_spelling(examples):
    assert len(examples) == 489
    found = []
    for example in examples:
        region, wanted = example["region"], example["e164"]
        given = {
            "national": e164(example["national"], region),
            "international": e164(example["international"], ""),
            "rfc3966": e164(example["rfc3966"], ""),
            "e164": e164(wanted, "US"),
        }
        right = {name: (wanted, name != "national") for name in given}
        if (region, wanted) in WITHDRAWN:
            right = dict.fromkeys(given)
        found += [(region, example["type"], name) for name in given if given[name] != right[name]]
    assert found == []


def test_without_a_region_only_a_number_with_its_country_is_one(examples):
    found = {example["region"] for example in examples if e164(example["national"], "") is not None}
    assert found == set()


@pytest.mark.parametrize("region", ["", "DE", "XX"])
@pytest.mark.parametrize(
    "number", ["", "x", "+", "+49", "0", "110", "+49 30 1", "+999 30 123456", "1" * 300, "\x00", "🙂"]
)
def test_what_is_no_number_is_none(number, region):
    assert e164(number, region) is None


def test_numbers_are_read_as_people_write_them():
    written = ["030/12 34 56", "(030) 123456", "0049 30 123456", "+49 (0) 30 123456", "030 123456 ", "٠٣٠ ١٢٣٤٥٦"]
    found = {number: e164(number, "DE") for number in written}
    abroad = {"0049 30 123456", "+49 (0) 30 123456"}
    assert found == {number: ("+4930123456", number in abroad) for number in written}


def test_regions_are_alpha_2_codes():
    assert {"DE", "GB", "US"} <= REGIONS
    assert not {"UK", "XX", "001"} & REGIONS
