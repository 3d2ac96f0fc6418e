"""What a machine needs before its first run: the jars beside Spark's own, and a Java that starts quickly."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from adlake.config import load_config
from adlake.generator import generate
from adlake.jars import class_path, default_cache, resolve
from adlake.job import execute
from adlake.jvm import class_data_archive, find_java, train
from adlake.pipeline import steps_from
from adlake.session import JAR_SETS, Spark

REHEARSED_EVENTS = 300


def prepare(environ: Mapping[str, str], rehearse: Callable[[str], None], tell: Callable[[str], None]) -> None:
    """Nothing; everything is fetched and prepared that was not there yet.

    Args:
        environ: where Java and the cache of jars are looked up.
        rehearse: does a small run whose Java has the given flags, as `jvm.train` wants it.
        tell: told what is done, for people.

    Raises:
        UsageError: there is no Java that Spark runs on, or the jars cannot be fetched.
    """
    java, cache = find_java(environ), default_cache(environ)
    tell(f"Java {java.major}; jars in {cache} ...")
    resolve(cache, JAR_SETS[True], java=java)
    # a session without S3 is what starts most often on a machine of one's own
    jars = [Path(jar) for jar in class_path(cache, JAR_SETS[False]).split(":")]
    if class_data_archive(cache, java, jars) is None:
        tell("Preparing Java for a quick start (once, a minute or two) ...")
        if train(cache, java, jars, rehearse) is None:
            tell(f"That did not work, so Spark starts as slowly as ever; {cache / 'train.log'} tells why.")
    tell("Everything is ready.")


def run_a_little(environ: Mapping[str, str]) -> None:
    """Nothing; a small run of all steps has loaded the classes that real runs load.

    Args:
        environ: where Java and the cache of jars are looked up.
    """
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder), events=REHEARSED_EVENTS, seed=1)
        config = load_config(Path(folder, "lake.yaml"))
        spark = Spark(config, environ)
        try:
            execute(steps_from(None), spark, config)
        finally:
            spark.stop()
