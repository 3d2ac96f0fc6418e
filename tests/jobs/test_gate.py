"""What a quality gate holds changes nothing that a reader sees; once its cause is mended it is published, once."""

import json
import os
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from adlake import boundary, touched
from adlake.account import Account
from adlake.audit import audit
from adlake.contracts import table
from adlake.errors import UsageError
from adlake.frames import empty_frame
from adlake.job import execute
from adlake.lake import Lake
from adlake.ledger import Ledger
from adlake.quality.gate import judge
from adlake.quality.overview import read_quality
from adlake.quality.suite import load_suite
from adlake.quality.verdict import NOTHING_NEW
from adlake.release import verdicts_on
from adlake.session import Spark
from adlake.wish import Release
from tests.conftest import make_config
from tests.jobs import lakes
from tests.jobs import suites as hand_made
from tests.jobs.suites import ROWS_MISSING, rule
from tests.unit.judged import judged

ITEMS, REFUSED, EVENTS = "silver.gam_line_items", "quarantine.gam_line_items", "silver.page_events"
INGEST, REFINE, ALL = ["ingest_bronze"], ["build_silver"], ["build_silver", "build_gold"]
SOMEBODY = "jane.doe@example.com"
# of a day that is not over there is no snapshot of the user features yet, which saves Spark work
SAME_DAY = {"as_of": lakes.DELIVERED - timedelta(hours=1)}
BEFORE_THAT = lakes.DELIVERED - timedelta(hours=2)

TYPE_UNKNOWN = rule(
    "type_unknown", "column_values_to_be_in_set", column="line_item_type", value_set=["STANDARD", "HOUSE"]
)
ODD_NAMES = rule("name_odd", "column_values_to_match_regex", "warn", column="name", regex="^item ")
STRICT = {ITEMS: [ROWS_MISSING, TYPE_UNKNOWN, ODD_NAMES]}
LENIENT = {ITEMS: [ROWS_MISSING, ODD_NAMES]}
# the same rows held, and two more rules broken
STRICTER = {ITEMS: [ROWS_MISSING, TYPE_UNKNOWN, ODD_NAMES, rule("rows_many", "table_row_count_to_equal", value=1)]}

HOUSE = lakes.line_item("12", "CPC", "0.3", "HOUSE")
FIRST = [lakes.line_item("11", "CPM", "2.5"), HOUSE, lakes.line_item("13", "CPM", "")]
ODD = lakes.line_item("21", "CPM", "1", "GOLD") | {"Name": SOMEBODY}
SECOND = [ODD, HOUSE, lakes.line_item("22", "CPM", "3"), lakes.line_item("23", "CPM", "-1")]
MENDED = [ODD | {"LineItemType": "STANDARD"}, lakes.line_item("22", "CPM", "3")]


def items(config, name, rows, *, at=lakes.DELIVERED):
    """A delivery of line items of the fifth, named by its folder."""
    lakes.snapshot(lakes.landing(config) / f"gam/{name}/LineItem_1_20261005.csv.gz", rows, at=at)


def events(config, name, *ids, at="10:03:00"):
    """A delivery of page views of somebody who is named in clear."""
    page = {"page_url": f"https://news.example/sport/b?mail={SOMEBODY}"}
    lines = [lakes.page_view(event_id, f"2026-10-05 {at}", SOMEBODY, **page) for event_id in ids]
    path = lakes.landing(config) / f"snowplow/2026/10/05/{name}.tsv.gz"
    lakes.page_views(path, lines, at=BEFORE_THAT)


@pytest.fixture(scope="module")
def stages(session, tmp_path_factory):
    """A lake whose bronze holds three batches, and the same lake after a run in which the second one was held.

    The second batch brings page events too; the third brings the line items of the first again.
    """
    bronze = make_config(tmp_path_factory.mktemp("bronze"))
    spark = Spark(bronze, os.environ, session)
    for name, rows in (("1", FIRST), ("2", SECOND), ("3", FIRST)):
        items(bronze, name, rows)
        if name == "2":
            events(bronze, name, "e1", "e2")
        lakes.run(bronze, spark, INGEST)
    held = lakes.copied(bronze, tmp_path_factory.mktemp("held"))
    with pytest.MonkeyPatch.context() as patch:
        root = hand_made.write(tmp_path_factory.mktemp("suites") / "strict", STRICT)
        patch.setattr("adlake.quality.suite.folder", lambda _: root)
        report = lakes.run(held, spark, ALL, **SAME_DAY)
    return bronze, held, report


