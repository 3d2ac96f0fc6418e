"""Extended identifiers of auctions: which are kept, by which kind, and how they are keyed."""

from tests.auctions import auction, imp, users_with_eids
from tests.spark.rows import assert_same, key_of, refined_auctions, rows


def eid(source, *uids):
    return {
        "source": source,
        "uids": [{"id": name, **({} if kind is None else {"atype": kind})} for name, kind in uids],
    }


def named(*eids):
    """Keys of eids, each `kind source:identifier`."""
    return [{"id_key": key_of(*one.split(" ", 1)), "kind": one.split(" ", 1)[0]} for one in eids]


NOBODY = ("", " ", "0", "-1", "null", "OPTOUT", " optout", "00000000-0000-0000-0000-000000000000")
# by the name of the auction: its user, the eids that are kept, the best kind first, and how many are not
EIDS = {
    "2.6": ({"eids": [eid("pubcid.org", ("c", 1))]}, named("device_eid pubcid.org:c"), 0),
    "2.5": ({"ext": {"eids": [eid("pubcid.org", ("c", 1))]}}, named("device_eid pubcid.org:c"), 0),
    "both": (
        {
            "eids": [eid("a.example", ("1", 1))],
            "ext": {"eids": [eid("b.example", ("2", 3)), eid("a.example", ("1", 1))]},
        },
        named("person_eid b.example:2", "device_eid a.example:1"),
        0,
    ),
    # the order in which they stand does not count; within a kind that of source and identifier does
    "kinds": (
        {
            "eids": [
                eid("v.example", ("v", 571187), ("n", None)),
                eid("p.example", ("x", 2), ("p", 3)),
                eid("d.example", ("d", 1)),
            ]
        },
        named(
            "person_eid p.example:p",
            "device_eid d.example:d",
            "app_eid p.example:x",
            "eid v.example:n",
            "eid v.example:v",
        ),
        0,
    ),
    "odd types": (
        {
            "eids": [
                eid("p.example", ("a", "3"), ("b", " 1 "), ("c", "three"), ("d", 0), ("e", 3.0), ("f", ""), ("g", -3))
            ]
        },
        named("person_eid p.example:a", "device_eid p.example:b", *[f"eid p.example:{name}" for name in "cdefg"]),
        0,
    ),
    # one source in two spellings, one uid twice; case and spaces of an identifier count, and so does its type
    "twice": (
        {
            "eids": [
                eid("A.Example", ("x", 1), ("x", 1)),
                eid(" a.example ", ("x", 1), ("X", 1), (" x", 1), ("x", None)),
            ]
        },
        named("device_eid a.example: x", "device_eid a.example:X", "device_eid a.example:x", "eid a.example:x"),
        0,
    ),
    "number": (
        {"eids": [{"source": "n.example", "uids": [{"id": 12345678901234567890, "atype": 1}]}]},
        named("device_eid n.example:12345678901234567890"),
        0,
    ),
    "nobody": (
        {"eids": [eid("a.example", *[(name, 3) for name in NOBODY]), eid("", ("x", 1)), eid("  ", ("x", 1))]},
        [],
        0,
    ),
    "holes": (
        {
            "eids": [
                None,
                {},
                {"source": "a.example"},
                {"uids": [{"id": "x"}]},
                {"source": "a.example", "uids": None},
                {"source": "b.example", "uids": [None, {}, {"atype": 1}, {"id": "x", "atype": None}]},
            ],
            "ext": {"eids": []},
        },
        named("eid b.example:x"),
        0,
    ),
    "most": (
        {"eids": [eid("m.example", *[(f"m{number}", 1) for number in range(8)])]},
        named(*[f"device_eid m.example:m{number}" for number in range(8)]),
        0,
    ),
    # the person's is kept, though it stands last
    "more": (
        {"eids": [eid("m.example", *[(f"m{number}", 1) for number in range(11)]), eid("z.example", ("z", 3))]},
        named("person_eid z.example:z", *[f"device_eid m.example:m{number}" for number in ("0", "1", "10", *"2345")]),
        4,
    ),
    "none": ({"eids": []}, [], 0),
}


def test_eids_are_keyed_by_source_and_type_from_the_places_of_2_6_and_2_5(spark, config):
    records = [auction({"id": name, "user": user}) for name, (user, *_) in EIDS.items()]
    # the device's own id is better than what others hand over; and each impression has them
    device = {"id": "device", "device": {"ifa": "AB-1"}, "user": EIDS["2.6"][0], "imp": [imp("i1"), imp("i2")]}
    _, found = refined_auctions(spark, config, "silver.auctions", *records, auction(device))
    told = found.select("auction_id", "imp_id", "eid_keys", "eids_left_out", "id_key")
    expected = [
        {"auction_id": name, "imp_id": "i1", "eid_keys": keys, "eids_left_out": more}
        | {"id_key": keys[0]["id_key"] if keys else None}
        for name, (_, keys, more) in EIDS.items()
    ]
    of_device = {
        "auction_id": "device",
        "eids_left_out": 0,
        "id_key": key_of("device", "AB-1"),
        "eid_keys": EIDS["2.6"][1],
    }
    expected += [of_device | {"imp_id": name} for name in ("i1", "i2")]
    assert_same(told, rows(spark, "silver.auctions", *expected).select(*told.columns))


def test_eids_of_the_servers_own_test_requests(spark, config, real):
    """In the places of 2.5 and of 2.6, with a type and without, and one of them twice."""
    users = users_with_eids(real)
    records = [auction({"id": name, "user": user}) for name, user in users.items()]
    _, found = refined_auctions(spark, config, "silver.auctions", *records)
    wanted = {"2.5": named("eid source1:id1"), "2.6": named("eid source1:id1"), "twice": named("device_eid source:1")}
    wanted["two"] = named("eid reqeid1:reqeiduid1", "eid reqieid2:reqeiduid2")
    told = [[(one["id_key"], one["kind"]) for one in row["eid_keys"]] for row in found.select("eid_keys").collect()]
    expected = [wanted[kind] for kind in ("2.5", "2.5", "2.5", "2.6", "two", "twice")]
    assert sorted(told) == sorted([(one["id_key"], one["kind"]) for one in keys] for keys in expected)
