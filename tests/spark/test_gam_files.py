"""Data Transfer files become bronze rows by the names in their own headers; what cannot be read stays a raw line."""

from decimal import Decimal

import pytest
from pyspark.sql import types as T

from adlake.contracts import table
from adlake.frames import struct_type
from tests.delivered import gam, write
from tests.spark.rows import assert_same, frame, read_landed

FOLDER = "gam/2026/11/02"
NETWORK = f"{FOLDER}/NetworkImpressions_123_20261102_03.csv.gz"
BACKFILL = f"{FOLDER}/NetworkBackfillImpressions_123_20261102_03.csv.gz"
CRLF = f"{FOLDER}/NetworkImpressions_123_20261102_04.gz"
HEADER_ONLY = f"{FOLDER}/NetworkBackfillImpressions_123_20261102_04.csv.gz"
PLAIN = f"{FOLDER}/NetworkImpressions_123_20261102_05"
BLANK_END = f"{FOLDER}/NetworkBackfillImpressions_123_20261102_05.csv"
TIME = 1_793_523_600_000_000
GAM_TABLES = ("gam_requests", "gam_impressions", "gam_clicks", "gam_active_views", "gam_line_items")
REQUIRED = "TimeUsec2,KeyPart,EventTimeUsec2,EventKeyPart"


def own_columns(name):
    """The source's own columns of a bronze table, as the contract types them."""
    return [field for field in struct_type(table(f"bronze.{name}")) if not field.name.startswith("_")]


def as_read(spark, name, *values):
    """Rows as the reader gives them: own columns, unknown ones, the place, and why a line could not be read."""
    kinds = {"_extra": "map<string,string>", "_record_type": "string", "_file": "string", "_position": "bigint"}
    kinds |= {"_malformed": "string", "_refusal": "string"}
    more = T.StructType.fromDDL(", ".join(f"{column} {kind}" for column, kind in kinds.items()))
    return frame(spark, T.StructType([*own_columns(name), *more]), values)


def place(path, position):
    return {"_record_type": path.rsplit("/", 1)[-1].split("_")[0], "_file": path, "_position": position}


def test_files_of_every_layout_are_read_by_the_names_in_their_headers(spark, config, tmp_path):
    landing = tmp_path / "landing"
    write(
        landing / NETWORK,
        "Time,TimeUsec2,KeyPart,EventTimeUsec2,EventKeyPart,LineItemId,CustomTargeting,SellerReservePrice,RefererURL\n"
        "2026-11-02-03:00:00,1793523600000000,kA9,1793523600000001,eA9,00123,hb_pb=1;x/y=,0.25,https://example.com\n"
        "Null,1793523600000000,12345678901234567890123,1793523600000001,1E5,0,Null,,Null\n"
        'a\rb,+1,k,-1,e,"1,234","say ""hi"", twice",1.2E-4,a"b"c\n',
    )
    write(
        landing / BACKFILL,
        "Novelty^EstimatedBackfillRevenue^EventKeyPart^KeyPart^EventTimeUsec2^Odd Name^TimeUsec2^CustomTargeting\n"
        "new^0.001234567^e^k^1793523600000001^Null^1793523600000000^a=b,c=d\n"
        '"one^two"^^e^k^1793523600000001^odd^1793523600000000^null\n'
        "Null^Null^e^k^1793523600000001^^1793523600000000^ x \n",
    )
    write(landing / CRLF, f"{REQUIRED}\r\n\r\n1793523600000000,k,1,e\r\n \t \r\n1793523600000000,k,2,\r\n\r\n")
    gam(landing / HEADER_ONLY, [], columns=REQUIRED.split(","))
    write(landing / PLAIN, '"KeyPart","TimeUsec2","EventKeyPart","EventTimeUsec2"\nk,1793523600000000,e,1')
    write(landing / BLANK_END, f"{REQUIRED}\n\n\n1793523600000000,k,1,e\n   \n1793523600000000,k,2,e\n\n\n")

    read = read_landed(spark, config, "gam", "gam_impressions", NETWORK, BACKFILL, CRLF, HEADER_ONLY, PLAIN, BLANK_END)

    keys = {"TimeUsec2": TIME, "KeyPart": "k", "EventTimeUsec2": TIME + 1, "EventKeyPart": "e"}
    expected = as_read(
        spark,
        "gam_impressions",
        place(NETWORK, 1)
        | {"Time": "2026-11-02-03:00:00", "TimeUsec2": TIME, "KeyPart": "kA9", "EventTimeUsec2": TIME + 1}
        | {"EventKeyPart": "eA9", "LineItemId": "00123", "CustomTargeting": "hb_pb=1;x/y="}
        | {"SellerReservePrice": Decimal("0.25"), "RefererURL": "https://example.com"},
        place(NETWORK, 2)
        | {"TimeUsec2": TIME, "KeyPart": "12345678901234567890123", "EventTimeUsec2": TIME + 1, "EventKeyPart": "1E5"}
        | {"LineItemId": "0"},
        place(NETWORK, 3)
        | {"Time": "a\rb", "TimeUsec2": 1, "KeyPart": "k", "EventTimeUsec2": -1, "EventKeyPart": "e"}
        | {"LineItemId": "1,234", "CustomTargeting": 'say "hi", twice', "SellerReservePrice": Decimal("0.00012")}
        | {"RefererURL": 'a"b"c'},
        place(BACKFILL, 1)
        | keys
        | {"EstimatedBackfillRevenue": Decimal("0.001234567"), "CustomTargeting": "a=b,c=d"}
        | {"_extra": {"Novelty": "new"}},
        place(BACKFILL, 2) | keys | {"CustomTargeting": "null", "_extra": {"Novelty": "one^two", "Odd Name": "odd"}},
        place(BACKFILL, 3) | keys | {"CustomTargeting": " x ", "_extra": None},
        place(CRLF, 1) | keys | {"EventTimeUsec2": 1},
        place(CRLF, 2) | keys | {"EventTimeUsec2": 2, "EventKeyPart": None},
        place(PLAIN, 1) | keys | {"EventTimeUsec2": 1},
        place(BLANK_END, 1) | keys | {"EventTimeUsec2": 1},
        place(BLANK_END, 2) | keys | {"EventTimeUsec2": 2},
    )
    assert_same(read, expected)


