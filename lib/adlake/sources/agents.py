"""Whether a row came from a robot, and by what it is known: the entity of the enrichment, or the user agent.

A list of some 200 patterns costs 0.2 ms an agent, and a batch names few agents very often: they are matched once each,
and rows find the answer by a join (docs/decisions/0014-bot-patterns.md has the numbers).
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from adlake.bots import agent_list

SPIDER_CONTEXT, USER_AGENT = "spider_context", "user_agent"
# The IAB's list, as Snowplow's enrichment asks it (iglu:com.iab.snowplow/spiders_and_robots).
SPIDER = r'"spiderOrRobot"\s*:\s*true'
# as long as an agent in Snowplow's own tables; what comes behind only costs time and memory
LONGEST_AGENT = 1000
IS_OF_ROBOT = "__is_of_robot"
AGENT = "__agent"


def with_robots_known(rows: DataFrame, agent: Column) -> DataFrame:
    """The rows with `__is_of_robot`: whether the list knows their user agent for one of a robot; null without an agent.

    The answer is a column that must not be filtered by: Spark would look agents up before it has each of them once.
    """
    agents = rows.select(_beginning(agent).alias(AGENT)).distinct()
    known = agents.select(AGENT, is_of_robot(F.col(AGENT)).alias(IS_OF_ROBOT))
    return rows.join(F.broadcast(known), _beginning(agent) == F.col(AGENT), "left").drop(AGENT)


def is_of_robot(agent: Column) -> Column:
    """Whether one of the patterns is found in the beginning of a user agent; null for null."""
    return _beginning(agent).rlike(agent_list().pattern)


def _beginning(agent: Column) -> Column:
    return F.substring(agent, 1, LONGEST_AGENT)


def bot_reason(contexts: Column | None = None) -> Column:
    """By what a row of `with_robots_known` is known for one of a robot; null when it is not.

    Args:
        contexts: JSON text with the entities that an enrichment attached; it comes before the agent.
    """
    by_agent = F.when(F.col(IS_OF_ROBOT), USER_AGENT)
    return by_agent if contexts is None else F.when(contexts.rlike(SPIDER), SPIDER_CONTEXT).otherwise(by_agent)
