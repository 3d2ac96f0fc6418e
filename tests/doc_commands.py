"""What the pages for users show: commands to type and code to run."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(adlake [^`]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    language: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command line of a page."""

    page: str
    words: tuple[str, ...]

    def __str__(self):
        return f"{self.page}: {shlex.join(self.words)}"


def pages():
    """Every page for users, as it is named in the repository."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in found}


def blocks(language):
    """The fenced blocks in a language."""
    found = [Block(page, *match.groups()) for page, text in pages().items() for match in BLOCK.finditer(text)]
    return [block for block in found if block.language == language]


def commands():
    """The command lines of all console blocks."""
    lines = [(block.page, line) for block in blocks("console") for line in block.text.splitlines()]
    return [Command(page, tuple(shlex.split(line[2:], comments=True))) for page, line in lines if line.startswith("$ ")]


def inline_commands():
    """Whole adlake commands in the running text; those with a placeholder in capitals are none."""
    found = [(page, words) for page, text in pages().items() for words in INLINE.findall(BLOCK.sub("", text))]
    return [
        Command(page, tuple(shlex.split(words)))
        for page, words in found
        if not re.search(r"\b[A-Z]{1,}\b|…|\.\.\.", words)
    ]
