"""What an event says about consent, taken from where events of each kind say it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adlake.config.consent import ContextConfig

Path = tuple[str, ...]

REQUEST_PATHS: Mapping[str, tuple[Path, ...]] = {
    "gdpr": (("regs", "gdpr"), ("regs", "ext", "gdpr")),
    "tc_string": (("user", "consent"), ("user", "ext", "consent")),
    "gpp": (("regs", "gpp"), ("regs", "ext", "gpp")),
    "gpp_sid": (("regs", "gpp_sid"), ("regs", "ext", "gpp_sid")),
    "us_privacy": (("regs", "us_privacy"), ("regs", "ext", "us_privacy")),
    "coppa": (("regs", "coppa"),),
    "gpc": (("regs", "gpc"), ("regs", "ext", "gpc")),
    "year_of_birth": (("user", "yob"),),
}
"""Where an OpenRTB request has each signal: the place of 2.6, which counts where both are filled, then that of 2.5."""

_OFF = ("0", "false")


@dataclass(frozen=True, slots=True)
class Signals:
    """Everything that one event says, None where it does not.

    Args:
        event_at: when it happened, UTC.
        gdpr: 1 where GDPR applies, 0 where not.
        tc_string: of the TCF, as it came, without blanks around it.
        gpp: a GPP string, likewise.
        gpp_sid: the sections of it that apply.
        us_privacy: a US Privacy string, likewise.
        gpc: 1 where Global Privacy Control is set.
        coppa: 1 where COPPA applies.
        age: of the person, in years; where only the year of birth is known, the least that it may be.
    """

    event_at: datetime
    gdpr: int | None = None
    tc_string: str | None = None
    gpp: str | None = None
    gpp_sid: tuple[int, ...] | None = None
    us_privacy: str | None = None
    gpc: int | None = None
    coppa: int | None = None
    age: int | None = None


def signals_of_request(request: Mapping[str, object], event_at: datetime) -> Signals:
    """What an OpenRTB request of 2.5 or 2.6 says.

    Args:
        request: the bid request as JSON has it.
        event_at: when it was made, UTC.
    """
    found = {name: _first_filled(request, paths) for name, paths in REQUEST_PATHS.items()}
    year_of_birth = _number(found.pop("year_of_birth"))
    age = None if year_of_birth is None else event_at.year - year_of_birth - 1
    return _signals(event_at, {**found, "age": age})


def signals_of_contexts(
    contexts: Iterable[Mapping[str, object]], event_at: datetime, configured: Mapping[str, "ContextConfig"]
) -> Signals:
    """What the contexts of a clickstream event say; of several that are configured the first.

    Args:
        contexts: each with `schema`, such as iglu:com.herald/privacy/jsonschema/1-0-0, and `data`.
        event_at: when the event happened, UTC.
        configured: the fields by vendor and name of the schema.
    """
    for context in contexts:
        fields = configured.get(_name_of(context.get("schema")))
        data = context.get("data")
        if fields is not None and isinstance(data, Mapping):
            return _signals(event_at, {name: data.get(field) for name, field in fields.model_dump().items()})
    return Signals(event_at)


def signals_of_text(text: str, event_at: datetime) -> Signals:
    """What was kept as text: a JSON object of the signals, each under its name here and as the event wrote it."""
    return _signals(event_at, defaultdict(lambda: None, json.loads(text)))


def _signals(event_at: datetime, found: Mapping[str, object]) -> Signals:
    return Signals(
        event_at=event_at,
        gdpr=_flag(found["gdpr"]),
        tc_string=_text(found["tc_string"]),
        gpp=_text(found["gpp"]),
        gpp_sid=_numbers(found["gpp_sid"]),
        us_privacy=_text(found["us_privacy"]),
        gpc=_flag(found["gpc"]),
        coppa=_flag(found["coppa"]),
        age=_number(found["age"]),
    )


def _name_of(schema: object) -> str:
    """Vendor and name of a schema, of its whole address."""
    return "/".join(str(schema).removeprefix("iglu:").split("/")[:2])


def _first_filled(value: object, paths: Sequence[Path]) -> object:
    found = (_at(value, path) for path in paths)
    return next((one for one in found if one is not None and one not in ("", [])), None)


def _at(value: object, path: Path) -> object:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _text(value: object) -> str | None:
    """Text without blanks around it; anything else in its place is text as well, and no valid string."""
    return None if value is None else str(value).strip() or None


def _flag(value: object) -> int | None:
    """0 or 1; what is neither counts as 1: every flag makes things stricter."""
    text = _text(value)
    return None if text is None else int(text.lower() not in _OFF)


def _number(value: object) -> int | None:
    try:
        return int(float(str(value)))
    except (ValueError, OverflowError):
        return None


def _numbers(value: object) -> tuple[int, ...] | None:
    """Section ids, which URLs part by commas and apps by underscores; None where one of them is no number.

    A list may have become text on its way.
    """
    text = str(value).strip(" []") if value is not None and not isinstance(value, list | tuple) else None
    parts = value if isinstance(value, list | tuple) else text.replace("_", ",").split(",") if text else ()
    numbers = tuple(_number(part) for part in parts)
    return None if not numbers or None in numbers else numbers  # type: ignore[return-value]
