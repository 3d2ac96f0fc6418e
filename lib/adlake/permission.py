"""Whether rows may be used: the one function that every builder of audiences asks.

Both must allow: what was said when the event happened, and what the person says now. A refusal that came with any
identifier of the person binds all of them.
"""

from dataclasses import dataclass
from typing import Literal

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from adlake.consent import Policy
from adlake.consent.permissions import USES

Use = Literal["store", "personalise_ads", "profile", "measure", "share"]
PERSON, TIMELINE = "__person", "__timeline"


@dataclass(frozen=True)
class Purpose:
    """What rows shall be used for.

    Attributes:
        use: one of the policy's.
        vendor: its name in the policy, for sharing; None for the other uses.
    """

    use: Use
    vendor: str | None = None

    @property
    def is_permitted(self) -> Column:
        """Whether the decision of a row permits it; null where the decision says nothing of it."""
        return F.array_contains("may_share", self.vendor) if self.vendor else F.col(f"may_{self.use}")

    def is_permitted_by_silence(self, policy: Policy) -> bool:
        """Whether the policy permits it where nobody says anything."""
        if self.vendor is None:
            return bool(policy.without_signal & USES[self.use])
        return policy.without_signal == policy.everything and self.vendor in policy.vendors


def permitted(events: DataFrame, consents: DataFrame, people: DataFrame, purpose: Purpose, policy: Policy) -> DataFrame:
    """The events that may be used for the purpose, in the columns and the grain that they have.

    An event with a decision of its own (`may_*`) stands for what was said when it happened; an event of the ad server
    carries no signal, and the person's newest signals by then stand for it, or silence where there are none. Now is
    what the newest signal of each of the person's identifiers says, whatever the time of the event; who never said
    anything has refused nothing.

    Args:
        events: with `id_key` and `event_at_utc`; rows of nobody are never permitted.
        consents: `silver.consents`, all rows.
        people: `silver.user_keys`; a key that is not in it is a person of its own.
        purpose: what they shall be used for.
        policy: that says what silence means.
    """
    known = people.select("id_key", F.col("user_key").alias(PERSON))
    timelines = _timelines(consents, known, purpose)
    found = _with_person(events.where(F.col("id_key").isNotNull()), known).join(timelines, PERSON, "left")
    now = F.coalesce(F.forall(F.filter(TIMELINE, _is_newest), _permits), F.lit(True))
    return found.where(_then(events, purpose, policy) & now).select(*events.columns)


def _with_person(rows: DataFrame, known: DataFrame) -> DataFrame:
    return rows.join(known, "id_key", "left").withColumn(PERSON, F.coalesce(PERSON, "id_key"))


def _timelines(consents: DataFrame, known: DataFrame, purpose: Purpose) -> DataFrame:
    """Per person all that was ever said of the purpose: from when until when, and whether it permits."""
    said = consents.select("id_key", "signal_at_utc", purpose.is_permitted.alias("permits"))
    # of two sources at one instant both must permit
    moments = said.where(F.col("permits").isNotNull()).groupBy("id_key", "signal_at_utc").agg(F.bool_and("permits"))
    moments = moments.toDF("id_key", "from_utc", "permits")
    until = F.lead("from_utc").over(Window.partitionBy("id_key").orderBy("from_utc"))
    by_person = _with_person(moments.withColumn("until_utc", until), known)
    span = F.struct("from_utc", "until_utc", "permits")
    return by_person.groupBy(PERSON).agg(F.collect_list(span).alias(TIMELINE))


def _then(events: DataFrame, purpose: Purpose, policy: Policy) -> Column:
    """Whether what was said when the event happened permits it."""
    if "consent_basis" in events.columns:
        return F.coalesce(purpose.is_permitted, F.lit(False))
    at_the_time = F.filter(TIMELINE, lambda span: _holds(span, F.col("event_at_utc")))
    silence = F.lit(purpose.is_permitted_by_silence(policy))
    return F.when(F.size(at_the_time) > 0, F.forall(at_the_time, _permits)).otherwise(silence)


def _holds(span: Column, moment: Column) -> Column:
    return (span["from_utc"] <= moment) & F.coalesce(moment < span["until_utc"], F.lit(True))


def _is_newest(span: Column) -> Column:
    return span["until_utc"].isNull()


def _permits(span: Column) -> Column:
    return span["permits"]
