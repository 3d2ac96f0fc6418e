"""Put small data files together: `spark-submit jobs/maintain_tables.py --config lake.yaml`."""

import sys

from adlake import job
from adlake.config import Config
from adlake.report import JobReport
from adlake.session import Spark

STEP = "maintain_tables"


def run(spark: Spark, config: Config) -> JobReport:
    """The report of one run of this job."""
    return job.execute([STEP], spark, config)


def main() -> int:
    """The exit code of one run from the command line."""
    return job.main(STEP)


if __name__ == "__main__":
    sys.exit(main())
