"""The segments that follow the core of a TC string, each told by the type that it begins with."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adlake.consent.bits import Bits, bits_of
from adlake.consent.invalid import Refusal

DISCLOSED_VENDORS, ALLOWED_VENDORS, PUBLISHER_TC = 1, 2, 3
"""SegmentType in 3 bits (TC String Format). AllowedVendors went with global scope; old strings still have it."""

Readers = Mapping[int, Callable[[Bits], Any]]


def read_segments(texts: Sequence[str], readers: Readers) -> list[Any]:
    """What each type of segment holds, in the order of the readers; None for those that are not there.

    Args:
        texts: the segments behind the core, in any order.
        readers: by SegmentType.

    Raises:
        Refusal: unknown_segment for a type without reader and for one that comes twice, or what a reader finds.
    """
    found: dict[int, Any] = {}
    for text in texts:
        bits = bits_of(text)
        segment_type = bits.take(3)
        if segment_type in found or segment_type not in readers:
            raise Refusal("unknown_segment")
        found[segment_type] = readers[segment_type](bits)
        bits.end()
    return [found.get(segment_type) for segment_type in readers]
