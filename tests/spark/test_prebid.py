"""Auctions of Prebid Server: who was asked, who answered what, which bid won, and what is refused."""

from collections import Counter
from functools import partial

import pytest

from tests.auctions import STARTED_MS, app_requests, auction, bid, exchange_tests, imp, response
from tests.spark.rows import BATCH, SILENT, assert_same, at, key_of, refined_auctions, rows
from tests.unit.agents import PEOPLE, ROBOTS

AT = at("2026-10-05 10:00:00.123456")
SAME = {"_batch_id": BATCH, "_file": "prebid/a.json", "event_at_utc": AT, "event_date": AT.date()}
AUCTION = SAME | {
    "auction_id": "a1", "imp_id": "i1", "media_type": "banner", "slot_size": "300x250", "floor_cpm_micros": 0,
    "floor_currency": "USD", "auction_type": 2, "asks": 2, "bids": 0, "is_test": False, "is_bot": False, "_index": 0,
    "eid_keys": [], "eids_left_out": 0,
}  # fmt: skip
NO_BID = SAME | {
    "auction_id": "a1", "imp_id": "i1", "slot_size": "300x250", "outcome": "no_bid", "is_won": False, "bid_count": 0,
    "bids_in_auction": 0, "currency": "USD", "is_bot": False,
}  # fmt: skip
BID = NO_BID | {"outcome": "bid", "bid_count": 1, "bids_in_auction": 1}


@pytest.fixture
def refined(spark, config):
    """Gives what becomes of records in a silver table, and its rows."""
    return partial(refined_auctions, spark, config)


def refusals(parting):
    return sorted((row["position"], *row["rule_ids"]) for row in parting.refused.collect())


def test_an_auction_has_the_fields_of_its_request_and_the_defaults_of_openrtb(spark, refined):
    site = {"page": "https://www.News.example/Sport/a?x=1", "domain": "other.example", "publisher": {"id": "p1"}}
    device = {"ifa": "AB-1", "devicetype": 4, "geo": {"country": "DEU"}}
    more = {"bidfloor": 1.2345675, "bidfloorcur": "eur", "tagid": "top"}
    full = {"site": site, "device": device, "user": {"id": "u1"}, "at": 1, "tmax": 500, "test": 1}
    old = imp("i2", banner={"w": 728, "h": 90}, ext={"x": {}, "Y": {}, "gpid": "/g", "data": {}, "prebid": {}})
    video = {"id": 3, "video": {"w": 640, "h": 360}, "native": {}, "bidfloor": 0}
    app = {"app": {"bundle": "b1", "publisher": {"id": "p2"}}, "user": {"id": "0"}, "imp": [video], "id": 77}
    known = {"device_id_key": key_of("device", "AB-1"), "user_id_key": key_of("pbs_user", "u1")}
    _, found = refined(
        "silver.auctions",
        auction(full | {"imp": [imp(**more), old]}, response(["x", bid("b", 1), bid("c", 2)]), Account={"id": "acc"}),
        auction(app, None, type="/openrtb2/amp", AuctionResponse=response(["z", bid("b", 1, "3")]), Response=None),
        auction({"id": "a3", "imp": [{"id": "i"}], "site": {"domain": "WWW.Shop.example"}}, type="/openrtb2/video"),
    )
    page = {
        "account": "acc", "site": "news.example", "page_url": "https://www.news.example/Sport/a", "section": "sport",
        "country": "DEU", "device_type": 4, "auction_type": 1, "tmax_ms": 500, "is_test": True,
        "id_key": known["device_id_key"], "_position": 1,
    }  # fmt: skip
    in_app = {"auction_id": "77", "imp_id": "3", "account": "p2", "app_bundle": "b1", "_position": 2}
    nothing = {"auction_id": "a3", "imp_id": "i", "site": "shop.example", "media_type": None, "slot_size": None}
    expected = [
        page | known | {"floor_cpm_micros": 1_234_568, "floor_currency": "EUR", "ad_unit": "top", "bids": 2},
        page | known | {"imp_id": "i2", "slot_size": "728x90", "gpid": "/g", "_index": 1},
        in_app | {"media_type": "video", "slot_size": "640x360", "asks": 0, "bids": 1},
        nothing | {"asks": 0, "_position": 3},
    ]
    assert_same(found, rows(spark, "silver.auctions", *expected, **AUCTION, **SILENT))


