"""Every shipped suite can be judged: by an empty frame of its table with one row of nulls."""

import pytest
from pyspark.sql import functions as F

from adlake.contracts import tables
from adlake.frames import empty_frame
from adlake.quality import gate
from adlake.quality.suite import suites


@pytest.mark.parametrize("name", list(suites()))
def test_every_rule_can_be_judged(session, tmp_path, name):
    contract, suite = tables()[name], suites()[name]
    nothing = empty_frame(session, contract)
    row = session.range(1).select(*[F.lit(None).cast(field.dataType).alias(field.name) for field in nothing.schema])
    row.write.parquet(str(tmp_path / "candidate"))
    others = {one.table: empty_frame(session, tables()[one.table]) for one in suite.references.values()}
    verdict = gate.judge(session.read.parquet(str(tmp_path / "candidate")), suite, count=1, references=others)
    assert [one.rule for one in verdict.outcomes if one.state == "could_not_run"] == []
    assert verdict.reason == ""
