"""The page of a run: what it says, that it loads nothing, and that what people wrote stays text."""

import re
from html.parser import HTMLParser

import pytest

from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.quality.chronicle import past_verdicts
from adlake.quality.drawing import HEIGHT, MARGIN, WIDTH, Mark, draw
from adlake.quality.page import newest_page, render_page, write_page
from adlake.quality.trend import rule_trends
from tests.conftest import make_config
from tests.unit.judged import SHOWN, batch_rule, judged, row_rule, write_suite

HOSTILE = "<script>alert('x')</script>\"><img src=http://evil.example/a.png onerror=x> & {{ 7 * 7 }}"
EMPTY_ELEMENTS = {"meta", "br", "link", "img", "input", "hr"}
TOP, GROUND = float(MARGIN), float(HEIGHT - MARGIN)


@pytest.fixture(autouse=True)
def suites(tmp_path, monkeypatch):
    (tmp_path / "expectations").mkdir()
    monkeypatch.setattr("adlake.quality.suite.folder", lambda name: tmp_path / name)
    return tmp_path / "expectations"


@pytest.fixture
def lake(tmp_path):
    return Lake(make_config(tmp_path))


class Page(HTMLParser):
    """A page taken apart: its elements, the text in each, and what would be loaded or does not close."""

    def __init__(self, source):
        super().__init__()
        self.elements, self.open, self.unclosed = [], [], []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, "attributes": dict(attrs), "text": ""}
        self.elements.append(element)
        if tag not in EMPTY_ELEMENTS:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.elements.append({"tag": tag, "attributes": dict(attrs), "text": ""})

    def handle_endtag(self, tag):
        if not self.open or self.open.pop()["tag"] != tag:
            self.unclosed.append(tag)

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def all(self, tag, **attributes):
        return [
            one
            for one in self.elements
            if one["tag"] == tag and all(one["attributes"].get(name) == value for name, value in attributes.items())
        ]

    def words(self, tag, **attributes):
        return [" ".join(one["text"].split()) for one in self.all(tag, **attributes)]


def page_of(*verdicts, earlier=()):
    rows = [row for verdict in verdicts for row in verdict]
    before = past_verdicts([row for verdict in earlier for row in verdict])
    page = Page(render_page(past_verdicts(rows), before, tenant="herald", lake="/lake"))
    assert (page.open, page.unclosed) == ([], [])
    return page


def held(**values):
    rules = row_rule("no_key", 1500, 120_000, outcome="failed"), batch_rule("row_count", 120_000.0, 90_000.0, 200_000.0)
    return judged(*rules, **{"state": "held", "rows": 120_000} | values)


def test_a_held_batch_shows_its_rules_numbers_and_way_out(suites):
    write_suite(suites)
    page = page_of(held(batch_id="20261122T110000Z"))
    assert page.words("h1") == ["The verdict held data back"]
    assert page.words("h2") == [SHOWN]
    assert page.words("td")[:5] == ["■ held", SHOWN, "20261122T110000Z", "120,000", "no_key"]
    numbers = "from 120,000 to 120,000, the last 120,000; 90,000 to 200,000"
    assert page.words("td")[5:] == [
        "no_key why there is no_key",
        "\N{MULTIPLICATION X} failed if it fails: quarantine",
        "1,500 of 120,000 (1.25%)",
        "Trend of no_key 1 verdict, 1 of them held: from 1.25% to 1.25%, the last 1.25%.",
        "row_count why there is row_count",
        "✓ passed if it fails: hold",
        "120,000 90,000 to 200,000",
        f"Trend of row_count 1 verdict, 1 of them held: {numbers} allowed.",
    ]
    command = f'adlake release --batch 20261122T110000Z --table {SHOWN} --reason "..."'
    assert command in page.words("code")
    assert "Kept from readers by no_key." in page.words("p")


