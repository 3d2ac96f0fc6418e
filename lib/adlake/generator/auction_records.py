"""Auctions as Prebid Server's file analytics adapter writes them: one JSON object each, in the spellings that occur."""

import json
from typing import Any

from adlake.generator.auctions import Auction, Bid, Imp, Seat, names_winner
from adlake.generator.bidders import ERROR, TIMEOUT, medium_bucket
from adlake.generator.clocks import MICROS, MICROS_PER_HOUR, hour_start
from adlake.generator.eids import OF_2_5, user_of
from adlake.generator.words import Word, word_of

ACCOUNT = "1001"
DEVICE_TYPES = {"Smartphone": 4, "Desktop": 2, "Tablet": 5, "Connected TV": 3}
MOBILE = ("Smartphone", "Tablet")
COUNTRIES = {"Germany": "DEU", "Austria": "AUT", "Switzerland": "CHE", "France": "FRA", "United States": "USA"}
CUT_KEY = 20
# of bidders that failed for the whole auction
ERRORS = {TIMEOUT: {"code": 1, "message": "Timed out"}, ERROR: {"code": 3, "message": "Bad server response"}}
MILLION = 1_000_000
# how many hours ahead of UTC the server's clock is, by spelling
OFFSETS = (0, 0, 1, -5)
# Bits of an auction's spelling. Seats that do not bid are listed beside the response (both bits) or in its ext (one).
WITH_EVENTS, NON_BIDS, IN_EXT, OLD_FORM, NANOS = 1 << 4, 3 << 8, 1 << 8, 3 << 6, 1 << 11
# None of these bits: a record of a page in AMP, with a bidder named as people write it.
AMP, AS_PEOPLE_WRITE = 15 << 16, 7 << 24
REGS = {"gdprApplies": "gdpr", "gppString": "gpp", "applicableSections": "gpp_sid", "uspString": "us_privacy"}
REGS |= {"globalPrivacyControl": "gpc"}
WRITTEN = {"appnexus": "AppNexus"}

Object = dict[str, Any]


def record_of(auction: Auction) -> Object:
    """The record as an object, its keys in the server's order."""
    is_amp = not auction.spelling & AMP
    response = _response(auction)
    listed = response["ext"].pop("seatnonbid", None) if auction.spelling & NON_BIDS == NON_BIDS else None
    return {
        "type": "/openrtb2/amp" if is_amp else "/openrtb2/auction",
        "Status": 200,
        "Errors": [],
        "Request": _request(auction),
        "AuctionResponse" if is_amp else "Response": response,
        **({"SeatNonBid": listed} if listed else {}),
        "Account": {"id": ACCOUNT, "disabled": False},
        "StartTime": start_time(auction),
        "HookExecutionOutcome": None,
    }


def identifiers_of(auction: Auction) -> tuple[str, str]:
    """Ids of the device, empty for one that has none, and of the server's own user."""
    _, domain, network, _ = auction.visitor.unknown
    return domain.upper() if auction.profile.for_ads[-1] in MOBILE else "", network


def auction_text(auction: Auction) -> str:
    """The record of an auction as one line."""
    return text_of(record_of(auction))


def text_of(record: Object) -> str:
    """The record as one line, without line end."""
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False)


def start_time(auction: Auction) -> str:
    """RFC 3339 with as many digits as there are, in whatever zone the server stands."""
    offset = OFFSETS[auction.spelling % len(OFFSETS)]
    hour, rest = divmod(auction.at + offset * MICROS_PER_HOUR, MICROS_PER_HOUR)
    second, micros = divmod(rest, MICROS)
    digits = f"{micros:06d}{'417' if auction.spelling & NANOS else ''}".rstrip("0")
    zone = f"{'-' if offset < 0 else '+'}{abs(offset):02d}:00" if offset else "Z"
    clock = hour_start(hour).strftime(f"%Y-%m-%dT%H:{second // 60:02d}:{second % 60:02d}")
    return f"{clock}{'.' + digits if digits else ''}{zone}"


def _request(auction: Auction) -> Object:
    page, (country, category) = auction.page, auction.profile.for_ads[-2:]
    device_id, user_id = identifiers_of(auction)
    place: Object = (
        {"site": {"domain": page.reported_site, "page": page.address, "publisher": {"id": ACCOUNT}}}
        if page.address
        else {"app": {"bundle": page.app, "name": page.app_id, "publisher": {"id": ACCOUNT}}}
    )
    device: Object = {"ua": auction.robot or auction.profile.agent, "ip": "192.0.2.0"}
    device |= {"geo": {"country": COUNTRIES[str(country)]}} if country else {}
    device |= {"devicetype": DEVICE_TYPES[str(category)]} if category else {}
    device |= {"ifa": device_id} if category in MOBILE else {}
    found: Object = {"id": auction.id, "imp": [_imp(auction, imp) for imp in auction.imps], **place, "device": device}
    regs, user = _consent(auction)
    found |= {"regs": regs} if regs else {}
    named = user_of(auction)
    ext: Object = user.get("ext", {}) | named.get("ext", {})
    user = ({"id": user_id} if user_id else {}) | user | named | ({"ext": ext} if ext else {})
    found |= {"user": user} if user else {}
    optional = {"test": 1 if auction.is_test else None, "at": auction.type, "tmax": auction.tmax}
    found |= {name: value for name, value in optional.items() if value is not None}
    return found | ({"cur": [auction.currency]} if auction.currency else {})


