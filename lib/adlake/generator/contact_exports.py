"""Exports of contacts, newsletters and what happened to them, on disk: CSV with everything that RFC 4180 allows."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from adlake.generator.clocks import iso_day
from adlake.generator.contacts import (
    EXPORTS,
    Contact,
    renewal_text,
)
from adlake.generator.delivery import Target
from adlake.generator.fated import DUPLICATE, PUBLISHED, Fate, Line, account_of, refused
from adlake.generator.files import WRONG_COLUMN_COUNT
from adlake.generator.outcome import Outcome
from adlake.generator.plan import Plan

CONTACT_TABLES = ("vault.contacts", "silver.contact_states")
ACTIVITY_TABLES, CAMPAIGN_TABLES = ("silver.newsletter_activity",), ("silver.newsletter_campaigns",)
INVALID_UTF8, MISPLACED_QUOTE = "not_utf8", "misplaced_quote"
BYTE_ORDER_MARK = "\ufeff"
SUBSCRIBER_COLUMNS = (
    *("Kundennr", "Login", "E-Mail", "Telefon", "Vorname", "Name", "Strasse", "PLZ", "Ort", "Land", "Newsletter"),
    *("Abo", "Tarif", "Verlaengerung", "Werbung per Mail", "Werbedaten", "Personalisierung", "Einwilligung am"),
    *("Geraet", "Notiz"),
)
MEMBER_COLUMNS = ("id", "email_address", "site_login", "status", "last_changed", "language")
ACTIVITY_COLUMNS = ("campaign_id", "member_id", "action", "timestamp", "url")
CAMPAIGN_COLUMNS = ("id", "title", "subject_line", "send_time", "updated")
CAMPAIGNS = 4
DAY_SECONDS = 86_400


class Export(NamedTuple):
    """One file: where it lies, which tables its records feed, its columns, the lines, and how it is written."""

    path: str
    tables: Sequence[str]
    columns: Sequence[str]
    lines: Sequence[Line]
    delimiter: str = ","
    has_mark: bool = False
    has_last_end: bool = True

    def text(self) -> str:
        """The whole file, header first."""
        body = "\r\n".join([self.delimiter.join(map(_field, self.columns)), *(line.text for line in self.lines)])
        return (BYTE_ORDER_MARK if self.has_mark else "") + body + ("\r\n" if self.has_last_end else "")


def deliver_exports(plan: Plan, target: Target, contacts: Sequence[Contact]) -> Outcome:
    """The outcome of all exports; what is as of the last day, or later, comes with the second delivery."""
    outcome = Outcome()
    for batch, export in [
        (1, _subscribers(plan, contacts, 0)),
        (1, _members(plan, contacts)),
        (1, _campaigns(plan, 1)),
        (1, _activity(plan, contacts, 1)),
        *((2, _subscribers(plan, contacts, number)) for number in range(1, EXPORTS)),
        (2, _subscribers_again(plan, contacts)),
        (2, _campaigns(plan, 2)),
        (2, _activity(plan, contacts, 2)),
    ]:
        target.write(batch, export.path, export.text(), plan.hours[0].hour)
        bronze = export.tables[0].partition(".")[2]
        outcome.take(batch, export.path, account_of(bronze, export.tables, export.lines))
        outcome.planted["contacts.files"] += 1
    return outcome


def first_day(plan: Plan) -> int:
    """Day since the epoch of the first export."""
    return plan.snapshot_days[0]


def export_day(plan: Plan, number: int) -> int:
    """Day since the epoch in the name of an export of subscribers; the last lies after everything that happened."""
    return (first_day(plan), plan.snapshot_days[-1], plan.snapshot_days[-1] + 3)[number]


def _field(value: str, delimiter: str = ",") -> str:
    """The value as a field (RFC 4180)."""
    return (
        '"' + value.replace('"', '""') + '"' if any(mark in value for mark in (delimiter, '"', "\n", "\r")) else value
    )


def _line(values: Mapping[str, str], columns: Sequence[str], fates: tuple[Fate, ...], delimiter: str = ",") -> Line:
    return Line(delimiter.join(_field(values.get(name, ""), delimiter) for name in columns), fates)


def _subscriber(contact: Contact, number: int) -> dict[str, str]:
    state = contact.states[number]
    odd = contact.number % 5
    return {
        "Kundennr": contact.customer,
        "Login": contact.login if contact.is_login_given else "",
        "E-Mail": contact.email,
        "Telefon": contact.phone,
        "Vorname": "Jürgen" if odd else "Ana",
        "Name": ("Groß", "O'Neill", 'Maier "der Große"', "Li; Co", "Ångström")[odd],
        "Strasse": "Hauptstr. 1\nHinterhaus" if odd == 1 else "Am Platz 2, EG",
        "PLZ": "01067",
        "Ort": "Dresden",
        "Land": ("DE", "de", "AT", "", "Schweiz")[odd],
        "Newsletter": state.newsletter,
        "Abo": state.subscription,
        "Tarif": state.plan,
        "Verlaengerung": renewal_text(state),
        "Werbung per Mail": ("ja", "nein", "")[contact.number % 3],
        "Werbedaten": ("ja", "nein", "")[contact.number % 2],
        "Einwilligung am": "2026-05-01 10:00:00" if odd else "",
        "Geraet": "00000000-0000-0000-0000-000000000000" if odd else "",
        "Notiz": 'sagte: "später"\r\nnochmals anrufen' if odd == 2 else "",  # noqa: PLR2004 every fifth
    }


def more_subscribers(number: int) -> tuple[tuple[str, str], tuple[str, str]]:
    """Id and e-mail address of the subscribers that an export has beside the contacts; the second has no id."""
    return (f"9{number}000001", "extra@example.com"), ("0", f"Nur.Mail{number}@example.com")


def _subscribers(plan: Plan, contacts: Sequence[Contact], number: int) -> Export:
    """The first export, or the second with its columns in another order."""
    columns = SUBSCRIBER_COLUMNS if number == 0 else SUBSCRIBER_COLUMNS[::-1]
    good, both = (PUBLISHED,) * 2, len(CONTACT_TABLES)
    lines = [_line(_subscriber(contact, number), columns, good, ";") for contact in contacts]
    nobody = {"Kundennr": "0", "Login": "nobody", "E-Mail": "no address", "Notiz": "x"}
    (customer, address), (no_customer, only_address) = more_subscribers(number)
    somebody = {"Kundennr": customer, "E-Mail": address, "Newsletter": "ja"}
    by_mail = {"E-Mail": only_address, "Kundennr": f" {no_customer} ", "Newsletter": "nein"}
    lines += [
        _line(somebody, columns, good, ";"),
        _line(somebody | {"Newsletter": "nein"}, columns, (DUPLICATE,) * both, ";"),
        _line(by_mail, columns, good, ";"),
        _line(nobody, columns, (refused("contact_unknown"),) * both, ";"),
        _line(
            somebody | {"Kundennr": "90000002", "Verlaengerung": "bald"}, columns, _refused("renewal_date_invalid"), ";"
        ),
        _line(
            somebody | {"Kundennr": "90000003", "Einwilligung am": "gestern"},
            columns,
            _refused("consent_time_invalid"),
            ";",
        ),
        Line(";".join(["90000004"] * (len(columns) - 1)), unread=WRONG_COLUMN_COUNT),
        Line(";".join(['90000005 "Anna"', *["x"] * (len(columns) - 1)]), unread=MISPLACED_QUOTE),
        Line(";".join(["90000006\udcfc", *["x"] * (len(columns) - 1)]), unread=INVALID_UTF8),
    ]
    day = iso_day(export_day(plan, number))
    path = f"crm/subscribers/subscribers-{day}.csv"
    return Export(path, CONTACT_TABLES, columns, lines, ";", has_mark=number == 0, has_last_end=number == 1)


def _refused(rule: str) -> tuple[Fate, ...]:
    return (refused(rule),) * len(CONTACT_TABLES)


def _subscribers_again(plan: Plan, contacts: Sequence[Contact]) -> Export:
    """The first export delivered once more, in another folder: everybody in it is known."""
    lines = [_line(_subscriber(contact, 0), SUBSCRIBER_COLUMNS, (DUPLICATE,) * 2, ";") for contact in contacts]
    # nobody is in it twice who has no second record; a state of a later day says nothing of the days before
    day = iso_day(export_day(plan, 0))
    return Export(f"crm/subscribers/again/subscribers-{day}.csv", CONTACT_TABLES, SUBSCRIBER_COLUMNS, lines, ";")


def membership_changed_at(plan: Plan, contact: Contact) -> int:
    """Seconds since the epoch at which the newsletter system last changed a member."""
    return first_day(plan) * DAY_SECONDS - contact.number * 977 % (90 * DAY_SECONDS)


def _members(plan: Plan, contacts: Sequence[Contact]) -> Export:
    lines = []
    for contact in contacts:
        if not contact.is_member:
            continue
        values = {
            "id": contact.member,
            "email_address": contact.email,
            "site_login": contact.login if contact.is_member_login_given else "",
            "status": contact.membership,
            "last_changed": _time(membership_changed_at(plan, contact)),
            "language": "de",
        }
        lines.append(_line(values, MEMBER_COLUMNS, (PUBLISHED,) * 2))
    undated = {"id": "m-undated", "email_address": "a@example.com", "status": "subscribed"}
    lines.append(_line(undated, MEMBER_COLUMNS, _refused("as_of_time_invalid")))
    lines.append(_line(undated | {"last_changed": "1999-01-01"}, MEMBER_COLUMNS, _refused("as_of_time_invalid")))
    return Export("crm/members/members.csv", CONTACT_TABLES, MEMBER_COLUMNS, lines)


def _time(seconds: int) -> str:
    day, rest = divmod(seconds, DAY_SECONDS)
    return f"{iso_day(day)} {rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"


def _campaigns(plan: Plan, batch: int) -> Export:
    """All newsletters; the second export tells of the last one that it is sent, and of another title of the first."""
    begin = first_day(plan) * DAY_SECONDS
    lines = []
    for number in range(CAMPAIGNS):
        is_sent = number < CAMPAIGNS - 1 or batch > 1
        is_new = batch == 1 or number in {0, CAMPAIGNS - 1}
        values = {
            "id": f"{number:04d}",
            "title": f"Morgenlage {number}" + (" (neu)" if batch > 1 and number == 0 else ""),
            "subject_line": 'Heute: "Wahl", Wetter\nund mehr',
            "send_time": _time(begin + number * 3600) if is_sent else "",
            "updated": _time(begin + number * 3600 + (DAY_SECONDS * batch if is_new else DAY_SECONDS)),
        }
        lines.append(_line(values, CAMPAIGN_COLUMNS, (PUBLISHED if is_new else DUPLICATE,)))
    lines.append(Line(lines[0].text, (DUPLICATE,)))
    draft = {"title": "Entwurf", "updated": _time(begin)}
    lines += [
        _line(draft, CAMPAIGN_COLUMNS, (refused("campaign_id_missing"),)),
        _line(draft | {"id": "9", "updated": ""}, CAMPAIGN_COLUMNS, (refused("as_of_time_invalid"),)),
        _line(draft | {"id": "9", "send_time": "morgen"}, CAMPAIGN_COLUMNS, (refused("sent_time_invalid"),)),
    ]
    return Export(f"crm/campaigns/campaigns-{batch}.csv", CAMPAIGN_TABLES, CAMPAIGN_COLUMNS, lines, has_last_end=False)


def _activity(plan: Plan, contacts: Sequence[Contact], batch: int) -> Export:
    """What members did with the newsletters; the second export begins with some records of the first."""
    found = [line for contact in contacts if contact.is_member for line in _acts(plan, contact)]
    half = len(found) // 2
    lines = [Line(text, (PUBLISHED,)) for text in (found[:half] if batch == 1 else found[half:])]
    lines += [Line(text, (DUPLICATE,)) for text in (found[: half // 2] if batch == 2 else found[: half // 4])]  # noqa: PLR2004 the second
    acted = {"member_id": "m0", "campaign_id": "0001", "action": "open", "timestamp": "2026-10-31T09:00:00Z"}
    lines += [
        _line(acted | {"member_id": ""}, ACTIVITY_COLUMNS, (refused("contact_unknown"),)),
        _line(acted | {"action": "forward"}, ACTIVITY_COLUMNS, (refused("action_unknown"),)),
        _line(acted | {"timestamp": "soon"}, ACTIVITY_COLUMNS, (refused("event_time_invalid"),)),
        _line(acted | {"timestamp": ""}, ACTIVITY_COLUMNS, (refused("event_time_invalid"),)),
    ]
    return Export(f"crm/activity/activity-{batch}.csv", ACTIVITY_TABLES, ACTIVITY_COLUMNS, lines)


def _acts(plan: Plan, contact: Contact) -> list[str]:
    begin = first_day(plan) * DAY_SECONDS
    found = []
    for number in range(1 + contact.number % CAMPAIGNS):
        at = begin + number * 3600 + contact.number % 1800
        acts = [
            ("sent", at, ""),
            ("open", at + 60, ""),
            ("click", at + 90, "https://sportpuls.example/sport/a.html?x=1"),
        ]
        for action, moment, url in acts[: 1 + (contact.number + number) % 3]:
            values = {"campaign_id": f"{number:04d}", "member_id": contact.member, "action": action, "url": url}
            found.append(_line(values | {"timestamp": _time(moment)}, ACTIVITY_COLUMNS, ()).text)
    return found
