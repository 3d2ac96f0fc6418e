"""The consent policy in lake.yaml is checked as a whole, each fault with its file, line and place."""

import pytest

from adlake.config import ConsentConfig, config_faults, load_config
from adlake.config.consent import ContextConfig, Requirement, VendorConfig
from adlake.consent import policy_of
from adlake.consent.policy import Question

REST = """\
lake: lake
landing: landing
tenant: acme
network_time_zone: UTC
identity: {key_file: identity.key}
"""
FIRST_LINE = 6


@pytest.fixture
def lake_yaml(tmp_path):
    def write(consent):
        path = tmp_path / "lake.yaml"
        path.write_text(REST + consent, encoding="utf-8")
        return path

    return write


def test_a_policy_is_taken_as_it_is_written(lake_yaml):
    found = load_config(
        lake_yaml("""\
consent:
  version: "2026-11"
  uses:
    measure: {consent: [1, 8], legitimate_interest: [7]}
  vendors:
    google: 755
    audience-count: {id: 77, takes: {consent: [1], legitimate_interest: [7, 9]}}
  publisher_vendor: 1020
  without_signal: permit
  without_law: refuse
  child_age: 16
  share_age: 18
  clock_skew_hours: 0
  contexts:
    com.herald/privacy: {tc_string: tcf}
""")
    ).consent
    assert found.uses.measure == Requirement(consent=(1, 8), legitimate_interest=(7,))
    assert found.uses.store == Requirement(consent=(1,))
    assert found.vendors == {
        "google": VendorConfig(id=755),
        "audience-count": VendorConfig(id=77, takes=Requirement(consent=(1,), legitimate_interest=(7, 9))),
    }
    assert found.contexts == {"com.herald/privacy": ContextConfig(tc_string="tcf")}
    policy = policy_of(found)
    assert policy.vendors == ("audience-count", "google")
    assert policy.questions == (
        Question(1, (1,), (), 1020),
        Question(2, (1, 3, 4), (), 1020),
        Question(4, (1, 3), (), 1020),
        Question(8, (1, 8), (7,), 1020),
        Question(16, (1,), (7, 9), 77),
        Question(32, (1, 3, 4), (), 755),
    )
    assert (policy.everything, policy.without_signal, policy.without_law) == (63, 63, 0)
    assert (policy.child_age, policy.share_age, policy.clock_skew_hours) == (16, 18, 0)


# what is written below `consent:`, then line, place, what was found and what was wanted
FAULTS = [
    ("uses: {store: {consent: [1, 12]}}", "uses.store.consent[1]", "12", "a purpose of the TCF, 1 to 11"),
    ("uses: {store: {consent: [0]}}", "uses.store.consent[0]", "0", "a purpose of the TCF, 1 to 11"),
    ("uses: {store: {consent: [true]}}", "uses.store.consent[0]", "true", "a whole number"),
    ("uses: {store: {consent: 1}}", "uses.store.consent", "1", "a list"),
    *(
        (
            f"uses: {{measure: {{legitimate_interest: [7, {purpose}]}}}}",
            "uses.measure.legitimate_interest[1]",
            str(purpose),
            "a purpose that may rest on legitimate interest: 2, 7, 8, 9, 10, 11",
        )
        for purpose in (1, 3, 4, 5, 6, 12)
    ),
    ("uses: {profile: {consent: []}}", "uses.profile", "a mapping", "at least one purpose, each once"),
    ("uses: {profile: {consent: [3, 3]}}", "uses.profile", "a mapping", "at least one purpose, each once"),
    (
        "uses: {measure: {consent: [7], legitimate_interest: [7]}}",
        "uses.measure",
        "a mapping",
        "at least one purpose, each once",
    ),
    (
        "uses: {messure: {consent: [7]}}",
        "uses.messure",
        "an unknown key",
        "'measure'? Known: store, personalise_ads, profile, measure, share",
    ),
    ("vendors: {acme: 65536}", "vendors.acme.id", "65536", "an id of the Global Vendor List, 1 to 65535"),
    ("vendors: {acme: 0}", "vendors.acme.id", "0", "an id of the Global Vendor List, 1 to 65535"),
    ("vendors: {acme: google}", "vendors.acme", "'google'", "an id of the Global Vendor List, or {id, takes}"),
    ("vendors: {acme: true}", "vendors.acme", "true", "an id of the Global Vendor List, or {id, takes}"),
    (
        "vendors: {acme: {id: 4, takes: {consent: [44]}}}",
        "vendors.acme.takes.consent[0]",
        "44",
        "a purpose of the TCF, 1 to 11",
    ),
    ("vendors: {acme: {id: 4, take: {}}}", "vendors.acme.take", "an unknown key", "'takes'? Known: id, takes"),
    ("publisher_vendor: 70000", "publisher_vendor", "70000", "an id of the Global Vendor List, 1 to 65535"),
    ("without_signal: allow", "without_signal", "'allow'", "'refuse' or 'permit'"),
    ("without_law: no", "without_law", "false", "'refuse' or 'permit'"),
    ("child_age: 12", "child_age", "12", "greater than or equal to 13"),
    ("share_age: 15", "share_age", "15", "greater than or equal to 16"),
    ("clock_skew_hours: -1", "clock_skew_hours", "-1", "greater than or equal to 0"),
    ("version: 2", "version", "2", "text"),
    ("version: two words", "version", "'two words'", "at most 32 letters, digits, dots, - and _"),
]


