"""One generated file: its records by what becomes of them, its layout, and its bytes."""

import gzip
import io
import os
from collections import Counter
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from random import Random

from adlake.generator.clocks import MICROS_PER_HOUR as HOUR
from adlake.generator.clocks import stream
from adlake.generator.columns import FILE_TYPES, PLACE, UNKNOWN_COLUMN, FileType, Record
from adlake.generator.page_events import PageEvent, enriched_line
from adlake.generator.people import NOBODY

# layer, table, what, rule or reason (empty where there is none)
FileKey = tuple[str, str, str, str]
COMPRESSION = 2
WRONG_COLUMN_COUNT, UNREADABLE_VALUE = "wrong_column_count", "unreadable_value"
RULES_OF_READER = (WRONG_COLUMN_COUNT, UNREADABLE_VALUE)
UNKNOWN_VALUE = "label_only_5"
USER_ID, PERSON = PLACE["UserId"], PLACE["#person"]


@dataclass(frozen=True)
class Layout:
    """How records of an ad-server file become lines.

    Attributes:
        file_type: which file it is.
        delimiter: between the fields.
        columns: in the order of the header.
        has_unknown_column: whether one more column follows that nobody announced.
    """

    file_type: FileType
    delimiter: str
    columns: tuple[str, ...]
    has_unknown_column: bool

    def header(self) -> str:
        """The first line."""
        unknown = (UNKNOWN_COLUMN,) if self.has_unknown_column else ()
        return self.delimiter.join((*self.columns, *unknown))

    def lines(self, records: list[Record]) -> list[str]:
        """One line per record."""
        fields_of, join = itemgetter(*(PLACE[name] for name in self.columns)), self.delimiter.join
        end = f"{self.delimiter}{UNKNOWN_VALUE}" if self.has_unknown_column else ""
        return [join(fields_of(record)) + end for record in records]

    def fields(self, record: Record) -> list[str]:
        """The fields of one line."""
        unknown = [UNKNOWN_VALUE] if self.has_unknown_column else []
        return [str(record[PLACE[name]]) for name in self.columns] + unknown


def make_layout(name: str, *, is_other: bool, has_unknown_column: bool) -> Layout:
    """The layout of a file type: the publisher's usual one, or another order of its columns, cut by `^`."""
    file_type = FILE_TYPES[name]
    columns = list(file_type.columns)
    if is_other:
        stream("columns", name).shuffle(columns)
    delimiter = "^" if is_other or name == "NetworkClicks" else ","
    return Layout(file_type, delimiter, tuple(columns), has_unknown_column)


