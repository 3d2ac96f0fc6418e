"""Link keys of an older secret with those of today's: `spark-submit jobs/rotate_identity_key.py --config lake.yaml`."""

import sys

from adlake import job
from adlake.config import Config
from adlake.report import JobReport
from adlake.session import Spark

STEP = "rotate_identity_key"


def run(spark: Spark, config: Config) -> JobReport:
    """The report of one run of this job."""
    return job.execute([STEP], spark, config)


def main() -> int:
    """The exit code of one run from the command line."""
    return job.main(STEP)


if __name__ == "__main__":
    sys.exit(main())
