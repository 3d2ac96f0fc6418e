"""Why a consent string says nothing: a closed list of reasons, and the value that stands for such a string."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Reason = Literal[
    "empty",
    "oversized",
    "wrong_alphabet",
    "wrong_kind",
    "unknown_version",
    "unknown_section",
    "unknown_segment",
    "unknown_cmp",
    "section_count",
    "truncated",
    "trailing_bits",
    "range_invalid",
    "value_undefined",
    "layout_ambiguous",
]

REASONS: Mapping[Reason, str] = {
    "empty": "nothing stands there, or nothing between two delimiters",
    "oversized": "longer than any consent string",
    "wrong_alphabet": "a character that the format does not use",
    "wrong_kind": "its first field says that it is another kind of string",
    "unknown_version": "a version whose layout is not known here",
    "unknown_section": "a section whose layout is not known here",
    "unknown_segment": "a segment of no known type, or one type twice",
    "unknown_cmp": "written by no registered consent management platform",
    "section_count": "more or fewer sections than its header announces",
    "truncated": "ends before its last field",
    "trailing_bits": "goes on after its last field",
    "range_invalid": "ids that are 0, reversed or beyond the greatest that it announces",
    "value_undefined": "a value to which the standard gives no meaning",
    "layout_ambiguous": "two layouts fit and say different things",
}
"""Every reason, and what it means in words."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """What became of a string that cannot be trusted: it gives no permission of any kind.

    It holds nothing of the string itself, so that it may be logged and stored.

    Args:
        reason: the first thing that was found wrong.
    """

    reason: Reason


class Refusal(Exception):
    """Ends the reading of a string; does not leave this package.

    Args:
        reason: the first thing that was found wrong.
    """

    def __init__(self, reason: Reason) -> None:
        self.reason: Reason = reason
        super().__init__(reason)