@pytest.mark.parametrize("name", ["silver.auctions", "silver.bids"])
def test_robots_are_known_by_the_agent_of_the_device_and_those_without_one_are_people(refined, name):
    agents = {"a1": ROBOTS[0], "a2": PEOPLE[0], "a3": "", "a4": None, "a5": ROBOTS[-1], "a6": ROBOTS[0]}
    records = [auction({"id": name, "device": {"ua": agent}}) for name, agent in agents.items()]
    _, found = refined(name, *records, auction({"id": "a7"}))
    marks = {(row["auction_id"], row["is_bot"], row["bot_reason"]) for row in found.collect()}
    robots = {("a1", True, "user_agent"), ("a5", True, "user_agent"), ("a6", True, "user_agent")}
    assert marks == robots | {(people, False, None) for people in ("a2", "a3", "a4", "a7")}


def test_what_cannot_be_an_auction_is_refused_or_left_out_by_name(refined):
    records = [
        auction(),
        auction({"id": ""}),
        auction({"id": "a3", "imp": []}),
        auction({"id": "a4", "imp": [imp(), {"id": None}]}),
        auction(type="/openrtb2/unheard-of"),
        {"Status": 200},
        auction(StartTime="0001-01-01T00:00:00Z"),
        auction(StartTime="10:00"),
        auction({"imp": [imp(bidfloor=-0.01), imp("i2", bidfloor=1249995.0), imp("i3", bidfloor=99999.9)]}),
        {"type": "/cookie_sync", "Status": 200, "BidderStatus": []},
        {"type": "/set_uid", "Status": 200, "Bidder": "x", "UID": "1", "Errors": [], "Success": True},
        {"type": "/event", "request": {"type": "win"}, "account": {"id": "1"}},
        auction(Status=400, Request=None, Errors=[{"Message": "bad"}]),
        auction(Request=None),
    ]
    parting, accepted = refined("silver.auctions", *records)
    assert refusals(parting) == [
        (2, "auction_id_missing"),
        (3, "impression_missing"),
        (4, "impression_id_missing"),
        (5, "record_kind_unknown"),
        (6, "record_kind_unknown"),
        (7, "auction_time_invalid"),
        (8, "auction_time_invalid"),
        (9, "floor_invalid"),
        (9, "floor_invalid"),
        (14, "auction_id_missing", "impression_missing"),
    ]
    assert parting.filtered == {"not_an_auction": 3, "request_turned_down": 1}
    assert sorted(row["_position"] for row in accepted.collect()) == [1, 4, 9]
    # the records of an auction that can be none give no bids either
    alike = {refusal for refusal in refusals(parting) if refusal[1] != "floor_invalid"}
    parting, _ = refined("silver.bids", *records)
    assert set(refusals(parting)) == alike
    assert parting.filtered == {"not_an_auction": 3, "request_turned_down": 1}


def test_a_bid_that_cannot_be_one_is_refused_with_its_bidder(refined):
    strange = response(
        ["x", bid("1", -0.1)], ["y", bid("2", 1249995.0)], ["z", bid("3", None)], ["q", bid("4", 1, "unheard-of")]
    )
    parting, accepted = refined(
        "silver.bids", auction(response=strange), auction({"id": "a2"}, response([None, bid("5", 1)]))
    )
    assert refusals(parting) == [
        (1, "impression_unknown"),
        *[(1, "price_invalid")] * 3,
        (2, "bidder_missing"),
    ]
    assert [(row["bidder"], row["outcome"]) for row in accepted.collect()] == [("x", "no_bid"), ("y", "no_bid")]


CODES = {
    0: "no_bid", 99: "no_bid", 100: "error", 101: "timeout", 102: "error", 103: "error", 199: "error",
    200: "rejected", 204: "rejected", 299: "rejected", 300: "rejected", 301: "rejected", 352: "rejected",
}  # fmt: skip


