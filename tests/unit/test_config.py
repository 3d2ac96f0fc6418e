"""lake.yaml is checked as a whole, and everything that is wrong with it is said at once."""

import pytest
from pydantic import ValidationError

from adlake.config import (
    Config,
    FxConfig,
    IdentityConfig,
    LockConfig,
    S3Config,
    SparkConfig,
    config_faults,
    load_config,
)
from adlake.errors import UsageError
from adlake.faults import Fault

LEAST = """\
lake: lake
landing: in/landing
tenant: acme
network_time_zone: America/New_York
identity:
  key_file: identity.key
"""


@pytest.fixture
def lake_yaml(tmp_path):
    """Writes a configuration into a folder of its own and returns its path."""

    def write(text):
        path = tmp_path / "etc" / "lake.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def changed(old, new):
    """The least configuration with one place changed; a test whose place is not there must not pass."""
    assert LEAST.count(old) == 1
    return LEAST.replace(old, new)


def test_the_least_configuration_gets_the_documented_defaults(lake_yaml):
    path = lake_yaml(LEAST)
    assert load_config(path).model_dump() == {
        "lake": str(path.parent / "lake"),
        "landing": str(path.parent / "in" / "landing"),
        "tenant": "acme",
        "network_time_zone": "America/New_York",
        "currency": "USD",
        "price_granularity": "medium",
        "quiet_seconds": 300,
        "batch_bytes": 8_589_934_592,
        "identity": {
            "key_file": str(path.parent / "identity.key"),
            "key_env": None,
            "key_secret": None,
            "key_version": "k1",
            "old_keys": (),
            "max_people": 20,
            "max_devices": 200,
        },
        "sources": ("gam", "snowplow", "prebid", "crm", "fx"),
        "crm": {"default_region": None, "files": {}},
        "fx": {
            "date_column": "Date",
            "currency_column": "Currency",
            "rate_column": "Rate",
            "currencies": None,
            "usd_per_unit": (),
            "max_age_days": 45,
        },
        "content": {"taxonomy": "3.1", "sections": {}, "half_life_days": 14, "minimum_page_views": 3},
        "consent": {
            "version": "default",
            "uses": {
                "store": {"consent": (1,), "legitimate_interest": ()},
                "personalise_ads": {"consent": (1, 3, 4), "legitimate_interest": ()},
                "profile": {"consent": (1, 3), "legitimate_interest": ()},
                "measure": {"consent": (1,), "legitimate_interest": (7,)},
                "share": {"consent": (1, 3, 4), "legitimate_interest": ()},
            },
            "vendors": {},
            "publisher_vendor": None,
            "without_signal": "refuse",
            "without_law": "permit",
            "child_age": 13,
            "share_age": 16,
            "clock_skew_hours": 24,
            "contexts": {},
        },
        "sessions": {
            "heartbeat_seconds": 10,
            "minimum_visit_seconds": 5,
            "timeout_minutes": 30,
            "maximum_days": 3,
            "engaged_seconds": 10,
            "conversions": (),
        },
        "lock": {"expiry_seconds": 120},
        "maintenance": {
            "minimum_small_files": 8,
            "small_file_bytes": 33_554_432,
            "target_file_bytes": 134_217_728,
            "hot_days": 2,
        },
        "spark": {"driver_memory": "4g", "cores": None, "shuffle_partitions": None},
        "s3": None,
    }


