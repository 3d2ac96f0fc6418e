"""Files of contacts and newsletters, recognised by their folder and read by the mapping that it has in lake.yaml."""

import csv
import io
import re
from datetime import date

from adlake.config import CrmConfig
from adlake.errors import SourceError
from adlake.landing import Layout

DATE_IN_NAME = r"(?<!\d)(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})(?!\d)"

# Spark plans an expression for each
MOST_COLUMNS = 2_000


def record_type_of(config: CrmConfig, path: str) -> str:
    """The folder of the file.

    Raises:
        SourceError: the folder is not mapped (UNMAPPED_FOLDER), or the file must tell its day and does not (NO_DATE).
    """
    folder, slash, below = path.partition("/")
    if not slash:
        raise SourceError(
            "UNMAPPED_FOLDER", "the file lies in no folder below crm/: put it into one that lake.yaml maps"
        )
    if folder not in config.files:
        raise SourceError(
            "UNMAPPED_FOLDER",
            f"lake.yaml does not say what columns in crm/{folder} mean: map it under crm.files, then deliver again",
        )
    mapping = config.files[folder]
    has_state = mapping.kind != "newsletter_activity"
    if has_state and mapping.as_of is None and not _names_a_day(below.rpartition("/")[2]):
        raise SourceError(
            "NO_DATE",
            "the file name tells no day, such as 2026-11-30, and no column is mapped that does: rename the file, or "
            f"name a column in crm.files.{folder}.as_of",
        )
    return folder


def _names_a_day(name: str) -> bool:
    found = re.search(DATE_IN_NAME, name)
    if found is None:
        return False
    try:
        date(*map(int, found.groups()))
    except ValueError:
        return False
    return True


def layout_of(config: CrmConfig, folder: str, first_record: str) -> Layout:
    """Names and order of the columns, read from the header.

    Raises:
        SourceError: the header is none, names a column twice or too many, or lacks columns that the mapping needs
            (HEADER_UNKNOWN). A file without a header has a contact in its place, so nothing of it is shown.
    """
    mapping = config.files[folder]
    try:
        (names,) = csv.reader(io.StringIO(first_record, newline=""), delimiter=mapping.delimiter, strict=True)
    except (csv.Error, ValueError):
        names = []
    columns = tuple(name.strip() for name in names)
    missing = [name for name in mapping.needed if name not in columns]
    if missing:
        raise _unknown_header(f"the header lacks {', '.join(missing)}")
    if len(set(columns)) < len(columns):
        twice = sorted({name for name in mapping.needed if columns.count(name) > 1})
        raise _unknown_header(f"the header names a column twice{': ' if twice else ''}{', '.join(twice)}")
    if len(columns) > MOST_COLUMNS:
        raise _unknown_header(f"the header names {len(columns):,} columns, more than {MOST_COLUMNS:,}")
    return Layout(mapping.delimiter, columns, has_header=True)


def _unknown_header(what: str) -> SourceError:
    return SourceError(
        "HEADER_UNKNOWN",
        what,
        wanted="every column that crm.files names, no name twice",
        way_out="Correct the mapping or the export, and deliver the file again.",
    )
