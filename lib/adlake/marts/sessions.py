"""gold.sessions: every visit, where it came from, where it landed, and whether it was engaged."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.config import Config, SessionsConfig
from adlake.marts.mart import COUNTED_AT, Frames, Mart, Proof, Reach
from adlake.marts.user_days import device
from adlake.marts.visits import (
    ORDER,
    SESSION,
    engaged_seconds,
    first,
    heartbeat_of,
    is_of_page,
    is_ping,
    whole_seconds,
    with_engagement,
    with_sessions,
)

LANDING = (
    *(*ORDER, "event_name", "site", "page_url", "section", "device_type", "geo_country", "utm_source", "utm_medium"),
    *("utm_campaign", "referrer_site", "refr_medium"),
)
# which key names the person of a session, best first
PERSON = ("login_id_key", "domain_id_key", "network_id_key")
EVENT = (*LANDING, *PERSON, "id_key", "is_bot", "domain_session_id", "page_view_id")
INSIDE = "events_in_sessions"
SUMS = ("events", "page_views", "page_pings", "conversions", "engaged_seconds")
DIRECT, NO_MEDIUM = "(direct)", "(none)"
LEAST_PAGE_VIEWS, LEAST_HEARTBEATS = 2, 2


def sessions(frames: Frames, config: Config) -> DataFrame:
    """Sessions with source, landing page and engagement, as dbt-snowplow-web 0.15.2 and Google Analytics 4 have them.

    The events of a session are summed up page by page, then over its pages. A session in which no page was seen is
    none (Snowplow). Source, landing page, device and country are those of its first page view or ping.

    Args:
        frames: prepared of `page_events` of whole days (UTC), as far around the wanted days as the reach says.
        config: of sessions.

    Returns:
        one row per session, in the day (UTC) of its first event, with all of its events up to three days later.
    """
    pages = _pages(frames[INSIDE], config)
    engaged = _engaged(config.sessions)
    return _summed(pages).select(
        "session_id",
        F.to_date("session_started_at_utc").alias("event_date"),
        "id_key",
        F.col("session_started_at_utc").alias("started_at_utc"),
        "ended_at_utc",
        "site",
        F.col("page_url").alias("landing_page_url"),
        F.col("section").alias("landing_section"),
        device(F.col("device_type")).alias("device"),
        F.col("geo_country").alias("country"),
        _source().alias("source"),
        _medium().alias("medium"),
        F.col("utm_campaign").alias("campaign"),
        "referrer_site",
        "refr_medium",
        *SUMS,
        (whole_seconds("session_started_at_utc", "ended_at_utc") + _unheard(config.sessions)).alias("duration_seconds"),
        engaged.alias("is_engaged"),
        _engaged_snowplow(config.sessions).alias("is_engaged_snowplow"),
        (~engaged).alias("is_bounced"),
    )


def _prepare(frames: Frames, config: Config) -> Frames:
    events = with_sessions(frames["page_events"].select(*EVENT), config)
    return {INSIDE: events.where(F.col("session_id").isNotNull())}


def _pages(events: DataFrame, config: Config) -> DataFrame:
    """One row per session and page, and one for its events of no page."""
    settings = config.sessions
    page = F.when(is_of_page(), F.col("page_view_id")).alias("page_view_id")
    heartbeats = F.count_distinct(F.when(is_ping(), heartbeat_of(settings)))
    return (
        events.withColumn("is_of_page", is_of_page())
        .groupBy(*SESSION, page)
        .agg(
            F.count(F.lit(1)).alias("events"),
            F.max(F.col("is_of_page").cast("bigint")).alias("page_views"),
            F.count_if(is_ping()).alias("page_pings"),
            F.count_if(_is_conversion(config)).alias("conversions"),
            engaged_seconds(heartbeats, settings).alias("engaged_seconds"),
            F.max("event_at_utc").alias("ended_at_utc"),
            first(F.struct(*LANDING), F.col("is_of_page")).alias("landing"),
            *[_first_key(key).alias(key) for key in PERSON],
        )
    )


def _summed(pages: DataFrame) -> DataFrame:
    """One row per session in which a page was seen, with the columns of its landing page."""
    place = F.struct(*[f"landing.{name}" for name in ORDER])
    found = pages.groupBy(*SESSION).agg(
        *[F.sum(name).alias(name) for name in SUMS],
        F.max("ended_at_utc").alias("ended_at_utc"),
        F.min_by("landing", F.when(F.col("landing").isNotNull(), place)).alias("landing"),
        *[F.min_by(f"{key}.key", F.col(f"{key}.at")).alias(key) for key in PERSON],
    )
    seen = found.where(F.col("page_views") > 0)
    return seen.select(*SESSION, *SUMS, "ended_at_utc", F.coalesce(*PERSON).alias("id_key"), "landing.*")


def _engaged(settings: SessionsConfig) -> Column:
    """Two page views, a conversion, or engaged for longer than a time (Google Analytics 4)."""
    return _went_on() | (F.col("engaged_seconds") > settings.engaged_seconds)


def _engaged_snowplow(settings: SessionsConfig) -> Column:
    """Two page views, a conversion, or two heartbeats of engaged time (dbt-snowplow-web 0.15.2, engaged_session)."""
    return _went_on() | (F.col("engaged_seconds") >= LEAST_HEARTBEATS * settings.heartbeat_seconds)


def _went_on() -> Column:
    return (F.col("page_views") >= LEAST_PAGE_VIEWS) | (F.col("conversions") > 0)


def _unheard(settings: SessionsConfig) -> Column:
    """Seconds before the first event: a page that is first heard of by a ping has been open for the minimum visit."""
    return F.when(F.col("event_name") == "page_ping", settings.minimum_visit_seconds).otherwise(0)


def _first_key(key: str) -> Column:
    """The key of the first event that has it, with the place of that event in order."""
    return first(F.struct(F.col(key).alias("key"), F.struct(*ORDER).alias("at")), F.col(key).isNotNull())


def _is_conversion(config: Config) -> Column:
    return F.col("event_name").isin(list(config.sessions.conversions))


def _source() -> Column:
    """The campaign's source, else the site before; `(direct)` for neither (Google Analytics)."""
    return F.coalesce("utm_source", F.when(_is_from_outside(), F.col("referrer_site")), F.lit(DIRECT))