# A line of a file with five columns, the third a long, the fourth a decimal(18,9), and why it is refused.
FIVE = "KeyPart,EventKeyPart,TimeUsec2,EstimatedBackfillRevenue,EventTimeUsec2"
GOOD = "k,e,1,0.1,2"
REFUSED = [
    ("k,e,1,0.1", "wrong_column_count"),
    ("k,e,1,0.1,2,", "wrong_column_count"),
    ("k", "wrong_column_count"),
    ("k,e,1,0.1,2,3", "wrong_column_count"),
    ("k^e^1^0.1^2", "wrong_column_count"),
    ('"k,e",1,0.1,2', "wrong_column_count"),
    (",,,", "wrong_column_count"),
    ("k," * 30_000, "wrong_column_count"),
    ("k,e,x,0.1,2", "unreadable_value"),
    ("k,e,1.5,0.1,2", "unreadable_value"),
    ("k,e, 1,0.1,2", "unreadable_value"),
    ("k,e,9223372036854775808,0.1,2", "unreadable_value"),
    ("k,e,1,NaN,2", "unreadable_value"),
    ("k,e,1,1.1.1,2", "unreadable_value"),
    ("k,e,1,1234567890,2", "unreadable_value"),
    ("k,e,1,EUR 1,2", "unreadable_value"),
    ("k,e,null,0.1,2", "unreadable_value"),
    ('"k,e",e,x,0.1,2', "unreadable_value"),
    ('k,"a,b","x",0.1,2', "unreadable_value"),
    ("TimeUsec2,KeyPart,EventTimeUsec2,EventKeyPart,x", "unreadable_value"),
]


def test_a_record_that_cannot_be_read_keeps_its_raw_line_and_the_reason(spark, config, tmp_path):
    path = f"{FOLDER}/NetworkBackfillImpressions_123_20261102_03.csv.gz"
    lines = [line for bad, _ in REFUSED for line in (GOOD, "", bad)]
    write(tmp_path / "landing" / path, "\n".join([FIVE, *lines]) + "\n")

    read = read_landed(spark, config, "gam", "gam_impressions", path)

    said = read.select("_file", "_position", "_malformed", "_refusal")
    good = [{"_file": path, "_position": 2 * n + 1} for n in range(len(REFUSED))]
    bad = [
        {"_file": path, "_position": 2 * n + 2, "_malformed": line, "_refusal": reason}
        for n, (line, reason) in enumerate(REFUSED)
    ]
    assert_same(said, frame(spark, said.schema, [*good, *bad]))
    kept = read.where("_malformed is null").select("KeyPart", "TimeUsec2", "EstimatedBackfillRevenue").distinct()
    expected = {"KeyPart": "k", "TimeUsec2": 1, "EstimatedBackfillRevenue": Decimal("0.1")}
    assert_same(kept, frame(spark, kept.schema, [expected]))