@pytest.fixture
def bronze(stages, tmp_path):
    """A copy of the lake with three batches in bronze and nothing beyond."""
    return lakes.copied(stages[0], tmp_path / "bronze")


@pytest.fixture
def held(stages, tmp_path):
    """A copy of the lake in which the second batch is held."""
    return lakes.copied(stages[1], tmp_path / "held")


@pytest.fixture
def waits(contracts):
    """Later batches of line items wait for one that is held."""
    layer = "      - {property: layer, value: silver}\n"
    contracts("silver/gam_line_items", layer, layer + "      - {property: afterHold, value: wait}\n")
    assert table(ITEMS).after_hold == "wait"


def batches_of(config):
    """The number of each batch by its id, in order of claiming."""
    return {batch: number for number, batch in enumerate(Ledger(Lake(config)).claims(), 1)}


def done(config, report):
    """Commits of a run, those of links and people left out: number of the batch, table and account."""
    numbers = batches_of(config)
    commits = [record for record in report.commits if record.table not in lakes.PEOPLE]
    return [(numbers.get(record.batch_id), record.table, record.account) for record in commits]


def shown(config, name=ITEMS):
    """What readers see of the line items: id and number of the batch."""
    numbers = batches_of(config)
    return sorted((row["line_item_id"], numbers[row["_batch_id"]]) for row in lakes.rows_of(config, name))


def verdicts(config, name=ITEMS):
    """Rows of ops: number of the batch, state, version, reason, released, rule, its outcome and numbers; sorted."""
    numbers = batches_of(config)
    names = ("state", "version", "reason", "released", "rule", "outcome", "unexpected", "judged", "observed")
    rows = [row for row in lakes.rows_of(config, "ops.verdicts") if row["table"] == name]
    return sorted(((numbers[row["batch_id"]], *(row[one] for one in names)) for row in rows), key=str)


def data_files(config, *names):
    """Everything that lies in the folders of tables, the checksums of the local disk among it."""
    return {path for name in names for path in Path(config.lake, table(name).path).rglob("*") if path.is_file()}


def live(config, name):
    """The files of the newest version, each with its checksum."""
    root = Path(config.lake, table(name).path)
    paths = [root / file.path for file in Lake(config).files(table(name))]
    return {*paths, *(path.parent / f".{path.name}.crc" for path in paths)}


HELD = [
    (2, "held", None, "", "", "name_odd", "failed", 1, 2, None),
    (2, "held", None, "", "", "rows_missing", "passed", None, None, 2.0),
    (2, "held", None, "", "", "type_unknown", "failed", 1, 2, None),
]
PASSED = [
    (1, "passed", 0, "", "", "name_odd", "passed", 0, 2, None),
    (1, "passed", 0, "", "", "rows_missing", "passed", None, None, 2.0),
    (1, "passed", 0, "", "", "type_unknown", "passed", 0, 2, None),
]
# the third batch brings nothing new, which is no missing row
KNOWN = [(3, "passed", 1, NOTHING_NEW, "", "", None, None, None, None)]
RATES = {"rate_invalid": 1}


def test_q05_a_held_batch_changes_nothing_and_all_else_is_published(stages):
    _, config, report = stages

    assert done(config, report) == [
        (1, REFUSED, Account(1, 1)),
        (1, ITEMS, Account(3, 2, quarantined=RATES)),
        (2, EVENTS, Account(2, 2)),
        (3, REFUSED, Account(1, 1)),
        (3, ITEMS, Account(3, 0, duplicates=2, quarantined=RATES)),
        (2, "gold.traffic_daily", Account(1, 1)),
        # it tells the newest batch that it knows of
        (3, "gold.user_days", Account(1, 1)),
        (2, "gold.page_views", Account(2, 2)),
        (2, "gold.sessions", Account(1, 1)),
    ]
    assert shown(config) == [("11", 1), ("12", 1)]
    for name in (ITEMS, REFUSED):
        in_folder = {path for path in data_files(config, name) if "_delta_log" not in path.parts}
        assert in_folder == live(config, name)
    assert verdicts(config) == [*PASSED, *HELD, *KNOWN]


