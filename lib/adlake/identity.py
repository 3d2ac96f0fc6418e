"""Keyed hashes of identifiers: the only form in which an identifier leaves bronze.

HMAC-SHA256 (RFC 2104) over `kind:identifier`, made of Spark's own `sha2`. The padded keys come as a one-row frame
through scalar subqueries, so neither a plan nor an event log shows them.
"""

import hashlib
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

BLOCK_BYTES = 64
KINDS_BEST_FIRST = ("login", "crm", "email", "ppid", "domain", "network", "device", "gam_user", "pbs_user")
PEOPLE_KINDS = KINDS_BEST_FIRST[:4]
"""Kinds that name a person; the others name a browser or a device."""


@dataclass(frozen=True)
class IdentityKey:
    """The secret in the form that plans may hold, and its version.

    Attributes:
        version: prefix of every key made with it, such as `k1`.
        pads: one row: `inner` and `outer`, the key XORed with the two pads of RFC 2104.
    """

    version: str
    pads: DataFrame

    def key(self, kind: str, identifier: Column) -> Column:
        """`<version>:<64 hex digits>`, or null where the identifier names nobody.

        Empty, `0`, `-1`, `null` and all-zero values (with or without dashes) are nobody; an empty value is never
        hashed. The identifier is hashed as given: case and inner spaces count.
        """
        inner, outer = self.pads.select("inner").scalar(), self.pads.select("outer").scalar()
        message = F.encode(F.concat(F.lit(f"{kind}:"), identifier), "UTF-8")
        digest = F.sha2(F.concat(outer, F.unhex(F.sha2(F.concat(inner, message), 256))), 256)
        return F.when(names_somebody(identifier), F.concat(F.lit(f"{self.version}:"), digest))


def identity_key(spark: SparkSession, secret: bytes, version: str) -> IdentityKey:
    """The identity key of a session, from the secret (hashed first when it is longer than one block, RFC 2104 §2)."""
    block = (hashlib.sha256(secret).digest() if len(secret) > BLOCK_BYTES else secret).ljust(BLOCK_BYTES, b"\0")
    pads = (bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block))
    return IdentityKey(version, spark.createDataFrame(pa.table({"inner": [pads[0]], "outer": [pads[1]]})))


def names_somebody(identifier: Column) -> Column:
    """Whether the identifier names a user: true or false, never null."""
    trimmed = F.lower(F.trim(identifier))
    nobody = trimmed.isin("", "0", "-1", "null") | (F.translate(trimmed, "0-", "") == "")
    return identifier.isNotNull() & ~nobody
