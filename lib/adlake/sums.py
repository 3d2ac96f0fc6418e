"""Accounts added up: over batches, over tables, over days."""

from collections import Counter
from collections.abc import Iterable, Mapping

from adlake.account import Account


def added(accounts: Iterable[Account]) -> Account:
    """One account with the numbers of all of them; rules and reasons in the order of their names."""
    accounts = list(accounts)
    return Account(
        read=sum(account.read for account in accounts),
        published=sum(account.published for account in accounts),
        duplicates=sum(account.duplicates for account in accounts),
        quarantined=_by_name(account.quarantined for account in accounts),
        filtered=_by_name(account.filtered for account in accounts),
        superseded=sum(account.superseded for account in accounts),
        restored=sum(account.restored for account in accounts),
        replayed=sum(account.replayed for account in accounts),
    )


def _by_name(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(sorted(total.items()))