@pytest.mark.parametrize("name", GAM_TABLES)
def test_every_column_of_a_contract_is_read_under_its_own_name(spark, config, tmp_path, name):
    fields = own_columns(name)
    texts = {"string": lambda column: f"{column} x", "bigint": lambda column: str(len(column))}
    texts["decimal(18,9)"] = lambda column: f"{len(column)}.5"
    values = {field.name: texts[field.dataType.simpleString()](field.name) for field in fields}
    kind = {"gam_requests": "NetworkRequests", "gam_clicks": "NetworkBackfillClicks", "gam_line_items": "LineItem"}
    kind |= {"gam_impressions": "NetworkImpressions", "gam_active_views": "NetworkBackfillActiveViews"}
    path = f"gam/{kind[name]}_1_20261102{'' if name == 'gam_line_items' else '_03'}.csv.gz"
    columns = [*reversed([field.name for field in fields]), "Added"]
    gam(tmp_path / "landing" / path, [values | {"Added": "more"}], columns=columns, delimiter="^")

    read = read_landed(spark, config, "gam", name, path)

    typed = {"string": str, "bigint": int, "decimal(18,9)": Decimal}
    expected = {field.name: typed[field.dataType.simpleString()](values[field.name]) for field in fields}
    assert_same(read, as_read(spark, name, expected | place(path, 1) | {"_extra": {"Added": "more"}}))


def test_path_and_record_type_are_those_of_each_file(spark, config, tmp_path):
    # one header for all, so that they are read in one scan; Spark tells paths percent-encoded
    paths = [
        "gam/NetworkClicks_1_20261102_03.csv.gz",
        "gam/NetworkBackfillClicks_1_20261102_03.csv.gz",
        "gam/a b/100%+ü/NetworkClicks_1_20261102_03.csv.gz",
        "gam/day=2026-11-02/x#y&z/NetworkBackfillClicks_1_20261102_03.csv.gz",
        "gam/%2B/a:b/NetworkClicks_1_20261102_03",
    ]
    for path in paths:
        write(tmp_path / "landing" / path, f"{REQUIRED}\n1,{path},2,e\n1,{path},3,e\n")
    read = read_landed(spark, config, "gam", "gam_clicks", *paths)
    values = [
        place(path, position) | {"TimeUsec2": 1, "KeyPart": path, "EventTimeUsec2": 1 + position, "EventKeyPart": "e"}
        for path in paths
        for position in (1, 2)
    ]
    assert_same(read, as_read(spark, "gam_clicks", *values))


def test_a_quoted_empty_field_is_null_like_any_empty_field(spark, config, tmp_path):
    write(tmp_path / "landing" / NETWORK, f'{REQUIRED},Country,SellerReservePrice\n1,k,2,"","",""\n')
    read = read_landed(spark, config, "gam", "gam_impressions", NETWORK)
    expected = {"TimeUsec2": 1, "KeyPart": "k", "EventTimeUsec2": 2}
    assert_same(read, as_read(spark, "gam_impressions", place(NETWORK, 1) | expected))


def test_a_decimal_comma_is_no_number(spark, config, tmp_path):
    # read as a mark of thousands, 0,35 would become 35: a hundredfold revenue without a word
    write(
        tmp_path / "landing" / BACKFILL, f"{REQUIRED},EstimatedBackfillRevenue".replace(",", "^") + "\n1^k^2^e^0,35\n"
    )
    read = read_landed(spark, config, "gam", "gam_impressions", BACKFILL)
    said = read.select("_position", "_malformed", "_refusal")
    expected = {"_position": 1, "_malformed": "1^k^2^e^0,35", "_refusal": "unreadable_value"}
    assert_same(said, frame(spark, said.schema, [expected]))


def test_a_delimiter_after_doubled_quotes_does_not_count_as_a_column(spark, config, tmp_path):
    line = 'k,"say ""a,b""",x,0.1,2'
    write(tmp_path / "landing" / NETWORK, f"{FIVE}\n{line}\n")
    said = read_landed(spark, config, "gam", "gam_impressions", NETWORK).select("_malformed", "_refusal")
    assert_same(said, frame(spark, said.schema, [{"_malformed": line, "_refusal": "unreadable_value"}]))


def test_signs_that_could_be_a_pattern_are_part_of_the_name(spark, config, tmp_path):
    paths = [f"gam/{folder}/NetworkClicks_1_20261102_03.csv.gz" for folder in ("[1]", "{a,b}", "a*b", "a?b")]
    for path in paths:
        write(tmp_path / "landing" / path, f"{REQUIRED}\n1,k,2,e\n")
    read = read_landed(spark, config, "gam", "gam_clicks", *paths)
    keys = {"TimeUsec2": 1, "KeyPart": "k", "EventTimeUsec2": 2, "EventKeyPart": "e"}
    assert_same(read, as_read(spark, "gam_clicks", *[place(path, 1) | keys for path in paths]))
