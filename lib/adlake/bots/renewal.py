"""The list of a newer isbot in the place of the one that ships: `python -m adlake.bots.renewal <archive> <released>`.

The archive is what `npm pack isbot` fetches. Nothing is written of a list that Python cannot read as a whole: whoever
renews it adds a rewriting to patterns.json first. What Java makes of it, tests/spark/test_agents.py tells.
"""

import json
import re
import sys
import tarfile
from dataclasses import replace
from datetime import date
from pathlib import Path

from adlake.bots.agent_list import FILE, AgentList, agent_list
from adlake.errors import UsageError

PATTERNS = re.compile(r"\bpatterns_default = (\[.*?\n\])", re.DOTALL)
LICENCE = "Unlicense"


def renewed(archive: Path, released: date, known: AgentList) -> AgentList:
    """The list of a package, with the rewritings of the known list that it still needs.

    Args:
        archive: the package as its registry delivers it.
        released: day of its version; the package itself does not say.
        known: list that is replaced.

    Raises:
        UsageError: the archive holds no list of isbot (NOT_ISBOT), its licence is another one (LICENCE_CHANGED), or
            Python cannot read one of its patterns (PATTERN_UNREADABLE).
    """
    package, patterns = _content(archive)
    if package.get("name") != known.package or not patterns:
        raise UsageError("NOT_ISBOT", "no list of isbot", where=str(archive), wanted="package.json, index.js")
    if package["license"] != LICENCE:
        raise UsageError(
            "LICENCE_CHANGED",
            "the list has another licence",
            where=str(archive),
            found=package["license"],
            wanted=LICENCE,
        )
    needed = tuple(entry for entry in known.rewritten if entry.original in patterns)
    found = replace(
        known, version=package["version"], released=released.isoformat(), rewritten=needed, patterns=tuple(patterns)
    )
    unreadable = [pattern for pattern in found.readable if not _is_readable(pattern)]
    if unreadable:
        raise UsageError(
            "PATTERN_UNREADABLE",
            f"{len(unreadable)} pattern(s) that Python cannot read",
            where=str(archive),
            found=" ".join(unreadable),
            way_out=f"Add one that takes the same agents to `rewritten` in {FILE}, then do it again.",
        )
    return found


def _content(archive: Path) -> tuple[dict[str, str], list[str]]:
    """The package's own description, and its patterns; both empty for any other file."""
    try:
        with tarfile.open(archive) as opened:
            members = {name: opened.extractfile(f"package/{name}") for name in ("package.json", "index.js")}
            texts = {name: member.read().decode() if member else "" for name, member in members.items()}
    except (tarfile.TarError, KeyError, OSError):
        return {}, []
    listed = PATTERNS.search(texts["index.js"])
    return json.loads(texts["package.json"]), json.loads(listed[1]) if listed else []


def _is_readable(pattern: str) -> bool:
    try:
        re.compile(pattern, re.ASCII)
    except re.error:
        return False
    return True


if __name__ == "__main__":
    _, path, day = sys.argv
    Path(__file__).with_name(FILE).write_text(
        renewed(Path(path), date.fromisoformat(day), agent_list()).text(), encoding="utf-8"
    )