def test_a_held_batch_is_named_where_people_and_machines_look(stages):
    _, config, report = stages
    (batch,) = [batch for batch, number in batches_of(config).items() if number == 2]

    assert report.exit_code == 3
    (judgement,) = report.held
    assert str(judgement.error()) == (
        f"[GATE_HELD] silver.gam_line_items, batch {batch}: rules of the suite hold the batch; nothing of it was "
        "published. Found: 1 of 3 rules: type_unknown. `adlake quality --table silver.gam_line_items` shows why. Mend "
        f"the cause and run again, or publish it as it is: `adlake release --batch {batch} --reason ...`."
    )
    written = json.loads(lakes.reports(config)[-1].read_text())
    of_batch = {"batch_id": batch, "state": "held", "rules": ["type_unknown"], "reason": "", "rows": 2}
    assert written["held"] == [{"step": "build_silver", "table": ITEMS} | of_batch]
    (page,) = Path(config.lake, "ops", "quality").glob("*.html")
    assert page.name == f"{report.run_id}.html"
    assert f"adlake release --batch {batch} --table silver.gam_line_items" in page.read_text()
    (found,) = read_quality(Lake(config)).held
    assert (found.verdict.batch_id, found.rules) == (batch, ("type_unknown",))


def test_q04_nobody_is_named_where_verdicts_are_kept(stages):
    _, config, _ = stages
    # in clear only where records are: what was planted is there
    assert SOMEBODY in str(lakes.rows_of(config, "bronze.page_events"))
    assert SOMEBODY in str(lakes.rows_of(config, "bronze.gam_line_items"))

    ops = [path for path in Path(config.lake, "ops").rglob("*") if path.suffix in {".html", ".json", ".crc"}]
    assert {path.suffix for path in ops} >= {".html", ".json"}
    assert [path for path in ops if SOMEBODY in path.read_text()] == []
    tables = [lakes.rows_of(config, f"ops.{name}") for name in ("verdicts", "accounts", "runs", "files")]
    assert all(tables)
    assert SOMEBODY not in str(tables)
    assert SOMEBODY not in json.dumps(read_quality(Lake(config)).as_dict())


def test_q05_a_held_batch_is_held_again_and_published_once_when_its_cause_is_mended(held, shared, spark_of, suites):
    config = held
    before = data_files(config, ITEMS, REFUSED), {**lakes.versions(config)}
    suites(STRICT)
    report = lakes.run(config, shared(config), REFINE)

    assert (report.exit_code, report.commits) == (3, ())
    assert verdicts(config) == sorted([*PASSED, *HELD, *HELD, *KNOWN], key=str)
    grown = {name for name, version in lakes.versions(config).items() if version != before[1][name]}
    assert (data_files(config, ITEMS, REFUSED), grown) == (before[0], {"ops.verdicts", "ops.runs"})

    suites(LENIENT)
    report = lakes.run(config, shared(config), REFINE)
    assert report.exit_code == 0
    assert done(config, report) == [
        (2, REFUSED, Account(1, 1)),
        (2, ITEMS, Account(4, 2, duplicates=1, quarantined=RATES)),
    ]
    assert shown(config) == [("11", 1), ("12", 1), ("21", 2), ("22", 2)]
    assert read_quality(Lake(config)).held == ()

    idle = spark_of(config)
    report = lakes.run(config, idle, REFINE)
    assert (report.commits, report.held, idle.is_started) == ((), (), False)


