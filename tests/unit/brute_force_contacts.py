"""Exports of contacts and newsletters read again from the files, and the user features that they go into."""

import csv
import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.unit.brute_force import hashed

BERLIN = ZoneInfo("Europe/Berlin")
KINDS = {"subscribers": "contacts", "members": "contacts"}
KINDS |= {"campaigns": "newsletter_campaigns", "activity": "newsletter_activity"}
REFINED = {
    "contacts": (("vault", "contacts"), ("silver", "contact_states")),
    "newsletter_campaigns": (("silver", "newsletter_campaigns"),),
    "newsletter_activity": (("silver", "newsletter_activity"),),
}
NEWSLETTERS = {"ja": "subscribed", "nein": "unsubscribed", "offen": "pending", "cleaned": "bounced"}
NEWSLETTERS |= {"subscribed": "subscribed", "unsubscribed": "unsubscribed"}
SUBSCRIPTIONS = {"aktiv": "active", "Probe": "trial", "gekündigt": "cancelled", "gemahnt": "past_due", "": "none"}
SUBSCRIPTIONS |= {"CANCELLED": "cancelled"}


def records_of(file, delimiter):
    """The header, and each record as its fields or the rule that refuses it."""
    texts, open_text = [], b""
    for line in file.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        open_text = open_text + b"\n" + line if open_text else line
        if open_text.count(b'"') % 2 == 0:
            texts += [open_text.removesuffix(b"\r")] if open_text.strip() else []
            open_text = b""
    field = f'(?:"[^"]*(?:""[^"]*)*"|[^"{delimiter}]*)'
    (header,) = csv.reader([texts[0].decode()], delimiter=delimiter)
    for text in texts[1:]:
        try:
            decoded = text.decode()
        except UnicodeDecodeError:
            yield "not_utf8"
            continue
        if not re.fullmatch(f"{field}(?:{delimiter}{field})*", decoded):
            yield "misplaced_quote"
            continue
        (fields,) = csv.reader(decoded.splitlines(keepends=True), delimiter=delimiter)
        yield dict(zip(header, fields, strict=True)) if len(fields) == len(header) else "wrong_column_count"


