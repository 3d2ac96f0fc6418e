"""Strings of the Global Privacy Platform: a header that names sections, and the sections, each a standard of its own.

Source: IAB Tech Lab, "Global Privacy Platform String", sections "GPP String Format" and "Header Encoding"; the section
ids are in "Section Information".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from adlake.consent.bits import bits_of, check_size
from adlake.consent.id_ranges import read_fibonacci_groups
from adlake.consent.invalid import Invalid, Reason, Refusal
from adlake.consent.tcf import TcfString, read_tcf
from adlake.consent.tcf_canada import TcfCanadaString, read_tcf_canada
from adlake.consent.us_privacy import UspString, read_usp
from adlake.consent.us_sections import UsSection, read_us_section
from adlake.consent.us_tables import US_TABLES

TYPE, VERSION = 3, 1
TCF_EU, TCF_CANADA, US_PRIVACY, US_NATIONAL = 2, 5, 6, 7

Section = TcfString | TcfCanadaString | UspString | UsSection

SECTION_NAMES: Mapping[int, str] = {
    TCF_EU: "tcfeuv2",
    TCF_CANADA: "tcfcav1",
    US_PRIVACY: "uspv1",
    **{table.section_id: table.name for table in US_TABLES.values()},
}
"""The sections that are decoded, by id, with their prefix in the client-side API."""

_READERS: Mapping[int, Callable[[str], Section]] = {
    TCF_EU: read_tcf,
    TCF_CANADA: read_tcf_canada,
    US_PRIVACY: read_usp,
    **{section_id: partial(read_us_section, table) for section_id, table in US_TABLES.items()},
}


# A section that is foreign to us, but no sign of damage: the rest of the string can be trusted. Not so another version
# where the id of the section names the version (tcfeuv2, tcfcav1, uspv1): there header and section contradict.
_FOREIGN: frozenset[Reason] = frozenset({"unknown_cmp"})
_FOREIGN_US: frozenset[Reason] = frozenset({"unknown_version", "trailing_bits"})


@dataclass(frozen=True, slots=True)
class GppString:
    """A decoded GPP string.

    Args:
        version: 1.
        section_ids: ascending, as the header names them.
        sections: one per id, in the same order; Invalid where nothing is damaged but nothing can be read either: an
            id or a layout that is not known here (unknown_section, unknown_version, trailing_bits), or unknown_cmp.
    """

    version: int
    section_ids: tuple[int, ...]
    sections: tuple[Section | Invalid, ...]

    def section(self, section_id: int) -> Section | Invalid | None:
        """The section of an id, such as one that gpp_sid names; None when the string has none."""
        return dict(zip(self.section_ids, self.sections, strict=True)).get(section_id)


def decode_gpp(text: str) -> GppString | Invalid:
    """What a GPP string says, or why it says nothing. Raises nothing, whatever the text is.

    One damaged section makes the whole string invalid: who cut or changed it may have touched the others too.

    Args:
        text: the string as a platform writes it, without blanks around it.
    """
    try:
        return read_gpp(text)
    except Refusal as refusal:
        return Invalid(refusal.reason)


def read_gpp(text: str) -> GppString:
    """What a GPP string says.

    Raises:
        Refusal: it cannot be trusted.
    """
    check_size(text)
    header, *sections = text.split("~")
    section_ids = _section_ids(header, len(sections))
    found = tuple(_section(section_id, section) for section_id, section in zip(section_ids, sections, strict=True))
    return GppString(VERSION, section_ids, found)


def _section_ids(header: str, count: int) -> tuple[int, ...]:
    bits = bits_of(header)
    if bits.take(6) != TYPE:
        raise Refusal("wrong_kind")
    if bits.take(6) != VERSION:
        raise Refusal("unknown_version")
    # Counted before they are listed: a header of ten characters can announce all 65,535 ids.
    if bits.peek(12) > count:
        raise Refusal("section_count")
    groups = read_fibonacci_groups(bits)
    bits.end()
    if sum(last - first + 1 for first, last in groups) != count:
        raise Refusal("section_count")
    return tuple(section_id for first, last in groups for section_id in range(first, last + 1))


def _section(section_id: int, text: str) -> Section | Invalid:
    reader = _READERS.get(section_id)
    if reader is None:
        return Invalid("unknown_section")
    try:
        return reader(text)
    except Refusal as refusal:
        if refusal.reason in (_FOREIGN_US if section_id in US_TABLES else _FOREIGN):
            return Invalid(refusal.reason)
        raise
