"""How the quality gate judged a lake so far, read from ops alone: no JVM, nothing written."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from adlake.contracts import tables
from adlake.errors import UsageError
from adlake.faults import known_names
from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.quality.chronicle import HeldBatch, PastVerdict, held_batches, past_verdicts, released
from adlake.quality.page import MOST_READ, newest_page
from adlake.quality.suite import JUDGED_LAYERS
from adlake.quality.trend import RuleTrend, rule_trends
from adlake.records import utc_now
from adlake.version import VERSION

MOST_VERDICTS = 30


@dataclass(frozen=True)
class TableQuality:
    """The verdicts of one table.

    Attributes:
        name: qualified.
        verdicts: newest first; at least one.
    """

    name: str
    verdicts: tuple[PastVerdict, ...]

    @property
    def newest(self) -> PastVerdict:
        """The newest verdict."""
        return self.verdicts[0]

    @cached_property
    def rules(self) -> tuple[RuleTrend, ...]:
        """The rules of the newest verdict."""
        return rule_trends(self.newest, self.verdicts)

    def as_dict(self) -> dict[str, Any]:
        """The table as plain values, times as they are; of verdicts and releases the newest ones."""
        return {
            "newest": _verdict(self.newest),
            "rules": [_rule(trend) for trend in self.rules],
            "verdicts": [_verdict(verdict) for verdict in self.verdicts[:MOST_VERDICTS]],
            "released": [_verdict(verdict) for verdict in released(self.verdicts)[:MOST_VERDICTS]],
        }


@dataclass(frozen=True)
class Quality:
    """The quality gate of a lake at one moment.

    Attributes:
        lake, tenant: of the configuration.
        at_utc: when it was read.
        page: address of the newest page that a run has written; None before the first.
        held: batches that are held now, the longest held first.
        tables: that were judged, by qualified name.
    """

    lake: str
    tenant: str
    at_utc: datetime
    page: str | None
    held: tuple[HeldBatch, ...]
    tables: tuple[TableQuality, ...]

    def as_dict(self) -> dict[str, Any]:
        """The quality as plain values with stable keys, times as ISO 8601; what `adlake quality --json` prints."""
        document = {
            "adlake_version": VERSION,
            **{name: getattr(self, name) for name in ("lake", "tenant", "at_utc", "page")},
            "held_batches": [batch.as_dict() for batch in self.held],
            "tables": {table.name: table.as_dict() for table in self.tables},
        }
        plain: dict[str, Any] = json.loads(json.dumps(document, default=datetime.isoformat))
        return plain


def read_quality(lake: Lake, table: str | None = None, *, now: datetime | None = None) -> Quality:
    """What the gate said of a lake; nothing for a lake that is not there yet.

    Args:
        lake: to read.
        table: qualified name; only of this one.
        now: the present moment; by default the machine's.

    Raises:
        UsageError: there is no such table, or none that is judged (UNKNOWN_TABLE).
    """
    verdicts = _verdicts(Ledger(lake)) if lake.is_there else ()
    _check_name(table, verdicts)
    of_table = tuple(verdict for verdict in verdicts if table in {None, verdict.table})
    path = newest_page(lake.storage) if lake.is_there else None
    return Quality(
        lake=lake.config.lake,
        tenant=lake.config.tenant,
        at_utc=now or utc_now(),
        page=lake.storage.uri(path) if path else None,
        held=held_batches(of_table),
        tables=tuple(_by_table(of_table)),
    )


def _verdicts(ledger: Ledger) -> tuple[PastVerdict, ...]:
    """The newest of each table, and all on batches that were ever held: one of them may be held still."""
    return past_verdicts([*ledger.unpublished(), *ledger.verdicts(newest=MOST_READ)])


def _check_name(table: str | None, verdicts: tuple[PastVerdict, ...]) -> None:
    # a table that was taken out of the contracts keeps its verdicts
    judged = {name for name, contract in tables().items() if contract.layer in JUDGED_LAYERS}
    known = sorted(judged | {verdict.table for verdict in verdicts}, key=_place)
    if table is not None and table not in known:
        raise UsageError(
            "UNKNOWN_TABLE",
            "the quality gate judges no such table",
            where="--table",
            found=repr(table),
            wanted=known_names(table, known, most=len(known)),
        )


def _by_table(verdicts: tuple[PastVerdict, ...]) -> Iterator[TableQuality]:
    """Tables in the order in which a run fills their layers."""
    found: dict[str, list[PastVerdict]] = {}
    for verdict in verdicts:
        found.setdefault(verdict.table, []).append(verdict)
    return (TableQuality(name, tuple(found[name])) for name in sorted(found, key=_place))


def _place(name: str) -> tuple[int, str]:
    layer = name.partition(".")[0]
    return JUDGED_LAYERS.index(layer) if layer in JUDGED_LAYERS else len(JUDGED_LAYERS), name


def _verdict(verdict: PastVerdict) -> dict[str, Any]:
    named = {name: value for name, value in asdict(verdict).items() if name != "outcomes"}
    return named | {"standing": verdict.standing, "failed": [one.rule for one in verdict.broken]}


def _rule(trend: RuleTrend) -> dict[str, Any]:
    own = {name: getattr(trend, name) for name in ("meaning", "scale", "least", "most", "most_rows", "value")}
    points = [{"at_utc": one.at_utc, "standing": one.standing, "value": one.value} for one in trend.points]
    return asdict(trend.outcome) | own | {"points": points}
