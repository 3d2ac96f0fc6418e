"""A lake held against the truth about its input: every account, every gold row, every difference by name.

Read with delta-rs, without a JVM and without the library's transformations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adlake.comparison.accounts import account_differences, file_differences, row_differences
from adlake.comparison.difference import Difference
from adlake.comparison.gold import gold_differences, gold_rows, gold_totals, user_differences
from adlake.generator import Truth
from adlake.lake import Lake
from adlake.ledger import Ledger

__all__ = ["Comparison", "Difference", "compare"]


@dataclass(frozen=True)
class Comparison:
    """What was held against the truth.

    Attributes:
        accounts: how many accounts.
        gold_rows: how many rows of gold tables, and of those that are made of silver.
        gold: number of rows and sums of each gold table after the last delivery, as the lake holds it.
        differences: all of them.
    """

    accounts: int
    gold_rows: int
    gold: Mapping[str, Mapping[str, int]]
    differences: tuple[Difference, ...]


def compare(lake: Lake, truth: Truth, run_ids: Sequence[str]) -> Comparison:
    """The lake as it was after each delivery, held against the truth.

    Args:
        lake: that took the deliveries.
        truth: about them.
        run_ids: of the run that took the first delivery, then of the one that took the second.
    """
    ledger = Ledger(lake)
    found: list[Difference] = []
    gold: dict[str, Mapping[str, int]] = {}
    accounts = rows = 0
    for delivery, run_id in enumerate(run_ids, 1):
        records = [record for record in ledger.accounts() if record.run_id == run_id]
        accounts += sum(map(len, truth.accounts(delivery).values()))
        found += account_differences(truth, delivery, records)
        found += file_differences(truth, delivery, [record for record in ledger.files() if record.run_id == run_id])
        for name, wanted in truth.marts(delivery).items():
            rows += int(wanted["rows"])
            held = gold_rows(lake, name, records)
            if name in truth.gold(delivery):
                gold[name] = gold_totals(name, wanted["totals"], held)
            found += gold_differences(truth, delivery, name, held)
            found += user_differences(lake, truth, delivery, name, records)
    found += row_differences(lake, ledger.accounts(), len(run_ids))
    return Comparison(accounts, rows, gold, tuple(found))
