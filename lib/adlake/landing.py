"""What lies in the landing zone: which files are ready, and what one pass over each of them finds.

The pass runs in plain Python before Spark sees the file, because Spark reads half of a cut gzip without a word. It
gives the number of records, the hash of the content and the header; *read* in every account comes from here.
"""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from io import BufferedIOBase
from typing import Literal

from adlake.errors import SourceError
from adlake.storage import READ_AHEAD_BYTES, Entry, Storage

GZIP_MAGIC = b"\x1f\x8b"
BLANK_LINE = re.compile(rb"\n[\x00-\x09\x0b-\x20]*(?=\n)")
QUOTED = re.compile(rb'"[^"]*"')
# No JSON text holds this inside a record: a quote mark in a string is escaped, and one that ends it is followed by no
# letter. So it is exact, here as in Spark.
BETWEEN_JSON_RECORDS = re.compile(rb'\}[ \t]*(?=\{[ \t]*"\w)')
LONGEST_HEADER_BYTES = 1024 * 1024
# a few bytes of gzip can hold gigabytes of text
LONGEST_BLOCK_BYTES = 64 * 1024 * 1024
# what Spark holds in memory several times over
LONGEST_LINE_BYTES = 64 * 1024 * 1024


Framing = Literal["lines", "json", "quoted"]
"""How a text is cut into records.

lines   one record a line
json    one JSON object a record; several may share a line, as Firehose writes them, and none spans two
quoted  lines, but a line end between two quote marks is text (RFC 4180 section 2, rule 6)
"""


@dataclass(frozen=True)
class Layout:
    r"""How the records of a file are cut.

    Attributes:
        delimiter: one character; None where records are not cut into columns.
        columns: names in the order of the file.
        has_header: whether the first line holds the names.
        line_end: `\n` or `\r\n`; empty where records follow each other without one.
    """

    delimiter: str | None
    columns: tuple[str, ...]
    has_header: bool
    line_end: str = "\n"


@dataclass(frozen=True)
class Inspection:
    """What one pass over a file found.

    Attributes:
        records: without blank lines and the header.
        content_sha256: hash of the bytes as delivered.
        layout: how its lines are cut.
    """

    records: int
    content_sha256: str
    layout: Layout


def deliveries(landing: Storage, source: str) -> Iterator[Entry]:
    """The files of a source, oldest delivery first; names that begin with `.` or `_` are work in progress."""
    found = landing.entries(source)
    visible = (entry for entry in found if not entry.path.rsplit("/", 1)[-1].startswith((".", "_")))
    # a marker of a folder on S3 is listed without its slash, and there is no file under that name
    visible = (entry for entry in visible if entry.size_bytes or landing.entry(entry.path))
    return iter(sorted(visible, key=lambda entry: (entry.modified_at, entry.path)))


def inspect(landing: Storage, path: str, layout_of: Callable[[str], Layout], framing: Framing = "lines") -> Inspection:
    """Records, content hash and layout of one file, found in one pass.

    Args:
        landing: the landing zone.
        path: the file, relative to the landing zone.
        layout_of: reads the layout from the first record; the source knows how.
        framing: how the source cuts a text into records.

    Raises:
        SourceError: the file is empty (EMPTY_FILE), is no whole gzip (BROKEN_GZIP, NOT_GZIP), holds a line of more than
            64 MB (LINE_TOO_LONG), a quote mark that nothing closes (OPEN_QUOTE), or its first line does not fit the
            source (raised by `layout_of`).
    """
    digest = hashlib.sha256()
    layout: Layout | None = None
    records, joints, head, seen_delimiter = 0, 0, b"\n", False
    with closing(landing.open(path)) as stream:
        for block in _text(path, _hashed(stream, digest)):
            text = head + block
            if layout is None:
                cut = _end_of_first(text, framing)
                if cut < 0 and len(text) < LONGEST_HEADER_BYTES:
                    head = text
                    continue
                layout = _layout(text[1 : cut if cut > 0 else None], layout_of)
            end = _end_of_last(text, framing)
            whole, head = text[: end + 1], text[end:]
            if len(head) > LONGEST_LINE_BYTES:
                raise _unreadable("LINE_TOO_LONG", path, "a line has no end", f"at most {LONGEST_LINE_BYTES:,} bytes")
            records += _records(whole, framing)
            joints += _joints(whole, framing)
            _check_line_ends(path, whole, layout, framing)
            seen_delimiter = seen_delimiter or _holds_delimiter(whole, layout)
    if layout is None:
        if not head.strip():
            raise _unreadable("EMPTY_FILE", path, "the file holds nothing", "at least a header or one record")
        layout = _layout(head[1:], layout_of)
    if framing == "quoted" and head.count(b'"') % 2:
        raise _unreadable("OPEN_QUOTE", path, "a quote mark is never closed", "quote marks in pairs")
    records += _records(head + b"\n", framing)
    joints += _joints(head, framing)
    seen_delimiter = seen_delimiter or _holds_delimiter(head, layout)
    if not layout.has_header and not records:
        raise _unreadable("EMPTY_FILE", path, "the file holds nothing", "at least a header or one record")
    if not seen_delimiter:
        wanted = f"columns cut by {layout.delimiter!r}"
        raise _unreadable("WRONG_DELIMITER", path, "no line of the file holds the delimiter", wanted)
    layout = replace(layout, line_end="") if joints else layout
    return Inspection(records + joints - layout.has_header, digest.hexdigest(), layout)