def test_a_release_is_good_for_its_verdict_alone_and_publishes_once_though_the_run_was_killed(
    held, shared, spark_of, suites
):
    config = held
    (batch,) = [batch for batch, number in batches_of(config).items() if number == 2]
    wish = Release(batch, "new contract type, agreed with sales", ITEMS)
    suites(STRICT)
    lakes.stopped_at("release_recorded", lambda: lakes.run(config, shared(config), ALL, wish=wish, **SAME_DAY))

    # judged otherwise: nobody has seen that
    suites(STRICTER)
    report = lakes.run(config, shared(config), REFINE)
    assert (report.exit_code, report.commits) == (3, ())
    assert report.held[0].verdict.failed == ("type_unknown", "name_odd", "rows_many")

    suites(STRICT)
    report = lakes.run(config, shared(config), ALL, **SAME_DAY)
    assert (report.exit_code, report.held) == (0, ())
    assert done(config, report) == [
        (2, REFUSED, Account(1, 1)),
        (2, ITEMS, Account(4, 2, duplicates=1, quarantined=RATES)),
        # what an impression earned may be known now
        (2, "gold.user_days", Account(1, 1, superseded=1)),
    ]
    assert shown(config) == [("11", 1), ("12", 1), ("21", 2), ("22", 2)]
    (record,) = Ledger(Lake(config)).releases()
    assert (record.batch_id, record.table, record.reason) == (batch, ITEMS, "new contract type, agreed with sales")
    released = [row[1:5] for row in verdicts(config) if row[4]]
    assert released == [("held", 2, "", "new contract type, agreed with sales")] * 3
    assert "new contract type, agreed with sales" in newest_page(config)

    idle = spark_of(config)
    report = lakes.run(config, idle, ALL, **SAME_DAY)
    assert (report.commits, report.held, idle.is_started) == ((), (), False)
    refusal = refused(config, wish)
    assert (refusal.condition, refusal.found, refusal.wanted) == ("NOT_HELD", repr(batch), "no batch is held")


def newest_page(config):
    return max(Path(config.lake, "ops", "quality").glob("*.html")).read_text()


def refused(config, wish):
    with pytest.raises(UsageError) as refusal:
        verdicts_on(Ledger(Lake(config)), wish)
    assert refusal.value.exit_code == 2
    return refusal.value


def test_what_cannot_be_released_is_refused_with_a_way_out(config):
    ledger = Ledger(Lake(config))
    ledger.add_verdicts(judged(state="held", batch_id="b1", table=ITEMS))
    ledger.add_verdicts(judged(state="could_not_run", batch_id="b2", table=EVENTS, reason="SUITE_INVALID"))
    ledger.add_verdicts(judged(state="held", batch_id="replay-1", table=ITEMS, step="replay_quarantine"))

    wishes = [
        Release("b1", " ... "),
        Release("b1", "known", "silver.gam_line_item"),
        Release("b1", "known", EVENTS),
        Release("b3", "known"),
        Release("replay-1", "known"),
        Release("b2", "known"),
    ]
    found = [refused(config, wish) for wish in wishes]
    assert [(error.condition, error.where) for error in found] == [
        ("REASON_MISSING", "--reason"),
        ("UNKNOWN_TABLE", "--table"),
        ("NOT_HELD", "--batch"),
        ("NOT_HELD", "--batch"),
        ("NOT_HELD", "--batch"),
        ("GATE_BROKEN", EVENTS),
    ]
    assert found[3].wanted == f"b1 ({ITEMS}), b2 ({EVENTS})"


def test_later_batches_wait_where_the_contract_says_so(held, waits, shared, suites):
    config = held
    items(config, "4", [lakes.line_item("22", "CPM", "4"), lakes.line_item("41", "CPM", "4")])
    suites(STRICT)
    report = lakes.run(config, shared(config), [*INGEST, *REFINE])
    assert done(config, report) == [(4, "bronze.gam_line_items", Account(2, 2))]
    assert (report.exit_code, len(report.held)) == (3, 1)

    suites(LENIENT)
    report = lakes.run(config, shared(config), REFINE)
    assert done(config, report) == [
        (2, REFUSED, Account(1, 1)),
        (2, ITEMS, Account(4, 2, duplicates=1, quarantined=RATES)),
        # of the same item the earlier batch is there first, as if nothing had been held
        (4, ITEMS, Account(2, 1, duplicates=1)),
    ]
    assert shown(config) == [("11", 1), ("12", 1), ("21", 2), ("22", 2), ("41", 4)]


