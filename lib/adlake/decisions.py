"""What consent allows of each row, each distinct signal decided once."""

from collections.abc import Callable, Mapping

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T
from pyspark.sql.pandas.types import to_arrow_type

from adlake.consent import Decision, Policy, decide_over_time, signals_of_text
from adlake.consent.decision import EVER

SIGNALS, DECISIONS, NOTHING = "__signals", "__decisions", "{}"
PERMISSIONS = ("may_store", "may_personalise_ads", "may_profile", "may_measure")
SHARES, BASIS = "may_share", "consent_basis"
TEXTS = (BASIS, "consent_rests_on", "consent_policy_version")
COLUMNS = (*PERMISSIONS, SHARES, *TEXTS)
# Longer strings give no consent, whatever they say; what is cut off would only be carried along.
MOST_CHARACTERS = 10_001
# no text: a worker that imports this module has no session that could read it
_DECISIONS = T.ArrayType(
    T.StructType(
        [
            T.StructField("from_utc", T.TimestampType()),
            *[T.StructField(name, T.BooleanType()) for name in PERMISSIONS],
            T.StructField(SHARES, T.ArrayType(T.StringType())),
            *[T.StructField(name, T.StringType()) for name in TEXTS],
        ]
    )
)


def as_text(signals: Mapping[str, Column]) -> Column:
    """The signals of a row as one text, by which equal ones are decided once; null where the row says nothing.

    Args:
        signals: by their name in `Signals`, each as the row has it; blanks count as nothing.
    """
    said = [F.nullif(F.substring(F.trim(value), 1, MOST_CHARACTERS), F.lit("")) for value in signals.values()]
    named = F.struct(*[value.alias(name) for name, value in zip(signals, said, strict=True)])
    return F.when(F.coalesce(*said).isNotNull(), F.to_json(named))


def decided(rows: DataFrame, policy: Policy) -> DataFrame:
    """The rows with the columns of a decision (`COLUMNS`) instead of their signals.

    A row that says nothing has the decision on silence.

    Args:
        rows: with `event_at_utc`, and with `__signals` as `as_text` gives them unless none of them says anything.
        policy: that decides.
    """
    if SIGNALS not in rows.columns:
        return rows.select("*", *[value.alias(name) for name, value in _silence(policy).items()])
    # A key that may be null would be asked whether it is, which works signals out once more for each of their branches;
    # and an equality of columns lets Spark drop the join where nobody asks for decisions.
    said = rows.withColumn(SIGNALS, F.coalesce(SIGNALS, F.lit(NOTHING)))
    answered = said.select(SIGNALS).distinct().withColumn(DECISIONS, _decider(policy)(SIGNALS))
    then = F.try_element_at(F.filter(DECISIONS, lambda one: one["from_utc"] <= F.col("event_at_utc")), F.lit(-1))
    return (
        said.join(F.broadcast(answered), SIGNALS, "left")
        .withColumn(DECISIONS, then)
        .select(
            *[name for name in rows.columns if name != SIGNALS],
            *[F.col(DECISIONS)[name].alias(name) for name in COLUMNS],
        )
    )


def _silence(policy: Policy) -> dict[str, Column]:
    ((_, decision),) = decide_over_time(policy, signals_of_text(NOTHING, EVER))
    values = _values(decision)
    shares = F.array(*[F.lit(name) for name in decision.shares]).cast("array<string>")
    return {name: shares if name == SHARES else F.lit(values[name]) for name in COLUMNS}


def _values(decision: Decision) -> dict[str, object]:
    return {
        "may_store": decision.may_store,
        "may_personalise_ads": decision.may_personalise_ads,
        "may_profile": decision.may_profile,
        "may_measure": decision.may_measure,
        "may_share": list(decision.shares),
        "consent_basis": decision.basis,
        "consent_rests_on": decision.rests_on,
        "consent_policy_version": decision.policy_version,
    }


def _over_time(policy: Policy, text: str) -> list[dict[str, object]]:
    found = decide_over_time(policy, signals_of_text(text, EVER))
    return [{"from_utc": moment, **_values(decision)} for moment, decision in found]


def _decider(policy: Policy) -> Callable[[str], Column]:
    """Gives the decisions on each of some distinct signals, as an array from the oldest moment on."""

    def decide(texts: pa.Array) -> pa.Array:
        return pa.array([_over_time(policy, text) for text in texts.to_pylist()], to_arrow_type(_DECISIONS))

    # pyspark's own types lack it
    return F.arrow_udf(decide, _DECISIONS)  # type: ignore[attr-defined, no-any-return]
