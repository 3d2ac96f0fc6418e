"""Auction records that cannot be read, and readable ones of which a rule refuses rows or a filter leaves them out."""

from collections.abc import Iterator

from adlake.generator.auction_records import Object, record_of, text_of
from adlake.generator.auctions import Auction

NOT_JSON, NOT_UTF8, NOT_AN_OBJECT, TOO_DEEP = "not_json", "not_utf8", "not_an_object", "too_deep"
DUPLICATE_KEYS, UNREADABLE_VALUE = "duplicate_keys", "unreadable_value"
# more than any parser of Spark's follows
LEVELS = 1_200


def unreadable_records(auction: Auction, number: int) -> Iterator[tuple[str, str]]:
    """Texts made of one auction that are no records, and why.

    Args:
        auction: with at least one bid.
        number: decides where a text is cut.
    """
    text = text_of(record_of(auction))
    yield _cut(text, number), NOT_JSON
    # the writer died within a record, and went on without a line end
    yield _cut(text, number + 7) + text, NOT_JSON
    yield text.replace('"tmaxrequest"', "").replace('"Errors":[],', '"Errors":[,],'), NOT_JSON
    yield text.replace('"ip":"192.0.2.0"', '"ip":"192.0.2.\udcff"'), NOT_UTF8
    yield "[" + text.replace("\n", "") + "]", NOT_AN_OBJECT
    yield '{"type":"/openrtb2/auction","Request":' + "[" * LEVELS + "]" * LEVELS + "}", TOO_DEEP
    yield text.replace('"Status":200', '"Status":"200"'), UNREADABLE_VALUE
    yield text_of(_with_text_prices(record_of(auction))), UNREADABLE_VALUE
    yield text_of(_with_text_formats(record_of(auction))), UNREADABLE_VALUE
    # Go writes no name twice; whoever put two records into one did
    yield text[:-1] + "," + text[1:], DUPLICATE_KEYS


def _cut(text: str, number: int) -> str:
    """The beginning of a text; it ends in no bracket, which would pass for the end of a record."""
    kept = text[: len(text) * (1 + number % 8) // 10]
    return kept.rstrip("} \t") or "{"


def _with_text_prices(record: Object) -> Object:
    for seat in record["Response"].get("seatbid", []):
        for bid in seat["bid"]:
            bid["price"] = str(bid["price"])
    return record


def _with_text_formats(record: Object) -> Object:
    for imp in record["Request"]["imp"]:
        imp["banner"] = {"w": "300", "h": "250"}
    return record
