"""Each requirement on the quality gates is proved by tests that begin with its number: `test_q07_...`."""

import ast
import re
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parents[1]
REQUIREMENTS = {
    "q01": "the gate starts at most four Spark jobs, and ten for each rule that is asked alone",
    "q02": "input rows are good, quarantined and duplicate rows, exactly, also when Spark repeats a task",
    "q03": "no row, a missing column, a wrong type and a rule that cannot run are told apart, and none passes",
    "q04": "no verdict, page or log holds an identifier in clear",
    "q05": "a held batch publishes nothing, and once when its cause is mended",
    "q06": "equal input and suites give equal verdicts; suite and version are kept with them",
    "q07": "warn never blocks, quarantine loses no row, hold blocks; bounds are a share and a number of rows",
    "q08": "quarantine has a retention of its own, knows whom to erase, and is replayed once however often",
    "q09": "volume and freshness are compared with accepted runs of the weekday, and the first run passes",
    "q10": "two suites in threads give the verdicts of the sequence",
    "q11": "everything but the gate imports without Great Expectations",
    "q12": "no cached block and no temporary view is left behind",
}


def test_every_requirement_has_its_tests_and_every_number_its_requirement():
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(TESTS.rglob("*.py"))]
    names = [node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    found = Counter(name[len("test_") :][:3] for name in names if re.match("test_q[0-9]", name))
    assert sorted(found) == sorted(REQUIREMENTS)
