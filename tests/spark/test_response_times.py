"""Histograms of response times: which class a time falls into, and how far a quantile read from them may be off."""

import math
import random
from itertools import pairwise

import pytest
from pyspark.sql import functions as F

from adlake.contracts import table
from adlake.marts.response_times import (
    BOUNDS_MS,
    LONGEST_MS,
    QUANTILE_ERROR,
    response_class,
    response_ms_quantile,
)
from tests.spark.rows import assert_same, frame

QUANTILES = (0.0, 0.5, 0.75, 0.9, 0.95, 1.0)


def test_bounds_begin_with_single_milliseconds_and_grow_by_no_more_than_the_error_allows():
    assert BOUNDS_MS[:13] == (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14)
    assert BOUNDS_MS[-1] == LONGEST_MS == 60_000
    assert all(low < high for low, high in pairwise(BOUNDS_MS))
    widest = (1 + QUANTILE_ERROR) / (1 - QUANTILE_ERROR)
    assert all((high - 1) / low <= widest + 1e-9 for low, high in pairwise(BOUNDS_MS[1:]))
    # the contract tells readers how many counts a histogram has
    assert f"{len(BOUNDS_MS)} in all" in table("gold.bidder_daily").column("response_ms_histogram").meaning


def test_a_time_falls_into_the_class_that_begins_at_or_before_it(spark):
    times = [*range(3000), *(bound + shift for bound in BOUNDS_MS for shift in (-1, 0, 1)), 10**6, 2**31 - 1]
    given = [{"ms": time} for time in sorted({time for time in times if time >= 0})]
    expected = [value | {"class": max(n for n, b in enumerate(BOUNDS_MS) if b <= value["ms"])} for value in given]
    given += [{"ms": None}, {"ms": -1}, {"ms": -(2**31)}]
    expected += [value | {"class": None} for value in given[-3:]]
    found = frame(spark, "ms int", given).select("ms", response_class("ms").alias("class"))
    assert_same(found, frame(spark, "ms int, class int", expected))


def counts_of(times):
    histogram = [0] * len(BOUNDS_MS)
    for time in times:
        histogram[max(n for n, bound in enumerate(BOUNDS_MS) if bound <= time)] += 1
    return histogram


def test_a_quantile_is_at_most_5_percent_from_the_exact_one(spark):
    chance = random.Random(4)  # noqa: S311 made-up times
    samples = [
        [1],
        [7, 7, 7],
        list(range(1, 60_000, 7)),
        [int(chance.lognormvariate(5.3, 0.8)) for _ in range(5000)],
        [int(chance.expovariate(1 / 300)) for _ in range(999)],
        *[[chance.randrange(1, 59_999) for _ in range(chance.randrange(1, 9))] for _ in range(50)],
        # every value of a class, alone
        *[[time] for time in range(1, 2500)],
    ]
    given = [{"case": number, "histogram": counts_of(times)} for number, times in enumerate(samples)]
    histograms = frame(spark, "case int, histogram array<bigint>", given)
    read = [response_ms_quantile(F.col("histogram"), q).alias(str(q)) for q in QUANTILES]
    worst = 0.0
    for row in histograms.select("case", *read).collect():
        times = sorted(samples[row["case"]])
        for q in QUANTILES:
            # the smallest value that is not below the share: definition 1 of Hyndman and Fan
            exact = times[max(math.ceil(len(times) * q), 1) - 1]
            worst = max(worst, abs(row[str(q)] - exact) / exact if exact else row[str(q)])
    # the bound is reached, so a finer promise would be a false one
    assert 0.045 < worst <= QUANTILE_ERROR + 1e-9


@pytest.mark.parametrize(("times", "wanted"), [([], None), ([0, 0], 0.0), ([60_000], 60_000.0), ([9**9], 60_000.0)])
def test_no_answer_has_no_quantile_and_the_last_class_is_a_lower_bound(spark, times, wanted):
    histogram = frame(spark, "histogram array<bigint>", [{"histogram": counts_of(times)}])
    assert histogram.select(response_ms_quantile(F.col("histogram"), 0.5)).head()[0] == wanted
