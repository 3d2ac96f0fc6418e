"""Whatever is wrong with a contract is said with its place, and everything at once."""

import pytest
from pydantic import BaseModel

from adlake import contracts
from adlake.contracts import Fault
from adlake.errors import ContractError
from tests.unit.contract_examples import GOOD, SILVER, changed, put


@pytest.fixture
def root(tmp_path):
    """An empty folder of contracts."""
    return tmp_path / "schemas"


# One row per fault: what is changed in GOOD, and the place, finding and wish that must come of it.
FAULTS = {
    "a type Spark does not print": (
        "physicalType: map<string,bigint>\n        map",
        "physicalType: map<string, bigint>\n        map",
        "schema[0].properties[5].physicalType",
        "'map<string, bigint>'",
        "a type as Spark prints it (no Spark type at ' bigint>')",
    ),
    "a type of another kind": (
        "logicalType: integer\n        physicalType: bigint",
        "logicalType: number\n        physicalType: bigint",
        "schema[0].properties[3].logicalType",
        "'number'",
        "'integer', as bigint is one",
    ),
    "a map that is said twice, differently": (
        "value: {logicalType: integer, physicalType: bigint}",
        "value: {logicalType: integer, physicalType: int}",
        "schema[0].properties[5].map.value",
        "logicalType integer, physicalType int",
        "logicalType integer, physicalType bigint",
    ),
    "a map without its parts": (
        """
        map:
          key: {logicalType: string, physicalType: string}
          value: {logicalType: integer, physicalType: bigint}""",
        "",
        "schema[0].properties[5].map.key",
        "nothing",
        "logicalType string, physicalType string",
    ),
    "parts of what has none": (
        "physicalType: bigint\n        required: true",
        "physicalType: bigint\n        items: {logicalType: string, physicalType: string}\n        required: true",
        "schema[0].properties[3].items",
        "logicalType string, physicalType string",
        "nothing",
    ),
    "a time without a zone": (
        "          - {property: timeZone, value: UTC}\n",
        "",
        "schema[0].properties[1].customProperties",
        "no timeZone",
        "a timeZone: the column holds a time",
    ),
    "a name given twice, once in capitals": (
        "name: by_device",
        "name: VISITS",
        "schema[0].properties[3].name",
        "'visits' more than once",
        "every name once, upper and lower case alike",
    ),
    "a name that no engine takes unquoted": (
        "name: by_device",
        "name: by device",
        "schema[0].properties[5].name",
        "'by device'",
        "a name of letters, digits and _",
    ),
    "a gap in the key": (
        "primaryKeyPosition: 2",
        "primaryKeyPosition: 3",
        "schema[0].properties",
        "primaryKeyPosition [1, 3]",
        "1, 2, 3 without a gap",
    ),
    "a key column without a position": (
        "\n        primaryKeyPosition: 2",
        "",
        "schema[0].properties[0].primaryKeyPosition",
        "None",
        "a position",
    ),
    "a position without the flag": (
        "        partitioned: true\n",
        "",
        "schema[0].properties[2].partitionKeyPosition",
        "1",
        "no position without the flag",
    ),
    "a partition that tells about people": (
        "partitionKeyPosition: 1\n        customProperties:\n          - {property: personalData, value: none}",
        "partitionKeyPosition: 1\n        customProperties:\n          - {property: personalData, value: behaviour}",
        "schema[0].properties[2].partitioned",
        "personalData behaviour",
        "none: the value becomes the name of a folder",
    ),
    "a slice of no column": (
        "{column: hour_utc, unit: hour}",
        "{column: hour, unit: hour}",
        "schema[0].customProperties.slice.column",
        "'hour', no column",
        "'hour_utc'? Known: site, hour_utc, day, visits, visitor_key, by_device",
    ),
    "hours of a date": (
        "{column: hour_utc, unit: hour}",
        "{column: day, unit: hour}",
        "schema[0].customProperties.slice.column",
        "a date",
        "a timestamp",
    ),
    "a slice of no known length": (
        "unit: hour}",
        "unit: minute}",
        "schema[0].customProperties.slice.unit",
        "'minute'",
        "'hour' or 'day'",
    ),
    "statistics of no column": (
        "[hour_utc, visits]",
        "[hour_utc, vists]",
        "schema[0].customProperties.statsColumns[1]",
        "'vists', no column",
        "'visits'? Known: site, hour_utc, day, visits, visitor_key, by_device",
    ),
    "statistics of a keyed id": (
        "[hour_utc, visits]",
        "[hour_utc, visitor_key]",
        "schema[0].customProperties.statsColumns[1]",
        "'visitor_key' with personalData keyed",
        "a column that tells nobody's identity",
    ),
    "statistics of a partition": (
        "[hour_utc, visits]",
        "[hour_utc, day]",
        "schema[0].customProperties.statsColumns[1]",
        "'day', a partition column",
        "another: its value is in the path already",
    ),
    "statistics of a map": (
        "[hour_utc, visits]",
        "[hour_utc, by_device]",
        "schema[0].customProperties.statsColumns[1]",
        "'by_device', a map<string,bigint>",
        "a column whose values have an order",
    ),
    "deletion vectors": (
        'delta.enableDeletionVectors: "false"',
        'delta.enableDeletionVectors: "true"',
        "schema[0].customProperties.deltaProperties.delta.enableDeletionVectors",
        "'true'",
        "'false': an erased row must leave its file",
    ),
    "a property that is not allowed": (
        'delta.checkpointInterval: "5"',
        'delta.columnMapping.mode: "name"',
        "schema[0].customProperties.deltaProperties.delta.columnMapping.mode",
        "an unknown property",
        (
            "one of delta.enableDeletionVectors, delta.checkpointInterval, delta.deletedFileRetentionDuration,"
            " delta.logRetentionDuration"
        ),
    ),
    "a property that is no text": (
        'delta.checkpointInterval: "5"',
        "delta.checkpointInterval: 5",
        "schema[0].customProperties.deltaProperties.delta.checkpointInterval",
        "5",
        "text",
    ),
    "a length of time in months": (
        'delta.checkpointInterval: "5"',
        'delta.logRetentionDuration: "interval 2 months"',
        "schema[0].customProperties.deltaProperties.delta.logRetentionDuration",
        "'interval 2 months'",
        "a length of time such as 'interval 30 days'",
    ),
    "files kept longer than the default log": (
        'delta.checkpointInterval: "5"',
        'delta.deletedFileRetentionDuration: "interval 5 weeks"',
        "schema[0].customProperties.deltaProperties.delta.deletedFileRetentionDuration",
        "30 days, 0:00:00 of log for 35 days, 0:00:00 of deleted files",
        "delta.logRetentionDuration the longer",
    ),
    "files kept longer than the log": (
        'delta.checkpointInterval: "5"',
        'delta.logRetentionDuration: "interval 24 hours", delta.deletedFileRetentionDuration: "interval 2 days"',
        "schema[0].customProperties.deltaProperties.delta.logRetentionDuration",
        "1 day, 0:00:00 of log for 2 days, 0:00:00 of deleted files",
        "delta.logRetentionDuration the longer",
    ),
    "a name other than the file's": (
        "  - name: visits\n    physicalType: table",
        "  - name: visit\n    physicalType: table",
        "schema[0].name",
        "'visit'",
        "'visits', the name of the file",
    ),
    "a layer other than the folder's": (
        "{property: layer, value: gold}",
        "{property: layer, value: ops}",
        "schema[0].customProperties.layer",
        "'ops'",
        "'gold', the folder of the file",
    ),
    "an id of another table": (
        "id: adlake.gold.visits",
        "id: adlake.gold.visit",
        "id",
        "'adlake.gold.visit'",
        "'adlake.gold.visits', adlake, folder and name of the file",
    ),
    "a winner where nothing is dropped": (
        "      - {property: retentionDays, value: 90}",
        "      - {property: dedupDays, value: 1}",
        "schema[0].customProperties",
        "dedupDays or winnerOrder",
        "them in tables made from bronze only: nothing else drops duplicates",
    ),
    "a setting that adlake does not know": (
        "{property: retentionDays, value: 90}",
        "{property: retentionDay, value: 90}",
        "schema[0].customProperties.retentionDay",
        "an unknown key",
        (
            "'retentionDays'? Known: layer, madeFrom, statsColumns, winnerOrder, slice, dedupDays, retentionDays, "
            "afterHold, deltaProperties"
        ),
    ),
    "a column setting that adlake does not know": (
        "{property: unit, value: visits}",
        "{property: scale, value: visits}",
        "schema[0].properties[3].customProperties.scale",
        "an unknown key",
        "one of personalData, unit, timeZone, sourceField",
    ),
    "a class of personal data that is none": (
        "value: keyed",
        "value: hashed",
        "schema[0].properties[4].customProperties.personalData",
        "'hashed'",
        "'none', 'identifier', 'keyed', 'behaviour' or 'possible'",
    ),
    "no class of personal data": (
        "          - {property: personalData, value: keyed}\n",
        "",
        "schema[0].properties[4].customProperties.personalData",
        "nothing",
        "a value",
    ),
    "a setting given twice": (
        "{property: retentionDays, value: 90}",
        "{property: layer, value: gold}",
        "schema[0].customProperties",
        "a list",
        "'layer' once",
    ),
    "a setting that is no pair": (
        "{property: retentionDays, value: 90}",
        "{retentionDays: 90}",
        "schema[0].customProperties",
        "a list",
        "a list of {property, value}, nothing else in an item",
    ),
    "settings that are no list": (
        """
        customProperties:
          - {property: personalData, value: keyed}
          - {property: sourceField, value: user_id}""",
        "\n        customProperties: {personalData: keyed}",
        "schema[0].properties[4].customProperties",
        "a mapping",
        "a list of {property, value}",
    ),
    "days that are no number": (
        "{property: retentionDays, value: 90}",
        "{property: retentionDays, value: '90'}",
        "schema[0].customProperties.retentionDays",
        "'90'",
        "a whole number",
    ),
    "a rule": (
        "        description: Visits.\n",
        "        description: Visits.\n        quality: []\n",
        "schema[0].properties[3].quality",
        "an unknown key",
        (
            "one of name, description, logicalType, physicalType, required, primaryKey, primaryKeyPosition,"
            " partitioned, partitionKeyPosition, items, map, customProperties"
        ),
    ),
    "a column without a meaning": (
        "        description: Visits.\n",
        "        description: ''\n",
        "schema[0].properties[3].description",
        "''",
        "some text",
    ),
    "a column that does not say whether it is required": (
        "        physicalType: bigint\n        required: true\n",
        "        physicalType: bigint\n",
        "schema[0].properties[3].required",
        "nothing",
        "a value",
    ),
    "another standard": (
        "apiVersion: v3.2.0",
        "apiVersion: v2.2.2",
        "apiVersion",
        "'v2.2.2'",
        "version 3 of the standard, such as v3.2.0",
    ),
}


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS)
def test_a_fault_names_its_place_what_was_found_and_what_was_wanted(root, case):
    old, new, *expected = case
    put(root, "gold", "visits", changed(GOOD, old, new))
    faults = contracts.faults(root)
    assert expected in [[fault.place, fault.found, fault.wanted] for fault in faults]
    assert {fault.file for fault in faults} == {"schemas/gold/visits.odcs.yaml"}


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS)
def test_a_faulty_contract_is_not_loaded(root, case):
    path = put(root, "gold", "visits", changed(GOOD, *case[:2]))
    with pytest.raises(ContractError) as caught:
        contracts.load_table(path)
    assert caught.value.condition == "CONTRACT_INVALID"


