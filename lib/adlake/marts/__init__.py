"""The tables made of touched slices: one module each, and one line here."""

from collections.abc import Mapping

from adlake.marts.bidder_daily import BIDDER_DAILY
from adlake.marts.consents import CONSENTS
from adlake.marts.identity_links import IDENTITY_LINKS
from adlake.marts.mart import Mart
from adlake.marts.page_views import PAGE_VIEWS
from adlake.marts.sessions import SESSIONS
from adlake.marts.traffic_daily import TRAFFIC_DAILY
from adlake.marts.user_days import USER_DAYS
from adlake.marts.yield_hourly import YIELD_HOURLY

MARTS: Mapping[str, Mart] = {
    mart.table: mart
    for mart in (
        CONSENTS,
        IDENTITY_LINKS,
        YIELD_HOURLY,
        BIDDER_DAILY,
        TRAFFIC_DAILY,
        USER_DAYS,
        PAGE_VIEWS,
        SESSIONS,
    )
}
