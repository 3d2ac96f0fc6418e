"""What the made-up readers say to the use of their data, in the strings and flags of the standards.

The strings are written bit by bit after the TC String Format of the TCF; those of GPP and US Privacy are few and stand
here as they are.
"""

import base64
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple
from zlib import crc32

VENDOR_NAME, VENDOR_ID = "google", 755
CONTEXT = "com.herald/privacy"
AGREED_PURPOSES, SOME_PURPOSES = tuple(range(1, 12)), (1, 7)
DECISECONDS_PER_DAY = 864_000
FIRST_DAY, FUTURE_DAY = 20_727, 20_820  # 2026-10-01, 2027-01-02
NATIONAL, NATIONAL_OPTED_OUT = "DBABL~CVQqAAAAAACA", "DBABL~CVQVAAAAAACA"
MICROS_PER_TURN = 6 * 3_600_000_000
DAY_SPREAD = 28


class Decision(NamedTuple):
    """What a word permits: storing, ads, profiles, measuring, and vendors; None where it says nothing of one; why."""

    store: bool | None
    ads: bool | None
    profile: bool | None
    measure: bool | None
    shares: tuple[str, ...] | None
    basis: str


ALL = Decision(store=True, ads=True, profile=True, measure=True, shares=(VENDOR_NAME,), basis="tcf")
MEASURED = Decision(store=True, ads=False, profile=False, measure=True, shares=(), basis="tcf")
NOTHING = Decision(store=False, ads=False, profile=False, measure=False, shares=(), basis="tcf")


@dataclass(frozen=True)
class Word:
    """What somebody says.

    Attributes:
        signals: by the names of the CMP APIs; none for nothing.
        decision: that follows from it.
        is_said: whether it is the person's own word, and not only what is known of the law.
    """

    signals: Mapping[str, Any]
    decision: Decision
    is_said: bool = True

    @cached_property
    def context(self) -> str:
        """The entity of a page event, with a comma behind it; empty for nothing."""
        data = json.dumps(self.signals, separators=(",", ":"))
        schema = f"iglu:{CONTEXT}/jsonschema/1-0-0"
        return f'{{"schema":"{schema}","data":{data}}},' if self.signals else ""


def consent_config() -> dict[str, Any]:
    """The policy, as lake.yaml says it."""
    return {"version": "demo", "vendors": {VENDOR_NAME: VENDOR_ID}, "contexts": {CONTEXT: {}}}


def word_of(cookies: Iterable[str], at: int) -> Word:
    """What the reader with these cookies says at a moment.

    Every reader has one word, but every fifth one turns back and forth between two.

    Args:
        cookies: of the reader.
        at: microseconds since the epoch.
    """
    reader = crc32("/".join(cookies).encode())
    turned = at // MICROS_PER_TURN % 2 if reader % 5 == 0 else 0
    return _word((reader >> 8) + turned, reader)


# a reader has one word or two, and many events
@lru_cache(maxsize=65_536)
def _word(number: int, reader: int) -> Word:
    return WORDS[number % len(WORDS)](reader)


def _under_gdpr(text: str, decision: Decision) -> Word:
    return Word({"gdprApplies": True, "tcString": text}, decision)


def _agreed(reader: int) -> Word:
    return _under_gdpr(tc_string(AGREED_PURPOSES, reader), ALL)


def _refused(reader: int) -> Word:
    return _under_gdpr(tc_string((), reader), NOTHING)


def _damaged(reader: int) -> Word:
    """Cut off, or without end."""
    if reader % 16:
        cut = tc_string(AGREED_PURPOSES, reader)[:24]
        return _under_gdpr(cut, NOTHING._replace(basis="invalid:truncated"))
    return _under_gdpr("C" * 10_001, NOTHING._replace(basis="invalid:oversized"))


def _from_the_future(reader: int) -> Word:
    text = tc_string(AGREED_PURPOSES, reader, FUTURE_DAY)
    return _under_gdpr(text, NOTHING._replace(basis="invalid:future"))


def _in_the_us(reader: int) -> Word:
    text, decision = (NATIONAL, ALL) if reader % 2 else (NATIONAL_OPTED_OUT, MEASURED)
    return Word({"gppString": text, "applicableSections": [7]}, decision._replace(basis="gpp:usnat"))


WORDS: Sequence[Callable[[int], Word]] = (
    _agreed,
    _refused,
    _agreed,
    lambda reader: _under_gdpr(tc_string(SOME_PURPOSES, reader), MEASURED),
    _agreed,
    _refused,
    lambda _: Word({"gdprApplies": True}, NOTHING._replace(basis="invalid:missing")),
    _damaged,
    _from_the_future,
    lambda _: Word({"uspString": "1YNN"}, ALL._replace(basis="us_privacy")),
    lambda _: Word({"uspString": "1YYN"}, MEASURED._replace(basis="us_privacy")),
    lambda _: Word({"uspString": "1YNN", "globalPrivacyControl": True}, MEASURED._replace(basis="gpc")),
    _in_the_us,
    lambda _: Word({"gdprApplies": False}, ALL._replace(basis="no_law"), is_said=False),
    lambda _: Word({"gdprApplies": False, "coppa": True}, MEASURED._replace(basis="coppa")),
    lambda _: Word({}, NOTHING._replace(basis="no_signal"), is_said=False),
)
"""What the standards make of each, by hand."""


def tc_string(purposes: Iterable[int], reader: int, day: int | None = None) -> str:
    """A TC string of TCF 2.3 with consent to purposes and, where there are any, to the one vendor, who was shown.

    Args:
        purposes: agreed to.
        reader: a number that makes it differ from those of other readers.
        day: since the epoch, on which it was given; by default one of four weeks.
    """
    agreed = frozenset(purposes)
    given = (FIRST_DAY + reader % DAY_SPREAD if day is None else day) * DECISECONDS_PER_DAY
    vendor = f"{VENDOR_ID:016b}0" + "".join("1" if number == VENDOR_ID else "0" for number in range(1, VENDOR_ID + 1))
    nobody = f"{0:016b}0"
    core = (
        f"{2:06b}{given:036b}{given:036b}{300:012b}{reader >> 20:012b}{reader & 63:06b}{_letters('DE')}"
        f"{200:012b}{5:06b}10{0:012b}{_bits(agreed, 24)}{0:024b}0{_letters('DE')}"
        f"{vendor if agreed else nobody}{nobody}{0:012b}"
    )
    return f"{_base64url(core)}.{_base64url(f'{1:03b}{vendor}')}"


def _letters(code: str) -> str:
    return "".join(f"{ord(letter) - ord('A'):06b}" for letter in code)


def _bits(numbers: frozenset[int], width: int) -> str:
    return "".join("1" if number in numbers else "0" for number in range(1, width + 1))


def _base64url(bits: str) -> str:
    whole = bits + "0" * (-len(bits) % 8)
    return base64.urlsafe_b64encode(int(whole, 2).to_bytes(len(whole) // 8, "big")).decode().rstrip("=")
