"""Records of JSON files: what is read, what is refused and why; both together are what the inspection counts."""

import gzip
import json

import pytest
from pyspark.sql import functions as F

from adlake.lake import Lake
from adlake.landing import inspect
from adlake.sources import PREBID
from tests.spark.rows import read_landed

WHOLE = json.dumps(
    {"type": "/openrtb2/auction", "Request": {"id": "r", "imp": [{"id": "1", "ext": {"gpid": "/ä"}}]}, "Status": 200},
    ensure_ascii=False,
)
GOOD = '{"type":"/event","n":%d}'


@pytest.fixture
def landed(spark, config, tmp_path):
    """Gives refusal and text of the records of a file in order, once they are as many as the inspection counts."""

    def of(content, name="events.jsonl"):
        path = f"prebid/{name}"
        file = tmp_path / "landing" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        rows = read_landed(spark, config, "prebid", "prebid_auctions", path)
        text = F.coalesce("_malformed", "_record").alias("text")
        found = rows.select("_position", "_refusal", text).orderBy("_position").collect()
        counted = inspect(Lake(config).landing, path, lambda line: PREBID.layout_of("", line), PREBID.framing)
        assert [row["_position"] for row in found] == list(range(1, counted.records + 1))
        return [(row["_refusal"], row["text"]) for row in found]

    return of


HAZARDS = [
    # read
    (None, GOOD % 1),
    (None, "{}"),
    (None, '{"type":"/event"} \t\r'),
    (None, '{"Request":{"id":12345678901234567890123456789}}'),
    (None, '{"Request":{"id":null,"imp":[]},"Response":null}'),
    (None, '{"text":"} {\\"a\\": a cut that is none }{"}'),
    (None, '{"unknown":' + "[" * 900 + "]" * 900 + "}"),
    (None, '{"unknown":"' + "x" * 10_000_000 + '"}'),
    (None, '{"unknown":"\\ud800","n":1e999}'),
    # equal names that do not stand in one object
    (None, '{"Request":{"id":"a","user":{"id":"a"},"imp":[{"id":"1"},{"id":"1"}]},"Account":{"id":"a"}}'),
    (None, '{"unknown":{"a":[{"a":1},{"a":1}]},"unread":{"a":{"a":1}}}'),
    (None, '{"Status":200,"status":500,"text":"\\"Status\\":1,\\"Status\\":2"}'),
    # numbers as text, and other values than the contract says
    ("unreadable_value", '{"Status":"200"}'),
    ("unreadable_value", '{"Status":200.5}'),
    ("unreadable_value", '{"Status":99999999999}'),
    ("unreadable_value", '{"Request":{"imp":[{"id":"1","bidfloor":"0.5"}]}}'),
    ("unreadable_value", '{"Request":{"imp":[{"id":"1","bidfloor":"NaN"}]}}'),
    ("unreadable_value", '{"Request":{"imp":{"id":"1"}}}'),
    ("unreadable_value", '{"Request":[]}'),
    # other than an object
    ("not_an_object", f"[{GOOD % 2}]"),
    ("not_an_object", "12"),
    ("not_an_object", '"text"'),
    # no JSON, or more than one
    ("not_json", "Transactional Logs Error: Auction object badly formed"),
    ("not_json", '{"type":"/event"'),
    ("not_json", '{"type":"/event"}}'),
    ("not_json", '{"type":"/event"} and more'),
    ("not_json", '{"type":"/event"},{"type":"/event"}'),
    ("not_json", "{'type':'/event'}"),
    ("not_json", '{"n":NaN}'),
    ("not_json", '{"n":01}'),
    ("not_json", '\ufeff{"type":"/event"}'),
    ("not_json", '{"type":"a\tb"}'),
    ("not_json", '{"' + "x" * 60_000 + '":1}'),
    # what would close the array that a record is read in
    ("not_json", "{}]} and more"),
    ("not_json", '{}],"x":[{}'),
    ("not_json", '{}]},"r":[{}'),
    ("not_json", '{}],"r":[{}'),
    ("not_json", '{}],"r":[{},{},{}'),
    # deep
    ("too_deep", '{"unknown":' + "[" * 3000 + "]" * 3000 + "}"),
    ("too_deep", '{"unknown":' + '{"a":' * 5000),
    # a name twice in one object: of the record, within it, in an array, in a map, in what no column holds
    ("duplicate_keys", '{"Request":{"id":"a"},"Request":{"id":"b"}}'),
    ("duplicate_keys", '{"Status":500,"Status":200}'),
    ("duplicate_keys", '{"Status":200,"Status":200}'),
    ("duplicate_keys", '{"Request":{"device":{"ua":"a","geo":{},"ua":"b"}}}'),
    ("duplicate_keys", '{"Response":{"seatbid":[{"bid":[{"price":1},{"price":1,"id":"b","price":2}]}]}}'),
    ("duplicate_keys", '{"Request":{"imp":[{"ext":{"x":{},"x":{}}}]}}'),
    ("duplicate_keys", '{"Request":{"imp":[{"ext":{"x":{"n":1,"n":2}}}]}}'),
    ("duplicate_keys", '{"unknown":[{"a":{"b":1,"b":null}}]}'),
    # the same name, spelled otherwise
    ("duplicate_keys", '{"type":"/event","t\\u0079pe":"/setuid"}'),
    # and a value that cannot be read
    ("duplicate_keys", '{"Status":"200","Status":200}'),
]


