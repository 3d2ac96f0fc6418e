"""Every shipped suite can be judged: by an empty frame of its table with one row of nulls."""

import pytest
from pyspark.sql import functions as F

from adlake.contracts import tables
from adlake.frames import empty_frame
from adlake.marts import MARTS
from adlake.quality import gate
from adlake.quality.checks import MEASURE_PREFIX
from adlake.quality.suite import suites


@pytest.mark.parametrize("name", list(suites()))
def test_every_rule_can_be_judged(session, config, tmp_path, name):
    contract, suite = tables()[name], suites()[name]
    nothing = empty_frame(session, contract)
    row = session.range(1).select(*[F.lit(None).cast(field.dataType).alias(field.name) for field in nothing.schema])
    row.write.parquet(str(tmp_path / "candidate"))
    others = {one.table: empty_frame(session, tables()[one.table]) for one in suite.references.values()}
    # no rule may demand a sum that its mart does not work out
    sums = {f"{MEASURE_PREFIX}{measure}": 0 for measure in MARTS[name].proved(config)} if name in MARTS else {}
    candidate = session.read.parquet(str(tmp_path / "candidate"))
    verdict = gate.judge(candidate, suite, count=1, thresholds=sums, references=others)
    assert [one.rule for one in verdict.outcomes if one.state == "could_not_run"] == []
    assert verdict.reason == ""


# texts on which a pattern that calls itself for every label would use up the stack of Java, or the hour
HOSTILE = ["x@" + "a." * 20_000, "a." * 20_000 + "com", "x@" * 20_000, "x@" + "a" * 40_000, "1" * 40_000, "a-" * 20_000]


def test_no_pattern_is_lost_in_a_long_text(session):
    rules = [rule for suite in suites().values() for rule in suite.rules]
    patterns = {rule.kwargs["regex"] for rule in rules if "regex" in rule.kwargs}
    assert any("@" in pattern for pattern in patterns)
    texts = session.createDataFrame([(text,) for text in HOSTILE], "text string")
    found = texts.select(*[F.col("text").rlike(pattern) for pattern in sorted(patterns)]).collect()
    assert [set(row) <= {True, False} for row in found] == [True] * len(HOSTILE)
