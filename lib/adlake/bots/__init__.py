"""What a robot's user agent looks like: a kept list of patterns, as data, and how it is renewed."""

from adlake.bots.agent_list import AgentList, Rewriting, agent_list

__all__ = ["AgentList", "Rewriting", "agent_list"]
