"""One pass over a delivered file: what it counts, hashes and refuses, held against a naive reader of whole files."""

import csv
import gzip
import hashlib
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from unittest.mock import patch

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adlake import landing
from adlake.errors import SourceError
from adlake.landing import Inspection, Layout, deliveries, inspect
from adlake.storage import Entry, Storage

COMMA = Layout(",", ("a", "b"), has_header=True)
TAB = Layout("\t", ("a", "b"), has_header=False)
WHOLE = Layout(None, (), has_header=False)
HEADER = b"a,b\n"


def with_header(line):
    """A stand-in for a source whose files begin with a header."""
    if line != "a,b":
        raise SourceError("HEADER_UNKNOWN", "no header")
    return COMMA


def without_header(_):
    return TAB


@pytest.fixture
def look(tmp_path):
    """Inspects a file with the given bytes."""

    def inspected(content, *, name="x.csv", layout_of=with_header, framing="lines"):
        (tmp_path / "gam").mkdir(exist_ok=True)
        (tmp_path / "gam" / name).write_bytes(content)
        return inspect(Storage(str(tmp_path)), f"gam/{name}", layout_of, framing)

    return inspected


@pytest.fixture
def refusal(look):
    """The condition under which a file is refused."""

    def refused(content, **options):
        with pytest.raises(SourceError) as caught:
            look(content, **options)
        return caught.value.condition

    return refused


def sha(content):
    return hashlib.sha256(content).hexdigest()


def test_records_hash_and_layout_are_those_of_the_file(look):
    content = b"a,b\n1,2\n\n3,4\n"
    assert look(content) == Inspection(2, sha(content), Layout(",", ("a", "b"), has_header=True, line_end="\n"))


@pytest.mark.parametrize(
    ("body", "records"),
    [
        (b"", 0),
        (b"1,2", 1),
        (b"1,2\n", 1),
        (b"1,2\n3,4", 2),
        (b"\n\n\n", 0),
        (b"\n1,2\n\n\n3,4\n\n", 2),
        (b" \t \n1,2\n \x00\x0b\x0c\r\x1f\x20\n", 1),
        (b"   ", 0),
        (b" 1\n", 1),
        (b"1 \n", 1),
        # neither a delete character nor a no-break space is blank
        (b"\x7f\n", 1),
        (b"\xc2\xa0\n", 1),
        (b'"1\n2",3\n', 2),
    ],
)
def test_records_are_the_lines_that_are_not_blank(look, body, records):
    assert look(HEADER + body).records == records


@pytest.mark.parametrize(("body", "records"), [(b"1\t2\n3\t4\n", 2), (b"1\t2", 1), (b"\n1\t2\n", 1), (b"a,b\t\n", 1)])
def test_the_first_line_is_a_record_where_there_is_no_header(look, body, records):
    assert look(body, layout_of=without_header) == Inspection(records, sha(body), TAB)


@pytest.mark.parametrize("content", [b"a,b\r\n1,2\r\n3,4\r\n", b"a,b\r\n1,2\r\n\r\n3,4", b"a,b\r\n \r\n1,2\r\n3,4\r\n"])
def test_line_ends_of_windows_are_told_by_the_first_line(look, content):
    found = look(content)
    assert (found.records, found.layout) == (2, Layout(",", ("a", "b"), has_header=True, line_end="\r\n"))


@pytest.mark.parametrize("piece", [2, 3, 5, 1000])
@pytest.mark.parametrize(
    "content",
    [
        b"a,b\r\n1,2\n3,4",
        b"a,b\r\n1,2\r\n3,4\n5,6\r\n",
        b"a,b\r\n1,2\r\n3,4\n",
        b'a,b\r\n1,"x\ny"\r\n3,4\r\n',
    ],
)
def test_line_ends_of_two_kinds_are_refused(refusal, monkeypatch, content, piece):
    """Spark cuts such a file into other records than were counted here, and would fail at every run."""
    monkeypatch.setattr(landing, "READ_AHEAD_BYTES", piece)
    assert refusal(content) == "MIXED_LINE_ENDS"


def test_a_header_alone_may_end_like_windows_or_not_at_all(look):
    assert [look(content).layout.line_end for content in (b"a,b", b"a,b\n", b"a,b\r\n")] == ["\n", "\n", "\r\n"]
    assert [look(content).records for content in (b"a,b", b"a,b\n", b"a,b\r\n")] == [0, 0, 0]


def test_a_byte_order_mark_is_no_part_of_the_header_but_of_the_content(look):
    content = b"\xef\xbb\xbfa,b\n1,2\n"
    found = look(content)
    assert (found.records, found.layout.columns, found.content_sha256) == (1, ("a", "b"), sha(content))


