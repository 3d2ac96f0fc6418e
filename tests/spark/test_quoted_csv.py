"""Contact files as RFC 4180 allows them and as they come: records over several lines, and records that are none.

What is good is compared with Python's own csv reader, or with a reader that goes character by character.
"""

import csv
import gzip
import io
import random
from pathlib import Path

import pytest
from pyspark.sql import types as T

from adlake.sources.source import MALFORMED, REFUSAL
from tests.conftest import make_config
from tests.spark.rows import assert_same, frame, read_landed

READ = T.StructType([T.StructField("values", T.MapType(T.StringType(), T.StringType()))])
READ = READ.add("_record_type", "string").add("_file", "string").add("_position", "long")
READ = READ.add(MALFORMED, "string").add(REFUSAL, "string")
MAPPING = {"kind": "contacts", "source": "shop", "as_of": "day", "columns": {"contact_id": "id"}}
COUNT, QUOTE, ENCODING = "wrong_column_count", "misplaced_quote", "not_utf8"


@pytest.fixture
def config(tmp_path):
    """Two folders: fields between commas and between semicolons."""
    return make_config(tmp_path, crm={"files": {"members": MAPPING, "export": MAPPING | {"delimiter": ";"}}})


def deliver(config, path, data):
    target = Path(config.landing) / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data if isinstance(data, bytes) else data.encode())


def read(spark, config, *paths):
    return read_landed(spark, config, "crm", "contacts", *paths)