def test_every_setting_is_taken_from_the_file(lake_yaml):
    text = """\
lake: s3a://acme-lake/prod/
landing: s3://acme-landing
tenant: acme-de
network_time_zone: UTC
currency: EUR
price_granularity: dense
quiet_seconds: 0
batch_bytes: 1000
identity: {key_secret: adlake/identity, key_version: k2}
sources: [snowplow]
fx:
  date_column: day
  currency_column: of
  rate_column: worth
  currencies: {Euro: EUR, Yen: JPY}
  usd_per_unit: [EUR, GBP]
  max_age_days: 7
lock: {expiry_seconds: 30}
spark: {driver_memory: 512m, cores: 2, shuffle_partitions: 4}
s3: {endpoint_url: "http://localhost:5000", region: eu-central-1}
"""
    assert load_config(lake_yaml(text)) == Config(
        lake="s3://acme-lake/prod",
        landing="s3://acme-landing",
        tenant="acme-de",
        network_time_zone="UTC",
        currency="EUR",
        price_granularity="dense",
        quiet_seconds=0,
        batch_bytes=1000,
        identity=IdentityConfig(key_secret="adlake/identity", key_version="k2"),
        sources=("snowplow",),
        fx=FxConfig(
            date_column="day",
            currency_column="of",
            rate_column="worth",
            currencies={"Euro": "EUR", "Yen": "JPY"},
            usd_per_unit=("EUR", "GBP"),
            max_age_days=7,
        ),
        lock=LockConfig(expiry_seconds=30),
        spark=SparkConfig(driver_memory="512m", cores=2, shuffle_partitions=4),
        s3=S3Config(endpoint_url="http://localhost:5000", region="eu-central-1"),
    )


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("s3a://bucket/lake", "s3://bucket/lake"),
        ("s3://bucket/lake///", "s3://bucket/lake"),
        ("s3://bucket/", "s3://bucket"),
        ("/srv/lake/", "/srv/lake"),
        ("/srv/../srv/lake", "/srv/lake"),
    ],
)
def test_a_root_has_one_spelling(lake_yaml, written, wanted):
    assert load_config(lake_yaml(changed("lake: lake", f"lake: {written}"))).lake == wanted


def test_a_relative_root_starts_at_the_folder_of_the_file_wherever_the_process_is(lake_yaml, tmp_path, monkeypatch):
    path = lake_yaml(changed("lake: lake", "lake: ../lake"))
    monkeypatch.chdir(path.parent)
    assert load_config(path.relative_to(path.parent)).lake == str(tmp_path / "lake")


