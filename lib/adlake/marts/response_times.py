"""How long bidders take to answer, as counts in fixed classes: sums of histograms are histograms, quantiles are read.

A class holds whole milliseconds from its bound up to the next one. Up to 10 ms it is a single value; from there on
bounds grow geometrically, so that one value stands for all of its class with at most `QUANTILE_ERROR`.
"""

from itertools import pairwise

from pyspark.sql import Column
from pyspark.sql import functions as F

QUANTILE_ERROR = 0.05
LONGEST_MS = 60_000


def _bounds() -> tuple[int, ...]:
    """First millisecond of every class; the last one has no end."""
    bounds = [0, 1]
    while bounds[-1] < LONGEST_MS:
        # the values a to b are within an error e of one value when b / a <= (1 + e) / (1 - e)
        last = int(bounds[-1] * (1 + QUANTILE_ERROR) / (1 - QUANTILE_ERROR))
        bounds.append(min(last + 1, LONGEST_MS))
    return tuple(bounds)


def _value(first: int, last: int) -> float:
    """What stands for a class: the harmonic mean is, as a share, as far from its first value as from its last."""
    return 2 * first * last / (first + last) if last else 0.0


BOUNDS_MS = _bounds()
VALUES_MS = (*(_value(first, bound - 1) for first, bound in pairwise(BOUNDS_MS)), float(LONGEST_MS))


def response_class(response_ms: str) -> Column:
    """Number of the class, from 0; null for null and for values below 0.

    Args:
        response_ms: column of whole milliseconds.
    """

    def branch(low: int, high: int) -> str:
        """SQL that finds the class among those from `low` to before `high`, in a handful of comparisons."""
        if high - low == 1:
            return str(low)
        middle = (low + high) // 2
        return (
            f"CASE WHEN {response_ms} < {BOUNDS_MS[middle]} THEN {branch(low, middle)} ELSE {branch(middle, high)} END"
        )

    return F.expr(f"CASE WHEN {response_ms} >= 0 THEN {branch(0, len(BOUNDS_MS))} END")


def response_ms_quantile(histogram: Column, q: float) -> Column:
    """Milliseconds within which the share `q` of answers came, from a histogram or the sum of several.

    At most `QUANTILE_ERROR` from the exact quantile (the smallest value that is not below the share), as a share of
    it; a result of `LONGEST_MS` means that or longer. Null for a histogram without answers.

    Args:
        histogram: array<bigint> with one count per class of `BOUNDS_MS`.
        q: from 0 to 1.
    """
    start = F.struct(F.lit(0).cast("bigint").alias("seen"), F.lit(None).cast("int").alias("class"))
    total = F.aggregate(histogram, F.lit(0).cast("bigint"), lambda sum_, count: sum_ + count)
    wanted = F.greatest(F.ceil(total * F.lit(q)), F.lit(1))
    numbered = F.transform(histogram, lambda count, number: F.struct(count.alias("count"), number.alias("class")))

    def further(state: Column, entry: Column) -> Column:
        seen = state["seen"] + entry["count"]
        found = F.coalesce(state["class"], F.when(seen >= wanted, entry["class"]))
        return F.struct(seen.alias("seen"), found.alias("class"))

    found = F.aggregate(numbered, start, further)["class"]
    return F.get(F.array(*map(F.lit, VALUES_MS)), found)
