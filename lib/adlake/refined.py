"""What refined tables are made of, and by which rules: shared by the steps that publish to them."""

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.audit import suite_for
from adlake.consent import policy_of
from adlake.contracts import Table, table
from adlake.dedup import losers_against, losers_within
from adlake.errors import ContractError
from adlake.identity import IdentityKey
from adlake.parting import Parter
from adlake.run import Run
from adlake.sources import SOURCES
from adlake.sources.source import Check, Refinement
from adlake.tables import read_table
from adlake.window import lookup_window

REFINEMENTS: Mapping[str, Refinement] = {
    name: refinement for source in SOURCES.values() for name, refinement in source.refinements.items()
}


def source_of(contract: Table) -> Table:
    """The bronze table whose records the rows of a refined table are."""
    (name,) = contract.made_from
    return table(name)


def records_of(run: Run, bronze: DataFrame, name: str) -> DataFrame:
    """The records of a refined table that bronze rows hold."""
    return REFINEMENTS[name].records(bronze, run.lake.config)


def parter_for(run: Run, contract: Table, step: str, identity: IdentityKey, more_filters: Sequence[Check]) -> Parter:
    """What decides on the records of a refined table.

    Args:
        run: whose lake says by which policy.
        contract: of the table.
        step: that asks.
        identity: key for identifiers.
        more_filters: of this run alone.
    """
    suite = suite_for(contract)
    # a suite that cannot be read splits nothing: the gate says so, and nothing is published
    rules = () if isinstance(suite, ContractError) else suite.splitting
    refinement, policy = REFINEMENTS[contract.qualified], policy_of(run.lake.config.consent)
    return Parter(contract, refinement, rules, identity, policy, step, more_filters)


def published_near(run: Run, accepted: DataFrame, contract: Table) -> DataFrame:
    """What a reader can see already of the table where keys of the rows may stand."""
    window = lookup_window(accepted, contract)
    return read_table(run.session, run.lake, contract, window.may_hold).where(window.holds())


def losers_of(run: Run, accepted: DataFrame, contract: Table, batch_id: str, is_replaced: Column) -> DataFrame:
    """Addresses of the accepted rows that are duplicates, within the batch or of what a reader can see already."""
    within = losers_within(accepted, contract.key, contract.winner_order)
    if run.lake.version(contract) < 0:
        return within
    near = published_near(run, accepted, contract).where((F.col("_batch_id") != batch_id) & ~is_replaced)
    return within.unionByName(losers_against(accepted, near, contract.key)).distinct()


def asked_by_rules() -> set[str]:
    """Names of the tables that suites of refined tables hold their rows against."""
    suites = [suite_for(table(name)) for name in REFINEMENTS]
    readable = [suite for suite in suites if not isinstance(suite, ContractError)]
    return {reference.table for suite in readable for reference in suite.references.values()}


def of_batches(run: Run, contract: Table, batches: Sequence[str]) -> DataFrame:
    """Committed rows of some batches."""
    rows = read_table(
        run.session,
        run.lake,
        contract,
        lambda file: any(file.may_hold("_batch_id", batch, batch) for batch in batches),
    )
    return rows.where(F.col("_batch_id").isin(list(batches)))