def test_a_header_that_is_no_utf8_is_the_source_to_judge(refusal):
    assert refusal(b"\xff\xfe,b\n1,2\n") == "HEADER_UNKNOWN"


def test_the_source_refuses_a_first_line_that_does_not_fit(refusal):
    assert [refusal(content) for content in (b"x\n1,2\n", b"\na,b\n", b"x")] == ["HEADER_UNKNOWN"] * 3


@pytest.mark.parametrize("content", [b"", b"   ", b"\t", gzip.compress(b"", mtime=0), gzip.compress(b"", mtime=0) * 2])
@pytest.mark.parametrize("layout_of", [with_header, without_header])
def test_a_file_with_nothing_inside_is_refused(refusal, content, layout_of):
    name = "x.csv.gz" if content.startswith(b"\x1f") else "x.csv"
    assert refusal(content, name=name, layout_of=layout_of) == "EMPTY_FILE"


def test_an_empty_file_that_is_named_gzip_is_empty(refusal):
    assert refusal(b"", name="x.gz") == "EMPTY_FILE"


@pytest.mark.parametrize("content", [b"\n", b"\n\n \n", b"\t\n", b"\t\n\n"])
def test_a_file_without_a_header_needs_a_record(refusal, content):
    assert refusal(content, layout_of=without_header) in {"EMPTY_FILE", "WRONG_DELIMITER"}


def test_records_without_the_delimiter_are_another_format(refusal, look):
    assert refusal(b"1,2\n3,4\n", layout_of=without_header) == "WRONG_DELIMITER"
    assert refusal(b"1,2", layout_of=without_header) == "WRONG_DELIMITER"
    assert look(b"1,2\n3,4\n5\t6", layout_of=without_header).records == 3


def test_the_name_and_the_content_must_agree_about_gzip(refusal):
    packed = gzip.compress(b"a,b\n1,2\n")
    assert refusal(b"a,b\n1,2\n", name="x.gz") == "NOT_GZIP"
    assert refusal(packed, name="x.csv") == "NOT_TEXT"


def test_a_refusal_says_which_file_and_what_to_do(look):
    with pytest.raises(SourceError) as caught:
        look(b"a,b\n", name="x.gz")
    error = caught.value
    assert (error.where, error.found, error.exit_code) == ("gam/x.gz", "", 1)
    assert str(error) == (
        "[NOT_GZIP] gam/x.gz: the name ends in .gz but the content is no gzip. Wanted: a gzip file. "
        "The file is set aside; deliver it again under the same path and it is tried again."
    )


TEXT = b"a,b\n1,2\n3,4\n\n5,6"
MEMBERS = gzip.compress(TEXT[:6], mtime=0) + gzip.compress(TEXT[6:], mtime=0)


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(TEXT, mtime=0),
        gzip.compress(TEXT, compresslevel=0, mtime=0),
        MEMBERS,
        gzip.compress(b"", mtime=0) + MEMBERS + gzip.compress(b"", mtime=0),
    ],
    ids=["one member", "stored", "two members", "empty members"],
)
@pytest.mark.parametrize("piece", [2, 3, 7, 1000])
def test_a_whole_gzip_is_read_to_its_end_in_pieces_of_any_size(look, monkeypatch, content, piece):
    monkeypatch.setattr(landing, "READ_AHEAD_BYTES", piece)
    assert look(content, name="x.gz") == Inspection(3, sha(content), COMMA)


@pytest.mark.parametrize("piece", [3, 1000])
def test_a_gzip_cut_at_any_byte_is_refused(refusal, monkeypatch, piece):
    monkeypatch.setattr(landing, "READ_AHEAD_BYTES", piece)
    whole = gzip.compress(b"a,b\n" + b"123,456\n" * 9, mtime=0)
    found = [refusal(whole[:length], name="x.gz") for length in range(len(whole))]
    assert found == ["EMPTY_FILE", "NOT_GZIP", *["BROKEN_GZIP"] * (len(whole) - 2)]


def test_a_second_member_cut_at_any_byte_is_refused(refusal):
    first = len(gzip.compress(TEXT[:6], mtime=0))
    found = [refusal(MEMBERS[:length], name="x.gz") for length in range(first + 1, len(MEMBERS))]
    assert found == ["BROKEN_GZIP"] * (len(MEMBERS) - first - 1)


def damaged(content, place):
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


