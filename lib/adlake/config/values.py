"""The kinds of values that settings hold."""

import difflib
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


class Strict(BaseModel):
    """Settings that take no other keys, convert nothing and cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _zone(value: str) -> str:
    """A name of the IANA time zone database.

    Raises:
        ValueError: the database has no such zone.
    """
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        close = difflib.get_close_matches(value, sorted(available_timezones()), n=1)
        hint = f"'{close[0]}'?" if close else "such as America/New_York"
        raise ValueError(f"the IANA name of a time zone, {hint}") from error
    return value


Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Count = Annotated[int, Field(ge=1)]
Zone = Annotated[str, AfterValidator(_zone)]
