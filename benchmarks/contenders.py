"""The contenders: what is run, each in a process of its own, and what each says of its steps."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import Measurement, measure
from benchmarks.peer import StepTime

ADLAKE, PEER = "adlake", "peer"
KEY_FILE = "identity.key"
WAREHOUSE_LAYERS = ("bronze", "silver", "vault", "gold")


@dataclass(frozen=True)
class Run:
    """One run of one contender.

    Attributes:
        contender: ADLAKE or PEER.
        cost: of its whole process tree.
        steps: what each table cost.
    """

    contender: str
    cost: Measurement
    steps: tuple[StepTime, ...]

    @property
    def rest(self) -> StepTime:
        """What no table accounts for: start-up, inspection of files, claims, reports."""
        seconds = self.cost.seconds - sum(step.seconds for step in self.steps)
        cpu_seconds = self.cost.cpu_seconds - sum(step.cpu_seconds for step in self.steps)
        return StepTime("everything else", "", round(seconds, 2), round(cpu_seconds, 2))


def run_peer(delivery: Path, lake: Path) -> Run:
    """Run the peer on one delivery.

    Args:
        delivery: folder with `landing/` and the key file.
        lake: new folder.
    """
    key = ["--key-file", str(delivery / KEY_FILE)]
    cost = measure([sys.executable, "-m", "benchmarks.peer", str(delivery / "landing"), str(lake), *key])
    steps = tuple(StepTime(**step) for step in json.loads(cost.output))
    return Run(PEER, cost, steps)


def run_adlake(config: Path, lake: Path, *flags: str) -> Run:
    """Run `adlake run` on whatever is new.

    Args:
        config: its `lake.yaml`.
        lake: that the configuration names.
        flags: more of them.
    """
    known = set(_reports(lake))
    # The console script of the environment that runs this.
    cost = measure([str(Path(sys.executable).with_name("adlake")), "run", "--config", str(config), *flags])
    (report,) = set(_reports(lake)) - known
    return Run(ADLAKE, cost, _steps_of(json.loads(report.read_text(encoding="utf-8"))))


def write_config(folder: Path, *, landing: Path, key_file: Path, **settings: object) -> Path:
    """A `lake.yaml` in a folder, for a lake beside it.

    Args:
        folder: made when it is not there; the lake is its folder `lake`.
        landing: folder of the delivered files.
        key_file: holds the secret of the identity keys.
        settings: more lines.
    """
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "lake": str(folder / "lake"),
        "landing": str(landing),
        "tenant": "bench",
        "network_time_zone": "Europe/Berlin",
        "quiet_seconds": 0,
        # the peer knows no others
        "sources": ["gam", "snowplow"],
        "identity": {"key_file": str(key_file), "key_version": "k1"},
        **settings,
    }
    config = folder / "lake.yaml"
    # Every JSON document is a YAML document.
    config.write_text(json.dumps(document, indent=2), encoding="utf-8")
    return config


def _reports(lake: Path) -> list[Path]:
    return list((lake / "ops" / "reports").glob("*.json"))


def _steps_of(report: Mapping[str, Any]) -> tuple[StepTime, ...]:
    """What each table cost, a table's batches together.

    The commit of a quarantine table happens within the time that its own table reports, so it is left out here.
    """
    sums: dict[tuple[str, str], tuple[float, float]] = {}
    for row in report["tables"]:
        if row["table"].partition(".")[0] in WAREHOUSE_LAYERS:
            seconds, cpu_seconds = sums.get((row["step"], row["table"]), (0.0, 0.0))
            sums[row["step"], row["table"]] = seconds + row["seconds"], cpu_seconds + row["cpu_seconds"]
    return tuple(StepTime(*place, round(wall, 3), round(cpu, 3)) for place, (wall, cpu) in sums.items())
