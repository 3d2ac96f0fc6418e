"""The consent policy in the form in which events are held against it."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adlake.consent.permissions import NOTHING, USES, everything, vendor_bit

if TYPE_CHECKING:
    # checking a configuration takes pydantic; deciding does not
    from adlake.config.consent import ConsentConfig, Requirement

RULES = 1
"""Version of the rules that are code; counted up when an event may be decided another way than before."""


@dataclass(frozen=True, slots=True)
class Question:
    """What one permission takes under the TCF.

    Args:
        permission: its bit.
        consent: purposes that need consent, ascending.
        interest: purposes for which legitimate interest will do as well, ascending.
        vendor: whose leave it takes, by id in the Global Vendor List; None: nobody's.
    """

    permission: int
    consent: tuple[int, ...]
    interest: tuple[int, ...]
    vendor: int | None


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that decides, as plain values.

    Args:
        version: the name of the policy and a digest of what it says: policies that differ have different versions.
        questions: one per permission.
        vendors: names, in the order of their bits.
        everything: all permissions.
        without_signal: what is permitted where an event says nothing at all.
        without_law: what is permitted where GDPR does not apply and no other law is named.
        child_age: below it, in years, a person is a child.
        share_age: below it nothing is shared.
        clock_skew_hours: how much later than the event consent may seem to have been given.
    """

    version: str
    questions: tuple[Question, ...]
    vendors: tuple[str, ...]
    everything: int
    without_signal: int
    without_law: int
    child_age: int
    share_age: int
    clock_skew_hours: int


def policy_of(config: "ConsentConfig") -> Policy:
    """The policy that a configuration asks for."""
    vendors = tuple(sorted(config.vendors))
    all_permissions = everything(len(vendors))
    return Policy(
        version=f"{config.version}-{_digest(config)}",
        questions=tuple(_questions(config, vendors)),
        vendors=vendors,
        everything=all_permissions,
        without_signal=all_permissions if config.without_signal == "permit" else NOTHING,
        without_law=all_permissions if config.without_law == "permit" else NOTHING,
        child_age=config.child_age,
        share_age=config.share_age,
        clock_skew_hours=config.clock_skew_hours,
    )


def _questions(config: "ConsentConfig", vendors: tuple[str, ...]) -> Iterator[Question]:
    for use, permission in USES.items():
        yield _question(permission, getattr(config.uses, use), config.publisher_vendor)
    for position, name in enumerate(vendors):
        vendor = config.vendors[name]
        yield _question(vendor_bit(position), vendor.takes or config.uses.share, vendor.id)


def _question(permission: int, takes: "Requirement", vendor: int | None) -> Question:
    return Question(permission, tuple(sorted(takes.consent)), tuple(sorted(takes.legitimate_interest)), vendor)


def _digest(config: "ConsentConfig") -> str:
    """Eight characters that differ when anything that decides differs."""
    content = json.dumps([RULES, config.model_dump(mode="json", exclude={"version"})], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:8]
