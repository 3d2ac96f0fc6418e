"""The identity key by name, from a stand-in for AWS Secrets Manager."""

import sys

import boto3
import pytest
from conftest import make_config
from moto import mock_aws

from adlake.aws.secrets import read_secret
from adlake.errors import UsageError
from adlake.identity_key import read_identity_key
from adlake.storage import S3Options

IRELAND = S3Options(region="eu-west-1")


@pytest.fixture
def store(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield boto3.client("secretsmanager", region_name="eu-west-1")


def test_a_secret_is_read_as_text_or_as_bytes(store):
    store.create_secret(Name="adlake/text", SecretString="s" * 32)
    store.create_secret(Name="adlake/bytes", SecretBinary=b"\x00\xff" * 16)

    assert read_secret("adlake/text", IRELAND) == b"s" * 32
    assert read_secret("adlake/bytes", IRELAND) == b"\x00\xff" * 16


def test_a_missing_secret_is_named_and_refused_before_spark_starts(store, tmp_path):
    config = make_config(tmp_path, identity={"key_secret": "adlake/none"})

    with pytest.raises(UsageError) as refusal:
        read_identity_key(config, {}, lambda name: read_secret(name, IRELAND))

    assert refusal.value.condition == "KEY_MISSING"


def test_a_store_that_cannot_be_asked_says_why(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    with pytest.raises(UsageError) as refusal:
        read_secret("adlake/text", IRELAND)

    assert (refusal.value.condition, refusal.value.found) == ("SECRET_REFUSED", "NoCredentialsError")


def test_without_boto3_the_way_out_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)

    with pytest.raises(UsageError) as refusal:
        read_secret("adlake/text", IRELAND)

    assert refusal.value.condition == "NO_BOTO3"
