"""The benchmark: its peer against the generator's truth, what tells tables apart, and its input. No JVM."""

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable, write_deltalake

from adlake.config import load_config
from adlake.contracts import table
from adlake.generator import Truth, generate
from benchmarks import bulk, inputs
from benchmarks.contenders import run_peer, write_config
from benchmarks.peer import run
from benchmarks.peer.lake import PeerLake, connect
from benchmarks.tables import GOLD, SOURCE_TABLES, TRUTH_COLUMNS, digest, fingerprint, is_true, lines
from tests.unit.brute_force_auctions import texts_of

EVENTS, SEED = 3_000, 11


@pytest.fixture(scope="module")
def delivery(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated")
    generate(folder, events=EVENTS, seed=SEED)
    return folder


@pytest.fixture(scope="module")
def peer(delivery, tmp_path_factory):
    root = tmp_path_factory.mktemp("peer") / "lake"
    secret = (delivery / "identity.key").read_bytes().rstrip(b"\n")
    steps = run(delivery / "landing", root, secret, "k1")
    return root, steps


def ask(root, qualified, what, rest=""):
    """The rows of one question to one table."""
    lake = PeerLake(root, connect())
    return lake.connection.execute(f"SELECT {what} " + f"FROM {lake.scan(qualified)} {rest}").fetchall()


@pytest.mark.parametrize("name", GOLD)
def test_the_peer_makes_the_gold_of_the_truth_row_by_row(delivery, peer, name):
    truth = Truth.load(delivery)
    wanted = truth.table(1, name)
    assert wanted
    right = Counter(",".join(row[column] for column in TRUTH_COLUMNS[name]) for row in wanted)
    assert Counter(lines(peer[0], name, TRUTH_COLUMNS[name], separator=",", null="")) == right
    assert is_true(peer[0], truth, name)


@pytest.mark.parametrize("layer", ["bronze", "silver"])
@pytest.mark.parametrize("name", SOURCE_TABLES)
def test_the_peer_publishes_as_many_rows_as_the_truth_says(delivery, peer, layer, name):
    account = Truth.load(delivery).accounts(1)[layer][name]
    assert ask(peer[0], f"{layer}.{name}", "count(*)") == [(account["published"],)]


def test_the_input_holds_what_the_peer_could_get_wrong(delivery):
    accounts = Truth.load(delivery).accounts(1)
    refused = {rule for account in accounts["bronze"].values() for rule in account["quarantined"]}
    assert refused >= {"wrong_column_count", "unreadable_value"}
    assert sum(account["duplicates"] for account in accounts["silver"].values()) > 10
    assert accounts["silver"]["gam_impressions"]["filtered"]["unfilled_impression"] > 0


def test_tables_of_the_peer_follow_the_contracts(peer):
    sources = [f"{layer}.{name}" for layer in ("bronze", "silver") for name in SOURCE_TABLES]
    for name in [*sources, *(f"gold.{mart}" for mart in GOLD)]:
        contract = table(name)
        delta = DeltaTable(peer[0] / contract.path)
        assert [field.name for field in delta.schema().fields] == list(contract.column_names)
        assert delta.metadata().partition_columns == list(contract.partition_by)
        assert delta.metadata().configuration == dict(contract.properties)


def test_the_peer_says_what_each_table_cost(peer):
    steps = peer[1]
    assert list(dict.fromkeys(step.step for step in steps)) == ["ingest_bronze", "build_silver", "build_gold"]
    assert [step.table for step in steps if step.step == "build_gold"] == ["gold.yield_hourly", "gold.user_days"]
    assert len(steps) == len({step.table for step in steps}) == 2 * len(SOURCE_TABLES) + len(GOLD)
    assert all(step.seconds >= 0 and step.cpu_seconds >= 0 for step in steps)
    assert sum(step.cpu_seconds for step in steps) > 0


def test_the_peer_runs_in_a_process_of_its_own(delivery, peer, tmp_path):
    found = run_peer(delivery, tmp_path / "lake")
    assert [step.table for step in found.steps] == [step.table for step in peer[1]]
    assert digest(tmp_path / "lake", "user_days") == digest(peer[0], "user_days")


def test_an_empty_landing_zone_makes_an_empty_lake(tmp_path):
    (tmp_path / "landing").mkdir()
    steps = run(tmp_path / "landing", tmp_path / "lake", b"any", "k1")
    assert [step.step for step in steps].count("build_silver") == len(SOURCE_TABLES)
    assert ask(tmp_path / "lake", "gold.user_days", "count(*)") == [(0,)]


@pytest.fixture
def turned(peer, tmp_path):
    """The peer's gold once more, its rows in another order and in more files."""
    for name in GOLD:
        contract = table(f"gold.{name}")
        rows = DeltaTable(peer[0] / contract.path).to_pyarrow_table().select(list(contract.column_names))
        backwards = rows.take(list(range(rows.num_rows - 1, -1, -1)))
        for part in (backwards.slice(0, 5), backwards.slice(5)):
            write_deltalake(tmp_path / contract.path, part, mode="append", partition_by=list(contract.partition_by))
    return tmp_path


@pytest.mark.parametrize("name", GOLD)
def test_a_digest_does_not_depend_on_order_or_files(peer, turned, name):
    assert digest(turned, name) == digest(peer[0], name)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("yield_hourly", "UPDATE rows SET clicks = clicks + 1 WHERE impressions = (SELECT max(impressions) FROM rows)"),
        ("yield_hourly", "UPDATE rows SET site = NULL WHERE site = 'sportpuls.example'"),
        ("yield_hourly", "UPDATE rows SET country = '' WHERE country IS NULL"),
        ("user_days", "UPDATE rows SET last_seen_at_utc = last_seen_at_utc + INTERVAL 1 MICROSECOND"),
        ("user_days", "UPDATE rows SET sections = list_reverse(sections) WHERE len(sections) > 1"),
    ],
)
def test_a_digest_and_the_truth_notice_any_change(delivery, peer, tmp_path, name, change):
    contract = table(f"gold.{name}")
    lake = PeerLake(peer[0], connect())
    lake.connection.execute(f"CREATE TABLE rows AS FROM {lake.scan(contract.qualified)}")
    ((changed,),) = lake.connection.execute(change).fetchall()
    PeerLake(tmp_path, lake.connection).write(contract.qualified, "FROM rows")
    assert changed > 0
    assert digest(tmp_path, name) != digest(peer[0], name)
    # the truth's CSV has one spelling for a null and an empty text
    assert is_true(tmp_path, Truth.load(delivery), name) is ("country = ''" in change)


