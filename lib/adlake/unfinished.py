"""Batches that are claimed but not finished, and the step that will go on with them; no JVM."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from deltalake import DeltaTable

from adlake.contracts import Table
from adlake.lake import Commit, Lake
from adlake.markers import marker
from adlake.records import AccountRecord, FileRecord
from adlake.snapshots import TABLE, due_snapshot

INGEST, SILVER, GOLD = "ingest_bronze", "build_silver", "build_gold"


@dataclass(frozen=True, order=True)
class OpenWork:
    """What a step has yet to do with a batch.

    Attributes:
        batch_id: empty for a change that no batch made.
        step: that will do it when it runs next.
        tables: it will publish to, in the order of their names.
    """

    batch_id: str
    step: str
    tables: tuple[str, ...]


def open_work(
    lake: Lake,
    snapshots: Mapping[Table, DeltaTable | None],
    accounts: Iterable[AccountRecord],
    claims: Mapping[str, Iterable[FileRecord]],
    now: datetime,
) -> list[OpenWork]:
    """Everything that the next run finds to do with what was taken already, oldest batch first.

    Args:
        lake: to read commits from.
        snapshots: newest snapshot of every table, None for one without a commit.
        accounts: of all commits.
        claims: files of each batch.
        now: the moment of the next run: it decides which snapshot of the user features is due.
    """
    done = {(record.step, record.table, record.batch_id) for record in accounts}
    claimed = {(INGEST, f"bronze.{file.table}", batch) for batch, files in claims.items() for file in files}
    refined = [table for table in snapshots if table.is_refined]
    ingested = {
        (SILVER, table.qualified, batch)
        for step, source, batch in done
        for table in refined
        if step == INGEST and source in table.made_from
    }
    published = {(table, batch) for step, table, batch in done if step == SILVER}
    ahead = set(_ahead_of_marts(lake, snapshots, published))
    ahead |= {(GOLD, TABLE, batch) for batch in _ahead_of_features(lake, now)}
    grouped: dict[tuple[str, str], set[str]] = {}
    for step, table, batch in ((claimed | ingested) - done) | ahead:
        grouped.setdefault((batch, step), set()).add(table)
    return sorted(OpenWork(batch, step, tuple(sorted(names))) for (batch, step), names in grouped.items())


def _ahead_of_marts(
    lake: Lake, snapshots: Mapping[Table, DeltaTable | None], published: Collection[tuple[str, str]]
) -> Iterator[tuple[str, str, str]]:
    """Step, table and batch of every silver commit with changed rows that a table made from silver has not consumed.

    Such a table says itself, by its markers, which silver tables it is made of; one that was never built waits for
    every batch that those tables hold.
    """
    silver = {table: delta.version() for table, delta in snapshots.items() if table.layer == "silver" and delta}
    for mart, delta in snapshots.items():
        # a snapshot has a rule of its own, and what is not made of silver comes by a job beside the pipeline
        follows = mart.is_mart and any(name.startswith("silver.") for name in mart.made_from)
        if not follows or mart.qualified == TABLE:
            continue
        step = f"build_{mart.layer}"
        if delta is None:
            yield from ((step, mart.qualified, batch) for table, batch in published if table in mart.made_from)
            continue
        for source, version in silver.items():
            consumed = delta.transaction_version(marker(step, mart.qualified, source.qualified))
            if consumed is not None and consumed < version:
                yield from ((step, mart.qualified, batch) for batch in _batches(lake.commits(source, consumed)))


def _ahead_of_features(lake: Lake, now: datetime) -> Collection[str]:
    """Batches that a due snapshot of the user features would be the first to know of; an empty name for none."""
    due = due_snapshot(lake, now)
    return () if due is None else due.batches or ("",)


def _batches(commits: Iterable[Commit] | None) -> set[str]:
    """Batches of the commits in which rows changed; an empty name for a change that no batch made."""
    if commits is None:
        return {""}
    # no list of slices at all stands for every slice
    changing = [commit for commit in commits if commit.slices is None or commit.slices]
    return {str(commit.meta.get("batch", "")) for commit in changing}
