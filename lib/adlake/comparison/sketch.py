"""How many users sketches count together, read from their bytes without a JVM.

Apache DataSketches writes a HyperLogLog sketch as a preamble and then coupons (a slot and a value in 32 bits) while
there are few, one byte per slot when there are more. All of them together are the greatest value of each slot.
"""

import struct
from collections.abc import Iterable
from math import log

COUPONS, HASHES, REGISTERS = range(3)
MODE_BYTE, SLOTS_BYTE = 7, 3
FIRST_COUPON = {COUPONS: 8, HASHES: 12}
FIRST_REGISTER = 40
SLOT_BITS = 26
# Four times the standard error of 4,096 slots, 1.04 / 64: less than one demonstration in ten thousand is beyond.
BOUND = 0.065


def users_estimate(sketches: Iterable[bytes]) -> float:
    """The number of users in all the sketches, each counted once; made with one and the same number of slots."""
    greatest: dict[int, int] = {}
    slots = 1
    for sketch in sketches:
        slots = 1 << sketch[SLOTS_BYTE]
        for slot, value in _values(sketch, slots):
            if greatest.get(slot, 0) < value:
                greatest[slot] = value
    empty = slots - len(greatest)
    # HyperLogLog (Flajolet and others, 2007): few users are counted by the slots that none of them fell into
    harmonic = empty + sum(2.0**-value for value in greatest.values())
    estimate = 0.7213 / (1 + 1.079 / slots) * slots * slots / harmonic
    return slots * log(slots / empty) if empty and estimate <= 2.5 * slots else estimate


def _values(sketch: bytes, slots: int) -> Iterable[tuple[int, int]]:
    mode = sketch[MODE_BYTE] & 3
    if mode == REGISTERS:
        return ((slot, value) for slot, value in enumerate(sketch[FIRST_REGISTER : FIRST_REGISTER + slots]) if value)
    whole = (len(sketch) - FIRST_COUPON[mode]) // 4
    coupons = struct.unpack_from(f"<{whole}I", sketch, FIRST_COUPON[mode])
    return ((coupon % (1 << SLOT_BITS) % slots, coupon >> SLOT_BITS) for coupon in coupons if coupon)
