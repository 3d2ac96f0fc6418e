"""Where the data folders that ship with adlake are: schemas, expectations and the like."""

from pathlib import Path

from adlake.errors import UsageError

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """The folder of `schemas` or `expectations`, installed or in a checkout.

    An installed wheel has the folder inside the package; a checkout, which an editable install points at, has it at
    its root.

    Args:
        name: of the data folder, as it stands at the root of the repository.

    Returns:
        A folder that exists.

    Raises:
        UsageError: MISSING_RESOURCE, neither place has it.
    """
    places = [_PACKAGE / name, _PACKAGE.parents[1] / name]
    for place in places:
        if place.is_dir():
            return place
    raise UsageError(
        "MISSING_RESOURCE",
        f"the data folder '{name}' is not part of this installation",
        where=str(_PACKAGE),
        found=f"no folder at {' or '.join(map(str, places))}",
        way_out="Install adlake again from its wheel, or run it from a complete checkout.",
    )
