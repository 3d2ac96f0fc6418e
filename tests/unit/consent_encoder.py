"""Consent strings written bit by bit from the standards, independently of the decoders: bits are text of 0 and 1."""

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

# name and width, as the table of "The Core String" has them
CORE_WIDTHS = {
    "Version": 6,
    "Created": 36,
    "LastUpdated": 36,
    "CmpId": 12,
    "CmpVersion": 12,
    "ConsentScreen": 6,
    "ConsentLanguage": 12,
    "VendorListVersion": 12,
    "TcfPolicyVersion": 6,
    "IsServiceSpecific": 1,
    "UseNonStandardTexts": 1,
    "SpecialFeatureOptIns": 12,
    "PurposesConsent": 24,
    "PurposesLITransparency": 24,
    "PurposeOneTreatment": 1,
    "PublisherCC": 12,
}
PLAIN = {
    "Version": 2,
    "Created": 16_000_000_000,
    "LastUpdated": 16_000_000_000,
    "CmpId": 300,
    "CmpVersion": 7,
    "ConsentScreen": 1,
    "ConsentLanguage": "EN",
    "VendorListVersion": 150,
    "TcfPolicyVersion": 4,
    "IsServiceSpecific": 1,
    "UseNonStandardTexts": 0,
    "SpecialFeatureOptIns": set(),
    "PurposesConsent": set(),
    "PurposesLITransparency": set(),
    "PurposeOneTreatment": 0,
    "PublisherCC": "DE",
}


def base64url(bits, multiple=6):
    """Filled up with zeros, first to what an encoder fills up to, then to whole characters."""
    for size in (multiple, 6):
        while len(bits) % size:
            bits += "0"
    return "".join(ALPHABET[int(bits[place : place + 6], 2)] for place in range(0, len(bits), 6))


def number(value, width):
    bits = ""
    for power in range(width - 1, -1, -1):
        bits += "1" if value & 2**power else "0"
    return bits


def letters(text):
    return "".join(number(ord(letter) - ord("A"), 6) for letter in text)


def bitfield(ids, width):
    return "".join("1" if place + 1 in ids else "0" for place in range(width))


def field(value, width):
    if isinstance(value, str):
        return letters(value)
    return bitfield(value, width) if isinstance(value, set) else number(value, width)


def groups_of(ids):
    """Runs of neighbours, ascending."""
    groups = []
    for number_ in sorted(ids):
        if groups and groups[-1][1] == number_ - 1:
            groups[-1][1] = number_
        else:
            groups.append([number_, number_])
    return groups


def entries(groups):
    bits = number(len(groups), 12)
    for first, last in groups:
        bits += "0" + number(first, 16) if first == last else "1" + number(first, 16) + number(last, 16)
    return bits


def int_range(ids):
    return entries(groups_of(ids))


def fibonacci(value):
    weights = [1, 2]
    while weights[-1] <= value:
        weights.append(weights[-1] + weights[-2])
    bits = ""
    for weight in reversed(weights):
        if weight <= value:
            value -= weight
            bits = "1" + bits
        elif bits:
            bits = "0" + bits
    return bits + "1"


def fibonacci_range(ids):
    groups = groups_of(ids)
    bits, before = number(len(groups), 12), 0
    for first, last in groups:
        bits += "0" if first == last else "1"
        bits += fibonacci(first - before)
        if first != last:
            bits += fibonacci(last - first)
        before = last
    return bits


def vendors(ids, *, as_range=False, max_id=None):
    """MaxVendorId, IsRangeEncoding, and the section."""
    highest = max(ids, default=0) if max_id is None else max_id
    return number(highest, 16) + ("1" + int_range(ids) if as_range else "0" + bitfield(ids, highest))


def restrictions(found):
    """From (purpose, type, vendors)."""
    bits = number(len(found), 12)
    for purpose, kind, ids in found:
        bits += number(purpose, 6) + number(kind, 2) + int_range(ids)
    return bits


def core_fields(**changed):
    values = PLAIN | changed
    return "".join(field(values[name], width) for name, width in CORE_WIDTHS.items())


