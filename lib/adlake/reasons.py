"""What rules and filters mean, in words for people; the names stand in accounts and in quarantine."""

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    # by the reader: the line goes whole to quarantine
    "wrong_column_count": "the line has more or fewer columns than its file",
    "unreadable_value": "a number or a time is none",
    # by silver's rules
    "query_time_invalid": "the query has no time, or one before 2005 or after 2099",
    "event_time_invalid": "the event has no time, or one before 2005 or after 2099",
    "key_missing": "nothing tells the row from others",
    "revenue_missing": "an exchange impression without its revenue",
    "line_item_id_missing": "a line item without an id",
    "rate_invalid": "a line item without a rate, or with one below 0",
    "event_id_missing": "a page event without an id",
    "collector_time_missing": "a page event that no collector has dated",
    "contexts_malformed": "the contexts of a page event are no JSON object",
    # by filters: left out on purpose
    "unfilled_impression": "no ad came; the request is counted as unfilled",
    "superseded_delivery": "a newer version of the file was published first",
}


def meaning(name: str) -> str:
    """What a rule or a filter means; empty for a name that is not known here."""
    return MEANINGS.get(name, "")
