"""What people said to the use of their data: decoders of the strings in which events carry it.

Every decoder takes any text and gives either what it says or `Invalid`, which gives no permission. None decides what
may be done: that takes the rules of a place and a time.
"""

from adlake.consent.invalid import REASONS, Invalid, Reason
from adlake.consent.restrictions import PubRestriction, RestrictionType
from adlake.consent.tcf import PublisherTc, TcfString, decode_tcf
from adlake.consent.us_privacy import UspString, decode_usp

__all__ = [
    "REASONS",
    "Invalid",
    "PubRestriction",
    "PublisherTc",
    "Reason",
    "RestrictionType",
    "TcfString",
    "UspString",
    "decode_tcf",
    "decode_usp",
]
