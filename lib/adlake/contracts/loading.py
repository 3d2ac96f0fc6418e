"""Contracts from their files: one when one is asked for, all of them, or everything that is wrong with them."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ValidationError

from adlake import faults as found_in
from adlake.contracts.checks import complaints, missing_neighbours
from adlake.contracts.document import ColumnDocument, ContractDocument
from adlake.contracts.model import NO_STATISTICS, STATISTICS, Column, Slice, Table
from adlake.errors import ContractError
from adlake.faults import Document, Fault
from adlake.resources import folder

SUFFIX = ".odcs.yaml"


def load_table(path: Path) -> Table:
    """The table that one contract file describes.

    Args:
        path: `<layer>/<table>.odcs.yaml`; folder and file name must be those of the table.

    Raises:
        ContractError: CONTRACT_MISSING, CONTRACT_INVALID; the latter lists every fault of the file.
    """
    document = _read(path)
    contract, faults = _judge(path, document)
    if contract is None or faults:
        raise _invalid(faults)
    return _table(contract)


def tables() -> Mapping[str, Table]:
    """All tables that adlake ships, by qualified name, in the order of their names.

    Raises:
        ContractError: CONTRACT_INVALID, with every fault of every file.
    """
    return _tables(folder("schemas"))


def table(qualified: str) -> Table:
    """One table, without reading the contracts of the others.

    Args:
        qualified: such as `silver.gam_requests`.

    Raises:
        ContractError: UNKNOWN_TABLE, there is no such contract; CONTRACT_INVALID.
    """
    return _table_of(folder("schemas"), qualified)


def faults(root: Path | None = None) -> list[Fault]:
    """Everything that is wrong with the contracts, all files at once; an empty list when nothing is.

    Beyond what loading checks, each file is held against the Open Data Contract Standard's own model, keys given twice
    are found, and the tables that one is made of, and its quarantine, must be there too.

    Args:
        root: the folder with one folder per layer; None for the contracts that adlake ships.
    """
    root = root or folder("schemas")
    paths = _paths(root)
    if not paths:
        return [Fault(str(root), "", "no contract", f"<layer>/<table>{SUFFIX}")]
    found: list[Fault] = []
    made_from: dict[str, list[str]] = {}
    for qualified, path in paths.items():
        document = _read(path)
        contract, own = _judge(path, document)
        made_from[qualified] = contract.table.custom_properties.made_from if contract else []
        # What adlake's own, stricter model refuses would only be said again in the words of the standard's.
        found += own + document.repeated_keys() + (_standard_faults(document) if contract else [])
    found += [
        Fault(_name(paths[name]), "", f"no contract of {needed}", f"{needed.replace('.', '/')}{SUFFIX} beside it")
        for name, needed in missing_neighbours(made_from)
    ]
    return found


@cache
def _tables(root: Path) -> Mapping[str, Table]:
    loaded, found = {}, []
    for qualified, path in _paths(root).items():
        contract, own = _judge(path, _read(path))
        found += own
        if contract and not own:
            loaded[qualified] = _table(contract)
    if found:
        raise _invalid(found)
    return MappingProxyType(loaded)


@cache
def _table_of(root: Path, qualified: str) -> Table:
    paths = _paths(root)
    if qualified not in paths:
        raise ContractError(
            "UNKNOWN_TABLE",
            "there is no contract of this table",
            where=qualified,
            wanted=found_in.known_names(qualified, list(paths), most=len(paths)),
        )
    return load_table(paths[qualified])


def _paths(root: Path) -> dict[str, Path]:
    return {f"{path.parent.name}.{path.name.removesuffix(SUFFIX)}": path for path in sorted(root.glob(f"*/*{SUFFIX}"))}


def _name(path: Path) -> str:
    """The end of the path by which people know a contract."""
    return "/".join(path.parts[-3:])


def _read(path: Path) -> Document:
    try:
        return found_in.read_yaml(path, _name(path))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ContractError("CONTRACT_MISSING", "the contract cannot be read", where=str(path), found=reason) from error


def _judge(path: Path, document: Document) -> tuple[ContractDocument | None, list[Fault]]:
    """The contract of a file, None when it is not well formed, and what is wrong with it."""
    if document.faults:
        return None, list(document.faults)
    try:
        contract = ContractDocument.model_validate(document.data)
    except ValidationError as error:
        return None, found_in.of_validation(error, ContractDocument, document)
    qualified = f"{path.parent.name}.{path.name.removesuffix(SUFFIX)}"
    return contract, found_in.of_complaints(complaints(contract, qualified), document)


def _standard_faults(document: Document) -> list[Fault]:
    """What the standard's own model refuses."""
    # It is slow to import, and nothing but a full check asks it.
    from open_data_contract_standard.model import OpenDataContractStandard  # noqa: PLC0415

    model: type[BaseModel] = OpenDataContractStandard
    try:
        model.model_validate(document.data)
    except ValidationError as error:
        return found_in.of_validation(error, model, document)
    return []


def _invalid(faults: list[Fault]) -> ContractError:
    count = f"{len(faults)} faults" if len(faults) > 1 else "1 fault"
    return ContractError(
        "CONTRACT_INVALID",
        f"the table contracts have {count}: {'; '.join(map(str, faults))}",
        where="schemas",
        way_out="Correct the contract; `adlake validate` lists what is left.",
    )


def _table(contract: ContractDocument) -> Table:
    settings, columns = contract.table.custom_properties, contract.table.properties
    kept = {STATISTICS: ",".join(settings.stats_columns)} if settings.stats_columns else {NO_STATISTICS: "0"}
    return Table(
        layer=settings.layer,
        name=contract.table.name,
        version=contract.version,
        grain=contract.table.data_granularity_description,
        columns=tuple(_column(column) for column in columns),
        made_from=tuple(settings.made_from),
        key=_in_order((column.primary_key_position, column.name) for column in columns),
        winner_order=tuple(settings.winner_order),
        partition_by=_in_order((column.partition_key_position, column.name) for column in columns),
        slice=Slice(settings.slice.column, settings.slice.unit) if settings.slice else None,
        dedup_days=settings.dedup_days,
        retention_days=settings.retention_days,
        after_hold=settings.after_hold,
        stats_columns=tuple(settings.stats_columns),
        properties={**settings.delta_properties, **kept},
    )


def _column(column: ColumnDocument) -> Column:
    settings = column.custom_properties
    return Column(
        name=column.name,
        type=column.physical_type,
        meaning=column.description,
        unit=settings.unit,
        time_zone=settings.time_zone,
        required=column.required,
        personal=settings.personal_data,
        source_field=settings.source_field,
    )


def _in_order(numbered: Iterable[tuple[int | None, str]]) -> tuple[str, ...]:
    return tuple(name for position, name in sorted((p, n) for p, n in numbered if p))
