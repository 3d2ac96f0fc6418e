"""What rules and filters mean, in words for people; the names stand in accounts and in quarantine."""

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    # by the reader: the line goes whole to quarantine
    "wrong_column_count": "more or fewer columns than its file",
    "unreadable_value": "a number or a time that is none",
    # by silver's rules
    "query_time_invalid": "no time of the query in 2005 to 2099",
    "event_time_invalid": "no time of the event in 2005 to 2099",
    "key_missing": "nothing tells the row from others",
    "revenue_missing": "exchange impression without revenue",
    "line_item_id_missing": "line item without an id",
    "rate_invalid": "line item without a rate, or below 0",
    "event_id_missing": "page event without an id",
    "collector_time_missing": "page event without a collector's time",
    "contexts_malformed": "contexts that are no JSON object",
    "rate_date_invalid": "no day from 1970 to 2099",
    "currency_invalid": "no currency, or no code of three letters",
    "exchange_rate_invalid": "no rate, or none above 0",
    # by filters: left out on purpose
    "unfilled_impression": "no ad came; the request says unfilled",
    "currency_unmapped": "lake.yaml has no code for the currency",
    "superseded_delivery": "a newer version of its file came first",
}


def meaning(name: str) -> str:
    """What a rule or a filter means; empty for a name that is not known here."""
    return MEANINGS.get(name, "")
