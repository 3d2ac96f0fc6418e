"""The part of the Open Data Contract Standard v3 that adlake's contracts use, and nothing beside it.

What the standard has no word for stands under `customProperties`, from a closed list. Rules belong in the suites and
logic in the transformations, so `quality` and `transformLogic` are unknown keys here.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from adlake.contracts.model import AfterHold, Layer, Personal, Unit
from adlake.faults import text_like

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Name = Annotated[str, text_like("[A-Za-z_][A-Za-z0-9_]*", "a name of letters, digits and _")]
Order = Annotated[str, text_like("[A-Za-z_][A-Za-z0-9_]*( nulls last)?", "a column, perhaps followed by ' nulls last'")]
TableName = Annotated[str, text_like("[a-z]+[.][a-z][a-z0-9_]*", "a layer and a table such as bronze.page_events")]
Release = Annotated[str, text_like("[0-9]+[.][0-9]+[.][0-9]+", "a version such as 1.0.0")]
Standard = Annotated[str, text_like("v3[.][0-9]+[.][0-9]+", "version 3 of the standard, such as v3.2.0")]
Positive = Annotated[int, Field(ge=1)]


class _Strict(BaseModel):
    """A value that takes no other keys, converts nothing and cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=to_camel)


def _by_name(pairs: object) -> dict[str, object]:
    """The standard's list of {property, value} as one mapping.

    Raises:
        ValueError: it is no such list, or names a property twice.
    """
    if not isinstance(pairs, list):
        raise ValueError("a list of {property, value}")  # noqa: TRY004  (pydantic collects ValueError only)
    named: dict[str, object] = {}
    for pair in pairs:
        if not isinstance(pair, dict) or set(pair) != {"property", "value"}:
            raise ValueError("a list of {property, value}, nothing else in an item")
        if str(pair["property"]) in named:
            raise ValueError(f"'{pair['property']}' once")
        named[str(pair["property"])] = pair["value"]
    return named


class ColumnSettings(_Strict):
    """What adlake adds to a column."""

    personal_data: Personal
    unit: Text | None = None
    time_zone: Text | None = None
    source_field: Text | None = None


class SliceSettings(_Strict):
    """The part of a table in which changes are counted."""

    column: Name
    unit: Unit


class TableSettings(_Strict):
    """What adlake adds to a table."""

    layer: Layer
    made_from: list[TableName] = []
    stats_columns: list[Name]
    winner_order: list[Order] = []
    slice: SliceSettings | None = None
    dedup_days: Annotated[int, Field(ge=0)] = 0
    retention_days: Positive | None = None
    after_hold: AfterHold = "overtake"
    delta_properties: dict[str, str] = {}


class PartDocument(_Strict):
    """What an array or a map is made of."""

    logical_type: str
    physical_type: str


class MapDocument(_Strict):
    """The two parts of a map."""

    key: PartDocument
    value: PartDocument


class ColumnDocument(_Strict):
    """One entry of `properties`."""

    name: Name
    description: Text
    logical_type: str
    physical_type: str
    required: bool
    primary_key: bool = False
    primary_key_position: Positive | None = None
    partitioned: bool = False
    partition_key_position: Positive | None = None
    items: PartDocument | None = None
    map: MapDocument | None = None
    custom_properties: Annotated[ColumnSettings, BeforeValidator(_by_name)]


class TableDocument(_Strict):
    """The one entry of `schema`."""

    name: Name
    physical_type: Literal["table"]
    description: Text
    data_granularity_description: Text
    custom_properties: Annotated[TableSettings, BeforeValidator(_by_name)]
    properties: Annotated[list[ColumnDocument], Field(min_length=1)]


class PurposeDocument(_Strict):
    """What the table is for, and what it is not."""

    purpose: Text
    usage: Text | None = None
    limitations: Text | None = None


class ContractDocument(_Strict):
    """A whole contract file: one table."""

    api_version: Standard
    kind: Literal["DataContract"]
    id: Text
    name: Text
    version: Release
    status: Literal["draft", "active", "deprecated"]
    description: PurposeDocument
    tables: Annotated[list[TableDocument], Field(alias="schema", min_length=1, max_length=1)]

    @property
    def table(self) -> TableDocument:
        """The table that the contract is about."""
        return self.tables[0]
