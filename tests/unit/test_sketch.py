"""Sketches of users are counted together without a JVM; the bytes are what Spark 4.1.1 wrote for known users."""

import base64
import zlib

import pytest

from adlake.comparison.sketch import users_estimate


def sketch(text):
    return zlib.decompress(base64.b85decode(text))


ONE = sketch("c-muPWanXKVC1+g)Xl+w2LJ#vy8)X")
"""Of user 0."""
THREE = sketch("c-muPWanXKVCJ|i)Xi~d({cW5Q&;gYU;zN3wFU?")
"""Of users 0 to 2."""
MORE = sketch(
    "c-muTWanXHVBl0^U|?`?WZ~%9d4T`WVJ<-iB+w?@%*y_Rj}^r3-2IA$%lsV|h~1<4Sr|n3$@PKx7rI0_19>m73a#(w0r9UauVoiGaGT@W)K"
    "y^qt@g$279ICkZoU1)5^ejN4Q77aqKyh5T4D1mR-2i@93b}Mj!NE?qi6VFY9^${fYra6pU(a2k^oDe_(g6I|E=szR+yS60{w6^|NcA7_Jz5"
    "Q71<xNW(%<HTzwlXR{eGpSM&`fPHCQau-lyGe`Ey!5a&NS"
)
"""Of users 2 to 39."""


def registers(values):
    """A sketch of 4,096 slots with a byte for each."""
    return bytes([10, 1, 7, 12, 0, 0, 0, 10]) + bytes(32) + bytes(values) + bytes(4096 - len(values))


@pytest.mark.parametrize(
    ("sketches", "users"),
    [
        ([], 0),
        ([ONE], 1),
        ([ONE, ONE], 1),
        ([THREE, ONE], 3),
        ([MORE], 38),
        ([THREE, MORE], 40),
        ([registers([])], 0),
        ([registers([1] * 100), registers([0] * 50 + [2] * 100)], 152.8),
    ],
)
def test_users_of_several_sketches_count_once(sketches, users):
    """Two of users 2 to 39 share a slot; of the last pair 150 slots are taken, and 4096 * ln(4096 / 3946) is 152.8."""
    assert users_estimate(sketches) == pytest.approx(users, rel=0.03)


def test_many_users_are_counted_by_the_values():
    """All slots at v: 0.7213 / (1 + 1.079 / 4096) * 4096 * 2^v."""
    assert users_estimate([registers([5] * 4096)]) == pytest.approx(0.7211 * 4096 * 32, rel=0.001)
