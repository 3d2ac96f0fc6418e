"""The jars that Spark needs beside its own: pinned in jars.lock, fetched once, checked at every start.

Fetching is left to Apache Ivy, which pyspark brings along: it knows the repositories, proxies and mirrors of a machine.
Afterwards nothing here touches the network. A jar that was copied into the cache by hand is as good as a fetched one:
its SHA-256 decides.
"""

import fcntl
import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import IO, Literal

from adlake.errors import UsageError
from adlake.jvm import Java, spark_jars

JarSet = Literal["delta", "s3"]

_LOCK = "jars.lock"
_VERIFIED = ".verified"
_FETCH_SECONDS = 1800
# An unreachable repository is reported within a minute instead of hanging as long as the system allows.
_TIMEOUTS = ("-Dsun.net.client.defaultConnectTimeout=15000", "-Dsun.net.client.defaultReadTimeout=60000")

# size, mtime in nanoseconds and SHA-256 of a file when it was last hashed
_Fingerprint = tuple[int, int, str]


@dataclass(frozen=True)
class Jar:
    """One pinned jar.

    Args:
        group: of its Maven coordinates.
        artifact: of its Maven coordinates.
        version: of its Maven coordinates.
        sha256: of the file, in hex.
        jar_set: what it is needed for.
    """

    group: str
    artifact: str
    version: str
    sha256: str
    jar_set: str

    @property
    def file_name(self) -> str:
        """The name of the file in the cache."""
        return f"{self.artifact}-{self.version}.jar"


def default_cache(environ: Mapping[str, str]) -> Path:
    """The folder of jars: ADLAKE_CACHE, or one below the user's home, shared by all checkouts."""
    named = environ.get("ADLAKE_CACHE", "").strip()
    return Path(named).expanduser() if named else Path.home() / ".cache" / "adlake" / "jars"


def pins(sets: Collection[JarSet]) -> list[Jar]:
    """The pinned jars of these sets, in the order of the class path."""
    lines = files("adlake").joinpath(_LOCK).read_text(encoding="utf-8").splitlines()
    jars = [Jar(*line.split()) for line in lines if line and not line.startswith("#")]
    return [jar for jar in jars if jar.jar_set in sets]


def resolve(cache: Path, sets: Collection[JarSet], *, java: Java) -> list[Path]:
    """The jars of these sets, every one hashed; what is missing or damaged is fetched first.

    Safe to run twice at once on one machine: the second run waits and then finds everything there.

    Args:
        cache: the folder of jars; made if need be.
        sets: what is needed.
        java: that runs Ivy, should anything be missing.

    Raises:
        UsageError: NO_NETWORK, the jars could not be fetched; CORRUPT_JAR, what was fetched is not what is pinned;
            NO_CACHE, the folder cannot be written.
    """
    wanted = pins(sets)
    with _alone(cache):
        for left_behind in cache.glob(".fetch-*"):
            shutil.rmtree(left_behind)
        missing = [jar for jar in wanted if not _is_sound(cache / jar.file_name, jar)]
        if missing:
            for jar in missing:
                (cache / jar.file_name).unlink(missing_ok=True)
            _fetch(missing, cache, java)
        _remember(cache, {jar.file_name: _fingerprint(cache / jar.file_name, jar.sha256) for jar in wanted})
    return [cache / jar.file_name for jar in wanted]


def class_path(cache: Path, sets: Collection[JarSet]) -> str:
    """The jars of these sets as `spark.driver.extraClassPath` takes them. Never touches the network.

    A jar is hashed again only when its size or time changed since it was last hashed.

    Args:
        cache: the folder of jars.
        sets: what is needed.

    Raises:
        UsageError: MISSING_JARS, not all were fetched yet; CORRUPT_JAR, one is not what is pinned.
    """
    wanted = pins(sets)
    missing = [jar.file_name for jar in wanted if not (cache / jar.file_name).is_file()]
    if missing:
        raise UsageError(
            "MISSING_JARS",
            "jars that Spark needs were not fetched yet",
            where=str(cache),
            found=f"{len(wanted) - len(missing)} of {len(wanted)}, without {missing[0]}",
            way_out="Run: adlake setup",
        )
    known = _remembered(cache)
    now = {jar.file_name: _fingerprint(cache / jar.file_name, jar.sha256) for jar in wanted}
    changed = [jar for jar in wanted if known.get(jar.file_name) != now[jar.file_name]]
    for jar in changed:
        if not _is_sound(cache / jar.file_name, jar):
            raise _corrupt(cache / jar.file_name, "Run: adlake setup")
    if changed:
        # A cache that only others may write is as good; it costs the hashing at every start.
        with suppress(OSError):
            _remember(cache, now)
    return ":".join(str(cache / jar.file_name) for jar in wanted)


