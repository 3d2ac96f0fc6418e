"""Imports point one way, and what only one module may touch is touched by no other; read from the source alone."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adlake.pipeline import JOBS as STEPS_AND_HOUSEKEEPING

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "lib" / "adlake"

# A module or package imports from the lines above its own, never from its own line or below.
LAYERS = (
    (
        "errors",
        "version",
        "boundary",
        "reasons",
        "faults",
        "logs",
        "interrupts",
        "storage",
        "datafile",
        "delta_types",
        "paths",
        "spark_failures",
    ),
    ("account", "markers", "wish", "generator", "landing", "lock", "pipeline", "resources", "jvm", "aws"),
    ("contracts", "config", "jars", "sums", "records"),
    ("lake", "identity_key", "consent", "bots", "session", "ledger_types"),
    ("ledger", "frames", "snapshots", "upkeep", "explanation"),
    ("quality",),
    ("publish", "tables", "census", "window", "dedup", "identity", "phones", "contacts"),
    ("decisions", "components", "permission"),
    ("sources", "report", "writer", "unfinished"),
    ("run", "redelivery", "comparison", "marts"),
    ("touched",),
    ("intake", "quarantine", "recovery", "status", "release"),
    ("audit", "parting"),
    ("refined",),
    ("bronze", "silver", "slices", "features", "people", "maintenance"),
    ("replay", "rotation"),
    ("work",),
    ("job",),
    ("demo_gate",),
    ("demo", "preparation"),
    ("console",),
    ("cli",),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}

WITHOUT_SPARK = (
    *("errors", "boundary", "storage", "datafile", "delta_types", "account", "landing", "lock", "pipeline"),
    *(
        "bots",
        "consent",
        "contracts",
        "config",
        "identity_key",
        "lake",
        "ledger",
        "records",
        "report",
        "writer",
        "unfinished",
        "explanation",
        "snapshots",
        "upkeep",
        *("quality.chronicle", "quality.trend", "quality.wording", "quality.overview", "quality.page"),
        "status",
    ),
    *("generator", "comparison", "jars", "jvm", "console", "cli"),
)
JOB_IMPORTS = {"wish", "job", "config", "report", "session"}


def module_name(path):
    parts = path.relative_to(LIBRARY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {module_name(path): ast.parse(path.read_text()) for path in sorted(LIBRARY.rglob("*.py"))}
JOBS = {path.stem: ast.parse(path.read_text()) for path in sorted((ROOT / "jobs").glob("[!_]*.py"))}


def unit(module):
    """The line of the table that speaks for a module: itself, or the package that it is in."""
    return module.partition(".")[0]


def imported(node):
    """Full names of what an import statement names; `from a import b` names both `a` and `a.b`."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"line {node.lineno}: imports are absolute"
        return {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return set()


def imports(tree):
    """Everything that a module imports, at its top or later."""
    return set().union(*(imported(node) for node in ast.walk(tree)))


def of_adlake(names):
    """Those of the names that are our modules, without the package's name."""
    ours = {name.removeprefix("adlake.") for name in names if name.startswith("adlake.")}
    return {name for name in ours if name in TREES}


def top_level(node) -> Iterator[ast.AST]:
    """The statements that run when the module is imported."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from top_level(child)


def loaded_with(module):
    """Every name that importing the module imports, the packages around each module included."""
    found, open_names = set(), {module}
    while open_names:
        name = open_names.pop()
        names = set().union(*(imported(node) for node in top_level(TREES[name])))
        parents = {name.rpartition(".")[0]} & set(TREES)
        open_names |= (of_adlake(names) | parents) - found
        found |= names | {name}
    return found


def upward(module, tree):
    """Imports of a module that do not point to a line above its own."""
    own = unit(module)
    targets = {unit(name) for name in of_adlake(imports(tree))} - {own, ""}
    return sorted(name for name in targets if RANK.get(name, len(LAYERS)) >= RANK.get(own, -1))


def test_every_module_has_its_line_in_the_table():
    found = {unit(module) for module in TREES} - {""}
    assert sorted(RANK) == sorted(found)
    assert len(RANK) == sum(map(len, LAYERS))


@pytest.mark.parametrize("module", [name for name in TREES if name])
def test_imports_point_one_way(module):
    assert upward(module, TREES[module]) == []


def test_the_packages_own_modules_import_each_other_without_a_circle():
    done = set()

    def visit(module, path):
        assert module not in path, f"a circle: {' '.join([*path, module])}"
        for name in of_adlake(imports(TREES[module])) - done - {module}:
            # a package names its modules, and they name it back only by their own names
            if not (module in TREES and name == unit(module) and module.startswith(name + ".")):
                visit(name, [*path, module])
        done.add(module)

    for module in TREES:
        visit(module, [])


@pytest.mark.parametrize(
    "source", ["from adlake.job import execute", "def f():\n    import adlake.cli", "import adlake.lake"]
)
def test_a_wrong_direction_would_be_found(source):
    assert upward("lake" if "lake import" in source else "contracts.loading", ast.parse(source)) != []


def users_of(package):
    """Modules that import a package, lazily or not."""
    return {name for name, tree in TREES.items() if any(unit(target) == package for target in imports(tree))}


@pytest.mark.parametrize(
    ("package", "home"),
    [("boto3", "aws"), ("botocore", "aws"), ("great_expectations", "quality"), ("py4j", "spark_failures")],
)
def test_a_library_is_imported_in_its_one_place(package, home):
    assert {unit(module) for module in users_of(package)} <= {home}


@pytest.mark.parametrize("module", WITHOUT_SPARK)
def test_what_needs_no_spark_does_not_import_it(module):
    heavy = {"pyspark", "py4j", "boto3", "great_expectations", "delta"}
    assert {unit(name) for name in loaded_with(module)} & heavy == set()


def test_a_module_with_spark_would_be_found():
    assert "pyspark" in {unit(name) for name in loaded_with("frames")}
    assert "pyspark" in {unit(name) for name in loaded_with("intake")}


def chains(tree):
    """Every dotted name of a module, such as `os.environ`, with the line that it stands in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield ast.unparse(node), node.lineno


def main_guard_lines(tree):
    """Lines that run only when the file is started as a program."""
    guards = [node for node in tree.body if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)]
    return {line for node in guards for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}


