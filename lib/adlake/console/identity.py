"""Who an identifier is, and why."""

from collections.abc import Sequence

from rich.console import Console

from adlake.console.text import BAD, grid, moment, number, print_lines, screen
from adlake.explanation import Explanation, Identifier, Link

MOST_LINKS = 50
# enough of a key to find it again in the same print, in tables that fit a screen
SHOWN_OF_KEY = 14
REASONS = {
    "too_many_people": "it was seen with too many people: a shared computer",
    "too_many_devices": "it was seen with too many browsers or devices: a shared account, a test",
}


def show_explanation(found: Explanation) -> None:
    """Print an explanation for people."""
    console = screen()
    asked = found.asked
    print_lines(console, f"Identifier  {asked.id_key} ({asked.kind})")
    if asked.cut_reason:
        print_lines(console, f"Cut         {REASONS[asked.cut_reason]}; none of its links counts", style=BAD)
        print_lines(console, f"            {_linked(asked)}")
    print_lines(console, f"Person      {asked.user_key}")
    kinds = {one.id_key: one.kind for one in (*found.identifiers, *found.cut)}
    if len(found.path) > 1:
        way = " - ".join(f"{kinds[key]} {_short(key)}" for key in found.path)
        print_lines(console, f"Because     {way}")
    console.print()
    _show_identifiers(console, "Identifiers of the person", found.identifiers)
    _show_links(console, "Links", found.links)
    if found.cut:
        _show_identifiers(console, "Seen with, but cut: they bind nobody", found.cut)
        _show_links(console, "Links that do not count", found.cut_links)


def _linked(one: Identifier) -> str:
    return f"at least {one.linked_people:,} people, {one.linked_devices:,} browsers or devices of one kind"


def _show_identifiers(console: Console, title: str, identifiers: Sequence[Identifier]) -> None:
    rows = grid(title, ("Kind", "Key", "People", "Devices", "Cut"), right=("People", "Devices"), wrapped=("Key",))
    for one in identifiers:
        people, devices = number(one.linked_people), number(one.linked_devices)
        rows.add_row(one.kind, one.id_key, people, devices, one.cut_reason or "-")
    console.print(rows)
    console.print()


def _show_links(console: Console, title: str, links: Sequence[Link]) -> None:
    names = ("Key", "Linked key", "Source", "First seen", "Last seen", "Events")
    rows = grid(title, names, right=("Events",), wrapped=("Source",))
    for link in links[:MOST_LINKS]:
        seen = moment(link.first_seen_at_utc), moment(link.last_seen_at_utc)
        rows.add_row(_short(link.id_key), _short(link.linked_id_key), link.source, *seen, number(link.events))
    console.print(rows)
    if len(links) > MOST_LINKS:
        print_lines(console, f"{len(links) - MOST_LINKS:,} more: --json shows them all")
    console.print()


def _short(key: str) -> str:
    return f"{key[:SHOWN_OF_KEY]}…"