def test_a_corrected_delivery_gets_past_the_held_one_that_it_replaces(held, waits, shared, suites):
    config = held
    items(config, "2", MENDED, at=lakes.REDELIVERED)
    suites(STRICT)
    report = lakes.run(config, shared(config), [*INGEST, *REFINE])

    # batches that wait would else wait for ever
    assert done(config, report) == [(4, "bronze.gam_line_items", Account(2, 2)), (4, ITEMS, Account(2, 2))]
    assert (report.exit_code, shown(config)) == (3, [("11", 1), ("12", 1), ("21", 4), ("22", 4)])

    # nothing of the old delivery is left, which is no missing row
    report = lakes.run(config, shared(config), REFINE)
    assert report.exit_code == 0
    assert done(config, report) == [
        (2, REFUSED, Account(1, 1)),
        (2, ITEMS, Account(4, 0, quarantined=RATES, filtered={"superseded_delivery": 3})),
    ]
    assert shown(config) == [("11", 1), ("12", 1), ("21", 4), ("22", 4)]


def test_a_rebuild_leaves_a_held_batch_held(held, shared, suites, monkeypatch):
    config = held
    monkeypatch.setattr("adlake.silver.published_tables", lambda _: [ITEMS])
    suites({ITEMS: [*STRICT[ITEMS], rule("rows_few", "table_row_count_to_be_between", min_value=1, max_value=2)]})
    report = lakes.run(config, shared(config), REFINE, rebuild=True)

    (judgement,) = report.held
    assert judgement.batch_id in batches_of(config)
    rebuilt = {record.table: record.account for record in report.commits if record.batch_id.startswith("rebuild-")}
    assert rebuilt == {
        REFUSED: Account(2, 2, superseded=2),
        ITEMS: Account(6, 2, 2, {"rate_invalid": 2}, superseded=2),
    }
    assert shown(config) == [("11", 1), ("12", 1)]

    suites(LENIENT)
    lakes.run(config, shared(config), REFINE)
    assert shown(config) == [("11", 1), ("12", 1), ("21", 2), ("22", 2)]


BOUNDARIES = [
    f"build_silver/{REFUSED}/committed",
    f"build_silver/{ITEMS}/committed",
    f"build_silver/{EVENTS}/committed",
    f"build_silver/{ITEMS}/held",
    *[f"build_silver/{name}/committed" for name in lakes.PEOPLE],
    "report",
]


def test_a_run_killed_at_every_boundary_in_turn_leaves_what_an_undisturbed_run_leaves(bronze, stages, shared, suites):
    config, (_, undisturbed, _) = bronze, stages
    suites(STRICT)
    reached = []

    def end_at_new_ones(name):
        if name not in reached:
            reached.append(name)
            raise lakes.Killed

    stop_watching = boundary.watch(end_at_new_ones)
    try:
        for _ in range(len(BOUNDARIES)):
            with pytest.raises(lakes.Killed):
                lakes.run(config, shared(config), REFINE, **SAME_DAY)
    finally:
        stop_watching()

    assert sorted(reached) == sorted(BOUNDARIES)
    silver = {name: rows for name, rows in lakes.contents(undisturbed).items() if not name.startswith("gold")}
    assert lakes.contents(config) == silver
    # what is published has its verdict once; what is held has one from each run that came so far
    published = [row for row in verdicts(config) if row[2] is not None]
    assert published == [*PASSED, *KNOWN]
    assert {row[:6] for row in verdicts(config) if row[2] is None} == {row[:6] for row in HELD}
    assert Counter(row[4] for row in verdicts(config, EVENTS)) == {"": 1}


