"""Rows get what consent allows of them by their own signal and at their own time, each signal decided once."""

import json
from datetime import timedelta

from pyspark.sql import functions as F

from adlake.config import ConsentConfig, ContextConfig
from adlake.consent import Signals, decide_event, decide_over_time, policy_of, signals_of_contexts, signals_of_request
from adlake.contracts import table
from adlake.decisions import COLUMNS, SIGNALS, as_text, decided
from adlake.identity import identity_key
from adlake.sources import openrtb
from tests.conftest import SECRET, make_config
from tests.spark.rows import BATCH, assert_same, at, frame, part, refined_auctions, rows
from tests.unit.consent_cases import GOOGLE, NOW, national, tc
from tests.unit.consent_encoder import gpp

CONSENT = {
    "version": "test",
    "vendors": {"google": GOOGLE, "counter": {"id": 77, "takes": {"consent": [1], "legitimate_interest": [7]}}},
    "contexts": {
        "com.herald/privacy": {},
        "com.other/consent": {"tc_string": "tc", "gdpr": "applies", "gpp": "g", "age": "years"},
    },
}
POLICY = policy_of(ConsentConfig.model_validate(CONSENT))
YES, NO = tc(at=at("2026-11-01")), tc(purposes=(), vendors=(), at=at("2026-11-01"))
NATIONAL = national(7)


def own(name, data):
    return {"schema": f"iglu:{name}/jsonschema/1-0-0", "data": data}


def herald(**data):
    return [own("com.herald/privacy", data)]


def other(**data):
    return [own("com.other/consent", data)]


PAGE = own("com.snowplowanalytics.snowplow/web_page", {"id": "p1"})
# contexts of an event at noon of 20 November 2026
CONTEXTS = {
    "nothing": [PAGE],
    "agreed": [PAGE, *herald(gdprApplies=True, tcString=YES)],
    "refused": herald(gdprApplies=1, tcString=NO),
    "no string": herald(gdprApplies="true"),
    "null string": herald(gdprApplies=True, tcString=None),
    "no law": herald(gdprApplies=False),
    "broken": herald(gdprApplies=True, tcString=YES[:20]),
    "oversized": herald(gdprApplies=True, tcString="C" * 20_000),
    "future": herald(gdprApplies=True, tcString=tc(at=at("2026-11-22"))),
    "american": herald(gppString=gpp({7: ""}), applicableSections=[7]),
    "sections": herald(gppString=NATIONAL["gpp"], applicableSections=[7]),
    "none applies": herald(gppString=NATIONAL["gpp"], applicableSections=[-1], gdprApplies=0),
    "opted out": herald(uspString="1YYN"),
    "control": herald(uspString="1YNN", globalPrivacyControl=True),
    "child": other(tc=YES, applies=1, years=12),
    "other": other(tc=f" {YES} ", applies=1),
    "first of two": [*other(tc=NO, applies=1), *herald(gdprApplies=True, tcString=YES)],
    "second of two": [*herald(gdprApplies=True, tcString=YES), *other(tc=NO, applies=1)],
    "quoted": herald(gdprApplies=True, tcString='"\\n\u00fc'),
    "known name elsewhere": [own("com.example/com.herald/privacy", {"tcString": YES, "gdprApplies": True})],
    "empty": herald(),
    "blanks": herald(tcString=" ", gdprApplies=""),
}


def told(decision):
    values = (decision.may_store, decision.may_personalise_ads, decision.may_profile, decision.may_measure)
    return dict(
        zip(
            COLUMNS,
            (*values, list(decision.shares), decision.basis, decision.rests_on, decision.policy_version),
            strict=True,
        )
    )


