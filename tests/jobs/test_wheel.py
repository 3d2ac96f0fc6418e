"""The wheel carries everything: installed alone, beside its dependencies only, its jobs run without the checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pyspark
import pytest

from adlake.jars import class_path, default_cache
from adlake.pipeline import STEPS
from tests.jobs import lakes

ROOT = Path(__file__).parents[2]
# what the wheel is made of; a build in the checkout would leave its own files there
SOURCES = ("setup.py", "pyproject.toml", "lib", "jobs", "schemas", "expectations", "segments", "destinations")


def finished(command, **how):
    """What a command printed; it must have worked."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False, **how)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The Python of an environment that has the wheel and our dependencies, but no checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        elif (ROOT / name).is_file():
            shutil.copy(ROOT / name, folder / name)
    finished([sys.executable, "-m", "build", "--wheel", "--outdir", str(folder / "dist"), str(folder)])
    (wheel,) = (folder / "dist").glob("*.whl")
    finished([sys.executable, "-m", "venv", "--without-pip", str(folder / "bare")])
    python = folder / "bare" / "bin" / "python"
    (packages,) = (folder / "bare" / "lib").glob("python*/site-packages")
    # a path file inside a path file is not read, so an editable adlake stays out of sight
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    finished(
        [sys.executable, "-m", "uv", "pip", "install", "--offline", "--no-deps", "--python", str(python), str(wheel)]
    )
    return python, packages / "adlake"


def elsewhere(python, *arguments, **environ):
    """What the installed Python printed, run where no checkout is near."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | environ
    return finished([str(python), *arguments], cwd=python.parent, env=environment)


@pytest.mark.parametrize("step", list(STEPS))
def test_every_job_of_the_wheel_explains_itself(installed, step):
    python, package = installed
    assert Path(elsewhere(python, "-c", f"import adlake.jobs.{step} as job; print(job.__file__)").strip()) == (
        package / "jobs" / f"{step}.py"
    )
    shown = elsewhere(python, "-m", f"adlake.jobs.{step}", "--help")
    assert shown.startswith(f"usage: {step} ")
    assert "--config FILE" in shown


def test_the_wheel_holds_the_files_that_code_asks_for(installed):
    _, package = installed
    for name in ("schemas", "expectations", "segments", "destinations"):
        ours = {
            path.relative_to(ROOT / name) for path in (ROOT / name).rglob("*.*") if path.suffix in {".yaml", ".json"}
        }
        assert {path.relative_to(package / name) for path in (package / name).rglob("*.*")} >= ours
    assert (package / "jars.lock").is_file()
    assert (package / "py.typed").is_file()
    assert (package / "bots" / "patterns.json").is_file()
    assert (package / "quality" / "page.html.j2").is_file()
    assert not {"jobs", "lib"} & {path.name for path in package.parent.iterdir()}


def test_a_job_of_the_wheel_runs_by_spark_submit(installed, config):
    python, package = installed
    lakes.snapshot(lakes.landing(config) / lakes.LINE_ITEMS, [lakes.line_item("11", "CPM", "2.5")])
    submit = Path(pyspark.__file__).parent / "bin" / "spark-submit"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    finished(
        [
            *(str(submit), "--master", "local[1]", "--driver-memory", "1g", "--conf", "spark.ui.enabled=false"),
            *("--driver-class-path", class_path(default_cache(os.environ), ("delta",))),
            *(
                str(package / "jobs" / "ingest_bronze.py"),
                "--config",
                str(lakes.written(config, lakes.landing(config).parent)),
            ),
        ],
        cwd=python.parent,
        env=environment | {"PYSPARK_PYTHON": str(python), "SPARK_HOME": str(Path(pyspark.__file__).parent)},
    )

    assert [row["ID"] for row in lakes.rows_of(config, "bronze.gam_line_items")] == ["11"]
