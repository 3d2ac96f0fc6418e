"""The Spark session: built here and nowhere else, started only when there is work, never touching the network."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from pyspark.logger import PySparkLogger
from pyspark.sql import SparkSession

from adlake.config import Config
from adlake.jars import JarSet, class_path, default_cache
from adlake.jvm import class_data_archive, driver_options, find_java

# pyspark prints failures through these, with the values of rows that Spark's messages quote, before anybody sees them
TELL_TALES = ("DataFrameQueryContextLogger", "SQLQueryContextLogger")
# set by spark-submit for the Python that it starts
LAUNCHED = "PYSPARK_GATEWAY_PORT"
JAR_SETS: Mapping[bool, tuple[JarSet, ...]] = {False: ("delta",), True: ("delta", "s3")}

SMALL_RUN_RECORDS = 250_000
# the first compiler alone would get 48 MB for its code; Spark ends when that is full
SMALL_RUN_FLAGS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:ReservedCodeCacheSize=240m")
# The optimising compiler spends most of a run on planning code that soon never runs again: ten times the usual
# thresholds leave it to the loops over rows.
BULK_RUN_FLAGS = (
    "-XX:Tier4InvocationThreshold=50000",
    "-XX:Tier4MinInvocationThreshold=6000",
    "-XX:Tier4CompileThreshold=150000",
    "-XX:Tier4BackEdgeThreshold=400000",
)


@dataclass
class Spark:
    """A session that starts at its first use.

    Attributes:
        config: memory, cores and S3 settings.
        environ: where Java and the jar cache are looked up; under `spark-submit` the launcher has settled both.
    """

    config: Config
    environ: Mapping[str, str]
    _session: SparkSession | None = field(default=None, repr=False)
    _is_small: bool = field(default=False, repr=False)

    def expect(self, records: int) -> None:
        """Say how many records the work ahead reads, before the session starts.

        Little work is over before Java's optimising compiler has paid for itself, so it is left out then.
        """
        self._is_small = records < SMALL_RUN_RECORDS

    @property
    def session(self) -> SparkSession:
        """The running session."""
        if self._session is None:
            self._session = build_session(self.config, self.environ, is_small=self._is_small)
        return self._session

    @property
    def is_started(self) -> bool:
        """Whether a session runs."""
        return self._session is not None

    def stop(self) -> None:
        """End the session, if one was started."""
        if self._session is not None:
            self._session.stop()
            self._session = None


def build_session(config: Config, environ: Mapping[str, str], *, is_small: bool = False) -> SparkSession:
    """A session for the configuration, on this machine unless `spark-submit` or Glue brings a master.

    Raises:
        UsageError: no Java of the right version, or jars missing or damaged.
    """
    on_s3 = config.lake.startswith("s3://") or config.landing.startswith("s3://")
    builder = SparkSession.builder.appName("adlake")
    for name, value in (_settings(config) | (_s3_settings(config) if on_s3 else {})).items():
        builder = builder.config(name, value)
    if LAUNCHED not in environ:
        for name, value in _local_settings(config, environ, on_s3=on_s3, is_small=is_small).items():
            builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("FATAL")
    for name in TELL_TALES:
        PySparkLogger.getLogger(name).disabled = True
    if LAUNCHED not in environ:
        # the setting is for spark-submit alone: else the first python3 on the path, without our packages, would run
        session.sparkContext.pythonExec = sys.executable
    return session


def _settings(config: Config) -> dict[str, str]:
    partitions = config.spark.shuffle_partitions or 2 * (config.spark.cores or psutil.cpu_count() or 2)
    return {
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        # it asks the JVM several times for each column expression, to name a line of this library in Spark's messages
        "spark.python.sql.dataFrameDebugging.enabled": "false",
        "spark.sql.shuffle.partitions": str(partitions),
        "spark.sql.parquet.compression.codec": "zstd",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        # a batch touches few days: writing them side by side saves sorting every row by its partition
        "spark.sql.maxConcurrentOutputFileWriters": "40",
        "spark.sql.autoBroadcastJoinThreshold": str(32 * 1024 * 1024),
        # chosen files are looked at one by one; a Spark job to list them costs more than it saves
        "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000",
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "8",
        "spark.databricks.delta.snapshotPartitions": "2",
        # a run has more pieces of generated code than the hundred that are kept by default: each batch of a table
        # would have them compiled anew
        "spark.sql.codegen.cache.maxEntries": "2000",
        # plans are described for listeners at every step of an adaptive query, whether anybody listens or not
        "spark.sql.ui.explainMode": "simple",
        # identifiers never reach the log's checksum files
        "spark.databricks.delta.allFilesInCrc.enabled": "false",
    }


def _local_settings(config: Config, environ: Mapping[str, str], *, on_s3: bool, is_small: bool) -> dict[str, str]:
    java, cache = find_java(environ), default_cache(environ)
    path = class_path(cache, JAR_SETS[on_s3])
    archive = class_data_archive(cache, java, [Path(jar) for jar in path.split(":")])
    return {
        "spark.master": f"local[{config.spark.cores or '*'}]",
        "spark.driver.memory": config.spark.driver_memory,
        "spark.driver.extraClassPath": path,
        "spark.driver.extraJavaOptions": " ".join(
            [driver_options(java, archive), *(SMALL_RUN_FLAGS if is_small else BULK_RUN_FLAGS)]
        ).strip(),
        "spark.pyspark.python": sys.executable,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.ui.retainedExecutions": "1",
    }


def _s3_settings(config: Config) -> dict[str, str]:
    settings = {
        "spark.hadoop.fs.s3a.change.detection.mode": "none",
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
    }
    s3 = config.s3
    if s3 and s3.endpoint_url:
        settings["spark.hadoop.fs.s3a.endpoint"] = s3.endpoint_url
        settings["spark.hadoop.fs.s3a.path.style.access"] = "true"
        settings["spark.hadoop.fs.s3a.connection.ssl.enabled"] = str(s3.endpoint_url.startswith("https")).lower()
    if s3 and s3.region:
        settings["spark.hadoop.fs.s3a.endpoint.region"] = s3.region
    return settings
