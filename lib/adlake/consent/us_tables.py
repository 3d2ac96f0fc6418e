"""The fields of the US sections of GPP, one table per section and version.

Source: Global Privacy Platform, "Sections/US-National" and "Sections/US-States", section "Core Segment" or "Core
Sub-section" of each. Every field is an Int(2), or a list of them (N-Bitfield(2, n)); before them stands one Int(6),
which is the version of the layout, in the four newest sections that of the MSPA.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Field = str | tuple[str, int]
"""Name of a field in the standard; for a list with the number of its values."""


@dataclass(frozen=True, slots=True)
class UsTable:
    """The layout of one section.

    Args:
        section_id: its number in the header of a GPP string.
        name: its prefix in the client-side API.
        layouts: of the core by version, the likeliest first; under None where the core says no version.
        sensitive_data: how many values the sub-section for sensitive data has; 0 where the sub-section is GPC.
    """

    section_id: int
    name: str
    layouts: Mapping[int | None, tuple[tuple[Field, ...], ...]]
    sensitive_data: int = 0


_MSPA = ("MspaCoveredTransaction", "MspaOptOutOptionMode", "MspaServiceProviderMode")
_SALE_AND_ADVERTISING = (
    "SaleOptOutNotice",
    "TargetedAdvertisingOptOutNotice",
    "SaleOptOut",
    "TargetedAdvertisingOptOut",
)
_CHILD = "KnownChildSensitiveDataConsents"


def _sensitive(count: int) -> tuple[str, int]:
    return "SensitiveDataProcessing", count


def _national(sensitive: int, children: int) -> tuple[Field, ...]:
    """Version 2 has room for what the states of 2024 added."""
    return (
        "SharingNotice",
        "SaleOptOutNotice",
        "SharingOptOutNotice",
        "TargetedAdvertisingOptOutNotice",
        "SensitiveDataProcessingOptOutNotice",
        "SensitiveDataLimitUseNotice",
        "SaleOptOut",
        "SharingOptOut",
        "TargetedAdvertisingOptOut",
        _sensitive(sensitive),
        (_CHILD, children),
        "PersonalDataConsents",
        *_MSPA,
    )


_CALIFORNIA: tuple[Field, ...] = (
    "SaleOptOutNotice",
    "SharingOptOutNotice",
    "SensitiveDataLimitUseNotice",
    "SaleOptOut",
    "SharingOptOut",
    _sensitive(9),
    (_CHILD, 2),
    "PersonalDataConsents",
    *_MSPA,
)
_UTAH: tuple[Field, ...] = (
    "SharingNotice",
    "SaleOptOutNotice",
    "TargetedAdvertisingOptOutNotice",
    "SensitiveDataProcessingOptOutNotice",
    "SaleOptOut",
    "TargetedAdvertisingOptOut",
    _sensitive(8),
    _CHILD,
    *_MSPA,
)
_IOWA: tuple[Field, ...] = (
    "ProcessingNotice",
    "SaleOptOutNotice",
    "TargetedAdvertisingOptOutNotice",
    "SensitiveDataOptOutNotice",
    "SaleOptOut",
    "TargetedAdvertisingOptOut",
    _sensitive(8),
    _CHILD,
    *_MSPA,
)


def _state_of_2022(sensitive: int, child: Field) -> tuple[Field, ...]:
    return ("SharingNotice", *_SALE_AND_ADVERTISING, _sensitive(sensitive), child, *_MSPA)


def _state_of_2024(sensitive: int, child: Field, notice: str = "ProcessingNotice") -> tuple[Field, ...]:
    return (
        notice,
        *_SALE_AND_ADVERTISING,
        _sensitive(sensitive),
        child,
        "AdditionalDataProcessingConsent",
        *_MSPA,
    )


def _state_of_2025(*child: Field) -> tuple[Field, ...]:
    return (
        "MspaCoveredTransaction",
        "MspaMode",
        "ProcessingNotice",
        *_SALE_AND_ADVERTISING,
        *child,
        "AdditionalDataProcessingConsent",
    )


def _tables() -> Iterator[UsTable]:
    # The reference encoders wrote the second layout for a while before they raised the version.
    first, second = _national(12, 2), _national(16, 3)
    yield UsTable(7, "usnat", {1: (first, second), 2: (second,)})
    of_version_1: dict[str, tuple[Field, ...]] = {
        "usca": _CALIFORNIA,
        "usva": _state_of_2022(8, _CHILD),
        "usco": _state_of_2022(7, _CHILD),
        "usut": _UTAH,
        "usct": _state_of_2022(8, (_CHILD, 3)),
        "usfl": _state_of_2024(8, (_CHILD, 3)),
        "usmt": _state_of_2024(8, (_CHILD, 3), "SharingNotice"),
        "usor": _state_of_2024(11, (_CHILD, 3)),
        "ustx": _state_of_2024(8, _CHILD),
        "usde": _state_of_2024(9, (_CHILD, 5)),
        "usia": _IOWA,
        "usne": _state_of_2024(8, _CHILD),
        "usnh": _state_of_2024(8, (_CHILD, 3)),
        "usnj": _state_of_2024(10, (_CHILD, 5)),
        "ustn": _state_of_2024(8, _CHILD),
        "usmn": _state_of_2024(8, _CHILD),
    }
    for section_id, (name, fields) in enumerate(of_version_1.items(), start=8):
        yield UsTable(section_id, name, {1: (fields,)})
    yield UsTable(24, "usmd", {None: (_state_of_2025(),)})
    for section_id, name in ((25, "usin"), (26, "usky"), (27, "usri")):
        yield UsTable(section_id, name, {None: (_state_of_2025(_CHILD),)}, sensitive_data=8)


US_TABLES: Mapping[int, UsTable] = {table.section_id: table for table in _tables()}
"""By section id."""