def _fetch(jars: Sequence[Jar], cache: Path, java: Java) -> None:
    """The jars, moved into the cache whole and only when their SHA-256 is the pinned one."""
    log = cache / "fetch.log"
    with tempfile.TemporaryDirectory(dir=cache, prefix=".fetch-") as scratch:
        request = Path(scratch, "ivy.xml")
        request.write_text(_request(jars), encoding="utf-8")
        got = Path(scratch, "got")
        main = ["-cp", str(_ivy()), "org.apache.ivy.Main", "-ivy", str(request), "-confs", "default", "-types", "jar"]
        # Ivy gets a cache of its own: it would trust a damaged file in the one below the user's home.
        places = ["-cache", str(Path(scratch, "ivy")), "-retrieve", f"{got}/[artifact]-[revision].[ext]"]
        with log.open("wb") as output:
            failed = _run([str(java.path), "-XX:TieredStopAtLevel=1", *_TIMEOUTS, *main, *places], output)
        absent = [jar.file_name for jar in jars if not (got / jar.file_name).is_file()]
        if failed or absent:
            raise UsageError(
                "NO_NETWORK",
                "the jars that Spark needs could not be fetched",
                where=str(cache),
                found=f"{len(absent)} of {len(jars)} did not arrive; what Ivy said is in {log}",
                way_out="Check that this machine reaches a Maven repository (a proxy is named in JAVA_TOOL_OPTIONS), "
                "or copy the jars into that folder; then run: adlake setup",
            )
        for jar in jars:
            if not _is_sound(got / jar.file_name, jar):
                raise _corrupt(
                    got / jar.file_name, "The repository sent something else than what is pinned; ask there."
                )
            (got / jar.file_name).replace(cache / jar.file_name)
    log.unlink(missing_ok=True)


def _run(command: Sequence[str], output: IO[bytes]) -> bool:
    """True when the command failed or took too long."""
    try:
        return (
            subprocess.run(command, stdout=output, stderr=output, timeout=_FETCH_SECONDS, check=False).returncode != 0
        )
    except subprocess.TimeoutExpired:
        return True


def _request(jars: Sequence[Jar]) -> str:
    wanted = "".join(
        f'<dependency org="{jar.group}" name="{jar.artifact}" rev="{jar.version}" transitive="false"'
        ' conf="default->master(*)"/>'
        for jar in jars
    )
    return (
        '<ivy-module version="2.0"><info organisation="adlake" module="jars"/>'
        f'<configurations><conf name="default"/></configurations><dependencies>{wanted}</dependencies></ivy-module>'
    )


def _ivy() -> Path:
    # Alone on the class path Ivy starts faster and minds the time-outs, which it hands to an HTTP client otherwise.
    found = sorted(spark_jars().glob("ivy-*.jar"))
    if not found:
        raise UsageError("NO_PYSPARK", "pyspark is not whole", where=str(spark_jars()), wanted="ivy-*.jar in it")
    return found[-1]


def _corrupt(path: Path, way_out: str) -> UsageError:
    return UsageError(
        "CORRUPT_JAR",
        "a jar is not the one that is pinned",
        where=path.name,
        found="another SHA-256 than in jars.lock",
        way_out=way_out,
    )


def _is_sound(path: Path, jar: Jar) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == jar.sha256


def _fingerprint(path: Path, sha256: str) -> _Fingerprint:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, sha256


def _remembered(cache: Path) -> dict[str, _Fingerprint]:
    try:
        noted = json.loads((cache / _VERIFIED).read_text(encoding="utf-8"))
        return {name: (int(size), int(mtime), str(sha256)) for name, (size, mtime, sha256) in noted.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        # No note, or not one of ours: everything is hashed once more.
        return {}


def _remember(cache: Path, fingerprints: Mapping[str, _Fingerprint]) -> None:
    note = {**_remembered(cache), **fingerprints}
    with tempfile.NamedTemporaryFile("w", dir=cache, prefix=_VERIFIED, delete=False, encoding="utf-8") as draft:
        json.dump(note, draft)
    Path(draft.name).replace(cache / _VERIFIED)


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """The cache to itself, until the end of the block or of the process."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        lock = (cache / ".lock").open("w", encoding="utf-8")
    except OSError as error:
        raise UsageError(
            "NO_CACHE",
            "the folder for jars cannot be written",
            where=str(cache),
            found=error.strerror or str(error),
            way_out="Name another one in ADLAKE_CACHE.",
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