def by_python(path, text, delimiter):
    """The rows of a file as Python's reader cuts it; an empty field is null, a blank line no record."""
    header, *records = filter(None, csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    values = [{name.strip(): field or None for name, field in zip(header, row, strict=True)} for row in records]
    return [row(path, number, values=value) for number, value in enumerate(values, 1)]


def row(path, position, **more):
    return {"_file": path, "_record_type": path.split("/")[1], "_position": position} | more


WIDE = ",".join(f"column {number}" for number in range(498))
STANDARD = {
    "crm/members/plain.csv": "id,day,note\n1,2026-11-01,a\n2,2026-11-02,b\n",
    "crm/members/other order, no last line end.csv": "note,day,id\na,2026-11-01,1\nb,2026-11-02,2",
    "crm/members/windows.csv": 'id,day,note\r\n1,2026-11-01,"a\r\nb"\r\n\r\n2,2026-11-02,"\n\n\r\n c"\r\n',
    "crm/members/2026/11/quotes.csv.gz": 'id,day,note\n1,,"say ""hi"", then\ngo"\n2,,""""\n3,,"a,b"\n',
    "crm/export/semicolons.csv": 'id;day;note\n1;2026-11-01;"a;b,c"\n2;"2026-11-02"; x\n',
    "crm/members/empty fields.csv": 'id,day,note\n1,,\n,"",\n"","",""\n,,"\n"\n 2 , 2026-11-02 ,Null\n',
    "crm/members/header.csv": '"id", day ,"a ""note""\nin two lines"\n1,2026-11-01,"x"\n',
    "crm/members/wide.csv": f"id,day,{WIDE}\n1,2026-11-01,{WIDE}\n",
    "crm/members/long.csv": 'id,day,note\n1,,"' + '""\n' * 50_000 + '"\n2,,' + "x" * 120_000 + "\n",
    "crm/members/100%+ü.csv": 'id,day\n"a\nb",\n',
    "crm/members/header only.csv": "id,day\n",
}
MARKED = ("crm/members/windows.csv", "crm/members/header.csv")
"""Files that begin with a byte order mark, as spreadsheets write it."""


def test_records_are_those_of_the_standard(spark, config):
    expected = []
    for path, text in STANDARD.items():
        data = f"\ufeff{text}".encode() if path in MARKED else text.encode()
        deliver(config, path, gzip.compress(data) if path.endswith(".gz") else data)
        expected += by_python(path, text, ";" if "/export/" in path else ",")
    assert len(expected) == 21
    assert_same(read(spark, config, *STANDARD), frame(spark, READ, expected))


def test_what_is_no_record_keeps_its_text_and_the_reason(spark, config):
    refused = [
        ("1,2026-11-01", COUNT),
        ("1,2026-11-01,a,b", COUNT),
        ("1", COUNT),
        ('"a\nb"', COUNT),
        ("1;2026-11-01;a", COUNT),
        ('1,2026-11-01,5" pipe and 6" pipe', QUOTE),
        ('1,2026-11-01,a"b\nc"d', QUOTE),
        ('1,2026-11-01,"a"b', QUOTE),
        ('1,"2026-11-01" ,a', QUOTE),
        ('1, "2026-11-01",a', QUOTE),
        # a quote mark too many, and one too few, in two records: they become one
        ('1,"a,b\n2,"c,d', QUOTE),
    ]
    path = "crm/members/refused.csv"
    good = 'x,2026-11-01,"good"'
    deliver(config, path, "\n".join(["id,day,note", *[line for text, _ in refused for line in (text, good)]]))
    said = read(spark, config, path).select("_position", MALFORMED, REFUSAL)
    expected = [{"_position": 2 * n + 2} for n in range(len(refused))]
    expected += [{"_position": 2 * n + 1, MALFORMED: text, REFUSAL: why} for n, (text, why) in enumerate(refused)]
    assert_same(said, frame(spark, said.schema, expected))


def test_what_is_no_utf8_is_refused_and_moves_no_quote_mark(spark, config):
    path = "crm/members/latin.csv"
    # a first byte of two, directly before the closing quote mark
    lines = [b"id,day,note", b'1,2026-11-01,"M\xc3"', b"2,2026-11-02,b", b"3,2026-11-03,M\xfcller", "4,,ü".encode()]
    deliver(config, path, b"\r\n".join(lines))
    said = read(spark, config, path).select("_position", MALFORMED, REFUSAL)
    expected = [
        {"_position": 1, MALFORMED: '1,2026-11-01,"M\ufffd"', REFUSAL: ENCODING},
        {"_position": 2},
        {"_position": 3, MALFORMED: "3,2026-11-03,M\ufffdller", REFUSAL: ENCODING},
        {"_position": 4},
    ]
    assert_same(said, frame(spark, said.schema, expected))


def records_of(text):
    """Texts of records, found character by character."""
    records, current, is_open = [], "", False
    for character in text + "\n":
        is_open ^= character == '"'
        if character == "\n" and not is_open:
            records.append(current)
            current = ""
        else:
            current += character
    return [record.removesuffix("\r") for record in records if any(character > " " for character in record)]


def fields_of(record):
    """The fields of a record, or None when it breaks the standard."""
    fields, rest = [], record
    while True:
        if rest.startswith('"'):
            end = 1
            while rest[end : end + 2] == '""' or rest[end : end + 1] != '"':
                end += 2 if rest[end : end + 2] == '""' else 1
                if end >= len(rest):
                    return None
            field, rest = rest[1:end].replace('""', '"'), rest[end + 1 :]
        else:
            field, _, _ = rest.partition(",")
            if '"' in field:
                return None
            rest = rest[len(field) :]
        fields.append(field or None)
        if not rest:
            return fields
        if not rest.startswith(","):
            return None
        rest = rest[1:]


def test_spark_and_the_inspection_find_the_same_records_in_any_text(spark, config):
    """`read_landed` inspects first; the count of the inspection stands in every account."""
    chance = random.Random(4180)  # noqa: S311 the same texts in every run
    parts = ['"', '"', '""', ",", ",", "\n", "\n", "\r\n", "\r", " ", "a", "é", '"b\nb"', "1,2,3\n", '4,"5",6\r\n']
    expected = []
    paths = [f"crm/members/{number:02}.csv" for number in range(40)]
    for path in paths:
        text = "".join(chance.choices(parts, k=300))
        text = "id,day,note\n" + text + '"' * (text.count('"') % 2)
        deliver(config, path, text)
        for position, record in enumerate(records_of(text)[1:], 1):
            fields = fields_of(record)
            why = QUOTE if fields is None else COUNT if len(fields) != 3 else None
            values = {} if why else {"values": dict(zip(("id", "day", "note"), fields, strict=True))}
            expected.append(row(path, position, **values, **({MALFORMED: record, REFUSAL: why} if why else {})))
    assert {value.get(REFUSAL) for value in expected} == {None, COUNT, QUOTE}
    found = read(spark, config, *paths)
    good = found.where(found[MALFORMED].isNull())
    bad = found.where(found[MALFORMED].isNotNull())
    assert_same(good, frame(spark, READ, [value for value in expected if REFUSAL not in value]))
    told = ("_file", "_position", MALFORMED, REFUSAL)
    refused = [{name: value[name] for name in told} for value in expected if REFUSAL in value]
    assert_same(bad.select(*told), frame(spark, bad.select(*told).schema, refused))
