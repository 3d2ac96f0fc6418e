"""The key for identifiers is read byte for byte from where the configuration says, and never shown."""

import traceback

import pytest

from adlake.config import Config, IdentityConfig, KeyConfig
from adlake.errors import UsageError
from adlake.identity_key import read_identity_key, read_old_keys
from adlake.wish import DoneRotation

KEY = b"0123456789abcdef0123456789abcdef"


def config(**identity):
    return Config(
        lake="/lake",
        landing="/landing",
        tenant="acme",
        network_time_zone="UTC",
        identity=IdentityConfig(**identity),
    )


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (KEY, KEY),
        (KEY + b"\n", KEY),
        (KEY + b"\r\n", KEY),
        (KEY + b"\n\n", KEY + b"\n"),
        (KEY + b"\r", KEY + b"\r"),
        (KEY + b" ", KEY + b" "),
        (b"\n" + KEY, b"\n" + KEY),
        (bytes(range(64)), bytes(range(64))),
        (KEY.hex().encode(), KEY.hex().encode()),
    ],
    ids=["bare", "line end", "windows line end", "only one", "no line end", "space", "first", "binary", "hex stays"],
)
def test_a_file_is_the_key_but_for_one_line_end(tmp_path, content, key):
    path = tmp_path / "identity.key"
    path.write_bytes(content)
    assert read_identity_key(config(key_file=str(path)), {}) == key


def test_a_variable_is_the_key_as_it_is():
    env = {"ADLAKE_KEY": KEY.decode() + "\n", "OTHER": "x" * 40}
    assert read_identity_key(config(key_env="ADLAKE_KEY"), env) == KEY + b"\n"


def test_a_variable_with_bytes_that_are_no_text_gives_them_back():
    raw = KEY + b"\xff\xfe"
    env = {"ADLAKE_KEY": raw.decode("utf-8", "surrogateescape")}
    assert read_identity_key(config(key_env="ADLAKE_KEY"), env) == raw


def test_a_secret_is_asked_for_by_its_name():
    assert read_identity_key(config(key_secret="prod/identity"), {}, {"prod/identity": KEY}.__getitem__) == KEY


@pytest.mark.parametrize("length", [0, 1, 31])
def test_a_short_key_is_refused_by_its_length_alone(length):
    short = "hush" * 8
    with pytest.raises(UsageError) as caught:
        read_identity_key(config(key_env="ADLAKE_KEY"), {"ADLAKE_KEY": short[:length]})
    assert caught.value.condition == "KEY_TOO_SHORT"
    assert caught.value.where == "identity.key_env ADLAKE_KEY"
    assert caught.value.found == f"{length} bytes"
    assert "hush" not in str(caught.value)


def test_the_line_end_does_not_make_a_key_long_enough(tmp_path):
    path = tmp_path / "identity.key"
    path.write_bytes(KEY[:31] + b"\n")
    with pytest.raises(UsageError) as caught:
        read_identity_key(config(key_file=str(path)), {})
    assert (caught.value.condition, caught.value.found) == ("KEY_TOO_SHORT", "31 bytes")


def test_thirty_two_bytes_are_enough_and_bytes_count_not_letters():
    assert len(read_identity_key(config(key_env="ADLAKE_KEY"), {"ADLAKE_KEY": "ü" * 16})) == 32


@pytest.mark.parametrize(
    ("identity", "secrets", "found"),
    [
        ({"key_file": "/no/such/identity.key"}, None, "No such file or directory"),
        ({"key_file": "/"}, None, "Is a directory"),
        ({"key_env": "ADLAKE_KEY"}, None, "no such variable"),
        ({"key_secret": "prod/identity"}, None, "no secret store here"),
        ({"key_secret": "prod/identity"}, {}.__getitem__, "no such secret"),
    ],
)
def test_a_missing_key_says_where_it_was_looked_for(identity, secrets, found):
    with pytest.raises(UsageError) as caught:
        read_identity_key(config(**identity), {}, secrets)
    (setting, name), *_ = identity.items()
    assert caught.value.condition == "KEY_MISSING"
    assert caught.value.exit_code == 2
    assert caught.value.where == f"identity.{setting} {name}"
    assert caught.value.found == found


@pytest.mark.parametrize(
    "identity",
    [
        {"key_env": "c0ffee0123456789abcdef0123456789"},
        {"key_secret": "c0ffee+123456789abcdef0123456789=="},
        {"key_file": "/etc/adlake/c0ffee0123456789abcdef0123456789"},
    ],
)
def test_a_key_in_the_place_of_its_name_is_not_shown(identity):
    with pytest.raises(UsageError) as caught:
        read_identity_key(config(**identity), {})
    assert caught.value.condition == "KEY_MISSING"
    assert "c0ffee" not in str(caught.value)
    # What a log prints of an error includes what it came from, but no lines of this file.
    chain = "".join(traceback.TracebackException.from_exception(caught.value, limit=0).format())
    assert "KEY_MISSING" in chain
    assert "c0ffee" not in chain


def test_a_long_name_of_words_is_shown():
    name = "ADLAKE_PRODUCTION_IDENTITY_KEY_FOR_THE_ACME_TENANT"
    with pytest.raises(UsageError) as caught:
        read_identity_key(config(key_env=name), {})
    assert caught.value.where == f"identity.key_env {name}"


def old_key(version, **place):
    return KeyConfig(key_version=version, **place)


def test_keys_of_older_versions_are_read_each_from_its_place(tmp_path):
    path = tmp_path / "old.key"
    path.write_bytes(KEY + b"\n")
    older = (old_key("k1", key_file=str(path)), old_key("k2", key_env="OLD_KEY"))
    found = read_old_keys(config(key_env="NEW_KEY", key_version="k3", old_keys=older), {"OLD_KEY": "y" * 32})
    assert found == {"k1": KEY, "k2": b"y" * 32}


@pytest.mark.parametrize(
    ("older", "condition", "where"),
    [
        ((), "OLD_KEYS_MISSING", "identity.old_keys"),
        ((old_key("k1", key_env="SHORT"),), "KEY_TOO_SHORT", "identity.old_keys[0].key_env SHORT"),
        (
            (old_key("k0", key_env="LONG"), old_key("k1", key_env="GONE")),
            "KEY_MISSING",
            "identity.old_keys[1].key_env GONE",
        ),
    ],
)
def test_a_missing_or_short_older_key_is_refused_with_its_place(older, condition, where):
    env = {"SHORT": "s" * 31, "LONG": "l" * 32}
    with pytest.raises(UsageError) as raised:
        read_old_keys(config(key_env="LONG", key_version="k2", old_keys=older), env)
    assert (raised.value.condition, raised.value.where) == (condition, where)
    assert "sss" not in str(raised.value)


def test_two_keys_of_one_version_are_refused():
    with pytest.raises(ValueError, match="a key_version of its own for each key"):
        config(key_env="A", key_version="k1", old_keys=(old_key("k1", key_env="B"),))


@pytest.mark.parametrize(
    ("how", "line"),
    [
        ({"is_dry": True}, "k1, k2 to k3: 5 would be linked (domain: 3, login: 2)"),
        ({"is_dry": False}, "k1, k2 to k3: 5 linked (domain: 3, login: 2)"),
        ({"is_dry": False, "is_held": True}, "k1, k2 to k3: 5 held by the gate (domain: 3, login: 2)"),
    ],
)
def test_a_rotation_is_told_in_one_line(how, line):
    assert str(DoneRotation(("k1", "k2"), "k3", {"domain": 3, "login": 2}, **how)) == line
