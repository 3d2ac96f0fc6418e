"""The bits of a consent string, read from the left, and the kinds of fields that all the standards share.

A set of ids is one int: bit n stands for id n, bit 0 is never set. It is asked with `has`, and compact however many
vendors a string names (GPP, Consent String Specification, "Section Encoding"; TCF v2, "TC String Format").
"""

import re
from binascii import a2b_base64
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from adlake.consent.invalid import Refusal

MOST_CHARACTERS = 10_000
"""Far beyond the longest strings that are seen; what is longer is not read at all."""

Kind = Literal["int", "flag", "letters", "time", "ids"]
FieldTable = Sequence[tuple[str, int, Kind]]
"""The fields of a segment in their order: name in the standard, width in bits, kind."""

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_TO_BASE64 = bytes.maketrans(b"-_", b"+/")
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LETTERS = {code: chr(ord("A") + code % 32) for code in (*range(26), *range(32, 58))}


class Bits:
    """Bits that are read once, from the left.

    Args:
        value: all of them as one number.
        left: how many of them have not been read.
    """

    __slots__ = ("left", "value")

    def __init__(self, value: int, left: int) -> None:
        self.value = value
        self.left = left

    def take(self, width: int) -> int:
        """The next bits as a number.

        Raises:
            Refusal: truncated, there are not so many.
        """
        field = self.peek(width)
        self.left -= width
        return field

    def peek(self, width: int) -> int:
        """The next bits as a number, which stay to be read.

        Raises:
            Refusal: truncated, there are not so many.
        """
        left = self.left - width
        if left < 0:
            raise Refusal("truncated")
        return self.value >> left & (1 << width) - 1

    def end(self) -> None:
        """Check that nothing but padding remains: encoders fill up with zeros to 6, 8 or 24 bits.

        Raises:
            Refusal: trailing_bits, a bit is set.
        """
        if self.value & (1 << self.left) - 1:
            raise Refusal("trailing_bits")


class Layout:
    """How to read fields of fixed width that follow each other.

    Args:
        table: the fields.
    """

    def __init__(self, table: FieldTable) -> None:
        self.width = sum(width for _, width, _ in table)
        left, steps = self.width, []
        for _, width, kind in table:
            left -= width
            steps.append((left, (1 << width) - 1, _converter(kind, width)))
        self._steps = tuple(steps)

    def read(self, bits: Bits) -> list[Any]:
        """The values in the order of the table, each in the type of its kind.

        int: a number; flag: a bool; letters: text in capitals; time: a time in UTC, to a tenth of a second; ids: a set
        of ids.

        Raises:
            Refusal: truncated, or value_undefined for a letter that is none.
        """
        word = bits.take(self.width)
        return [convert(word >> left & mask) for left, mask, convert in self._steps]


def bits_of(text: str) -> Bits:
    """The bits that a text of the URL-safe base64 alphabet stands for, six per character, without `=`.

    Raises:
        Refusal: empty, oversized or wrong_alphabet.
    """
    check_size(text)
    if not _BASE64URL.fullmatch(text):
        raise Refusal("wrong_alphabet")
    missing = -len(text) % 4
    data = a2b_base64(text.encode("ascii").translate(_TO_BASE64) + b"A" * missing)
    return Bits(int.from_bytes(data, "big") >> 6 * missing, 6 * len(text))


def check_size(text: str) -> None:
    """Check that a text is worth reading.

    Raises:
        Refusal: empty or oversized.
    """
    if not text:
        raise Refusal("empty")
    if len(text) > MOST_CHARACTERS:
        raise Refusal("oversized")


def has(ids: int, number: int) -> bool:
    """Whether an id, from 0 on, is in a set of ids."""
    return ids >> number & 1 == 1


def members(ids: int) -> Iterator[int]:
    """The ids of a set, ascending."""
    while ids:
        lowest = ids & -ids
        yield lowest.bit_length() - 1
        ids ^= lowest


def ids_of_bitfield(field: int, width: int) -> int:
    """The set of ids of a bitfield whose leftmost bit stands for id 1.

    Args:
        field: the bits as a number.
        width: how many they are.
    """
    size = (width + 7) // 8
    data = (field << 8 * size - width).to_bytes(size, "big")
    return int.from_bytes(data.translate(_MIRRORED), "little") << 1


def _converter(kind: Kind, width: int) -> Callable[[int], object]:
    if kind == "ids":
        return lambda field: ids_of_bitfield(field, width)
    plain: dict[str, Callable[[int], object]] = {"int": int, "flag": bool, "letters": _two_letters, "time": _time}
    return plain[kind]


def _two_letters(field: int) -> str:
    """Two letters of six bits each, A = 0; from 32 on the small ones, which some platforms write."""
    try:
        return _LETTERS[field >> 6] + _LETTERS[field & 63]
    except KeyError:
        raise Refusal("value_undefined") from None


def _time(deciseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=100 * deciseconds)
