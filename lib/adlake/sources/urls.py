"""Site, address and section of a page address, without what could tell who read it."""

from pyspark.sql import Column
from pyspark.sql import functions as F

# Scheme, host, port and path as four lines in one match. User information ends at the last @ before the path; it, the
# query and the fragment are dropped on the way. Whatever is no http or https address becomes four empty lines.
ADDRESS = (
    r"(?is)^(https?)://(?:[^/?#]*@)?(\[[0-9a-f:.]+\]|[^/?#:@\[\]\n]+)(:[0-9]+)?:?(/[^?#]*)?(?:[?#].*)?$"
    r"|^.*$"
)
FOUR_LINES = "$1\n$2\n$3\n$4"


def _part(address: Column, index: int) -> Column:
    return F.get(F.split(F.regexp_replace(address, ADDRESS, FOUR_LINES), "\n", 4), F.lit(index))


def _host(address: Column) -> Column:
    return F.lower(F.nullif(_part(address, 1), F.lit("")))


def site(address: Column) -> Column:
    """Host in lower case without port and without one leading `www.`; null for anything but http and https."""
    host = _host(address)
    return F.when(host.startswith("www."), F.substring(host, 5, 255)).otherwise(host)


def page_url(address: Column) -> Column:
    """Scheme, host, port and path in that order, host in lower case; userinfo, query and fragment are left out."""
    start = F.concat(F.lower(_part(address, 0)), F.lit("://"), _host(address))
    return F.concat(start, _part(address, 2), _part(address, 3))


def section(address: Column) -> Column:
    """First segment of the path in lower case; null for the front page."""
    segment = F.lower(F.get(F.split(_part(address, 3), "/", 3), F.lit(1)))
    return F.when(segment != "", segment)
