"""Jars are fetched once, only ever used when they are the pinned ones, and every failure is one line."""

import hashlib
import json
import os
import re
import sys
import threading
from importlib.metadata import version
from pathlib import Path

import pytest

from adlake import jars, jvm
from adlake.errors import UsageError
from adlake.jvm import Java

NO_JAVA = Java(Path("/no/java"), 17)
CONTENT = {"one-1.0.jar": b"first jar", "two-2.0.jar": b"second jar", "three-3.0.jar": b"third jar"}

# A stand-in for `java ... org.apache.ivy.Main`: it serves what the request names and the repository has.
FAKE_IVY = """#!{python}
import pathlib, re, sys, time
here = pathlib.Path({here!r})
arguments = dict(zip(sys.argv, sys.argv[1:]))
with (here / "calls").open("a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
time.sleep(float((here / "seconds").read_text()))
request = pathlib.Path(arguments["-ivy"]).read_text()
(here / "request.xml").write_text(request)
for name, rev in re.findall(r'name="([^"]+)" rev="([^"]+)" transitive="false"', request):
    pattern = arguments["-retrieve"].replace("[artifact]", name).replace("[revision]", rev)
    got = pathlib.Path(pattern.replace("[ext]", "jar"))
    if (here / got.name).is_file():
        got.parent.mkdir(exist_ok=True)
        got.write_bytes((here / got.name).read_bytes())
print("what Ivy says")
sys.exit(int((here / "status").read_text()))
"""


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def repository(tmp_path):
    """A folder that the fake Ivy serves from; `calls` has a line per run."""
    folder = tmp_path / "repository"
    folder.mkdir()
    for name, content in CONTENT.items():
        (folder / name).write_bytes(content)
    (folder / "status").write_text("0")
    (folder / "seconds").write_text("0")
    (folder / "calls").write_text("")
    return folder


@pytest.fixture
def java(tmp_path, repository):
    program = tmp_path / "java"
    program.write_text(FAKE_IVY.format(python=sys.executable, here=str(repository)))
    program.chmod(0o755)
    return Java(program, 17)


@pytest.fixture
def lock(tmp_path, monkeypatch):
    """Two jars of Delta and one for S3, instead of the real pins."""
    file = tmp_path / "jars.lock"
    file.write_text(
        "# a comment\n\n"
        f"org.b one 1.0 {sha256(CONTENT['one-1.0.jar'])} delta\n"
        f"org.c three 3.0 {sha256(CONTENT['three-3.0.jar'])} s3\n"
        f"org.a two 2.0 {sha256(CONTENT['two-2.0.jar'])} delta\n"
    )
    monkeypatch.setattr(jars, "_LOCK", str(file))
    return file


@pytest.fixture
def cache(tmp_path, lock, monkeypatch):
    spark = tmp_path / "spark"
    spark.mkdir()
    (spark / "ivy-2.5.3.jar").write_bytes(b"")
    monkeypatch.setattr(jars, "spark_jars", lambda: spark)
    return tmp_path / "cache"


@pytest.fixture
def filled(cache):
    """A cache with the jars of Delta in it, as somebody may have copied them there."""
    cache.mkdir()
    for name in ("one-1.0.jar", "two-2.0.jar"):
        (cache / name).write_bytes(CONTENT[name])
    return cache


@pytest.fixture
def hashed(monkeypatch):
    """The names of the files that are hashed from now on."""
    names = []
    digest = hashlib.file_digest

    def noted(content, algorithm):
        names.append(Path(content.name).name)
        return digest(content, algorithm)

    monkeypatch.setattr(jars.hashlib, "file_digest", noted)
    return names


def runs(repository):
    return (repository / "calls").read_text().count("\n")


def left(cache):
    """What a reader of the cache sees, without the notes that adlake keeps there."""
    return sorted(path.name for path in cache.iterdir() if path.name not in {".lock", ".verified"})


