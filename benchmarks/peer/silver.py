"""Bronze into silver: rules, filters, deduplication, keyed identifiers.

Nothing is materialised but the addresses of duplicates and small tables of distinct values: page addresses and
identifiers repeat from row to row, so what is costly to say of them is computed once and joined.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from adlake.config import ConsentConfig
from adlake.consent import policy_of
from adlake.consent.basis import NO_SIGNAL
from adlake.contracts import Table, table
from benchmarks.peer.lake import PeerLake

PROVENANCE = {name: name for name in ("_batch_id", "_file", "_position")}


@dataclass(frozen=True)
class Lookup:
    """What is computed once per distinct value of a bronze column.

    Attributes:
        column: of bronze.
        select: column of the lookup to an expression over `value`.
    """

    column: str
    select: Mapping[str, str]


@dataclass(frozen=True)
class Refinement:
    """How bronze rows of a table become silver rows.

    Attributes:
        rules: a row for which one of them does not hold is left out.
        select: silver column to expression.
        key: bronze expressions that name a row.
        winner: of rows with one key, the first by these counts.
        lookups: joined by name.
    """

    rules: tuple[str, ...]
    select: Mapping[str, str]
    key: tuple[str, ...]
    winner: tuple[str, ...] = ("_file", "_position")
    lookups: Mapping[str, Lookup] = field(default_factory=dict)


def refine(lake: PeerLake) -> Iterator[str]:
    """Write every silver table; the name of each is given when it is done."""
    for name, refinement in REFINEMENTS.items():
        contract = table(f"silver.{name}")
        lake.write(contract.qualified, _query(lake, contract, refinement))
        yield contract.qualified


def _query(lake: PeerLake, contract: Table, refinement: Refinement) -> str:
    bronze = lake.scan(f"bronze.{contract.name}")
    accepted = f"SELECT * FROM {bronze} WHERE {' AND '.join(f'({rule})' for rule in refinement.rules)}"
    key, winner = ", ".join(refinement.key), ", ".join(refinement.winner)
    # A narrow pass finds the keys that may be repeated, by hash; only their rows are ranked, by the keys themselves.
    lake.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE losers AS "
        f"WITH repeated AS (SELECT hash({key}) AS h FROM {bronze} GROUP BY h HAVING count(*) > 1) "
        f"SELECT _file, _position FROM ({accepted}) WHERE hash({key}) IN (SELECT h FROM repeated) "
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {winner}) > 1"
    )
    joins = " ".join(_join(lake, bronze, name, lookup) for name, lookup in refinement.lookups.items())
    columns = ", ".join(f'{expression} AS "{name}"' for name, expression in refinement.select.items())
    return f"SELECT {columns} FROM ({accepted}) events ANTI JOIN losers USING (_file, _position) {joins}"


def _join(lake: PeerLake, bronze: str, name: str, lookup: Lookup) -> str:
    columns = ", ".join(f"{expression} AS {column}" for column, expression in lookup.select.items())
    lake.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT value, {columns} "
        f"FROM (SELECT DISTINCT {lookup.column} AS value FROM {bronze} WHERE {lookup.column} IS NOT NULL)"
    )
    return f"LEFT JOIN {name} ON {name}.value = events.{lookup.column}"


def _pages(column: str) -> Lookup:
    return Lookup(
        column, {"site": "without_www(host(value))", "page_url": "page_url(value)", "section": "section(value)"}
    )


def _keys(kind: str, column: str) -> Lookup:
    return Lookup(column, {"key": f"id_key('{kind}', value)"})


IS_BACKFILL = "starts_with(_record_type, 'NetworkBackfill')"
PAGE_COLUMNS = {name: f"pages.{name}" for name in ("site", "page_url", "section")}
AD_LOOKUPS = {
    "pages": _pages("RefererURL"),
    "gam_users": _keys("gam_user", "UserId"),
    "ppids": _keys("ppid", "PublisherProvidedID"),
}


def _ad_event(event_usec: str, **measures: str) -> dict[str, str]:
    is_request = event_usec == "TimeUsec2"
    return {
        "key_part": "KeyPart",
        "query_at_utc": "make_timestamptz(TimeUsec2)",
        **({} if is_request else {"event_key_part": "EventKeyPart"}),
        "event_at_utc": f"make_timestamptz({event_usec})",
        "event_date": f"make_timestamp({event_usec})::DATE",
        "is_backfill": IS_BACKFILL,
        "product": "Product",
        "ad_unit_id": "reported(AdUnitId)",
        "line_item_id": "reported(LineItemId)",
        "order_id": "reported(OrderId)",
        "advertiser_id": "reported(AdvertiserId)",
        "creative_id": "reported(CreativeId)",
        "deal_id": "reported(DealId)",
        "deal_type": "reported(DealType)",
        "creative_size": "coalesce(CreativeSizeDelivered, CreativeSize)",
        **PAGE_COLUMNS,
        "country": "Country",
        "region": "Region",
        "device_category": "DeviceCategory",
        "browser": "Browser",
        "os": "OS",
        "custom_targeting": "CustomTargeting",
        "gam_user_id_key": "gam_users.key",
        "ppid_id_key": "ppids.key",
        "id_key": "coalesce(ppids.key, gam_users.key)",
        **measures,
        **PROVENANCE,
    }


QUERY_RULES = ("is_time(TimeUsec2)", "is_filled_in(KeyPart)")
EVENT_RULES = (*QUERY_RULES, "is_time(EventTimeUsec2)", "is_filled_in(EventKeyPart)")
EVENT_KEY = ("KeyPart", "TimeUsec2", "EventKeyPart", "EventTimeUsec2")
IMPRESSION_RULES = (
    f"NOT {IS_BACKFILL} OR EstimatedBackfillRevenue IS NOT NULL",
    f"{IS_BACKFILL} OR reported(LineItemId) IS NOT NULL",
)

PAGE_TIME = "coalesce(derived_tstamp, collector_tstamp)"
PAGE_RULES = (
    "is_filled_in(event_id)",
    "collector_tstamp IS NOT NULL",
    f"is_time(epoch_us({PAGE_TIME}))",
    "contexts IS NULL OR CASE WHEN json_valid(contexts) THEN json_type(contexts) END = 'OBJECT'",
)
PAGE_LOOKUPS = {
    "pages": _pages("page_url"),
    "agents": Lookup("useragent", {"is_of_robot": "is_of_robot(value)"}),
    "logins": _keys("login", "user_id"),
    "domains": _keys("domain", "domain_userid"),
    "networks": _keys("network", "network_userid"),
}
BOT_REASON = r"""CASE WHEN regexp_matches(derived_contexts, '"spiderOrRobot":\s*true') THEN 'spider_context'
    WHEN agents.is_of_robot THEN 'user_agent' END"""
# What the policy to begin with says of events without a signal.
SILENCE = {
    **dict.fromkeys(("may_store", "may_personalise_ads", "may_profile", "may_measure"), "false"),
    "may_share": "[]::VARCHAR[]",
    **dict.fromkeys(("consent_basis", "consent_rests_on"), f"'{NO_SIGNAL}'"),
    "consent_policy_version": f"'{policy_of(ConsentConfig()).version}'",
}
PAGE_SELECT = {
    **{name: name for name in ("event_id", "event", "event_name", "app_id", "platform")},
    "collector_at_utc": "collector_tstamp",
    "etl_at_utc": "etl_tstamp",
    "event_at_utc": PAGE_TIME,
    "event_date": f"make_timestamp(epoch_us({PAGE_TIME}))::DATE",
    "page_view_id": "page_view_of(contexts)",
    **PAGE_COLUMNS,
    **{f"utm_{part}": f"mkt_{part}" for part in ("source", "medium", "campaign", "term", "content")},
    "referrer_site": "without_www(lower(refr_urlhost))",
    "refr_medium": "refr_medium",
    "domain_session_id": "domain_sessionid",
    "domain_session_index": "domain_sessionidx",
    "geo_country": "geo_country",
    "device_type": "dvce_type",
    "browser_family": "br_family",
    "os_family": "os_family",
    "pp_yoffset_max": "pp_yoffset_max",
    "doc_height": "doc_height",
    "viewport_height": "br_viewheight",
    "is_bot": f"({BOT_REASON}) IS NOT NULL",
    "bot_reason": BOT_REASON,
    "login_id_key": "logins.key",
    "domain_id_key": "domains.key",
    "network_id_key": "networks.key",
    "id_key": "coalesce(logins.key, domains.key, networks.key)",
    **SILENCE,
    **PROVENANCE,
}
LINE_ITEM_SELECT = {
    "snapshot_date": r"strptime(regexp_extract(_file, '_(\d{8})(\.csv)?(\.gz)?$', 1), '%Y%m%d')::DATE",
    "line_item_id": "ID",
    "name": "Name",
    "order_id": "reported(OrderId)",
    "line_item_type": "LineItemType",
    "cost_type": "CostType",
    "cost_per_unit_micros": "micros(CostPerUnitInNetworkCurrency)",
    **PROVENANCE,
}

REFINEMENTS: Mapping[str, Refinement] = {
    "gam_line_items": Refinement(
        ("is_filled_in(ID)", "ID <> '0'", "CostPerUnitInNetworkCurrency >= 0"),
        LINE_ITEM_SELECT,
        (LINE_ITEM_SELECT["snapshot_date"], "ID"),
    ),
    "gam_requests": Refinement(
        QUERY_RULES, _ad_event("TimeUsec2", is_filled="flag(IsFilledRequest)"), EVENT_KEY[:2], lookups=AD_LOOKUPS
    ),
    "gam_impressions": Refinement(
        (*EVENT_RULES, *IMPRESSION_RULES),
        _ad_event(
            "EventTimeUsec2",
            revenue_micros=f"CASE WHEN {IS_BACKFILL} THEN micros(EstimatedBackfillRevenue) END",
            revenue_basis=f"CASE WHEN {IS_BACKFILL} THEN 'reported' END",
            is_active_view_eligible="flag(ActiveViewEligibleImpression)",
        ),
        EVENT_KEY,
        lookups=AD_LOOKUPS,
    ),
    "gam_clicks": Refinement(EVENT_RULES, _ad_event("EventTimeUsec2"), EVENT_KEY, lookups=AD_LOOKUPS),
    "gam_active_views": Refinement(
        EVENT_RULES,
        _ad_event("EventTimeUsec2", is_measurable="flag(MeasurableImpression)", is_viewable="flag(ViewableImpression)"),
        EVENT_KEY,
        lookups=AD_LOOKUPS,
    ),
    "page_events": Refinement(
        PAGE_RULES,
        PAGE_SELECT,
        ("event_id",),
        ("collector_tstamp", "etl_tstamp NULLS LAST", "_file", "_position"),
        PAGE_LOOKUPS,
    ),
}
