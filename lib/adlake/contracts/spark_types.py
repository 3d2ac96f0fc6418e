"""Spark's type names, read without Spark.

A contract writes a type exactly as Spark prints it (`simpleString`), so that two types are equal when their texts are.
Only types that every engine reads which we promise to work with are known: no variant, no interval, no timestamp_ntz.
"""

import re
from dataclasses import dataclass

LOGICAL = {
    "boolean": "boolean",
    "tinyint": "integer",
    "smallint": "integer",
    "int": "integer",
    "bigint": "integer",
    "float": "number",
    "double": "number",
    "string": "string",
    "binary": "string",
    "date": "date",
    "timestamp": "timestamp",
    "decimal": "number",
    "array": "array",
    "map": "map",
    "struct": "object",
}
"""The kind of each type, in the words of the Open Data Contract Standard."""

_NESTED = frozenset({"array", "map", "struct"})
_WIDEST_DECIMAL = 38
_DECIMAL = re.compile(r"decimal\(([1-9][0-9]?),(0|[1-9][0-9]?)\)")
_FIELD = re.compile(r"([A-Za-z_][A-Za-z0-9_]*):")
_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class SparkType:
    """A type and what it is made of.

    Args:
        name: without its arguments: `decimal`, `map`, `bigint`.
        parts: of an array its element, of a map key and value, of a struct its fields.
        fields: the names of a struct's fields.
        precision: decimal digits in all.
        scale: decimal digits after the point.
    """

    name: str
    parts: tuple["SparkType", ...] = ()
    fields: tuple[str, ...] = ()
    precision: int = 0
    scale: int = 0

    @property
    def logical(self) -> str:
        """The kind, in the words of the Open Data Contract Standard."""
        return LOGICAL[self.name]

    def __str__(self) -> str:
        """Spark's own spelling."""
        if self.name == "decimal":
            return f"decimal({self.precision},{self.scale})"
        if self.name == "struct":
            return f"struct<{','.join(f'{name}:{part}' for name, part in zip(self.fields, self.parts, strict=True))}>"
        return f"{self.name}<{','.join(map(str, self.parts))}>" if self.parts else self.name


def parse_type(text: str) -> SparkType:
    """The type that a text names.

    Raises:
        ValueError: it is no type that adlake knows, or not written as Spark prints it.
    """
    kind, rest = _parse(text)
    if rest:
        raise ValueError(f"'{rest}' after {kind}")
    return kind


def _parse(text: str) -> tuple[SparkType, str]:
    """The type at the start of a text, and what follows it."""
    if decimal := _DECIMAL.match(text):
        precision, scale = int(decimal[1]), int(decimal[2])
        if precision > _WIDEST_DECIMAL or scale > precision:
            raise ValueError(f"a decimal of at most {_WIDEST_DECIMAL} digits, its scale within them")
        return SparkType("decimal", precision=precision, scale=scale), text[decimal.end() :]
    word = _WORD.match(text)
    name = word[0] if word else ""
    rest = text[len(name) :]
    if name in _NESTED:
        return _parse_nested(name, rest)
    if name not in LOGICAL or name == "decimal":
        raise ValueError(f"no Spark type at '{text}'")
    return SparkType(name), rest


def _parse_nested(name: str, rest: str) -> tuple[SparkType, str]:
    """An array, a map or a struct, from its opening bracket on."""
    parts: list[SparkType] = []
    fields: list[str] = []
    sign = "<"
    while rest.startswith(sign):
        rest = rest.removeprefix(sign)
        if name == "struct":
            field = _FIELD.match(rest)
            if not field:
                raise ValueError(f"no field name at '{rest}'")
            fields.append(field[1])
            rest = rest[field.end() :]
        part, rest = _parse(rest)
        parts.append(part)
        sign = ","
    wanted = {"array": 1, "map": 2}.get(name, len(fields))
    if not rest.startswith(">") or len(parts) != wanted or not parts:
        raise ValueError(f"{name}<...> is not closed or has {len(parts)} parts")
    return SparkType(name, tuple(parts), tuple(fields)), rest.removeprefix(">")
