"""What is true of a generated run: accounts and gold tables after each delivery, as they stand in `truth.json`."""

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adlake.generator.bidder_days import bidder_days
from adlake.generator.clocks import hour_start
from adlake.generator.consents import consent_rows
from adlake.generator.contact_states import contact_links, contacts_heard, known_states
from adlake.generator.contacts import Contact
from adlake.generator.features import last_day, user_features
from adlake.generator.gold_tables import Tables, yield_table
from adlake.generator.line_items import known_rates
from adlake.generator.marts import IdentityKey, RateCard, user_days, user_line
from adlake.generator.outcome import AccountKey, Outcome
from adlake.generator.plan import Plan
from adlake.generator.rates import Exchange
from adlake.generator.rates import known_rates as known_exchange_rates
from adlake.generator.tally import Tally
from adlake.generator.visits import page_views, sessions
from adlake.generator.who_is_who import link_rows, user_key_rows

BATCHES = (1, 2)
TRUTH_FILE, TABLES_FOLDER = "truth.json", "truth"
BRONZE_COUNTS = ("read", "published")
SILVER_COUNTS = ("read", "published", "duplicates", "superseded", "restored")


@dataclass(frozen=True)
class Truth:
    """The content of `truth.json`.

    Attributes:
        directory: the folder that holds it, the deliveries and the full tables.
        document: the content, whole numbers and strings only.
    """

    directory: Path
    document: Mapping[str, Any]

    @classmethod
    def load(cls, directory: Path) -> "Truth":
        """The truth that `generate` left in a folder."""
        return cls(directory, json.loads((directory / TRUTH_FILE).read_text(encoding="utf-8")))

    def accounts(self, batch: int) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
        """By layer and table: the account of a batch."""
        accounts: Mapping[str, Mapping[str, Mapping[str, Any]]] = self.document["deliveries"][str(batch)]["accounts"]
        return accounts

    def gold(self, batch: int) -> Mapping[str, Mapping[str, Any]]:
        """By table: what gold holds after a batch."""
        gold: Mapping[str, Mapping[str, Any]] = self.document["deliveries"][str(batch)]["gold"]
        return gold

    def silver(self, batch: int) -> Mapping[str, Mapping[str, Any]]:
        """By table: what the tables of silver that are made of others hold after a batch."""
        silver: Mapping[str, Mapping[str, Any]] = self.document["deliveries"][str(batch)]["silver"]
        return silver

    def marts(self, batch: int) -> Mapping[str, Mapping[str, Any]]:
        """By table: both."""
        return {**self.silver(batch), **self.gold(batch)}

    def table(self, batch: int, name: str) -> list[dict[str, str]] | None:
        """All rows of such a table after a batch, as text by column; None when it was too large to keep."""
        place = self.marts(batch)[name]["table"]
        if place is None:
            return None
        with (self.directory / place).open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))


def write_truth(directory: Path, plan: Plan, outcome: Outcome, contacts: Sequence[Contact], key: IdentityKey) -> Truth:
    """The truth of a run, written.

    Args:
        directory: that holds the run.
        plan: of the run.
        outcome: of all its files.
        contacts: that are exported.
        key: of the identifiers.
    """
    deliveries = {}
    features: list[list[Any]] = []
    made_of: int | None = None
    for batch in BATCHES:
        tally = Tally()
        tally.merge(outcome.both)
        tally.merge(outcome.first if batch == 1 else outcome.second)
        tally.links.merge(contact_links(plan, contacts, batch))
        tally.heard.merge(contacts_heard(plan, contacts, batch))
        card, exchange = RateCard(known_rates(plan, batch)), Exchange(known_exchange_rates(plan, batch))
        tables = Tables(directory, Path(TABLES_FOLDER) / f"delivery_{batch}")
        days = user_days(tally, card)
        # a snapshot of an earlier day stays as it was known then
        older = [] if last_day(days) == made_of else features
        features, made_of = list(user_features(tally, days, known_states(plan, contacts, batch), key)), last_day(days)
        deliveries[str(batch)] = {
            "files_taken": len(outcome.files[batch]),
            "set_aside": sorted(outcome.set_aside) if batch == 1 else [],
            "not_taken_again": sorted(outcome.untaken) if batch > 1 else [],
            "accounts": accounts_of(outcome.accounts, batch),
            "silver": {
                "consents": tables.of("consents", consent_rows(tally.heard, key)),
                "identity_links": tables.of("identity_links", link_rows(tally.links, key)),
                "user_keys": tables.of("user_keys", user_key_rows(tally.links, key)),
            },
            "gold": {
                "yield_hourly": yield_table(tables, tally, card),
                "user_days": tables.of("user_days", [user_line(tally, row, key) for row in days]),
                "page_views": tables.of("page_views", page_views(tally.pages, key)),
                "sessions": tables.of("sessions", sessions(tally.pages, key)),
                "bidder_daily": tables.of("bidder_daily", bidder_days(tally.bidding, exchange)),
                "traffic_daily": tables.of("traffic_daily", tally.traffic.rows()),
                "user_features": tables.of("user_features", [*features, *older]),
            },
        }
    document = {
        "seed": plan.seed,
        "events": plan.events,
        "days": plan.days,
        "first_hour_utc": hour_start(plan.hours[0].hour).isoformat(),
        "last_hour_utc": hour_start(plan.hours[-1].hour).isoformat(),
        "planted": _nested(outcome.planted),
        "deliveries": deliveries,
    }
    (directory / TRUTH_FILE).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return Truth(directory, document)


def accounts_of(counts: Mapping[AccountKey, int], batch: int) -> dict[str, dict[str, dict[str, Any]]]:
    """The accounts of a batch by layer and table, every count of the layer named even when it is 0."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for (of_batch, layer, table, what, reason), rows in sorted(counts.items()):
        if of_batch != batch:
            continue
        names = BRONZE_COUNTS if layer == "bronze" else SILVER_COUNTS
        empty: dict[str, Any] = {**dict.fromkeys(names, 0), "quarantined": {}, "filtered": {}}
        account = found.setdefault(layer, {}).setdefault(table, empty)
        if reason:
            account[what][reason] = rows
        else:
            account[what] = rows
    return found


def _nested(counts: Counter[str]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, count in sorted(counts.items()):
        *groups, kind = name.split(".")
        inner = nested
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[kind] = count
    return nested
