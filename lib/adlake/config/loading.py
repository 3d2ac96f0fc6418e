"""`lake.yaml` read: one configuration, or everything that is wrong with it."""

import copy
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from adlake.config.settings import FOLDER, Config, has_scheme
from adlake.errors import UsageError
from adlake.faults import Document, Fault, of_validation, read_yaml

_NOTHING: Mapping[str, object] = MappingProxyType({})
_PATHS = frozenset({"lake", "landing", "identity.key_file"})
# Somebody who pastes the key itself where its name belongs must not find it in a log.
_SECRET = frozenset({"identity"})


def load_config(path: Path, overrides: Mapping[str, object] = _NOTHING) -> Config:
    """The configuration of a file, with what the command line says instead.

    Args:
        path: of lake.yaml. Relative paths in it start at its folder.
        overrides: values by key, a dot between levels (`spark.driver_memory`); None and blank text count as absent.
            Relative paths in them start at the working directory, as whoever types them expects.

    Raises:
        UsageError: CONFIG_MISSING, the file cannot be read; CONFIG_INVALID, with every fault at once.
    """
    try:
        document = read_yaml(path, str(path))
    except OSError as error:
        raise UsageError(
            "CONFIG_MISSING",
            "the configuration cannot be read",
            where=str(path),
            found=error.strerror or type(error).__name__,
            way_out="Name a lake.yaml with --config; `adlake generate DIR` writes one to begin with.",
        ) from error
    config, faults = _check(path, document, overrides)
    if config is None or faults:
        raise UsageError(
            "CONFIG_INVALID",
            f"the configuration has {len(faults)} fault{'s' if len(faults) > 1 else ''}: {_listed(faults, path)}",
            where=str(path),
            way_out="Correct it; `adlake validate` lists what is left.",
        )
    return config


def config_faults(path: Path) -> list[Fault]:
    """Everything that is wrong with a configuration file, that it is missing included; empty when nothing is."""
    try:
        document = read_yaml(path, str(path))
    except OSError as error:
        return [Fault(str(path), "", error.strerror or type(error).__name__, "a configuration file")]
    return _check(path, document, _NOTHING)[1]


def _check(path: Path, document: Document, overrides: Mapping[str, object]) -> tuple[Config | None, list[Fault]]:
    """The configuration, None when it is not sound, and all its faults."""
    if document.faults:
        return None, list(document.faults)
    given = {key: value for key, value in overrides.items() if value is not None and str(value).strip()}
    faults = document.repeated_keys()
    try:
        config = Config.model_validate(_overridden(document.data, given), context={FOLDER: path.absolute().parent})
    except ValidationError as error:
        found = of_validation(error, Config, document, secret=_SECRET)
        return None, faults + [_attributed(fault, given) for fault in found]
    return config, faults


def _overridden(data: object, given: Mapping[str, object]) -> object:
    """The content of the file with the given values in their places."""
    if not isinstance(data, dict):
        return data
    merged = copy.deepcopy(data)
    for key, value in given.items():
        *sections, name = key.split(".")
        here = merged
        for section in sections:
            if not isinstance(here.get(section), dict):
                here[section] = {}
            here = here[section]
        local = key in _PATHS and isinstance(value, str) and not has_scheme(value)
        here[name] = os.path.abspath(Path(value).expanduser()) if local else value  # type: ignore[arg-type]  # noqa: PTH100
    return merged


def _attributed(fault: Fault, given: Mapping[str, object]) -> Fault:
    """A fault of an overriding value is one of the command line, not of the line that it overrides."""
    if any(fault.place == key or fault.place.startswith((f"{key}.", f"{key}[")) for key in given):
        return replace(fault, file="command line", line=None)
    return fault


def _listed(faults: list[Fault], path: Path) -> str:
    """All faults in one line, those of the file without its name: the error has said it."""
    return "; ".join(str(replace(fault, file="") if fault.file == str(path) else fault) for fault in faults)
