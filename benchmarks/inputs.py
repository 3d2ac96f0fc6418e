"""Generated input, made once and kept: the bulk deliveries, and thirty days of hours for the hourly batches."""

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import adlake.generator
from adlake.generator import generate
from adlake.generator.clocks import EPOCH
from adlake.generator.delivery import LANDING, SECOND_DELIVERY, Delivery, Target
from adlake.generator.line_items import deliver_snapshots
from adlake.generator.plan import HourPlan, Plan, make_plan
from adlake.generator.world import make_world
from benchmarks.contenders import KEY_FILE

DONE = "complete.json"
DAYS, HOURS_PER_DAY = 30, 24
# Late enough for readers who were offline up to 20 hours: what they send belongs to the same day (UTC).
FIRST_BATCH_AT = datetime(2026, 11, 1, 20, tzinfo=UTC)


@dataclass(frozen=True)
class HourlyInput:
    """Deliveries for the hourly benchmark, each a folder laid out like a landing zone.

    Attributes:
        days: thirty days of hours.
        hour: the last of these hours alone.
        batches: the hours after it, one folder each.
        key_file: secret of the identity keys.
    """

    days: Path
    hour: Path
    batches: tuple[Path, ...]
    key_file: Path


def bulk_input(work: Path, events: int, seed: int) -> Path:
    """A generated run of so many events; made when it is not there yet."""
    folder = work / f"input-{events}-{seed}-{_generator_version()}"
    _once(folder, lambda place: _generate(place, events, seed))
    return folder


def hourly_input(work: Path, *, events: int, events_before: int, batches: int, seed: int) -> HourlyInput:
    """Deliveries for the hourly benchmark; made when they are not there yet.

    Args:
        work: that keeps them.
        events: of each batch, all of one hour.
        events_before: of an hour before them, on average over a day.
        batches: how many hours come after the thirty days.
        seed: decides everything that is drawn.
    """
    folder = work / f"hourly-{events}-{events_before}-{batches}-{seed}-{_generator_version()}"
    _once(folder, lambda place: _make_hours(place, events, events_before, batches, seed))
    return HourlyInput(
        days=folder / "days",
        hour=folder / "hour",
        batches=tuple(folder / f"batch_{number}" for number in range(batches)),
        key_file=folder / KEY_FILE,
    )


def slope_input(work: Path, *, days: int, events_per_hour: int, seed: int) -> Path:
    """A landing zone of so many days of small hours, each file as old as its delivery; made when it is not there yet.

    Args:
        work: that keeps it.
        days: ending with the generator's last day.
        events_per_hour: on average.
        seed: decides everything that is drawn.
    """
    folder = work / f"slope-{days}-{events_per_hour}-{seed}-{_generator_version()}"
    _once(folder, lambda place: _make_days(place, days, events_per_hour, seed))
    return folder


def lay_over(delivery: Path, landing: Path) -> None:
    """Deliver files: hard links to them, so nothing is copied."""
    for path in sorted(delivery.rglob("*")):
        if path.is_file():
            target = landing / path.relative_to(delivery)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.hardlink_to(path)


def _generator_version() -> str:
    """A hash of the generator's source: other code, other input."""
    digest = hashlib.sha256()
    for path in sorted(Path(adlake.generator.__path__[0]).glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def _once(folder: Path, make: Callable[[Path], None]) -> None:
    """Make a folder whole, or leave the whole one that is there."""
    if (folder / DONE).is_file():
        return
    shutil.rmtree(folder, ignore_errors=True)
    make(folder)
    (folder / DONE).write_text(json.dumps({"made_at_utc": datetime.now(UTC).isoformat()}), encoding="utf-8")


def _generate(folder: Path, events: int, seed: int) -> None:
    generate(folder, events=events, seed=seed)


def _make_hours(folder: Path, events: int, events_before: int, batches: int, seed: int) -> None:
    first = (FIRST_BATCH_AT - EPOCH) // timedelta(hours=1)
    plan = _hourly_plan(events, events_before, range(first, first + batches), seed)
    world = make_world(seed, plan.events)
    now = datetime.now(UTC).timestamp()
    for hours in plan.file_hours:
        since = hours[0].hour - first
        if -DAYS * HOURS_PER_DAY <= since < batches:
            place = folder / (f"batch_{since}" if since >= 0 else "days")
            Delivery(plan, world, Target(place, now)).of(hours)
            if since == -1:
                Delivery(plan, world, Target(folder / "hour", now)).of(hours)
    _deliver_line_items(plan, folder, now)
    for place in folder.iterdir():
        _flatten(place)
    (folder / KEY_FILE).write_text(f"{seed:064x}", encoding="ascii")
    (folder / KEY_FILE).chmod(0o600)


def _make_days(folder: Path, days: int, events_per_hour: int, seed: int) -> None:
    """Only what is delivered in time; what the generator keeps for a second delivery is left out."""
    plan = make_plan(events_per_hour * days * HOURS_PER_DAY, seed, days)
    world = make_world(seed, plan.events)
    # no file is younger than that, so each keeps the age of its delivery
    target = Target(folder, (plan.hours[-1].hour + 2) * 3600.0 + 3600)
    for hours in plan.file_hours:
        Delivery(plan, world, target).of(hours)
    deliver_snapshots(plan, target)
    _flatten(folder)
    (folder / KEY_FILE).write_text(f"{seed:064x}", encoding="ascii")
    (folder / KEY_FILE).chmod(0o600)


def _hourly_plan(events: int, events_before: int, batch_hours: Sequence[int], seed: int) -> Plan:
    """A plan over the days before and the hours of the batches, which hold nothing of other hours.

    But for what the tracker sends late: a few page events in a thousand are up to 20 hours old.
    """
    plan = make_plan(events_before * (DAYS + 1) * HOURS_PER_DAY, seed, DAYS + 1)

    def planned(hour: HourPlan) -> HourPlan:
        alone = replace(hour, shared=0)
        if hour.hour in batch_hours:
            return replace(alone, records=events, delivery=1, late=0, resend=None, again_from=None)
        return alone if hour.hour == batch_hours[0] - 1 else hour

    return replace(plan, hours=tuple(map(planned, plan.hours)))


def _deliver_line_items(plan: Plan, folder: Path, now: float) -> None:
    """A snapshot for every day; where there is one hour, that of its day."""
    deliver_snapshots(plan, Target(folder / "days", now))
    name = f"LineItem_*_{FIRST_BATCH_AT:%Y%m%d}.csv.gz"
    for path in (folder / "days" / LANDING).rglob(name):
        target = folder / "hour" / path.relative_to(folder / "days")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.hardlink_to(path)


def _flatten(place: Path) -> None:
    """What the generator laid out as two deliveries, as one landing zone: the first of them."""
    shutil.rmtree(place / SECOND_DELIVERY, ignore_errors=True)
    for path in sorted((place / LANDING).iterdir()):
        path.rename(place / path.name)
    (place / LANDING).rmdir()