def test_q05_marts_stay_as_they_are_while_gold_is_held_and_catch_up(held, shared, suites):
    config = held
    busy = {**LENIENT, "gold.user_days": [rule("page_views_many", "column_max_to_be_between", column="page_views",
                                              max_value=2)]}  # fmt: skip
    held_back = ("gold.user_days", "gold.user_features")
    before = {name: rows for name, rows in lakes.contents(config).items() if name in held_back}
    versions = lakes.versions(config)
    suites(busy)
    events(config, "4", "e3", at="11:03:00")
    report = lakes.run(config, shared(config), [*INGEST, *ALL], **SAME_DAY)

    assert report.exit_code == 3
    published = {"bronze.page_events", EVENTS, REFUSED, ITEMS, "gold.traffic_daily", "gold.page_views", "gold.sessions"}
    assert {record.table for record in report.commits} == published | lakes.PEOPLE
    (first,) = report.held
    assert (batches_of(config)[first.batch_id], first.verdict.table) == (4, "gold.user_days")

    # released too late: the next batch is in the mart when it is made again
    wish = Release(first.batch_id, "a busy reader", "gold.user_days")
    lakes.stopped_at("release_recorded", lambda: lakes.run(config, shared(config), ALL, wish=wish, **SAME_DAY))
    items(config, "5", [lakes.line_item("51", "CPM", "1")], at=BEFORE_THAT)
    report = lakes.run(config, shared(config), [*INGEST, *ALL], **SAME_DAY)
    (second,) = report.held
    assert (report.exit_code, batches_of(config)[second.batch_id]) == (3, 5)
    assert {name: rows for name, rows in lakes.contents(config).items() if name in held_back} == before
    assert {name: lakes.versions(config)[name] for name in before} == {name: versions[name] for name in before}
    (waiting,) = read_quality(Lake(config)).held
    assert (waiting.verdict.batch_id, waiting.since_utc < waiting.verdict.at_utc) == (second.batch_id, True)
    assert refused(config, wish).condition == "NOT_HELD"

    suites(LENIENT)
    report = lakes.run(config, shared(config), ALL, **SAME_DAY)
    assert (report.exit_code, done(config, report)) == (
        0,
        [
            (5, "gold.user_days", Account(1, 1, superseded=1)),
        ],
    )
    (row,) = lakes.rows_of(config, "gold.user_days")
    assert (row["page_views"], row["last_seen_at_utc"].hour) == (3, 11)
    assert read_quality(Lake(config)).held == ()


DELIVERY = "gam/1/LineItem_1_20261005.csv.gz"
SPLIT_ROWS = [
    lakes.line_item("31", "CPM", "2.5"),
    lakes.line_item("32", "CPX", "9", "GOLD"),
    lakes.line_item("33", "CPM", "8", "GOLD"),
    # its form is wrong, so nobody looks at its values
    lakes.line_item("34", "CPX", "-1", "GOLD"),
    lakes.line_item("35", "CPM", "1", "HOUSE"),
]


def splitting(mostly=0.5, most_rows=None):
    """Three rules that take rows out and one that warns; the share and the number are of the second."""
    types = {"column": "line_item_type", "value_set": ["STANDARD", "HOUSE"]}
    return {
        ITEMS: [
            rule("rate_high", "column_values_to_be_between", "quarantine", column="cost_per_unit_micros",
                 max_value=8_500_000, mostly=0.5),
            rule("type_unknown", "column_values_to_be_in_set", "quarantine", mostly=mostly, most_rows=most_rows,
                 **types),
            rule("cost_unknown", "column_values_to_be_in_set", "quarantine", column="cost_type", value_set=["CPM"],
                 mostly=0.5),
            rule("house_sold", "column_values_to_not_be_in_set", "warn", column="line_item_type",
                 value_set=["HOUSE"]),
        ]
    }  # fmt: skip


def persisted(session):
    """How many blocks are kept, and which views there are."""
    views = [view.name for view in session.catalog.listTables() if view.isTemporary]
    return session.sparkContext._jsc.getPersistentRDDs().size(), views


@pytest.fixture(scope="module")
def one_batch(session, tmp_path_factory):
    """A lake whose bronze holds one batch of line items of all sorts."""
    config = make_config(tmp_path_factory.mktemp("split"))
    items(config, "1", SPLIT_ROWS)
    lakes.run(config, Spark(config, os.environ, session), INGEST)
    return config


@pytest.fixture
def all_sorts(one_batch, tmp_path):
    """A copy of it."""
    return lakes.copied(one_batch, tmp_path / "copy")


