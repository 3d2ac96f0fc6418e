"""Extended identifiers of the viewers of auctions (OpenRTB 2.6 3.2.27), and what they name by their definition."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from adlake.generator.auctions import Auction
from adlake.generator.people import person

COOKIE, PERSON, APP, VENDOR, TOKENS = "pubcid.org", "id.publisher.example", "app.example", "vendor.example", "t.example"
# Which of sixteen ways the identifiers of an auction take is said by the highest bits of its spelling.
HIGHEST_BITS = 28
NONE, BOTH_PLACES, AS_TEXT, OPTED_OUT, UNTYPED, MANY, UNNAMED = (0, 1, 2), 3, 4, 5, 6, 7, 8
APP_WAYS, SAME_WAYS, TOKEN_WAYS = range(9, 11), range(11, 13), range(13, 16)
# With this bit what is said of the viewer stands where OpenRTB 2.5 has it.
OF_2_5 = 1 << 27
BROWSER_TYPE, APP_TYPE, PERSON_TYPE, VENDOR_TYPE = 1, 2, 3, 571_187
# Kinds by the agent types of AdCOM 1.0, the best first; of an auction so many are kept.
KINDS = {PERSON_TYPE: "person_eid", BROWSER_TYPE: "device_eid", APP_TYPE: "app_eid"}
RANKS = (*KINDS.values(), "eid")
KEPT = 8

Object = dict[str, Any]


class Eid(NamedTuple):
    """An identifier, who gives it out, and its agent type; None for none."""

    source: str
    id: str
    type: int | None


def way_of(auction: Auction) -> int:
    """Which way the identifiers of an auction take."""
    return auction.spelling >> HIGHEST_BITS


def eids_of(auction: Auction) -> Sequence[Eid]:
    """What others call the viewer: the cookie of the page, the account across devices, and by its way one more."""
    return [] if way_of(auction) in NONE else list(_eids(auction))


def _eids(auction: Auction) -> Iterator[Eid]:
    login, domain, network, _ = auction.visitor.known
    way = way_of(auction)
    yield Eid(COOKIE, domain, BROWSER_TYPE)
    if login:
        yield Eid(PERSON, f"account-{login}", PERSON_TYPE)
    if way == OPTED_OUT:
        yield Eid("optout.example", "OPTOUT", PERSON_TYPE)
    elif way in SAME_WAYS:
        # a partner that has gone wrong calls everybody so
        yield Eid("wrong.example", "default", PERSON_TYPE)
    elif way == UNTYPED:
        yield Eid(VENDOR, network, None)
    elif way == UNNAMED:
        yield Eid("", "nobody gives it out", BROWSER_TYPE)
    elif way == MANY:
        yield from (Eid(VENDOR, f"{network}/{number}", VENDOR_TYPE) for number in range(KEPT + 1))
    elif way in APP_WAYS:
        yield Eid(APP, f"install-{domain}", APP_TYPE)
    elif way in TOKEN_WAYS:
        # made anew for every page
        yield Eid(TOKENS, f"token-{auction.id}", PERSON_TYPE)


def user_of(auction: Auction) -> Object:
    """The part of `user` that holds them, in the place of OpenRTB 2.6, of 2.5, or in both."""
    found = eids_of(auction)
    if not found:
        return {}
    listed = [_listed(auction, eid) for eid in found]
    if way_of(auction) == BOTH_PLACES:
        return {"eids": listed, "ext": {"eids": listed}}
    return {"ext": {"eids": listed}} if auction.spelling & OF_2_5 else {"eids": listed}


def _listed(auction: Auction, eid: Eid) -> Object:
    uid: Object = {"id": eid.id}
    if way_of(auction) == AS_TEXT:
        # a source is a domain, so that case does not count
        return {"source": f" {eid.source.upper()}", "uids": [uid | {"atype": str(eid.type)}, uid | {"atype": eid.type}]}
    return {"source": eid.source, "uids": [uid | ({} if eid.type is None else {"atype": eid.type, "ext": {}})]}


def people_of(auction: Auction) -> list[str]:
    """The `kind:identifier`s that they name, as many as are kept."""
    named = {
        (RANKS.index(kind), f"{kind}:{eid.source}:{eid.id}")
        for eid in eids_of(auction)
        if eid.source and person(kind := KINDS.get(eid.type or 0, "eid"), eid.id)
    }
    return [found for _, found in sorted(named)[:KEPT]]