@pytest.mark.parametrize("place", ["SeatNonBid", "response.ext.prebid", "response.ext"])
def test_each_code_of_seatnonbid_means_its_outcome_wherever_it_stands(spark, refined, place):
    bidders = [f"b{code}" for code in CODES]
    seats = [
        {"seat": f"B{code}", "nonbid": [{"impid": "other", "statuscode": 301}, {"impid": "i1", "statuscode": code}]}
        for code in CODES
    ]
    ext = {"response.ext.prebid": {"prebid": {"seatnonbid": seats}}, "response.ext": {"seatnonbid": seats}}.get(
        place, {}
    )
    record = auction({"imp": [imp("i1", *bidders)]}, response(ext=ext))
    _, found = refined("silver.bids", record | ({"SeatNonBid": seats} if place == "SeatNonBid" else {}))
    expected = [
        {"bidder": f"b{code}", "nonbid_code": code, "outcome": outcome, "_index": index}
        for index, (code, outcome) in enumerate(CODES.items())
    ]
    assert_same(found, rows(spark, "silver.bids", *expected, **(NO_BID | {"_position": 1})))


def test_errors_of_the_response_tell_where_no_code_does_and_times_are_kept(spark, refined):
    errors = {
        "a": [{"code": 1, "message": "timeout"}], "b": [{"code": 12, "message": "no time left"}],
        "C": [{"code": 4, "message": "bad"}], "d": [{"code": 1, "message": "late"}],
        "e": [{"code": 4, "message": "warning"}], "prebid": [{"code": 999, "message": "of nobody"}], "f": [],
    }  # fmt: skip
    ext = {"errors": errors, "responsetimemillis": {"a": 500, "C": 7}}
    non_bids = [{"seat": "d", "nonbid": [{"impid": "i1", "statuscode": 0}]}]
    record = auction({"imp": [imp("i1", *"aBcdef")]}, response(["e", bid("1", 1)], ext=ext), SeatNonBid=non_bids)
    _, found = refined("silver.bids", record)
    same = NO_BID | {"bids_in_auction": 1, "_position": 1}
    expected = [
        {"bidder": "a", "outcome": "timeout", "response_ms": 500, "_index": 0},
        {"bidder": "b", "outcome": "timeout", "_index": 1},
        {"bidder": "c", "outcome": "error", "response_ms": 7, "_index": 2},
        {"bidder": "d", "nonbid_code": 0, "_index": 3},
        {
            "bidder": "e",
            "outcome": "bid",
            "is_won": True,
            "bid_count": 1,
            "bid_id": "1",
            "cpm_micros": 10**6,
            "_index": 4,
        },
        {"bidder": "f", "_index": 5},
    ]
    assert_same(found, rows(spark, "silver.bids", *expected, **same))


def test_the_winner_is_the_bid_with_the_winners_keys_else_the_highest_price(refined):
    named = ("hb_pb", "hb_bidder", "hb_pb_x", "hb_size")
    own_keys = ("hb_pb_y", "hb_bidder_y", "hb_pb_cat_dur")
    cases = {
        # the deal is preferred by the server: its keys count, not the price
        "deal": ([imp()], [["x", bid("1", 1, keys=named)], ["y", bid("2", 9, keys=own_keys)]], ["1"]),
        "one key": ([imp()], [["x", bid("1", 1)], ["y", bid("2", 0.5, keys=("pub_bidder",))]], ["2"]),
        # a response that names winners names one for each impression that has one
        "unnamed": (
            [imp(), imp("i2")],
            [["x", bid("1", 1, keys=named)], ["y", bid("2", 9, "i2", keys=own_keys)]],
            ["1"],
        ),
        "bidders' keys": ([imp()], [["x", bid("1", 1)], ["y", bid("2", 9, keys=own_keys)]], ["2"]),
        "no keys": (
            [imp(), imp("i2")],
            [["x", bid("1", 2), bid("2", 3), bid("3", 1, "i2")], ["y", bid("4", 1)]],
            ["2", "3"],
        ),
        "equal": ([imp()], [["y", bid("1", 2)], ["x", bid("2", 2)]], ["1"]),
        "nobody": ([imp()], [], []),
    }
    records = [auction({"id": name, "imp": imps}, response(*seats)) for name, (imps, seats, _) in cases.items()]
    _, found = refined("silver.bids", *records)
    won = [(row["auction_id"], row["bid_id"]) for row in found.where("is_won").collect()]
    assert sorted(won) == sorted((name, number) for name, (_, _, numbers) in cases.items() for number in numbers)


