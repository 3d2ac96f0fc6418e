"""Every number of an account counts: altered by one where it comes from, nothing is committed.

The rows are the same in all attempts at one table, so they are written and counted once and remembered afterwards.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest

from adlake import bronze, silver, slices, touched
from adlake.account import Account
from adlake.contracts import table
from adlake.errors import AccountError
from adlake.identity import identity_key
from adlake.marts import MARTS
from adlake.snapshots import STEP as GOLD
from tests.delivered import write
from tests.jobs import lakes

IMPRESSIONS = "gam_impressions"


class Committed(Exception):
    """An altered account came as far as a commit, which is not made."""


@dataclass(frozen=True)
class Alteration:
    """Something that a step asks for, and how the true answer is changed."""

    asked: str
    changed: Callable


class Attempts:
    """Tries the same work on one table again and again, each time with one number altered, at last as it is."""

    def __init__(self, module, patch, *, remembered=(), counted=()):
        self._module = module
        for name in remembered:
            patch.setattr(module, name, _remembered(getattr(module, name)))
        for name in counted:
            patch.setattr(module, name, _remembered(getattr(module, name), _with_known_count))
        if hasattr(module, "Refused"):
            patch.setattr(module, "Refused", SimpleNamespace(write=_remembered(module.Refused.write)))

    def outcomes(self, work, alterations: Mapping[str, Alteration]) -> dict[str, str]:
        """The condition by which each altered attempt failed, or what it would have committed."""
        work_unaltered = "what the alterations start from is sound"
        assert self._outcome(work, None).startswith("would have committed"), work_unaltered
        return {name: self._outcome(work, alteration) for name, alteration in alterations.items()}

    def _outcome(self, work, alteration):
        def refuse(_session, _lake, _lock, candidate, **_):
            raise Committed(f"would have committed {candidate.table.qualified}")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("adlake.run.commit", refuse)
            if alteration is not None:
                self._alter(alteration, patch)
            try:
                work()
            except AccountError as error:
                return error.condition
            except Committed as committed:
                return str(committed)
        return "nothing was tried"

    def _alter(self, alteration, patch):
        place, name = self._module, alteration.asked
        if name == "Refused":
            place, name = self._module.Refused, "write"
        honest = getattr(place, name)
        patch.setattr(place, name, lambda *args, **kwargs: alteration.changed(honest(*args, **kwargs)))


def _remembered(honest, prepare=lambda answer: answer):
    answers = {}

    def answer(*args, **kwargs):
        # what one attempt asks twice, it asks with other arguments
        if len(args) not in answers:
            answers[len(args)] = prepare(honest(*args, **kwargs))
        return answers[len(args)]

    return answer


def _with_known_count(frame, more=0):
    """The same rows in a frame that has been counted already, perhaps wrongly."""
    number, known = frame.count() + more, frame.select("*")
    known.count = lambda: number
    known.persist = lambda _level: known
    known.unpersist = lambda: known
    return known


def one_more(name, key=None):
    """One more in an attribute of the answer, or in one entry of it."""

    def changed(answer):
        value = getattr(answer, name)
        if key is None:
            return replace(answer, **{name: value + 1})
        assert key in value
        return replace(answer, **{name: {**value, key: value[key] + 1}})

    return changed


def one_more_in_group(column):
    """One more in a column of the census's first group."""

    def changed(census):
        first, *rest = census.groups
        return replace(census, groups=({**first, column: first[column] + 1}, *rest))

    return changed


def records_of(path, more):
    """The inspection of one file counted otherwise."""

    def changed(files):
        return [replace(file, records=file.records + more) if file.path == path else file for file in files]

    return changed


def one_row_moved_to_another_file(census):
    first, second, *rest = (dict(group) for group in census.groups)
    return replace(census, groups=({**first, "rows": first["rows"] + 1}, {**second, "rows": second["rows"] - 1}, *rest))