@pytest.mark.parametrize(("line", "place", "found", "wanted"), FAULTS)
def test_a_fault_is_told_with_its_place(lake_yaml, line, place, found, wanted):
    path = lake_yaml(f"consent:\n  {line}\n")
    (fault,) = config_faults(path)
    assert (fault.file, fault.line, fault.place) == (str(path), FIRST_LINE + 1, f"consent.{place}")
    assert (fault.found, fault.wanted) == (found, wanted)


@pytest.mark.parametrize("name", ["Acme", "1acme", "two words", "a" * 33])
def test_a_vendor_has_a_plain_name(lake_yaml, name):
    (fault,) = config_faults(lake_yaml(f"consent:\n  vendors:\n    {name}: 4\n"))
    assert (fault.line, fault.wanted) == (FIRST_LINE + 2, "a name of at most 32 small letters, digits, - and _")


def test_a_schema_is_named_by_vendor_and_name(lake_yaml):
    (fault,) = config_faults(lake_yaml("consent:\n  contexts:\n    privacy: {}\n"))
    assert (fault.line, fault.wanted) == (FIRST_LINE + 2, "vendor and name of a schema, such as com.herald/privacy")


def test_there_are_as_many_vendors_as_bits(lake_yaml):
    def vendors(count):
        return f"consent: {{vendors: {{{', '.join(f'v{n}: {n + 1}' for n in range(count))}}}}}\n"

    assert policy_of(load_config(lake_yaml(vendors(50))).consent).everything < 2**63
    (fault,) = config_faults(lake_yaml(vendors(51)))
    assert fault.place == "consent.vendors"


def test_all_faults_are_told_at_once(lake_yaml):
    faults = config_faults(
        lake_yaml("""\
consent:
  uses:
    store: {consent: [99]}
    sell: {consent: [1]}
  vendors:
    acme: 99999
""")
    )
    assert [(fault.line, fault.place) for fault in faults] == [
        (8, "consent.uses.store.consent[0]"),
        (9, "consent.uses.sell"),
        (11, "consent.vendors.acme.id"),
    ]


def test_policies_that_differ_have_different_versions():
    plain = policy_of(ConsentConfig()).version
    assert plain.startswith("default-")
    assert plain == policy_of(ConsentConfig()).version
    others = [
        ConsentConfig(version="2"),
        ConsentConfig(without_signal="permit"),
        ConsentConfig(vendors={"acme": 4}),
        ConsentConfig(clock_skew_hours=1),
        ConsentConfig(uses={"store": {"consent": (1, 2)}}),
    ]
    assert len({plain, *(policy_of(config).version for config in others)}) == 1 + len(others)
    assert policy_of(ConsentConfig(version="2")).version.partition("-")[2] == plain.partition("-")[2]