SILVER_FAULTS = {
    "no order of the winner": (
        "      - {property: winnerOrder, value: [seen_at_utc nulls last, id]}\n",
        "",
        ("schema[0].customProperties.winnerOrder", "nothing", "the order that picks the winner among equal keys"),
    ),
    "a winner by no column": (
        "[seen_at_utc nulls last, id]",
        "[seen_at nulls last, id]",
        ("schema[0].customProperties.winnerOrder[0]", "'seen_at', no column", "'seen_at_utc'? Known: id, seen_at_utc"),
    ),
    "an order that nobody knows": (
        "[seen_at_utc nulls last, id]",
        "[seen_at_utc desc, id]",
        (
            "schema[0].customProperties.winnerOrder[0]",
            "'seen_at_utc desc'",
            "a column, perhaps followed by ' nulls last'",
        ),
    ),
    "no upstream": (
        "      - {property: madeFrom, value: [bronze.clicks]}\n",
        "",
        (
            "schema[0].customProperties.madeFrom",
            "nothing",
            "the one bronze table whose records its rows are, or silver tables alone",
        ),
    ),
    "a mart with winners": (
        "[bronze.clicks]",
        "[silver.visits]",
        (
            "schema[0].customProperties",
            "dedupDays or winnerOrder",
            "them in tables made from bronze only: nothing else drops duplicates",
        ),
    ),
    "bronze and silver mixed": (
        "[bronze.clicks]",
        "[bronze.clicks, silver.visits]",
        (
            "schema[0].customProperties.madeFrom",
            "bronze.clicks, silver.visits",
            "the one bronze table whose records its rows are, or silver tables alone",
        ),
    ),
    "two upstreams": (
        "[bronze.clicks]",
        "[bronze.clicks, bronze.visits]",
        (
            "schema[0].customProperties.madeFrom",
            "bronze.clicks, bronze.visits",
            "the one bronze table whose records its rows are, or silver tables alone",
        ),
    ),
    "an upstream that is no table": (
        "[bronze.clicks]",
        "[clicks]",
        ("schema[0].customProperties.madeFrom[0]", "'clicks'", "a layer and a table such as bronze.page_events"),
    ),
    "no key": (
        "        primaryKey: true\n        primaryKeyPosition: 1\n",
        "",
        ("schema[0].properties", "no primaryKey", "the columns that name a row"),
    ),
}