@dataclass
class FileRows:
    """What one file holds.

    Attributes:
        path: relative to the landing zone.
        table: bronze and silver table.
        layout: None for page events.
        copies_made: how many files of the account have this content (2 for a file that comes twice).
        good: records that are published.
        refused: records that a silver rule refuses, with the rule; of page events the line alone.
        filtered: records that are left out on purpose, with the reason.
        early_copies: records that lose although they stand first.
        late_copies: records that lose because they stand last.
        unreadable: lines that cannot be read, with the rule.
        blank_lines: lines that are no records.
    """

    path: str
    table: str
    layout: Layout | None
    copies_made: int = 1
    good: list[Record] = field(default_factory=list)
    refused: list[tuple[Record, str]] = field(default_factory=list)
    filtered: list[tuple[Record, str]] = field(default_factory=list)
    early_copies: list[Record] = field(default_factory=list)
    late_copies: list[Record] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    blank_lines: int = 0

    @property
    def copies(self) -> int:
        """Records that lose against another one with the same key."""
        return len(self.early_copies) + len(self.late_copies)

    @property
    def readable(self) -> int:
        """Records that reach bronze."""
        return len(self.good) + len(self.refused) + len(self.filtered) + self.copies

    @property
    def records(self) -> int:
        """All records."""
        return self.readable + len(self.unreadable)

    def refusals(self) -> Counter[str]:
        """Refused records by rule."""
        return Counter(rule for _, rule in self.refused)

    def filters(self) -> Counter[str]:
        """Left-out records by reason."""
        return Counter(reason for _, reason in self.filtered)

    def unread(self) -> Counter[str]:
        """Unreadable lines by rule."""
        return Counter(rule for _, rule in self.unreadable)

    def account(self, *, is_copy: bool = False) -> dict[FileKey, int]:
        """Rows by layer, table, what becomes of them, and why.

        Args:
            is_copy: whether all its good records were delivered before.
        """
        bronze, silver = ("bronze", self.table), ("silver", self.table)
        lost = len(self.good) if is_copy else 0
        return {
            (*bronze, "read", ""): self.records,
            (*bronze, "published", ""): self.readable,
            (*silver, "read", ""): self.readable,
            (*silver, "published", ""): len(self.good) - lost,
            (*silver, "duplicates", ""): self.copies + lost,
            **{(*bronze, "quarantined", rule): rows for rule, rows in self.unread().items()},
            **{(*silver, "quarantined", rule): rows for rule, rows in self.refusals().items()},
            **{(*silver, "filtered", reason): rows for reason, rows in self.filters().items()},
        }

    def lines_of(self, records: list[Record]) -> list[str]:
        """One line per record, in the layout of the file."""
        if self.layout is None:
            return [enriched_line(entry) if isinstance(entry, PageEvent) else str(entry[0]) for entry in records]
        return self.layout.lines(records)

    def text(self, draw: Random) -> str:
        """The whole file, header first; its records in no particular order, but the copies where they must stand."""
        body = self.good + [record for record, _ in self.refused] + [record for record, _ in self.filtered]
        draw.shuffle(body)
        lines = self.lines_of(body)
        for line, _ in self.unreadable:
            place = int(draw.random() * (len(lines) + 1))
            lines.insert(place, line)
        for number in range(self.blank_lines):
            blank = "\t" * 130 if self.layout is None and number else " " * number
            lines.insert(int(draw.random() * (len(lines) + 1)), blank)
        header = [] if self.layout is None else [self.layout.header()]
        late = self.lines_of(self.late_copies)
        return "\n".join([*header, *self.lines_of(self.early_copies), *lines, *late, ""])


def write_file(path: Path, text: str, modified_at: float) -> None:
    """The file, compressed when its name ends in `.gz`; equal text gives equal bytes."""
    # a lone surrogate stands for a byte that is no text
    content = text.encode(errors="surrogateescape")
    if path.suffix == ".gz":
        packed = io.BytesIO()
        with gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=COMPRESSION, mtime=0) as stream_out:
            stream_out.write(content)
        content = packed.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (modified_at, modified_at))


def hazards_of(file: FileRows) -> Counter[str]:
    """How many hazards of which kind the content of a file holds."""
    found = Counter({f"malformed_lines.{rule}": rows for rule, rows in file.unread().items()})
    found.update({f"refused.{file.table}.{rule}": rows for rule, rows in file.refusals().items()})
    found.update({f"filtered.{reason}": rows for reason, rows in file.filters().items()})
    found["blank_lines"] = file.blank_lines
    if file.layout is None:
        events = [event for event in file.good if isinstance(event, PageEvent)]
        found.update(f"page_events.of_robots_by_{event.bot_reason}" for event in events if event.bot_reason)
        found["page_events.of_nobody"] = sum(event.identifiers[-1] is None for event in events)
        found["page_events.hours_late"] = sum(event.collector * 1000 - event.happened_at > HOUR for event in events)
        return found
    user_ids = [record[USER_ID] for record in file.good]
    found["ad_rows.all"] = len(user_ids)
    found["ad_rows.without_user_id"] = user_ids.count("")
    found["ad_rows.with_a_user_id_that_names_nobody"] = sum(map(user_ids.count, NOBODY))
    found["ad_rows.of_nobody"] = sum(record[PERSON] is None for record in file.good)
    found["files.header_only"] = int(file.records == 0)
    found["files.caret_delimiter"] = int(file.layout.delimiter == "^")
    found["files.unusual_column_order"] = int(file.layout.columns != file.layout.file_type.columns)
    found["files.unknown_column"] = int(file.layout.has_unknown_column)
    return found
