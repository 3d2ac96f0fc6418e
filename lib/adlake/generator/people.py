"""The made-up readers: their identifiers at every source, and the devices and places they read from."""

import base64
import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from adlake.generator.clocks import stream

Fields = tuple[object, ...]
PROFILES = 384
LOGGED_IN_SHARE, OTHER_PPID_SHARE = 21, 30  # of 256
NO_COOKIE_SHARE, NO_IDENTIFIER_SHARE = 13, 4  # of 256
ODD_EVERY, ODD_PLACE = 97, 13
# Of so many readers one has a second device; some share one computer; and an account for tests is used all over.
SECOND_EVERY, FIRST_DEVICE, SECOND_DEVICE = 29, 6, 7
SHARED_EVERY, SHARED_BY = 1000, range(20, 27)
TEST_EVERY, TEST_PLACE, TEST_LOGIN = 9, 3, "qa-test"
ZERO_UUID = "00000000-0000-0000-0000-000000000000"
NOBODY = ("0", "-1", ZERO_UUID, "   ")
SEGMENTS = "1001|1002|1003|1004|1005|1006|1007|1008"

# country, code, region, city, postal code, latitude, longitude, zone, weight
COUNTRIES = (
    ("Germany", "DE", "Berlin", "Berlin", "10115", "52.52", "13.40", "Europe/Berlin", 40),
    ("Germany", "DE", "Bavaria", "Munich", "80331", "48.14", "11.58", "Europe/Berlin", 26),
    ("Austria", "AT", "Vienna", "Vienna", "1010", "48.21", "16.37", "Europe/Vienna", 14),
    ("Switzerland", "CH", "Zurich", "Zurich", "8001", "47.37", "8.54", "Europe/Zurich", 12),
    ("France", "FR", "Île-de-France", "Paris", "75001", "48.86", "2.35", "Europe/Paris", 5),
    ("United States", "US", "California", "Los Angeles", "90001", "34.05", "-118.24", "America/Los_Angeles", 5),
    ("Null", "", "Null", "", "", "", "", "", 2),
)

# category, tracker's type, is mobile, browser, family, os, version, model, user agent, width, height, weight
DEVICES = (
    ("Smartphone", "Mobile", "1", "Safari (iPhone/iPod) Any.Any", "Safari", "iOS", "iOS_18_2", "iphone", 390, 844, 34),
    (
        "Smartphone",
        "Mobile",
        "1",
        "Chrome Mobile 141",
        "Chrome",
        "Android",
        "Android_15",
        "sm-s921b_from_Samsung",
        412,
        915,
        30,
    ),
    ("Desktop", "Computer", "0", "Chrome 141", "Chrome", "Microsoft Windows 11", "Null", "Null", 1920, 1080, 22),
    ("Desktop", "Computer", "0", "Firefox 144", "Firefox", "Linux", "Null", "Null", 1680, 1050, 6),
    ("Tablet", "Tablet", "1", 'Safari 7"_tablet', "Safari", "iOS", "iOS_17_6", "ipad", 820, 1180, 6),
    ("Connected TV", "Other", "0", "Null", "Unknown", "Android", "Android_12", "bravia_from_Sony", 1920, 1080, 1),
    ("Null", "Unknown", "0", "Null", "Unknown", "Null", "Null", "Null", 800, 600, 1),
)
# what user reports call a device, by the tracker's type and by the ad server's category
TRACKED_KINDS = {"Mobile": "mobile", "Computer": "desktop", "Tablet": "tablet", "Other": "other", "Unknown": None}
SERVED_KINDS = {"Smartphone": "mobile", "Desktop": "desktop", "Tablet": "tablet", "Connected TV": "tv"}
# by family of browser; a phone is made by Cubot, which is no bot
USER_AGENTS = {
    "Safari": (
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/18.6 Mobile/15E148 Safari/604.1"
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
            "Gecko) Mobile/22G86 "
            "[FBAN/FBIOS;FBAV/531.0.0.44.72;FBBV/791534861;FBDV/iPhone16,1;FBMD/iPhone;FBSN/iOS;FBSV/18.6;FBSS/3;FBCR/;"
            "FBID/phone;FBLC/de_DE;FBOP/5]"
        ),
    ),
    "Chrome": (
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile "
            "Safari/537.36"
        ),
        (
            "Mozilla/5.0 (Linux; Android 9; CUBOT_P30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile "
            "Safari/537.36"
        ),
    ),
    "Firefox": ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",),
    "Unknown": ("",),
}
# of the last four only a kept list knows
BOT_AGENTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/129.0.0.0 Safari/537.36",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "python-requests/2.32.3",
    "curl/8.5.0",
)


@dataclass(frozen=True)
class Profile:
    """A device at a place.

    Attributes:
        for_ads: group `device` of a record.
        place: `geo_country` to `geo_region_name` of the tracker, tab-separated.
        client: `br_name` to `dvce_screenheight` of the tracker, tab-separated.
        agent: the user agent.
        zone: `geo_timezone`.
        height: of the browser window, in pixels.
        kind: of the device, as user reports call it, by what the tracker says; None when it does not know.
        country: by the tracker, a code; None when it does not know.
    """

    for_ads: Fields
    place: str
    client: str
    agent: str
    zone: str
    height: int
    kind: str | None
    country: str | None


@dataclass(frozen=True)
class Visitor:
    """A reader, with all identifiers.

    Attributes:
        for_ads: group `user` of a record.
        for_ads_blank: the same where no cookie was readable.
        known: user_id, domain_userid, network_userid and the best of them as `kind:identifier`, logged in.
        unknown: the same, not logged in.
        profile: index of the device.
    """

    for_ads: Fields
    for_ads_blank: Fields
    known: tuple[str, str, str, str | None]
    unknown: tuple[str, str, str, str | None]
    profile: int