def _medium() -> Column:
    """The campaign's medium, else what the site before is: organic search, e-mail or another site; else `(none)`."""
    referred = (
        F.when(~_is_from_outside(), NO_MEDIUM)
        .when(F.col("refr_medium") == "search", "organic")
        .when(F.col("refr_medium") == "email", "email")
        .otherwise("referral")
    )
    return F.coalesce("utm_medium", referred)


def _is_from_outside() -> Column:
    """Whether another site led here; the publisher's own pages do not."""
    is_own = F.coalesce(F.col("refr_medium") == "internal", F.lit(False))
    return F.col("referrer_site").isNotNull() & ~is_own & ~F.col("referrer_site").eqNullSafe(F.col("site"))


def _attribution(frames: Frames, config: Config) -> DataFrame:
    """Events of sessions in which a page was seen; they count where the session began."""
    counted = frames[INSIDE].withColumn(COUNTED_AT, F.col("session_started_at_utc"))
    return with_engagement(counted, config.sessions)


def _reach(config: Config) -> Reach:
    """That nothing came before an event takes as long to tell as a session lasts at most."""
    days = config.sessions.maximum_days
    return Reach(before_days=days, after_days=days)


def _proofs(config: Config) -> tuple[Proof, ...]:
    """All sums, event by event.

    Both sides count an event where its session began, and only sessions that began on recomputed days are compared:
    those are read whole. What an event adds to page views and seconds is told from the event before it; the mart
    counts distinct pages and heartbeats.
    """
    return (
        Proof("events", "page_events", lambda: F.lit(1)),
        Proof("page_views", "page_events", lambda: F.col("added_pages")),
        Proof("page_pings", "page_events", lambda: F.when(is_ping(), 1).otherwise(0)),
        Proof("conversions", "page_events", lambda: F.when(_is_conversion(config), 1).otherwise(0)),
        Proof("engaged_seconds", "page_events", lambda: F.col("added_seconds")),
    )


SESSIONS = Mart(
    table="gold.sessions",
    events=("page_events",),
    build=sessions,
    proofs=_proofs,
    reach=_reach,
    prepare=_prepare,
    attribution=_attribution,
)
