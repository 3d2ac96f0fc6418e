"""The gate: Great Expectations on a candidate before its commit, one context at a time, leaving nothing behind.

This is the one module that imports great_expectations, and only when it judges: it takes seconds and hundreds of MB.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import reduce
from math import ceil, floor
from typing import Any, cast

import structlog
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from adlake.quality.arguments import PARAMETER
from adlake.quality.kinds import EXTREMES
from adlake.quality.suite import Rule, Suite, expectations
from adlake.quality.verdict import Outcome, RuleState, Verdict, row_outcome
from adlake.spark_failures import cause_of

Threshold = float | int | datetime | date
# BASIC without samples: the counts of the fuller formats with a third of the Spark jobs, and no value of any row.
RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}
ROW_COUNTS = frozenset({"expect_table_row_count_to_be_between", "expect_table_row_count_to_equal"})
SMALLEST, LARGEST = -1e18, 1e18
EARLIEST, LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
MOMENTS = frozenset({"timestamp", "date"})
ADAPTIVE = "spark.sql.adaptive.enabled"
# get_context sets a project for the whole process
_ONE_AT_A_TIME = threading.Lock()
_log = structlog.get_logger()


def judge(
    rows: DataFrame,
    suite: Suite,
    *,
    count: int,
    split: Sequence[Outcome] = (),
    thresholds: Mapping[str, Threshold] | None = None,
    references: Mapping[str, DataFrame] | None = None,
) -> Verdict:
    """The verdict on the rows of a candidate.

    Args:
        rows: that the commit would show to readers for the first time.
        suite: of their table.
        count: how many rows there are.
        split: outcomes of the rules that split, counted before.
        thresholds: values of the suite's parameters; a rule that lacks one of its own has no history yet.
        references: rows of the tables that the suite's references name, by qualified name.
    """
    known, tables = thresholds or {}, references or {}
    outcomes = {one.rule: one for one in split}
    reason = _unfit(rows, suite)
    if reason:
        return Verdict(suite.table, suite.fingerprint, count, tuple(split), reason)
    # of no row there is no number but how many there are
    asked = suite.gating if count else [rule for rule in suite.gating if rule.kind in ROW_COUNTS]
    if asked:
        found = _outcomes(lambda: _with_references(rows, suite, tables), asked, known)
        outcomes |= {one.rule: one for one in found}
    in_order = tuple(outcomes.get(r.id) or Outcome(r.id, r.on_fail, "not_judged") for r in suite.rules)
    return Verdict(suite.table, suite.fingerprint, count, in_order)


def _unfit(rows: DataFrame, suite: Suite) -> str:
    """Why the rows cannot be judged: columns that are missing, or of another type than the contract says."""
    found = dict(rows.dtypes)
    missing = sorted(_columns(suite) - {*found, *suite.references})
    if missing:
        return f"missing columns: {', '.join(missing)}"
    # the rules that split have been asked before
    asked = sorted(_columns(suite) & suite.types.keys())
    differing = [f"{name} {found[name]}" for name in asked if found[name] != suite.types[name]]
    return f"columns of another type: {', '.join(differing)}" if differing else ""


def _columns(suite: Suite) -> set[str]:
    """Columns that rules and references of the suite ask for."""
    return {name for rule in suite.gating for name in rule.columns} | {
        name for reference in suite.references.values() for name in reference.columns
    }


def _with_references(rows: DataFrame, suite: Suite, tables: Mapping[str, DataFrame]) -> DataFrame:
    """The rows with a column per reference: whether the other table knows the row's values, null without values."""
    for name, reference in suite.references.items():
        columns = reference.columns
        known = tables[reference.table].select(*[F.col(theirs).alias(own) for own, theirs in columns.items()])
        rows = rows.join(known.distinct().withColumn(name, F.lit(True)), list(columns), "left")
        has_values = reduce(lambda all_, own: all_ & F.col(own).isNotNull(), columns, F.lit(True))
        rows = rows.withColumn(name, F.when(has_values, F.coalesce(name, F.lit(False))))
    return rows


def _outcomes(
    candidate: Callable[[], DataFrame], rules: Sequence[Rule], thresholds: Mapping[str, Threshold]
) -> list[Outcome]:
    try:
        rows = candidate()
        with _ONE_AT_A_TIME, _one_job_per_query(rows.sparkSession):
            results = _validate(rows, rules, _given(rows, rules, thresholds))
    # GX passes on what Spark, its own code and numpy raise; whatever it is, the rules were not judged
    except Exception as error:  # noqa: BLE001
        _log.warning("gate could not run", error=cause_of(error))
        return [Outcome(rule.id, rule.on_fail, "could_not_run") for rule in rules]
    return [_outcome(rule, results[rule.id], thresholds) for rule in rules]