def test_a_row_tells_of_the_winner_else_of_the_dearest_bid_of_its_bidder(spark, refined):
    more = {"crid": "c", "dealid": "d", "adomain": ["Shop.example", "b"], "w": 728, "h": 90}
    seats = (
        ["x", bid("1", 3), bid("2", 2, keys=("hb_pb",), **more)],
        ["y", bid("3", 1), bid("4", 1.5)],
        ["z", bid("5", 9)],
    )
    _, found = refined("silver.bids", auction(response=response(*seats, cur=" jpy")))
    same = BID | {"bids_in_auction": 5, "currency": "JPY", "_position": 1}
    told = {"creative_id": "c", "deal_id": "d", "advertiser_domain": "shop.example", "slot_size": "728x90"}
    expected = [
        told | {"bidder": "x", "is_won": True, "bid_count": 2, "bid_id": "2", "cpm_micros": 2_000_000, "_index": 0},
        {"bidder": "y", "bid_count": 2, "bid_id": "4", "cpm_micros": 1_500_000, "_index": 1},
        # it answered without being asked
        {"bidder": "z", "bid_id": "5", "cpm_micros": 9_000_000, "_index": 2},
    ]
    assert_same(found, rows(spark, "silver.bids", *expected, **same))


def test_a_bid_of_an_earlier_auction_makes_no_bid_here(spark, refined):
    """Asked bidders keep the outcome of their ask; a bidder that was not asked has none but the cached bid."""
    early = STARTED_MS - 60_000
    seats = (
        ["x", bid("old", 5, keys=("hb_pb",), made_ms=early), bid("new", 1, made_ms=STARTED_MS)],
        ["y", bid("y-old", 2, made_ms=early)],
        ["z", bid("z-old", 3, made_ms=STARTED_MS - 1)],
        ["q", bid("q-new", 4, made_ms=STARTED_MS)],
    )
    _, found = refined("silver.bids", auction(response=response(*seats)))
    same = NO_BID | {"bids_in_auction": 2, "_position": 1}
    expected = [
        {
            "bidder": "x",
            "outcome": "bid",
            "bid_count": 1,
            "is_won": True,
            "bid_id": "old",
            "cpm_micros": 5_000_000,
            "_index": 0,
        },
        {"bidder": "y", "outcome": "no_bid", "bid_id": "y-old", "cpm_micros": 2_000_000, "_index": 1},
        {"bidder": "z", "outcome": "cached", "bid_id": "z-old", "cpm_micros": 3_000_000, "_index": 2},
        {"bidder": "q", "outcome": "bid", "bid_count": 1, "bid_id": "q-new", "cpm_micros": 4_000_000, "_index": 3},
    ]
    assert_same(found, rows(spark, "silver.bids", *expected, **same))


def test_an_impression_that_nobody_was_asked_for_is_left_out_of_the_bids(refined):
    alone = {"id": "i2", "ext": {"gpid": "/g", "prebid": {"storedrequest": {"id": "1"}}}}
    parting, found = refined("silver.bids", auction({"imp": [imp(), alone]}), auction({"id": "a2", "imp": [alone]}))
    assert parting.filtered == {"nobody_asked": 2}
    assert [(row["imp_id"], row["bidder"]) for row in found.collect()] == [("i1", "x"), ("i1", "y")]


def test_bids_of_a_test_that_nobody_pays_for_are_left_out(refined):
    tested = [auction({"id": f"a{test}", "test": test}) for test in (0, 1)]
    parting, found = refined("silver.bids", *tested)
    assert parting.filtered == {"test_auction": 2}
    assert {row["auction_id"] for row in found.collect()} == {"a0"}
    parting, found = refined("silver.auctions", *tested)
    assert parting.filtered == {}
    assert {(row["auction_id"], row["is_test"]) for row in found.collect()} == {("a0", False), ("a1", True)}


