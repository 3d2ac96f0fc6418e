"""What a session keeps to itself."""

import subprocess
import sys

FAILING = """
import os, sys
from pathlib import Path
from pyspark.errors import PySparkException
from pyspark.sql import functions as F
from adlake.session import build_session
from adlake.spark_failures import cause_of
from tests.conftest import make_config

spark = build_session(make_config(Path(sys.argv[1])), os.environ, is_small=True)
rows = spark.createDataFrame([("anna@example.com",)], "email string")
try:
    rows.select(F.col("email").cast("bigint")).collect()
except PySparkException as failure:
    assert "anna@example.com" in str(failure)
    print(cause_of(failure))
spark.stop()
"""


def test_a_task_that_fails_prints_no_value_of_a_row(tmp_path):
    """Neither Java nor pyspark, in a process of its own: both write where nobody within could look."""
    run = subprocess.run(
        [sys.executable, "-c", FAILING, str(tmp_path)], capture_output=True, text=True, timeout=300, check=True
    )
    assert run.stdout == "CAST_INVALID_INPUT\n"
    assert "anna" not in run.stderr
