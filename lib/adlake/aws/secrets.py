"""Secrets by name, from AWS Secrets Manager."""

from adlake.errors import UsageError
from adlake.storage import S3Options


def read_secret(name: str, options: S3Options) -> bytes:
    """The newest value of the secret, as bytes.

    Args:
        name: name or ARN; never the value.
        options: the region; the endpoint is S3's and is not used.

    Raises:
        LookupError: the store has no such secret.
        UsageError: boto3 is not installed (NO_BOTO3), or the store refuses (SECRET_REFUSED).
    """
    try:
        import boto3  # noqa: PLC0415 a local run does without it
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    except ImportError as error:
        raise UsageError(
            "NO_BOTO3", "the secret store needs boto3", way_out="Install adlake[aws], or give the key as file."
        ) from error
    try:
        client = boto3.session.Session().client("secretsmanager", region_name=options.region)
        answer = client.get_secret_value(SecretId=name)
    except ClientError as error:
        reason = error.response["Error"]["Code"]
        if reason == "ResourceNotFoundException":
            raise LookupError(name) from error
        raise _refused(reason) from error
    except BotoCoreError as error:
        raise _refused(type(error).__name__) from error
    text: str | None = answer.get("SecretString")
    return text.encode() if text is not None else bytes(answer["SecretBinary"])


def _refused(reason: str) -> UsageError:
    return UsageError(
        "SECRET_REFUSED",
        "the secret store did not give the identity key",
        where="identity.key_secret",
        found=reason,
        way_out="The role needs secretsmanager:GetSecretValue on this secret, in the region of the lake.",
    )
