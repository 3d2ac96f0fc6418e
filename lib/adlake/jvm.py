"""The Java that Spark runs on, and the class-data archive that shortens its start.

Spark starts whatever JAVA_HOME names, else the `java` of the PATH; so that is what is checked here, and never silently
replaced by another. Nothing in this module needs a package beyond the standard library until a session is rehearsed.
"""

import hashlib
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from adlake.errors import UsageError

SUPPORTED = (17, 21)
_HOMES = (
    "/usr/lib/jvm/*",
    "/opt/java/*",
    "/opt/homebrew/opt/openjdk@*",
    "/usr/local/opt/openjdk@*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
)
# An archive is about 200 MB: one for the Java in use, one for the Java tried last.
_ARCHIVES_KEPT = 2
# A JVM that finds its archive out of date says so on standard output, where a command's own result belongs.
_QUIET = "-Xlog:cds=off -Xlog:cds+dynamic=off"


@dataclass(frozen=True)
class Java:
    """A Java that Spark can run on.

    Args:
        path: the `java` program.
        major: 17 or 21.
        version: what `java -version` prints; it names the build.
    """

    path: Path
    major: int
    version: str = ""


def find_java(environ: Mapping[str, str]) -> Java:
    """The Java that Spark is going to start, checked.

    Args:
        environ: where JAVA_HOME and PATH are looked up.

    Raises:
        UsageError: NO_JAVA, there is none; WRONG_JAVA, it is neither 17 nor 21.
    """
    home = environ.get("JAVA_HOME", "").strip()
    place = f"JAVA_HOME={home}" if home else "PATH"
    program = shutil.which("java", path=str(Path(home, "bin")) if home else environ.get("PATH", os.defpath))
    version = _version(Path(program)) if program else ""
    major = _major(version)
    if program is None or major is None:
        raise UsageError(
            "NO_JAVA",
            "there is no Java that starts",
            where=place,
            wanted="Java 17 (or 21)",
            way_out=_way_out(),
        )
    if major not in SUPPORTED:
        raise UsageError(
            "WRONG_JAVA",
            "Spark does not run on this Java",
            where=place,
            found=f"Java {major} at {program}",
            wanted="Java 17 (or 21)",
            way_out=_way_out(),
        )
    return Java(Path(program), major, version)


def spark_jars() -> Path:
    """The folder of jars inside the installed pyspark, found without importing it.

    Raises:
        UsageError: NO_PYSPARK, pyspark is not installed.
    """
    spec = find_spec("pyspark")
    if spec is None or not spec.submodule_search_locations:
        raise UsageError("NO_PYSPARK", "pyspark is not installed", way_out="Install adlake with its dependencies.")
    return Path(spec.submodule_search_locations[0], "jars")


def driver_options(java: Java, archive: Path | None) -> str:
    """The flags of the driver's JVM, as `spark.driver.extraJavaOptions` takes them.

    Args:
        java: that is going to run the driver.
        archive: from `class_data_archive`; None when there is none. One that no longer fits is ignored by Java.
    """
    # Java 17 and 21 take the same flags.
    del java
    return f"-Xshare:auto {_QUIET} {_quoted('-XX:SharedArchiveFile', archive)}" if archive else ""


def class_data_archive(cache: Path, java: Java, jars: Sequence[Path]) -> Path | None:
    """The archive of loaded classes for exactly this Java, Spark and jars, or None when none was made.

    Args:
        cache: the folder of the jars.
        java: that is going to run the driver.
        jars: what stands on the class path before Spark's own jars, in that order.
    """
    archive = _archive(cache, java, jars)
    return archive if archive.is_file() else None