@pytest.mark.parametrize(("old", "new", "fault"), SILVER_FAULTS.values(), ids=SILVER_FAULTS)
def test_silver_drops_duplicates_by_a_key_and_an_order(root, old, new, fault):
    put(root, "silver", "clicks", changed(SILVER, old, new))
    assert fault in {(one.place, one.found, one.wanted) for one in contracts.faults(root)}


def test_all_faults_of_all_files_are_told_at_once_with_their_lines(root):
    good = changed(GOOD, "id: adlake.gold.visits", "id: gold.visits")
    put(root, "gold", "visits", changed(good, "physicalType: date", "physicalType: day"))
    put(root, "silver", "clicks", SILVER)
    put(root, "ops", "runs", "kind: [")
    assert contracts.faults(root) == [
        Fault(
            "schemas/gold/visits.odcs.yaml",
            "id",
            "'gold.visits'",
            "'adlake.gold.visits', adlake, folder and name of the file",
            3,
        ),
        Fault(
            "schemas/gold/visits.odcs.yaml",
            "schema[0].properties[2].physicalType",
            "'day'",
            "a type as Spark prints it (no Spark type at 'day')",
            44,
        ),
        Fault(
            "schemas/ops/runs.odcs.yaml",
            "",
            "no YAML (did not find expected node content)",
            "YAML",
            2,
        ),
        Fault(
            "schemas/silver/clicks.odcs.yaml",
            "",
            "no contract of bronze.clicks",
            "bronze/clicks.odcs.yaml beside it",
        ),
        Fault(
            "schemas/silver/clicks.odcs.yaml",
            "",
            "no contract of quarantine.clicks",
            "quarantine/clicks.odcs.yaml beside it",
        ),
    ]


