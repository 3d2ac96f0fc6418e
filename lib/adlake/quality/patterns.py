"""Whether Java can read a pattern, told without Java.

Patterns are read by Java's `java.util.regex` (17), which refuses one only when it meets the first row. Python's `re`
stands in for it: what both read alike may stand in a suite, beside some of what Java alone has.
"""

import re

WANTED = "a pattern that Java and Python both read, \\z, \\h, \\R and \\p{...} of Java's own among them"
ESCAPE = re.compile(r"\\(?:[pP](?:\{\w+\}|.)|.)", re.DOTALL)
# what Python has for what Java alone has; \p{...} is any class of characters
STAND_INS = {r"\z": r"\Z", r"\h": r"\s", r"\R": r"\s"}
# an octal number begins with 0 in Java and needs none in Python; \U and \N name characters in Python alone
OF_PYTHON = frozenset({r"\0", r"\U", r"\N"})
CHARACTERS = re.compile(r"\[\^?\]?[^\]]*\]")
GROUP = re.compile(r"\(\?(?!:|=|!|<=|<!|>|[imsx]*(?:-[imsx]+)?[:)])")
BRACE = re.compile(r"\{(?!\d+(?:,\d*)?\})")


def java_pattern(text: str) -> str:
    """The text itself.

    Raises:
        ValueError: it is no pattern that Java is known to read.
    """
    escapes = ESCAPE.findall(text)
    plain = ESCAPE.sub("x", text)
    outside = CHARACTERS.sub("x", plain)
    # sets within sets, and their intersections, are Java's alone
    is_nested = any("[" in found[1:] or "&&" in found for found in CHARACTERS.findall(plain))
    if is_nested or OF_PYTHON.intersection(escapes) or GROUP.search(outside) or BRACE.search(outside):
        raise ValueError(WANTED)
    try:
        re.compile(ESCAPE.sub(_as_python_has_it, text))
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(WANTED) from error
    return text


def _as_python_has_it(escape: re.Match[str]) -> str:
    names_a_class = len(escape[0]) > len(r"\p")
    return r"\w" if names_a_class else STAND_INS.get(escape[0], escape[0])
