"""What adlake knows of itself, in the `ops` tables: files taken, accounts of commits, runs.

delta-rs is their only writer; a small commit costs milliseconds. They copy what the data tables' own commits say, so
losing a row here loses no progress: it is copied again from the commit.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from adlake.account import Account
from adlake.contracts import table
from adlake.lake import Lake, ask
from adlake.ledger_types import arrow_schema
from adlake.records import AccountRecord, FileRecord, ReleaseRecord, RunRecord, VerdictRecord

COMPACT_AT_FILES = 50
# no name holds it
BETWEEN_NAMES = "\x1f"


@dataclass
class Ledger:
    """The ops tables of one lake, read once and kept up with what this run adds."""

    lake: Lake
    _files: list[FileRecord] | None = field(default=None, init=False)
    _accounts: list[AccountRecord] | None = field(default=None, init=False)
    _observations: dict[int, list[VerdictRecord]] = field(default_factory=dict, init=False)
    _releases: list[ReleaseRecord] | None = field(default=None, init=False)
    _noted: set[tuple[str, int]] | None = field(default=None, init=False)

    def files(self) -> list[FileRecord]:
        """Every file record, oldest first."""
        if self._files is None:
            wanted = {name: name for name in _names(FileRecord)}
            joined = f"array_to_string(header, '{BETWEEN_NAMES}')"
            columns = self._read("ops.files", "at_utc", wanted | {"header": joined})
            self._files = list(map(FileRecord, *[_headers(c) if n == "header" else c for n, c in columns.items()]))
        return self._files

    def newest_files(self) -> dict[str, FileRecord]:
        """The newest record of each path."""
        return {record.path: record for record in self.files()}

    def claims(self) -> dict[str, list[FileRecord]]:
        """Files of each batch that were claimed and not released, batches in order of claiming."""
        claimed: dict[tuple[str, str], FileRecord] = {}
        for record in self.files():
            if record.batch_id and record.state == "claimed":
                claimed[record.batch_id, record.path] = record
            elif record.batch_id and record.state == "released":
                claimed.pop((record.batch_id, record.path), None)
        batches: dict[str, list[FileRecord]] = {}
        for (batch_id, _), record in sorted(claimed.items()):
            batches.setdefault(batch_id, []).append(record)
        return batches

    def accounts(self) -> list[AccountRecord]:
        """Every account, oldest first."""
        if self._accounts is None:
            own, numbers = _names(AccountRecord), _names(Account)
            wanted = {name: name for name in (*own, *numbers) if name != "account"}
            columns = self._read("ops.accounts", "committed_at_utc", wanted)
            columns["account"] = map(Account, *[columns[name] for name in numbers])
            self._accounts = list(map(AccountRecord, *[columns[name] for name in own]))
        return self._accounts

    def add_files(self, records: Sequence[FileRecord]) -> None:
        """Record what happened to files, in one commit."""
        known = self.files()
        self._append("ops.files", [asdict(record) for record in records])
        known.extend(records)

    def add_accounts(self, records: Sequence[AccountRecord]) -> None:
        """Copy accounts of commits, in one commit."""
        self._append("ops.accounts", [_account_row(record) for record in records])
        self.note_accounts(records)

    def note_accounts(self, records: Sequence[AccountRecord]) -> None:
        """Know of accounts that are committed with their data, before they are copied."""
        known = self.accounts()
        if self._noted is None:
            self._noted = {(record.table, record.version) for record in known}
        known.extend(record for record in records if (record.table, record.version) not in self._noted)
        self._noted.update((record.table, record.version) for record in records)

    def add_run(self, record: RunRecord) -> None:
        """Record a run that changed something."""
        self._append("ops.runs", [asdict(record)])

    def verdicts(self, *, newest: int, only_published: bool = False) -> list[VerdictRecord]:
        """The newest verdicts of each table, or of those on what was published; rule by rule, oldest verdict first."""
        rank = 'dense_rank() over (partition by "table" order by at_utc desc)'
        among = "version is not null" if only_published else "true"
        ranked = f"(select *, {rank} as newest from rows where {among})"  # noqa: S608 constants
        return self._verdicts(ranked, f"newest <= {newest}")

    def unpublished(self) -> list[VerdictRecord]:
        """All verdicts on candidates that were kept from readers once, and the newest of each table, oldest first.

        With them the newest one of each table that was published: what was held before that is not held since then.
        """
        candidate = 'concat(step, chr(31), "table", chr(31), batch_id)'
        kept = f"select {candidate} from rows where version is null"  # noqa: S608 constants
        newest = 'select concat("table", cast(max(at_utc) as string)) from rows group by "table", version is null'
        return self._verdicts(
            "rows", f'{candidate} in ({kept}) or concat("table", cast(at_utc as string)) in ({newest})'
        )

    def observations(self, weekday: int) -> list[VerdictRecord]:
        """Rules of published deliveries that judge a number of the batch, of one weekday (UTC, 0 for Monday)."""
        if weekday not in self._observations:
            is_day = f"date_part('dow', as_of_utc) = {(weekday + 1) % 7}"
            is_learned_from = "version is not null and is_batch and observed is not null and released = ''"
            self._observations[weekday] = self._verdicts("rows", f"{is_learned_from} and {is_day}")
        return self._observations[weekday]

    def _verdicts(self, source: str, where: str) -> list[VerdictRecord]:
        columns = self._read("ops.verdicts", "at_utc", {n: f'"{n}"' for n in _names(VerdictRecord)}, source, where)
        return list(map(VerdictRecord, *columns.values()))

    def releases(self) -> list[ReleaseRecord]:
        """Every release, oldest first."""
        if self._releases is None:
            columns = self._read("ops.releases", "at_utc", {name: name for name in _names(ReleaseRecord)})
            self._releases = list(map(ReleaseRecord, *columns.values()))
        return self._releases

    def add_verdicts(self, records: Sequence[VerdictRecord]) -> None:
        """Record verdicts, in one commit."""
        self._append("ops.verdicts", [asdict(record) for record in records])

    def add_releases(self, records: Sequence[ReleaseRecord]) -> None:
        """Record releases, in one commit."""
        known = self.releases()
        self._append("ops.releases", [asdict(record) for record in records])
        known.extend(records)

    def _read(
        self, name: str, order: str, wanted: Mapping[str, str], source: str = "rows", where: str = "true"
    ) -> dict[str, Iterable[Any]]:
        """The columns by name, their values in that order; empty ones where there is no table yet.

        Columns and not rows: a year of hourly runs leaves a hundred thousand, and each run reads them.
        """
        delta = self.lake.delta(table(name))
        if delta is None:
            return {name: [] for name in wanted}
        columns = ", ".join(f"{expression} as {name}" for name, expression in wanted.items())
        query = f"select {columns} from {source} where {where} order by {order}"  # noqa: S608 constants
        found = ask(delta, query)
        return {name: _values(found[name]) for name in wanted}

    def _append(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        contract = table(name)
        batch = pa.Table.from_pylist([dict(row) for row in rows], arrow_schema(contract))
        if not batch.num_rows:
            return
        uri, options = self.lake.storage.uri(contract.path), self.lake.options.delta_rs()
        write_deltalake(uri, batch, mode="append", storage_options=options)
        _compact(DeltaTable(uri, storage_options=options))


def _compact(delta: DeltaTable) -> None:
    """Hourly runs leave a file each; reading stays cheap when they are put together now and then."""
    if len(delta.file_uris()) > COMPACT_AT_FILES:
        delta.optimize.compact()
        delta.create_checkpoint()


def _names(record: type[Any]) -> list[str]:
    return [attribute.name for attribute in fields(record)]


def _values(column: pa.ChunkedArray) -> Iterable[Any]:
    if pa.types.is_timestamp(column.type):
        # Arrow takes long to give a moment its time zone
        return [at.replace(tzinfo=UTC) for at in column.cast(pa.timestamp("us")).to_pylist()]
    if pa.types.is_map(column.type):
        return map(dict, column.to_pylist())
    values: list[Any] = column.to_pylist()
    return values


def _headers(joined: Iterable[str | None]) -> Iterator[tuple[str, ...] | None]:
    """The names of each header; there are a few of them, tens of thousands of times."""
    known: dict[str | None, tuple[str, ...] | None] = {None: None}
    for names in joined:
        if names is not None and names not in known:
            known[names] = tuple(names.split(BETWEEN_NAMES))
        yield known[names]


def _account_row(record: AccountRecord) -> dict[str, Any]:
    row = {name: value for name, value in asdict(record).items() if name != "account"}
    return {**row, **record.account.as_dict()}
