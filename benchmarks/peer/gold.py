"""Silver into gold: both marts, each in one query."""

from collections.abc import Iterator

from benchmarks.peer.lake import PeerLake, quoted

HOUR_USEC = 3_600_000_000
COUNTS = ("requests", "unfilled", "impressions", "clicks", "eligible", "measurable", "viewable")
HEADER_BIDS = ("header_bid_impressions", "header_bid_micros", "capped_header_bids", "pressed_reported_micros")
USER_SUMS = ("page_views", "impressions", "clicks", "revenue_micros", "revenue_unknown_impressions")
DEVICES = {
    "desktop": ("computer", "desktop"),
    "mobile": ("mobile", "smartphone", "feature phone"),
    "tablet": ("tablet",),
    "tv": ("connected tv", "digital media receiver", "set top box", "set-top box"),
}
YIELD_PARTS = {
    "gam_requests": {"requests": "count(*)", "unfilled": "count(*) FILTER (NOT is_filled)"},
    "gam_impressions": {
        "impressions": "count(*)",
        "eligible": "count(*) FILTER (is_active_view_eligible)",
        "revenue_reported_micros": "coalesce(sum(revenue_micros), 0)",
        "header_bid_impressions": "count(header_bid(custom_targeting))",
        "header_bid_micros": "coalesce(sum((header_bid(custom_targeting) + 500) // 1000), 0)",
        "capped_header_bids": "count(*) FILTER (header_bid(custom_targeting) >= 20_000_000)",
        "pressed_reported_micros": "coalesce(sum(revenue_micros) FILTER (header_bid(custom_targeting) IS NOT NULL), 0)",
    },
    "gam_clicks": {"clicks": "count(*)"},
    "gam_active_views": {
        "measurable": "count(*) FILTER (is_measurable)",
        "viewable": "count(*) FILTER (is_viewable)",
    },
}


def build(lake: PeerLake) -> Iterator[str]:
    """Write both marts; the name of each is given when it is done."""
    _make_rates(lake)
    for name, query in (("gold.yield_hourly", _yield_hourly(lake)), ("gold.user_days", _user_days(lake))):
        lake.write(name, query)
        yield name


