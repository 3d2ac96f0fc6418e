"""Records parted by what becomes of them: refused by a rule, left out by a filter, or good."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from adlake.consent import Policy
from adlake.contracts import Table
from adlake.decisions import BASIS, decided
from adlake.dedup import address_of
from adlake.identity import IdentityKey
from adlake.quality.rows import broken_rules, first_broken, impracticable, is_broken, is_judged
from adlake.quality.suite import Rule
from adlake.quality.verdict import Outcome, split_outcomes
from adlake.quarantine import RULE_IDS, refused_rows
from adlake.sources.source import WORKED_OUT, Check, Refinement
from adlake.spark_failures import SPARK_FAILURES

OF_VALUES = "_of_values"


@dataclass(frozen=True)
class Parting:
    """Records of a table, parted.

    Attributes:
        accepted: rows that no rule refuses and no filter leaves out; duplicates are among them.
        refused: quarantine rows.
        refused_by_file: how many, by landing file.
        filtered: rows left out, by reason.
        outcomes: of the suite's rules that refuse rows.
        parter: that decided, without the rules that Spark could not carry out.
    """

    accepted: DataFrame
    refused: DataFrame
    refused_by_file: Mapping[str, int]
    filtered: Mapping[str, int]
    outcomes: tuple[Outcome, ...]
    parter: "Parter"


@dataclass(frozen=True)
class Counts:
    """Records that lose their way by form or by a filter.

    Attributes:
        refused_by_file: refused ones by landing file.
        filtered: those left out, by reason.
    """

    refused_by_file: Mapping[str, int]
    filtered: Mapping[str, int]


@dataclass(frozen=True)
class Parter:
    """What decides on the records of one table: form first, then filters, then the values of the refined rows.

    Attributes:
        contract: of the refined table.
        refinement: its form rules and filters, and the transformation.
        rules: of its suite, those that refuse rows.
        unjudged: outcomes of those that Spark cannot carry out; they are not among the others.
        identity: key for identifiers.
        policy: that decides what consent allows of rows that carry signals.
        step: that refuses.
        more_filters: of this run alone.
    """

    contract: Table
    refinement: Refinement
    rules: Sequence[Rule]
    identity: IdentityKey
    policy: Policy
    step: str
    more_filters: Sequence[Check] = ()
    unjudged: tuple[Outcome, ...] = ()

    def practicable(self, session: SparkSession) -> "Parter":
        """The same without the rules that Spark cannot carry out: the gate says so, and nothing is published."""
        lost = impracticable(session, self.contract, self.rules)
        unjudged = tuple(Outcome(rule.id, rule.on_fail, "could_not_run") for rule in lost)
        rules = [rule for rule in self.rules if rule not in lost]
        return replace(self, rules=rules, unjudged=(*self.unjudged, *unjudged))

    def accepted(self, records: DataFrame) -> DataFrame:
        """The rows that no rule refuses and no filter leaves out."""
        sound = self.sound(records)
        return sound.where(first_broken(self.rules).isNull()) if self.rules else sound

    def fates(self, records: DataFrame) -> DataFrame:
        """What becomes of each record: its address, `rule_id` of the rule that owns it, `reason` of the filter.

        Both are null for a good row.
        """
        address = address_of(records)
        of_form = records.select(*address, self._refused_by.alias("of_form"), self._filtered_by.alias("reason"))
        of_values = self.sound(records).select(*address, first_broken(self.rules).alias("of_values"))
        joined = of_form.join(of_values, list(address), "left")
        rule = F.coalesce("of_form", "of_values")
        # a record that is refused for its form is not looked at by any filter
        reason = F.when(F.col("of_form").isNull(), F.col("reason"))
        return joined.select(*address, rule.alias("rule_id"), reason.alias("reason"))

    @property
    def _refused_by(self) -> Column:
        return _first(self.refinement.rules)

    @property
    def _filtered_by(self) -> Column:
        return _first([*self.refinement.filters, *self.more_filters])

    def sound(self, records: DataFrame) -> DataFrame:
        """Refined rows of the records that keep their form and that no filter leaves out."""
        kept = records.where(self._refused_by.isNull() & self._filtered_by.isNull())
        rows = self.refinement.transform(kept, self.identity)
        return decided(rows, self.policy) if BASIS in self.contract.column_names else rows

    def count_form(self, records: DataFrame) -> Counts:
        """How many records lose their way before they are refined."""
        counted = records.groupBy(self._refused_by.alias("rule"), self._filtered_by.alias("reason"), "_file").count()
        refused: dict[str, int] = {}
        filtered: dict[str, int] = {}
        for row in counted.collect():
            if row["rule"] is not None:
                refused[row["_file"]] = refused.get(row["_file"], 0) + row["count"]
            elif row["reason"] is not None:
                filtered[row["reason"]] = filtered.get(row["reason"], 0) + row["count"]
        return Counts(refused, filtered)

    def count_values(self, sound: DataFrame) -> tuple[Mapping[str, int], tuple[Outcome, ...], int]:
        """Refined rows that rules refuse, by landing file; outcomes of these rules; and how many rows there are."""
        numbers = [F.count_if(is_broken(rule)).alias(f"broken:{rule.id}") for rule in self.rules]
        numbers += [F.count_if(is_judged(rule)).alias(f"judged:{rule.id}") for rule in self.rules]
        is_refused = first_broken(self.rules).isNotNull()
        numbers += [F.count_if(is_refused).alias("refused"), F.count(F.lit(1)).alias("rows")]
        rows = sound.groupBy("_file").agg(*numbers).collect()
        broken, judged = (
            {rule.id: sum(row[f"{what}:{rule.id}"] for row in rows) for rule in self.rules}
            for what in ("broken", "judged")
        )
        refused = {row["_file"]: row["refused"] for row in rows if row["refused"]}
        return refused, split_outcomes(self.rules, broken, judged), sum(row["rows"] for row in rows)

    def refused(self, records: DataFrame, sound: DataFrame, files: Collection[str], *, by_value: bool) -> DataFrame:
        """Quarantine rows of the refused records in some landing files; `by_value` where values are refused too."""
        broken = F.array_compact(F.array(*[F.when(rule.holds(), rule.name) for rule in self.refinement.rules]))
        of_files = records.where(F.col("_file").isin(list(files)))
        if by_value:
            address = address_of(sound)
            of_values = sound.select(*address, broken_rules(self.rules).alias(OF_VALUES)).where(F.size(OF_VALUES) > 0)
            of_files = of_files.join(of_values, list(address), "left")
            broken = F.coalesce(F.col(OF_VALUES), broken)
        names = [name for name in records.columns if not name.startswith(WORKED_OUT)]
        rows = of_files.select(*names, broken.alias(RULE_IDS)).where(F.size(RULE_IDS) > 0)
        return refused_rows(rows, self.contract, self.step, self.refinement.identifiers(self.identity))


def parted(parter: Parter, records: DataFrame, read: int) -> Parting:
    """The records parted, and counted by what became of them.

    The rows that keep their form are counted with their values in one narrow pass; only when some records are not
    among them does a second pass ask why. Whether Spark can carry the rules out is asked only when that pass fails.

    Args:
        parter: what decides.
        records: of the layer before.
        read: how many there are.
    """
    by_form = Counts({}, {})
    by_value: Mapping[str, int] = {}
    outcomes: tuple[Outcome, ...] = ()
    sound = parter.sound(records)
    found = 0
    if parter.rules:
        try:
            by_value, outcomes, found = parter.count_values(sound)
        except SPARK_FAILURES:
            lesser = parter.practicable(records.sparkSession)
            if len(lesser.rules) == len(parter.rules):
                raise
            return parted(lesser, records, read)
    if found != read or not parter.rules:
        by_form = parter.count_form(records)
    files = Counter(by_form.refused_by_file) + Counter(by_value)
    return Parting(
        accepted=sound.where(first_broken(parter.rules).isNull()) if by_value else sound,
        refused=parter.refused(records, sound, files, by_value=bool(by_value)),
        refused_by_file=files,
        filtered=by_form.filtered,
        outcomes=(*outcomes, *parter.unjudged),
        parter=parter,
    )


def _first(checks: Sequence[Check]) -> Column:
    """Name of the first check that holds, or null."""
    return F.coalesce(*[F.when(check.holds(), check.name) for check in checks], F.lit(None).cast("string"))
