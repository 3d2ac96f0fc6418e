"""The list of robots' user agents: what Python makes of it, and how a newer one takes its place."""

import io
import json
import re
import tarfile
import time
from datetime import date

import pytest

from adlake.bots import AgentList, agent_list
from adlake.bots.agent_list import FILE
from adlake.bots.renewal import renewed
from adlake.errors import UsageError
from adlake.resources import _PACKAGE
from tests.unit.agents import PEOPLE, ROBOTS

LIST = agent_list()
FOUND = re.compile(LIST.pattern, re.ASCII)


def test_the_list_says_where_it_is_from():
    assert (LIST.source, LIST.package) == ("https://github.com/omrilotan/isbot", "isbot")
    assert (LIST.version, LIST.licence, LIST.released) == ("5.2.3", "Unlicense", "2026-11-09")
    assert len(LIST.patterns) == len(set(LIST.patterns)) == 206


def test_the_file_is_as_it_would_be_written():
    assert (_PACKAGE / "bots" / FILE).read_text(encoding="utf-8") == LIST.text()


def test_every_pattern_can_be_read_and_those_that_could_not_are_rewritten():
    unreadable = []
    for pattern in LIST.patterns:
        try:
            re.compile(pattern, re.ASCII)
        except re.error:
            unreadable.append(pattern)
    assert unreadable == [entry.original for entry in LIST.rewritten]
    assert all(re.compile(pattern, re.ASCII) for pattern in LIST.readable)
    assert len(LIST.readable) == len(LIST.patterns)
    assert set(LIST.patterns) - set(LIST.readable) == set(unreadable)


@pytest.mark.parametrize(
    ("agent", "is_found"),
    # worked out by hand from the originals
    [
        ("something google", True),
        ("a channel/google", False),
        ("google/google x", False),
        ("x google pixel", False),
        ("x googleapp", False),
        ("Google-Read", True),
        ("Mozilla/5.0 (compatible; a-b.c 1.0)", True),
        ("Mozilla/5.0 (a1.b/12.34)", True),
        ("Mozilla/5.0 ()", True),
        ("Mozilla/5.0 (a,b 1.0)", False),
    ],
)
def test_a_rewritten_pattern_takes_what_the_original_took(agent, is_found):
    patterns = [re.compile("(?i)" + entry.pattern, re.ASCII) for entry in LIST.rewritten]
    assert any(pattern.search(agent) for pattern in patterns) == is_found


def test_robots_are_found():
    assert len(ROBOTS) >= 40
    assert [agent for agent in ROBOTS if not FOUND.search(agent)] == []


def test_people_are_not_found():
    assert len(PEOPLE) >= 40
    assert [agent for agent in (*PEOPLE, "") if FOUND.search(agent)] == []


def test_a_long_agent_is_quick():
    long = 1_000
    began = time.process_time()
    for agent in ("a" * long, "/1.1" * long, "@a" * long, "a/1" + ".1" * long, "mozilla/5.0 (" + "a." * long):
        FOUND.search(agent[:long])
    assert time.process_time() - began < 1


def package(folder, patterns=("a", "b"), **changes):
    """The archive of a package like isbot's."""
    about = {"name": "isbot", "version": "6.0.0", "license": "Unlicense"} | changes
    code = f"// src/patterns.json\nvar patterns_default = {json.dumps(patterns, indent=2)};\n\n// src/index.ts\n"
    path = folder / "isbot-6.0.0.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in {"package.json": json.dumps(about), "index.js": code}.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def test_a_newer_list_takes_the_place_of_ours_with_the_rewritings_that_it_needs(tmp_path):
    kept, dropped = LIST.rewritten
    found = renewed(package(tmp_path, [kept.original, "^new\\b"]), date(2027, 1, 2), LIST)
    assert (found.version, found.released, found.licence) == ("6.0.0", "2027-01-02", "Unlicense")
    assert found.patterns == (kept.original, "^new\\b")
    assert found.rewritten == (kept,)
    assert dropped.pattern not in found.readable
    assert found.pattern == f"(?i){kept.pattern}|^new\\b"
    assert AgentList.of(json.loads(found.text())) == found


@pytest.mark.parametrize(
    ("patterns", "changes", "condition"),
    [
        (["good", "(?<!a|bc)d"], {}, "PATTERN_UNREADABLE"),
        (["good"], {"license": "MIT"}, "LICENCE_CHANGED"),
        (["good"], {"name": "isbot-fast"}, "NOT_ISBOT"),
        ([], {}, "NOT_ISBOT"),
    ],
)
def test_a_list_that_cannot_be_used_as_it_is_is_refused(tmp_path, patterns, changes, condition):
    with pytest.raises(UsageError) as refusal:
        renewed(package(tmp_path, patterns, **changes), date(2027, 1, 2), LIST)
    assert refusal.value.condition == condition


def test_a_file_that_is_no_archive_is_refused(tmp_path):
    other = tmp_path / "isbot.tgz"
    other.write_text("no archive")
    with pytest.raises(UsageError) as refusal:
        renewed(other, date(2027, 1, 2), LIST)
    assert refusal.value.condition == "NOT_ISBOT"
