"""What rules and filters mean, in words for people; the names stand in accounts and in quarantine."""

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    # by the reader: the line goes whole to quarantine
    "wrong_column_count": "more or fewer columns than its file",
    "unreadable_value": "a number or a time that is none",
    "misplaced_quote": "a quote mark in a field that is not quoted",
    "not_utf8": "bytes that are no text in UTF-8",
    "not_json": "no JSON, or cut",
    "not_an_object": "JSON, but no object",
    "too_deep": "nested more than 1,000 deep",
    "duplicate_keys": "an object that gives a name twice",
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
    "mapping_missing": "lake.yaml maps its folder no more",
    "contact_unknown": "neither a contact id nor an e-mail address",
    "as_of_time_invalid": "no as-of time in 2005 to 2099",
    "renewal_date_invalid": "a renewal date that is no date",
    "consent_time_invalid": "a time of consent that is no time",
    "action_unknown": "an action that lake.yaml gives no meaning",
    "campaign_id_missing": "newsletter without an id",
    "sent_time_invalid": "a time of sending that is no time",
    "record_kind_unknown": "a record of no known endpoint",
    "auction_id_missing": "auction without an id",
    "auction_time_invalid": "no start of the auction in 2005 to 2099",
    "impression_missing": "auction without an impression",
    "impression_id_missing": "impression without an id",
    "impression_unknown": "bid for an impression that nobody offered",
    "bidder_missing": "bid of nobody",
    "floor_invalid": "a floor below 0, or in micros",
    "price_invalid": "a bid without a price, below 0, or in micros",
    # by filters: left out on purpose
    "unfilled_impression": "no ad came; the request says unfilled",
    "not_an_auction": "cookie syncs, user ids, notifications",
    "request_turned_down": "the server refused to hold the auction",
    "nobody_asked": "impression that no bidder was asked for",
    "test_auction": "nobody pays for bids of a test",
    "currency_unmapped": "lake.yaml has no code for the currency",
    "superseded_delivery": "a newer version of its file came first",
    # page views that gold leaves out
    "bot": "a robot sent it",
    "visitor_unknown": "neither a session id nor a person",
    "page_view_id_missing": "page view without an id",
    "page_view_repeated": "its id was viewed up to three days before",
    "session_too_long": "later than three days after the start of its session",
}


def meaning(name: str) -> str:
    """What a rule or a filter means; empty for a name that is not known here."""
    return MEANINGS.get(name, "")