def test_no_altered_number_of_a_bronze_batch_is_committed(lake_after, shared, monkeypatch):
    config = lake_after("claim")
    attempts = Attempts(bronze, monkeypatch, remembered=("write_candidate", "take_census", "_still_as_claimed"))

    with lakes.open_run(config, shared(config)) as run:
        (batch,) = run.ledger.claims()
        found = attempts.outcomes(
            lambda: bronze.ingest(run, batch, IMPRESSIONS),
            {
                "read, one more": Alteration("_still_as_claimed", records_of(lakes.NETWORK, 1)),
                "read, one less": Alteration("_still_as_claimed", records_of(lakes.NETWORK, -1)),
                "read of a file without refused records, one less": Alteration(
                    "_still_as_claimed", records_of(lakes.NEXT_HOUR, -1)
                ),
                "rows written": Alteration("write_candidate", one_more("rows")),
                "rows read back": Alteration("take_census", one_more_in_group("rows")),
                "rows by file": Alteration("take_census", one_row_moved_to_another_file),
                "quarantined wrong_column_count": Alteration("Refused", one_more("by_rule", "wrong_column_count")),
                "quarantined unreadable_value": Alteration("Refused", one_more("by_rule", "unreadable_value")),
                "quarantined by file": Alteration("Refused", one_more("by_file", lakes.NETWORK)),
            },
        )
        assert found == {
            "read, one more": "FILE_OPEN",
            "read, one less": "FILE_OPEN",
            "read of a file without refused records, one less": "FILE_OPEN",
            "rows written": "ROWS_DIFFER",
            "rows read back": "ROWS_DIFFER",
            "rows by file": "FILE_OPEN",
            "quarantined wrong_column_count": "ACCOUNT_OPEN",
            "quarantined unreadable_value": "ACCOUNT_OPEN",
            "quarantined by file": "FILE_OPEN",
        }
        bronze.ingest(run, batch, IMPRESSIONS)

    assert [(record.table, record.account) for record in run.published] == [
        ("quarantine.gam_impressions", Account(2, 2)),
        ("bronze.gam_impressions", Account(12, 10, quarantined={"unreadable_value": 1, "wrong_column_count": 1})),
    ]


def test_q02_no_altered_number_of_a_silver_batch_is_committed(lake_after, shared, session, monkeypatch):
    config = lake_after("delivered_again")
    attempts = Attempts(
        silver,
        monkeypatch,
        remembered=("write_candidate", "take_census", "parted", "rewrite_without", "audit"),
        counted=("losers_of", "_restored"),
    )
    identity = identity_key(session, lakes.SECRET, "k1")

    with lakes.open_run(config, shared(config)) as run:
        _, batch = run.ledger.claims()
        found = attempts.outcomes(
            lambda: silver.refine(run, identity, batch, f"silver.{IMPRESSIONS}").publish(run),
            {
                "read": Alteration("_read", lambda count: count + 1),
                "published": Alteration("Account", one_more("published")),
                "rows written": Alteration("write_candidate", one_more("rows")),
                "rows removed": Alteration("write_candidate", one_more("removed_rows")),
                "rows read back": Alteration("take_census", one_more_in_group("rows")),
                "duplicates": Alteration("losers_of", lambda losers: _with_known_count(losers, 1)),
                "quarantined event_time_invalid": Alteration("Refused", one_more("by_rule", "event_time_invalid")),
                "quarantined query_time_invalid": Alteration("Refused", one_more("by_rule", "query_time_invalid")),
                "quarantined by file": Alteration("Refused", one_more("by_file", lakes.LATE)),
                "filtered": Alteration("parted", one_more("filtered", "unfilled_impression")),
                "superseded": Alteration("rewrite_without", one_more("superseded")),
                "restored": Alteration("_restored", lambda rows: _with_known_count(rows, 1)),
            },
        )
        assert found == {
            "read": "ACCOUNT_OPEN",
            "published": "ACCOUNT_OPEN",
            "rows written": "ROWS_DIFFER",
            "rows removed": "ACCOUNT_OPEN",
            "rows read back": "ROWS_DIFFER",
            "duplicates": "ACCOUNT_OPEN",
            "quarantined event_time_invalid": "ACCOUNT_OPEN",
            "quarantined query_time_invalid": "ACCOUNT_OPEN",
            "quarantined by file": "FILE_OPEN",
            "filtered": "ACCOUNT_OPEN",
            "superseded": "ACCOUNT_OPEN",
            "restored": "ACCOUNT_OPEN",
        }
        silver.refine(run, identity, batch, f"silver.{IMPRESSIONS}").publish(run)

    assert [(record.table, record.account) for record in run.published] == [
        ("quarantine.gam_impressions", Account(2, 2)),
        ("silver.gam_impressions", lakes.SECOND_IMPRESSIONS),
    ]


