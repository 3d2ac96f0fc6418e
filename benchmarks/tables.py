"""What two lakes, or a lake and the truth, are held against each other by."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from adlake.contracts import table
from adlake.generator import Truth
from adlake.generator.marts import USER_COLUMNS, YIELD_DIMENSIONS, YIELD_MEASURES, digest_of
from benchmarks.peer.lake import PeerLake, connect

GOLD = ("yield_hourly", "user_days")
SOURCE_TABLES = (
    *("gam_line_items", "gam_requests", "gam_impressions", "gam_clicks", "gam_active_views"),
    "page_events",
)
TRUTH_COLUMNS = {"yield_hourly": (*YIELD_DIMENSIONS, *YIELD_MEASURES), "user_days": USER_COLUMNS}
# Every lake has its own: the moment of the run, and the peer's place in a file leaves out the lines that it left out.
OF_THE_RUN = frozenset({"_batch_id", "_ingested_at_utc", "_position"})
# Equal users give other bytes in another order.
NEVER_EQUAL = frozenset({"users_sketch"})
ROWS_AT_A_TIME = 10_000
NULL = r"\N"


@dataclass(frozen=True)
class Digest:
    """What tells tables apart.

    Attributes:
        rows: how many.
        sha256: of all rows in order, all columns of the contract but sketches.
    """

    rows: int
    sha256: str


def lines(
    root: Path, name: str, columns: Sequence[str], *, separator: str, null: str, where: str = "true"
) -> Iterator[str]:
    """The rows of a gold table as sorted lines of text.

    Times are UTC with microseconds, lists and maps have a bar between their entries, those of maps sorted.

    Args:
        root: of the lake.
        name: of the table, without its layer.
        columns: which, in this order.
        separator: between them.
        null: stands for a null.
        where: condition on the rows.
    """
    contract = table(f"gold.{name}")
    lake = PeerLake(root, connect())
    texts = ", ".join(f"coalesce({_text(column, contract.column(column).type)}, ?)" for column in columns)
    query = f"SELECT concat_ws(?, {texts}) AS line FROM {lake.scan(contract.qualified)} WHERE {where} ORDER BY line"
    found = lake.connection.execute(query, [separator, *[null for _ in columns]])
    while rows := found.fetchmany(ROWS_AT_A_TIME):
        yield from (line for (line,) in rows)


def digest(root: Path, name: str, where: str = "true") -> Digest:
    """The digest of a gold table: equal for equal rows, whoever wrote them in whatever order and files."""
    total, rows = hashlib.sha256(), 0
    columns = [column for column in table(f"gold.{name}").column_names if column not in NEVER_EQUAL]
    for line in lines(root, name, columns, separator="\t", null=NULL, where=where):
        total.update(line.encode() + b"\n")
        rows += 1
    return Digest(rows, total.hexdigest())


def fingerprint(root: Path, qualified: str) -> tuple[int, int]:
    """Number of rows of a bronze or silver table, and the sum of their hashes, in whatever order they stand.

    All columns count but those that every run makes anew.
    """
    contract = table(qualified)
    lake = PeerLake(root, connect())
    columns = ", ".join(f'"{name}"' for name in contract.column_names if name not in OF_THE_RUN)
    query = f"SELECT count(*), coalesce(sum(hash({columns})), 0)::HUGEINT FROM {lake.scan(qualified)}"
    ((rows, total),) = lake.connection.execute(query).fetchall()
    return rows, total


def is_true(root: Path, truth: Truth, name: str) -> bool:
    """Whether a gold table is what the truth of the first delivery says, row by row."""
    wanted: str = truth.gold(1)[name]["digest"]
    return digest_of(lines(root, name, TRUTH_COLUMNS[name], separator=",", null="")) == wanted


def _text(column: str, kind: str) -> str:
    if kind == "timestamp":
        return f"strftime(make_timestamp(epoch_us({column})), '%Y-%m-%dT%H:%M:%S.%fZ')"
    if kind.startswith("array"):
        return f"array_to_string({column}, '|')"
    if kind.startswith("map"):
        entries = f"list_transform(map_entries({column}), lambda entry: entry.key || '=' || entry.value)"
        return f"array_to_string(list_sort({entries}), '|')"
    return f"{column}::VARCHAR"
