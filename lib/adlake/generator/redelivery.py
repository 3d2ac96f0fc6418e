"""The new version of a file that comes again at its path: rows are gone, new, or tell of other revenue."""

from dataclasses import dataclass, replace

from adlake.generator import repeats
from adlake.generator.clocks import MICROS, MICROS_PER_HOUR
from adlake.generator.columns import SPANS, Record
from adlake.generator.files import FileRows
from adlake.generator.plan import ROWS_ADDED, ROWS_REMOVED, HourPlan
from adlake.generator.world import World

RESTORED_AT_MOST = 3
CORRECTED_EVERY = 10


@dataclass(frozen=True)
class NewVersion:
    """The version that the second delivery brings.

    Attributes:
        file: what it holds.
        restored: copies in the next hour's file, of rows that are gone: they are published now.
    """

    file: FileRows
    restored: list[Record]


def new_version(world: World, hour: HourPlan, file: FileRows) -> NewVersion:
    """The new version of a backfill impression file.

    Gone are first the rows of which the next hour delivered copies. The rows that stay keep their keys, and their
    losing copies stay with them.
    """
    name = "" if file.layout is None else file.layout.file_type.name
    copies = {
        shared.chain.impression: copy
        for shared in repeats.shared_chains(world, hour)
        for of_type, copy in shared.copies
        if of_type == name
    }
    gone = [record for record in file.good if record in copies][:RESTORED_AT_MOST]
    restored = [copies[record] for record in gone]
    gone += [record for record in file.good if record not in copies][: ROWS_REMOVED - len(gone)]
    traffic, draw = repeats.traffic_of(world, hour, repeats.CHANGES)
    removed, money = set(gone), SPANS["money"]
    rows: list[Record] = [record for record in file.good if record not in removed]
    for place in range(0, len(rows), CORRECTED_EVERY):
        revenue = world.revenues[int(draw.random() * len(world.revenues))]
        rows[place] = rows[place][: money.start] + revenue + rows[place][money.stop :]
    query = hour.hour * MICROS_PER_HOUR + MICROS
    for _ in range(ROWS_ADDED):
        chain = repeats.whole_chain(traffic, traffic.scene(*traffic.visit()), query, is_backfill=True)
        rows += [] if chain.impression is None else [chain.impression]
    return NewVersion(replace(file, good=rows), restored)