@pytest.mark.parametrize("place", [-8, -5, -4, -1])
def test_a_gzip_whose_checksum_or_length_is_wrong_is_refused(refusal, place):
    assert (
        refusal(damaged(gzip.compress(TEXT, mtime=0), place % len(gzip.compress(TEXT))), name="x.gz") == "BROKEN_GZIP"
    )


def test_a_changed_byte_inside_the_text_is_refused(refusal):
    stored = gzip.compress(TEXT, compresslevel=0, mtime=0)
    assert refusal(damaged(stored, stored.index(b"3,4")), name="x.gz") == "BROKEN_GZIP"


@pytest.mark.parametrize("piece", [3, 1000])
@pytest.mark.parametrize("tail", [b"x", b"\x1f\x8b", b"\0", b"\0" * 600, b"\0x", b"\0" * 30 + MEMBERS])
def test_what_follows_a_gzip_must_be_gzip(refusal, monkeypatch, tail, piece):
    """Zeros too: gzip itself passes over them, but Spark fails on them, and would at every run."""
    monkeypatch.setattr(landing, "READ_AHEAD_BYTES", piece)
    assert refusal(gzip.compress(TEXT) + tail, name="x.gz") == "BROKEN_GZIP"


def test_a_line_without_an_end_is_not_read_into_the_header_for_ever(look, monkeypatch):
    """A file of another kind has no line end for a long while: the source sees its beginning and decides."""
    monkeypatch.setattr(landing, "READ_AHEAD_BYTES", 10)
    monkeypatch.setattr(landing, "LONGEST_HEADER_BYTES", 50)
    seen = []
    look(b"x" * 500 + b"\t\n1\t2\n", layout_of=lambda line: seen.append(line) or TAB)
    assert [set(line) for line in seen] == [{"x"}]
    assert 50 <= len(seen[0]) <= 60


@pytest.mark.parametrize(("line", "condition"), [(b"x" * 90, "LINE_TOO_LONG"), (b"x" * 60, None)])
def test_a_line_that_nobody_can_hold_is_refused_before_it_is_read_whole(look, refusal, monkeypatch, line, condition):
    monkeypatch.setattr(landing, "READ_AHEAD_BYTES", 10)
    monkeypatch.setattr(landing, "LONGEST_LINE_BYTES", 70)
    content = HEADER + b"1,2\n" + line + b",2\n"
    if condition:
        assert refusal(content) == condition
    else:
        assert look(content).records == 2


def reference(content, *, has_header):
    """Records of a text, counted the slow way: all of it at once, line by line."""
    lines = [line for line in content.split(b"\n") if line.strip(bytes(range(33)))]
    return len(lines) - has_header


fragments = st.sampled_from(
    [b"\n", b"\r\n", b" ", b"\t", b"\x00", b"\x1f", b"a", b",", b"\xc3\xa4", b'"', b"\xff", b"\x1f\x8b"]
)
contents = st.lists(fragments, max_size=40).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(body=contents, piece=st.integers(2, 12), members=st.lists(st.integers(0, 40), max_size=3))
def test_records_equal_those_of_a_naive_reader(tmp_path_factory, body, piece, members):
    """Any text, packed in any number of members and read in pieces of any size."""
    text = HEADER + body
    cuts = [0, *sorted(min(cut, len(text)) for cut in members), len(text)]
    packed = b"".join(gzip.compress(text[one:two], mtime=0) for one, two in pairwise(cuts))
    folder = tmp_path_factory.getbasetemp() / "generated"
    folder.mkdir(exist_ok=True)
    (folder / "x.csv").write_bytes(text)
    (folder / "x.gz").write_bytes(packed)
    with patch.object(landing, "READ_AHEAD_BYTES", piece):
        plain, unpacked = (inspect(Storage(str(folder)), name, with_header) for name in ("x.csv", "x.gz"))
    records = reference(text, has_header=True)
    assert plain == Inspection(records, sha(text), COMMA)
    assert unpacked == Inspection(records, sha(packed), COMMA)


@settings(max_examples=200, deadline=None)
@given(text=contents, piece=st.integers(2, 12))
def test_a_text_without_a_header_is_counted_or_refused(tmp_path_factory, text, piece):
    folder = tmp_path_factory.getbasetemp() / "headless"
    folder.mkdir(exist_ok=True)
    (folder / "x.tsv").write_bytes(text)
    records = reference(text, has_header=False)
    assume(records and not text.split(b"\n")[0].endswith(b"\r"))
    with patch.object(landing, "READ_AHEAD_BYTES", piece):
        if text.startswith(b"\x1f\x8b") or b"\t" not in text:
            with pytest.raises(SourceError, match=r"NOT_TEXT|EMPTY_FILE|WRONG_DELIMITER"):
                inspect(Storage(str(folder)), "x.tsv", without_header)
        else:
            assert inspect(Storage(str(folder)), "x.tsv", without_header).records == records


