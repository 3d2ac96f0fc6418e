"""What Spark raises when work fails in the JVM, and the reason in one line that holds no value of a row."""

import re

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

SPARK_FAILURES = (PySparkException, Py4JError)
CONDITION = re.compile(r"\[([A-Z][A-Z0-9_.]+)\]")
# a class of the JVM with its package, or one of Python: anything else may be a value
CLASS_NAME = re.compile(r"([a-z]\w*\.)+[A-Z][\w$]*|[A-Z]\w*(Error|Exception)")
STORAGE_FAILURES = ("java.io.", "java.nio.", "java.net.", "org.apache.hadoop.")
LONGEST_REASON = 300


def cause_of(error: Exception) -> str:
    """The innermost reason in one line, without the values that Spark's messages quote.

    Spark names its own failures by a condition; only what files and networks say of themselves is repeated.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reasons = [line.removeprefix("Caused by:").strip() for line in lines if line.startswith("Caused by:")]
    reason = reasons[-1] if reasons else next(iter(lines), "")
    named = CONDITION.search(reason)
    if named:
        return named[1]
    if reason.startswith(STORAGE_FAILURES):
        return reason[:LONGEST_REASON]
    first = reason.split(":")[0].split(" ")[0]
    return first if CLASS_NAME.fullmatch(first) else type(error).__name__
