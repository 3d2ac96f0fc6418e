"""What stands between a candidate and its commit: its verdict, and what becomes of a candidate that is held."""

from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame

from adlake.contracts import Table, table
from adlake.errors import ContractError
from adlake.publish import Candidate, discard
from adlake.quality.gate import judge
from adlake.quality.history import thresholds
from adlake.quality.suite import Suite, load_suite
from adlake.quality.verdict import NOTHING_NEW, Judgement, Outcome, Verdict
from adlake.run import Run
from adlake.tables import read_table


def suite_for(contract: Table) -> Suite | ContractError:
    """The rules of a table, or why there are none that can be read: that is the gate's to say."""
    try:
        return load_suite(contract)
    except ContractError as error:
        return error


def audit(
    run: Run,
    contract: Table,
    rows: DataFrame,
    *,
    count: int,
    step: str,
    batch_id: str,
    split: Sequence[Outcome] = (),
    sums: Mapping[str, int] | None = None,
    is_batch: bool = True,
    is_known: bool = False,
) -> Judgement:
    """The verdict on the rows that a commit would show for the first time, released where somebody said so.

    Args:
        run: the run.
        contract: of the table.
        rows: of the candidate.
        count: how many they are.
        step: that made the candidate.
        batch_id: that the commit stands for.
        split: outcomes of the rules that took rows out before.
        sums: of silver's measures, by the names of the suite's parameters.
        is_batch: whether the rows are one delivery, which history is learned from and compared with.
        is_known: whether there is no row because all of them were published before.
    """
    suite = suite_for(contract)
    if isinstance(suite, ContractError):
        verdict = Verdict(contract.qualified, "", count, (), reason=suite.condition)
    elif is_known:
        verdict = Verdict(contract.qualified, suite.fingerprint, count, tuple(split), reason=NOTHING_NEW)
    else:
        learned = thresholds(suite, contract, run.ledger.observations(run.now.weekday()), run.now) if is_batch else {}
        names = {reference.table for reference in suite.references.values()}
        verdict = judge(
            rows,
            suite,
            count=count,
            split=split,
            thresholds={**learned, **(sums or {})},
            references={name: read_table(run.session, run.lake, table(name)) for name in names},
        )
    released = {
        (record.step, record.table, record.batch_id, record.fingerprint): record.reason
        for record in run.ledger.releases()
    }
    reason = released.get((step, contract.qualified, batch_id, verdict.fingerprint), "")
    if reason and not verdict.publishes:
        verdict = verdict.release(reason)
    return Judgement(verdict, step, batch_id, is_batch)


def hold(run: Run, judgement: Judgement, *candidates: Candidate | None) -> None:
    """Nothing; the verdict is kept, and the data files of the candidates are gone."""
    for candidate in candidates:
        if candidate is not None:
            discard(run.lake, candidate)
    run.keep_held(judgement)
