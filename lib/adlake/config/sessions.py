"""What makes page views and sessions of page events: numbers of Snowplow and Google Analytics, which may be changed."""

from typing import Annotated

from pydantic import Field

from adlake.config.values import Count, Strict, Text

MINUTES_PER_DAY = 24 * 60
MOST_DAYS = 7


class SessionsConfig(Strict):
    """How long pages are looked at, when a session ends, and when it is engaged.

    Tables that are there keep what they were made with until they are rebuilt.

    Args:
        heartbeat_seconds: how often the tracker sends a page ping.
        minimum_visit_seconds: how long a page is looked at before its first page ping.
        timeout_minutes: a longer silence ends a session that the tracker gave no id; at most a day.
        maximum_days: events later than this after the start of a session do not belong to it.
        engaged_seconds: who looks at pages for longer is engaged, as Google Analytics has it.
        conversions: names of events (`event_name`) that make every session engaged.
    """

    heartbeat_seconds: Count = 10
    minimum_visit_seconds: Count = 5
    timeout_minutes: Annotated[int, Field(ge=1, le=MINUTES_PER_DAY)] = 30
    maximum_days: Annotated[int, Field(ge=1, le=MOST_DAYS)] = 3
    engaged_seconds: Count = 10
    conversions: Annotated[tuple[Text, ...], Field(strict=False)] = ()