def test_page_events_say_what_their_contexts_allow(spark, tmp_path):
    config = make_config(tmp_path, consent=CONSENT)
    event = {"event_id": "e", "collector_tstamp": NOW, "_batch_id": BATCH, "_file": "f"}
    texts = {name: json.dumps({"schema": "x", "data": contexts}) for name, contexts in CONTEXTS.items()}
    events = [event | {"contexts": text, "user_id": name} for name, text in texts.items()]
    bronze = rows(spark, "bronze.page_events", *[one | {"_position": n} for n, one in enumerate(events)])
    identity = identity_key(spark, SECRET.encode(), "k1")
    found = part(bronze, table("silver.page_events"), identity, config).accepted.select("_position", *COLUMNS)
    # Python reads the same documents row by row
    configured = {name: ContextConfig.model_validate(fields) for name, fields in CONSENT["contexts"].items()}
    expected = [
        {"_position": n} | told(decide_event(POLICY, signals_of_contexts(contexts, NOW, configured)))
        for n, contexts in enumerate(CONTEXTS.values())
    ]
    assert_same(found, frame(spark, found.schema, expected))
    by_name = {name: row["consent_basis"] for name, row in zip(CONTEXTS, expected, strict=True)}
    assert by_name == {
        "nothing": "no_signal",
        "agreed": "tcf",
        "refused": "tcf",
        "no string": "invalid:missing",
        "null string": "invalid:missing",
        "no law": "no_law",
        "broken": "invalid:truncated",
        "oversized": "invalid:oversized",
        "future": "invalid:future",
        "american": "invalid:empty",
        "sections": "gpp:usnat",
        "none applies": "no_law",
        "opted out": "us_privacy",
        "control": "gpc",
        "child": "age",
        "other": "tcf",
        "first of two": "tcf",
        "second of two": "tcf",
        "quoted": "invalid:wrong_alphabet",
        "known name elsewhere": "no_signal",
        "empty": "no_signal",
        "blanks": "no_signal",
    }


# what a request says in regs and user
REQUESTS = {
    "nothing": {},
    "2.6": {"regs": {"gdpr": 1}, "user": {"consent": YES}},
    "2.5": {"regs": {"ext": {"gdpr": 1}}, "user": {"ext": {"consent": YES}}},
    "both": {"regs": {"gdpr": 1, "ext": {"gdpr": 0}}, "user": {"consent": NO, "ext": {"consent": YES}}},
    "blank": {"regs": {"gdpr": 1, "gpp_sid": []}, "user": {"consent": "", "ext": {"consent": YES}}},
    "gpp": {"regs": NATIONAL | {"gpp_sid": [7]}},
    "gpp of 2.5": {"regs": {"ext": NATIONAL | {"gpp_sid": [7]}}},
    "opted out": {"regs": {"ext": {"us_privacy": "1YYN"}}},
    "children": {"regs": {"coppa": 1, "us_privacy": "1YNN"}},
    "young": {"regs": {"us_privacy": "1YNN"}, "user": {"yob": 2014}},
    "odd flag": {"regs": {"gdpr": 2}, "user": {"consent": YES}},
    "text": {"regs": {"gdpr": "0"}},
}


def test_auctions_say_what_their_request_allows(spark, tmp_path):
    config = make_config(tmp_path, consent=CONSENT)
    records = [
        {
            "type": "/openrtb2/auction",
            "StartTime": "2026-11-20T12:00:00Z",
            "Request": {"id": name, "imp": [{"id": "1"}, {"id": "2"}], **request},
            "Response": {"id": name},
        }
        for name, request in REQUESTS.items()
    ]
    _, accepted = refined_auctions(spark, config, "silver.auctions", *records)
    found = accepted.select("auction_id", *COLUMNS)
    expected = [
        {"auction_id": name} | told(decide_event(POLICY, signals_of_request(request, NOW)))
        for name, request in REQUESTS.items()
        for _ in "12"
    ]
    assert_same(found, frame(spark, found.schema, expected))