COMMITTED = {
    "gold.yield_hourly": Account(4, 4, superseded=4),
    "gold.user_days": Account(3, 3, superseded=3),
    # e2 is nobody's
    "gold.page_views": Account(2, 1, filtered={"visitor_unknown": 1}, superseded=1),
    "gold.sessions": Account(1, 1, superseded=1),
}
HOURS, DAYS = ("2026-10-05T10", "2026-10-05T11", "2026-10-05T13"), ("2026-10-05",)


@pytest.mark.parametrize(("name", "named"), [(name, HOURS if "hourly" in name else DAYS) for name in COMMITTED])
def test_no_altered_measure_of_a_mart_is_committed(lake_after, shared, monkeypatch, name, named):
    config = lake_after("build_gold")
    attempts = Attempts(slices, monkeypatch, remembered=("write_candidate", "take_census", "_inputs", "audit"))
    measures = MARTS[name].proved(config)

    def one_more_superseded(committed):
        return SimpleNamespace(where=lambda condition: _with_known_count(committed.where(condition), 1))

    with lakes.open_run(config, shared(config)) as run:
        work = replace(touched.pending(run.lake, GOLD, rebuild=True)[name], slices=frozenset(named))
        found = attempts.outcomes(
            lambda: slices.build(run, name, work).publish(run),
            {
                "rows written": Alteration("write_candidate", one_more("rows")),
                "rows removed": Alteration("write_candidate", one_more("removed_rows")),
                "rows read back": Alteration("take_census", one_more_in_group("rows")),
                # hours without clicks, requests and the like are compared too
                **{measure: Alteration("take_census", one_more_in_group(measure)) for measure in measures},
                "superseded": Alteration("read_files", one_more_superseded),
            },
        )
        assert found == {
            "rows written": "ROWS_DIFFER",
            "rows removed": "ACCOUNT_OPEN",
            "rows read back": "ROWS_DIFFER",
            **dict.fromkeys(measures, "MEASURE_OPEN"),
            "superseded": "ACCOUNT_OPEN",
        }
        slices.build(run, name, work).publish(run)

    assert [(record.table, record.account) for record in run.published] == [(name, COMMITTED[name])]


# a number of different values is no sum over rows, and neither is a span of time
NO_SUMS = {"visits", "duration_seconds"}


@pytest.mark.parametrize("name", list(MARTS))
def test_every_measure_of_a_mart_is_proved(name, config):
    contract = table(name)
    measures = {column.name for column in contract.columns if column.type in {"bigint", "map<string,bigint>"}}
    assert measures - NO_SUMS == MARTS[name].proved(config)


def test_lines_of_another_length_are_refused_in_a_file_with_an_unknown_column_too(config, shared):
    columns = [*lakes.EVENT_COLUMNS, "Added"]
    good = lakes.impression("k1", "2026-10-05 10:05:00", Added="new")
    whole = ",".join(good.get(name, "") for name in columns)
    lines = [",".join(columns), whole, whole.removesuffix(",new"), f"{whole},more", whole.replace(",11,", ",12,")]
    lakes.aged(write(lakes.landing(config) / lakes.NETWORK, "\n".join(lines) + "\n"), lakes.DELIVERED)

    report = lakes.run(config, shared(config), ["ingest_bronze"])

    (bronze_account,) = (record.account for record in report.commits if record.table == "bronze.gam_impressions")
    assert bronze_account == Account(4, 2, quarantined={"wrong_column_count": 2})
    refused = lakes.rows_of(config, "quarantine.gam_impressions")
    assert sorted(row["position"] for row in refused) == [2, 3]
