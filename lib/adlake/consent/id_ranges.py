"""Sets of vendor ids, in each of the ways in which the standards write them.

Whatever a string announces, no more is kept than one number of 65,536 bits per set, and nothing is read twice.
"""

from collections.abc import Callable

from adlake.consent.bits import Bits, ids_of_bitfield
from adlake.consent.invalid import Refusal

HIGHEST_ID = 0xFFFF
"""Vendor ids have 16 bits."""

IdReader = Callable[[Bits], int]
"""Reads one set of ids and leaves the bits behind it."""

_ID_BITS, _ENTRY_BITS = 16, 17
_GROUP_FLAG = 1 << 2 * _ID_BITS
_GROUP_MASK = 2 * _GROUP_FLAG - 1
_FIBONACCI = [1, 2]
while (_next := _FIBONACCI[-2] + _FIBONACCI[-1]) <= HIGHEST_ID:
    _FIBONACCI.append(_next)
# a code has one bit per number, and one more that ends it
_LONGEST_CODE = len(_FIBONACCI) + 1


def read_int_range(bits: Bits, highest: int = HIGHEST_ID) -> int:
    """The ids of a Range(Int): 12 bits count the entries, each is one id or the first and last of a group, in 16 bits.

    Entries may overlap and come in any order (GPP, Consent String Specification, "Range (Int)").

    Args:
        bits: from the count on.
        highest: the greatest id that may occur.

    Raises:
        Refusal: truncated or range_invalid.
    """
    ids = 0
    entries = bits.take(12)
    # Strings name hundreds of vendors, and shifting the whole string costs most: once per entry is enough. Behind the
    # last bit there are zeros, so that an entry of a single id can be read as if it were a group.
    value, left = bits.value << _ID_BITS, bits.left - _ENTRY_BITS
    for _ in range(entries):
        if left < 0:
            raise Refusal("truncated")
        entry = value >> left & _GROUP_MASK
        first = last = entry >> _ID_BITS & HIGHEST_ID
        if entry & _GROUP_FLAG:
            left -= _ID_BITS
            last = entry & HIGHEST_ID
        if not 0 < first <= last <= highest:
            raise Refusal("truncated" if left < 0 else "range_invalid")
        left -= _ENTRY_BITS
        ids |= (2 << last) - (1 << first)
    bits.left = left + _ENTRY_BITS
    if bits.left < 0:
        raise Refusal("truncated")
    return ids


def read_fibonacci(bits: Bits) -> int:
    """A number from 1 on in Fibonacci coding, which ends with two set bits.

    Raises:
        Refusal: truncated, or range_invalid for a number that no id can be.
    """
    width = min(_LONGEST_CODE, bits.left)
    window = bits.value >> bits.left - width & (1 << width) - 1
    pairs = window & window >> 1
    if not pairs:
        raise Refusal("truncated" if width < _LONGEST_CODE else "range_invalid")
    behind = pairs.bit_length() - 1
    bits.left -= width - behind
    code, length = window >> behind + 1, width - behind - 1
    return sum(_FIBONACCI[length - 1 - place] for place in range(length) if code >> place & 1)


def read_fibonacci_groups(bits: Bits, highest: int = HIGHEST_ID) -> list[tuple[int, int]]:
    """First and last id of each entry of a Range(Fibonacci), ascending and apart.

    12 bits count the entries; each is an offset from the last id, and for a group the offset of its end (GPP, Consent
    String Specification, "Range (Fibonacci)").

    Args:
        bits: from the count on.
        highest: the greatest id that may occur.

    Raises:
        Refusal: truncated or range_invalid.
    """
    groups, last = [], 0
    for _ in range(bits.take(12)):
        is_group = bits.take(1)
        first = last + read_fibonacci(bits)
        last = first + read_fibonacci(bits) if is_group else first
        if last > highest:
            raise Refusal("range_invalid")
        groups.append((first, last))
    return groups


def read_fibonacci_range(bits: Bits, highest: int = HIGHEST_ID) -> int:
    """The ids of a Range(Fibonacci), as `read_fibonacci_groups` reads it."""
    ids = 0
    for first, last in read_fibonacci_groups(bits, highest):
        ids |= (2 << last) - (1 << first)
    return ids


def read_optimized_int_range(bits: Bits) -> int:
    """The ids of an OptimizedIntRange, as the TCF writes vendors: MaxVendorId, then a bitfield or a Range(Int).

    MaxVendorId may be greater than any id that follows.

    Raises:
        Refusal: truncated or range_invalid.
    """
    return _read_with_max(bits, read_int_range)[1]


def read_exact_int_range(bits: Bits) -> int:
    """The ids of an OptimizedIntRange whose MaxVendorId is the greatest of them.

    Raises:
        Refusal: truncated or range_invalid.
    """
    return _exact(*_read_with_max(bits, read_int_range))


def read_exact_range_with_max(bits: Bits) -> int:
    """The ids of an OptimizedRange as the reference encoder in JavaScript writes it, the greatest before all the rest.

    Raises:
        Refusal: truncated or range_invalid.
    """
    return _exact(*_read_with_max(bits, read_fibonacci_range))


def read_exact_optimized_range(bits: Bits) -> int:
    """The ids of an OptimizedRange: a Range(Fibonacci) after a set bit, else a bitfield that ends with the greatest.

    Raises:
        Refusal: truncated or range_invalid.
    """
    if bits.take(1):
        return read_fibonacci_range(bits)
    width = bits.take(16)
    return _exact(width, ids_of_bitfield(bits.take(width), width))


def _read_with_max(bits: Bits, read_range: Callable[[Bits, int], int]) -> tuple[int, int]:
    max_vendor_id, is_range = divmod(bits.take(17), 2)
    if is_range:
        return max_vendor_id, read_range(bits, max_vendor_id)
    return max_vendor_id, ids_of_bitfield(bits.take(max_vendor_id), max_vendor_id)


def _exact(greatest: int, ids: int) -> int:
    if max(ids.bit_length() - 1, 0) != greatest:
        raise Refusal("range_invalid")
    return ids
