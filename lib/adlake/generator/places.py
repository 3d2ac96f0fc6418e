"""The made-up sites: their pages, and the ad slots on them."""

from dataclasses import dataclass

from adlake.generator.clocks import stream
from adlake.generator.columns import quoted

SECTIONS = ("culture", "local", "money", "politics", "recipes", "sport", "travel", "weather")
SECTION_BIT = {section: 1 << place for place, section in enumerate(SECTIONS)}
ARTICLES_PER_SITE = 120
FRONT_PAGE_EVERY = 8
CAMPAIGNS = (
    ("newsletter", "email", "morning", "", "teaser-1"),
    ("google", "cpc", "brand, autumn", "news", ""),
    ("facebook", "social", "story", "", "carousel"),
)
NO_CAMPAIGN = ("", "", "", "", "")


@dataclass(frozen=True)
class Site:
    """A site: the host that addresses name, the site that reports name, and what its tracker calls it."""

    host: str
    site: str
    app_id: str
    network_code: str


SITES = (
    Site("www.dailyherald.example", "dailyherald.example", "dailyherald-web", "1"),
    Site("dailyherald.example", "dailyherald.example", "dailyherald-web", "1"),
    Site("sportpuls.example", "sportpuls.example", "sportpuls-web", "2"),
    # No `www.` in front, only letters that look like it.
    Site("wwwetter.example", "wwwetter.example", "wwwetter-web", "3"),
    Site("m.kochwelt.example", "m.kochwelt.example", "kochwelt-web", "4"),
)


@dataclass(frozen=True)
class Page:
    """A page as every source sees it.

    Attributes:
        for_ads: the ad server's fields (group `page` of a record).
        for_tracker: `page_url` to `page_urlfragment` of the tracker, tab-separated.
        campaign: source, medium, campaign, term, content.
        section: the first folder, lower case; None on a front page.
        app_id: as the tracker names the site.
        site: index in SITES; decides the slots.
    """

    for_ads: tuple[object, ...]
    for_tracker: str
    campaign: tuple[str, str, str, str, str]
    section: str | None
    app_id: str
    site: int


def make_pages(seed: int) -> list[Page]:
    """All pages of all sites, and the odd places: inside apps, without an address, with a strange address."""
    pages = []
    for number, site in enumerate(SITES):
        draw = stream(seed, "pages", number)
        for article in range(ARTICLES_PER_SITE):
            section = None if article % FRONT_PAGE_EVERY == 0 else SECTIONS[int(draw.random() * len(SECTIONS))]
            campaign = CAMPAIGNS[article % 3] if draw.random() < 0.2 else NO_CAMPAIGN  # noqa: PLR2004 one in five
            pages.append(_page(number, site, section, article, campaign))
    pages += _odd_pages() * 3
    return pages


def _page(number: int, site: Site, section: str | None, article: int, campaign: tuple[str, ...]) -> Page:
    folder = section.capitalize() if section and article % 9 == 4 else section  # noqa: PLR2004 now and then
    path = f"/{folder}/article-{article}.html" if article % 5 else f"/{folder}"
    if section is None:
        path = "/" if article % (2 * FRONT_PAGE_EVERY) else ""
    names = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
    query = "&".join(f"{name}={value.replace(' ', '+')}" for name, value in zip(names, campaign, strict=True) if value)
    fragment = "comments" if article % 11 == 7 else ""  # noqa: PLR2004 now and then
    scheme = "http" if article % 13 == 5 else "https"  # noqa: PLR2004 now and then
    return _make_page(number, site, (scheme, site.host, "", path, query, fragment), section, campaign)


def _make_page(
    number: int, site: Site, address: tuple[str, ...], section: str | None, campaign: tuple[str, ...]
) -> Page:
    scheme, host, port, path, query, fragment = address
    url = f"{scheme}://{host}{':' + port if port else ''}{path}"
    url += (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")
    channel = section or "home"
    words = f"{channel},news" if number % 2 or port else channel  # a comma, so that some fields stand in quotes
    targeting = f"channel={channel};pos=top;hb_pb=0.50;kw={words};test/ab="
    title = f"{channel.title()} on {site.app_id}"
    fields = (url, title, "", scheme, host, port or "443", path, query, fragment)
    for_ads = (quoted(url), quoted(targeting), "", site.site)
    source, medium, name, term, content = campaign
    return Page(for_ads, "\t".join(fields), (source, medium, name, term, content), section, site.app_id, number)


def _odd_pages() -> list[Page]:
    herald = SITES[0]
    shouting = ("https", "WWW.DailyHerald.Example", "8443", "/Sport", "id=1,2", "")
    named = ("https", "reader@sportpuls.example", "", "/money/article-1.html", "", "top")
    in_app = Page(
        ("app://com.example.herald/sport", "", "com.example.herald", None), "\t" * 8, NO_CAMPAIGN, None, "herald-app", 0
    )
    nowhere = Page(("", "Null", "", None), "\t" * 8, NO_CAMPAIGN, None, herald.app_id, 0)
    return [
        _make_page(0, herald, shouting, "sport", NO_CAMPAIGN),
        _make_page(2, SITES[2], named, "money", NO_CAMPAIGN),
        in_app,
        nowhere,
        nowhere,
    ]


def make_slots() -> list[list[tuple[object, ...]]]:
    """For each site, its slots: group `slot` of a record. One of them has no ad unit id."""
    sizes = ("728x90|970x250", "300x250|300x600|fluid", "300x250", "320x50|320x100", "1x1")
    slots = []
    for site in SITES:
        units = [f"217{site.network_code}00010{place}" for place in range(len(sizes))]
        of_site: list[tuple[object, ...]] = [
            (unit, size, "true" if size == "1x1" else "false", "0", unit)
            for unit, size in zip(units, sizes, strict=True)
        ]
        slots.append(of_site * 8 + [("0", "300x250", "false", "Null", None)])
    return slots
