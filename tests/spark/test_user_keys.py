"""Who is who: hand-written links, and random ones against a union-find in plain Python."""

from collections import Counter, defaultdict
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adlake.components import contracted, digest, edges_of
from adlake.config import IdentityConfig
from adlake.identity import EID_KINDS, KINDS_BEST_FIRST, PEOPLE_KINDS
from adlake.marts.user_keys import edges_between, linked_keys, linked_pairs, user_keys
from adlake.people import _stars
from tests.spark.rows import assert_same, at, frame, rows

TEN = at("2026-11-02 10:00:00")
LIMITS = IdentityConfig(key_env="KEY", max_people=2, max_devices=3)
EIDS = ("person_eid", "device_eid", "app_eid", "eid")
KINDS = ("login", "crm", "email", "ppid", "domain", "network", "device", "gam_user", "pbs_user", *EIDS)
PEOPLE = {"login", "crm", "email", "ppid", "person_eid"}


def link(one, other, **more):
    """A row of the links between two `kind:name`; the key of a name is `k1:` and the name."""
    ends = sorted((name.partition(":")[2], name.partition(":")[0]) for name in (one, other))
    (low, low_kind), (high, high_kind) = ends
    keys = {"id_key": f"k1:{low}", "kind": low_kind, "linked_id_key": f"k1:{high}", "linked_kind": high_kind}
    when = {"event_date": TEN.date(), "first_seen_at_utc": TEN, "last_seen_at_utc": TEN}
    return keys | when | {"source": "page_events", "events": 1} | more


def known(name, user, people, devices, reason=None):
    """A row of the map."""
    kind, _, key = name.partition(":")
    linked = {"linked_people": people, "linked_devices": devices}
    return (
        {"id_key": f"k1:{key}", "kind": kind, "user_key": f"k1:{user}", "is_cut": bool(reason)}
        | linked
        | {"cut_reason": reason}
    )


def mapped(links, limits=LIMITS):
    pairs = linked_pairs(links)
    keys = linked_keys(pairs, limits)
    return user_keys(keys, _stars(edges_between(pairs, keys)))


def test_a_person_is_known_by_the_best_kind_then_by_the_smallest_key(spark):
    links = [
        # a login, although its key is the greatest; seen twice counts once
        link("domain:a1", "network:b1"),
        link("login:z1", "domain:a1"),
        link("login:z1", "domain:a1", source="newsletter_activity"),
        link("login:z1", "domain:a1", event_date=at("2026-11-03 00:00:00").date()),
        # two cookies of one kind: the smaller key
        link("domain:m2", "network:c2"),
        link("domain:k2", "network:c2"),
        # a chain over all kinds: from the worst to the best
        *[link(f"{one}:x{number}", f"{KINDS[number + 1]}:x{number + 1}") for number, one in enumerate(KINDS[:-1])],
    ]
    expected = [
        known("domain:a1", "z1", 1, 1),
        known("network:b1", "z1", 0, 1),
        known("login:z1", "z1", 0, 1),
        known("domain:m2", "k2", 0, 1),
        known("domain:k2", "k2", 0, 1),
        known("network:c2", "k2", 0, 2),
        known("login:x0", "x0", 1, 0),
        known("crm:x1", "x0", 1, 0),
        known("email:x2", "x0", 1, 0),
        known("ppid:x3", "x0", 1, 1),
        known("domain:x4", "x0", 1, 1),
        known("network:x5", "x0", 0, 1),
        known("device:x6", "x0", 0, 1),
        known("gam_user:x7", "x0", 0, 1),
        known("pbs_user:x8", "x0", 0, 1),
        # of what others hand over, only what leads on counts for its neighbours
        known("person_eid:x9", "x0", 0, 1),
        *[known(f"{kind}:x{number}", "x0", 0, 0) for number, kind in enumerate(EIDS[1:], 10)],
    ]
    found = mapped(rows(spark, "silver.identity_links", *links))
    assert_same(found.select(*rows(spark, "silver.user_keys").columns), rows(spark, "silver.user_keys", *expected))
    nothing = mapped(rows(spark, "silver.identity_links"))
    assert_same(nothing.select(*rows(spark, "silver.user_keys").columns), rows(spark, "silver.user_keys"))