def test_what_needs_a_look_comes_first_and_every_state_has_its_word():
    fine = batch_rule("row_count", 5.0)
    page = page_of(
        judged(fine, table="silver.a", version=1),
        judged(batch_rule("row_count", 5.0, outcome="failed", on_fail="warn"), table="silver.b", version=1,
               state="passed_with_warnings"),
        held(table="silver.c"),
        held(table="silver.d", version=4, released="agreed"),
        judged(table="silver.e", state="could_not_run", reason="missing columns: id_key", suite=""),
    )  # fmt: skip
    assert page.words("h1") == ["2 of 5 verdicts held data back"]
    assert page.words("h2") == ["silver.e", "silver.c", "silver.d", "silver.b", "silver.a"]
    states = [text for one in page.all("header")[1:] for text in re.findall(r"[a-z][a-z ]+$", one["text"].strip())]
    assert states == ["could not run", "held", "released", "passed with warnings", "passed"]
    paragraphs = page.words("p")
    assert "missing columns: id_key" in paragraphs
    assert "Published in spite of the rule no_key, because: agreed" in paragraphs


def test_when_nothing_is_held_the_page_says_so_and_shows_no_command():
    page = page_of(judged(batch_rule("row_count", 5.0), version=1), judged(table="silver.b", version=1))
    assert page.words("h1") == ["2 verdicts, nothing held back"]
    assert page.words("code") == []
    assert page_of(judged(version=1)).words("h1") == ["One verdict, nothing held back"]


def test_a_batch_with_nothing_new_says_why_nothing_was_published():
    reason = "nothing new: every row was published already"
    assert f"{reason.capitalize()}." in page_of(judged(rows=0, reason=reason)).words("p")


def test_the_page_loads_nothing_and_runs_nothing():
    page = page_of(held(), held(table="silver.c", version=4, released=HOSTILE))
    assert not {one["tag"] for one in page.elements} & {"script", "link", "img", "iframe", "object", "embed", "form"}
    for element in page.elements:
        for name, value in element["attributes"].items():
            assert not name.startswith("on")
            assert name not in {"src", "srcset", "action", "xlink:href"}
            assert name != "href" or value.startswith("#verdict-")
    (style,) = page.words("style")
    assert not re.search(r"url\(|@import|@font-face|https?:", style)
    (policy,) = page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    assert policy["attributes"]["content"] == "default-src 'none'; style-src 'unsafe-inline'"


def test_what_people_wrote_stays_text():
    rules = row_rule(f"no_key{HOSTILE}", 1, 2, outcome="failed")
    everywhere = {"batch_id": HOSTILE, "table": f"silver.{HOSTILE}", "step": HOSTILE, "reason": HOSTILE}
    page = page_of(
        judged(rules, state="held", version=4, released=HOSTILE, run_id=HOSTILE, suite=HOSTILE, **everywhere)
    )
    plain = " ".join(HOSTILE.split())
    assert page.all("script") == page.all("img") == []
    assert f"Published in spite of the rule no_key{plain}, because: {plain}" in page.words("p")
    assert page.words("h2") == [f"silver.{plain}"]
    assert page.words("dd", **{"class": "id"})[:2] == [plain, plain]


def test_every_picture_is_told_in_words_and_ids_are_used_once():
    earlier = [judged(row_rule("no_key", n, 100), version=n, hours_ago=9 - n, batch_id=f"b{n}") for n in (1, 2, 3)]
    page = page_of(held(), held(batch_id="b9"), earlier=reversed(earlier))
    ids = [one["attributes"]["id"] for one in page.elements if "id" in one["attributes"]]
    assert len(ids) == len(set(ids))
    pictures = page.all("svg", role="img")
    assert len(pictures) == 4
    for picture in pictures:
        title, words = picture["attributes"]["aria-labelledby"].split()
        assert page.all("title", id=title)
        assert page.all("desc", id=words)
    assert "4 verdicts, 1 of them held: from 1.00% to 3.00%, the last 1.25%." in page.words("desc")


def drawing(*rules, states=()):
    """The picture of the last of several verdicts on one rule, oldest first."""
    states = states or ["passed"] * len(rules)
    verdicts = [
        judged(rule, state=state, version=None if state == "held" else 1, hours_ago=99 - place, batch_id=f"b{place}")
        for place, (rule, state) in enumerate(zip(rules, states, strict=True))
    ]
    newest, *earlier = past_verdicts([row for verdict in verdicts for row in verdict])
    (trend,) = rule_trends(newest, earlier)
    return draw(trend)


