"""What the signals of published rows permit, by the decoders, row by row."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

from adlake.consent import decide_event, signals_of_contexts, signals_of_request
from tests.unit.brute_force import bot_reason, event_time, hashed

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def heard(page_events, auctions, consent, secret):
    """How many signals there are by day, key, source, and what follows from them, as the truth spells it.

    Args:
        page_events: published ones, as delivered.
        auctions: published slots.
        consent: policy and contexts.
        secret: of the keys.
    """
    policy, contexts = consent
    counts = Counter()
    for row in page_events.values():
        if not bot_reason(row["useragent"], row["derived_contexts"]):
            at = event_time(row)
            signals = signals_of_contexts(json.loads(row["contexts"])["data"], at, contexts)
            people = ("login", row["user_id"]), ("domain", row["domain_userid"]), ("network", row["network_userid"])
            counts.update(_counted("page_events", at, people, decide_event(policy, signals), secret))
    for row in auctions.values():
        if not row["reason"]:
            at = EPOCH + timedelta(microseconds=row["at"])
            decision = decide_event(policy, signals_of_request(row["request"], at))
            counts.update(_counted("auctions", at, row["people"], decision, secret))
    return counts


def _counted(source, at, people, decision, secret):
    if decision.basis in {"no_law", "no_signal"}:
        return
    may = (decision.may_store, decision.may_personalise_ads, decision.may_profile, decision.may_measure)
    told = (*(str(one).lower() for one in may), "|".join(decision.shares), decision.basis)
    for person in people:
        if key := hashed(secret, person):
            yield at.astimezone(UTC).date().isoformat(), key, source, *told
