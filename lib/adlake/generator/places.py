"""The made-up sites: their pages, and the ad slots on them."""

from collections.abc import Mapping
from dataclasses import dataclass

from adlake.generator.clocks import stream
from adlake.generator.columns import quoted

Fields = tuple[object, ...]
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
# Auctions in the browser, of which nobody has records: the key-values of a page and the best bid in them, in millionths
# (CPM). Most are cut down to a tenth, 20 is the cap, and of Amazon's code only Amazon knows what it is worth.
HEADER_BIDS = (
    *(("hb_pb=0.50", 500_000), ("", None), ("hb_pb=0.50;hb_pb_ix=1.20;hb_pb_appnexus=0.80", 1_200_000)),
    *(("hb_pb=20.00", 20_000_000), ("amznbid=19hai9s", None), ("hb_pb=", None), ("hb_pb_cat_dur=2.10_News_30s", None)),
    *(("hb_pb=2.30;hb_bidder=rubicon", 2_300_000), ("hb_pb=n/a", None), ("hb_pb=0.1", 100_000)),
)


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
        targeting: the key-values that it sends for every ad, without those of header bidding.
        for_tracker: `page_url` to `page_urlfragment` of the tracker, tab-separated.
        campaign: source, medium, campaign, term, content.
        section: the first folder, lower case; None on a front page.
        app_id: as the tracker names the site.
        site: index in SITES; decides the slots.
    """

    for_ads: Fields
    targeting: str
    for_tracker: str
    campaign: tuple[str, str, str, str, str]
    section: str | None
    app_id: str
    site: int

    @property
    def address(self) -> str:
        """As the browser shows it; empty in apps."""
        return self.for_tracker.split("\t", 1)[0]

    @property
    def app(self) -> str:
        """The app's id; empty on the web."""
        return str(self.for_ads[2])

    @property
    def reported_site(self) -> str | None:
        """The site as reports name it; None in apps."""
        return None if self.for_ads[3] is None else str(self.for_ads[3])

    def with_header_bid(self, key_values: Mapping[str, str], micros: int | None) -> Fields:
        """Group `page` of an ad whose impression was sold by auction.

        Args:
            key_values: that tell the ad server of the best bid.
            micros: what the best bid is worth by them, in millionths, CPM; None for no bid.
        """
        told = ";".join(f"{name}={value}" for name, value in key_values.items())
        targeting = ";".join(filter(None, (self.targeting, told)))
        return (self.for_ads[0], quoted(targeting), *self.for_ads[2:4], micros)


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
    targeting = f"channel={channel};pos=top;kw={words};test/ab="
    header_bid, micros = HEADER_BIDS[len(path) % len(HEADER_BIDS)]
    title = f"{channel.title()} on {site.app_id}"
    fields = (url, title, "", scheme, host, port or "443", path, query, fragment)
    for_ads = (quoted(url), quoted(f"{header_bid};{targeting}" if header_bid else targeting), "", site.site, micros)
    source, medium, name, term, content = campaign
    return Page(
        for_ads, targeting, "\t".join(fields), (source, medium, name, term, content), section, site.app_id, number
    )


def _odd_pages() -> list[Page]:
    herald = SITES[0]
    shouting = ("https", "WWW.DailyHerald.Example", "8443", "/Sport", "id=1,2", "")
    named = ("https", "reader@sportpuls.example", "", "/money/article-1.html", "", "top")
    in_app = Page(
        *(("app://com.example.herald/sport", "", "com.example.herald", None, None), "", "\t" * 8, NO_CAMPAIGN, None),
        *("herald-app", 0),
    )
    nowhere = Page(("", "Null", "", None, None), "", "\t" * 8, NO_CAMPAIGN, None, herald.app_id, 0)
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