def train(cache: Path, java: Java, jars: Sequence[Path], rehearse: Callable[[str], None]) -> Path | None:
    """A new archive of the classes that a rehearsal loads, or None when it could not be made.

    Without an archive everything works, only slower; so a failure here is told by the None, and its output is left in
    `train.log` beside the jars.

    Args:
        cache: the folder of the jars, where the archive goes; one that is there already is made again.
        java: that is going to run the driver.
        jars: what stands on the class path before Spark's own jars, in that order.
        rehearse: a function at the top of a module. It gets the flags for `spark.driver.extraJavaOptions`, runs a
            small session on the class path of `jars` and stops it. It runs in a process of its own.
    """
    archive = _archive(cache, java, jars)
    log = cache / "train.log"
    with tempfile.TemporaryDirectory(dir=cache, prefix=".train-") as scratch:
        made = Path(scratch, "made.jsa")
        # Compiling little costs the rehearsal less; which classes are kept, and for whom, does not depend on it.
        options = f"-XX:TieredStopAtLevel=1 -Xshare:auto {_QUIET} {_quoted('-XX:ArchiveClassesAtExit', made)}"
        # A fresh process: the archive is written when the JVM ends, and this one may have a JVM of its own.
        process = multiprocessing.get_context("spawn").Process(target=_rehearse, args=(rehearse, options, log))
        process.start()
        process.join()
        if process.exitcode != 0 or not made.is_file():
            return None
        made.replace(archive)
    log.unlink(missing_ok=True)
    _forget_old(cache, archive)
    return archive


def _rehearse(rehearse: Callable[[str], None], options: str, log: Path) -> None:
    """Nothing; the JVM that `rehearse` started has ended, and with it the archive is written, when this returns."""
    with log.open("wb") as output:
        for stream in (1, 2):
            os.dup2(output.fileno(), stream)
    rehearse(options)
    from pyspark import SparkContext  # noqa: PLC0415  (setup without a rehearsal does not need it)

    gateway = SparkContext._gateway  # noqa: SLF001  (there is no public way to wait for the JVM)
    if gateway is not None:
        # The JVM ends when its standard input does.
        gateway.proc.stdin.close()
        gateway.proc.wait(timeout=300)


def _archive(cache: Path, java: Java, jars: Sequence[Path]) -> Path:
    facts = [java.version, str(java.path.resolve())]
    for jar in [*jars, *sorted(spark_jars().glob("*.jar"))]:
        # Java refuses an archive whose jars changed in size or time; the same facts name it.
        stat = jar.stat()
        facts.append(f"{jar}|{stat.st_size}|{stat.st_mtime_ns}")
    return cache / f"classes-{hashlib.sha256(chr(10).join(facts).encode()).hexdigest()[:16]}.jsa"


def _forget_old(cache: Path, newest: Path) -> None:
    others = [path for path in cache.glob("classes-*.jsa") if path != newest]
    others.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in others[_ARCHIVES_KEPT - 1 :]:
        path.unlink(missing_ok=True)


def _quoted(flag: str, path: Path) -> str:
    return f'"{flag}={path}"' if any(map(str.isspace, str(path))) else f"{flag}={path}"


def _version(program: Path) -> str:
    try:
        answer = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stderr + answer.stdout if answer.returncode == 0 else ""


def _major(version: str) -> int | None:
    # "1.8.0_392" was Java 8; since 9 the first number counts.
    match = re.search(r'\bversion "(?:1\.)?(\d+)', version)
    return int(match.group(1)) if match else None


def _way_out() -> str:
    for major in SUPPORTED:
        home = next(_installed(major), None)
        if home is not None:
            return f"Java {major} is installed: export JAVA_HOME={home}"
    return "Install OpenJDK 17 and set JAVA_HOME to its folder."


def _installed(major: int) -> Iterator[Path]:
    """Homes of that Java where packages and installers put them, by their `release` file: none is started."""
    for pattern in _HOMES:
        for home in sorted(Path("/").glob(pattern.removeprefix("/"))):
            release = home / "release"
            if not (home / "bin" / "java").is_file() or not release.is_file():
                continue
            version = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', release.read_text(encoding="utf-8"), re.MULTILINE)
            if version and int(version.group(1)) == major:
                yield home


if __name__ == "__main__":
    # The Makefile asks this before it downloads anything.
    try:
        find_java(os.environ)
    except UsageError as error:
        print(f"adlake: {error}", file=sys.stderr)  # noqa: T201  (a command line of its own)
        sys.exit(error.exit_code)
