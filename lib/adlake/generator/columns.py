"""The columns of the generated files, and the order in which a record of the ad server holds them.

A record is one flat tuple: the values of `RECORD`, group after group. Names that begin with `#` never reach a file:
they hold what the truth needs, so nothing has to be parsed back from text.
"""

from dataclasses import dataclass
from typing import Any

GROUPS = {
    "key": ("Time", "TimeUsec2", "KeyPart", "EventTimeUsec2", "EventKeyPart", "ImpressionId", "#at"),
    "slot": ("AdUnitId", "RequestedAdUnitSizes", "IsInterstitial", "VideoPosition", "#unit"),
    "page": ("RefererURL", "CustomTargeting", "MobileAppId", "#site", "#header_bid"),
    "demand": (
        *("Product", "AdvertiserId", "OrderId", "LineItemId", "CreativeId", "CreativeSize", "CreativeSizeDelivered"),
        *("Advertiser", "Buyer", "DealId", "DealType", "YieldGroupNames", "#demand"),
    ),
    "money": ("SellerReservePrice", "EstimatedBackfillRevenue", "#micros"),
    "user": ("UserId", "PublisherProvidedID", "PpidPresence", "AudienceSegmentIds", "#person"),
    "device": (
        *("Country", "Region", "City", "PostalCode", "Browser", "OS", "OSVersion", "BandWidth", "DeviceCategory"),
        *("MobileDevice", "MobileCarrier", "RequestLanguage", "Domain", "#country", "#device"),
    ),
    "flags": ("IsFilledRequest", "ActiveViewEligibleImpression", "MeasurableImpression", "ViewableImpression"),
}
RECORD = tuple(name for group in GROUPS.values() for name in group)
PLACE = {name: place for place, name in enumerate(RECORD)}
SPANS = {group: slice(RECORD.index(names[0]), RECORD.index(names[0]) + len(names)) for group, names in GROUPS.items()}

Record = tuple[Any, ...]
"""One record, or some groups of it: text, and whole numbers or None where a name begins with `#`."""

_EVERY_TYPE = tuple(name for group, names in GROUPS.items() for name in names if group != "flags" and name[0] != "#")
_BACKFILL_ONLY = {"SellerReservePrice", "EstimatedBackfillRevenue", "Buyer", "DealId", "DealType", "YieldGroupNames"}
_NOT_IN_REQUESTS = {"EventTimeUsec2", "EventKeyPart", "EstimatedBackfillRevenue", "CreativeSizeDelivered"}
_FLAGS = {
    "Requests": ("IsFilledRequest",),
    "Impressions": ("ActiveViewEligibleImpression",),
    "ActiveViews": ("MeasurableImpression", "ViewableImpression"),
    "Clicks": (),
}
_TABLES = {
    "Requests": "gam_requests",
    "Impressions": "gam_impressions",
    "ActiveViews": "gam_active_views",
    "Clicks": "gam_clicks",
}
UNKNOWN_COLUMN = "CookieDeprecationLabel"


@dataclass(frozen=True)
class FileType:
    """One kind of ad-server file.

    Attributes:
        name: as it begins the file name.
        table: bronze and silver table of its records.
        is_backfill: whether it is the backfill twin.
        columns: what this publisher subscribed to.
    """

    name: str
    table: str
    is_backfill: bool
    columns: tuple[str, ...]


def _file_type(kind: str, *, is_backfill: bool) -> FileType:
    left_out = (_NOT_IN_REQUESTS if kind == "Requests" else set()) | (set() if is_backfill else _BACKFILL_ONLY)
    columns = tuple(name for name in _EVERY_TYPE if name not in left_out) + _FLAGS[kind]
    return FileType("Network" + "Backfill" * is_backfill + kind, _TABLES[kind], is_backfill, columns)


FILE_TYPES = {
    file_type.name: file_type
    for kind in _FLAGS
    for file_type in (_file_type(kind, is_backfill=False), _file_type(kind, is_backfill=True))
}
PAGE_EVENTS = "page_events"
LINE_ITEM_COLUMNS = (
    *("ID", "Name", "OrderId", "LineItemType", "CostType", "CostPerUnitInNetworkCurrency", "StartDateTime"),
    *("EndDateTime", "Status"),
)
PAGE_EVENT_COLUMNS = 131


def quoted(value: str) -> str:
    """The value as a field that any of the delimiters leaves whole (RFC 4180)."""
    if value.startswith('"') or "," in value or "^" in value:
        return '"' + value.replace('"', '""') + '"'
    return value
