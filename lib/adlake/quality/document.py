"""A suite as it stands in `expectations/`: the form that Great Expectations loads, with adlake's words under `meta`."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field

from adlake.config.values import Strict, Text
from adlake.faults import text_like
from adlake.quality.patterns import java_pattern

OnFail = Literal["quarantine", "hold", "warn"]
"""What follows when a rule fails.

quarantine  the rows that break it go to quarantine; when more do than `mostly` or `most_rows` allow, the batch is held
hold        the batch is not published
warn        the batch is published, and the verdict says so
"""

Severity = Literal["critical", "warning"]
RuleId = Annotated[str, text_like("[a-z][a-z0-9_]*", "a name of small letters, digits and _")]
Pattern = Annotated[str, AfterValidator(java_pattern)]
Share = Annotated[float, Field(ge=0, le=1)]
TableName = Annotated[str, text_like("(silver|vault)[.][a-z][a-z0-9_]*", "a table such as silver.gam_line_items")]


class RuleMeta(Strict):
    """What adlake adds to an expectation.

    Attributes:
        id: names the rule in accounts, quarantine and verdicts; once in a suite.
        on_fail: what follows.
        meaning: why the rule is there, in one clause for people.
        most_rows: how many rows may break it at most, beside the share that `mostly` allows.
    """

    id: RuleId
    on_fail: OnFail
    meaning: Text
    most_rows: Annotated[int, Field(ge=0)] | None = None


class Arguments(Strict):
    """Arguments of an expectation: the form of those that mean the same for every kind; the rest is as it is.

    `min_value`, `max_value` and `value_set` depend on the columns that they are held against, see `arguments`.
    """

    model_config = ConfigDict(extra="allow")

    column: str = ""
    column_A: str = ""  # noqa: N815 as Great Expectations has it
    column_B: str = ""  # noqa: N815
    column_list: list[str] = Field(default_factory=list)
    mostly: Share = 1
    value_set: list[Any] = Field(default_factory=list)
    regex: Pattern = ""
    regex_list: list[Pattern] = Field(default_factory=list)
    match_on: Literal["any", "all"] = "any"
    strict_min: bool = False
    strict_max: bool = False
    or_equal: bool = False


class RuleDocument(Strict):
    """One expectation."""

    type: Text
    kwargs: Arguments
    severity: Severity
    meta: RuleMeta

    @cached_property
    def given(self) -> Mapping[str, Any]:
        """The arguments that stand in the file."""
        return self.kwargs.model_dump(exclude_unset=True)


class ReferenceDocument(Strict):
    """A column that says whether another table knows the row's values; null where one of them is null.

    Attributes:
        table: that should know them.
        columns: of the judged table, each with the column of the other table that it is held against.
    """

    table: TableName
    columns: Annotated[dict[str, str], Field(min_length=1)]


class SuiteMeta(Strict):
    """What adlake adds to a suite.

    Attributes:
        references: by the name of the column that they add while the batch is judged.
    """

    references: dict[str, ReferenceDocument] = Field(default_factory=dict)


class SuiteDocument(Strict):
    """A whole suite file: the rules of one table."""

    name: Text
    expectations: list[RuleDocument]
    meta: SuiteMeta = Field(default_factory=SuiteMeta)
