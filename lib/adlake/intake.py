"""Taking delivered files in: survey, inspection and claim, all before Spark starts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from adlake.boundary import reach
from adlake.errors import SourceError
from adlake.landing import Layout, deliveries, inspect
from adlake.ledger import Ledger
from adlake.records import FileRecord, utc_now
from adlake.run import Run
from adlake.sources.source import LandedFile, Source
from adlake.storage import Entry

STEP = "ingest_bronze"
BATCH_ID_FORMAT = "%Y%m%dT%H%M%S%fZ"
LONG_AGO = datetime.fromtimestamp(0, UTC)
LINE_ENDS = {"lf": "\n", "crlf": "\r\n", "none": ""}


@dataclass(frozen=True)
class _Known:
    """What the ledger knows of landing files: newest record, newest claim, and what bronze has committed."""

    newest: Mapping[str, FileRecord]
    claims: Mapping[str, FileRecord]
    committed: frozenset[tuple[str | None, str]]

    def is_open(self, record: FileRecord) -> bool:
        """Whether bronze has not committed the claim yet."""
        return (record.batch_id, f"bronze.{record.table}") not in self.committed


def take_in(run: Run, sources: Mapping[str, Source]) -> list[str]:
    """Ids of the batches claimed now, oldest first.

    Every file that is ready and new (or changed) is read once in plain Python. Readable ones are claimed for a batch
    in writing; unreadable ones are set aside with the reason. A file whose content is what was taken before is noted
    as unchanged. Nothing is written when there is nothing new.
    """
    known = _known(run.ledger)
    found = [
        _examine(run, source, entry, known.claims.get(entry.path), known)
        for source in sources.values()
        for entry in _new_entries(run, source, known.newest)
    ]
    examined = [record for record in found if record is not None]
    claimed = [record for record in examined if record.state == "claimed"]
    noted = [record for record in examined if record.state != "claimed"]
    run.set_aside.extend(record for record in noted if record.state == "set_aside")
    overtaken = [known.claims[record.path] for record in claimed if record.path in known.claims]
    released = [release(run, record) for record in overtaken if known.is_open(record)]
    newest = max((record.at_utc for record in known.claims.values()), default=LONG_AGO)
    batches = _batches(claimed, run.lake.config.batch_bytes, newest)
    run.ledger.add_files([*released, *noted, *[record for batch in batches.values() for record in batch]])
    if batches:
        reach("claim")
    return list(batches)


def landed(record: FileRecord, source: Source) -> LandedFile:
    """A claimed file in the form that its source reads."""
    record_type, has_header = record.record_type or "", record.header is not None
    columns = record.header or source.layout_of(record_type, "").columns
    layout = Layout(record.delimiter, columns, has_header, LINE_ENDS[record.line_end or "lf"])
    return LandedFile(record.path, record_type, record.records or 0, layout, record.size_bytes)


def release(run: Run, record: FileRecord) -> FileRecord:
    """The note that gives a claimed file back: it changed or vanished before bronze was committed."""
    reason = "the file changed or vanished before its batch was committed"
    return replace(record, run_id=run.run_id, state="released", reason=reason, at_utc=utc_now())


def is_as_claimed(run: Run, record: FileRecord) -> bool:
    """Whether the landing zone still holds the file with the size and time of its claim."""
    entry = run.lake.landing.entry(record.path)
    return entry is not None and _same(record, entry)


def _known(ledger: Ledger) -> _Known:
    claims = {record.path: record for batch in ledger.claims().values() for record in batch}
    committed = frozenset((account.batch_id, account.table) for account in ledger.accounts() if account.step == STEP)
    return _Known(ledger.newest_files(), claims, committed)


def _new_entries(run: Run, source: Source, newest: Mapping[str, FileRecord]) -> Iterator[Entry]:
    ready_before = run.now - timedelta(seconds=run.lake.config.quiet_seconds)
    for entry in deliveries(run.lake.landing, source.name):
        seen = newest.get(entry.path)
        if seen and seen.state != "released" and _same(seen, entry):
            continue
        if entry.modified_at <= ready_before:
            yield entry


def _same(record: FileRecord, entry: Entry) -> bool:
    return record.size_bytes == entry.size_bytes and record.modified_at_utc == entry.modified_at


def _examine(run: Run, source: Source, entry: Entry, taken: FileRecord | None, known: _Known) -> FileRecord | None:
    """The file's new state: claimed (without a batch yet), set aside, or unchanged; None when it has vanished."""
    record = FileRecord(
        run_id=run.run_id,
        source=source.name,
        path=entry.path,
        state="set_aside",
        size_bytes=entry.size_bytes,
        modified_at_utc=entry.modified_at,
        at_utc=utc_now(),
    )
    record_type = None
    try:
        record_type = _record_type(source, entry.path)
        record = replace(record, **_described(run, source, record_type, entry.path))
    except FileNotFoundError:
        return None
    except SourceError as error:
        return replace(record, record_type=record_type, reason=f"[{error.condition}] {error.what}")
    if taken and not known.is_open(taken) and taken.content_sha256 == record.content_sha256:
        return replace(record, state="unchanged", reason="the content is what was taken before")
    replaces = taken.batch_id if taken and not known.is_open(taken) else None
    return replace(record, state="claimed", replaces_batch_id=replaces)


def _record_type(source: Source, path: str) -> str:
    record_type = source.record_type_of(path.removeprefix(source.name + "/"))
    if record_type is None:
        types = ", ".join(source.record_types)
        raise SourceError("UNKNOWN_NAME", f"the file name states none of the known types: {types}", where=path)
    return record_type


def _described(run: Run, source: Source, record_type: str, path: str) -> dict[str, Any]:
    found = inspect(run.lake.landing, path, lambda line: source.layout_of(record_type, line), source.framing)
    layout = found.layout
    return {
        "table": source.record_types[record_type],
        "record_type": record_type,
        "content_sha256": found.content_sha256,
        "records": found.records,
        "delimiter": layout.delimiter,
        "line_end": next(name for name, end in LINE_ENDS.items() if end == layout.line_end),
        "header": layout.columns if layout.has_header else None,
    }


def _batches(claimed: Sequence[FileRecord], batch_bytes: int, newest: datetime) -> dict[str, list[FileRecord]]:
    """Claimed files cut into batches of at most so many bytes; a larger file is a batch of its own.

    Batch ids grow even when the clock stands still or is set back: of two deliveries of a path the id tells the newer.
    """
    groups: list[list[FileRecord]] = []
    size_bytes = batch_bytes + 1
    for record in claimed:
        if size_bytes + record.size_bytes > batch_bytes:
            groups.append([])
            size_bytes = 0
        groups[-1].append(record)
        size_bytes += record.size_bytes
    batches: dict[str, list[FileRecord]] = {}
    for group in groups:
        moment = newest = max(utc_now(), newest + timedelta(microseconds=1))
        batch_id = moment.strftime(BATCH_ID_FORMAT)
        batches[batch_id] = [replace(record, batch_id=batch_id, at_utc=moment) for record in group]
    return batches
