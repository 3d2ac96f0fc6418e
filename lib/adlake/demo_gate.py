"""The demonstration of the quality gate: a batch is held, released, and refused rows are replayed.

It comes after the lake was held against the truth, so that the truth stays what it is.
"""

import gzip
import os
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import yaml

from adlake.config import load_config
from adlake.job import execute
from adlake.pipeline import steps_from
from adlake.report import JobReport
from adlake.run import Notify
from adlake.session import Spark
from adlake.wish import DoneReplay, Release, Replay

LINE_ITEMS = "LineItem_*.csv.gz"
HELD_TABLE, HELD_RULE = "silver.gam_line_items", "rows_missing"
REPLAYED_TABLE, REPLAYED_RULE = "silver.newsletter_activity", "action_unknown"
# what the generator writes and its lake.yaml has no word for
WORD, MEANING = "forward", "click"
REASON = "The ad server had no line items that day; its operators have confirmed it."


@dataclass(frozen=True)
class GateDemo:
    """What the gate did.

    Attributes:
        batch_id: that was held.
        held, released, replayed: reports of the three runs.
        replay: what became of the refused rows.
        differences: from what should have happened, one sentence each.
    """

    batch_id: str
    held: JobReport
    released: JobReport
    replayed: JobReport
    replay: DoneReplay
    differences: tuple[str, ...]


def show_gate(directory: Path, spark: Spark, refused: int, notify: Notify) -> GateDemo:
    """What the gate did with a delivery that is plainly wrong, and with rows refused for want of a word in lake.yaml.

    Args:
        directory: of a demonstration whose lake was held against the truth.
        spark: of that lake.
        refused: rows that the truth says were refused for that word.
        notify: told of progress.

    Raises:
        AdlakeError: a run failed.
    """
    config = load_config(directory / "lake.yaml")
    _deliver_no_line_items(directory / "landing")
    held = execute(steps_from(None), spark, config, notify=notify)
    batch_id = next((one.batch_id for one in held.held if one.verdict.table == HELD_TABLE), "")
    released = execute(
        steps_from("build_silver"), spark, config, notify=notify, wish=Release(batch_id, REASON, HELD_TABLE)
    )
    _teach_the_word(directory / "lake.yaml")
    config = load_config(directory / "lake.yaml")
    replayed = execute(["replay_quarantine"], spark, config, notify=notify, wish=Replay(REPLAYED_TABLE, REPLAYED_RULE))
    # what is made of the table follows with the next run, as always
    execute(steps_from("build_silver"), spark, config, notify=notify)
    (replay,) = replayed.replayed
    return GateDemo(batch_id, held, released, replayed, replay, tuple(_differences(held, released, replay, refused)))


def _deliver_no_line_items(landing: Path) -> None:
    """A match table of the next day that has a header and no line."""
    newest = max((landing / "gam").rglob(LINE_ITEMS), key=lambda path: path.name)
    prefix, _, day = newest.name.removesuffix(".csv.gz").rpartition("_")
    next_day = date.fromisoformat(day) + timedelta(days=1)
    empty = newest.with_name(f"{prefix}_{next_day:%Y%m%d}.csv.gz")
    with gzip.open(newest) as source:
        header = source.readline()
    empty.write_bytes(gzip.compress(header, mtime=0))
    shutil.copystat(newest, empty)
    os.utime(empty, (newest.stat().st_mtime + 1,) * 2)


def _teach_the_word(path: Path) -> None:
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    for mapping in settings["crm"]["files"].values():
        if mapping["kind"] == "newsletter_activity":
            mapping.setdefault("values", {}).setdefault("action", {})[WORD] = MEANING
    path.write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _differences(held: JobReport, released: JobReport, replay: DoneReplay, refused: int) -> list[str]:
    wanted: dict[str, tuple[object, object]] = {
        "exit code of the run with the held batch": (held.exit_code, 3),
        "what is held": (
            [(one.verdict.table, one.verdict.failed) for one in held.held],
            [(HELD_TABLE, (HELD_RULE,))],
        ),
        "exit code of the release": (released.exit_code, 0),
        "batches that are held after it": (list(released.held), []),
        "rows that were replayed": (replay.rows, refused),
        "rows that are refused still": (dict(replay.refused), {}),
        "rows that came back and are published or there already": (replay.published + replay.duplicates, refused),
    }
    return [
        f"{what}: found {found}, wanted {expected}" for what, (found, expected) in wanted.items() if found != expected
    ]