# Read off the documents by hand: impression, bidder, outcome, code, won, bids of the bidder, its price in micros.
BY_HAND = {
    "aliases.json": [
        ("my-imp-id", "appnexus", "error", None, False, 0, None),
        ("my-imp-id", "districtm", "error", None, False, 0, None),
    ],
    "alternate-bidder-codes.json": [
        ("imp-id-1", "appnexus", "bid", None, False, 1, 300_000),
        ("imp-id-1", "groupm", "bid", None, False, 2, 510_000),
        ("imp-id-1", "pubmatic", "bid", None, True, 1, 710_000),
    ],
    "bid-consolidation-test.json": [
        ("imp-id-2", "appnexus", "bid", None, True, 1, 600_000),
        ("imp-id-2", "rubicon", "no_bid", None, False, 0, None),
        ("my-imp-id", "appnexus", "bid", None, False, 1, 300_000),
        ("my-imp-id", "rubicon", "bid", None, True, 1, 400_000),
    ],
    "bid_response_validation_enforce_creative.json": [
        ("some-imp-id", "appnexus", "error", None, False, 0, None),
        ("some-imp-id", "rubicon", "error", None, False, 0, None),
    ],
    "bid_response_validation_enforce_one_bid_rejected.json": [
        ("some-imp-id", "appnexus", "rejected", 351, False, 0, None),
        ("some-imp-id", "rubicon", "bid", None, True, 1, 400_000),
    ],
    # an error that is a warning: the bid stands
    "bid_response_validation_warn_creative.json": [
        ("some-imp-id", "appnexus", "bid", None, False, 1, 300_000),
        ("some-imp-id", "rubicon", "bid", None, True, 1, 400_000),
    ],
    # asked for as APPnexus and appNEXUS
    "buyeruid_case_insensitive.json": [
        ("my-imp-id", "amx", "no_bid", None, False, 0, None),
        ("my-imp-id", "appnexus", "no_bid", None, False, 0, None),
    ],
    "debuglog_enabled_no_bids.json": [
        ("imp-id-2", "appnexus", "no_bid", None, False, 0, None),
        ("my-imp-id", "appnexus", "no_bid", None, False, 0, None),
    ],
    "eidpermissions-allowed-alias.json": [("my-imp-id", "foo", "bid", None, True, 1, 300_000)],
    "events-vast-account-off-request-on.json": [
        ("my-imp-id", "appnexus", "bid", None, True, 2, 710_000),
        ("my-imp-id", "audiencenetwork", "bid", None, False, 1, 510_000),
    ],
    "extra-bids-with-aliases-adaptercode.json": [
        ("imp-id-2", "groupm", "bid", None, True, 1, 610_000),
        ("imp-id-2", "pmbidder", "no_bid", None, False, 0, None),
        ("my-imp-id", "groupm", "bid", None, True, 2, 710_000),
        ("my-imp-id", "pmbidder", "bid", None, False, 1, 510_000),
    ],
    "firstpartydata-multibidder-config-invalid.json": [],
    "floors_deal_enforcement.json": [
        ("imp-id", "appnexus", "rejected", 304, False, 0, None),
        ("imp-id", "pubmatic", "rejected", 301, False, 0, None),
    ],
    "floors_enforcement.json": [
        ("my-imp-id", "appnexus", "bid", None, True, 1, 12_000_000),
        ("my-imp-id", "audiencenetwork", "rejected", 301, False, 0, None),
    ],
    # two bids of one price: the first
    "generate-bid-id-many.json": [("imp-id-1", "appnexus", "bid", None, True, 2, 300_000)],
    # one bid is for an impression that the request does not hold
    "imp-fpd-multiple-bidders.json": [
        ("imp-id-1", "appnexus", "no_bid", None, False, 0, None),
        ("imp-id-1", "audiencenetwork", "bid", None, True, 1, 300_000),
    ],
    "mediatypepricegranularity-native.json": [
        ("imp-id-2", "appnexus", "bid", None, True, 1, 29_000_000),
        ("my-imp-id", "appnexus", "bid", None, True, 1, 24_000_000),
    ],
    "multi-bid-default-bid-limit.json": [
        ("impId1", "appnexus", "bid", None, False, 2, 5_500_000),
        ("impId1", "rubicon", "bid", None, True, 2, 12_430_000),
    ],
    "targeting-no-winners.json": [
        ("imp-id-2", "appnexus", "bid", None, True, 1, 610_000),
        ("imp-id-2", "audiencenetwork", "no_bid", None, False, 0, None),
        ("my-imp-id", "appnexus", "bid", None, True, 2, 710_000),
        ("my-imp-id", "audiencenetwork", "bid", None, False, 1, 510_000),
    ],
    "tricky-userids.json": [
        ("my-imp-id", "appnexus", "error", None, False, 0, None),
        ("my-imp-id", "districtm", "error", None, False, 0, None),
        ("my-imp-id", "rubicon", "no_bid", None, False, 0, None),
    ],
}  # fmt: skip


