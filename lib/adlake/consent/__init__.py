"""What people said to the use of their data: decoders of the strings in which events carry it.

Every decoder takes any text and gives either what it says or `Invalid`, which gives no permission. None decides what
may be done: that takes the rules of a place and a time.
"""

from adlake.consent.gpp import GppString, Section, decode_gpp
from adlake.consent.invalid import REASONS, Invalid, Reason
from adlake.consent.restrictions import PubRestriction, RestrictionType
from adlake.consent.tcf import PublisherTc, TcfString, decode_tcf
from adlake.consent.tcf_canada import CanadaPublisherTc, TcfCanadaString
from adlake.consent.us_privacy import UspString, decode_usp
from adlake.consent.us_sections import UsSection

__all__ = [
    "REASONS",
    "CanadaPublisherTc",
    "GppString",
    "Invalid",
    "PubRestriction",
    "PublisherTc",
    "Reason",
    "RestrictionType",
    "Section",
    "TcfCanadaString",
    "TcfString",
    "UsSection",
    "UspString",
    "decode_gpp",
    "decode_tcf",
    "decode_usp",
]
