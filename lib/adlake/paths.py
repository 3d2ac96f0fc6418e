"""Paths as Spark's readers take them."""

import re

PATTERN_SIGNS = re.compile(r"([\[\]{}*?\\])")


def literal_path(path: str) -> str:
    """The path with every sign escaped that Hadoop would take for a pattern."""
    return PATTERN_SIGNS.sub(r"\\\1", path)