def test_the_servers_own_auctions_come_to_what_their_documents_say(real, refined):
    records = exchange_tests(real)
    assert len(records) == 72
    impressions, auctions = refined("silver.auctions", *records.values())
    parting, bids = refined("silver.bids", *records.values())

    # counted in the documents with Python, without the code under test
    held = [record for record in records.values() if record["Response"]]
    offered = [(record, one) for record in held for one in record["Request"]["imp"]]
    asked = {
        (record["Request"]["id"], one["id"], name.lower())
        for record, one in offered
        for name in one["ext"].get("prebid", {}).get("bidder", one["ext"])
    }
    made = Counter(
        (r["Request"]["id"], found["impid"], seat["seat"].lower())
        for r in held for seat in r["Response"].get("seatbid", ()) for found in seat["bid"]
    )  # fmt: skip
    known = {(r["Request"]["id"], one["id"]) for r, one in offered}
    strays = {key for key in made if key[:2] not in known}

    assert (impressions.refused_by_file, impressions.filtered) == ({}, {"request_turned_down": 2})
    assert auctions.count() == len(offered)
    assert parting.filtered == {"request_turned_down": 3}
    assert refusals(parting) == [(1 + list(records).index("imp-fpd-multiple-bidders.json"), "impression_unknown")]
    assert len(strays) == 1
    rows_by_key = {(row["auction_id"], row["imp_id"], row["bidder"]): row for row in bids.collect()}
    assert set(rows_by_key) == (asked | set(made)) - strays
    assert {key: row["bid_count"] for key, row in rows_by_key.items() if row["bid_count"]} == {
        key: count for key, count in made.items() if key not in strays
    }
    # one winner for each impression with a bid
    assert Counter(key[:2] for key, row in rows_by_key.items() if row["is_won"]) == Counter(
        {key[:2] for key in made} - {key[:2] for key in strays}
    )

    told = ("imp_id", "bidder", "outcome", "nonbid_code", "is_won", "bid_count", "cpm_micros")
    for name, expected in BY_HAND.items():
        found = sorted(tuple(row[column] for column in told) for key, row in rows_by_key.items() if key[0] == name)
        assert found == expected, name


def test_of_a_thousand_real_requests_one_has_a_floor_in_micros(real, refined):
    records = app_requests(real)
    parting, found = refined("silver.auctions", *records)
    # plain Python: the one floor that is no CPM, and what the others are
    dear = [number for number, record in enumerate(records, 1) if record["Request"]["imp"][0]["bidfloor"] > 25]
    assert refusals(parting) == [(number, "floor_invalid") for number in dear] == [(dear[0], "floor_invalid")]
    assert records[dear[0] - 1]["Request"]["imp"][0]["bidfloor"] == 1249995.0
    expected = {
        (record["Request"]["id"], round(one["bidfloor"] * 10**6), "video" if "video" in one else "banner",
         "{w}x{h}".format(**(one.get("video") or one["banner"])), record["Request"]["device"]["devicetype"])
        for record in records for one in record["Request"]["imp"] if one["bidfloor"] <= 25
    }  # fmt: skip
    told = ("auction_id", "floor_cpm_micros", "media_type", "slot_size", "device_type")
    assert {tuple(row[name] for name in told) for row in found.collect()} == expected
    assert (len(expected), parting.filtered) == (999, {})
    defaults = found.groupBy("auction_type", "floor_currency", "asks", "bids", "id_key").count().collect()
    assert [tuple(row) for row in defaults] == [(2, "USD", 0, 0, None, 999)]
    parting, found = refined("silver.bids", *records)
    assert (parting.filtered, found.count()) == ({"nobody_asked": 1000}, 0)