def test_q07_rows_that_break_values_go_to_quarantine_or_hold_the_batch_if_they_are_too_many(all_sorts, shared, suites):
    config = all_sorts
    cached = persisted(shared(config).session)
    for too_many in (splitting(mostly=0.51), splitting(most_rows=1)):
        suites(too_many)
        report = lakes.run(config, shared(config), REFINE)
        (judgement,) = report.held
        assert (report.exit_code, report.commits, judgement.verdict.holding) == (3, (), ("type_unknown",))
        assert data_files(config, ITEMS, REFUSED) == set()

    suites(splitting(most_rows=2))
    report = lakes.run(config, shared(config), REFINE)

    assert report.exit_code == 0
    owned = {"rate_high": 1, "rate_invalid": 1, "type_unknown": 1}
    assert done(config, report) == [(1, REFUSED, Account(3, 3)), (1, ITEMS, Account(5, 2, quarantined=owned))]
    rows = lakes.rows_of(config, REFUSED)
    refused = sorted((json.loads(row["record"])["ID"], row["rule_id"], row["rule_ids"]) for row in rows)
    assert refused == [
        ("32", "rate_high", ["rate_high", "type_unknown", "cost_unknown"]),
        ("33", "type_unknown", ["type_unknown"]),
        ("34", "rate_invalid", ["rate_invalid"]),
    ]
    # each names its file and batch, and the account of the commit names the run
    (batch,) = batches_of(config)
    assert {(row["file"], row["batch_id"], row["step"]) for row in rows} == {(DELIVERY, batch, *REFINE)}
    accounts = [one for one in Ledger(Lake(config)).accounts() if (one.table, one.batch_id) == (REFUSED, batch)]
    assert [(one.step, one.run_id) for one in accounts] == [(*REFINE, report.run_id)]
    assert shown(config) == [("31", 1), ("35", 1)]
    assert persisted(shared(config).session) == cached
    # a warning is told and holds nothing back
    assert [row for row in verdicts(config) if row[2] is not None] == [
        (1, "passed_with_warnings", 0, "", "", "cost_unknown", "passed", 1, 4, None),
        (1, "passed_with_warnings", 0, "", "", "house_sold", "failed", 1, 2, None),
        (1, "passed_with_warnings", 0, "", "", "rate_high", "passed", 1, 4, None),
        (1, "passed_with_warnings", 0, "", "", "type_unknown", "passed", 2, 4, None),
    ]


def test_a_gate_that_cannot_judge_publishes_nothing_and_fails_the_run(all_sorts, shared, suites, monkeypatch, capfd):
    config = all_sorts
    suites({ITEMS: []})
    report = lakes.run(config, shared(config), REFINE)
    (judgement,) = report.held
    assert (report.exit_code, report.commits, data_files(config, ITEMS, REFUSED)) == (1, (), set())
    assert (judgement.verdict.state, judgement.verdict.reason) == ("could_not_run", "SUITE_MISSING")
    assert str(judgement.error()) == (
        f"[GATE_BROKEN] {ITEMS}, batch {judgement.batch_id}: the gate could not judge the batch; nothing of it was "
        "published. Found: SUITE_MISSING. Mend the suite or the table (`adlake validate` names faults of suites) and "
        "run again."
    )

    def give_up(*_):
        raise TypeError(f"'{SOMEBODY}' is not JSON serializable")

    suites(STRICT)
    with monkeypatch.context() as patch:
        patch.setattr("adlake.quality.gate._validate", give_up)
        report = execute(REFINE, shared(config), config, as_of=lakes.NOW)
    (judgement,) = report.held
    assert (report.exit_code, report.commits, data_files(config, ITEMS, REFUSED)) == (1, (), set())
    assert [one.state for one in judgement.verdict.outcomes] == ["could_not_run"] * 3
    written = "".join([*capfd.readouterr(), newest_page(config), lakes.reports(config)[-1].read_text()])
    assert "gate could not run" in written
    assert SOMEBODY not in written


