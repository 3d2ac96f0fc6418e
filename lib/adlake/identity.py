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
OWN_KINDS = ("login", "crm", "email", "ppid", "domain", "network", "device", "gam_user", "pbs_user")
EID_KINDS = ("person_eid", "device_eid", "app_eid", "eid")
"""Kinds of the extended identifiers of OpenRTB: by the agent type of AdCOM 1.0 (3, 1 and 2), and of any other type."""
KINDS_BEST_FIRST = (*OWN_KINDS, *EID_KINDS)
"""Those of others come last: many are tokens that change by the day, and nobody should be called by one."""
PEOPLE_KINDS = (*OWN_KINDS[:4], "person_eid")
"""Kinds that name a person; the others name a browser or a device, or do not say."""


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

        Empty, `0`, `-1`, `null`, `optout` and all-zero values (with or without dashes) are nobody; an empty value is
        never hashed. The identifier is hashed as given: case and inner spaces count.
        """
        return F.when(names_somebody(identifier), self._keyed(F.concat(F.lit(f"{kind}:"), identifier)))

    def keys(self, named: Column, most: int) -> Column:
        """The keys of the identifiers of a row, in their order.

        Args:
            named: array of {kind, identifier}; all of them name somebody.
            most: how many there are at most.
        """
        # one expression for each: Spark takes no subquery within a function of a lambda
        each = [F.get(named, F.lit(place)) for place in range(most)]
        return F.array_compact(
            F.array(*[self._keyed(F.concat(one["kind"], F.lit(":"), one["identifier"])) for one in each])
        )

    def _keyed(self, message: Column) -> Column:
        inner, outer = self.pads.select("inner").scalar(), self.pads.select("outer").scalar()
        within = F.unhex(F.sha2(F.concat(inner, F.encode(message, "UTF-8")), 256))
        return F.concat(F.lit(f"{self.version}:"), F.sha2(F.concat(outer, within), 256))


def identity_key(spark: SparkSession, secret: bytes, version: str) -> IdentityKey:
    """The identity key of a session, from the secret (hashed first when it is longer than one block, RFC 2104 §2)."""
    block = (hashlib.sha256(secret).digest() if len(secret) > BLOCK_BYTES else secret).ljust(BLOCK_BYTES, b"\0")
    pads = (bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block))
    return IdentityKey(version, spark.createDataFrame(pa.table({"inner": [pads[0]], "outer": [pads[1]]})))


def names_somebody(identifier: Column) -> Column:
    """Whether the identifier names a user: true or false, never null."""
    trimmed = F.lower(F.trim(identifier))
    nobody = trimmed.isin("", "0", "-1", "null", "optout") | (F.translate(trimmed, "0-", "") == "")
    return identifier.isNotNull() & ~nobody