def _layout(first_line: bytes, layout_of: Callable[[str], Layout]) -> Layout:
    text = first_line.decode("utf-8-sig", errors="replace")
    layout = layout_of(text.removesuffix("\r"))
    return Layout(layout.delimiter, layout.columns, layout.has_header, "\r\n" if text.endswith("\r") else "\n")


def _check_line_ends(path: str, whole: bytes, layout: Layout, framing: Framing) -> None:
    """Spark cuts a file by one line end alone, so a file that mixes them would give other records than counted."""
    if framing == "lines" and layout.line_end == "\r\n" and whole.count(b"\n", 1) != whole.count(b"\r\n"):
        raise _unreadable("MIXED_LINE_ENDS", path, "lines end in two ways", "the line end of the first line everywhere")


def _end_of_first(text: bytes, framing: Framing) -> int:
    """Where the first record ends, in a text that begins with a line end; -1 when it goes on."""
    end = text.find(b"\n", 1)
    while framing == "quoted" and end > 0 and text.count(b'"', 0, end) % 2:
        end = text.find(b"\n", end + 1)
    return end


def _end_of_last(text: bytes, framing: Framing) -> int:
    """Where the last whole record of a text ends that begins with a line end."""
    end = text.rfind(b"\n")
    if framing != "quoted" or text.count(b'"', 0, end) % 2 == 0:
        return end
    # back over the parts between quote marks, of which every second one is not quoted: one field may hold millions
    for number, part in reversed(list(enumerate(text[:end].split(b'"')))):
        end -= len(part)
        if number % 2 == 0 and (found := part.rfind(b"\n")) >= 0:
            return end + found
        end -= 1
    return 0


def _records(block: bytes, framing: Framing) -> int:
    """Records in a block that begins and ends with a line end, where each has a line of its own."""
    return _lines(QUOTED.sub(b'""', block) if framing == "quoted" else block)


def _joints(block: bytes, framing: Framing) -> int:
    """Records in the block that follow another one on its line."""
    return len(BETWEEN_JSON_RECORDS.findall(block)) if framing == "json" else 0


def _holds_delimiter(block: bytes, layout: Layout) -> bool:
    """Whether the block shows that its lines are cut in columns, where there are several."""
    return layout.delimiter is None or len(layout.columns) == 1 or layout.delimiter.encode() in block


def _lines(block: bytes) -> int:
    """Lines that are not blank, in a block that begins and ends with a line end."""
    return max(block.count(b"\n") - 1, 0) - len(BLANK_LINE.findall(block))


def _hashed(stream: BufferedIOBase, digest: "hashlib._Hash") -> Iterator[bytes]:
    while chunk := bytes(stream.read(READ_AHEAD_BYTES)):
        digest.update(chunk)
        yield chunk


def _text(path: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The text of the file: unpacked when its name says gzip, as Spark decides too."""
    first = next(chunks, b"")
    if not path.endswith(".gz"):
        if first.startswith(GZIP_MAGIC):
            raise _unreadable("NOT_TEXT", path, "the content is gzip but the name does not end in .gz", "a .gz name")
        yield first
        yield from chunks
        return
    if first and not first.startswith(GZIP_MAGIC):
        raise _unreadable("NOT_GZIP", path, "the name ends in .gz but the content is no gzip", "a gzip file")
    yield from _unpacked(path, first, chunks)


def _unpacked(path: str, first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    member = zlib.decompressobj(wbits=31)
    chunk: bytes | None = first
    while chunk is not None:
        while chunk:
            try:
                text = member.decompress(chunk, LONGEST_BLOCK_BYTES)
            except zlib.error as error:
                raise _unreadable("BROKEN_GZIP", path, "the gzip is damaged", "a whole gzip file") from error
            if text:
                yield text
            chunk = member.unused_data if member.eof else member.unconsumed_tail
            if chunk and member.eof:
                member = zlib.decompressobj(wbits=31)
        chunk = next(chunks, None)
        if chunk and member.eof:
            member = zlib.decompressobj(wbits=31)
    if first and not member.eof:
        raise _unreadable("BROKEN_GZIP", path, "the gzip ends before its end mark", "a whole gzip file")


def _unreadable(condition: str, path: str, what: str, wanted: str) -> SourceError:
    return SourceError(
        condition,
        what,
        where=path,
        wanted=wanted,
        way_out="The file is set aside; deliver it again under the same path and it is tried again.",
    )