def test_a_string_counts_from_the_moment_on_to_which_it_speaks(spark):
    given = at("2026-11-20 12:00:00")
    text = tc(at=given)
    earliest = given - timedelta(hours=POLICY.clock_skew_hours)
    moments = [earliest - timedelta(microseconds=1), earliest, given, given + timedelta(days=400)]
    signals = json.dumps({"gdpr": "1", "tc_string": text})
    values = [{SIGNALS: signals, "event_at_utc": moment, "number": n} for n, moment in enumerate(moments)]
    values += [{"event_at_utc": moments[0], "number": len(moments)}]
    found = decided(frame(spark, f"number int, event_at_utc timestamp, {SIGNALS} string", values), POLICY)
    asked = [Signals(moment, gdpr=1, tc_string=text) for moment in moments] + [Signals(moments[0])]
    expected = [
        {"number": n, "event_at_utc": one.event_at} | told(decide_event(POLICY, one)) for n, one in enumerate(asked)
    ]
    assert_same(found, frame(spark, found.schema, expected))
    assert [row["consent_basis"] for row in expected] == ["invalid:future", "tcf", "tcf", "tcf", "no_signal"]


def test_two_strings_that_speak_to_two_moments_make_three_decisions():
    text, later = tc(at=at("2026-11-20")), gpp({2: tc(at=at("2026-11-23"))})
    signals = Signals(NOW, gdpr=1, tc_string=text, gpp=later, gpp_sid=(2,))
    found = dict(decide_over_time(POLICY, signals))
    assert [moment.date().isoformat() for moment in found] == ["1970-01-01", "2026-11-19", "2026-11-22"]
    for moment, decision in found.items():
        for event_at in (moment, moment + timedelta(minutes=1)):
            assert decision == decide_event(POLICY, Signals(event_at, 1, text, later, (2,)))


def test_signals_as_text_leave_out_what_is_not_said(spark):
    values = [
        {"gdpr": "1", "tc_string": "C"},
        {"gdpr": " ", "tc_string": ""},
        {},
        {"tc_string": f"  {'x' * 20_000}  "},
    ]
    found = frame(spark, "gdpr string, tc_string string", values).select(
        as_text({name: F.col(name) for name in ("gdpr", "tc_string")}).alias("text")
    )
    wanted = ['{"gdpr":"1","tc_string":"C"}', None, None, '{"tc_string":"' + "x" * 10_001 + '"}']
    assert_same(found, frame(spark, "text string", [{"text": text} for text in wanted]))


def test_each_distinct_signal_is_decided_once(spark):
    values = [{SIGNALS: json.dumps({"gdpr": "1", "tc_string": YES}), "event_at_utc": NOW}] * 50
    given = frame(spark, f"event_at_utc timestamp, {SIGNALS} string", values).repartition(4)
    plan = decided(given, POLICY)._jdf.queryExecution().optimizedPlan().toString()
    # the decisions are worked out below the aggregation that leaves each signal once
    lines = [line.strip(" :+-") for line in plan.splitlines()]
    decides = next(n for n, line in enumerate(lines) if "ArrowEvalPython" in line)
    assert lines[decides + 1].startswith("Aggregate")
    assert sum("ArrowEvalPython" in line for line in lines) == 1


def test_the_places_of_a_request_are_those_of_the_decoder(spark):
    request = {"regs": {"gdpr": "1", "coppa": "0"}, "user": {"yob": "1980"}}
    found = rows(spark, "bronze.prebid_auctions", {"Request": request}).select(
        openrtb.signals(F.col("Request"), F.lit(NOW)).alias("text")
    )
    assert json.loads(found.collect()[0]["text"]) == {"gdpr": "1", "coppa": "0", "age": "45"}


def test_what_nobody_asks_for_is_not_decided(spark):
    values = [{SIGNALS: json.dumps({"gdpr": "1"}), "event_at_utc": NOW, "site": "a"}]
    given = decided(frame(spark, f"event_at_utc timestamp, site string, {SIGNALS} string", values), POLICY)
    plan = given.select("site")._jdf.queryExecution().optimizedPlan().toString()
    assert "ArrowEvalPython" not in plan
    whole = given._jdf.queryExecution().optimizedPlan().toString()
    assert "ArrowEvalPython" in whole
    assert "isnotnull(__signals" not in whole
