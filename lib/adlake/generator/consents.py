"""The table of consents from what identifiers were heard to say, by its definition alone."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from adlake.generator.clocks import iso_day, iso_micros
from adlake.generator.heard import Heard, Signal
from adlake.generator.marts import IdentityKey
from adlake.generator.words import Decision

CONSENT_KEY = ("event_date", "id_key", "source", "signal_at_utc")
CONSENT_MEASURES = ("events",)
CONSENT_COLUMNS = (
    *(*CONSENT_KEY, *CONSENT_MEASURES, "kind", "last_seen_at_utc"),
    *("may_store", "may_personalise_ads", "may_profile", "may_measure", "may_share", "consent_basis"),
)


def consent_rows(heard: Heard, key: IdentityKey) -> Iterator[list[Any]]:
    """Rows of the consents, columns as in CONSENT_COLUMNS, in no particular order."""
    for (day, person, source), signals in heard.signals.items():
        for _, run in groupby(_moments(signals), key=itemgetter(1)):
            times, decisions, rows = zip(*run, strict=True)
            found = decisions[0]
            permitted = ["" if value is None else str(value).lower() for value in found[:4]]
            yield [
                *(iso_day(day), key.of(person), source, iso_micros(times[0]), sum(rows), person.partition(":")[0]),
                *(iso_micros(times[-1]), *permitted, "|".join(found.shares or ()), found.basis),
            ]


def _moments(signals: Sequence[Signal]) -> Iterator[Signal]:
    """One signal for each moment, in order: that with the fewest permissions."""
    for at, same in groupby(sorted(signals, key=itemgetter(0)), key=itemgetter(0)):
        together = list(same)
        strictest = min((decision for _, decision, _ in together), key=_permissions)
        yield at, strictest, sum(rows for *_, rows in together)


def _permissions(decision: Decision) -> tuple[int, str]:
    return sum(map(bool, decision[:4])) + len(decision.shares or ()), str(decision)
