"""silver.consents: what people said to the use of their data, identifier by identifier and change by change."""

from functools import partial, reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from adlake.config import Config
from adlake.consent.basis import CONTACT, NO_LAW, NO_SIGNAL
from adlake.decisions import BASIS, PERMISSIONS, SHARES
from adlake.marts.identity_links import KEYS, SIGNALLED
from adlake.marts.mart import Frames, Mart, Proof

CONTACTS = "contact_states"
# What decides without a word of the person.
UNSAID = (NO_LAW, NO_SIGNAL)
SAID = (*PERMISSIONS, SHARES, BASIS, "consent_policy_version")
DAY = ("id_key", "kind", "source", "event_date")
BY_DECISION = "signals_by_decision"


def consents(frames: Frames, _: Config) -> DataFrame:
    """The decisions on signals of one identifier on one day, each from when on until when it was given without another.

    Events count that rest on what a person said: a string, or a flag that took something away. What a record of
    contacts says counts from the time of the consent, else from that of the record. Events of robots are left out.
    Of two decisions at one instant that with fewer permissions counts.

    Args:
        frames: prepared of `page_events`, `auctions` and `contact_states` of whole days (UTC).

    Returns:
        one row per identifier, source, day and change; a permission of which the signal says nothing is null.
    """
    # nearly everybody says one thing all day; only for the others the order of signals matters
    steady = frames[BY_DECISION].where(F.col("decisions") == 1).drop("decisions")
    turning = frames[BY_DECISION].where(F.col("decisions") > 1).select(*DAY).distinct()
    return steady.unionByName(_changes(_signals(frames).join(turning, list(DAY), "left_semi")))


def _prepare(frames: Frames, _: Config) -> Frames:
    """Signals summed up by what they allow, with the number of different `decisions` of the identifier's day."""
    by_decision = _signals(frames).groupBy(*DAY, *SAID).agg(*_seen(), F.count(F.lit(1)).alias("events"))
    decisions = F.count(F.lit(1)).over(Window.partitionBy(*DAY))
    return {BY_DECISION: by_decision.withColumn("decisions", decisions)}


def _signals(frames: Frames) -> DataFrame:
    """One row per signal and identifier."""
    events = [
        _said(frames[source].where(_counts(source)).withColumn("signal_at_utc", F.col("event_at_utc")), source)
        for source in SIGNALLED
    ]
    return reduce(DataFrame.unionByName, [*events, _said(_of_contacts(frames[CONTACTS]), CONTACTS)])


def _said(rows: DataFrame, source: str) -> DataFrame:
    """One row for each identifier of a row."""
    by_key = rows.select("event_date", "signal_at_utc", *SAID, F.explode_outer(KEYS[source].keys()).alias("key"))
    said = by_key.where(F.col("key").isNotNull()).withColumn("source", F.lit(source))
    return said.select("key.id_key", "key.kind", "source", "event_date", "signal_at_utc", *SAID)


def _seen() -> tuple[Column, Column]:
    return F.min("signal_at_utc").alias("signal_at_utc"), F.max("signal_at_utc").alias("last_seen_at_utc")


def _changes(signals: DataFrame) -> DataFrame:
    """Runs of equal decisions in the order of time."""
    granted = [F.coalesce(F.col(name).cast("int"), F.lit(0)) for name in PERMISSIONS]
    permitted = reduce(Column.__add__, [*granted, F.coalesce(F.size("may_share"), F.lit(0))])
    strictest = F.min(F.struct(permitted.alias("permitted"), *SAID)).alias("said")
    moments = signals.groupBy(*DAY, "signal_at_utc").agg(strictest, F.count(F.lit(1)).alias("events"))
    in_order = Window.partitionBy(*DAY).orderBy("signal_at_utc")
    is_turn = ~F.col("said").eqNullSafe(F.lag("said").over(in_order))
    runs = moments.withColumn("is_turn", is_turn).withColumn("run", F.count_if("is_turn").over(in_order))
    ends = runs.groupBy(*DAY, "run", "said").agg(*_seen(), F.sum("events").alias("events"))
    return ends.select(*DAY, *[f"said.{name}" for name in SAID], "signal_at_utc", "last_seen_at_utc", "events")


def _of_contacts(states: DataFrame) -> DataFrame:
    """What records of contacts say of ads: nothing of storing and measuring, and of single vendors only a refusal."""
    ads, is_shared = F.col("consent_ad_personalization") == "granted", F.col("consent_ad_user_data") == "granted"
    nothing = F.lit(None).cast("boolean")
    said = {
        "may_store": nothing,
        "may_personalise_ads": ads,
        "may_profile": ads,
        "may_measure": nothing,
        "may_share": F.when(~is_shared, F.array().cast("array<string>")),
        "consent_basis": F.lit(CONTACT),
        "consent_policy_version": F.lit(None).cast("string"),
        # a time of consent after the record that tells of it is a mistake
        "signal_at_utc": F.least(F.coalesce("consent_at_utc", "as_of_at_utc"), "as_of_at_utc"),
    }
    return states.where(_counts(CONTACTS)).withColumns(said)


def _counts(source: str) -> Column:
    """Whether a silver row says something."""
    if source == CONTACTS:
        return F.col("consent_ad_personalization").isNotNull() | F.col("consent_ad_user_data").isNotNull()
    return ~F.coalesce(F.col("consent_basis").isin(*UNSAID), F.lit(True)) & ~F.col("is_bot")


def _signals_of(source: str) -> Column:
    """How many signals a silver row gives: one for each of its identifiers."""
    return F.when(_counts(source), KEYS[source].count()).otherwise(0)


def _proofs(_: Config) -> tuple[Proof, ...]:
    return tuple(Proof("events", source, partial(_signals_of, source)) for source in (*SIGNALLED, CONTACTS))


CONSENTS = Mart(
    table="silver.consents",
    events=(*SIGNALLED, CONTACTS),
    build=consents,
    prepare=_prepare,
    proofs=_proofs,
)
