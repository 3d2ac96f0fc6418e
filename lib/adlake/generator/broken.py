"""Files that cannot be read at all, for tests of what is set aside."""

from adlake.generator.clocks import hour_start
from adlake.generator.delivery import LANDING, Target
from adlake.generator.files import make_layout, write_file
from adlake.generator.outcome import Outcome
from adlake.generator.plan import Plan

OTHER_NETWORK = "21780002"


def write_broken_files(plan: Plan, target: Target, outcome: Outcome) -> None:
    """The outcome with a gzip file cut in the middle and an empty file, both in the first delivery."""
    hour = plan.hours[0]
    folder = hour_start(hour.hour).strftime("gam/%Y/%m/%d")
    layout = make_layout("NetworkRequests", is_other=False, has_unknown_column=False)
    cut = f"{folder}/NetworkRequests_{OTHER_NETWORK}_{hour.file_hour}.csv.gz"
    text = "\n".join(
        [layout.header(), *(",".join(str(n * m) for m in range(len(layout.columns))) for n in range(50)), ""]
    )
    path = target.directory / LANDING / cut
    write_file(path, text, target.now - 3600)
    path.write_bytes(path.read_bytes()[:-200])
    empty = hour_start(hour.hour).strftime("snowplow/%Y/%m/%d/%H/part-00099.tsv.gz")
    write_file(target.directory / LANDING / empty, "", target.now - 3600)
    (target.directory / LANDING / empty).write_bytes(b"")
    outcome.set_aside += [cut, empty]
