"""The peer's SQL macros: what the rules of adlake's tables call by name."""

import hashlib
import re

import duckdb

from adlake.bots import agent_list

BLOCK_BYTES, LONGEST_AGENT = 64, 1000
EARLIEST_USEC, LATEST_USEC = 1_104_537_600_000_000, 4_102_444_800_000_000
# Scheme, host, port and path; userinfo, query and fragment are left out, and what is no such address gives empty parts.
ADDRESS = (
    r"(?is)^(https?)://(?:[^/?#]*@)?(\[[0-9a-f:.]+\]|[^/?#:@\[\]]+)"
    r"(:[0-9]+)?:?(/[^?#]*)?(?:[?#].*)?$"
)
WEB_PAGE = "iglu:com.snowplowanalytics.snowplow/web_page/"
BUCKET = r"^\s*hb_pb(?:_[^=]*)?\s*=\s*([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*$"
CONTEXTS = '{"data": [{"schema": "VARCHAR", "data": {"id": "VARCHAR"}}]}'

MACROS = {
    "reported(value)": "nullif(nullif(value, ''), '0')",
    "flag(value)": """CASE WHEN lower(value) IN ('true', 'y', '1') THEN true
        WHEN lower(value) IN ('false', 'n', '0') THEN false END""",
    "micros(amount)": "round(amount::DECIMAL(28, 9) * 1000000, 0)::BIGINT",
    "is_time(usec)": f"usec >= {EARLIEST_USEC} AND usec < {LATEST_USEC}",
    "is_filled_in(value)": "trim(value) <> ''",
    "address(url)": f"regexp_extract(url, '{ADDRESS}', ['scheme', 'host', 'port', 'path'])",
    "host(url)": "nullif(lower(address(url).host), '')",
    "without_www(host)": r"regexp_replace(host, '^www\.', '')",
    "page_url(url)": "lower(address(url).scheme) || '://' || host(url) || address(url).port || address(url).path",
    "section(url)": "nullif(lower(split_part(address(url).path, '/', 2)), '')",
    "page_view_of(contexts)": f"""list_filter(from_json(contexts, '{CONTEXTS}').data,
        lambda entry: starts_with(entry.schema, '{WEB_PAGE}'))[1].data.id""",
    # micros per 1000 of the best one; a pair that is no price gives an empty text, and that no number
    "header_bid(targeting)": f"""CASE WHEN contains(targeting, 'hb_pb') THEN (list_max(list_transform(
        string_split(targeting, ';'), lambda pair: TRY_CAST(regexp_extract(pair, '{BUCKET}', 1) AS DECIMAL(12, 6))))
        * 1000000)::BIGINT END""",
    "names_somebody(id)": """lower(trim(id)) NOT IN ('', '0', '-1', 'null', 'optout')
        AND translate(trim(id), '0-', '') <> ''""",
    # HMAC-SHA256 (RFC 2104); the pads are variables, so that no query shows the secret.
    "hmac_sha256(message)": """sha256(getvariable('outer_pad')
        || unhex(sha256(getvariable('inner_pad') || encode(message))))""",
    "id_key(kind, id)": """CASE WHEN names_somebody(id)
        THEN getvariable('key_version') || ':' || hmac_sha256(kind || ':' || id) END""",
    "spelled(value)": "replace(lower(value), ' ', '_')",
    "exchange_channel(deal_type)": """CASE spelled(deal_type) WHEN 'private_auction' THEN 'private_auction'
        WHEN 'preferred_deal' THEN 'preferred_deal' ELSE 'open_adx' END""",
    "backfill_channel(product, deal_type)": """
        CASE WHEN spelled(product) IN ('ad_exchange', 'adexchange') THEN exchange_channel(deal_type)
        WHEN spelled(product) IN ('exchange_bidding', 'open_bidding') THEN 'open_bidding'
        WHEN spelled(product) = 'adsense' THEN 'adsense' ELSE 'backfill_other' END""",
    "network_channel(line_item_type)": """
        CASE WHEN spelled(line_item_type) IN ('house', 'price_priority') THEN spelled(line_item_type)
        WHEN spelled(line_item_type) IN ('sponsorship', 'standard', 'bulk', 'network') THEN 'direct'
        ELSE 'direct_other' END""",
}


def define_macros(connection: duckdb.DuckDBPyConnection, secret: bytes, version: str) -> None:
    """Define all of them, and the one function that SQL has no words for.

    Args:
        connection: on which they are called.
        secret: of the identity keys.
        version: of that secret, such as `k1`.
    """
    block = (hashlib.sha256(secret).digest() if len(secret) > BLOCK_BYTES else secret).ljust(BLOCK_BYTES, b"\0")
    for name, mask in (("inner_pad", 0x36), ("outer_pad", 0x5C)):
        connection.execute(f"SET VARIABLE {name} = ?::BLOB", [bytes(byte ^ mask for byte in block)])
    connection.execute("SET VARIABLE key_version = ?", [version])
    robots = re.compile(agent_list().pattern, re.ASCII)
    # DuckDB's own expressions look neither ahead nor behind
    connection.create_function(
        "is_of_robot", lambda agent: robots.search(agent[:LONGEST_AGENT]) is not None, ["VARCHAR"], "BOOLEAN"
    )
    for signature, body in MACROS.items():
        connection.execute(f"CREATE MACRO {signature} AS {body}")
