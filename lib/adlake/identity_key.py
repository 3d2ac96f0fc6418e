"""The secret that turns identifiers into keys, read from where the configuration says it is, and never shown."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from adlake.config import Config, KeyConfig
from adlake.errors import UsageError

SHORTEST_BYTES = 32
"""What HMAC-SHA256 needs for its full strength."""

_LIKE_A_KEY = re.compile(r"[A-Za-z0-9+=_-]{32,}")
_DIGITS_OF_A_KEY = 4


Store = Callable[[str], bytes]
"""Reads the secret of a name; raises LookupError when there is none."""


def read_identity_key(config: Config, env: Mapping[str, str], secrets: Store | None = None) -> bytes:
    """The key as bytes, exactly as it is kept; neither hex nor base64 is interpreted.

    One line end after the key is left out where it comes from a file, because editors and `echo` add one.

    Args:
        config: names one of file, environment variable and secret.
        env: the environment.
        secrets: None: there is no secret store.

    Raises:
        UsageError: KEY_MISSING, there is no key; KEY_TOO_SHORT, it has fewer than 32 bytes. Neither tells the key.
    """
    return _read(config.identity, "identity", env, secrets)


def read_old_keys(config: Config, env: Mapping[str, str], secrets: Store | None = None) -> dict[str, bytes]:
    """The keys of older versions, by version; each read like today's.

    Args:
        config: names them.
        env: the environment.
        secrets: None: there is no secret store.

    Raises:
        UsageError: OLD_KEYS_MISSING, the configuration names none; KEY_MISSING, KEY_TOO_SHORT.
    """
    old_keys = config.identity.old_keys
    if not old_keys:
        raise UsageError(
            "OLD_KEYS_MISSING",
            "there is no older key to link",
            where="identity.old_keys",
            found="none",
            wanted="the key_version of each older key and where its secret is",
            way_out="Give the new secret a key_version of its own, and name the old one under identity.old_keys.",
        )
    return {
        key.key_version: _read(key, f"identity.old_keys[{number}]", env, secrets) for number, key in enumerate(old_keys)
    }


def _read(key: KeyConfig, at: str, env: Mapping[str, str], secrets: Store | None) -> bytes:
    if key.key_file is not None:
        where = _place(f"{at}.key_file", key.key_file)
        found = _from_file(key.key_file, where)
    elif key.key_env is not None:
        where = _place(f"{at}.key_env", key.key_env)
        found = _from_environment(key.key_env, env, where)
    else:
        name = str(key.key_secret)
        where = _place(f"{at}.key_secret", name)
        found = _from_store(name, secrets, where)
    if len(found) < SHORTEST_BYTES:
        raise UsageError(
            "KEY_TOO_SHORT",
            "the key for identifiers is too short to be secret",
            where=where,
            found=f"{len(found)} bytes",
            wanted=f"at least {SHORTEST_BYTES} bytes of chance",
            way_out="Make one with `openssl rand -hex 32` and keep it: another key means other people.",
        )
    return found


def _place(setting: str, name: str) -> str:
    """The setting and the name in it, unless the name looks like a key that was put there by mistake."""
    last = name.rsplit("/", 1)[-1]
    like_a_key = _LIKE_A_KEY.fullmatch(last) and sum(map(str.isdigit, last)) >= _DIGITS_OF_A_KEY
    return f"{setting} {'(looks like a key itself, not shown)' if like_a_key else name}"


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


def _from_store(name: str, secrets: Store | None, where: str) -> bytes:
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