def test_every_real_pin_is_whole_and_none_comes_twice():
    pinned = jars.pins(["delta", "s3"])
    assert len({jar.file_name for jar in pinned}) == len(pinned)
    assert {jar.jar_set for jar in pinned} == {"delta", "s3"}
    assert [jar for jar in pinned if not re.fullmatch("[0-9a-f]{64}", jar.sha256)] == []


def test_the_real_pins_fit_the_installed_spark_and_delta():
    spark = [path.name for path in jvm.spark_jars().glob("*.jar")]
    delta = [(jar.artifact, jar.version) for jar in jars.pins(["delta"])]
    assert delta == [("delta-spark_4.1_2.13", version("delta-spark")), ("delta-storage", version("delta-spark"))]
    assert version("pyspark").startswith("4.1.")
    assert any(name.startswith("spark-core_2.13-") for name in spark)
    hadoop = next(jar.version for jar in jars.pins(["s3"]) if jar.artifact == "hadoop-aws")
    assert f"hadoop-client-api-{hadoop}.jar" in spark


def test_no_real_pin_shadows_a_jar_of_spark():
    of_spark = {re.sub(r"-\d.*", "", path.name) for path in jvm.spark_jars().glob("*.jar")}
    pinned = {jar.artifact for jar in jars.pins(["delta", "s3"])}
    assert pinned & of_spark == set()
    # jcl-over-slf4j is Spark's stand-in for it.
    assert "commons-logging" not in pinned


def test_pins_are_those_of_the_sets_in_the_order_of_the_file(lock):
    assert [jar.file_name for jar in jars.pins(["delta"])] == ["one-1.0.jar", "two-2.0.jar"]
    assert [jar.file_name for jar in jars.pins(["s3", "delta"])] == ["one-1.0.jar", "three-3.0.jar", "two-2.0.jar"]
    assert jars.pins([]) == []


def test_the_cache_is_named_or_below_the_home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    assert jars.default_cache({"ADLAKE_CACHE": "/data/jars"}) == Path("/data/jars")
    assert jars.default_cache({"ADLAKE_CACHE": "~/jars"}) == Path("/home/someone/jars")
    assert jars.default_cache({"ADLAKE_CACHE": " "}) == Path("/home/someone/.cache/adlake/jars")
    assert jars.default_cache({}) == Path("/home/someone/.cache/adlake/jars")


def test_missing_jars_are_fetched_in_one_run(cache, java, repository):
    paths = jars.resolve(cache, ["delta"], java=java)
    assert paths == [cache / "one-1.0.jar", cache / "two-2.0.jar"]
    assert [path.read_bytes() for path in paths] == [b"first jar", b"second jar"]
    assert left(cache) == ["one-1.0.jar", "two-2.0.jar"]
    assert runs(repository) == 1


def test_ivy_gets_no_dependencies_and_a_cache_of_its_own(cache, java, repository):
    jars.resolve(cache, ["s3"], java=java)
    call = (repository / "calls").read_text()
    request = (repository / "request.xml").read_text()
    assert '<dependency org="org.c" name="three" rev="3.0" transitive="false" conf="default->master(*)"/>' in request
    assert request.count("<dependency ") == 1
    assert "/spark/ivy-2.5.3.jar org.apache.ivy.Main " in call
    assert f"-cache {cache}/.fetch-" in call


def test_only_what_is_missing_is_fetched(filled, java, repository):
    jars.resolve(filled, ["delta", "s3"], java=java)
    assert re.findall(r'name="(\w+)" rev', (repository / "request.xml").read_text()) == ["three"]


def test_a_full_cache_needs_neither_java_nor_network(filled, repository):
    assert jars.resolve(filled, ["delta"], java=NO_JAVA) == [filled / "one-1.0.jar", filled / "two-2.0.jar"]


def test_a_damaged_jar_is_fetched_again(filled, java, repository):
    (filled / "one-1.0.jar").write_bytes(b"first jaR")
    jars.resolve(filled, ["delta"], java=java)
    assert (filled / "one-1.0.jar").read_bytes() == b"first jar"
    assert runs(repository) == 1