def test_a_picture_runs_from_left_to_right_with_the_last_value_marked():
    found = drawing(*(batch_rule("row_count", value) for value in (10.0, 30.0, 20.0)))
    left, middle, right = float(MARGIN), WIDTH / 2, float(WIDTH - MARGIN)
    assert found.line == f"{left},{GROUND} {middle},{TOP} {right},{HEIGHT / 2}"
    assert found.marks == (Mark(right, HEIGHT / 2, is_published=True, is_last=True),)
    assert found.bounds == ()


def test_what_was_held_is_marked_apart_from_the_line():
    rules = [batch_rule("row_count", value) for value in (10.0, 30.0, 20.0, 30.0)]
    found = drawing(*rules, states=["passed", "held", "passed", "held"])
    places = [round(WIDTH - MARGIN - (WIDTH - 2 * MARGIN) / 3 * age, 1) for age in (3, 2, 1, 0)]
    assert found.line == f"{places[0]},{GROUND} {places[2]},{HEIGHT / 2}"
    assert found.marks == (
        Mark(places[1], TOP, is_published=False, is_last=False),
        Mark(places[3], TOP, is_published=False, is_last=True),
    )


def test_bounds_are_drawn_where_they_do_not_flatten_the_line():
    near = drawing(batch_rule("row_count", 20.0), batch_rule("row_count", 30.0, 10.0, 40.0))
    assert near.bounds == (GROUND, TOP)
    far = drawing(batch_rule("row_count", 20.0), batch_rule("row_count", 30.0, 1.0, 1000.0))
    assert far.bounds == ()
    assert far.line.split()[0].endswith(f",{GROUND}")


def test_shares_of_rows_stand_on_zero_and_numbers_that_do_not_move_in_the_middle():
    assert drawing(row_rule("no_key", 5, 100), row_rule("no_key", 10, 100)).line.startswith(f"{MARGIN}.0,{HEIGHT / 2}")
    assert drawing(row_rule("no_key", 0, 100)).marks[0].y == GROUND
    assert drawing(batch_rule("row_count", 7.0)).marks[0].y == HEIGHT / 2


def test_a_rule_without_a_number_has_no_picture(suites):
    write_suite(suites, ["newest"])
    assert drawing(batch_rule("row_count", None, outcome="no_history")) is None
    # moments only ever grow
    assert drawing(batch_rule("newest", 1e9)) is None


def test_a_page_is_written_beside_the_reports_and_found_again(lake):
    ledger = Ledger(lake)
    assert newest_page(lake.storage) is None
    for run, ago in (("20261122T100000Z-aaaaaa", 2), ("20261122T110000Z-aaaaaa", 1)):
        rows = held(run_id=run, hours_ago=ago)
        # the run has kept its verdicts already
        ledger.add_verdicts(rows)
        assert write_page(rows, ledger, lake.storage) == f"ops/quality/{run}.html"
    lake.storage.write("ops/quality/notes.txt", b"")
    assert newest_page(lake.storage) == "ops/quality/20261122T110000Z-aaaaaa.html"
    page = Page(lake.storage.read("ops/quality/20261122T110000Z-aaaaaa.html")[0].decode())
    assert page.words("h1") == ["The verdict held data back"]
    assert page.words("p")[0] == "Quality gate · test"


def test_a_page_does_not_wait_for_the_ledger_and_can_be_written_again(lake):
    ledger = Ledger(lake)
    earlier = judged(row_rule("no_key", 1, 100), version=1, hours_ago=3, batch_id="b0", run_id="r0")
    ledger.add_verdicts(earlier)
    pages = []
    for _ in range(2):
        path = write_page(held(run_id="r1"), ledger, lake.storage)
        pages.append(lake.storage.read(path)[0])
        ledger.add_verdicts(held(run_id="r1"))
    assert pages[0] == pages[1]
    assert "2 verdicts, 1 of them held" in pages[0].decode()
