"""Types as Delta's log writes them, in the words of the contracts."""

from collections.abc import Mapping
from typing import Any

NAMES = {"long": "bigint", "integer": "int", "short": "smallint", "byte": "tinyint"}


def spark_type(delta_type: str | Mapping[str, Any]) -> str:
    """Spark's simple string for a type of Delta's schema: `long` is `bigint`, a map is `map<string,bigint>`."""
    if isinstance(delta_type, str):
        return NAMES.get(delta_type, delta_type)
    if delta_type["type"] == "array":
        return f"array<{spark_type(delta_type['elementType'])}>"
    if delta_type["type"] == "map":
        return f"map<{spark_type(delta_type['keyType'])},{spark_type(delta_type['valueType'])}>"
    fields = ",".join(f"{field['name']}:{spark_type(field['type'])}" for field in delta_type["fields"])
    return f"struct<{fields}>"