def _make_rates(lake: PeerLake) -> None:
    """Line items as of each day, with what one impression and one click earn; a snapshot holds until the next one."""
    line_items = lake.scan("silver.gam_line_items")
    days = " UNION ".join(f"SELECT event_date FROM {lake.scan(f'silver.{name}')}" for name in YIELD_PARTS)
    lake.connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE rates AS
        WITH days AS ({days}), line_items AS (SELECT * FROM {line_items}),
        snapshots AS (
            SELECT event_date, max(snapshot_date) AS snapshot_date
            FROM days JOIN (SELECT DISTINCT snapshot_date FROM line_items) ON snapshot_date <= event_date
            GROUP BY event_date
        )
        SELECT event_date, line_item_id, network_channel(line_item_type) AS channel,
            CASE upper(cost_type) WHEN 'CPM' THEN (cost_per_unit_micros + 500) // 1000 WHEN 'CPC' THEN 0 END
                AS per_impression,
            CASE upper(cost_type) WHEN 'CPC' THEN cost_per_unit_micros ELSE 0 END AS per_click
        FROM snapshots JOIN line_items USING (snapshot_date)"""
    )


def _yield_hourly(lake: PeerLake) -> str:
    cells = " UNION ALL ".join(_cells(lake, name, sums) for name, sums in YIELD_PARTS.items())
    return f"""
        WITH earned AS (
            SELECT cells.*, rates.per_impression, rates.per_click,
                CASE WHEN is_backfill THEN backfill_channel(product, deal_type)
                    WHEN rates.line_item_id IS NOT NULL THEN rates.channel
                    WHEN is_unfilled THEN 'unfilled' ELSE 'unknown' END AS channel,
                (is_backfill OR coalesce(rates.channel <> 'price_priority', false))::BIGINT AS is_lost
            FROM ({cells}) cells LEFT JOIN rates
            ON NOT is_backfill AND cells.event_date = rates.event_date AND cells.line_item_id = rates.line_item_id
        ), sums AS (
            SELECT hour_utc, event_date, site, ad_unit_id, channel, device_category, country,
                {", ".join(f"sum({name})::BIGINT AS {name}" for name in (*COUNTS, "revenue_reported_micros"))},
                {", ".join(f"sum(is_lost * {name})::BIGINT AS {name}" for name in HEADER_BIDS[:3])},
                sum(is_lost * CASE WHEN is_backfill THEN pressed_reported_micros
                    ELSE header_bid_impressions * coalesce(per_impression, 0) END)::BIGINT AS pressed_revenue_micros,
                sum(CASE WHEN is_backfill OR per_impression IS NOT NULL THEN 0
                    ELSE is_lost * header_bid_impressions END)::BIGINT AS pressed_unknown_impressions,
                sum(CASE WHEN is_backfill THEN 0
                    ELSE impressions * coalesce(per_impression, 0) + clicks * coalesce(per_click, 0) END)::BIGINT
                    AS revenue_rate_card_micros,
                sum(CASE WHEN is_backfill OR per_impression IS NOT NULL THEN 0 ELSE impressions END)::BIGINT
                    AS revenue_unknown_impressions
            FROM earned GROUP BY ALL
        )
        SELECT *, revenue_reported_micros + revenue_rate_card_micros AS revenue_micros,
            -- DuckDB has no sketch that Spark reads: the peer is spared the work
            NULL::BLOB AS users_sketch
        FROM sums"""


def _cells(lake: PeerLake, name: str, sums: dict[str, str]) -> str:
    """One table summed up to everything that rates and channels follow from; the sums of other tables are 0."""
    is_unfilled = "is_filled IS false" if name == "gam_requests" else "false"
    measures = ", ".join(
        f"{sums.get(measure, '0')}::BIGINT AS {measure}"
        for measure in (*COUNTS, "revenue_reported_micros", *HEADER_BIDS)
    )
    return f"""
        SELECT make_timestamptz(epoch_us(event_at_utc) // {HOUR_USEC} * {HOUR_USEC}) AS hour_utc,
            event_date, site, ad_unit_id, device_category, country, is_backfill, product, deal_type, line_item_id,
            {is_unfilled} AS is_unfilled, {measures}
        FROM {lake.scan(f"silver.{name}")} GROUP BY ALL"""


def _user_days(lake: PeerLake) -> str:
    # First up to everything that maps are made of, then up to days: few rows per person instead of lists of many.
    sums = ", ".join(f"sum({name})::BIGINT AS {name}" for name in USER_SUMS)
    seen = "min(first_seen_at_utc) AS first_seen_at_utc, max(last_seen_at_utc) AS last_seen_at_utc"
    impressions = _user_part(lake, "gam_impressions", "impressions", "coalesce(revenue_micros, 0)", "per_impression")
    clicks = _user_part(lake, "gam_clicks", "clicks", "0", "per_click")
    is_view = "event_name IS NOT DISTINCT FROM 'page_view'"
    counts = {"section": "page_views", "device": "events", "country": "events"}
    maps = ", ".join(_counts(aspect, measure) for aspect, measure in counts.items())
    joins = " ".join(f"LEFT JOIN {aspect}_counts USING (id_key, event_date)" for aspect in counts)
    held = ", ".join(
        f"coalesce({aspect}_counts.held, MAP {{}}::MAP(VARCHAR, BIGINT)) AS {aspect}_{measure}"
        for aspect, measure in counts.items()
    )
    return f"""
        WITH rows AS MATERIALIZED (
            {impressions} UNION ALL {clicks} UNION ALL
            SELECT id_key, event_date, CASE WHEN {is_view} THEN section END AS name,
                CASE WHEN {is_view} AND section IS NOT NULL THEN concat_ws('/', site, section) END AS section,
                {_device("device_type")} AS device, geo_country AS country, domain_session_id AS session,
                count(*) FILTER ({is_view}) AS page_views, 0 AS impressions, 0 AS clicks,
                0 AS revenue_micros, 0 AS revenue_unknown_impressions, count(*) AS events,
                min(event_at_utc) AS first_seen_at_utc, max(event_at_utc) AS last_seen_at_utc
            FROM {lake.scan("silver.page_events")} WHERE id_key IS NOT NULL AND NOT is_bot GROUP BY ALL
        ), {maps}, days AS (
            SELECT id_key, event_date, count(DISTINCT session) AS visits, {sums}, {seen},
                coalesce(list_sort(list(DISTINCT name) FILTER (name IS NOT NULL)), []::VARCHAR[]) AS sections
            FROM rows GROUP BY id_key, event_date
        )
        SELECT days.*, {held} FROM days {joins}"""


def _counts(aspect: str, measure: str) -> str:
    """A map of sums by person and day, under `<aspect>_counts`."""
    return f"""{aspect}_counts AS (
        SELECT id_key, event_date, map_from_entries(list({{'key': {aspect}, 'value': found}})) AS held
        FROM (
            SELECT id_key, event_date, {aspect}, sum({measure})::BIGINT AS found
            FROM rows WHERE {aspect} IS NOT NULL GROUP BY ALL
        ) GROUP BY ALL)"""


def _device(column: str) -> str:
    name = f"lower(trim({column}))"
    kinds = " ".join(
        f"WHEN {name} IN ({', '.join(map(quoted, names))}) THEN '{kind}'" for kind, names in DEVICES.items()
    )
    return f"CASE WHEN {name} IN ('', 'unknown') THEN NULL {kinds} WHEN {name} IS NOT NULL THEN 'other' END"


def _user_part(lake: PeerLake, name: str, measure: str, reported: str, rate: str) -> str:
    """Impressions or clicks by person and day, with what they earn."""
    rated = f"coalesce(sum(CASE WHEN is_backfill THEN {reported} ELSE coalesce({rate}, 0) END), 0)"
    unknown = "count(*) FILTER (NOT is_backfill AND per_impression IS NULL)" if measure == "impressions" else "0"
    counts = {"page_views": "0", "impressions": "0", "clicks": "0", measure: "count(*)"}
    # a click repeats the device and the country of its impression
    place = (_device("device_category"), "country") if measure == "impressions" else ("NULL", "NULL")
    return f"""
        SELECT id_key, events.event_date, NULL::VARCHAR AS name, NULL::VARCHAR AS section,
            {place[0]}::VARCHAR AS device, {place[1]}::VARCHAR AS country, NULL::VARCHAR AS session,
            {", ".join(f"{expression} AS {column}" for column, expression in counts.items())},
            {rated} AS revenue_micros, {unknown} AS revenue_unknown_impressions, count(*) AS events,
            min(event_at_utc) AS first_seen_at_utc, max(event_at_utc) AS last_seen_at_utc
        FROM {lake.scan(f"silver.{name}")} events LEFT JOIN rates
        ON NOT is_backfill AND events.event_date = rates.event_date AND events.line_item_id = rates.line_item_id
        WHERE id_key IS NOT NULL GROUP BY ALL"""
