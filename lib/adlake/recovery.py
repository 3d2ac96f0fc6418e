"""Accounts and verdicts that a killed run committed but did not get to copy: the commits still say them."""

from adlake.contracts import tables
from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.records import AccountRecord, VerdictRecord, account_record, utc_now, verdict_records

LAYERS = ("bronze", "quarantine", "silver", "vault", "gold")


def recover_accounts(lake: Lake, ledger: Ledger) -> list[AccountRecord]:
    """The accounts of commits newer than what ops holds of their table, copied to ops with their verdicts."""
    recorded: dict[str, int] = {}
    for record in ledger.accounts():
        recorded[record.table] = max(record.version, recorded.get(record.table, -1))
    missing: list[AccountRecord] = []
    judged: list[VerdictRecord] = []
    for contract in tables().values():
        if contract.layer not in LAYERS:
            continue
        commits = lake.commits(contract, recorded.get(contract.qualified, -1)) or []
        missing += [account_record(commit.version, commit.meta, utc_now()) for commit in commits if commit.meta]
        judged += [row for commit in commits for row in verdict_records(commit.version, commit.meta, utc_now())]
    if missing:
        # the verdicts may have been copied before the run was cut off
        known = {(one.table, one.version) for one in ledger.verdicts(newest=len(missing), only_published=True)}
        ledger.add_verdicts([one for one in judged if (one.table, one.version) not in known])
        ledger.add_accounts(missing)
    return missing
