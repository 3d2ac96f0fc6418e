"""Keys are HMAC-SHA256 as everybody else computes it, nobody gets none, and the secret is nowhere to be read."""

import base64

import pytest
from pyspark.sql import functions as F

from adlake.identity import KINDS_BEST_FIRST, identity_key, names_somebody
from tests.event_log import event_log
from tests.spark.rows import assert_same, frame, key_of

# 64 bytes are one block of SHA-256: longer secrets are hashed first
SECRETS = ["0123456789abcdef" * 2, "x" * 63 + "y", "s" * 65, "long secret, with spaces and ümläuts " * 6]
SOMEBODY = [
    *(
        "a",
        "A",
        "AMsySZZ8lVrWkVUqvYHOLj",
        "user@example.org",
        "6f1c3b0e-0000-4000-8000-000000000000",
        "1",
        "-10",
        "00x",
    ),
    *(
        " a",
        "a ",
        "a b",
        "nullable",
        "nil",
        "0x0",
        "Jürgen",
        "日本",
        "😀",
        "a\tb",
        "l" * 63,
        "l" * 64,
        "l" * 500,
        "k1:a",
    ),
    *("'", '"', "\\", "a:b", "-1-1", "NaN", "false", "é"),
]
NOBODY = [
    *(None, "", " ", "   ", "0", "-1", " 0 ", " -1", "null", "Null", "NULL", " Null ", "00", "000000", "-", "--"),
    *("00000000-0000-0000-0000-000000000000", "00000000000000000000000000000000", " 0-0 ", "0-"),
    *("optout", "OPTOUT", " OptOut "),
]
KINDS = ("login", "crm", "email", "ppid", "domain", "network", "device", "gam_user", "pbs_user")
KINDS += ("person_eid", "device_eid", "app_eid", "eid")
MODES = ("simple", "extended", "codegen", "cost", "formatted")


@pytest.fixture
def people(spark):
    """Identifiers that name somebody and such that name nobody."""
    return frame(spark, "identifier string", [{"identifier": text} for text in (*SOMEBODY, *NOBODY)])


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: f"{len(secret.encode())} bytes")
def test_keys_are_those_of_pythons_hmac(spark, people, secret):
    identity = identity_key(spark, secret.encode(), "k7")
    keys = people.select("identifier", *[identity.key(kind, F.col("identifier")).alias(kind) for kind in KINDS])
    schema = ", ".join(f"{name} string" for name in ("identifier", *KINDS))
    expected = [{"identifier": text} for text in NOBODY]
    expected += [{"identifier": text} | {kind: key_of(kind, text, secret, "k7") for kind in KINDS} for text in SOMEBODY]
    assert_same(keys, frame(spark, schema, expected))


def test_keys_of_several_are_those_of_each_in_their_order(spark):
    identifiers = [{"kind": kind, "identifier": text} for kind in KINDS[-2:] for text in SOMEBODY]
    named = frame(spark, "named array<struct<kind:string,identifier:string>>", [{"named": identifiers}, {"named": []}])
    found = named.select(
        identity_key(spark, SECRETS[0].encode(), "k7").keys(F.col("named"), len(identifiers)).alias("keys")
    )
    keys = [key_of(one["kind"], one["identifier"], SECRETS[0], "k7") for one in identifiers]
    assert_same(found, frame(spark, "keys array<string>", [{"keys": keys}, {"keys": []}]))


def test_the_kinds_are_ranked_from_the_best():
    assert KINDS_BEST_FIRST == KINDS


def test_a_known_key_does_not_change(spark):
    # made with openssl: printf 'login:max' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
    identity = identity_key(spark, b"0123456789abcdef0123456789abcdef", "k1")
    found = frame(spark, "user_id string", [{"user_id": "max"}]).select(identity.key("login", F.col("user_id")))
    assert found.head()[0] == "k1:eae982a17b259671c81ad3546657a08dcaa929a80794e7b0b8b37856b52f0ad3"


def test_naming_somebody_is_true_or_false_and_never_null(spark, people):
    expected = [{"identifier": text, "somebody": True} for text in SOMEBODY]
    expected += [{"identifier": text, "somebody": False} for text in NOBODY]
    said = people.select("identifier", names_somebody(F.col("identifier")).alias("somebody"))
    assert_same(said, frame(spark, "identifier string, somebody boolean", expected))


HIDDEN = "Qz7+kW/9vLr2_xT8-hN4bY6sGd1mJc3P"
BLOCK = HIDDEN.encode().ljust(64, b"\0")
PADS = [bytes(byte ^ mask for byte in BLOCK) for mask in (0x36, 0x5C)]


def traces_in(text):
    """Forms of the secret or its pads that the text holds, whole or cut: all printers start from the front."""
    forms = {}
    for name, value in {"secret": HIDDEN.encode(), "inner": PADS[0], "outer": PADS[1]}.items():
        start = value[:9]
        signed = [byte - 256 if byte > 127 else byte for byte in start]
        forms |= {
            f"{name} as text": start.decode("latin-1"),
            f"{name} as hex": start.hex(),
            f"{name} as HEX": start.hex().upper(),
            f"{name} as spaced hex": start.hex(" ").upper(),
            f"{name} as base64": base64.b64encode(start).decode(),
            f"{name} as url base64": base64.urlsafe_b64encode(start).decode(),
            f"{name} as bytes": ", ".join(map(str, signed)),
            f"{name} as packed bytes": ",".join(map(str, signed)),
        }
    return sorted(name for name, form in forms.items() if form in text)


def plans_of(rows):
    """Everything that Spark tells of a frame's plan."""
    execution, session = rows._jdf.queryExecution(), rows.sparkSession
    told = [session._jvm.PythonSQLUtils.explainString(execution, mode) for mode in MODES]
    return "\n".join([*told, execution.toString(), execution.optimizedPlan().toString()])


@pytest.fixture
def keyed(spark):
    """Keys made with the hidden secret, in a plan with a shuffle, so that it runs as a job of several stages."""
    identity = identity_key(spark, HIDDEN.encode(), "k1")
    people = spark.range(20).select(F.concat(F.lit("user"), F.col("id")).alias("user_id")).repartition(2)
    return people.select(identity.key("login", F.col("user_id")).alias("key")).groupBy("key").count()


def test_no_plan_shows_the_secret(spark, keyed):
    before = plans_of(keyed)
    assert {row["key"] for row in keyed.collect()} == {key_of("login", f"user{n}", HIDDEN) for n in range(20)}
    after = plans_of(keyed)
    assert "login:" in before
    assert "GeneratedIterator" in after
    assert traces_in(before) == traces_in(after) == []


def test_a_secret_written_into_a_plan_would_be_found(spark):
    for value, found in ((PADS[0], "inner as HEX"), (HIDDEN, "secret as text"), (bytearray(BLOCK), "secret as HEX")):
        plan = plans_of(spark.range(1).select(F.sha2(F.concat(F.lit(value), F.encode(F.lit("x"), "UTF-8")), 256)))
        assert found in traces_in(plan)


def test_no_event_log_shows_the_secret(spark, keyed, tmp_path):
    with event_log(spark, tmp_path / "events") as lines:
        keyed.collect()
        keyed.write.format("delta").save(str(tmp_path / "keys"))
    log = "\n".join(lines)
    assert '"Event":"org.apache.spark.sql.execution.ui.SparkListenerSQLExecutionStart"' in log
    assert "login:" in log
    assert traces_in(log) == []