def _given(rows: DataFrame, rules: Sequence[Rule], thresholds: Mapping[str, Threshold]) -> dict[str, Threshold]:
    """Values of the rules' parameters; open bounds where there is no threshold."""
    given = _open_bounds(rows, rules)
    given |= {name: value for name, value in thresholds.items() if name in given}
    # of a number of rows Great Expectations cuts the fraction off: a least of 100.5 would let 100 rows pass
    for rule in (rule for rule in rules if rule.kind in ROW_COUNTS):
        for bound, whole in (("min_value", ceil), ("max_value", floor)):
            name = _parameter(rule, bound)
            if name:
                given[name] = whole(cast("float", given[name]))
    days = _days(rows, rules)
    return {name: _as_collected(value, is_day=name in days) for name, value in given.items()}


def _open_bounds(rows: DataFrame, rules: Sequence[Rule]) -> dict[str, Threshold]:
    """Thresholds that every number keeps: what has no history yet is measured all the same, to become one."""
    kinds = dict(rows.dtypes)
    bounds: dict[str, Threshold] = {}
    for rule in rules:
        is_moment = rule.kind in EXTREMES and kinds.get(str(rule.kwargs["column"])) in MOMENTS
        for name, value in rule.kwargs.items():
            if isinstance(value, dict):
                least, most = (EARLIEST, LATEST) if is_moment else (SMALLEST, LARGEST)
                bounds[value[PARAMETER]] = least if name == "min_value" else most
    return bounds


def _days(rows: DataFrame, rules: Sequence[Rule]) -> frozenset[str]:
    """Names of the parameters that are compared with days."""
    kinds = dict(rows.dtypes)
    of_days = [rule for rule in rules if rule.kind in EXTREMES and kinds.get(str(rule.kwargs["column"])) == "date"]
    return frozenset(name for rule in of_days for name in rule.parameters)


def _validate(rows: DataFrame, rules: Sequence[Rule], given: Mapping[str, Threshold]) -> dict[str, Any]:
    """Results of Great Expectations by rule id."""
    import great_expectations as gx  # noqa: PLC0415
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    source = context.data_sources.add_spark("candidate", persist=False)
    whole = source.add_dataframe_asset("candidate").add_batch_definition_whole_dataframe("whole")
    suite = context.suites.add(gx.ExpectationSuite(name="suite", expectations=expectations(rules)))
    validation = context.validation_definitions.add(gx.ValidationDefinition(name="gate", data=whole, suite=suite))
    found = validation.run(
        batch_parameters={"dataframe": rows}, expectation_parameters=dict(given), result_format=RESULT_FORMAT
    )
    configured = [(result.expectation_config, result) for result in found.results]
    return {config.meta["id"]: result for config, result in configured if config and config.meta}


@contextmanager
def _one_job_per_query(spark: SparkSession) -> Iterator[None]:
    """Nothing; inside, an aggregation is one Spark job: what is adapted between two is nothing here."""
    before = spark.conf.get(ADAPTIVE)
    spark.conf.set(ADAPTIVE, "false")
    try:
        yield
    finally:
        spark.conf.set(ADAPTIVE, str(before))


def _outcome(rule: Rule, result: Any, given: Mapping[str, Threshold]) -> Outcome:  # noqa: ANN401 GX gives no types
    if _has_raised(result.exception_info):
        return Outcome(rule.id, rule.on_fail, "could_not_run")
    numbers = result.result
    if "unexpected_count" in numbers:
        judged = numbers["element_count"] - numbers.get("missing_count", 0)
        return row_outcome(rule, numbers["unexpected_count"], judged, is_met=bool(result.success))
    bounds = [_number(given.get(_parameter(rule, name))) for name in ("min_value", "max_value")]
    unknown = [name for name in rule.parameters if name not in given]
    observed = _number(numbers.get("observed_value"))
    state: RuleState = "passed" if result.success else "failed"
    if not rule.learned.issuperset(unknown):
        # nobody worked out the sum that it demands
        state = "could_not_run"
    elif unknown:
        state = "no_history"
    # without any value there is no mean to compare with what is usual; what may be missing is for other rules
    elif rule.parameters and numbers.get("observed_value") is None:
        state = "not_judged"
    return Outcome(rule.id, rule.on_fail, state, observed=observed, least=bounds[0], most=bounds[1])


def _has_raised(info: Mapping[str, Any]) -> bool:
    """Whether the rule could not be judged: the fact stands on top, or once for each metric that failed."""
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(one.get("raised_exception", True) for one in info.values())


def _parameter(rule: Rule, name: str) -> str:
    value = rule.kwargs.get(name)
    return str(value[PARAMETER]) if isinstance(value, dict) else ""


def _as_collected(value: Threshold, *, is_day: bool) -> Threshold:
    """The value as it compares with what Spark collects: a day, or a moment without a zone, in that of this process."""
    if not isinstance(value, datetime):
        return value
    return value.astimezone(UTC).date() if is_day else value.astimezone().replace(tzinfo=None)


def _number(value: object) -> float | None:
    """A number, or a moment as seconds since 1970, of a day its beginning; texts are values and are not kept."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if len(value) == len("2026-11-02") else datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, date):
        return datetime.combine(value, time(tzinfo=UTC)).timestamp()
    return float(value) if isinstance(value, int | float | Decimal) else None