def test_a_home_folder_is_understood(lake_yaml, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    assert load_config(lake_yaml(changed("lake: lake", "lake: ~/lake"))).lake == "/home/ada/lake"


def test_a_configuration_cannot_be_changed(lake_yaml):
    config = load_config(lake_yaml(LEAST))
    with pytest.raises(ValidationError):
        config.tenant = "other"


def test_overrides_win_and_blank_ones_count_as_absent(lake_yaml):
    overrides = {"tenant": "beta", "spark.cores": 1, "lake": "", "landing": None, "network_time_zone": "  "}
    path = lake_yaml(LEAST)
    config = load_config(path, overrides)
    assert (config.tenant, config.spark.cores, config.spark.driver_memory) == ("beta", 1, "4g")
    assert config.lake == str(path.parent / "lake")


def test_an_override_of_zero_is_not_blank(lake_yaml):
    assert load_config(lake_yaml(LEAST), {"quiet_seconds": 0}).quiet_seconds == 0


def test_a_relative_override_starts_at_the_working_directory(lake_yaml, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    overrides = {"lake": "mine", "identity.key_file": "my.key", "landing": "s3a://bucket/in"}
    config = load_config(lake_yaml(LEAST), overrides)
    assert config.lake == str(tmp_path / "mine")
    assert config.identity.key_file == str(tmp_path / "my.key")
    assert config.landing == "s3://bucket/in"


def test_an_override_heals_a_fault_of_the_file(lake_yaml):
    assert load_config(lake_yaml(changed("tenant: acme", "tenant: ACME")), {"tenant": "acme"}).tenant == "acme"


def test_a_faulty_override_is_a_fault_of_the_command_line(lake_yaml):
    with pytest.raises(UsageError) as caught:
        load_config(lake_yaml(LEAST), {"spark.cores": 0})
    assert caught.value.what == (
        "the configuration has 1 fault: command line, spark.cores: found 0, wanted greater than or equal to 1"
    )


# One row per fault: what is changed in LEAST, and the fault that must come of it, alone.
FAULTS = {
    "an unknown key close to a known one": (
        ("tenant: acme", "tenant: acme\nquiet_second: 3"),
        (
            "quiet_second",
            "an unknown key",
            "'quiet_seconds'?",
            4,
        ),
    ),
    "an unknown key below another": (
        ("tenant: acme", "tenant: acme\nspark:\n  core: 3"),
        ("spark.core", "an unknown key", "'cores'? Known: driver_memory, cores, shuffle_partitions", 5),
    ),
    "a missing key": (("tenant: acme\n", ""), ("tenant", "nothing", "a value", None)),
    "a key without a value": (("tenant: acme", "tenant:"), ("tenant", "nothing", "text", 3)),
    "a number in quotes": (
        ("tenant: acme", "tenant: acme\nbatch_bytes: '12'"),
        ("batch_bytes", "'12'", "a whole number", 4),
    ),
    "a truth for a number": (
        ("tenant: acme", "tenant: acme\nbatch_bytes: yes"),
        ("batch_bytes", "true", "a whole number", 4),
    ),
    "a number for text": (("tenant: acme", "tenant: 7"), ("tenant", "7", "text", 3)),
    "a negative wait": (
        ("tenant: acme", "tenant: acme\nquiet_seconds: -1"),
        ("quiet_seconds", "-1", "greater than or equal to 0", 4),
    ),
    "a tenant that is no folder name": (
        ("tenant: acme", "tenant: Acme & Sons"),
        ("tenant", "'Acme & Sons'", "at most 63 lower case letters, digits, - and _", 3),
    ),
    "a source nobody knows": (
        ("tenant: acme", "tenant: acme\nsources:\n  - gam\n  - ebay"),
        ("sources[1]", "'ebay'", "'gam', 'snowplow', 'prebid', 'crm' or 'fx'", 6),
    ),
    "a source twice": (
        ("tenant: acme", "tenant: acme\nsources: [gam, gam]"),
        ("sources", "a list", "at least one source, each once", 4),
    ),
    "no source": (
        ("tenant: acme", "tenant: acme\nsources: []"),
        ("sources", "a list", "at least one source, each once", 4),
    ),
    "sources that are no list": (
        ("tenant: acme", "tenant: acme\nsources: gam"),
        ("sources", "'gam'", "a list", 4),
    ),
    "a currency by its name": (
        ("tenant: acme", "tenant: acme\ncurrency: euro"),
        ("currency", "'euro'", "an ISO 4217 code such as EUR", 4),
    ),
    "buckets that Prebid.js does not know": (
        ("tenant: acme", "tenant: acme\nprice_granularity: fine"),
        ("price_granularity", "'fine'", "'low', 'medium', 'high', 'auto' or 'dense'", 4),
    ),
    "a currency without a code": (
        ("tenant: acme", "tenant: acme\nfx:\n  currencies:\n    Euro: eur"),
        ("fx.currencies.Euro", "'eur'", "an ISO 4217 code such as EUR", 6),
    ),
    "currencies that are no mapping": (
        ("tenant: acme", "tenant: acme\nfx:\n  currencies: [EUR]"),
        ("fx.currencies", "a list", "keys and their values", 5),
    ),
    "a currency quoted in dollars without a code": (
        ("tenant: acme", "tenant: acme\nfx: {usd_per_unit: [EUR, Pound]}"),
        ("fx.usd_per_unit[1]", "'Pound'", "an ISO 4217 code such as EUR", 4),
    ),
    "a rate that never holds": (
        ("tenant: acme", "tenant: acme\nfx: {max_age_days: 0}"),
        ("fx.max_age_days", "0", "greater than or equal to 1", 4),
    ),
    "an unknown key of exchange rates": (
        ("tenant: acme", "tenant: acme\nfx: {column: x}"),
        (
            "fx.column",
            "an unknown key",
            ("'rate_column'? Known: date_column, currency_column, rate_column, currencies, usd_per_unit, max_age_days"),
            4,
        ),
    ),
    "a zone with another spelling": (
        ("America/New_York", "America/NewYork"),
        ("network_time_zone", "'America/NewYork'", "the IANA name of a time zone, 'America/New_York'?", 4),
    ),
    "a zone that is a folder of zones": (
        ("America/New_York", "America"),
        ("network_time_zone", "'America'", "the IANA name of a time zone, 'America/Nuuk'?", 4),
    ),
    "a zone like none": (
        ("America/New_York", "'-05:00'"),
        ("network_time_zone", "'-05:00'", "the IANA name of a time zone, such as America/New_York", 4),
    ),
    "a store that adlake cannot reach": (
        ("lake: lake", "lake: gs://bucket/lake"),
        ("lake", "'gs://bucket/lake'", "a path, s3://bucket/prefix or s3a://bucket/prefix", 1),
    ),
    "no bucket": (
        ("lake: lake", "lake: s3:///lake"),
        ("lake", "'s3:///lake'", "a bucket and perhaps a prefix: s3://bucket/prefix", 1),
    ),
    "a lake whose folder looks like an escape": (
        ("lake: lake", "lake: my%20lake"),
        ("lake", "'my%20lake'", "a path without a % before two hexadecimal digits", 1),
    ),
    "landing in the lake's own place": (
        ("landing: in/landing", "landing: ./in/../lake/"),
        ("landing", "'./in/../lake/'", "another place than the lake", 2),
    ),
    "memory with a space": (
        ("tenant: acme", "tenant: acme\nspark: {driver_memory: 4 GB}"),
        ("spark.driver_memory", "'4 GB'", "a size such as 4g", 4),
    ),
    "an endpoint without a scheme": (
        ("tenant: acme", "tenant: acme\ns3: {endpoint_url: localhost}"),
        ("s3.endpoint_url", "'localhost'", "an address that begins with http:// or https://", 4),
    ),
    "a value where keys belong": (
        ("tenant: acme", "tenant: acme\nlock: 120"),
        ("lock", "120", "keys and their values", 4),
    ),
    "a key twice": (
        ("tenant: acme", "tenant: acme\ntenant: beta"),
        ("tenant", "the key a second time", "each key once", 4),
    ),
    "two places of the key": (
        ("  key_file: identity.key", "  key_file: identity.key\n  key_env: KEY"),
        ("identity", "a mapping", "exactly one of key_file, key_env, key_secret (2 given)", 5),
    ),
    "no place of the key": (
        ("  key_file: identity.key", "  key_version: k2"),
        ("identity", "a mapping", "exactly one of key_file, key_env, key_secret (0 given)", 5),
    ),
    "a version that would break a key apart": (
        ("  key_file: identity.key", "  key_file: identity.key\n  key_version: 'k:1'"),
        ("identity.key_version", "a text that is not shown", "a short name such as k1", 7),
    ),
    "no YAML": (("tenant: acme", "tenant: ["), ("", "no YAML (did not find expected ',' or ']')", "YAML", 5)),
}


@pytest.mark.parametrize(("change", "fault"), FAULTS.values(), ids=FAULTS)
def test_a_fault_names_its_place_its_line_what_was_found_and_what_is_allowed(lake_yaml, change, fault):
    path = lake_yaml(changed(*change))
    assert config_faults(path) == [Fault(str(path), *fault)]
    with pytest.raises(UsageError) as caught:
        load_config(path)
    assert caught.value.condition == "CONFIG_INVALID"


@pytest.mark.parametrize("text", ["", "just text", "- lake: lake\n"])
def test_a_file_without_keys_is_a_fault(lake_yaml, text):
    assert [fault.wanted for fault in config_faults(lake_yaml(text))] == ["keys and their values"]


def test_all_faults_are_in_one_error_in_the_order_of_the_file(lake_yaml):
    path = lake_yaml("lake: gs://b\nlanding: in\ntenant: acme\nsources: [x]\nnetwork_time_zone: UTC\nidentity: {}\n")
    with pytest.raises(UsageError) as caught:
        load_config(path)
    assert caught.value.exit_code == 2
    assert caught.value.where == str(path)
    assert caught.value.what == (
        "the configuration has 3 faults:"
        " line 1, lake: found 'gs://b', wanted a path, s3://bucket/prefix or s3a://bucket/prefix;"
        " line 4, sources[0]: found 'x', wanted 'gam', 'snowplow', 'prebid', 'crm' or 'fx';"
        " line 6, identity: found a mapping, wanted exactly one of key_file, key_env, key_secret (0 given)"
    )


SECRET = "c0ffee0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    "identity", [f"{{key: {SECRET}}}", SECRET, f"{{key_env: 0{SECRET}}}", f"[{SECRET}]", f"{{key_secret: [{SECRET}]}}"]
)
def test_a_key_that_stands_where_its_name_belongs_is_never_shown(lake_yaml, identity):
    path = lake_yaml(changed("identity:\n  key_file: identity.key", f"identity: {identity}"))
    with pytest.raises(UsageError) as caught:
        load_config(path)
    assert "identity" in str(caught.value)
    assert "c0ffee" not in str(caught.value)
    assert "c0ffee" not in "".join(map(str, config_faults(path)))


def test_a_missing_file_says_how_to_get_one(tmp_path):
    path = tmp_path / "lake.yaml"
    with pytest.raises(UsageError) as caught:
        load_config(path)
    assert caught.value.condition == "CONFIG_MISSING"
    assert caught.value.found == "No such file or directory"
    assert config_faults(path) == [Fault(str(path), "", "No such file or directory", "a configuration file")]


def test_a_folder_is_no_configuration(tmp_path):
    with pytest.raises(UsageError) as caught:
        load_config(tmp_path)
    assert (caught.value.condition, caught.value.found) == ("CONFIG_MISSING", "Is a directory")


def test_a_sound_file_has_no_faults(lake_yaml):
    assert config_faults(lake_yaml(LEAST)) == []
