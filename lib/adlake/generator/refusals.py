"""Records that break exactly the rules that they are meant to break, and lines that cannot be read."""

from collections.abc import Iterator, Mapping

from adlake.generator.columns import PLACE, SPANS, Record
from adlake.generator.files import UNREADABLE_VALUE, WRONG_COLUMN_COUNT, Layout
from adlake.generator.page_events import PageEvent, contexts_of, enriched_line
from adlake.generator.repeats import by_file_type
from adlake.generator.traffic import Chain
from adlake.generator.world import World

YEAR_2103_MICROS = "4200000000000000"
CONTEXTS_PLACE = 52

# the values that break a rule, and the rule that owns the record: the first one broken
Break = tuple[Mapping[str, str], str]
_QUERY_TIME: tuple[Break, ...] = (
    ({"TimeUsec2": ""}, "query_time_invalid"),
    ({"TimeUsec2": YEAR_2103_MICROS}, "query_time_invalid"),
    ({"TimeUsec2": "0", "KeyPart": ""}, "query_time_invalid"),
)
_KEY: tuple[Break, ...] = (({"KeyPart": ""}, "key_missing"), ({"KeyPart": "   "}, "key_missing"))
_EVENT: tuple[Break, ...] = (
    *_QUERY_TIME,
    ({"EventTimeUsec2": "Null"}, "event_time_invalid"),
    ({"EventTimeUsec2": "1000", "EventKeyPart": ""}, "event_time_invalid"),
    *_KEY,
    ({"EventKeyPart": "Null"}, "key_missing"),
)
_REVENUE: tuple[Break, ...] = (
    ({"EstimatedBackfillRevenue": ""}, "revenue_missing"),
    ({"EstimatedBackfillRevenue": "Null"}, "revenue_missing"),
    ({"EstimatedBackfillRevenue": "", "EventKeyPart": ""}, "key_missing"),
)
_UNFILLED: tuple[Break, ...] = (({"LineItemId": "0", "KeyPart": ""}, "key_missing"),)
BREAKS: Mapping[str, tuple[Break, ...]] = {
    "NetworkRequests": (*_QUERY_TIME, *_KEY),
    "NetworkBackfillRequests": _KEY,
    "NetworkImpressions": (*_EVENT, *_UNFILLED),
    "NetworkBackfillImpressions": (*_EVENT[2:5], *_REVENUE),
    "NetworkActiveViews": _EVENT[1:5],
    "NetworkBackfillActiveViews": _EVENT[3:],
    "NetworkClicks": _EVENT[2:6],
    "NetworkBackfillClicks": _EVENT[:4],
}


def with_values(record: Record, values: Mapping[str, str]) -> Record:
    """The record with other values in some columns."""
    changed = list(record)
    for name, value in values.items():
        changed[PLACE[name]] = value
    return tuple(changed)


def broken_records(chain: Chain) -> Iterator[tuple[str, Record, str]]:
    """Records made of one chain that reached every step: file type, record, and the rule that refuses it."""
    for name, record in by_file_type(chain):
        for values, rule in BREAKS[name]:
            yield name, with_values(record, values), rule


def broken_events(event: PageEvent) -> Iterator[tuple[str, str]]:
    """Lines made of one page event, and the rule that refuses them."""
    old, far = event.collector - 40 * 365 * 86_400_000, event.collector + 90 * 365 * 86_400_000
    yield enriched_line(event._replace(event_id="")), "event_id_missing"
    yield enriched_line(event._replace(event_id="  ", derived=old)), "event_id_missing"
    yield with_column(enriched_line(event._replace(event_id=f"{event.event_id}-t")), 3, ""), "collector_time_missing"
    yield enriched_line(event._replace(event_id=f"{event.event_id}-o", derived=old)), "event_time_invalid"
    yield enriched_line(event._replace(event_id=f"{event.event_id}-f", derived=far)), "event_time_invalid"
    contexts = contexts_of(event)
    for number, malformed in enumerate((contexts[:-3], "[1, 2]", "none")):
        line = enriched_line(event._replace(event_id=f"{event.event_id}-{number}"))
        yield with_column(line, CONTEXTS_PLACE, malformed), "contexts_malformed"


def with_column(line: str, place: int, value: str) -> str:
    """The enriched line with another value in one column, counted from 0."""
    fields = line.split("\t")
    fields[place] = value
    return "\t".join(fields)


def unfilled_impression(impression: Record, world: World, number: int) -> Record:
    """The impression as a network row that says that no ad came."""
    demand = SPANS["demand"]
    return impression[: demand.start] + world.unfilled[number % len(world.unfilled)] + impression[demand.stop :]


def unreadable_line(layout: Layout, record: Record, number: int) -> tuple[str, str]:
    """A line that cannot be read, and why; the kinds take turns."""
    if number % 2:
        name = "EstimatedBackfillRevenue" if number % 4 == 1 else "TimeUsec2"
        name = name if name in layout.columns else "TimeUsec2"
        value = "n/a" if name == "EstimatedBackfillRevenue" else "x12"
        return layout.delimiter.join(layout.fields(with_values(record, {name: value}))), UNREADABLE_VALUE
    fields = layout.fields(record)
    cut = (fields[:-1], [*fields, "surplus"], fields[: len(fields) // 2])[number // 2 % 3]
    return layout.delimiter.join(cut), WRONG_COLUMN_COUNT


def unreadable_event(event: PageEvent, number: int) -> tuple[str, str]:
    """A line of the tracker that cannot be read, and why; the kinds take turns."""
    line = enriched_line(event)
    if number % 2:
        place, value = ((3, "yesterday"), (16, "many"), (76, "12px"), (124, "2026-13-45 99:00:00"))[number // 2 % 4]
        return with_column(line, place, value), UNREADABLE_VALUE
    fields = line.split("\t")
    return "\t".join((fields[:130], [*fields, "surplus"])[number // 2 % 2]), WRONG_COLUMN_COUNT
