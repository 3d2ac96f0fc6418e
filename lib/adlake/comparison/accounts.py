"""Accounts, files and numbers of rows, held against the truth and against each other."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from adlake.comparison.difference import Difference, counted
from adlake.contracts import table
from adlake.generator import Truth
from adlake.lake import Lake, ask
from adlake.records import AccountRecord, FileRecord
from adlake.sums import added

if TYPE_CHECKING:
    from adlake.account import Account

TRUTHFUL_LAYERS = ("bronze.", "silver.", "vault.")
REFUSED = 'select \'quarantine\' as layer, "table", rule_id, count(*) as refused from rows group by "table", rule_id'


def account_differences(truth: Truth, delivery: int, records: Iterable[AccountRecord]) -> Iterator[Difference]:
    """Numbers of accounts of bronze, and of what is refined from it, that differ; the truth names all that are not 0.

    Args:
        truth: about the delivery.
        delivery: counted from 1.
        records: accounts of the run that took it.
    """
    found: dict[str, list[Account]] = {}
    for record in records:
        # of what is made of other tables, the rows themselves are held against the truth
        if record.table.startswith(TRUTHFUL_LAYERS) and not table(record.table).is_mart:
            found.setdefault(record.table, []).append(record.account)
    layers = truth.accounts(delivery).items()
    wanted = {f"{layer}.{name}": account for layer, accounts in layers for name, account in accounts.items()}
    for name in sorted({*found, *wanted}):
        if name not in found or name not in wanted:
            yield Difference(delivery, f"{name} account", "", counted(name in found), counted(name in wanted))
            continue
        numbers, right = _flat(added(found[name]).as_dict()), _flat(wanted[name])
        for what in sorted({*numbers, *right}):
            if numbers[what] != right[what]:
                yield Difference(delivery, f"{name} {what}", "", str(numbers[what]), str(right[what]))


def file_differences(truth: Truth, delivery: int, records: Iterable[FileRecord]) -> Iterator[Difference]:
    """Files that were taken, set aside or passed over otherwise than the truth says.

    Args:
        truth: about the delivery.
        delivery: counted from 1.
        records: file records of the run that took it.
    """
    wanted = truth.document["deliveries"][str(delivery)]
    states = {record.path: record.state for record in records}
    taken = sum(state == "claimed" for state in states.values())
    if taken != wanted["files_taken"]:
        yield Difference(delivery, "files taken", "", str(taken), str(wanted["files_taken"]))
    for state, paths in (("set_aside", wanted["set_aside"]), ("unchanged", wanted["not_taken_again"])):
        found = {path for path, of_path in states.items() if of_path == state}
        for path in sorted(found ^ set(paths)):
            right = state if path in paths else f"not {state}"
            yield Difference(delivery, "file", path, states.get(path, "not looked at"), right)


def row_differences(lake: Lake, records: Collection[AccountRecord], delivery: int) -> Iterator[Difference]:
    """Tables that hold another number of rows than all their accounts together say; quarantine rule by rule.

    Args:
        lake: to count in.
        records: accounts of all runs.
        delivery: the last one.
    """
    held: Counter[str] = Counter()
    refused: Counter[tuple[str, str]] = Counter()
    for record in records:
        if not record.table.startswith("quarantine."):
            held[record.table] += record.account.published - record.account.superseded
        refused.update({(record.table, rule): rows for rule, rows in record.account.quarantined.items()})
    for name, wanted in sorted(held.items()):
        delta = lake.delta(table(name))
        found = 0 if delta is None else delta.count()
        if found != wanted:
            yield Difference(delivery, f"{name} rows", "", str(found), f"{wanted}, as its accounts say")
    quarantined = _quarantined(lake, {name.partition(".")[2] for name, _ in refused})
    for name, rule in sorted({*quarantined, *refused}):
        found, wanted = quarantined[name, rule], refused[name, rule]
        if found != wanted:
            what = f"quarantine.{name.partition('.')[2]} rows"
            yield Difference(delivery, what, f"{rule} by {name}", str(found), f"{wanted}, as its accounts say")


def _quarantined(lake: Lake, names: Iterable[str]) -> Counter[tuple[str, str]]:
    """Rows in quarantine by the table that refused them and the rule."""
    counts: Counter[tuple[str, str]] = Counter()
    for name in names:
        delta = lake.delta(table(f"quarantine.{name}"))
        if delta is None:
            continue
        found = ask(delta, REFUSED).to_pylist()
        counts.update({(row["table"], row["rule_id"]): row["refused"] for row in found})
    return counts


def _flat(account: Mapping[str, Any]) -> Counter[str]:
    """The numbers of an account by name, those of rules and reasons as `quarantined.key_missing`."""
    numbers: Counter[str] = Counter()
    for name, value in account.items():
        numbers.update(
            {f"{name}.{key}": rows for key, rows in value.items()} if isinstance(value, dict) else {name: value}
        )
    return numbers