def test_a_digest_of_some_rows_leaves_the_others_out(peer):
    assert 0 < digest(peer[0], "yield_hourly", "clicks > 0").rows < digest(peer[0], "yield_hourly").rows
    assert digest(peer[0], "yield_hourly", "false").rows == 0


def test_a_fingerprint_notices_a_value_but_not_what_every_run_makes_anew(peer, tmp_path):
    lake = PeerLake(peer[0], connect())
    rows = f"FROM {lake.scan('silver.gam_requests')}"
    other, same = PeerLake(tmp_path / "other", lake.connection), PeerLake(tmp_path / "same", lake.connection)
    other.write("silver.gam_requests", f"{rows} SELECT * REPLACE (upper(os) AS os)")
    same.write("silver.gam_requests", f"{rows} SELECT * REPLACE ('b' AS _batch_id, 0 AS _position) ORDER BY key_part")
    found = fingerprint(peer[0], "silver.gam_requests")
    assert found[0] > 0
    assert fingerprint(same.root, "silver.gam_requests") == found
    assert fingerprint(other.root, "silver.gam_requests") != found


def test_two_lakes_are_compared_table_by_table(delivery, peer, tmp_path):
    truth = Truth.load(delivery)
    alike = list(bulk._checks(peer[0], peer[0], truth))
    assert len(alike) == 2 * len(SOURCE_TABLES) + len(GOLD)
    assert all(check.is_equal and check.is_true is not False for check in alike)
    against_nothing = list(bulk._checks(peer[0], tmp_path, truth))
    assert not any(check.is_equal for check in against_nothing)


