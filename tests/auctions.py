"""Records of Prebid Server's file adapter, made by hand or of real documents."""

import copy
import gzip
import json
from pathlib import Path

STARTED = "2026-10-05T10:00:00.123456789Z"
STARTED_MS = 1_791_194_400_123


def auction(request=None, response=None, **more):
    """An auction record; the request of one impression for two bidders unless another is given."""
    request = {"id": "a1", "imp": [imp()]} | (request or {})
    return {
        "type": "/openrtb2/auction",
        "Status": 200,
        "StartTime": STARTED,
        "Request": request,
        "Response": response,
    } | more


def imp(name="i1", *bidders, **more):
    """A banner impression that was offered to the bidders, `x` and `y` unless others are given."""
    asked = {bidder: {"placement": 1} for bidder in bidders or ("x", "y")}
    return {"id": name, "banner": {"format": [{"w": 300, "h": 250}]}, "ext": {"prebid": {"bidder": asked}}} | more


def response(*seats, **more):
    """A response of seats, each a name and its bids."""
    return {"id": "a1", "seatbid": [{"seat": name, "bid": list(bids)} for name, *bids in seats]} | more


def bid(name, price, imp="i1", *, keys=(), made_ms=None, **more):
    """A bid; `keys` are its targeting keys, `made_ms` is the start of the auction that its event address names."""
    prebid = {"targeting": dict.fromkeys(keys, "v")} if keys else {}
    if made_ms is not None:
        address = f"https://pbs.example/event?t=win&b={name}&a=1&ts={made_ms}&bidder=x"
        prebid["events"] = {"win": address, "imp": address.replace("win", "imp")}
    return {"id": name, "impid": imp, "price": price, "ext": {"prebid": prebid}} | more


def exchange_tests(real: Path):
    """Prebid Server's own test auctions that have a response, as its adapter would record them, by their file name.

    The tests write an error of a bidder as its text alone, where the server writes a code and a text; those whose
    auction failed answer the caller with an error.
    """
    answered = {name: document for name, document in _documents(real).items() if document.get("response")}
    return {name: _recorded(name, document) for name, document in answered.items()}


def users_with_eids(real: Path):
    """Users with extended identifiers of Prebid Server's own test requests, by their file name."""
    requests = {name: document.get("incomingRequest", {}) for name, document in _documents(real).items()}
    users = {name: request.get("ortbRequest", {}).get("user") or {} for name, request in requests.items()}
    return {name: user for name, user in users.items() if user.get("eids") or (user.get("ext") or {}).get("eids")}


def _documents(real):
    with gzip.open(real / "openrtb" / "prebid_server_exchange_auctions.jsonl.gz", "rt", encoding="utf-8") as file:
        entries = [json.loads(line) for line in file]
    return {entry["path"].rsplit("/", 1)[-1]: entry["doc"] for entry in entries}


def _recorded(name, document):
    # a few ask for the server's debug output by saying that they are tests, and bids of tests are left out
    request = document["incomingRequest"]["ortbRequest"] | {"id": name, "test": 0}
    found = copy.deepcopy(document["response"])
    if "bids" not in found:
        return auction(request, None, Status=400)
    ext = found.get("ext") or found["bids"].get("ext") or {}
    errors = {
        bidder: [error if isinstance(error, dict) else {"code": 999, "message": error} for error in messages]
        for bidder, messages in ext.get("errors", {}).items()
    }
    return auction(request, found["bids"] | {"ext": ext | {"errors": errors}})


def app_requests(real: Path):
    """A thousand real bid requests of apps, each as an auction that nobody was asked in."""
    with gzip.open(real / "openrtb" / "xrtb_adx_app_requests_1000.jsonl.gz", "rt", encoding="utf-8") as file:
        return [auction(json.loads(line), response()) for line in file]
