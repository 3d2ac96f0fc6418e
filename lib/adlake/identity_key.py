"""The secret that turns identifiers into keys, read from where the configuration says it is, and never shown."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from adlake.config import Config
from adlake.errors import UsageError

SHORTEST_BYTES = 32
"""What HMAC-SHA256 needs for its full strength."""

_LIKE_A_KEY = re.compile(r"[A-Za-z0-9+=_-]{32,}")
_DIGITS_OF_A_KEY = 4


def read_identity_key(config: Config, env: Mapping[str, str], secrets: Callable[[str], bytes] | None = None) -> bytes:
    """The key as bytes, exactly as it is kept; neither hex nor base64 is interpreted.

    One line end after the key is left out where it comes from a file, because editors and `echo` add one.

    Args:
        config: names one of file, environment variable and secret.
        env: the environment.
        secrets: reads the secret of a name; raises LookupError when there is none. None: there is no secret store.

    Raises:
        UsageError: KEY_MISSING, there is no key; KEY_TOO_SHORT, it has fewer than 32 bytes. Neither tells the key.
    """
    identity = config.identity
    if identity.key_file is not None:
        where = _place("key_file", identity.key_file)
        key = _from_file(identity.key_file, where)
    elif identity.key_env is not None:
        where = _place("key_env", identity.key_env)
        key = _from_environment(identity.key_env, env, where)
    else:
        name = str(identity.key_secret)
        where = _place("key_secret", name)
        key = _from_store(name, secrets, where)
    if len(key) < SHORTEST_BYTES:
        raise UsageError(
            "KEY_TOO_SHORT",
            "the key for identifiers is too short to be secret",
            where=where,
            found=f"{len(key)} bytes",
            wanted=f"at least {SHORTEST_BYTES} bytes of chance",
            way_out="Make one with `openssl rand -hex 32` and keep it: another key means other people.",
        )
    return key


def _place(setting: str, name: str) -> str:
    """The setting and the name in it, unless the name looks like a key that was put there by mistake."""
    last = name.rsplit("/", 1)[-1]
    like_a_key = _LIKE_A_KEY.fullmatch(last) and sum(map(str.isdigit, last)) >= _DIGITS_OF_A_KEY
    return f"identity.{setting} {'(looks like a key itself, not shown)' if like_a_key else name}"


def _from_file(path: str, where: str) -> bytes:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        # The system's own error repeats the path.
        raise _missing(where, error.strerror or type(error).__name__) from None
    for line_end in (b"\r\n", b"\n"):
        if content.endswith(line_end):
            return content.removesuffix(line_end)
    return content


def _from_environment(name: str, env: Mapping[str, str], where: str) -> bytes:
    if name not in env:
        raise _missing(where, "no such variable")
    # What Python could not decode when it read the environment becomes the same bytes again.
    return env[name].encode("utf-8", "surrogateescape")


def _from_store(name: str, secrets: Callable[[str], bytes] | None, where: str) -> bytes:
    if secrets is None:
        raise _missing(where, "no secret store here")
    try:
        return secrets(name)
    except LookupError:
        raise _missing(where, "no such secret") from None


def _missing(where: str, found: str) -> UsageError:
    return UsageError(
        "KEY_MISSING",
        "the key for identifiers cannot be read",
        where=where,
        found=found,
        wanted=f"a secret of at least {SHORTEST_BYTES} bytes",
        way_out="Make one with `openssl rand -hex 32`, put it there, and keep it: another key means other people.",
    )