def test_a_rule_that_spark_cannot_carry_out_is_told_by_the_gate_and_does_not_end_the_run(all_sorts, shared, suites):
    config = all_sorts
    # no check without Java knows the classes of characters that Java knows
    unreadable = rule("name_odd", "column_values_to_match_regex", "quarantine", column="name", mostly=0.5,
                      regex=r"\p{Nonsense}")  # fmt: skip
    suites({ITEMS: [*splitting()[ITEMS], unreadable]})
    report = lakes.run(config, shared(config), REFINE)
    (judgement,) = report.held
    assert (report.exit_code, report.commits, data_files(config, ITEMS, REFUSED)) == (1, (), set())
    assert (judgement.verdict.state, judgement.verdict.holding) == ("could_not_run", ("name_odd",))


def test_a_mart_that_is_held_when_somebody_has_it_rebuilt_is_not_held_for_ever(held, shared, suites, monkeypatch):
    config, gold = held, ["build_gold"]
    monkeypatch.setattr("adlake.touched.MARTS", {"gold.user_days": touched.MARTS["gold.user_days"]})
    waiting = [one.verdict.batch_id for one in read_quality(Lake(config)).held]
    few = [rule("page_views_many", "column_max_to_be_between", column="page_views", max_value=1)]
    suites({**LENIENT, "gold.user_days": few})
    before = lakes.rows_of(config, "gold.user_days")

    report = lakes.run(config, shared(config), gold, rebuild=True, **SAME_DAY)
    (judgement,) = report.held
    assert (report.exit_code, report.commits, judgement.batch_id) == (3, (), f"remake-{report.run_id}")
    assert judgement.error().way_out.endswith(
        "a rebuild, a replay or a rotation is done from the start and cannot be released."
    )
    assert lakes.rows_of(config, "gold.user_days") == before
    # no later run would go on with it; the batch of line items is held as before
    assert [one.verdict.batch_id for one in read_quality(Lake(config)).held] == waiting
    assert lakes.run(config, shared(config), gold, **SAME_DAY).commits == ()

    suites(LENIENT)
    report = lakes.run(config, shared(config), gold, rebuild=True, **SAME_DAY)
    assert (report.exit_code, [record.table for record in report.commits]) == (0, ["gold.user_days"])


def test_q03_every_reason_for_not_publishing_has_a_verdict_of_its_own(one_batch, shared, suites):
    contract = table(ITEMS)
    broken = {
        "twice": {ITEMS: [ROWS_MISSING, ROWS_MISSING]},
        "unknown kind": {ITEMS: [rule("kind", "column_values_to_be_good", column="name")]},
        "unknown column": {ITEMS: [rule("column", "column_values_to_not_be_null", column="nme")]},
        "no bounds": {ITEMS: [rule("bounds", "column_values_to_be_between", "quarantine", column="name", mostly=1)]},
        "no suite": {ITEMS: []},
        "no row": {ITEMS: [ROWS_MISSING]},
    }
    found = {}
    with lakes.open_run(one_batch, shared(one_batch)) as run:
        nothing = empty_frame(run.session, contract)
        for name, rules in broken.items():
            suites(rules)
            verdict = audit(run, contract, nothing, count=0, step="build_silver", batch_id="b").verdict
            found[name] = (verdict.state, verdict.reason, verdict.holding, verdict.publishes)
        verdict = audit(run, contract, nothing, count=0, step="build_silver", batch_id="b", is_known=True).verdict
        found["nothing new"] = (verdict.state, verdict.reason, verdict.holding, verdict.publishes)
        suites(STRICT)
        verdict = judge(nothing.drop("name", "line_item_type"), load_suite(contract), count=0)
        found["lost columns"] = (verdict.state, verdict.reason, verdict.holding, verdict.publishes)

    assert found == {
        "twice": ("could_not_run", "SUITE_INVALID", (), False),
        "unknown kind": ("could_not_run", "SUITE_INVALID", (), False),
        "unknown column": ("could_not_run", "SUITE_INVALID", (), False),
        "no bounds": ("could_not_run", "SUITE_INVALID", (), False),
        "no suite": ("could_not_run", "SUITE_MISSING", (), False),
        "no row": ("held", "", ("rows_missing",), False),
        "nothing new": ("passed", NOTHING_NEW, (), True),
        "lost columns": ("could_not_run", "missing columns: line_item_type, name", (), False),
    }
