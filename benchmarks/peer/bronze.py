"""Landing files into bronze: the source's own columns, typed, with file and place in the file.

DuckDB types the columns as it reads and leaves out a line that has another number of columns or a value that does not
fit its type. It sees such a value because every column of a file is asked for; one that nobody reads is not checked.
It is laxer than adlake, which costs it nothing: `1.0`, `1e2` and ` 1` are whole numbers to it, an empty surplus column
is overlooked, and a field that begins with a quote and does not end with one takes the lines after it along. Generated
input holds none of these; the benchmark compares bronze too, and stops when a row is missing.
"""

import gzip
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from adlake.contracts import Table, table
from benchmarks.peer.lake import PeerLake, duckdb_type, quoted, quoted_list

GAM_FILE = re.compile(r"(?P<type>[A-Za-z]+)_\d+_\d{8}(_\d{2})?(\.csv)?(\.gz)?")
GAM_TABLES = {
    "NetworkRequests": "gam_requests",
    "NetworkBackfillRequests": "gam_requests",
    "NetworkImpressions": "gam_impressions",
    "NetworkBackfillImpressions": "gam_impressions",
    "NetworkClicks": "gam_clicks",
    "NetworkBackfillClicks": "gam_clicks",
    "NetworkActiveViews": "gam_active_views",
    "NetworkBackfillActiveViews": "gam_active_views",
    "LineItem": "gam_line_items",
}
DELIMITERS = (",", "^")
EXTRA = "_extra"


@dataclass(frozen=True)
class Layout:
    """What files must share to be read together.

    Attributes:
        record_type: of their rows.
        delimiter: between columns.
        columns: of the header, in its order; empty for page events, which have none.
    """

    record_type: str
    delimiter: str
    columns: tuple[str, ...]


def ingest(lake: PeerLake, landing: Path) -> Iterator[str]:
    """Write every bronze table; the name of each is given when it is done."""
    now = datetime.now(UTC)
    provenance = {
        "_batch_id": quoted(now.strftime("%Y%m%dT%H%M%S%fZ")),
        # In the order of the file; lines that were left out leave no gap.
        "_position": "row_number() OVER ()",
        "_file": f"substr(filename, {len(str(landing)) + 2})",
        "_ingested_at_utc": f"{quoted(now.isoformat())}::TIMESTAMPTZ",
    }
    for name, groups in _gam_groups(landing).items():
        contract = table(f"bronze.{name}")
        queries = [_gam_query(contract, layout, files, provenance) for layout, files in groups.items()]
        lake.write(contract.qualified, " UNION ALL ".join(queries))
        yield contract.qualified
    page_files = sorted(str(path) for path in (landing / "snowplow").rglob("*") if path.suffix in {".gz", ".tsv"})
    if page_files:
        contract = table("bronze.page_events")
        lake.write(contract.qualified, _page_query(contract, page_files, provenance))
        yield contract.qualified


def _gam_groups(landing: Path) -> Mapping[str, Mapping[Layout, list[str]]]:
    """Table name, then layout, to the files that have it: whatever is in a file's name or header decides."""
    groups: dict[str, dict[Layout, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted((landing / "gam").rglob("*")):
        match = GAM_FILE.fullmatch(path.name)
        if match and match["type"] in GAM_TABLES and path.is_file():
            groups[GAM_TABLES[match["type"]]][_layout(path, match["type"])].append(str(path))
    return groups


def _layout(path: Path, record_type: str) -> Layout:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig") as lines:
        header = lines.readline().rstrip("\r\n")
    delimiter = max(DELIMITERS, key=header.count)
    return Layout(record_type, delimiter, tuple(header.split(delimiter)))


def _gam_query(contract: Table, layout: Layout, files: Sequence[str], provenance: Mapping[str, str]) -> str:
    types = {column.name: duckdb_type(column.type) for column in contract.columns}
    names = {name: f'"{name}"' for name in layout.columns if name in types}
    unknown = [name for name in layout.columns if name not in types]
    given = {**names, EXTRA: _extra(unknown), "_record_type": quoted(layout.record_type), **provenance}
    source = _read_csv(
        files,
        {name: types.get(name, "VARCHAR") for name in layout.columns},
        f"delim = {quoted(layout.delimiter)}, quote = '\"', escape = '\"', header = true, nullstr = ['', 'Null']",
    )
    return f"SELECT {_select(types, given)} FROM {source}"


def _page_query(contract: Table, files: Sequence[str], provenance: Mapping[str, str]) -> str:
    types = {column.name: duckdb_type(column.type) for column in contract.columns}
    columns = {name: kind for name, kind in types.items() if not name.startswith("_")}
    given = {**{name: name for name in columns}, "_record_type": "'EnrichedEvent'", **provenance}
    source = _read_csv(files, columns, "delim = '\t', quote = '', escape = '', header = false, nullstr = ''")
    # A line of tabs and spaces alone is blank, not a record; the long test runs for the few without an id only.
    is_record = f"event_id IS NOT NULL OR trim(concat({', '.join(columns)})) <> ''"
    return f"SELECT {_select(types, given)} FROM {source} WHERE {is_record}"


def _read_csv(files: Iterable[str], columns: Mapping[str, str], options: str) -> str:
    struct = ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in columns.items())
    return (
        f"read_csv({quoted_list(list(files))}, columns = {{{struct}}}, {options}, auto_detect = false, "
        "ignore_errors = true, null_padding = false, strict_mode = true)"
    )


def _select(types: Mapping[str, str], given: Mapping[str, str]) -> str:
    """The columns of the contract; what the files do not have is null."""
    return ", ".join(f'{given.get(name, f"NULL::{kind}")} AS "{name}"' for name, kind in types.items())


def _extra(unknown: Sequence[str]) -> str:
    """The columns that the contract does not know, by name; null when none of them has a value."""
    if not unknown:
        return "NULL::MAP(VARCHAR, VARCHAR)"
    entries = ", ".join(f'{{k: {quoted(name)}, v: "{name}"}}' for name in unknown)
    present = " OR ".join(f'"{name}" IS NOT NULL' for name in unknown)
    return f"CASE WHEN {present} THEN map_from_entries(list_filter([{entries}], lambda x: x.v IS NOT NULL)) END"
