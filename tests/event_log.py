"""Spark's own log of what it does, written while something runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.sql import SparkSession


@contextmanager
def event_log(session: SparkSession, folder: Path) -> Iterator[list[str]]:
    """A list that holds the lines of the uncompressed event log of what ran, once it is over."""
    jvm, context = session._jvm, session.sparkContext._jsc.sc()
    settings = context.conf().clone().set("spark.eventLog.compress", "false")
    folder.mkdir()
    listener = jvm.org.apache.spark.scheduler.EventLoggingListener(
        "test", jvm.scala.Option.empty(), jvm.java.net.URI(folder.as_uri()), settings, context.hadoopConfiguration()
    )
    listener.start()
    context.addSparkListener(listener)
    lines: list[str] = []
    try:
        yield lines
    finally:
        context.listenerBus().waitUntilEmpty()
        context.removeSparkListener(listener)
        listener.stop()
        for file in folder.rglob("events_*"):
            lines += file.read_text().splitlines()
