"""Page events of the made-up sites, and the enriched lines that the tracker's pipeline makes of them."""

from typing import NamedTuple

from adlake.generator.clocks import snowplow_time
from adlake.generator.people import Profile
from adlake.generator.places import Page

PAGE_VIEW, PAGE_PING, LINK_CLICK = "page_view", "page_ping", "link_click"
EVENT_CODE = {PAGE_VIEW: "page_view", PAGE_PING: "page_ping", LINK_CLICK: "unstruct"}
VENDOR = "com.snowplowanalytics.snowplow"
_SCHEMA = f"iglu:{VENDOR}"
_CONTEXTS = f'{{"schema":"{_SCHEMA}/contexts/jsonschema/1-0-0","data":['
_WEB_PAGE = f'{{"schema":"{_SCHEMA}/web_page/jsonschema/1-0-0","data":{{"id":"'
_TIMING = '{"schema":"iglu:org.w3/PerformanceTiming/jsonschema/1-0-0","data":{"domComplete":0}}'
_SPIDER = '{"schema":"iglu:com.iab.snowplow/spiders_and_robots/jsonschema/1-0-0","data":{"spiderOrRobot":'
_LINK = (
    f'{{"schema":"{_SCHEMA}/unstruct_event/jsonschema/1-0-0","data":{{"schema":"{_SCHEMA}/link_click/jsonschema/1-0-1",'
    '"data":{"targetUrl":"https://partner.example/offer","elementId":"promo"}}}'
)
PAGE_HEIGHT = 3600
PERSON_CONTEXT = _CONTEXTS + _SPIDER + 'false,"category":"BROWSER"}}]}'
SPIDER_CONTEXTS = (
    _CONTEXTS + _SPIDER + 'true,"category":"SPIDER_OR_ROBOT"}}]}',
    _CONTEXTS + _SPIDER + ' true,"category":"SPIDER_OR_ROBOT"}}]}',
)
# why an event or an auction is one of a robot: the contexts say so, or the agent
BY_CONTEXT, BY_AGENT = "spider_context", "user_agent"
REFERRERS = (
    "\t" * 8,
    "https\twww.google.com\t443\t/\t\t\tsearch\tGoogle\t",
    "https\tnews.example\t443\t/today\tid=7\t\tunknown\t\t",
    "https\tm.facebook.com\t443\t/\t\t\tsocial\tFacebook\t",
)


class PageEvent(NamedTuple):
    """One event of the tracker.

    Attributes:
        event_id: unique, unless it is a copy.
        name: `event_name`.
        collector: when it arrived, milliseconds since the epoch.
        etl: when it was enriched, milliseconds; None for unknown.
        derived: when it happened, milliseconds; None for unknown.
        identifiers: user_id, domain_userid, network_userid and the best of them as `kind:identifier`.
        profile: device and place.
        page: where it happened.
        view: the page view that it belongs to: page view id, session id (both may be empty), index of the session,
            referrer.
        depth: pixels scrolled, for a ping.
        agent: the user agent.
        derived_contexts: what the enrichment says about bots.
        bot_reason: why it is one of a robot, where it is.
    """

    event_id: str
    name: str
    collector: int
    etl: int | None
    derived: int | None
    identifiers: tuple[str, str, str, str | None]
    profile: Profile
    page: Page
    view: tuple[str, str, int, str]
    depth: int
    agent: str
    derived_contexts: str
    bot_reason: str | None

    @property
    def happened_at(self) -> int:
        """Microseconds since the epoch at which the event counts."""
        return (self.collector if self.derived is None else self.derived) * 1000


def uuid_of(number: int) -> str:
    """A number of 128 bits as a UUID."""
    letters = f"{number:032x}"
    return f"{letters[:8]}-{letters[8:12]}-{letters[12:16]}-{letters[16:20]}-{letters[20:]}"


def contexts_of(view_id: str) -> str:
    """The contexts that name the page view, if it has a name; now and then another context comes first."""
    if not view_id:
        return f"{_CONTEXTS}{_TIMING}]}}"
    other = f"{_TIMING}," if view_id[0] in "0f" else ""
    return f'{_CONTEXTS}{other}{_WEB_PAGE}{view_id}"}}}}]}}'


def enriched_line(event: PageEvent) -> str:
    """The event as 131 tab-separated columns, without line end."""
    user_id, domain_id, network_id, _ = event.identifiers
    profile, page = event.profile, event.page
    view_id, session_id, session_index, referrer = event.view
    collector = snowplow_time(event.collector)
    etl = "" if event.etl is None else snowplow_time(event.etl)
    derived = "" if event.derived is None else snowplow_time(event.derived)
    created = derived or collector
    source, medium, name, term, content = page.campaign
    link = _LINK if event.name == LINK_CLICK else ""
    scroll = f"0\t0\t0\t{event.depth}" if event.name == PAGE_PING else "\t\t\t"
    return (
        f"{page.app_id}\tweb\t{etl}\t{collector}\t{created}\t{EVENT_CODE[event.name]}\t{event.event_id}\t\tsp1"
        f"\tjs-3.24.2\tssc-3.2.0-kinesis\tsnowplow-enrich-kinesis-5.1.0-common-5.1.0\t{user_id}\t192.0.2.0\t"
        f"\t{domain_id}\t{session_index}\t{network_id}\t{profile.place}\t\t\t\t\t{page.for_tracker}\t{referrer}"
        f"\t{medium}\t{source}\t{term}\t{content}\t{name}\t{contexts_of(view_id)}\t\t\t\t\t\t{link}"
        f"\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t{scroll}\t{event.agent}\t{profile.client}\tUTF-8\t{profile.height}\t{PAGE_HEIGHT}"
        f"\t\t\t\t\t\t\t\t{profile.zone}\t\t\t\t{created}\t\t\t{event.derived_contexts}\t{session_id}\t{derived}"
        f"\t{VENDOR}\t{event.name}\tjsonschema\t1-0-0\t\t"
    )
