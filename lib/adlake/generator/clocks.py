"""Times as the sources write them, from whole numbers since the epoch."""

import random
from binascii import b2a_base64
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

MICROS_PER_HOUR = 3_600_000_000
MICROS_PER_DAY = 24 * MICROS_PER_HOUR
MILLIS_PER_HOUR = 3_600_000
MICROS = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PACIFIC = ZoneInfo("America/Los_Angeles")
NETWORK_ZONE_NAME = "Europe/Berlin"
_NETWORK_ZONE = ZoneInfo(NETWORK_ZONE_NAME)
MINUTE_AND_SECOND = tuple(f"{second // 60:02d}:{second % 60:02d}" for second in range(3600))


def stream(*parts: object) -> random.Random:
    """A source of random numbers that depends on nothing but the parts."""
    return random.Random(":".join(map(str, parts)))  # noqa: S311 made-up data, no secrets


def hour_start(hour: int) -> datetime:
    """The UTC instant at which an hour since the epoch begins."""
    return EPOCH + timedelta(hours=hour)


@cache
def _network_hour(hour: int) -> str:
    return hour_start(hour).astimezone(_NETWORK_ZONE).strftime("%Y-%m-%d-%H:")


def network_time(micros: int) -> str:
    """`Time` of the ad server: the network's own clock, without offset (a dash stands before the hour)."""
    hour, rest = divmod(micros, MICROS_PER_HOUR)
    return _network_hour(hour) + MINUTE_AND_SECOND[rest // MICROS]


@cache
def _utc_hour(hour: int) -> str:
    return hour_start(hour).strftime("%Y-%m-%d %H:")


def snowplow_time(millis: int) -> str:
    """A `*_tstamp` of Snowplow: UTC with milliseconds."""
    hour, rest = divmod(millis, MILLIS_PER_HOUR)
    return f"{_utc_hour(hour)}{MINUTE_AND_SECOND[rest // 1000]}.{rest % 1000:03d}"


@cache
def _iso_hour(hour: int) -> str:
    return hour_start(hour).strftime("%Y-%m-%dT%H:")


def iso_micros(micros: int) -> str:
    """A UTC instant with microseconds, such as `2026-11-01T08:00:00.000000Z`."""
    hour, rest = divmod(micros, MICROS_PER_HOUR)
    return f"{_iso_hour(hour)}{MINUTE_AND_SECOND[rest // MICROS]}.{rest % MICROS:06d}Z"


@cache
def iso_day(day: int) -> str:
    """The date of a day since the epoch."""
    return (EPOCH + timedelta(days=day)).strftime("%Y-%m-%d")


class Keys:
    """Nine-character keys that never repeat, whichever stream makes them.

    Args:
        number: of the stream; every stream of a run has its own.
    """

    # Odd, so multiplying scatters the keys of 54 bits without ever letting two meet.
    _SCATTER = 5_318_276_094_781_603
    _SPACE = 1 << 54
    _PER_STREAM = 1 << 26

    def __init__(self, number: int) -> None:
        self._next = number * self._PER_STREAM

    def take(self) -> str:
        """The next key."""
        self._next += 1
        return b2a_base64((self._next * self._SCATTER % self._SPACE << 2).to_bytes(7, "big"))[:9].decode()