def test_each_hazard_is_read_or_refused_with_its_reason(landed):
    content = "\n".join(text for _, text in HAZARDS).encode()
    assert landed(content) == HAZARDS


def test_each_hazard_on_a_line_with_another_record_has_the_same_fate(landed):
    # a cut is made between braces alone, and only before a name
    alone = [(refusal, text) for refusal, text in HAZARDS if text.startswith('{"') and text.endswith("}")]
    content = "\n".join(GOOD % number + text + GOOD % number for number, (_, text) in enumerate(alone)).encode()
    neighbours = [(None, GOOD % number) for number in range(len(alone))]
    expected = [row for good, bad in zip(neighbours, alone, strict=True) for row in (good, bad, good)]
    assert landed(content) == expected


def test_files_with_one_record_a_line_and_with_several_are_read_in_one_batch(spark, config, tmp_path):
    header = "2026/10/05 10:00:00 DEBUG "
    files = {
        "prebid/a.jsonl": [header + GOOD % 1, '{"type":', GOOD % 2],
        "prebid/b.json": [header + GOOD % 3 + GOOD % 4, "", "12" + GOOD % 5, GOOD % 6 + '{"Status":"200"}'],
    }
    for path, lines in files.items():
        file = tmp_path / "landing" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(lines))
    rows = read_landed(spark, config, "prebid", "prebid_auctions", *files)
    text = F.coalesce("_malformed", "_record").alias("text")
    found = rows.select("_file", "_position", "type", "_refusal", text).orderBy("_file", "_position").collect()
    event = "/event"
    assert [tuple(row) for row in found] == [
        ("prebid/a.jsonl", 1, event, None, GOOD % 1),
        ("prebid/a.jsonl", 2, None, "not_json", '{"type":'),
        ("prebid/a.jsonl", 3, event, None, GOOD % 2),
        ("prebid/b.json", 1, event, None, GOOD % 3),
        ("prebid/b.json", 2, event, None, GOOD % 4),
        ("prebid/b.json", 3, None, "not_json", "12" + GOOD % 5),
        ("prebid/b.json", 4, event, None, GOOD % 6),
        ("prebid/b.json", 5, None, "unreadable_value", '{"Status":"200"}'),
    ]


def test_a_record_cut_at_any_byte_is_refused_and_the_next_one_read(landed):
    whole = WHOLE.encode()
    pieces = [whole[:end] for end in range(1, len(whole))]
    found = landed(b"\n".join(part for piece in pieces for part in (piece, whole)))
    letter = whole.index("ä".encode())
    assert found[1::2] == [(None, WHOLE)] * len(pieces)
    assert [refusal for refusal, _ in found[::2]] == [
        "not_utf8" if end == letter + 1 else "not_json" for end in range(1, len(whole))
    ]


def test_records_may_share_a_line_and_the_last_line_may_lack_its_end(landed):
    records = [GOOD % number for number in range(1, 8)]
    one, two, three, four, five, six, seven = records
    content = f"{one}{two}\n{three} \t{four}{five}\r\n\n \t\r\n{six}\n{seven}"
    expected = [(None, text) for text in records[:4]] + [(None, f"{five}\r"), (None, six), (None, seven)]
    assert landed(content.encode(), "2026/10/05/10/stream-1-2026-10-05-10-00-00.json.gz") == expected


def test_a_broken_record_does_not_take_its_neighbours_on_the_line_with_it(landed):
    one, two, broken = (GOOD % 1).encode(), (GOOD % 2).encode(), b'{"type":"\xff\xfe"}'
    cut = b'{"type":"/eve'
    found = landed(one + broken + two + b"\n" + one + b'{"n":1,}' + two + cut + b"\n" + broken)
    refusals = [None, "not_utf8", None, None, "not_json", None, "not_json", "not_utf8"]
    assert [refusal for refusal, _ in found] == refusals
    # bytes that are no text are kept as the mark for them
    assert found[1][1] == found[-1][1] == '{"type":"\ufffd\ufffd"}'


def test_the_line_of_the_servers_own_logger_begins_with_its_time_and_level(landed):
    header = "2026/10/05 10:00:00 DEBUG "
    content = f"\ufeff{header}{GOOD % 1}\n{header}{GOOD % 2}\n{header}\n"
    assert landed(content.encode(), "auctions.log-20261005") == [
        (None, GOOD % 1),
        (None, GOOD % 2),
        ("not_json", ""),
    ]


def test_ids_keep_every_digit_and_parts_of_maps_stay_json(spark, config, tmp_path):
    file = tmp_path / "landing" / "prebid" / "a.json"
    file.parent.mkdir(parents=True)
    imp = {"id": 7, "ext": {"gpid": "/a", "prebid": {"bidder": {"x": {"n": 1}}}, "n": 1.5}}
    file.write_text(json.dumps({"Request": {"id": 98765432109876543210, "imp": [imp]}}))
    rows = read_landed(spark, config, "prebid", "prebid_auctions", "prebid/a.json")
    found = rows.select("Request.id", "Request.imp.id", F.col("Request.imp")[0]["ext"]).collect()
    ext = {"gpid": "/a", "prebid": '{"bidder":{"x":{"n":1}}}', "n": "1.5"}
    assert [tuple(row) for row in found] == [("98765432109876543210", ["7"], ext)]
