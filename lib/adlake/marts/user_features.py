"""gold.user_features: what is known of a person at the end of a day.

Everything comes from `gold.user_days` in one pass: `histories` sums it up to one row per person, and the features are
worked out of that. Weights are whole millionths of a page view, so that sums, and with them the features, are the same
in whatever order rows come.
"""

from collections.abc import Mapping
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.config import ContentConfig
from adlake.snapshots import WINDOW_DAYS

PERIODS_DAYS = (1, 7, 30, WINDOW_DAYS)
# feature and the column of user_days that it is the sum of; a row is an active day
SUMS = {
    f"visits_{WINDOW_DAYS}d": "visits",
    f"active_days_{WINDOW_DAYS}d": None,
    "page_views": "page_views",
    "impressions": "impressions",
    "clicks": "clicks",
    "ad_revenue_micros": "revenue_micros",
}
COUNTS = ("section_page_views", "device_events", "country_events")
MICROS = 1_000_000
KEEP = ("recency_days", *[f"{what}_{days}d" for what in ("visits", "active_days") for days in PERIODS_DAYS])
PERIOD_FREE = ("page_views", "impressions", "clicks", "ad_revenue_micros")
OF_CONTACT = ("newsletter_state", "subscription_state", "subscription_plan", "days_to_renewal")
NO_COUNTS = "cast(map() as map<string,bigint>)"


def amount(name: str) -> Column:
    """What a row of user_days adds to the sum of a feature; columns that an old row lacks add 0."""
    source = SUMS[name]
    return F.lit(1).cast("bigint") if source is None else F.coalesce(source, F.lit(0).cast("bigint"))


def histories(days: DataFrame, topics: DataFrame, as_of: date, content: ContentConfig) -> DataFrame:
    """The days of each person summed up.

    Args:
        days: rows of `gold.user_days`; those after the as-of day, or as old as the window is long, do not count.
        topics: `section` (alone, or behind its site) and `taxonomy_id`, each section once.
        as_of: last day that counts.
        content: weights of page views.

    Returns:
        one row per id_key: the sums of the features; `topics`, the weight in millionths of a page view by taxonomy id;
        `topic_page_views`, the page views behind them; `devices` and `countries`, events by name.
    """
    aged = days.withColumn("age", F.date_diff(F.lit(as_of), "event_date")).where(
        F.col("age").between(0, WINDOW_DAYS - 1)
    )
    return _by_person(_by_value(_with_topics(_parted(aged), topics), content))


def mean_interest(histories_: DataFrame) -> DataFrame:
    """Weight of each taxonomy id over all readers: `taxonomy_id`, `weight`; a few hundred rows at most."""
    weights = histories_.select(F.explode("topics").alias("taxonomy_id", "weight"))
    return weights.groupBy("taxonomy_id").agg(F.sum("weight").alias("weight"))


def user_features(
    histories_: DataFrame, means: Mapping[str, int], contacts: DataFrame, as_of: date, content: ContentConfig
) -> DataFrame:
    """The features of each person.

    Args:
        histories_: as `histories` gives them.
        means: as `mean_interest` gives them.
        contacts: `silver.contact_states`; states after the as-of day do not count.
        as_of: last day that counts.
        content: minimum of evidence.

    Returns:
        one row per id_key; null for what nobody knows of the person.
    """
    visits = F.col(f"visits_{WINDOW_DAYS}d")
    rows = histories_.select(
        "id_key",
        F.lit(as_of).alias("as_of_date"),
        *KEEP,
        *PERIOD_FREE,
        F.when(visits > 0, F.col("impressions") / visits).alias("ads_per_visit"),
        _affinity(means, content).alias("content_affinity"),
        _shares("devices").alias("device_share"),
        _shares("countries").alias("country_share"),
    )
    return rows.join(newest_states(contacts, as_of), "id_key", "left")


def newest_states(contacts: DataFrame, as_of: date) -> DataFrame:
    """What the contacts of each reader say at the end of a day.

    Of each contact its newest state counts. Where a reader has several, what is known goes before `unknown`, then the
    newer before the older; plan and renewal are those of the subscription that counts.

    Args:
        contacts: `silver.contact_states`; contacts without a login belong to no reader that is known.
        as_of: last day that counts.

    Returns:
        one row per login key, as `id_key`.
    """
    states = contacts.where(F.col("login_id_key").isNotNull() & (F.col("event_date") <= F.lit(as_of)))
    said = F.struct("newsletter_state", "subscription_state", "subscription_plan", "renewal_date")
    newest = states.groupBy("login_id_key", "source", "contact_id_key").agg(
        F.max_by(said, F.col("as_of_at_utc")).alias("said"), F.max("as_of_at_utc").alias("as_of_at_utc")
    )

    def best(part: Column, state: str) -> Column:
        is_known = F.coalesce(F.col("said")[state] != "unknown", F.lit(False))
        return F.max_by(part, F.struct(is_known, F.col("as_of_at_utc"), F.col("source"), F.col("contact_id_key")))

    subscribed = newest.groupBy(F.col("login_id_key").alias("id_key")).agg(
        best(F.col("said.newsletter_state"), "newsletter_state").alias("newsletter_state"),
        best(F.col("said"), "subscription_state").alias("subscription"),
    )
    return subscribed.select(
        "id_key",
        "newsletter_state",
        "subscription.subscription_state",
        "subscription.subscription_plan",
        F.date_diff("subscription.renewal_date", F.lit(as_of)).alias("days_to_renewal"),
    )