def test_an_identifier_of_too_many_binds_nobody_and_is_named(spark):
    links = [
        # a computer that three people share, two are allowed: they stay three
        *[link(f"login:l{number}", "domain:shared") for number in range(3)],
        # what else the computer told stays with nobody; another device of the first person stays hers
        link("network:alone", "domain:shared"),
        link("login:l0", "domain:own"),
        # two people are a family
        link("login:f0", "network:family"),
        link("login:f1", "network:family"),
        # an account that is used on four browsers, three are allowed; each cookie keeps its second one
        *[link("login:test", f"domain:t{number}") for number in range(4)],
        link("domain:t0", "network:n0"),
        # three browsers, three collector's cookies and three devices are one person
        *[link("login:busy", f"{kind}:y{kind}{number}") for kind in ("domain", "network") for number in range(3)],
    ]
    expected = [
        *[known(f"login:l{number}", f"l{number}", 0, 1) for number in (1, 2)],
        known("login:l0", "l0", 0, 2),
        known("domain:own", "l0", 1, 0),
        known("domain:shared", "shared", 3, 1, "too_many_people"),
        known("network:alone", "alone", 0, 1),
        known("login:f0", "f0", 0, 1),
        known("login:f1", "f0", 0, 1),
        known("network:family", "f0", 2, 0),
        known("login:test", "test", 0, 4, "too_many_devices"),
        known("domain:t0", "t0", 1, 1),
        known("network:n0", "t0", 0, 1),
        *[known(f"domain:t{number}", f"t{number}", 1, 0) for number in (1, 2, 3)],
        known("login:busy", "busy", 0, 3),
        *[known(f"{kind}:y{kind}{number}", "busy", 1, 0) for kind in ("domain", "network") for number in range(3)],
    ]
    found = mapped(rows(spark, "silver.identity_links", *links))
    assert_same(found.select(*rows(spark, "silver.user_keys").columns), rows(spark, "silver.user_keys", *expected))


def test_an_eid_links_what_it_was_seen_with_and_counts_where_it_leads_on(spark):
    links = [
        # one identifier in two auctions makes their devices one person, called by what is not made by others
        link("device:d1", "person_eid:a0"),
        link("device:d2", "person_eid:a0"),
        link("eid:a1", "person_eid:a0"),
        # tokens that come once are no people, however many there are: two are allowed
        *[link("pbs_user:b", f"person_eid:t{number}") for number in range(5)],
        # a computer of three people, whose identifiers are seen on their own as well: they stay three
        *[link("pbs_user:shared", f"person_eid:p{number}") for number in range(3)],
        *[link(f"pbs_user:q{number}", f"person_eid:p{number}") for number in range(3)],
        # leading to other eids, or to two kinds, is not leading on
        link("device:e", "device_eid:f0"),
        link("pbs_user:e1", "device_eid:f0"),
        link("device_eid:f0", "eid:f1"),
        link("device_eid:f0", "eid:f2"),
        # one of a team: four devices, three are allowed
        *[link("device_eid:team", f"device:g{number}") for number in range(4)],
    ]
    expected = [
        known("device:d1", "d1", 1, 0),
        known("device:d2", "d1", 1, 0),
        known("person_eid:a0", "d1", 0, 2),
        known("eid:a1", "d1", 1, 0),
        known("pbs_user:b", "b", 0, 0),
        *[known(f"person_eid:t{number}", "b", 0, 1) for number in range(5)],
        known("pbs_user:shared", "shared", 3, 0, "too_many_people"),
        *[known(f"person_eid:p{number}", f"q{number}", 0, 2) for number in range(3)],
        *[known(f"pbs_user:q{number}", f"q{number}", 1, 0) for number in range(3)],
        known("device:e", "e", 0, 0),
        known("pbs_user:e1", "e", 0, 0),
        known("device_eid:f0", "e", 0, 1),
        known("eid:f1", "e", 0, 0),
        known("eid:f2", "e", 0, 0),
        known("device_eid:team", "team", 0, 4, "too_many_devices"),
        *[known(f"device:g{number}", f"g{number}", 0, 1) for number in range(4)],
    ]
    found = mapped(rows(spark, "silver.identity_links", *links))
    assert_same(found.select(*rows(spark, "silver.user_keys").columns), rows(spark, "silver.user_keys", *expected))


