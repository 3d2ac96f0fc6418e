"""Held batches, and having one published as it is."""

from collections.abc import Sequence

from adlake.contracts import tables
from adlake.errors import UsageError
from adlake.faults import known_names
from adlake.ledger import Ledger
from adlake.quality.chronicle import PastVerdict, held_batches, past_verdicts
from adlake.records import ReleaseRecord, utc_now
from adlake.wish import Release


def verdicts_on(ledger: Ledger, wish: Release) -> list[PastVerdict]:
    """The held verdicts that a wish is about.

    Raises:
        UsageError: REASON_MISSING, UNKNOWN_TABLE, NOT_HELD, or GATE_BROKEN where the gate could not judge: nobody
            knows what a release would let through.
    """
    if not wish.reason.strip(". "):
        raise UsageError(
            "REASON_MISSING", "a release needs a reason", where="--reason", wanted="why the batch is right as it is"
        )
    if wish.table is not None and wish.table not in tables():
        wanted = known_names(wish.table, list(tables()))
        raise UsageError("UNKNOWN_TABLE", "no such table", where="--table", found=repr(wish.table), wanted=wanted)
    held = [one.verdict for one in held_batches(past_verdicts(ledger.unpublished()))]
    found = [one for one in held if one.batch_id == wish.batch_id and wish.table in {None, one.table}]
    if not found:
        batches = ", ".join(sorted({f"{one.batch_id} ({one.table})" for one in held})) or "no batch is held"
        raise UsageError(
            "NOT_HELD", "no gate holds this batch", where="--batch", found=repr(wish.batch_id), wanted=batches
        )
    broken = [one.table for one in found if one.state != "held"]
    if broken:
        raise UsageError(
            "GATE_BROKEN",
            "the gate could not judge the batch, so there is no verdict to release it from",
            where=", ".join(broken),
            way_out="Mend the suite or the table (`adlake validate` names faults of suites) and run again.",
        )
    return found


def release(ledger: Ledger, run_id: str, wish: Release) -> Sequence[ReleaseRecord]:
    """The releases that were recorded: each is good for the verdict that holds the batch now.

    Raises:
        UsageError: as `verdicts_on` says.
    """
    records = [
        ReleaseRecord(run_id, held.batch_id, held.step, held.table, held.fingerprint, wish.reason.strip(), utc_now())
        for held in verdicts_on(ledger, wish)
    ]
    ledger.add_releases(records)
    return records
