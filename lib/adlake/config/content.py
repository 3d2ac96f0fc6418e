"""How a publisher's sections map to the IAB Content Taxonomy, and how interest in them is weighed."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from adlake.config.content_taxonomy import IDS, SENSITIVE_IDS
from adlake.config.values import Strict
from adlake.faults import text_like

TaxonomyVersion = Literal["3.1"]


def _taxonomy_id(value: str) -> str:
    """An id of the taxonomy about which interests may be kept.

    Raises:
        ValueError: the taxonomy has no such id, or calls it sensitive.
    """
    if value in SENSITIVE_IDS:
        raise ValueError("an id that the taxonomy does not mark as sensitive (SCD)")
    if value not in IDS:
        raise ValueError("an id of the IAB Content Taxonomy 3.1, in quotes")
    return value


TaxonomyId = Annotated[str, AfterValidator(_taxonomy_id)]
# as silver writes them: a host in lower case without www, a first path segment in lower case
Section = Annotated[str, text_like(r"[^/\sA-Z]+(/[^/\sA-Z]+)?", "a section, or site/section, in lower case")]


class ContentConfig(Strict):
    """What sections are about, and how content affinity is worked out of the page views in them.

    Args:
        taxonomy: version of the IAB Content Taxonomy that the ids belong to.
        sections: taxonomy id by section (`politics`) or by site and section (`herald.example/politics`), which wins.
        half_life_days: after so many days a page view counts half.
        minimum_page_views: with fewer page views in known sections a person has no affinity; as many page views of
            the average reader are mixed into everybody's.
    """

    taxonomy: TaxonomyVersion = "3.1"
    sections: dict[Section, TaxonomyId] = Field(default_factory=dict)
    half_life_days: Annotated[int, Field(ge=1)] = 14
    minimum_page_views: Annotated[int, Field(ge=1)] = 3