def _parted(aged: DataFrame) -> DataFrame:
    """One row per entry of the three maps, one without an entry where all are empty; `position` counts from 0.

    One list of all entries is taken apart, told from each other by their places: the rows are read once.
    """
    maps = {name: F.coalesce(name, F.expr(NO_COUNTS)) for name in COUNTS}
    entries = F.concat(*[F.map_entries(counts) for counts in maps.values()])
    named = aged.select(
        "id_key",
        "age",
        F.size(maps["section_page_views"]).alias("sections"),
        F.size(maps["device_events"]).alias("devices"),
        *[amount(name).alias(name) for name in SUMS],
        F.posexplode_outer(entries).alias("position", "entry"),
    )
    aspect = (
        F.when(F.col("position") < F.col("sections"), "section")
        .when(F.col("position") < F.col("sections") + F.col("devices"), "device")
        .when(F.col("position").isNotNull(), "country")
    )
    return named.select(
        "id_key",
        "age",
        *SUMS,
        (F.coalesce("position", F.lit(0)) == 0).alias("is_first"),
        aspect.alias("aspect"),
        F.col("entry.key").alias("value"),
        F.col("entry.value").alias("rows"),
    )


def _with_topics(parted: DataFrame, topics: DataFrame) -> DataFrame:
    """Sections as taxonomy ids, null for those without one; a site's own section goes before the section alone."""
    own = F.broadcast(topics.select(F.col("section").alias("_own"), F.col("taxonomy_id").alias("_own_id")))
    any_ = F.broadcast(topics.select(F.col("section").alias("_any"), F.col("taxonomy_id").alias("_any_id")))
    is_section = F.col("aspect") == "section"
    found = parted.join(own, is_section & (F.col("value") == F.col("_own")), "left")
    found = found.join(any_, is_section & (F.substring_index("value", "/", -1) == F.col("_any")), "left")
    value = F.when(is_section, F.coalesce("_own_id", "_any_id")).otherwise(F.col("value"))
    return found.withColumn("value", value)


def _by_value(parted: DataFrame, content: ContentConfig) -> DataFrame:
    """One row per person, aspect and value; the first entry of a day alone carries the sums of the day."""

    def of_day(name: str, days: int = WINDOW_DAYS) -> Column:
        return F.sum(F.when(F.col("is_first") & (F.col("age") < days), F.col(name)).otherwise(0))

    periods = [
        of_day(f"{what}_{WINDOW_DAYS}d", days).alias(f"{what}_{days}d")
        for what in ("visits", "active_days")
        for days in PERIODS_DAYS
    ]
    weight = F.round(MICROS * F.pow(F.lit(0.5), F.col("age") / content.half_life_days)).cast("bigint")
    return parted.groupBy("id_key", "aspect", "value").agg(
        F.min("age").alias("recency_days"),
        *periods,
        *[of_day(name).alias(name) for name in PERIOD_FREE],
        F.sum("rows").alias("rows"),
        F.sum(F.col("rows") * weight).alias("weight"),
    )


def _by_person(parts: DataFrame) -> DataFrame:
    is_named = F.col("value").isNotNull()

    def among(aspect: str, column: Column) -> Column:
        return F.when((F.col("aspect") == aspect) & is_named, column)

    def named(aspect: str, number: str) -> Column:
        return F.map_from_entries(F.sort_array(F.collect_list(among(aspect, F.struct("value", number)))))

    return parts.groupBy("id_key").agg(
        F.min("recency_days").alias("recency_days"),
        *[F.sum(name).alias(name) for name in (*KEEP[1:], *PERIOD_FREE)],
        named("section", "weight").alias("topics"),
        F.coalesce(F.sum(among("section", F.col("rows"))), F.lit(0)).alias("topic_page_views"),
        named("device", "rows").alias("devices"),
        named("country", "rows").alias("countries"),
    )


def _affinity(means: Mapping[str, int], content: ContentConfig) -> Column:
    """(weight + k * mean share) / (all weights + k), k being as many page views as the minimum."""
    prior, everything = content.minimum_page_views * MICROS, sum(means.values())
    if not everything:
        return F.lit(None).cast("map<string,double>")
    pairs = [(F.lit(id_), F.lit(prior * (weight / everything))) for id_, weight in sorted(means.items())]
    expected = F.create_map(*[part for pair in pairs for part in pair])
    total = _total("topics").cast("double") + prior
    smoothed = F.transform_values("topics", lambda id_, weight: (weight + F.element_at(expected, id_)) / total)
    return F.when(F.col("topic_page_views") >= content.minimum_page_views, smoothed)


def _shares(counts: str) -> Column:
    total = _total(counts)
    return F.when(F.size(counts) > 0, F.transform_values(counts, lambda _, rows: rows / total))


def _total(counts: str) -> Column:
    return F.aggregate(F.map_values(counts), F.lit(0).cast("bigint"), lambda total, value: total + value)