def who_is_who(links, limits):
    """The map in plain Python: union-find over keys that were not seen with too many; key to (user, reason)."""
    met = defaultdict(list)
    kinds = {}
    for one, one_kind, other, other_kind in {tuple(link) for link in links}:
        met[one].append(other)
        met[other].append(one)
        kinds |= {one: one_kind, other: other_kind}

    def counts(key):
        """An eid counts for others when two of one kind of our own were seen with it."""
        own = Counter(kinds[other] for other in met[key] if kinds[other] not in EIDS)
        return kinds[key] not in EIDS or max(own.values(), default=0) > 1

    seen = {key: Counter(kinds[other] for other in others if counts(other)) for key, others in met.items()}
    people = {key: max((n for kind, n in found.items() if kind in PEOPLE), default=0) for key, found in seen.items()}
    devices = {
        key: max((n for kind, n in found.items() if kind not in PEOPLE), default=0) for key, found in seen.items()
    }
    reasons = {
        key: "too_many_people"
        if people[key] > limits.max_people
        else "too_many_devices"
        if devices[key] > limits.max_devices
        else None
        for key in seen
    }
    parents = {key: key for key in seen}

    def root(key):
        while parents[key] != key:
            key = parents[key]
        return key

    for one, _, other, _ in links:
        if reasons[one] is None and reasons[other] is None:
            first, second = sorted((root(one), root(other)), key=lambda key: (KINDS.index(kinds[key]), key))
            parents[second] = first
    return {key: (root(key), people[key], devices[key], reasons[key]) for key in seen}


@st.composite
def graphs(draw):
    """Links among a few keys each of a kind, dense or thin, chains and stars among them."""
    size = draw(st.integers(2, 24))
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=size, max_size=size))
    shape = draw(st.sampled_from(("random", "chain", "star")))
    ends = st.integers(0, size - 1)
    pairs = draw(st.lists(st.tuples(ends, ends), max_size=30))
    pairs += [(at, at + 1) for at in range(size - 1)] if shape == "chain" else []
    pairs += [(0, at) for at in range(1, size)] if shape == "star" else []
    names = draw(st.permutations(range(size)))
    return [(names[one], kinds[one], names[other], kinds[other]) for one, other in pairs if one != other]


@given(many=st.lists(graphs(), min_size=40, max_size=40), chance=st.randoms(use_true_random=False))
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_map_is_that_of_a_union_find_in_whatever_order_and_batches_links_come(session, many, chance):
    links = []
    for number, graph in enumerate(many):
        for one, one_kind, other, other_kind in graph:
            low, high = sorted(((f"k1:{number:02d}-{one:02d}", one_kind), (f"k1:{number:02d}-{other:02d}", other_kind)))
            links.append((*low, *high))
    wanted = who_is_who(links, LIMITS)
    # each link on one day or several, in any order, in any number of files
    shuffled = [one for one in links for _ in range(chance.randint(1, 3))]
    chance.shuffle(shuffled)
    names = ("id_key", "kind", "linked_id_key", "linked_kind")
    schema = "id_key string, kind string, linked_id_key string, linked_kind string"
    found = mapped(
        frame(session, schema, [dict(zip(names, one, strict=True)) for one in shuffled]).repartition(
            chance.randint(1, 4)
        )
    )
    told = {
        row["id_key"]: (row["user_key"], row["linked_people"], row["linked_devices"], row["cut_reason"])
        for row in found.collect()
    }
    assert told == wanted


def test_a_long_chain_becomes_a_star_in_few_rounds(spark):
    # 197 is prime to 512: every number once, and neighbours far apart
    named = [f"{number * 197 % 512 + 1:04d}" for number in range(512)]
    chain = [{"one": one, "other": other} for one, other in pairwise(named)]
    rounds = [edges_of(frame(spark, "one string, other string", chain)).localCheckpoint()]
    while len(rounds) < 2 or digest(rounds[-2]).collect() != digest(rounds[-1]).collect():
        rounds.append(contracted(rounds[-1]).localCheckpoint())
    expected = [{"node": f"{number:04d}", "smaller": "0001"} for number in range(2, 513)]
    assert_same(rounds[-1], frame(spark, "node string, smaller string", expected))
    # log2 of 512 is 9; the last round only finds that nothing changed
    assert len(rounds) <= 1 + 9 + 1


def test_kinds_are_in_the_declared_order():
    assert KINDS_BEST_FIRST == KINDS
    assert (set(PEOPLE_KINDS), EID_KINDS) == (PEOPLE, EIDS)