def word_of_auction(auction: Auction) -> Word:
    """What the viewer says."""
    return word_of(auction.visitor.unknown[1:3], auction.at)


def _consent(auction: Auction) -> tuple[Object, Object]:
    """Parts of `regs` and `user` that say it, in the places of OpenRTB 2.6 or 2.5."""
    said = word_of_auction(auction).signals
    regs: Object = {place: said[name] for name, place in REGS.items() if name in said}
    regs |= {"gdpr": int(regs["gdpr"])} if "gdpr" in regs else {}
    user: Object = {"consent": said["tcString"]} if "tcString" in said else {}
    coppa: Object = {"coppa": 1} if said.get("coppa") else {}
    if auction.spelling & OF_2_5:
        return coppa | ({"ext": regs} if regs else {}), {"ext": user} if user else {}
    return coppa | regs, user


def _imp(auction: Auction, imp: Imp) -> Object:
    formats = [dict(zip(("w", "h"), map(int, size.split("x")), strict=True)) for size in imp.sizes]
    is_old = not auction.spelling & OLD_FORM
    # a banner without a list of formats takes the one size that it names
    banner = formats[0] if is_old and not formats[1:] else {"format": formats}
    found: Object = {"id": imp.id, "banner": banner, "secure": 1}
    if imp.unit is not None:
        found["tagid"] = imp.unit
    if imp.floor_micros:
        found["bidfloor"] = imp.floor_micros / MILLION
        found |= {"bidfloorcur": auction.currency} if auction.currency else {}
    written = {} if auction.spelling & AS_PEOPLE_WRITE else WRITTEN
    asked = {written.get(seat.bidder, seat.bidder): {"placementId": 7} for seat in imp.seats if seat.is_asked}
    if is_old:
        # before 2020 the bidders stood in ext itself
        return found | {"ext": {**asked, "prebid": {"storedrequest": {"id": "slot"}}}}
    return found | {"ext": {"prebid": {"bidder": asked}, "gpid": f"/21780001/{imp.unit}"}}


def _response(auction: Auction) -> Object:
    """The bid response: bids by seat, and in ext what else is known of the bidders."""
    bids: dict[str, list[Object]] = {}
    nonbids: dict[str, list[Object]] = {}
    errors, times = Object(), Object()
    for imp in auction.imps:
        for seat in imp.seats:
            bids.setdefault(seat.bidder, []).extend(
                _bid(auction, imp, seat, bid, is_won=seat.is_won and place == 0) for place, bid in enumerate(seat.bids)
            )
            if seat.code is not None:
                nonbids.setdefault(seat.bidder, []).append({"impid": imp.id, "statuscode": seat.code})
            elif seat.outcome in ERRORS:
                errors[seat.bidder] = [ERRORS[seat.outcome]]
            if seat.response_ms is not None:
                times[seat.bidder] = seat.response_ms
    seatbid = [{"seat": name, "bid": bids[name]} for name in sorted(bids) if bids[name]]
    prebid: Object = {"auctiontimestamp": auction.at // 1000}
    ext: Object = {"responsetimemillis": times, "prebid": prebid} | ({"errors": errors} if errors else {})
    if nonbids:
        listed = [{"seat": name, "nonbid": codes} for name, codes in nonbids.items()]
        (ext if auction.spelling & IN_EXT else prebid)["seatnonbid"] = listed
    found: Object = {"id": auction.id} | ({"seatbid": seatbid} if seatbid else {})
    return found | ({"cur": auction.currency} if auction.currency else {}) | {"ext": ext}


def key_values(imp: Imp) -> dict[str, str]:
    """What the ad server is told of the impression: nothing when nobody bid."""
    won = next((seat for seat in imp.seats if seat.is_won), None)
    if won is None:
        return {}
    bid = won.bids[0]
    return {**_told(won, bid), "hb_adid": bid.id, **({"hb_deal": bid.deal} if bid.deal else {})}


def _told(seat: Seat, bid: Bid) -> dict[str, str]:
    return {"hb_pb": medium_bucket(bid.micros), "hb_bidder": seat.bidder, "hb_size": bid.size}


def _bid(auction: Auction, imp: Imp, seat: Seat, bid: Bid, *, is_won: bool) -> Object:
    told = _told(seat, bid)
    own = {f"{key}_{seat.bidder}"[:CUT_KEY]: value for key, value in told.items()}
    prebid: Object = {"type": "banner", "meta": {"adaptercode": seat.bidder}}
    prebid["targeting"] = told | own if is_won and names_winner(auction.spelling) else own
    if seat.is_cached or auction.spelling & WITH_EVENTS:
        # of a cached bid, the start of the auction that made it
        event = f"a={ACCOUNT}&b={bid.id}&bidder={seat.bidder}&ts={bid.made_at // 1000}&f=i&t="
        prebid["events"] = {kind: f"https://pbs.example/event?{event}{kind}" for kind in ("win", "imp")}
    width, height = map(int, bid.size.split("x"))
    found: Object = {"id": bid.id, "impid": imp.id, "price": bid.micros / MILLION, "adomain": [bid.domain]}
    found |= {"crid": bid.creative, "w": width, "h": height} | ({"dealid": bid.deal} if bid.deal else {})
    return found | {"ext": {"origbidcpm": bid.micros / MILLION, "prebid": prebid}}
