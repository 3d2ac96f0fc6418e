"""The Delta table properties that a contract may set: those that every engine we promise reads, with sane values."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta

_DELETED_FILES = "delta.deletedFileRetentionDuration"
_LOG = "delta.logRetentionDuration"
_INTERVAL = re.compile(r"(?:interval )?([1-9][0-9]*) (second|minute|hour|day|week)s?")

# Delta compares with these when one of the pair is not set.
_DEFAULTS = {_DELETED_FILES: timedelta(days=7), _LOG: timedelta(days=30)}

_WANTED = {
    # Deletion vectors leave erased rows in live files, and some readers refuse the table.
    "delta.enableDeletionVectors": (re.compile("false"), "'false': an erased row must leave its file"),
    "delta.checkpointInterval": (re.compile("[1-9][0-9]*"), "a number of commits, in quotes"),
    _DELETED_FILES: (_INTERVAL, "a length of time such as 'interval 7 days'"),
    _LOG: (_INTERVAL, "a length of time such as 'interval 30 days'"),
}

ALLOWED = tuple(_WANTED)


def property_faults(properties: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """What is wrong with a table's properties: the property, what was found, what was wanted."""
    durations = dict(_DEFAULTS)
    sound = True
    for name, value in properties.items():
        if name not in _WANTED:
            yield name, "an unknown property", f"one of {', '.join(ALLOWED)}"
            continue
        pattern, wanted = _WANTED[name]
        match = pattern.fullmatch(value)
        if not match:
            sound = False
            yield name, f"'{value}'", wanted
        elif name in durations:
            durations[name] = timedelta(**{f"{match[2]}s": int(match[1])})
    # Delta itself checks only the pair that one statement sets, and so lets a bad pair in by two statements.
    if sound and durations[_LOG] < durations[_DELETED_FILES]:
        name = _LOG if _LOG in properties else _DELETED_FILES
        yield name, f"{durations[_LOG]} of log for {durations[_DELETED_FILES]} of deleted files", f"{_LOG} the longer"
