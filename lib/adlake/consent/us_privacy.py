"""US Privacy strings, version 1: four characters such as 1YNN.

Source: IAB Tech Lab, "US Privacy String", section "US Privacy String Format"; section 6 (uspv1) of GPP.
"""

import re
from dataclasses import dataclass

from adlake.consent.bits import check_size
from adlake.consent.invalid import Invalid, Refusal

VERSION = 1
LENGTH = 4
_CHARACTERS = re.compile(r"[0-9][YN-]*")


@dataclass(frozen=True, slots=True)
class UspString:
    """A decoded US Privacy string; the answers are Y, N, and - for not applicable, as the string writes them.

    Args:
        version: 1.
        notice: notice and a chance to opt out were given.
        opt_out_sale: the person opted out of the sale of personal data.
        lspa_covered: the transaction is covered by the Limited Service Provider Agreement.
    """

    version: int
    notice: str
    opt_out_sale: str
    lspa_covered: str


def decode_usp(text: str) -> UspString | Invalid:
    """What a US Privacy string says, or why it says nothing. Raises nothing, whatever the text is.

    Args:
        text: the string as a platform writes it, without blanks around it; small letters are not accepted.
    """
    try:
        return read_usp(text)
    except Refusal as refusal:
        return Invalid(refusal.reason)


def read_usp(text: str) -> UspString:
    """What a US Privacy string says.

    Raises:
        Refusal: it cannot be trusted.
    """
    check_size(text)
    if not _CHARACTERS.fullmatch(text):
        raise Refusal("wrong_alphabet")
    if len(text) != LENGTH:
        raise Refusal("truncated" if len(text) < LENGTH else "trailing_bits")
    if int(text[0]) != VERSION:
        raise Refusal("unknown_version")
    return UspString(VERSION, *text[1:])
