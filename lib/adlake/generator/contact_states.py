"""What contacts are known to have said by the end of a day."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from adlake.generator.clocks import EPOCH, MICROS, NETWORK_ZONE_NAME
from adlake.generator.contact_exports import export_day, membership_changed_at, more_subscribers
from adlake.generator.contacts import (
    EXPORTS,
    MEMBERS,
    MEMBERSHIP,
    NEWSLETTER,
    SUBSCRIBERS,
    SUBSCRIPTION,
    Contact,
)
from adlake.generator.links import Links
from adlake.generator.marts import IdentityKey
from adlake.generator.people import person
from adlake.generator.plan import Plan

UNKNOWN = "unknown"
DAY_SECONDS = 86_400


class Said(NamedTuple):
    """States of newsletter and subscription, plan (empty for none) and day of the renewal."""

    newsletter: str
    subscription: str
    plan: str
    renewal_day: int | None


class ContactState(NamedTuple):
    """What one source says of a contact with a login as of a moment (seconds since the epoch)."""

    login: str
    source: str
    contact_id: str
    as_of: int
    said: Said


def known_states(plan: Plan, contacts: Sequence[Contact], batch: int) -> Iterator[ContactState]:
    """All states that a reader knows after a batch, of contacts whose login is given."""
    newsletters, subscriptions, memberships = dict(NEWSLETTER), dict(SUBSCRIPTION), dict(MEMBERSHIP)
    exported = [_midnight(export_day(plan, number)) for number in range(EXPORTS if batch > 1 else 1)]
    for contact in contacts:
        if contact.is_login_given:
            for as_of, state in zip(exported, contact.states, strict=False):
                told = newsletters[state.newsletter], subscriptions[state.subscription]
                said = Said(*told, state.plan, state.renewal_day)
                yield ContactState(contact.login, SUBSCRIBERS, contact.customer, as_of, said)
        if contact.is_member and contact.is_member_login_given:
            said = Said(memberships[contact.membership], UNKNOWN, "", None)
            as_of = membership_changed_at(plan, contact)
            yield ContactState(contact.login, MEMBERS, contact.member, as_of, said)


def contact_links(plan: Plan, contacts: Sequence[Contact], batch: int) -> Links:
    """Identifiers that the contacts known after a batch show together.

    The records that the exports of subscribers hold beside the contacts are among them.
    """
    links = Links()
    for number in range(EXPORTS if batch > 1 else 1):
        at = _midnight(export_day(plan, number)) * MICROS
        people = [
            (contact.login if contact.is_login_given else "", contact.customer, contact.email) for contact in contacts
        ]
        for login, customer, email in (*people, *[("", *others) for others in more_subscribers(number)]):
            links.add("contact_states", at, _identifiers(SUBSCRIBERS, login, customer, email))
    for contact in contacts:
        if contact.is_member:
            login = contact.login if contact.is_member_login_given else ""
            at = membership_changed_at(plan, contact) * MICROS
            links.add("contact_states", at, _identifiers(MEMBERS, login, contact.member, contact.email))
    return links


def _identifiers(source: str, login: str, contact_id: str, email: str) -> list[str | None]:
    """Login, contact id within its source, and e-mail address, which stands in for an id that names nobody."""
    address = email.lower()
    known_as = contact_id if person("crm", contact_id) else address
    return [person("login", login), f"crm:{source}:{known_as}", person("email", address)]


def _midnight(day: int) -> int:
    """Seconds since the epoch at which a day begins where the exports are made."""
    local = (EPOCH + timedelta(days=day)).replace(tzinfo=ZoneInfo(NETWORK_ZONE_NAME))
    return int(datetime.timestamp(local))


def newest_said(states: Iterable[ContactState], as_of_day: int, key: IdentityKey) -> Mapping[str, Said]:
    """What readers say by the end of a day, by their key.

    Of each contact its newest state counts; of several contacts what is known goes before what is not, then the newer.

    Args:
        states: that are known, later ones included.
        as_of_day: days since the epoch.
        key: of the identifiers.
    """
    newest: dict[tuple[str, str, str], ContactState] = {}
    for state in states:
        place = (state.login, state.source, state.contact_id)
        is_over = state.as_of < (as_of_day + 1) * DAY_SECONDS
        if is_over and (place not in newest or newest[place].as_of < state.as_of):
            newest[place] = state
    by_login: dict[str, list[ContactState]] = {}
    for state in newest.values():
        by_login.setdefault(state.login, []).append(state)
    found = {}
    for login, of_reader in by_login.items():
        newsletter = max(of_reader, key=lambda state: _rank(state, state.said.newsletter, key))
        subscription = max(of_reader, key=lambda state: _rank(state, state.said.subscription, key))
        found[key.of(str(person("login", login)))] = subscription.said._replace(newsletter=newsletter.said.newsletter)
    return found


def _rank(state: ContactState, said: str, key: IdentityKey) -> tuple[bool, int, str, str]:
    return said != UNKNOWN, state.as_of, state.source, key.of(f"crm:{state.source}:{state.contact_id}")
