"""The verdicts of one run as an HTML page that needs a browser alone: no network, no script, no value of a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from adlake.ledger import Ledger
from adlake.quality.chronicle import HeldBatch, PastVerdict, Standing, held_batches, past_verdicts
from adlake.quality.drawing import HEIGHT, WIDTH, Drawing, draw
from adlake.quality.trend import RuleTrend, rule_trends
from adlake.quality.wording import STANDINGS, WAYS_OUT, Wording, release_command, wording
from adlake.records import VerdictRecord
from adlake.storage import Storage
from adlake.version import VERSION

FOLDER = "ops/quality"
SUFFIX = ".html"
# of each table: enough for the trends, with what was held, rebuilt or replayed between deliveries
MOST_READ = 100
TEMPLATE = "page.html.j2"
# what somebody has to look at comes first
ORDER: tuple[Standing, ...] = ("could_not_run", "held", "released", "passed_with_warnings", "passed")
# told apart without colour
SIGNS: Mapping[str, str] = {
    "passed": "\N{CHECK MARK}",
    "passed_with_warnings": "!",
    "released": "\N{NORTH EAST ARROW}",
    "held": "\N{BLACK SQUARE}",
    "could_not_run": "?",
    "failed": "\N{MULTIPLICATION X}",
    "no_history": "\N{MIDDLE DOT}",
    "not_judged": "\N{EN DASH}",
}


@dataclass(frozen=True)
class _Rule:
    trend: RuleTrend
    wording: Wording
    drawing: Drawing | None


@dataclass(frozen=True)
class _Section:
    """One verdict; `command` is empty where nothing has to be released."""

    verdict: PastVerdict
    rules: tuple[_Rule, ...]
    command: str
    way_out: str


def write_page(records: Sequence[VerdictRecord], ledger: Ledger, storage: Storage) -> str:
    """Write the page of a run into the lake and return its path there; one that is there already is replaced.

    Args:
        records: every verdict of the run, rule by rule; at least one.
        ledger: for what came before; it may hold the records or not.
        storage: of the lake.
    """
    run_id = records[0].run_id
    earlier = [record for record in ledger.verdicts(newest=MOST_READ) if record.run_id != run_id]
    path = f"{FOLDER}/{run_id}{SUFFIX}"
    config = ledger.lake.config
    page = render_page(past_verdicts(records), past_verdicts(earlier), tenant=config.tenant, lake=config.lake)
    storage.write(path, page.encode())
    return path


def render_page(
    verdicts: Sequence[PastVerdict], earlier: Sequence[PastVerdict], *, tenant: str = "", lake: str = ""
) -> str:
    """The page as HTML.

    Args:
        verdicts: of one run; at least one.
        earlier: of the runs before, newest first.
        tenant: of the configuration.
        lake: of the configuration.
    """
    history = [*verdicts, *earlier]
    ordered = sorted(verdicts, key=lambda one: (ORDER.index(one.standing), one.table, one.batch_id))
    held = {(one.verdict.step, one.verdict.table, one.verdict.batch_id): one for one in held_batches(verdicts)}
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": _moment, "words": _words}
    return environment.get_template(TEMPLATE).render(
        sections=[_section(one, history, held) for one in ordered],
        title=_title(verdicts),
        counts=[(one, sum(v.standing == one for v in verdicts)) for one in ORDER],
        tenant=tenant,
        lake=lake,
        standings=STANDINGS,
        signs=SIGNS,
        width=WIDTH,
        height=HEIGHT,
        version=VERSION,
    )


def newest_page(storage: Storage) -> str | None:
    """The path of the newest page in the lake: run ids begin with the time, so names tell the order; None for none."""
    return max((entry.path for entry in storage.entries(FOLDER) if entry.path.endswith(SUFFIX)), default=None)


def _section(
    verdict: PastVerdict, history: Sequence[PastVerdict], held: Mapping[tuple[str, str, str], HeldBatch]
) -> _Section:
    batch = held.get((verdict.step, verdict.table, verdict.batch_id))
    return _Section(
        verdict=verdict,
        rules=tuple(_Rule(trend, wording(trend), draw(trend)) for trend in rule_trends(verdict, history)),
        command=release_command(batch) if batch else "",
        way_out=WAYS_OUT[verdict.standing] if batch else "",
    )


def _title(verdicts: Sequence[PastVerdict]) -> str:
    """What came of the run in one clause."""
    held, count = sum(verdict.holds for verdict in verdicts), len(verdicts)
    if held:
        return f"{held} of {count} verdicts held data back" if count > 1 else "The verdict held data back"
    return f"{count} verdicts, nothing held back" if count > 1 else "One verdict, nothing held back"


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")


def _words(name: str) -> str:
    return name.replace("_", " ")
