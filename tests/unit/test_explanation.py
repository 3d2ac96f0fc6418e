"""Why an identifier belongs to a person, from tables made without Spark."""

import json
from datetime import UTC, date, datetime

import pytest
from typer.testing import CliRunner

from adlake import cli
from adlake.console import show_explanation
from adlake.errors import UsageError
from adlake.explanation import Explanation, Identifier, Link, explain
from adlake.lake import Lake
from tests.unit.small_lakes import commit

TEN, NOON, LATE = (datetime(2026, 11, day, hour, tzinfo=UTC) for day, hour in ((1, 10), (1, 12), (3, 9)))
MAIL = "anna.example@mail.example"


def key(letter):
    """A key whose digits are all the same: one letter is enough to know it by."""
    return f"k1:{letter * 64}"


def person(letter, kind, user, *, people=0, devices=1, reason=None):
    names = ("id_key", "kind", "user_key", "linked_people", "linked_devices", "is_cut", "cut_reason")
    return dict(zip(names, (key(letter), kind, key(user), people, devices, bool(reason), reason), strict=True))


def link(one, other, first, last, *, events=1, source="page_events"):
    seen = {"first_seen_at_utc": first, "last_seen_at_utc": last, "events": events}
    ends = {"id_key": key(one), "linked_id_key": key(other), "kind": "-", "linked_kind": "-"}
    return {"event_date": date(2026, 11, first.day), "source": source} | ends | seen


@pytest.fixture
def lake(config):
    """A login with two cookies and what hangs on them; a shared computer that she used, too; somebody else."""
    lake = Lake(config)
    people = [
        person("f", "login", "f", devices=3),
        person("a", "domain", "f", people=1),
        person("b", "network", "f"),
        person("c", "domain", "f", people=1),
        person("d", "domain", "d", people=30, devices=2, reason="too_many_people"),
        person("e", "login", "e"),
        person("0", "domain", "e", people=1),
    ]
    commit(lake, "silver.user_keys", people)
    links = [
        link("a", "f", NOON, NOON, events=2),
        link("a", "f", LATE, LATE, events=3),
        link("a", "f", TEN, NOON, source="newsletter_activity"),
        link("a", "b", TEN, TEN),
        link("c", "f", LATE, LATE),
        # the shared computer binds nobody
        link("d", "f", TEN, NOON, events=4),
        link("d", "e", TEN, TEN),
        link("0", "e", TEN, TEN),
        # newer than the map
        link("8", "f", LATE, LATE),
    ]
    commit(lake, "silver.identity_links", links)
    return lake


def seen(one, other, first, last, *, events=1, source="page_events"):
    return Link(key(one), key(other), source, first, last, events)


LOGIN = Identifier(key("f"), "login", key("f"), 0, 3, None)
SHARED = Identifier(key("d"), "domain", key("d"), 30, 2, "too_many_people")
COOKIE = Identifier(key("b"), "network", key("f"), 0, 1, None)


def test_a_person_is_all_that_links_lead_to_and_the_way_is_shown(lake):
    assert explain(lake, key("b")) == Explanation(
        asked=COOKIE,
        identifiers=(
            LOGIN,
            Identifier(key("a"), "domain", key("f"), 1, 1, None),
            Identifier(key("c"), "domain", key("f"), 1, 1, None),
            COOKIE,
        ),
        links=(
            seen("a", "b", TEN, TEN),
            seen("a", "f", TEN, NOON, source="newsletter_activity"),
            seen("a", "f", NOON, LATE, events=5),
            seen("c", "f", LATE, LATE),
        ),
        path=(key("b"), key("a"), key("f")),
        cut=(SHARED,),
        cut_links=(seen("d", "f", TEN, NOON, events=4),),
    )


def test_a_cut_identifier_is_alone_whatever_it_was_seen_with(lake):
    links = (seen("d", "e", TEN, TEN), seen("d", "f", TEN, NOON, events=4))
    assert explain(lake, key("d")) == Explanation(SHARED, (SHARED,), links, (key("d"),), (), ())


def test_the_one_that_stands_for_the_person_needs_no_way(lake):
    assert explain(lake, key("f")).path == (key("f"),)


@pytest.mark.parametrize("text", [MAIL, "", "k1:", key("a").upper(), f"{key('a')}0", f"{key('a')} ", "k1:' or true --"])
def test_what_is_no_key_is_refused_and_never_shown(lake, text):
    with pytest.raises(UsageError) as raised:
        explain(lake, text)
    assert (raised.value.condition, raised.value.found) == ("ID_KEY_MALFORMED", f"{len(text)} characters")
    assert not text or text not in str(raised.value)


def test_a_key_that_no_link_names_is_unknown(lake):
    with pytest.raises(UsageError, match="ID_KEY_UNKNOWN"):
        explain(lake, key("9"))


def test_a_lake_without_links_says_how_to_get_some(config, tmp_path):
    with pytest.raises(UsageError, match=r"PEOPLE_MISSING.*adlake run"):
        explain(Lake(config), key("a"))
    assert not (tmp_path / "lake").exists()


def printed(lake, letter, capsys):
    show_explanation(explain(lake, key(letter)))
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_people_see_the_way_and_what_was_cut(lake, capsys):
    lines = printed(lake, "b", capsys)
    assert lines[:3] == [
        f"Identifier {key('b')} (network)",
        f"Person {key('f')}",
        "Because network k1:bbbbbbbbbbb… - domain k1:aaaaaaaaaaa… - login k1:fffffffffff…",
    ]
    assert {
        "k1:aaaaaaaaaaa… k1:fffffffffff… page_events 2026-11-01 12:00:00 UTC 2026-11-03 09:00:00 UTC 5",
        f"domain {key('d')} 30 2 too_many_people",
        "Seen with, but cut: they bind nobody",
    } <= set(lines)


def test_people_see_why_an_identifier_is_cut(lake, capsys):
    lines = printed(lake, "d", capsys)
    assert "Cut it was seen with too many people: a shared computer; none of its links counts" in lines
    assert "at least 30 people, 2 browsers or devices of one kind" in lines


@pytest.fixture
def adlake(lake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lake.yaml").write_text(
        "lake: ./lake\nlanding: ./landing\ntenant: test\nnetwork_time_zone: Europe/Berlin\n"
        "identity: {key_file: ./identity.key}\n"
    )
    return lambda *words: CliRunner().invoke(cli.app, ["identity", "explain", *words], prog_name="adlake")


def test_machines_get_everything(lake, adlake):
    found = adlake("--id-key", key("b"), "--json")
    assert found.exit_code == 0
    told = json.loads(found.stdout)
    assert told == json.loads(json.dumps(explain(lake, key("b")).as_dict()))
    assert (told["user_key"], told["path"]) == (key("f"), [key("b"), key("a"), key("f")])
    assert told["links"][2]["last_seen_at_utc"] == "2026-11-03T09:00:00+00:00"


@pytest.mark.parametrize("word", [MAIL, key("9")])
def test_the_command_refuses_with_one_line_that_names_nobody(adlake, word):
    found = adlake("--id-key", word)
    assert (found.exit_code, found.stdout) == (2, "")
    assert found.stderr.startswith("adlake: [ID_KEY_")
    assert MAIL not in found.output
