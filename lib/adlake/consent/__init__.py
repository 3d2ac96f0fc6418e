"""What people said to the use of their data: decoders of the strings in which events carry it, and what these permit.

A decoder takes any text and gives either what it says or `Invalid`, which gives no permission. What may be done decides
a `Policy`: a string is turned into a `Grant` once, and the grants and flags of an event into its `Decision`.
"""

from adlake.consent.basis import BASES
from adlake.consent.decision import Decision, Flags, decide, decide_event, decide_over_time
from adlake.consent.gpp import GppString, Section, decode_gpp
from adlake.consent.grants import Grant, gpp_grant, tcf_grant, usp_grant
from adlake.consent.invalid import REASONS, Invalid, Reason
from adlake.consent.policy import Policy, policy_of
from adlake.consent.restrictions import PubRestriction, RestrictionType
from adlake.consent.signals import Signals, signals_of_contexts, signals_of_request, signals_of_text
from adlake.consent.tcf import PublisherTc, TcfString, decode_tcf
from adlake.consent.tcf_canada import CanadaPublisherTc, TcfCanadaString
from adlake.consent.us_privacy import UspString, decode_usp
from adlake.consent.us_sections import UsSection

__all__ = [
    "BASES",
    "REASONS",
    "CanadaPublisherTc",
    "Decision",
    "Flags",
    "GppString",
    "Grant",
    "Invalid",
    "Policy",
    "PubRestriction",
    "PublisherTc",
    "Reason",
    "RestrictionType",
    "Section",
    "Signals",
    "TcfCanadaString",
    "TcfString",
    "UsSection",
    "UspString",
    "decide",
    "decide_event",
    "decide_over_time",
    "decode_gpp",
    "decode_tcf",
    "decode_usp",
    "gpp_grant",
    "policy_of",
    "signals_of_contexts",
    "signals_of_request",
    "signals_of_text",
    "tcf_grant",
    "usp_grant",
]
