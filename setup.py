"""The one distribution `adlake`: code from lib/adlake, jobs/ as adlake.jobs, the data folders beside them."""

import runpy
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent

# No data folder may be named like a code package: the wheel would lose the code, an editable install the data.
DATA_FOLDERS = [name for name in ("schemas", "expectations", "segments", "destinations") if (ROOT / name).is_dir()]

RUNTIME = [
    # Exactly AWS Glue 6.0. pyspark 4.1.2 breaks Delta 4.2.0, and both sides reach into each other's internals.
    "pyspark==4.1.1",
    "delta-spark==4.2.0",
    "deltalake>=1.6.6,<2",
    # What it counts and how it words results changes between minor releases; a test compares the row split with it.
    "great-expectations>=1.24.1,<1.25",
    "Jinja2>=3.1.6,<4",
    "obstore>=0.12,<0.13",
    "open-data-contract-standard>=3.2,<4",
    # Its data says which numbers are valid, and changes with every release.
    "phonenumbers>=9.0.43,<10",
    "psutil>=7,<8",
    "pyarrow>=22",
    "pydantic>=2.12,<3",
    "PyYAML>=6.0.3,<7",
    "rich>=14,<16",
    "structlog>=25.5",
    "typer>=0.20,<1",
]

DEV = [
    "boto3>=1.42,<2",
    "build>=1.3",
    "chispa>=0.11",
    "duckdb>=2,<3",
    "hypothesis>=6.148",
    "moto[s3,server]>=5.1.17,<6",
    "mypy>=1.18",
    "pytest>=9",
    "pytest-cov>=7",
    "pytest-randomly>=4",
    "pytest-timeout>=2.4",
    "pytest-xdist>=3.8",
    "pytz>=2025.2",
    "ruff>=0.14",
    "types-PyYAML>=6.0.12",
    "types-psutil>=7",
    "uv>=0.13",
]

setup(
    name="adlake",
    version=runpy.run_path(str(ROOT / "lib" / "adlake" / "version.py"))["VERSION"],
    description="Advertising logs in, a governed Delta lake and privacy-safe audiences out",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8") if (ROOT / "README.md").is_file() else "",
    long_description_content_type="text/markdown",
    python_requires=">=3.11,<3.14",
    packages=[
        *find_packages("lib"),
        *("adlake.jobs" + name.removeprefix("jobs") for name in find_packages(".", include=["jobs", "jobs.*"])),
        *(f"adlake.{name}" for name in DATA_FOLDERS),
    ],
    package_dir={"": "lib", "adlake.jobs": "jobs", **{f"adlake.{name}": name for name in DATA_FOLDERS}},
    package_data={
        "adlake": ["py.typed", "jars.lock"],
        "adlake.bots": ["*.json"],
        "adlake.quality": ["*.html.j2"],
        **{f"adlake.{name}": ["**/*.yaml", "**/*.json", "**/*.sql"] for name in DATA_FOLDERS},
    },
    entry_points={"console_scripts": ["adlake = adlake.cli:main"]},
    install_requires=RUNTIME,
    extras_require={"aws": ["boto3>=1.40,<2"], "dev": DEV},
    zip_safe=False,
)
