"""The map of keys to people: made anew from all links in one commit, when links have changed."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from adlake.account import Account
from adlake.audit import audit, hold
from adlake.census import take_census
from adlake.components import contracted, digest
from adlake.contracts import table
from adlake.markers import marker, markers, newest
from adlake.marts.user_keys import edges_between, linked_keys, linked_pairs, user_keys
from adlake.publish import write_candidate
from adlake.quality.verdict import REMAKE
from adlake.run import Clock, Run
from adlake.tables import read_table

STEP = "build_silver"
TABLE, LINKS = "silver.user_keys", "silver.identity_links"
CONSUMED = marker(STEP, TABLE, LINKS)


@dataclass(frozen=True)
class Due:
    """A map that is behind its links.

    Attributes:
        upstream: version of the links up to which the new map accounts.
        batches: batches whose commits are new in it, oldest first.
        is_open: whether the next run would go on with it; not when only somebody's wish makes the map anew.
    """

    upstream: int
    batches: tuple[str, ...]
    is_open: bool

    @property
    def newest_batch(self) -> str:
        """The batch that accounts and verdicts name; empty when none changed the links."""
        return newest(self.batches)

    @property
    def markers(self) -> Mapping[str, int]:
        """What the commit of the map records."""
        return markers(STEP, TABLE, self.batches, {LINKS: self.upstream})


def pending(run: Run, *, rebuild: bool = False) -> Due | None:
    """What the map has to account for; None when it is up to date, or there is no link; no JVM."""
    links = table(LINKS)
    version = run.lake.version(links)
    if version < 0:
        return None
    consumed = run.lake.marker(table(TABLE), CONSUMED)
    commits = run.lake.commits(links, -1 if consumed is None else consumed)
    # a log that has forgotten commits, and a commit that does not name its slices, stand for a change
    changing = [] if commits is None else [one for one in commits if one.slices is None or one.slices]
    is_open = commits is None or bool(changing)
    if not is_open and not rebuild:
        return None
    return Due(version, tuple(sorted({str(one.meta["batch"]) for one in changing if one.meta} - {""})), is_open)


def build(run: Run, due: Due) -> None:
    """Publish the map, unless the gate holds it; a map that is as before stays, and only says what it accounts for."""
    clock, contract = Clock(), table(TABLE)
    pairs = linked_pairs(read_table(run.session, run.lake, table(LINKS))).persist(StorageLevel.MEMORY_AND_DISK)
    keys = linked_keys(pairs, run.lake.config.identity).persist(StorageLevel.MEMORY_AND_DISK)
    read = keys.count()
    rows = user_keys(keys, _stars(edges_between(pairs, keys))).persist(StorageLevel.MEMORY_AND_DISK)
    committed = read_table(run.session, run.lake, contract)
    is_new = run.lake.version(contract) < 0 or _digest(rows) != _digest(committed)
    candidate = write_candidate(
        run.session, run.lake, contract, rows if is_new else None, replaces=None if is_new else ()
    )
    for frame in (pairs, keys, rows):
        frame.unpersist()
    if not is_new:
        run.publish(
            candidate,
            step=STEP,
            batch_id=due.newest_batch,
            account=Account(read=0, published=0),
            markers=due.markers,
            spent=clock.spent(),
        )
        return
    written = candidate.frame(run.session)
    take_census(written, contract, [F.col("is_cut")]).check(contract, candidate.rows)
    batch_id = due.newest_batch if due.is_open else f"{REMAKE}{run.run_id}"
    judgement = audit(run, contract, written, count=candidate.rows, step=STEP, batch_id=batch_id, is_batch=due.is_open)
    if not judgement.verdict.publishes:
        hold(run, judgement, candidate)
        return
    run.publish(
        candidate,
        step=STEP,
        batch_id=due.newest_batch,
        account=Account(read=read, published=candidate.rows, superseded=candidate.removed_rows),
        markers=due.markers,
        slices=None,
        spent=clock.spent(),
        judgement=judgement,
    )


def _stars(edges: DataFrame) -> DataFrame:
    """The components of a graph: every node but the smallest of each, with that one.

    Each round is kept, so that the plan of the next begins there.
    """
    edges = edges.localCheckpoint()
    before, now = None, _digest(edges)
    while now != before:
        edges = contracted(edges).localCheckpoint()
        before, now = now, _digest(edges)
    return edges


def _digest(rows: DataFrame) -> tuple[int, int]:
    found = digest(rows).collect()[0]
    return found["rows"], found["hashes"]