def moment(text, zone=UTC):
    """A time in UTC; None for a text that is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def is_out_of_range(at):
    return at is None or not 2005 <= at.year < 2100


def somebody(identifier):
    return identifier.strip() not in {"", "0"}


class ContactLake:
    """Published rows after each batch by table, and the account of each."""

    def __init__(self):
        self.published = defaultdict(dict)

    def take(self, root):
        files = sorted(file for file in root.glob("crm/**/*") if file.is_file())
        accounts = defaultdict(lambda: defaultdict(Counter))
        for file in files:
            folder = file.relative_to(root).parts[1]
            table = KINDS[folder]
            for record in records_of(file, ";" if folder == "subscribers" else ","):
                bronze = accounts[table]["bronze"]
                bronze["read"] += 1
                if isinstance(record, str):
                    bronze["quarantined", record] += 1
                    continue
                bronze["published"] += 1
                found = getattr(self, f"_{folder}")(record, file.name)
                for layer, name in REFINED[table]:
                    accounts[name][layer]["read"] += 1
                    accounts[name][layer][self._sort_in(name, found)] += 1
        return accounts, len(files)

    def _sort_in(self, table, found):
        if isinstance(found, str):
            return "quarantined", found
        key, row = found
        if key in self.published[table]:
            return "duplicates"
        self.published[table][key] = row
        return "published"

    @staticmethod
    def _subscribers(record, name):
        address = record["E-Mail"].strip()
        own_id = record["Kundennr"].strip() if somebody(record["Kundennr"]) else None
        if own_id is None and not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
            return "contact_unknown"
        as_of = moment(re.search(r"\d{4}-\d\d-\d\d", name)[0], BERLIN)
        try:
            renewal = date.fromisoformat(record["Verlaengerung"]) if record["Verlaengerung"] else None
        except ValueError:
            return "renewal_date_invalid"
        if record["Einwilligung am"] and moment(record["Einwilligung am"]) is None:
            return "consent_time_invalid"
        said = {
            "newsletter_state": NEWSLETTERS.get(record["Newsletter"], "unknown"),
            "subscription_state": SUBSCRIPTIONS[record["Abo"]],
            "subscription_plan": record["Tarif"] or None,
            "renewal_date": renewal,
        }
        person = {"login": record["Login"], "email": address.lower()}
        return ("abo", own_id or address.lower(), as_of), {**person, **said}

    @staticmethod
    def _members(record, _):
        as_of = moment(record["last_changed"])
        if is_out_of_range(as_of):
            return "as_of_time_invalid"
        said = {"newsletter_state": NEWSLETTERS[record["status"]], "subscription_state": "unknown"}
        said |= {"subscription_plan": None, "renewal_date": None}
        person = {"login": record["site_login"], "email": record["email_address"].lower()}
        return ("mailer", record["id"], as_of), {**person, **said}

    @staticmethod
    def _campaigns(record, _):
        if not record["id"]:
            return "campaign_id_missing"
        if is_out_of_range(moment(record["updated"])):
            return "as_of_time_invalid"
        if record["send_time"] and moment(record["send_time"]) is None:
            return "sent_time_invalid"
        return (record["id"], record["updated"]), record

    @staticmethod
    def _activity(record, _):
        if not record["member_id"]:
            return "contact_unknown"
        if record["action"] not in {"sent", "open", "click", "bounce", "unsubscribe"}:
            return "action_unknown"
        if is_out_of_range(moment(record["timestamp"])):
            return "event_time_invalid"
        return tuple(record.values()), record


TOPICS = {"culture": "JLBCU7", "money": "391", "politics": "386", "recipes": "216", "sport": "483", "travel": "653"}
TOPICS |= {"sportpuls.example/sport": "533", "sportpuls.example/money": "414", "wwwetter.example/weather": "390"}


def topics_of(days, as_of):
    """Weight by topic, in millionths of a page view that count half after 14 days, and the page views behind it."""
    weights, views = Counter(), 0
    for (_, when), day in days:
        for place, count in day["section_page_views"].items():
            topic = TOPICS.get(place) or TOPICS.get(place.split("/")[-1])
            if topic:
                weights[topic] += count * round(1_000_000 * 0.5 ** ((as_of - when).days / 14))
                views += count
    return weights, views


def told_of(states, as_of, secret):
    """What readers say by the end of a day, by key."""
    newest = {}
    for (source, contact, at), row in sorted(states.items(), key=lambda entry: entry[0][2]):
        if row["login"] and at.date() <= as_of:
            newest[row["login"], source, contact] = at, row
    said = defaultdict(list)
    for (login, source, contact), (at, row) in newest.items():
        said[hashed(secret, ("login", login))].append((at, source, hashed(secret, ("crm", f"{source}:{contact}")), row))
    found = {}
    for person, rows in said.items():
        best = {
            name: max(rows, key=lambda entry, name=name: (entry[3][name] != "unknown", *entry[:3]))[3]
            for name in ("newsletter_state", "subscription_state")
        }
        found[person] = {**best["subscription_state"], "newsletter_state": best["newsletter_state"]["newsletter_state"]}
    return found


def features(days, states, secret):
    """Rows of the features as of the last day, by person, and that day."""
    as_of = max(when for _, when in days)
    by_person = defaultdict(list)
    for key, day in days.items():
        by_person[key[0]].append((key, day))
    weighed = {person: topics_of(of_person, as_of) for person, of_person in by_person.items()}
    everybody = sum((weights for weights, _ in weighed.values()), Counter())
    told = told_of(states, as_of, secret)
    rows = {}
    for person, of_person in by_person.items():
        row = {"recency_days": min((as_of - when).days for (_, when), _ in of_person)}
        for period in (1, 7, 30, 90):
            recent = [day for (_, when), day in of_person if when > as_of - timedelta(days=period)]
            row[f"visits_{period}d"] = sum(len(day["visits"]) for day in recent)
            row[f"active_days_{period}d"] = len(recent)
        for name in ("page_views", "impressions", "clicks"):
            row[name] = sum(day[name] for _, day in of_person)
        row["ad_revenue_micros"] = sum(day["revenue_micros"] for _, day in of_person)
        row["ads_per_visit"] = row["impressions"] / row["visits_90d"] if row["visits_90d"] else ""
        weights, views = weighed[person]
        whole, prior = sum(weights.values()) + 3_000_000, 3_000_000 / max(sum(everybody.values()), 1)
        smoothed = {topic: (weight + prior * everybody[topic]) / whole for topic, weight in weights.items()}
        row["content_affinity"] = smoothed if views >= 3 else ""
        for share, name in (("device_share", "device_events"), ("country_share", "country_events")):
            counts = sum((day[name] for _, day in of_person), Counter())
            row[share] = {value: count / sum(counts.values()) for value, count in counts.items()}
        said = told.get(person, {})
        row |= {name: said.get(name) or "" for name in ("newsletter_state", "subscription_state", "subscription_plan")}
        renewal = said.get("renewal_date")
        row["days_to_renewal"] = (renewal - as_of).days if renewal else ""
        rows[person] = row
    return as_of, rows
