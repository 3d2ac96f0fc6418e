"""The line item match tables on disk, one per day, and their account."""

from collections.abc import Mapping

from adlake.generator.clocks import iso_day
from adlake.generator.columns import LINE_ITEM_COLUMNS
from adlake.generator.delivery import Target
from adlake.generator.demand import Rate, snapshot_lines, snapshot_rates
from adlake.generator.file_hour import NETWORK_CODE
from adlake.generator.outcome import Outcome
from adlake.generator.plan import Plan

TABLE = "gam_line_items"
REFUSED = {"line_item_id_missing": 2, "rate_invalid": 2}
UNREAD = {"wrong_column_count": 1, "unreadable_value": 1}


def deliver_snapshots(plan: Plan, target: Target) -> Outcome:
    """The outcome of all match tables; the youngest comes with the second delivery."""
    outcome = Outcome()
    last = plan.snapshot_days[-1]
    for day in plan.snapshot_days:
        batch = 2 if day == last else 1
        lines = snapshot_lines(day, last)
        surplus, unreadable = (*lines[0], "surplus"), (*lines[0][:5], "abc", *lines[0][6:])
        text = "\n".join(",".join(fields) for fields in (LINE_ITEM_COLUMNS, *lines, surplus, unreadable)) + "\n"
        date = iso_day(day)
        path = f"gam/{date.replace('-', '/')}/LineItem_{NETWORK_CODE}_{date.replace('-', '')}.csv.gz"
        target.write(batch, path, text, max(day * 24, plan.hours[0].hour))
        outcome.files[batch].append(path)
        _account(outcome, batch, len(lines), published=len(snapshot_rates(day, last)))
    return outcome


def _account(outcome: Outcome, batch: int, read: int, *, published: int) -> None:
    counts = outcome.accounts
    counts[batch, "bronze", TABLE, "read", ""] += read + sum(UNREAD.values())
    counts[batch, "bronze", TABLE, "published", ""] += read
    for rule, rows in UNREAD.items():
        counts[batch, "bronze", TABLE, "quarantined", rule] += rows
    counts[batch, "silver", TABLE, "read", ""] += read
    counts[batch, "silver", TABLE, "published", ""] += published
    counts[batch, "silver", TABLE, "duplicates", ""] += read - published - sum(REFUSED.values())
    for rule, rows in REFUSED.items():
        counts[batch, "silver", TABLE, "quarantined", rule] += rows


def known_rates(plan: Plan, batch: int) -> Mapping[int, Mapping[str, Rate]]:
    """The snapshots that a reader knows after a batch, by day since the epoch."""
    days = plan.snapshot_days if batch > 1 else plan.snapshot_days[:-1]
    return {day: snapshot_rates(day, plan.snapshot_days[-1]) for day in days}
