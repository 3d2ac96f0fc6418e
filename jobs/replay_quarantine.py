"""Take refused rows through today's rules: `spark-submit jobs/replay_quarantine.py --config lake.yaml --table NAME`."""

import sys

from adlake import job
from adlake.config import Config
from adlake.report import JobReport
from adlake.session import Spark
from adlake.wish import Replay

STEP = "replay_quarantine"


def run(spark: Spark, config: Config, wish: Replay) -> JobReport:
    """The report of one run of this job."""
    return job.execute([STEP], spark, config, wish=wish)


def main() -> int:
    """The exit code of one run from the command line."""
    return job.main(STEP)


if __name__ == "__main__":
    sys.exit(main())
