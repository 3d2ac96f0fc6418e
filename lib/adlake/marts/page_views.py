"""gold.page_views: every page that somebody opened, how long it was looked at and how far down."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from adlake.config import Config, SessionsConfig
from adlake.marts.mart import COUNTED_AT, Frames, Mart, Proof, Reach
from adlake.marts.user_days import device
from adlake.marts.visits import (
    ORDER,
    PAGE,
    SESSION,
    engaged_seconds,
    first,
    has_visitor,
    heartbeat_of,
    is_after_silence,
    is_of_page,
    is_ping,
    longest_micros,
    whole_seconds,
    with_engagement,
    with_sessions,
)

VIEW = (
    *("event_at_utc", "event_date", "id_key", "site", "page_url", "section", "device_type", "geo_country"),
    *("referrer_site", "refr_medium"),
)

EVENT = (
    *(*VIEW, "event_id", "event_name", "is_bot", "page_view_id", "domain_session_id"),
    *("pp_yoffset_max", "doc_height", "viewport_height"),
)
SEEN = "events_with_views"


def page_views(frames: Frames, config: Config) -> DataFrame:
    """Page views with engaged time and scroll depth, as dbt-snowplow-web 0.15.2 has them.

    Of several page_view events with one `page_view_id` the earliest counts, by `event_at_utc`; what comes within three
    days after another is a repetition. Page pings count for the page view of their id in their session, within the
    length of a session.

    Args:
        frames: prepared of `page_events` of whole days (UTC), as far around the wanted days as the reach says.
        config: of sessions.

    Returns:
        one row per page view of a person in a session, in the day of its page_view event.
    """
    events = frames[SEEN]
    pages = _pages(events.where(is_of_page() & F.col("session_id").isNotNull()), config.sessions)
    viewed = pages.where(F.col("view").isNotNull()).select(
        *PAGE, "view.*", "page_pings", "engaged_seconds", "scroll_percent", _ended().alias("ended_at_utc")
    )
    return viewed.select(
        "page_view_id",
        "event_date",
        "id_key",
        *SESSION,
        F.col("event_at_utc").alias("started_at_utc"),
        "ended_at_utc",
        "site",
        "page_url",
        "section",
        device(F.col("device_type")).alias("device"),
        F.col("geo_country").alias("country"),
        "referrer_site",
        "refr_medium",
        "page_pings",
        "engaged_seconds",
        whole_seconds("event_at_utc", "ended_at_utc").alias("duration_seconds"),
        (F.col("engaged_seconds") > config.sessions.engaged_seconds).alias("is_engaged"),
        "scroll_percent",
    )


def _prepare(frames: Frames, config: Config) -> Frames:
    """Page events with their sessions and `is_view`: whether it is the event that makes the row of its page view."""
    is_candidate = is_of_page() & (F.col("event_name") == "page_view")
    # every other event is alone: together they would be one large partition
    view = F.when(is_candidate, F.col("page_view_id")).otherwise(F.col("event_id"))
    of_view = Window.partitionBy(is_candidate, view).orderBy(*ORDER)
    # a page view does not last longer than a session
    is_first = is_after_silence(of_view, longest_micros(config.sessions))
    events = with_sessions(frames["page_events"].select(*EVENT), config)
    return {SEEN: events.withColumn("is_view", is_candidate & is_first)}


def _pages(events: DataFrame, settings: SessionsConfig) -> DataFrame:
    """One row per page view id and session, `view` being null where another session, or none, opened the page."""
    heartbeats = F.count_distinct(F.when(is_ping(), heartbeat_of(settings)))
    return events.groupBy(*PAGE).agg(
        first(F.struct(*VIEW), F.col("is_view")).alias("view"),
        F.max(F.when(is_ping(), F.col("event_at_utc"))).alias("last_ping_at_utc"),
        F.count_if(is_ping()).alias("page_pings"),
        engaged_seconds(heartbeats, settings).alias("engaged_seconds"),
        _scroll_percent().alias("scroll_percent"),
    )


def _scroll_percent() -> Column:
    """min(scrolled pixels + window, page) / page, of the greatest of each; pixels are bounded by 0 and the page."""
    height = F.max(F.when(F.col("doc_height") > 0, F.col("doc_height")))
    scrolled = F.least(F.greatest(F.max("pp_yoffset_max"), F.lit(0)), height)
    seen = scrolled.cast("bigint") + F.max("viewport_height")
    return F.when(seen.isNotNull(), F.round(100 * F.least(seen, height) / height)).cast("int")


def fates(frames: Frames, _: Config) -> DataFrame:
    """Page_view events with `reason`, why they made no row; null for those that did."""
    views = frames["page_events"].where("event_name = 'page_view'")
    reason = (
        F.when(F.col("is_bot"), "bot")
        .when(~has_visitor(), "visitor_unknown")
        .when(F.col("page_view_id").isNull(), "page_view_id_missing")
    )
    lost = views.where(reason.isNotNull()).select("event_date", reason.alias("reason"))
    kept = frames[SEEN].where((F.col("event_name") == "page_view") & F.col("page_view_id").isNotNull())
    because = F.when(~F.col("is_view"), "page_view_repeated").when(F.col("session_id").isNull(), "session_too_long")
    return lost.unionByName(kept.select("event_date", because.alias("reason")))


def _attribution(frames: Frames, config: Config) -> DataFrame:
    """Events of pages that have a row; they count where their page view began."""
    viewed_at = F.max(F.when(F.col("is_view"), F.col("event_at_utc"))).over(Window.partitionBy(*PAGE))
    counted = frames[SEEN].withColumn(COUNTED_AT, F.when(is_of_page(), viewed_at))
    return with_engagement(counted, config.sessions).where(F.col(COUNTED_AT).isNotNull())


def _ended() -> Column:
    return F.greatest("view.event_at_utc", "last_ping_at_utc")


def _reach(config: Config) -> Reach:
    """A page view's session began up to three days before; that it did takes three more days to tell."""
    days = config.sessions.maximum_days
    return Reach(before_days=2 * days, after_days=days)


def _proofs(_: Config) -> tuple[Proof, ...]:
    return (
        Proof("page_pings", "page_events", lambda: F.when(is_ping(), 1).otherwise(0)),
        Proof("engaged_seconds", "page_events", lambda: F.col("added_seconds")),
    )


PAGE_VIEWS = Mart(
    table="gold.page_views",
    events=("page_events",),
    build=page_views,
    proofs=_proofs,
    reach=_reach,
    prepare=_prepare,
    attribution=_attribution,
    fates=fates,
)
