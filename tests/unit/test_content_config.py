"""The map from sections to the content taxonomy is checked before anything starts."""

import csv

import pytest
from pydantic import ValidationError

from adlake.config import ContentConfig
from adlake.config.content_taxonomy import IDS, SENSITIVE_IDS


def fault(**values):
    with pytest.raises(ValidationError) as caught:
        ContentConfig(**values)
    (detail,) = caught.value.errors()
    return detail["loc"], detail["msg"].removeprefix("Value error, ")


def test_a_section_may_stand_alone_or_behind_its_site():
    sections = {"politics": "386", "herald.example/politics": "387", "wetter-und-umwelt": "JLBCU7"}
    assert ContentConfig(sections=sections).sections == sections


@pytest.mark.parametrize("id_", ["701", "0386", "jlbcu7", "Politics", "", " 386"])
def test_an_id_that_the_taxonomy_lacks_is_refused(id_):
    assert fault(sections={"politics": id_}) == (
        ("sections", "politics"),
        "an id of the IAB Content Taxonomy 3.1, in quotes",
    )


def test_an_id_is_text():
    assert fault(sections={"politics": 386})[0] == ("sections", "politics")


@pytest.mark.parametrize("id_", ["286", "383", "KHPC6A"])
def test_no_interest_in_sensitive_content_is_kept(id_):
    assert fault(sections={"health": id_}) == (
        ("sections", "health"),
        "an id that the taxonomy does not mark as sensitive (SCD)",
    )


@pytest.mark.parametrize("section", ["Politics", "herald.example/", "/politics", "a/b/c", "two words", ""])
def test_a_section_is_written_as_silver_writes_it(section):
    place, wanted = fault(sections={section: "386"})
    assert (place[:2], wanted) == (("sections", section), "a section, or site/section, in lower case")


@pytest.mark.parametrize("values", [{"half_life_days": 0}, {"minimum_page_views": 0}, {"taxonomy": "2.2"}])
def test_other_values_are_refused(values):
    assert fault(**values)[0] == tuple(values)


def test_the_ids_are_those_of_the_published_taxonomy(real):
    with (real / "taxonomy" / "Content_Taxonomy_3.1.tsv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[2:]
    sensitive = {row[0] for row in rows if row[7] == "SCD"}
    assert (len(rows), len(sensitive)) == (704, 63)
    assert sensitive == SENSITIVE_IDS
    assert {row[0] for row in rows} - sensitive == IDS