def test_a_configuration_is_one_that_adlake_reads(delivery, tmp_path):
    key_file = delivery / "identity.key"
    path = write_config(tmp_path / "a", landing=delivery / "landing", key_file=key_file, batch_bytes=77)
    config = load_config(path, {})
    assert (config.lake, config.batch_bytes, config.quiet_seconds) == (str(tmp_path / "a" / "lake"), 77, 0)
    assert config.identity.key_file == str(key_file)


def test_an_input_is_made_once_and_again_after_it_was_cut_short(tmp_path):
    folder = inputs.bulk_input(tmp_path, 300, SEED)
    (folder / "mark").touch()
    assert (inputs.bulk_input(tmp_path, 300, SEED) / "mark").exists()
    (folder / inputs.DONE).unlink()
    assert not (inputs.bulk_input(tmp_path, 300, SEED) / "mark").exists()
    assert json.loads((folder / "truth.json").read_text())["events"] == 300


@pytest.fixture(scope="module")
def hours(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inputs, "DAYS", 1)
        folder = tmp_path_factory.mktemp("hours")
        return inputs.hourly_input(folder, events=1_500, events_before=200, batches=3, seed=SEED)


def lake_of(tmp_path: Path, given: inputs.HourlyInput, *folders: Path) -> Path:
    for folder in folders:
        inputs.lay_over(folder, tmp_path / "landing")
    run(tmp_path / "landing", tmp_path / "lake", given.key_file.read_bytes(), "k1")
    return tmp_path / "lake"


@pytest.mark.parametrize("number", range(3))
def test_a_batch_holds_its_events_and_nothing_of_other_hours(hours, tmp_path, number):
    lake = lake_of(tmp_path, hours, hours.batches[number])
    hour = inputs.FIRST_BATCH_AT + timedelta(hours=number)
    # the peer knows the ad server and the tracker
    auctions = sum(1 for file in sorted((tmp_path / "landing" / "prebid").rglob("*.gz")) for _ in texts_of(file))
    assert auctions > 10
    assert auctions + sum(ask(lake, f"bronze.{name}", "count(*)")[0][0] for name in bulk.EVENT_TABLES) == 1_500
    for name in bulk.EVENT_TABLES:
        # the tracker may send an event up to 20 hours late, but never of another day
        earliest = hour.replace(hour=0) if name == "page_events" else hour
        moments = [moment for (moment,) in ask(lake, f"silver.{name}", "event_at_utc")]
        assert all(earliest <= moment < hour + timedelta(hours=1) for moment in moments), name
        assert moments or name == "gam_clicks"


def test_the_days_before_end_with_the_hour_that_stands_alone(hours):
    alone = {path.relative_to(hours.hour): path.read_bytes() for path in hours.hour.rglob("*.gz")}
    assert len(alone) == 11
    assert all((hours.days / name).read_bytes() == content for name, content in alone.items())
    assert len(list((hours.days / "snowplow").rglob("*.gz"))) == 24


def test_equal_hours_give_equal_yield_whatever_came_before(hours, tmp_path):
    since = f"hour_utc >= TIMESTAMPTZ '{inputs.FIRST_BATCH_AT.isoformat()}'"
    short = lake_of(tmp_path / "short", hours, hours.hour, *hours.batches)
    long = lake_of(tmp_path / "long", hours, hours.days, *hours.batches)
    assert digest(short, "yield_hourly", since).rows > 100
    assert digest(short, "yield_hourly", since) == digest(long, "yield_hourly", since)
    assert digest(short, "yield_hourly").rows < digest(long, "yield_hourly").rows