def test_a_damaged_jar_is_gone_even_when_it_cannot_be_fetched_again(filled, java, repository):
    (filled / "one-1.0.jar").write_bytes(b"first jaR")
    (repository / "status").write_text("1")
    with pytest.raises(UsageError):
        jars.resolve(filled, ["delta"], java=java)
    assert left(filled) == ["fetch.log", "two-2.0.jar"]


def test_without_network_one_line_says_so_and_the_log_is_kept(cache, java, repository):
    (repository / "status").write_text("1")
    for name in CONTENT:
        (repository / name).unlink()
    with pytest.raises(UsageError) as caught:
        jars.resolve(cache, ["delta", "s3"], java=java)
    assert caught.value.condition == "NO_NETWORK"
    assert caught.value.exit_code == 2
    assert caught.value.found.startswith("3 of 3 did not arrive")
    assert "adlake setup" in caught.value.way_out
    assert "\n" not in str(caught.value)
    assert (cache / "fetch.log").read_text() == "what Ivy says\n"
    assert left(cache) == ["fetch.log"]


def test_after_success_no_log_is_left(cache, java, repository):
    (repository / "status").write_text("1")
    with pytest.raises(UsageError):
        jars.resolve(cache, ["delta"], java=java)
    (repository / "status").write_text("0")
    jars.resolve(cache, ["delta"], java=java)
    assert left(cache) == ["one-1.0.jar", "two-2.0.jar"]


def test_a_jar_that_does_not_arrive_is_counted(cache, java, repository):
    (repository / "two-2.0.jar").unlink()
    with pytest.raises(UsageError) as caught:
        jars.resolve(cache, ["delta"], java=java)
    assert (caught.value.condition, caught.value.found[:6]) == ("NO_NETWORK", "1 of 2")


def test_a_repository_that_hangs_is_given_up(cache, java, repository, monkeypatch):
    (repository / "seconds").write_text("30")
    monkeypatch.setattr(jars, "_FETCH_SECONDS", 0.1)
    with pytest.raises(UsageError) as caught:
        jars.resolve(cache, ["delta"], java=java)
    assert caught.value.condition == "NO_NETWORK"


def test_what_the_repository_changed_never_reaches_the_cache(cache, java, repository):
    (repository / "one-1.0.jar").write_bytes(b"something else")
    with pytest.raises(UsageError) as caught:
        jars.resolve(cache, ["delta"], java=java)
    assert (caught.value.condition, caught.value.where) == ("CORRUPT_JAR", "one-1.0.jar")
    assert not (cache / "one-1.0.jar").exists()


def test_two_runs_at_once_fetch_once(cache, java, repository):
    (repository / "seconds").write_text("0.5")
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(jars.resolve(cache, ["delta"], java=java))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[cache / "one-1.0.jar", cache / "two-2.0.jar"]] * 3
    assert runs(repository) == 1


def test_what_a_killed_run_left_is_cleared_away(filled):
    (filled / ".fetch-abc" / "ivy").mkdir(parents=True)
    jars.resolve(filled, ["delta"], java=NO_JAVA)
    assert left(filled) == ["one-1.0.jar", "two-2.0.jar"]


def test_a_cache_that_cannot_be_written_is_named(cache):
    cache.write_text("a file is in the way")
    with pytest.raises(UsageError) as caught:
        jars.resolve(cache, ["delta"], java=NO_JAVA)
    assert (caught.value.condition, caught.value.where) == ("NO_CACHE", str(cache))
    assert "ADLAKE_CACHE" in caught.value.way_out


def test_a_pyspark_without_ivy_is_not_whole(cache, java):
    (jars.spark_jars() / "ivy-2.5.3.jar").unlink()
    with pytest.raises(UsageError) as caught:
        jars.resolve(cache, ["delta"], java=java)
    assert caught.value.condition == "NO_PYSPARK"


