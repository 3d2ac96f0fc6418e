"""The US sections of GPP: what a person in one state, or under the national approach, opted out of."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from adlake.consent.bits import Bits, bits_of, check_size
from adlake.consent.invalid import Refusal
from adlake.consent.us_tables import Field, UsTable

NOT_APPLICABLE = 0
OPTED_OUT, DID_NOT_OPT_OUT = 1, 2
NO_CONSENT, CONSENT = 1, 2
"""Notices and modes are 1 for yes and 2 for no; mspa_mode is 1 for opt-out option, 2 for service provider."""

HEADER_VERSION = 1
GPC = 1
"""SubsectionType of the sub-section for Global Privacy Control."""

_UNDEFINED = 3
# A single answer in some sections, a list in others: one form for all is easier to ask.
_LISTS = frozenset({"sensitive_data_processing", "known_child_sensitive_data_consents"})

Answers = tuple[int, ...]


def attribute_of(field: str) -> str:
    """The attribute of a section that holds a field of the standard, such as sale_opt_out for SaleOptOut."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", field).lower()


@dataclass(frozen=True, slots=True)
class UsSection:
    """A decoded US section: all fields that any of them has, named as in the standard.

    A value is 0, 1 or 2 as the constants of this module say. A field is None when the section has none of that name, or
    the string lacks the sub-section that it stands in.

    Args:
        name: prefix of the section in the client-side API, such as usnat.
        version: of the layout; None in sections that say only the version of the MSPA.
        mspa_version: of the Multi-State Privacy Agreement.
        sensitive_data_processing: consents, one per category in the order of the section.
        known_child_sensitive_data_consents: consents, one per age group in the order of the section.
        gpc: Global Privacy Control was set in the browser.
    """

    name: str
    version: int | None = None
    mspa_version: int | None = None
    sharing_notice: int | None = None
    processing_notice: int | None = None
    sale_opt_out_notice: int | None = None
    sharing_opt_out_notice: int | None = None
    targeted_advertising_opt_out_notice: int | None = None
    sensitive_data_processing_opt_out_notice: int | None = None
    sensitive_data_opt_out_notice: int | None = None
    sensitive_data_limit_use_notice: int | None = None
    sale_opt_out: int | None = None
    sharing_opt_out: int | None = None
    targeted_advertising_opt_out: int | None = None
    known_child_sensitive_data_consents: Answers | None = None
    personal_data_consents: int | None = None
    additional_data_processing_consent: int | None = None
    mspa_covered_transaction: int | None = None
    mspa_opt_out_option_mode: int | None = None
    mspa_service_provider_mode: int | None = None
    mspa_mode: int | None = None
    sensitive_data_processing: Answers | None = None
    gpc: bool | None = None


def read_us_section(table: UsTable, text: str) -> UsSection:
    """What a US section says.

    The four newest sections begin, by the standard, with a header segment; the reference encoders leave it out, and
    the ids in it (from 0 on) have no Fibonacci code. So it may be there, is checked as far as it can be, and the
    segments behind it are told by their order, which the standard fixes.

    A sub-section for GPC is read behind every core but those with sensitive data: Section Information, "Reusable
    Subsections", lets any section carry it, and what it can add is an opt-out.

    Raises:
        Refusal: it cannot be trusted.
    """
    check_size(text)
    segments = [bits_of(segment) for segment in text.split(".")]
    if None in table.layouts and segments[0].peek(6) == table.section_id:
        _check_header(segments.pop(0))
    if not segments:
        raise Refusal("truncated")
    core, *others = segments
    if len(others) > 1:
        raise Refusal("unknown_segment")
    found = _core(table, core)
    for segment in others:
        found |= _sensitive_data(segment, table.sensitive_data) if table.sensitive_data else _gpc(segment)
    return UsSection(table.name, **found)


def _check_header(bits: Bits) -> None:
    """SectionID, Version and SubSections of the section header."""
    bits.take(6)
    if bits.take(6) != HEADER_VERSION:
        raise Refusal("unknown_version")


def _core(table: UsTable, bits: Bits) -> dict[str, Any]:
    version = bits.take(6)
    has_version = None not in table.layouts
    layouts = table.layouts.get(version if has_version else None)
    if layouts is None:
        raise Refusal("unknown_version")
    found: dict[str, Any] = {"version" if has_version else "mspa_version": version}
    for fields in layouts[:-1]:
        try:
            return found | _answers(fields, Bits(bits.value, bits.left))
        except Refusal as refusal:
            # a shorter layout of the same version leaves bits over
            if refusal.reason != "trailing_bits":
                raise
    return found | _answers(layouts[-1], bits)


def _sensitive_data(bits: Bits, count: int) -> dict[str, Any]:
    return _answers((("SensitiveDataProcessing", count),), bits)


def _gpc(bits: Bits) -> dict[str, Any]:
    subsection_type, gpc = divmod(bits.take(3), 2)
    if subsection_type != GPC:
        raise Refusal("unknown_segment")
    bits.end()
    return {"gpc": bool(gpc)}


def _answers(fields: tuple[Field, ...], bits: Bits) -> dict[str, Any]:
    """Two-bit answers to the end of a segment, by attribute."""
    plan = _plan(fields)
    count = sum(count for _, count in plan)
    word = bits.take(2 * count)
    answers = [word >> place & 3 for place in range(2 * count - 2, -1, -2)]
    if _UNDEFINED in answers:
        raise Refusal("value_undefined")
    bits.end()
    found: dict[str, Any] = {}
    place = 0
    for attribute, count in plan:
        found[attribute] = tuple(answers[place : place + count]) if attribute in _LISTS else answers[place]
        place += count
    return found


@cache
def _plan(fields: tuple[Field, ...]) -> list[tuple[str, int]]:
    """Attribute and number of answers of each field."""
    return [
        (attribute_of(field), 1) if isinstance(field, str) else (attribute_of(field[0]), field[1]) for field in fields
    ]
