"""Which Java is taken, what is said when there is none, and when a class-data archive counts."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pyspark
import pytest

from adlake import jvm
from adlake.errors import UsageError
from adlake.jvm import Java

VERSION_17 = 'openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment (build 17.0.15+6)'


@pytest.fixture(autouse=True)
def no_java_installed(tmp_path, monkeypatch):
    """Only what a test installs is there."""
    monkeypatch.setattr(jvm, "_HOMES", (f"{tmp_path}/installed/*",))


@pytest.fixture
def spark_jars(tmp_path, monkeypatch):
    folder = tmp_path / "pyspark" / "jars"
    folder.mkdir(parents=True)
    (folder / "spark-core.jar").write_bytes(b"spark")
    monkeypatch.setattr(jvm, "spark_jars", lambda: folder)
    return folder


@pytest.fixture
def cache(tmp_path):
    folder = tmp_path / "cache"
    folder.mkdir()
    return folder


def install(home, version=VERSION_17, *, status=0):
    """A Java home whose `java` only knows its version."""
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{version}\nEND\nexit {status}\n")
    program.chmod(0o755)
    number = re.search(r'"(.+)"', version)
    if number:
        (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{number.group(1)}"\n')
    return program


@pytest.mark.parametrize(
    ("version", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "21" 2023-09-19 LTS', 21),
        ('openjdk version "21-ea" 2023-09-19', 21),
        ('Picked up JAVA_TOOL_OPTIONS: -Dversion="8"\nopenjdk version "17.0.1" 2021-10-19', 17),
    ],
)
def test_a_supported_java_is_taken_with_its_version(tmp_path, version, major):
    program = install(tmp_path / "jdk", version)
    java = jvm.find_java({"JAVA_HOME": str(tmp_path / "jdk"), "PATH": "/usr/bin:/bin"})
    assert (java.path, java.major) == (program, major)
    assert version in java.version


def test_java_home_comes_before_the_path(tmp_path):
    install(tmp_path / "on_path", 'openjdk version "21.0.1"')
    program = install(tmp_path / "home")
    java = jvm.find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": f"{tmp_path}/on_path/bin:/bin"})
    assert java.path == program


@pytest.mark.parametrize("home", [{}, {"JAVA_HOME": ""}, {"JAVA_HOME": " "}])
def test_without_java_home_the_path_counts(tmp_path, home):
    program = install(tmp_path / "on_path")
    assert jvm.find_java({**home, "PATH": f"{tmp_path}/on_path/bin:/bin"}).path == program


def test_a_java_home_without_java_is_not_replaced_by_the_path(tmp_path):
    install(tmp_path / "on_path")
    with pytest.raises(UsageError) as caught:
        jvm.find_java({"JAVA_HOME": f"{tmp_path}/gone", "PATH": f"{tmp_path}/on_path/bin:/bin"})
    assert caught.value.condition == "NO_JAVA"
    assert caught.value.where == f"JAVA_HOME={tmp_path}/gone"


def test_no_java_at_all_says_what_to_install(tmp_path):
    with pytest.raises(UsageError) as caught:
        jvm.find_java({"PATH": str(tmp_path)})
    assert caught.value.condition == "NO_JAVA"
    assert caught.value.exit_code == 2
    assert caught.value.way_out == "Install OpenJDK 17 and set JAVA_HOME to its folder."
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("version", "status"),
    [
        # The stub that macOS has at /usr/bin/java as long as no Java is installed.
        ("The operation couldn't be completed. Unable to locate a Java Runtime.", 1),
        ("something else", 0),
        (VERSION_17, 134),
    ],
)
def test_a_java_that_does_not_start_is_no_java(tmp_path, version, status):
    install(tmp_path / "jdk", version, status=status)
    with pytest.raises(UsageError) as caught:
        jvm.find_java({"JAVA_HOME": str(tmp_path / "jdk"), "PATH": "/usr/bin:/bin"})
    assert caught.value.condition == "NO_JAVA"


def test_a_java_that_hangs_is_no_java(tmp_path, monkeypatch):
    def hang(command, timeout, **_):
        raise subprocess.TimeoutExpired(command, timeout)

    install(tmp_path / "jdk")
    monkeypatch.setattr(jvm.subprocess, "run", hang)
    with pytest.raises(UsageError) as caught:
        jvm.find_java({"JAVA_HOME": str(tmp_path / "jdk")})
    assert caught.value.condition == "NO_JAVA"


@pytest.mark.parametrize(
    ("version", "major"), [('java version "1.8.0_392"', 8), ('openjdk version "11.0.2"', 11), ('x version "25"', 25)]
)
def test_a_wrong_java_is_named_with_what_was_wanted(tmp_path, version, major):
    program = install(tmp_path / "jdk", version)
    with pytest.raises(UsageError) as caught:
        jvm.find_java({"JAVA_HOME": str(tmp_path / "jdk"), "PATH": "/usr/bin:/bin"})
    assert caught.value.condition == "WRONG_JAVA"
    assert caught.value.found == f"Java {major} at {program}"
    assert caught.value.wanted == "Java 17 (or 21)"
    assert "\n" not in str(caught.value)


def test_a_right_java_elsewhere_is_named_but_not_taken(tmp_path):
    install(tmp_path / "jdk", 'openjdk version "25"')
    install(tmp_path / "installed" / "a-21", 'openjdk version "21.0.1"')
    install(tmp_path / "installed" / "b-17", 'openjdk version "17.0.1"')
    with pytest.raises(UsageError) as caught:
        jvm.find_java({"JAVA_HOME": str(tmp_path / "jdk"), "PATH": "/usr/bin:/bin"})
    assert caught.value.way_out == f"Java 17 is installed: export JAVA_HOME={tmp_path}/installed/b-17"


def test_a_home_without_its_program_is_not_named(tmp_path):
    install(tmp_path / "installed" / "b-17").unlink()
    with pytest.raises(UsageError) as caught:
        jvm.find_java({"PATH": str(tmp_path)})
    assert "installed" not in caught.value.way_out


def test_called_as_a_program_it_says_one_line_and_exits_with_2(tmp_path):
    environment = {"JAVA_HOME": str(tmp_path), "PYTHONPATH": str(Path(jvm.__file__).parents[1])}
    answer = subprocess.run(
        [sys.executable, "-m", "adlake.jvm"], env=environment, capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("adlake: [NO_JAVA]")
    assert answer.stderr.count("\n") == 1


def test_spark_jars_are_those_of_the_installed_pyspark():
    assert jvm.spark_jars() == Path(pyspark.__file__).parent / "jars"


def test_without_pyspark_there_are_no_spark_jars(monkeypatch):
    monkeypatch.setattr(jvm, "find_spec", lambda _name: None)
    with pytest.raises(UsageError) as caught:
        jvm.spark_jars()
    assert caught.value.condition == "NO_PYSPARK"


JAVA = Java(Path("/usr/bin/java"), 17, VERSION_17)


def test_without_an_archive_there_are_no_flags():
    assert jvm.driver_options(JAVA, None) == ""


def test_an_archive_that_no_longer_fits_is_ignored_in_silence():
    flags = jvm.driver_options(JAVA, Path("/cache/classes-1.jsa")).split()
    assert flags == [
        "-Xshare:auto",
        "-Xlog:cds=off",
        "-Xlog:cds+dynamic=off",
        "-XX:SharedArchiveFile=/cache/classes-1.jsa",
    ]


def test_a_blank_in_the_path_does_not_split_the_flag():
    assert jvm.driver_options(JAVA, Path("/my cache/a.jsa")).endswith(' "-XX:SharedArchiveFile=/my cache/a.jsa"')


def write_archive(options):
    """A rehearsal: what a JVM would do when it ends, and some noise."""
    sys.stdout.write("noise on standard output")
    Path(options.split("-XX:ArchiveClassesAtExit=")[1].strip('"')).write_bytes(b"classes")


def write_nothing(_options):
    """A rehearsal whose JVM made no archive."""


def fail(options):
    """A rehearsal that breaks; what its JVM wrote by then may be half of it."""
    write_archive(options)
    raise RuntimeError("no session")


def test_training_leaves_an_archive_that_is_found_again(cache, spark_jars, capfd):
    assert jvm.class_data_archive(cache, JAVA, []) is None
    archive = jvm.train(cache, JAVA, [], write_archive)
    assert archive is not None
    assert archive.read_bytes() == b"classes"
    assert jvm.class_data_archive(cache, JAVA, []) == archive
    assert [path.name for path in cache.iterdir()] == [archive.name]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("rehearse", [write_nothing, fail])
def test_a_rehearsal_without_result_leaves_only_its_log(cache, spark_jars, rehearse):
    assert jvm.train(cache, JAVA, [], rehearse) is None
    assert [path.name for path in cache.iterdir()] == ["train.log"]
    assert ("no session" in (cache / "train.log").read_text()) == (rehearse is fail)


def test_the_rehearsal_waits_for_its_jvm_to_end(tmp_path, monkeypatch):
    calls = []
    process = SimpleNamespace(
        stdin=SimpleNamespace(close=lambda: calls.append("close")),
        wait=lambda **_limit: calls.append("wait"),
    )
    monkeypatch.setattr(jvm.os, "dup2", lambda _source, target: calls.append(target))
    monkeypatch.setattr(pyspark.SparkContext, "_gateway", SimpleNamespace(proc=process))
    jvm._rehearse(calls.append, "flags", tmp_path / "log")
    assert calls == [1, 2, "flags", "close", "wait"]


def test_a_rehearsal_without_a_jvm_has_nothing_to_wait_for(tmp_path, monkeypatch):
    monkeypatch.setattr(jvm.os, "dup2", lambda *_streams: None)
    monkeypatch.setattr(pyspark.SparkContext, "_gateway", None)
    jvm._rehearse(write_nothing, "flags", tmp_path / "log")
    assert (tmp_path / "log").read_bytes() == b""


def test_an_archive_counts_for_its_java_its_spark_and_its_jars_only(cache, spark_jars, tmp_path):
    one, two = tmp_path / "one.jar", tmp_path / "two.jar"
    one.write_bytes(b"1")
    two.write_bytes(b"2")
    jvm._archive(cache, JAVA, [one, two]).write_bytes(b"classes")

    def found(java=JAVA, jars=(one, two)):
        return jvm.class_data_archive(cache, java, jars) is not None

    assert found()
    assert not found(java=Java(JAVA.path, 17, VERSION_17.replace("17.0.15", "17.0.16")))
    assert not found(java=Java(tmp_path / "java", 17, VERSION_17))
    assert not found(jars=(one,))
    assert not found(jars=(two, one))
    (spark_jars / "more.jar").write_bytes(b"")
    assert not found()
    (spark_jars / "more.jar").unlink()
    assert found()
    os.utime(one, ns=(0, 0))
    assert not found()


def test_old_archives_go_when_a_new_one_comes(cache, spark_jars):
    for age, name in enumerate(["classes-a.jsa", "classes-b.jsa", "classes-c.jsa"]):
        (cache / name).write_bytes(b"")
        os.utime(cache / name, (1_000_000 - age, 1_000_000 - age))
    archive = jvm.train(cache, JAVA, [], write_archive)
    assert archive is not None
    assert {path.name for path in cache.iterdir()} == {archive.name, "classes-a.jsa"}
