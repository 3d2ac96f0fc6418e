"""Robots by their user agents: the list as Java reads it, against Python, and looked up once for each agent."""

import re
import time

import pytest
from pyspark.sql import functions as F

from adlake.bots import agent_list
from adlake.sources.agents import LONGEST_AGENT, bot_reason, is_of_robot, with_robots_known
from tests.spark.rows import assert_same, frame
from tests.unit.agents import PEOPLE, ROBOTS

ROW = "id int, useragent string, contexts string"
PERSON, ROBOT = PEOPLE[0], ROBOTS[0]
LONG = 100_000
HOSTILE = (
    "a" * LONG,
    " " * LONG,
    "a/" + "1." * LONG,
    "/1.1" * LONG,
    "@a" * LONG,
    "@" + "a-" * LONG,
    "; a" * LONG,
    "mozilla/5.0 (" + "a." * LONG,
    "\u017f\u212a" * LONG,
)


def test_every_pattern_finds_the_same_agents_in_java_and_in_python(spark):
    agents = (
        *ROBOTS,
        *PEOPLE,
        "",
        " ",
        "-",
        "Mozilla/5.0",
        "_bot_",
        "bots",
        "Xbot",
        "CUBOT",
        "robotics",
        "URL",
        "a\nb",
    )
    given = frame(spark, "agent string", [{"agent": agent} for agent in agents])
    patterns = agent_list().readable
    found = given.select("agent", F.array(*[F.col("agent").rlike("(?i)" + pattern) for pattern in patterns]).alias("f"))
    read = [re.compile(pattern, re.ASCII | re.IGNORECASE) for pattern in patterns]
    expected = {agent: [one.search(agent) is not None for one in read] for agent in agents}
    assert {row["agent"]: row["f"] for row in found.collect()} == expected


def test_known_robots_are_marked_and_people_are_not(spark):
    given = [(agent, True) for agent in ROBOTS] + [(agent, False) for agent in PEOPLE] + [("", False), (None, None)]
    values = [{"agent": agent, "wanted": wanted} for agent, wanted in given]
    known = frame(spark, "agent string, wanted boolean", values)
    wrong = known.where(~is_of_robot(F.col("agent")).eqNullSafe(F.col("wanted")))
    assert [row["agent"] for row in wrong.collect()] == []


def test_an_agent_counts_by_its_first_thousand_characters(spark):
    padded = PERSON + " " * (LONGEST_AGENT - len(PERSON) - 4)
    values = [{"agent": padded + " bot", "wanted": True}, {"agent": padded + "  bot", "wanted": False}]
    known = frame(spark, "agent string, wanted boolean", values)
    assert_same(known.select(is_of_robot(F.col("agent")).alias("wanted")), known.select("wanted"))


def test_agents_of_a_hundred_thousand_characters_cost_no_time(spark):
    given = frame(spark, "agent string", [{"agent": agent} for agent in HOSTILE]).localCheckpoint()
    given.select(is_of_robot(F.lit(ROBOT))).collect()
    began = time.process_time(), time.monotonic()
    assert len(given.select(is_of_robot(F.col("agent"))).collect()) == len(HOSTILE)
    assert time.monotonic() - began[1] < 10


ROWS = [
    # id, user agent, contexts, by what it is known
    (1, None, None, None),
    (2, "", None, None),
    (3, PERSON, None, None),
    (4, ROBOT, None, "user_agent"),
    (5, PERSON, '{"spiderOrRobot": true}', "spider_context"),
    (6, None, '{"spiderOrRobot":true}', "spider_context"),
    (7, ROBOT, '{"spiderOrRobot":true}', "spider_context"),
    (8, ROBOT, '{"spiderOrRobot":false}', "user_agent"),
    (9, PERSON, '{"spiderOrRobot":false}', None),
    (10, PERSON, '{"notSpiderOrRobot":true}', None),
    (11, ROBOT, None, "user_agent"),
]


def given_rows(spark):
    names = ("id", "useragent", "contexts")
    return frame(spark, ROW, [dict(zip(names, row, strict=False)) for row in ROWS])


def test_rows_stay_as_many_and_know_by_what_a_robot_is_known(spark):
    found = with_robots_known(given_rows(spark), F.col("useragent"))
    reasons = found.select("id", bot_reason(F.col("contexts")).alias("bot_reason"))
    expected = [{"id": row[0], "bot_reason": row[3]} for row in ROWS]
    assert_same(reasons, frame(spark, "id int, bot_reason string", expected))
    by_agent = [{"id": row[0], "bot_reason": "user_agent" if row[1] == ROBOT else None} for row in ROWS]
    assert_same(found.select("id", bot_reason().alias("bot_reason")), frame(spark, reasons.schema, by_agent))


def plan_of(rows):
    return rows._jdf.queryExecution().optimizedPlan().toString()


@pytest.mark.parametrize("name", ["useragent", "request.device.ua"])
def test_an_agent_is_matched_after_it_is_one_of_few_and_not_where_nobody_asks(spark, tmp_path, name):
    device = F.struct(F.struct(F.col("useragent").alias("ua"), "id").alias("device")).alias("request")
    given_rows(spark).select("*", device).write.parquet(str(tmp_path / "rows"))
    known = with_robots_known(spark.read.parquet(str(tmp_path / "rows")), F.col(name))
    plan = plan_of(known.where(F.col("id") > 1).select("id", bot_reason(F.col("contexts")).alias("bot_reason")))
    assert plan.count("RLIKE") == 2  # of the context, and of the agents
    lines = plan.split("\n")
    (matching,) = [number for number, line in enumerate(lines) if agent_list().pattern[:20] in line]
    assert "Aggregate" in lines[matching]
    # counts of rules, losers and the like have no use for it
    assert "Join" not in plan_of(known.where(F.col("id") > 1).groupBy("contexts").count())
