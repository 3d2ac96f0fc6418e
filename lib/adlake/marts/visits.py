"""Which session a page event belongs to, and how long its page was looked at: what page views and sessions share.

Every answer depends on the events of a few days around alone, so that some days can be worked out without all others.
"""

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from adlake.config import Config, SessionsConfig

# a session, told from all others
SESSION = ("session_id", "session_started_at_utc")
PAGE = (*SESSION, "page_view_id")
MICROS = 1_000_000
SECONDS_PER_DAY, SECONDS_PER_MINUTE = 24 * 3600, 60
# the order of events; the id breaks ties
ORDER = ("event_at_utc", "event_id")


def with_sessions(events: DataFrame, config: Config) -> DataFrame:
    """Page events of people with the session that each belongs to.

    A session is what the tracker gave one `domain_session_id`; where it gave none, what one `id_key` did without a
    silence of more than the timeout: a gap of exactly 30:00 continues. A session ends after the greatest length
    whatever happens (exactly 3 days still belong to it); what then follows without a silence as long as that belongs
    to no session, and what follows after one begins a new session, though the tracker goes on with its id. Snowplow
    leaves all of that out (dbt-snowplow-web 0.15.2, base_events_this_run), for which it keeps every session id for
    ever.

    Args:
        events: `silver.page_events`; bots, and events that name neither session nor person, are left out.
        config: how long silences and sessions are.

    Returns:
        one row per event that is left: `session_id`, the tracker's or a hash of person and start, and
        `session_started_at_utc`; both null for one that belongs to no session.
    """
    settings = config.sessions
    named = events.where(~F.col("is_bot") & has_visitor())
    longest = longest_micros(settings)
    silence = F.when(_is_tracked(), longest).otherwise(settings.timeout_minutes * SECONDS_PER_MINUTE * MICROS)
    of_visitor = Window.partitionBy("is_tracked", "visitor").orderBy(*ORDER)
    begun = named.select(
        "*",
        _is_tracked().alias("is_tracked"),
        _visitor().alias("visitor"),
    ).withColumn("begun_at_utc", F.when(is_after_silence(of_visitor, silence), F.col("event_at_utc")))
    up_to_here = of_visitor.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    started = F.last("begun_at_utc", ignorenulls=True).over(up_to_here)
    found = begun.withColumn("started_at_utc", started)
    is_inside = _micros("event_at_utc") - _micros("started_at_utc") <= longest
    own_id = F.sha2(F.concat_ws("|", "visitor", _micros("started_at_utc").cast("string")), 256)
    return found.select(
        *events.columns,
        F.when(is_inside, F.when(F.col("is_tracked"), F.col("visitor")).otherwise(own_id)).alias("session_id"),
        F.when(is_inside, F.col("started_at_utc")).alias("session_started_at_utc"),
    )


def longest_micros(settings: SessionsConfig) -> int:
    """How long a session lasts at most, in microseconds."""
    return settings.maximum_days * SECONDS_PER_DAY * MICROS


def is_after_silence(among: WindowSpec, silence_micros: int | Column) -> Column:
    """Whether an event is the first of its window, or more than the silence after the one before."""
    micros = _micros("event_at_utc")
    return F.coalesce(micros - F.lag(micros).over(among) > silence_micros, F.lit(True))


def has_visitor() -> Column:
    """Whether an event names its session or its person."""
    return _visitor().isNotNull()


def is_of_page() -> Column:
    """Whether an event tells that a page was seen: a page view or a page ping that names its page view."""
    is_page_event = F.coalesce(F.col("event_name").isin("page_view", "page_ping"), F.lit(False))
    return is_page_event & F.col("page_view_id").isNotNull()


def is_ping() -> Column:
    """Whether an event is a page ping that names its page view."""
    return is_of_page() & (F.col("event_name") == "page_ping")


def heartbeat_of(settings: SessionsConfig) -> Column:
    """The number of the heartbeat in which an event lies, since the epoch."""
    return F.floor(F.unix_seconds("event_at_utc") / settings.heartbeat_seconds)


def engaged_seconds(heartbeats: Column, settings: SessionsConfig) -> Column:
    """Seconds for which a page was looked at, of the distinct heartbeats in which it sent pings; 0 without any.

    heartbeat * (distinct heartbeats - 1) + minimum visit (dbt-snowplow-web 0.15.2, pv_engaged_time). Snowplow takes
    the clock of the device, this the derived time, as all of the lake does.
    """
    looked = settings.heartbeat_seconds * (heartbeats - 1) + settings.minimum_visit_seconds
    return F.when(heartbeats > 0, looked).otherwise(0).cast("bigint")


def with_engagement(events: DataFrame, settings: SessionsConfig) -> DataFrame:
    """Events of sessions with what each adds: a second way to the sums of pages and sessions, event by event.

    Args:
        events: as `with_sessions` gives them; those of no session, and of sessions in which no page was seen, are
            left out.
        settings: of sessions.

    Returns:
        the same with `added_pages`, 1 for the first event of each page, and `added_seconds`.
    """
    of_session, of_page = Window.partitionBy(*SESSION), _of_page()
    before = of_page.rowsBetween(Window.unboundedPreceding, -1)
    heartbeat = F.when(is_ping(), heartbeat_of(settings))
    seen = events.where(F.col("session_id").isNotNull()).withColumn("has_page", F.max(is_of_page()).over(of_session))
    beaten = seen.where("has_page").withColumn("last_beat", F.last(heartbeat, ignorenulls=True).over(before))
    added = (
        F.when(~is_ping(), 0)
        .when(F.col("last_beat").isNull(), settings.minimum_visit_seconds)
        .when(F.col("last_beat") != heartbeat, settings.heartbeat_seconds)
        .otherwise(0)
    )
    is_first = is_of_page() & (F.row_number().over(of_page) == 1)
    return beaten.select("*", F.when(is_first, 1).otherwise(0).alias("added_pages"), added.alias("added_seconds"))


def first(value: str | Column, among: Column) -> Column:
    """The value of the first event of those; null when there is none."""
    return F.min_by(value, F.when(among, F.struct(*ORDER)))


def whole_seconds(start: str, end: str) -> Column:
    """Whole seconds from one moment to another."""
    return F.floor((_micros(end) - _micros(start)) / MICROS)


def _of_page() -> WindowSpec:
    return Window.partitionBy(*PAGE, is_of_page()).orderBy(*ORDER)


def _is_tracked() -> Column:
    return F.col("domain_session_id").isNotNull()


def _visitor() -> Column:
    return F.coalesce("domain_session_id", "id_key")


def _micros(moment: str) -> Column:
    return F.unix_micros(moment)