def reads_of_the_machine(tree):
    """Lines that read the command line or the environment, the main guard left out."""
    names = {"os.environ", "os.environb", "os.getenv", "os.putenv", "sys.argv", "sys.orig_argv"}
    apart = {name.rpartition(".")[2] for name in names}
    lines = {line for name, line in chains(tree) if name in names}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in {"os", "sys"}:
            lines |= {node.lineno for alias in node.names if alias.name in apart}
    return sorted(lines - main_guard_lines(tree))


def test_only_the_two_entries_read_the_command_line_and_the_environment():
    found = {name: lines for name, tree in TREES.items() if (lines := reads_of_the_machine(tree))}
    assert {name: lines for name, lines in found.items() if name not in {"job", "cli"}} == {}
    assert "job" in found


@pytest.mark.parametrize(
    "source", ["import os\nx = os.environ['A']", "from os import environ", "def f():\n  sys.argv[0]"]
)
def test_a_look_at_the_environment_would_be_found(source):
    assert reads_of_the_machine(ast.parse(source)) != []
    guarded = "if __name__ == '__main__':\n" + "\n".join("    " + line for line in source.splitlines())
    assert reads_of_the_machine(ast.parse(guarded)) == []


def modules_with(*, attributes=(), prefixes=()):
    """Modules in which one of the attributes is asked for, or text with one of the beginnings stands."""
    found = set()
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
            if (isinstance(node, ast.Attribute) and node.attr in attributes) or (
                is_text and node.value.startswith(tuple(prefixes) or "\0")
            ):
                found.add(name)
    return found


def test_only_one_module_builds_a_session():
    assert modules_with(attributes={"builder", "getOrCreate"}) == {"session"}
    makers = {"SparkSession", "SparkContext"}
    called = {
        name
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in makers
    }
    assert called == set()


def test_only_one_module_reaches_into_the_jvm():
    inside = {"_jvm", "_jdf", "_jsparkSession", "_jsc", "_jc", "_jcols", "_gateway"}
    # the other one stops the Java that it has just started, to learn which classes that took
    assert modules_with(attributes=inside) - {"jvm"} == {"publish"}
    # the session names the class of Delta's catalog in a setting and does not touch it
    assert modules_with(prefixes=["org.apache.spark.sql.delta"]) == {"publish", "session"}


def test_delta_rs_writes_only_what_ops_holds():
    """A table that Spark writes is never written by delta-rs."""
    writers = {name for name, tree in TREES.items() if "deltalake.write_deltalake" in imports(tree)}
    assert writers == {"ledger"}


@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_thin(name):
    assert of_adlake(imports(JOBS[name])) <= JOB_IMPORTS
    assert not any(unit(target) == "jobs" for tree in TREES.values() for target in imports(tree))
    lines = (ROOT / "jobs" / f"{name}.py").read_text().count("\n")
    assert lines <= 40


def test_there_is_a_script_for_every_job():
    assert sorted(JOBS) == sorted(STEPS_AND_HOUSEKEEPING)


def test_q11_everything_imports_where_great_expectations_is_not_installed():
    modules = [name for name in TREES if not name.endswith("__main__")]
    code = (
        "import importlib, sys\n"
        "sys.modules['great_expectations'] = None\n"
        f"for name in {modules!r}:\n"
        "    importlib.import_module('adlake.' + name if name else 'adlake')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
