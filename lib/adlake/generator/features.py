"""User features at the end of a day, from the rows of the user mart and from what contacts were known to say."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from adlake.generator.clocks import iso_day
from adlake.generator.contact_states import ContactState, Said, newest_said
from adlake.generator.marts import IdentityKey, UserDay, counts_text, of_aspect
from adlake.generator.tally import COUNTRY_NAME, DEVICE_KIND, SECTION, Tally

PERIODS_DAYS = (1, 7, 30, 90)
WINDOW_DAYS = PERIODS_DAYS[-1]
FEATURE_KEY = ("id_key", "as_of_date")
FEATURE_MEASURES = (
    *("recency_days", *(f"{what}_{days}d" for what in ("visits", "active_days") for days in PERIODS_DAYS)),
    *("page_views", "impressions", "clicks", "ad_revenue_micros"),
)
FEATURE_COLUMNS = (
    *(*FEATURE_KEY, *FEATURE_MEASURES, "ads_per_visit", "content_affinity", "device_share", "country_share"),
    *("newsletter_state", "subscription_state", "subscription_plan", "days_to_renewal"),
)
HALF_LIFE_DAYS, MINIMUM_PAGE_VIEWS, WHOLE = 14, 3, 1_000_000
# Of the IAB Content Taxonomy 3.1; a site's own section goes before the section of that name anywhere.
TOPICS = {
    "culture": "JLBCU7",
    "money": "391",
    "politics": "386",
    "recipes": "216",
    "sport": "483",
    "travel": "653",
    "sportpuls.example/sport": "533",
    "sportpuls.example/money": "414",
    "wwwetter.example/weather": "390",
}


class History(NamedTuple):
    """The days of a person, and over all of them weight by topic, page views behind it, devices and countries."""

    days: Sequence[UserDay]
    topics: Mapping[str, int]
    topic_page_views: int
    devices: Mapping[str, int]
    countries: Mapping[str, int]


def last_day(days: Iterable[UserDay]) -> int | None:
    """Day since the epoch of which features are made: the newest with any row."""
    return max((row.day for row in days), default=None)


def user_features(
    tally: Tally, days: Sequence[UserDay], contacts: Iterable[ContactState], key: IdentityKey
) -> Iterator[list[Any]]:
    """Rows of the features as of the last day, columns as in FEATURE_COLUMNS, in no particular order.

    Args:
        tally: that the days come from; it knows sections, devices and countries.
        days: of everybody.
        contacts: states that are known.
        key: of the identifiers.
    """
    as_of = last_day(days)
    if as_of is None:
        return
    by_person: dict[str, list[UserDay]] = {}
    for row in days:
        if 0 <= as_of - row.day < WINDOW_DAYS:
            by_person.setdefault(row.person, []).append(row)
    histories = {person: _history(tally, rows, as_of) for person, rows in by_person.items()}
    means: Counter[str] = Counter()
    for history in histories.values():
        means.update(history.topics)
    said = newest_said(contacts, as_of, key)
    for person, history in histories.items():
        id_key = key.of(person)
        yield [
            id_key,
            iso_day(as_of),
            *_measures(history.days, as_of),
            *_mixes(history, means),
            *_told(said.get(id_key), as_of),
        ]


def _history(tally: Tally, rows: Sequence[UserDay], as_of: int) -> History:
    topics: Counter[str] = Counter()
    devices: Counter[str] = Counter()
    countries: Counter[str] = Counter()
    views = 0
    for row in rows:
        weight = round(WHOLE * 0.5 ** ((as_of - row.day) / HALF_LIFE_DAYS))
        for place, count in of_aspect(tally, row.person, row.day, SECTION).items():
            topic = TOPICS.get(place, TOPICS.get(place.rpartition("/")[2]))
            if topic is not None:
                topics[topic] += count * weight
                views += count
        devices.update(of_aspect(tally, row.person, row.day, DEVICE_KIND))
        countries.update(of_aspect(tally, row.person, row.day, COUNTRY_NAME))
    return History(rows, topics, views, devices, countries)


def _measures(days: Sequence[UserDay], as_of: int) -> list[int]:
    within = {period: [row for row in days if as_of - row.day < period] for period in PERIODS_DAYS}
    return [
        *(min(as_of - row.day for row in days), *(sum(row.visits for row in rows) for rows in within.values())),
        *map(len, within.values()),
        *(sum(row.page_views for row in days), sum(row.impressions for row in days)),
        *(sum(row.clicks for row in days), sum(row.revenue_micros for row in days)),
    ]


def _mixes(history: History, means: Mapping[str, int]) -> list[str]:
    """Ads per visit, affinity by topic, shares by device and by country."""
    visits = sum(row.visits for row in history.days)
    ads = number_text(sum(row.impressions for row in history.days) / visits) if visits else ""
    affinity = ""
    if history.topic_page_views >= MINIMUM_PAGE_VIEWS:
        prior, everything = MINIMUM_PAGE_VIEWS * WHOLE, sum(means.values())
        total = sum(history.topics.values()) + prior
        affinity = numbers_text(
            {topic: (weight + prior * (means[topic] / everything)) / total for topic, weight in history.topics.items()}
        )
    return [ads, affinity, _shares(history.devices), _shares(history.countries)]


def _shares(counts: Mapping[str, int]) -> str:
    total = sum(counts.values())
    return numbers_text({name: count / total for name, count in counts.items()})


def _told(said: Said | None, as_of: int) -> list[object]:
    if said is None:
        return [""] * 4
    renewal = "" if said.renewal_day is None else said.renewal_day - as_of
    return [said.newsletter, said.subscription, said.plan, renewal]


def number_text(number: float) -> str:
    """A number as the truth spells it: nine digits after the point."""
    return f"{number:.9f}"


def numbers_text(numbers: Mapping[str, float]) -> str:
    """Numbers by name, each as the truth spells it."""
    return counts_text({name: number_text(number) for name, number in numbers.items()})


def content_config() -> dict[str, Any]:
    """What sections are about, as lake.yaml says it."""
    return {"half_life_days": HALF_LIFE_DAYS, "minimum_page_views": MINIMUM_PAGE_VIEWS, "sections": dict(TOPICS)}
