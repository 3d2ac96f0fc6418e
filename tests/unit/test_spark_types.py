"""Types are read and written as Spark prints them, without Spark."""

import pytest

from adlake.contracts.spark_types import parse_type


@pytest.mark.parametrize(
    "text",
    [
        "boolean",
        "tinyint",
        "smallint",
        "int",
        "bigint",
        "float",
        "double",
        "string",
        "binary",
        "date",
        "timestamp",
        "decimal(18,9)",
        "decimal(38,0)",
        "array<string>",
        "map<string,decimal(10,2)>",
        "struct<a:int>",
        "struct<a:int,b_2:array<map<string,bigint>>,C:decimal(4,4)>",
    ],
)
def test_a_type_is_read_and_written_as_spark_prints_it(text):
    assert str(parse_type(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "str",
        "String",
        "long",
        "integer",
        "timestamp_ntz",
        "variant",
        "decimal",
        "decimal(18, 9)",
        "decimal(39,0)",
        "decimal(9,10)",
        "decimal(0,0)",
        "array",
        "array<>",
        "array<string",
        "array<string,int>",
        "array<string>>",
        "map<string>",
        "map<string,int,int>",
        "map<string, int>",
        "struct<>",
        "struct<int>",
        "struct<a:int,>",
        "struct<1a:int>",
        "int int",
        " int",
    ],
)
def test_what_spark_would_not_print_is_no_type(text):
    with pytest.raises(ValueError, match=r"."):
        parse_type(text)
