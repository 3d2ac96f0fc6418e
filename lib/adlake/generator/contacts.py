"""The contacts of the made-up publisher: people of its subscription system and of its newsletter, and their states."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from adlake.generator.clocks import iso_day, stream
from adlake.generator.people import TEST_LOGIN, make_visitor, person
from adlake.generator.plan import Plan

READERS_AT_MOST, EXPORTS = 20_000, 3
SUBSCRIBERS, MEMBERS = "abo", "mailer"
# word of the export, what it means
NEWSLETTER = (("ja", "subscribed"), ("nein", "unsubscribed"), ("offen", "pending"), ("?", "unknown"), ("", "unknown"))
SUBSCRIPTION = (
    *(("aktiv", "active"), ("Probe", "trial"), ("gekündigt", "cancelled"), ("gemahnt", "past_due"), ("", "none")),
    ("CANCELLED", "cancelled"),
)
MEMBERSHIP = (("subscribed", "subscribed"), ("unsubscribed", "unsubscribed"), ("cleaned", "bounced"))
PLANS = ("Digital", "Print + Digital", "")
MAILBOXES = ("{}@example.com", "{}+abo@example.org", "{}.Leser@Example.NET")
PHONES = ("030 901820", "+49 (0)89 2 33-00", "+1 (212) 555-0100", "12", "0049 40 428280", "")
CHANGED_SHARE, MEMBER_SHARE, LOGIN_SHARE = 0.4, 0.6, 0.5
RENEWAL_DAYS = 400


class State(NamedTuple):
    """What an export says of a subscriber: words for newsletter and subscription, plan, and day of the renewal."""

    newsletter: str
    subscription: str
    plan: str
    renewal_day: int | None


@dataclass(frozen=True)
class Contact:
    """A person with an account.

    Attributes:
        number: of the visitor.
        login: on the publisher's sites.
        email: in the newsletter and the subscription system.
        phone: as given, not always a number.
        is_login_given: whether the subscription system knows the login.
        is_member: whether the newsletter goes to the person.
        states: as of each export.
        membership: of the newsletter, as its system calls it.
        is_member_login_given: whether that system knows the login.
    """

    number: int
    login: str
    email: str
    phone: str
    is_login_given: bool
    is_member: bool
    states: tuple[State, ...]
    membership: str
    is_member_login_given: bool

    @property
    def customer(self) -> str:
        """Id in the subscription system; it looks like a number."""
        return f"{self.number:08d}"

    @property
    def member(self) -> str:
        """Id in the newsletter system."""
        return f"m{self.number:x}"


def make_contacts(plan: Plan, crowd_size: int) -> list[Contact]:
    """Everybody among the readers who has a login."""
    return list(_contacts(plan, min(crowd_size, READERS_AT_MOST)))


def _contacts(plan: Plan, readers: int) -> Iterator[Contact]:
    today = plan.hours[-1].hour // 24
    for number in range(readers):
        login = make_visitor(plan.seed, number).known[0].strip()
        if person("login", login) is None or login == TEST_LOGIN:
            continue
        draw = stream(plan.seed, "contact", number)
        states = [_state(draw, today)]
        while len(states) < EXPORTS:
            states.append(_state(draw, today) if draw.random() < CHANGED_SHARE else states[-1])
        yield Contact(
            number=number,
            login=login,
            email=draw.choice(MAILBOXES).format(f"leser{number}"),
            phone=draw.choice(PHONES),
            is_login_given=draw.random() < 1 - LOGIN_SHARE / 4,
            is_member=draw.random() < MEMBER_SHARE,
            states=tuple(states),
            membership=draw.choice(MEMBERSHIP)[0],
            is_member_login_given=draw.random() < LOGIN_SHARE,
        )


def _state(draw: Random, today: int) -> State:
    subscription = draw.choice(SUBSCRIPTION)[0]
    renewal = today - 30 + int(draw.random() * RENEWAL_DAYS) if subscription else None
    return State(draw.choice(NEWSLETTER)[0], subscription, draw.choice(PLANS) if subscription else "", renewal)


def renewal_text(state: State) -> str:
    """The renewal as the export has it."""
    return "" if state.renewal_day is None else iso_day(state.renewal_day)
