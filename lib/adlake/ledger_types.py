"""Arrow types of the ops contracts, for the tables that delta-rs writes."""

import pyarrow as pa

from adlake.contracts import Table

ARROW_TYPES = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "int": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "array<string>": pa.list_(pa.string()),
    "map<string,bigint>": pa.map_(pa.string(), pa.int64()),
}


def arrow_schema(contract: Table) -> pa.Schema:
    """The contract's columns as an Arrow schema, in their order."""
    return pa.schema([pa.field(column.name, ARROW_TYPES[column.type]) for column in contract.columns])
