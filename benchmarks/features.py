"""What the features of a million people cost, each of whom came on ten of the last ninety days."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from adlake.snapshots import DAYS, TABLE, WINDOW_DAYS
from benchmarks.bulk import MILLION, Tell
from benchmarks.contenders import KEY_FILE, Run, run_adlake, write_config
from benchmarks.peer.lake import PeerLake, connect

PEOPLE, DAYS_EACH = 1_000_000, 10
USER_DAYS = f"""
    SELECT
        'k1:' || sha256(CAST(person AS VARCHAR)) AS id_key,
        DATE '2026-11-01' - CAST((person * 7 + number * {WINDOW_DAYS // DAYS_EACH}) % {WINDOW_DAYS} AS INTEGER)
            AS event_date,
        person % 3 AS visits,
        person % 11 AS page_views,
        person % 17 AS impressions,
        CAST(person % 50 = 0 AS BIGINT) AS clicks,
        person % 17 * 1_200 AS revenue_micros,
        CAST(0 AS BIGINT) AS revenue_unknown_impressions,
        ['politics', 'sports'] AS sections,
        MAP(['politics', 'sports'], [person % 7, 4]) AS section_page_views,
        MAP([['mobile', 'desktop'][person % 2 + 1]], [person % 28 + 1]) AS device_events,
        MAP([['DE', 'FR', 'US'][person % 3 + 1]], [person % 28 + 1]) AS country_events,
        CAST(event_date + INTERVAL 8 HOUR AS TIMESTAMPTZ) AS first_seen_at_utc,
        CAST(event_date + INTERVAL 20 HOUR AS TIMESTAMPTZ) AS last_seen_at_utc
    FROM range({{people}}) people(person), range({DAYS_EACH}) days(number)
"""


@dataclass(frozen=True)
class FeaturesResult:
    """One snapshot.

    Attributes:
        people: described.
        user_days: read.
        run: that made it.
    """

    people: int
    user_days: int
    run: Run

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of the table."""
        return sum(step.cpu_seconds for step in self.run.steps if step.table == TABLE)

    @property
    def cpu_seconds_per_million(self) -> float:
        """CPU seconds of a million days of people."""
        return self.cpu_seconds / self.user_days * MILLION


def run_features(work: Path, people: int = PEOPLE, *, seed: int, keep: bool, tell: Tell) -> FeaturesResult:
    """Make the snapshot of so many people, from days that were made up for it.

    Args:
        work: keeps the lake while it is needed.
        people: described.
        seed: of the secret; who comes when is always the same.
        keep: whether the lake stays.
        tell: is told what is going on.
    """
    folder = work / "lake-features"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "landing").mkdir(parents=True)
    key_file = folder / KEY_FILE
    key_file.write_text(f"{seed:064x}", encoding="ascii")
    key_file.chmod(0o600)
    config = write_config(folder, landing=folder / "landing", key_file=key_file)
    tell(f"{people:,} people: their days")
    PeerLake(folder / "lake", connect()).write(DAYS, USER_DAYS.format(people=people))
    tell(f"{people:,} people: adlake")
    run = run_adlake(config, folder / "lake", "--from", "build_gold")
    if not keep:
        shutil.rmtree(folder)
    return FeaturesResult(people, people * DAYS_EACH, run)