def test_the_class_path_names_the_jars_in_order(filled):
    assert jars.class_path(filled, ["delta"]) == f"{filled}/one-1.0.jar:{filled}/two-2.0.jar"


def test_jars_that_were_not_fetched_are_missing(filled):
    with pytest.raises(UsageError) as caught:
        jars.class_path(filled, ["delta", "s3"])
    assert caught.value.condition == "MISSING_JARS"
    assert caught.value.found == "2 of 3, without three-3.0.jar"
    assert caught.value.way_out == "Run: adlake setup"


def test_no_cache_at_all_is_missing_jars(cache):
    with pytest.raises(UsageError) as caught:
        jars.class_path(cache, ["delta"])
    assert caught.value.condition == "MISSING_JARS"


def test_a_jar_is_hashed_once_and_then_known(filled, hashed):
    jars.class_path(filled, ["delta"])
    assert hashed == ["one-1.0.jar", "two-2.0.jar"]
    jars.class_path(filled, ["delta"])
    assert hashed == ["one-1.0.jar", "two-2.0.jar"]


def test_what_setup_hashed_is_known_at_start(filled, hashed):
    jars.resolve(filled, ["delta"], java=NO_JAVA)
    hashed.clear()
    jars.class_path(filled, ["delta"])
    assert hashed == []


def test_knowing_one_set_does_not_forget_the_other(filled, hashed):
    (filled / "three-3.0.jar").write_bytes(CONTENT["three-3.0.jar"])
    jars.class_path(filled, ["delta"])
    jars.class_path(filled, ["s3"])
    hashed.clear()
    jars.class_path(filled, ["delta", "s3"])
    assert hashed == []


@pytest.mark.parametrize("content", [b"first jaR", b"short", b""])
def test_a_changed_jar_is_refused_at_start(filled, content):
    jars.class_path(filled, ["delta"])
    before = (filled / "one-1.0.jar").stat()
    (filled / "one-1.0.jar").write_bytes(content)
    os.utime(filled / "one-1.0.jar", ns=(0, before.st_mtime_ns + 1))
    for _ in range(2):
        with pytest.raises(UsageError) as caught:
            jars.class_path(filled, ["delta"])
        assert (caught.value.condition, caught.value.where) == ("CORRUPT_JAR", "one-1.0.jar")
        assert caught.value.way_out == "Run: adlake setup"
        assert "\n" not in str(caught.value)


def test_a_touched_jar_is_hashed_again_and_taken(filled, hashed):
    jars.class_path(filled, ["delta"])
    os.utime(filled / "one-1.0.jar", (1, 1))
    hashed.clear()
    jars.class_path(filled, ["delta"])
    assert hashed == ["one-1.0.jar"]


def test_a_new_pin_for_the_same_file_is_noticed(filled, lock):
    jars.class_path(filled, ["delta"])
    lock.write_text(lock.read_text().replace(sha256(CONTENT["one-1.0.jar"]), sha256(b"other")))
    with pytest.raises(UsageError) as caught:
        jars.class_path(filled, ["delta"])
    assert caught.value.condition == "CORRUPT_JAR"


@pytest.mark.parametrize("note", ["", "[]", "null", '{"one-1.0.jar": 1}', '{"one-1.0.jar": [1]}', '{"a": ["x", 1, 2]}'])
def test_a_note_that_cannot_be_read_is_made_anew(filled, hashed, note):
    (filled / ".verified").write_text(note)
    jars.class_path(filled, ["delta"])
    assert hashed == ["one-1.0.jar", "two-2.0.jar"]
    assert sorted(json.loads((filled / ".verified").read_text())) == ["one-1.0.jar", "two-2.0.jar"]


def test_a_cache_that_only_others_may_write_is_as_good(filled, hashed, monkeypatch):
    def refuse(*_arguments):
        raise PermissionError

    monkeypatch.setattr(jars, "_remember", refuse)
    for _ in range(2):
        assert jars.class_path(filled, ["delta"]).endswith("two-2.0.jar")
    assert len(hashed) == 4
