"""What no schema language can say of a contract: that its parts fit each other, and that it fits its neighbours."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from adlake.contracts.delta_properties import property_faults
from adlake.contracts.document import ColumnDocument, ContractDocument, PartDocument
from adlake.contracts.spark_types import SparkType, parse_type
from adlake.faults import Complaint, Place, known_names

_TABLE: Place = ("schema", 0)
_SETTINGS: Place = (*_TABLE, "customProperties")
# Minimum and maximum of a column stand in the log, where erasing a row does not reach them at once.
_NO_STATISTICS = frozenset({"identifier", "keyed", "possible"})
# Delta keeps no minimum and maximum of these, and refuses a table that asks for them.
_WITHOUT_ORDER = frozenset({"array", "map", "struct", "binary", "boolean"})
_REFINED = frozenset({"silver", "vault"})
_SLICED_BY = {"hour": ("timestamp",), "day": ("timestamp", "date")}


def complaints(contract: ContractDocument, qualified: str) -> Iterator[Complaint]:
    """Everything that does not fit within one contract.

    Args:
        contract: well formed.
        qualified: layer and table as folder and file name say them.
    """
    yield from _names(contract, qualified)
    for position, column in enumerate(contract.table.properties):
        yield from _column(column, (*_TABLE, "properties", position))
    yield from _positions(contract.table.properties)
    yield from _references(contract)
    yield from _statistics(contract)
    yield from _refined(contract)
    settings = contract.table.custom_properties
    for name, found, wanted in property_faults(settings.delta_properties):
        yield Complaint((*_SETTINGS, "deltaProperties", name), found, wanted)


def missing_neighbours(made_from: Mapping[str, Collection[str]]) -> Iterator[tuple[str, str]]:
    """Tables without one that they need: the table, and the one that is missing.

    Args:
        made_from: every table that there is a contract of, with the tables that it is made of.
    """
    for name, sources in sorted(made_from.items()):
        layer, _, table = name.partition(".")
        # a row that reading or refining refuses needs a place; a mart refuses none
        refuses = layer == "bronze" or (layer in _REFINED and not _is_mart(layer, sources))
        needed = {*sources, f"quarantine.{table}"} if refuses else set(sources)
        yield from ((name, neighbour) for neighbour in sorted(needed - set(made_from)))


def _names(contract: ContractDocument, qualified: str) -> Iterator[Complaint]:
    layer, _, name = qualified.partition(".")
    wanted = (
        ((*_TABLE, "name"), contract.table.name, name, "the name of the file"),
        ((*_SETTINGS, "layer"), contract.table.custom_properties.layer, layer, "the folder of the file"),
        (("name",), contract.name, qualified, "folder and name of the file"),
        (("id",), contract.id, f"adlake.{qualified}", "adlake, folder and name of the file"),
    )
    for place, found, right, why in wanted:
        if found != right:
            yield Complaint(place, f"'{found}'", f"'{right}', {why}")
    given = Counter(column.name.lower() for column in contract.table.properties)
    for position, column in enumerate(contract.table.properties):
        if given[column.name.lower()] > 1:
            place = (*_TABLE, "properties", position, "name")
            yield Complaint(place, f"'{column.name}' more than once", "every name once, upper and lower case alike")


def _column(column: ColumnDocument, place: Place) -> Iterator[Complaint]:
    try:
        kind = parse_type(column.physical_type)
    except ValueError as error:
        yield Complaint((*place, "physicalType"), f"'{column.physical_type}'", f"a type as Spark prints it ({error})")
        return
    if column.logical_type != kind.logical:
        yield Complaint((*place, "logicalType"), f"'{column.logical_type}'", f"'{kind.logical}', as {kind} is one")
    if kind.name == "timestamp" and not column.custom_properties.time_zone:
        yield Complaint((*place, "customProperties"), "no timeZone", "a timeZone: the column holds a time")
    if column.partitioned and column.custom_properties.personal_data != "none":
        found = f"personalData {column.custom_properties.personal_data}"
        yield Complaint((*place, "partitioned"), found, "none: the value becomes the name of a folder")
    yield from _parts(column, kind, place)


def _parts(column: ColumnDocument, kind: SparkType, place: Place) -> Iterator[Complaint]:
    """The standard says what is inside an array or a map a second time; both must agree."""
    said: dict[Place, PartDocument | None] = {("items",): column.items} if column.items or kind.name == "array" else {}
    if column.map or kind.name == "map":
        said[("map", "key")] = column.map.key if column.map else None
        said[("map", "value")] = column.map.value if column.map else None
    parts = kind.parts if kind.name in {"array", "map"} else ()
    for index, (step, part) in enumerate(said.items()):
        wanted = f"logicalType {parts[index].logical}, physicalType {parts[index]}" if index < len(parts) else "nothing"
        found = f"logicalType {part.logical_type}, physicalType {part.physical_type}" if part else "nothing"
        if found != wanted:
            yield Complaint((*place, *step), found, wanted)


def _positions(columns: Iterable[ColumnDocument]) -> Iterator[Complaint]:
    """Key and partition columns are flagged and numbered from 1 without a gap."""
    numbered = [
        ("primaryKey", [(column.primary_key, column.primary_key_position) for column in columns]),
        ("partitionKey", [(column.partitioned, column.partition_key_position) for column in columns]),
    ]
    for kind, marks in numbered:
        taken = sorted(position for _, position in marks if position)
        for index, (flag, position) in enumerate(marks):
            if flag != (position is not None):
                place = (*_TABLE, "properties", index, f"{kind}Position")
                yield Complaint(place, str(position), "a position" if flag else "no position without the flag")
        if taken != list(range(1, len(taken) + 1)):
            yield Complaint((*_TABLE, "properties"), f"{kind}Position {taken}", "1, 2, 3 without a gap")


def _references(contract: ContractDocument) -> Iterator[Complaint]:
    """Every column that a setting names is a column, of a type that can serve."""
    columns = {column.name: column for column in contract.table.properties}
    settings = contract.table.custom_properties
    named: list[tuple[Place, str]] = [
        (("winnerOrder", index), entry.removesuffix(" nulls last")) for index, entry in enumerate(settings.winner_order)
    ]
    named += [(("statsColumns", index), name) for index, name in enumerate(settings.stats_columns)]
    named += [(("slice", "column"), settings.slice.column)] if settings.slice else []
    for place, name in named:
        if name not in columns:
            yield Complaint((*_SETTINGS, *place), f"'{name}', no column", known_names(name, list(columns)))
    if settings.slice and settings.slice.column in columns:
        kind, allowed = columns[settings.slice.column].physical_type, _SLICED_BY[settings.slice.unit]
        if kind not in allowed:
            yield Complaint((*_SETTINGS, "slice", "column"), f"a {kind}", f"a {' or '.join(allowed)}")


def _statistics(contract: ContractDocument) -> Iterator[Complaint]:
    """File statistics never tell who somebody is, and Delta can keep them."""
    columns = {column.name: column for column in contract.table.properties}
    for index, name in enumerate(contract.table.custom_properties.stats_columns):
        column, place = columns.get(name), (*_SETTINGS, "statsColumns", index)
        if column is None:
            continue
        if column.custom_properties.personal_data in _NO_STATISTICS:
            found = f"'{name}' with personalData {column.custom_properties.personal_data}"
            yield Complaint(place, found, "a column that tells nobody's identity")
        if column.partitioned:
            yield Complaint(place, f"'{name}', a partition column", "another: its value is in the path already")
        if column.physical_type.partition("<")[0] in _WITHOUT_ORDER:
            yield Complaint(place, f"'{name}', a {column.physical_type}", "a column whose values have an order")


def _is_mart(layer: str, made_from: Collection[str]) -> bool:
    """Whether a silver table is recomputed, not refined: made from silver, or from the vault beside bronze."""
    layers = {name.partition(".")[0] for name in made_from}
    return layer == "silver" and (layers == {"silver"} or ("vault" in layers and layers <= {"vault", "bronze"}))


def _refined(contract: ContractDocument) -> Iterator[Complaint]:
    """What is refined from bronze is where duplicates end: a key and an order that picks the winner; else neither."""
    settings = contract.table.custom_properties
    is_mart = _is_mart(settings.layer, settings.made_from)
    is_keyed = any(column.primary_key for column in contract.table.properties)
    if settings.layer in _REFINED and not is_keyed:
        yield Complaint((*_TABLE, "properties"), "no primaryKey", "the columns that name a row")
    if settings.layer not in _REFINED or is_mart:
        if settings.dedup_days or settings.winner_order:
            wanted = "them in tables made from bronze only: nothing else drops duplicates"
            yield Complaint(_SETTINGS, "dedupDays or winnerOrder", wanted)
        return
    if [name.partition(".")[0] for name in settings.made_from] != ["bronze"]:
        found = ", ".join(settings.made_from) or "nothing"
        wanted = "the one bronze table whose records its rows are"
        yield Complaint(
            (*_SETTINGS, "madeFrom"), found, wanted + (", or silver tables alone" if settings.layer == "silver" else "")
        )
    if not settings.winner_order:
        yield Complaint((*_SETTINGS, "winnerOrder"), "nothing", "the order that picks the winner among equal keys")