def make_profiles(seed: int) -> list[Profile]:
    """Devices at places, the common ones more often."""
    draw = stream(seed, "profiles")
    places = [place for *place, weight in COUNTRIES for _ in range(int(weight))]
    devices = [device for *device, weight in DEVICES for _ in range(int(weight))]
    return [_profile(draw, places, devices, number) for number in range(PROFILES)]


def _profile(
    draw: Random, places: Sequence[Sequence[object]], devices: Sequence[Sequence[object]], number: int
) -> Profile:
    country, code, region, city, postal, latitude, longitude, zone = places[int(draw.random() * len(places))]
    category, kind, mobile, browser, family, system, version, model, width, height = devices[
        int(draw.random() * len(devices))
    ]
    for_ads: Fields = (
        *(country, region, city, postal, browser, system, version, "4g" if mobile == "1" else "broadband", category),
        *(model, "Null" if mobile == "0" else "carrier-a", "de", f"isp{number % 7}.example"),
        *(None if country == "Null" else country, None if category == "Null" else category),
    )
    place = "\t".join(map(str, (code, "", city, postal, latitude, longitude, "" if region == "Null" else region)))
    features = "\t" * 8
    shape = ("1", "24", width, int(str(height)) - 120, system, system, "", zone, kind, mobile, width, height)
    client = "\t".join(map(str, (browser, family, "", "Browser", "", "de-DE", features, *shape)))
    agents, window = USER_AGENTS[str(family)], int(str(height)) - 120
    agent = agents[number % len(agents)]
    return Profile(for_ads, place, client, agent, str(zone), window, TRACKED_KINDS[str(kind)], str(code) or None)


class Crowd:
    """All visitors of a run, made when they come by.

    Few of them come often and most come rarely, as Zipf has it.

    Args:
        seed: of the run.
        size: how many visitors there are.
    """

    def __init__(self, seed: int, size: int) -> None:
        self._seed = seed
        self._size = size
        self._shift = 1 + size // 60
        self._span = math.log((size + self._shift) / self._shift)
        self._met: dict[int, Visitor] = {}

    def someone(self, draw: float) -> Visitor:
        """The visitor that a number from 0 to 1 stands for."""
        number = int(self._shift * math.exp(draw * self._span)) - self._shift
        visitor = self._met.get(number)
        if visitor is None:
            visitor = self._met[number] = make_visitor(self._seed, number)
        return visitor

    def forget(self) -> None:
        """Nothing; visitors are made anew from here on, and the memory is free."""
        self._met.clear()


def make_visitor(seed: int, number: int) -> Visitor:
    """The visitor of that number, the same in every process."""
    digest = _digest(seed, number)
    letters = digest.hex()
    login = _login(number, is_known=digest[0] < LOGGED_IN_SHARE)
    user_id = base64.urlsafe_b64encode(digest[8:24]).decode()[:22]
    ppid = letters[64:96] if login or digest[1] < OTHER_PPID_SHARE else ""
    is_shared = number % SHARED_EVERY in SHARED_BY
    cookies = _digest(seed, number - number % SHARED_EVERY + SHARED_BY[0]).hex() if is_shared else letters
    domain, network = _uuid(cookies[:32]), _uuid(cookies[96:128])
    if number % ODD_EVERY == ODD_PLACE:
        odd = number // ODD_EVERY
        user_id, ppid = NOBODY[odd % 4], NOBODY[odd % 3] if odd % 2 else ""
        login, domain, network = ("null", "0", "-1")[odd % 3], ZERO_UUID, network if odd % 2 else ZERO_UUID
    elif is_shared:
        pass
    elif digest[2] < NO_COOKIE_SHARE:
        domain, network = "", "" if digest[2] < NO_IDENTIFIER_SHARE else network
    elif login and digest[3] < NO_COOKIE_SHARE:
        login += " "  # an identifier counts as it stands
    presence = "HAS_PPID" if ppid else "NO_PPID"
    ppid_person, user_person = person("ppid", ppid), person("gam_user", user_id)
    page_person = person("domain", domain) or person("network", network)
    return Visitor(
        for_ads=(user_id, ppid, presence, SEGMENTS[: 4 + 5 * (digest[4] % 8)], ppid_person or user_person),
        for_ads_blank=("", ppid, presence, "", ppid_person),
        known=(login, domain, network, person("login", login) or page_person),
        unknown=("", domain, network, page_person),
        profile=digest[5] % PROFILES + (digest[6] & 1) * 128,
    )


def _digest(seed: int, number: int) -> bytes:
    return hashlib.blake2b(f"{seed}/{number}".encode(), digest_size=64).digest()


def _login(number: int, *, is_known: bool) -> str:
    """What the reader logs in as; empty for nobody."""
    if number % TEST_EVERY == TEST_PLACE and number % SHARED_EVERY not in SHARED_BY:
        return TEST_LOGIN
    if number % SECOND_EVERY in {FIRST_DEVICE, SECOND_DEVICE}:
        return f"crm-{number - number % SECOND_EVERY + FIRST_DEVICE:06d}"
    return f"crm-{number:06d}" if is_known or number % SHARED_EVERY in SHARED_BY else ""


def _uuid(letters: str) -> str:
    return f"{letters[:8]}-{letters[8:12]}-4{letters[13:16]}-a{letters[17:20]}-{letters[20:]}"


def person(kind: str, identifier: str) -> str | None:
    """`kind:identifier`, or None for an identifier that names nobody."""
    trimmed = identifier.strip().lower()
    if trimmed in {"", "0", "-1", "null", "optout"} or not trimmed.strip("0-"):
        return None
    return f"{kind}:{identifier}"