def core(consent=(), interest=(), restricted=(), *, as_range=False, **changed):
    """The bits of a core segment."""
    return (
        core_fields(**changed)
        + vendors(set(consent), as_range=as_range)
        + vendors(set(interest), as_range=as_range)
        + restrictions(restricted)
    )


def disclosed(ids, *, as_range=False):
    return number(1, 3) + vendors(set(ids), as_range=as_range)


def publisher_tc(consent, interest, custom, custom_consent=(), custom_interest=()):
    return (
        number(3, 3)
        + bitfield(set(consent), 24)
        + bitfield(set(interest), 24)
        + number(custom, 6)
        + bitfield(set(custom_consent), custom)
        + bitfield(set(custom_interest), custom)
    )


def tc_string(*segments, multiple=8):
    return ".".join(base64url(segment, multiple) for segment in segments)


CANADA_WIDTHS = {
    "Version": 6,
    "Created": 36,
    "LastUpdated": 36,
    "CmpId": 12,
    "CmpVersion": 12,
    "ConsentScreen": 6,
    "ConsentLanguage": 12,
    "VendorListVersion": 12,
    "TcfPolicyVersion": 6,
    "UseNonStandardStacks": 1,
    "SpecialFeatureExpressConsent": 12,
    "PurposesExpressConsent": 24,
    "PurposesImpliedConsent": 24,
}
CANADA_PLAIN = PLAIN | {
    "Version": 1,
    "UseNonStandardStacks": 0,
    "SpecialFeatureExpressConsent": set(),
    "PurposesExpressConsent": set(),
    "PurposesImpliedConsent": set(),
}


def optimized_range(ids, *, as_range):
    """OptimizedRange of the standard."""
    if as_range:
        return "1" + fibonacci_range(ids)
    highest = max(ids, default=0)
    return "0" + number(highest, 16) + bitfield(ids, highest)


def optimized_range_with_max(ids, *, as_range):
    """What the reference encoder of 2026 writes instead."""
    highest = max(ids, default=0)
    return number(highest, 16) + ("1" + fibonacci_range(ids) if as_range else "0" + bitfield(ids, highest))


def int_range_alone(ids, **_):
    return int_range(ids)


# vendors, vendors of a restriction
CANADA_LAYOUTS = {
    "standard": (optimized_range, optimized_range),
    "newer": (optimized_range_with_max, optimized_range_with_max),
    "older": (vendors, int_range_alone),
}


def canada_fields(**changed):
    values = CANADA_PLAIN | changed
    return "".join(field(values[name], width) for name, width in CANADA_WIDTHS.items())


def canada(layout, express, implied, restricted, *, shown=None, publisher=None, as_range=False, **changed):
    """A TC string of Canada; shown is the disclosed vendors, publisher a segment."""
    of_vendors, of_restricted = CANADA_LAYOUTS[layout]
    bits = canada_fields(**changed)
    bits += of_vendors(set(express), as_range=as_range) + of_vendors(set(implied), as_range=as_range)
    bits += number(len(restricted), 12)
    for purpose, kind, ids in restricted:
        bits += number(purpose, 6) + number(kind, 2) + of_restricted(set(ids), as_range=as_range)
    segments = [bits]
    if publisher is not None:
        segments.append(publisher)
    if shown is not None:
        segments.append(number(1, 3) + of_vendors(set(shown), as_range=as_range))
    return tc_string(*segments)


def gpp_header(section_ids):
    return base64url(number(3, 6) + number(1, 6) + fibonacci_range(section_ids))


def gpp(sections):
    """From section ids and their texts."""
    ids = sorted(sections)
    return "~".join([gpp_header(ids), *(sections[section_id] for section_id in ids)])


def us_section(version, *answers):
    """From the version and the two-bit answers, lists of them included."""
    bits = number(version, 6)
    for answer in answers:
        for one in answer if isinstance(answer, list | tuple) else [answer]:
            bits += number(one, 2)
    return base64url(bits, 8)
