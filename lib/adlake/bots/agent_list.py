"""The list of patterns of robots' user agents that ships with adlake.

It is that of isbot, as its package has it; what Python's `re` or Java's `java.util.regex` cannot read is replaced by a
pattern that takes the same agents, and says why. How to renew it: docs/decisions/0014-bot-patterns.md.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

FILE = "patterns.json"


@dataclass(frozen=True)
class Rewriting:
    """A pattern that is used in the place of one of the list.

    Attributes:
        original: as the list has it, for JavaScript.
        pattern: takes the same agents, for Python and Java.
        why: the original cannot be used.
    """

    original: str
    pattern: str
    why: str


@dataclass(frozen=True)
class AgentList:
    """Patterns of user agents of robots; one that is found anywhere in an agent, in either case, marks a robot.

    Attributes:
        source: home of the list.
        package: that it is taken from, with `version`.
        version: of the package.
        licence: of the package, by its SPDX id.
        released: day of the version, ISO 8601.
        rewritten: patterns that are replaced.
        patterns: all of them, as the package has them.
    """

    source: str
    package: str
    version: str
    licence: str
    released: str
    rewritten: tuple[Rewriting, ...]
    patterns: tuple[str, ...]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "AgentList":
        """The list that a document holds, as `text` wrote it."""
        rewritten = tuple(Rewriting(**entry) for entry in document["rewritten"])
        return cls(**{**document, "rewritten": rewritten, "patterns": tuple(document["patterns"])})

    @property
    def readable(self) -> tuple[str, ...]:
        """The patterns in their order, each as Python and Java read it."""
        instead = {entry.original: entry.pattern for entry in self.rewritten}
        return tuple(instead.get(pattern, pattern) for pattern in self.patterns)

    @property
    def pattern(self) -> str:
        """One pattern that finds whatever one of them finds; its letters and digits are those of ASCII."""
        return "(?i)" + "|".join(self.readable)

    def text(self) -> str:
        """The list as JSON, as it stands in its file."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


@cache
def agent_list() -> AgentList:
    """The list that this version of adlake marks robots by."""
    return AgentList.of(json.loads((files("adlake.bots") / FILE).read_text(encoding="utf-8")))
