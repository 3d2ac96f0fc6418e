"""Named points between two effects, where a run may be cut and must be able to go on.

Production code passes them without effect; tests and fault drills hang a hook on them.
"""

from collections.abc import Callable

Hook = Callable[[str], None]
_hooks: list[Hook] = []


def reach(name: str) -> None:
    """Pass the boundary; a hook may raise here, as a crash would."""
    for hook in _hooks:
        hook(name)


def watch(hook: Hook) -> Callable[[], None]:
    """Call the hook at every boundary until the returned function is called."""
    _hooks.append(hook)
    return lambda: _hooks.remove(hook)