class Shelf:
    """A landing zone that holds nothing but names."""

    def __init__(self, *entries):
        self.held = entries

    def entries(self, prefix):
        return iter([entry for entry in self.held if entry.path.startswith(prefix + "/")])


def test_deliveries_come_oldest_first_and_by_path_where_the_time_is_equal():
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    late, early = (
        Entry(f"gam/{name}", 1, at, "") for name, at in (("a", noon + timedelta(microseconds=1)), ("z", noon))
    )
    same = Entry("gam/2026/11/b", 1, noon, "")
    assert list(deliveries(Shelf(late, early, same), "gam")) == [same, early, late]


def test_names_that_begin_with_a_dot_or_an_underscore_are_work_in_progress():
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    names = (".x.gz.part", "_SUCCESS", "in_dot/.hidden", "in_underscore/_tmp", "_folder/x.gz", ".folder/y.gz", "a_b.gz")
    found = deliveries(Shelf(*[Entry(f"gam/{name}", 1, noon, "") for name in names]), "gam")
    assert [entry.path for entry in found] == ["gam/.folder/y.gz", "gam/_folder/x.gz", "gam/a_b.gz"]


# text with whatever could be taken for the end of a record
PIECES = ['}{"a', "}{", '"', "\\", "}", '{"', ":", ",", "\n", "\r", "x", "é"]
TRICKY = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
NAMES = st.from_regex(r"\A[A-Za-z]\w{0,4}\Z")
VALUES = st.recursive(
    TRICKY | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
)
OBJECTS = st.dictionaries(NAMES, VALUES, min_size=1, max_size=3)
BETWEEN = st.sampled_from(["", " ", "\t", "\n", "\n \n"])


@given(st.lists(st.tuples(OBJECTS, BETWEEN), min_size=1, max_size=6), st.integers(1, 40), st.booleans())
@settings(max_examples=300, deadline=None)
def test_json_records_are_counted_whatever_stands_between_them_and_in_them(tmp_path_factory, records, block, spaced):
    separators = (", ", ": ") if spaced else (",", ":")
    text = "".join(json.dumps(record, separators=separators, ensure_ascii=False) + after for record, after in records)
    root = tmp_path_factory.mktemp("landing")
    (root / "x.json").write_bytes(text.encode())
    with patch.object(landing, "READ_AHEAD_BYTES", block):
        found = inspect(Storage(str(root)), "x.json", lambda _: WHOLE, "json")
    shares_a_line = any("\n" not in after for _, after in records[:-1])
    expected = replace(WHOLE, line_end="") if shares_a_line else WHOLE
    assert (found.records, found.layout) == (len(records), expected)


@given(st.lists(st.tuples(TRICKY, TRICKY), min_size=1, max_size=6), st.integers(1, 40), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=300, deadline=None)
def test_a_line_end_in_quotes_ends_no_record(tmp_path_factory, rows, block, line_end):
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator=line_end)
    writer.writerows([("a", "b"), *rows])
    root = tmp_path_factory.mktemp("landing")
    (root / "x.csv").write_bytes(file.getvalue().encode())

    def with_quoted_header(line):
        assert line == '"a","b"'
        return COMMA

    with patch.object(landing, "READ_AHEAD_BYTES", block):
        found = inspect(Storage(str(root)), "x.csv", with_quoted_header, "quoted")
    assert found.records == len(rows)
    assert found.layout.line_end == line_end


def test_a_quote_that_nothing_closes_sets_the_file_aside(refusal):
    content = b'a,b\n1,"x\n2,y\n'
    assert refusal(content, framing="quoted") == "OPEN_QUOTE"


def test_a_header_may_hold_a_line_end_and_one_column_needs_no_delimiter(look):
    one = Layout(",", ("a\nb",), has_header=True)
    found = look(b'"a\nb"\n1\n2', framing="quoted", layout_of=lambda line: {'"a\nb"': one}[line])
    assert (found.records, found.layout) == (2, one)


def test_a_field_of_very_many_lines_is_looked_through_once(tmp_path):
    """Its quote marks counted again for every line end would take hours."""
    path = tmp_path / "gam" / "x.csv"
    path.parent.mkdir()
    path.write_bytes(b'a,b\n1,"' + b'x""\n' * 500_000 + b'"\n2,y\n')
    layout = Layout(",", ("a", "b"), has_header=True)
    assert inspect(Storage(str(tmp_path)), "gam/x.csv", lambda _: layout, "quoted").records == 2