def test_a_key_given_twice_is_a_fault_though_yaml_takes_the_last(root):
    put(root, "gold", "visits", changed(GOOD, "version: 2.1.0", "version: 2.1.0\nversion: 2.2.0"))
    assert contracts.faults(root) == [
        Fault("schemas/gold/visits.odcs.yaml", "version", "the key a second time", "each key once", 6)
    ]


def test_a_file_that_is_no_utf8_is_a_fault(root):
    put(root, "gold", "visits", GOOD).write_bytes(b"kind: \xff")
    assert contracts.faults(root) == [
        Fault("schemas/gold/visits.odcs.yaml", "", "a byte that is no UTF-8 at 6", "UTF-8 text")
    ]


@pytest.mark.parametrize("text", ["", "- kind: DataContract\n", "kind\n"])
def test_a_file_that_is_no_mapping_is_a_fault(root, text):
    put(root, "gold", "visits", text)
    assert [fault.wanted for fault in contracts.faults(root)] == ["keys and their values"]


def test_two_tables_in_one_contract_are_a_fault(root):
    table = GOOD[GOOD.index("  - name: visits\n    physicalType") :]
    put(root, "gold", "visits", GOOD + table)
    assert [(fault.place, fault.found) for fault in contracts.faults(root)] == [("schema", "a list")]


def test_the_model_of_the_standard_is_asked_too(root, monkeypatch):
    class Stricter(BaseModel, extra="forbid"):
        """A standard that knows no version."""

        kind: str

    monkeypatch.setattr("open_data_contract_standard.model.OpenDataContractStandard", Stricter)
    put(root, "gold", "visits", GOOD)
    assert "version" in {fault.place for fault in contracts.faults(root)}


def test_a_folder_without_contracts_is_a_fault(tmp_path):
    assert contracts.faults(tmp_path) == [Fault(str(tmp_path), "", "no contract", "<layer>/<table>.odcs.yaml")]


def test_a_sound_folder_has_no_faults(root):
    put(root, "gold", "visits", GOOD)
    assert contracts.faults(root) == []
