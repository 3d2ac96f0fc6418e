"""Who buys: the line items of the network with their daily snapshots, and the buyers of backfill."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from math import exp

from adlake.generator.clocks import MICROS, iso_day, stream
from adlake.generator.columns import quoted

CPM, CPC = "CPM", "CPC"
REVENUES = 4096
MEDIAN_CPM = 1.12


@dataclass(frozen=True)
class LineItem:
    """A line item: how often its ads run, what it is, and its rate in currency units on even and odd days."""

    id: str
    weight: int
    type: str
    cost_type: str
    rates: tuple[str, str]
    advertiser: str


LINE_ITEMS = (
    LineItem("6100000001", 20, "SPONSORSHIP", CPM, ("2.355", "2.475"), "Alpina Reisen"),
    LineItem("6100000002", 6, "Sponsorship", CPM, ("12.5", "12.5"), "Bank, Partner & Co"),
    LineItem("6100000003", 22, "STANDARD", CPM, ("1.2345", "1.2355"), "Cordes Versand"),
    LineItem("6100000004", 14, "STANDARD", CPM, ("0.9995", "0.9995"), 'The "Daily" Shop'),
    LineItem("6100000005", 14, "STANDARD", CPC, ("0.42", "0.45"), "Dorado Games"),
    LineItem("6100000006", 8, "STANDARD", CPC, ("1.005", "1.005"), "Elbe Mobil"),
    LineItem("6100000007", 8, "BULK", CPM, ("0.755", "0.755"), "Fjord Outdoor"),
    LineItem("6100000008", 10, "NETWORK", CPM, ("0.3333335", "0.3333335"), "Gartenland"),
    LineItem("6100000009", 16, "PRICE_PRIORITY", CPM, ("0.85", "0.85"), "Hafen Media"),
    LineItem("6100000010", 8, "Price Priority", CPM, ("2.10", "1.95"), "Insel Verlag"),
    LineItem("6100000011", 16, "HOUSE", CPM, ("0", "0"), "Own titles"),
    LineItem("6100000012", 8, "STANDARD", "VCPM", ("4.5", "4.5"), "Juwel Optik"),
    LineItem("6100000013", 3, "SPONSORSHIP", "CPD", ("500", "500"), "Kanton Tourismus"),
    LineItem("6100000014", 6, "PREFERRED_DEAL", CPM, ("3.15", "3.15"), "Lagune Wein"),
    # Its rate cannot be right, so it is refused; its impressions have no known revenue.
    LineItem("6100000015", 2, "STANDARD", CPM, ("-1.00", ""), "Moor Kosmetik"),
    # In no snapshot at all.
    LineItem("6100000016", 2, "STANDARD", CPM, ("", ""), "Nordlicht"),
)
NEVER_LISTED = "6100000016"
UNLISTED_ON_LAST_DAY_BUT_ONE = "6100000007"
RATE_INVALID = "6100000015"

# product, deal type, deal id, weight, channel
BACKFILL = (
    ("Ad Exchange", "", "", 30, "open_adx"),
    ("AdExchange", "Open Auction", "", 12, "open_adx"),
    ("ad exchange", "Null", "", 4, "open_adx"),
    ("Ad Exchange", "Private Auction", "9001", 8, "private_auction"),
    ("AdExchange", "private_auction", "9002", 4, "private_auction"),
    ("Ad Exchange", "Preferred Deal", "9003", 6, "preferred_deal"),
    ("Ad_Exchange", "PREFERRED_DEAL", "9004", 2, "preferred_deal"),
    ("Exchange Bidding", "", "", 14, "open_bidding"),
    ("Open Bidding", "", "", 10, "open_bidding"),
    ("open_bidding", "Private Auction", "9005", 2, "open_bidding"),
    ("AdSense", "", "", 8, "adsense"),
    ("First Look", "", "", 3, "backfill_other"),
    ("Null", "", "", 1, "backfill_other"),
)

Fields = tuple[object, ...]
NO_MONEY: Fields = ("", "", None)


def micros(amount: str) -> int:
    """Currency units as whole millionths, half up."""
    return int((Decimal(amount) * MICROS).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def network_demand() -> list[Fields]:
    """Group `demand` of records that a line item filled, each as often as its weight says."""
    rows: list[Fields] = []
    for number, item in enumerate(LINE_ITEMS):
        advertiser, order = str(4_500_000 + number), str(3_200_000_000 + number)
        fields: Fields = (
            *("Ad Server", advertiser, order, item.id, str(138_000_000_000 + number), "300x250", "300x250"),
            *(quoted(item.advertiser), "", "", "", "", f"li:{item.id}"),
        )
        rows += [fields] * item.weight
    return rows


def backfill_demand() -> list[Fields]:
    """Group `demand` of records that another buyer filled; most name a line item too (dynamic allocation)."""
    rows: list[Fields] = []
    for product, deal_type, deal_id, weight, channel in BACKFILL:
        for turn in range(weight):
            item = "0" if turn % 5 == 0 else LINE_ITEMS[turn % len(LINE_ITEMS)].id
            size, groups = ("Native", "Fluid") if turn % 3 else ("", "300x250"), "Yield DE|Yield EU"
            fields: Fields = (
                *(product, "0", "0", item, str(140_000_000_000 + turn), *size),
                *("", f"Buyer {turn % 4}", deal_id, deal_type, groups if turn % 2 else "", channel),
            )
            rows.append(fields)
    return rows


def unfilled_demand() -> list[Fields]:
    """Group `demand` of requests that got no ad, in the ways in which a file says so."""
    return [("Ad Server", "0", "0", item, "0", "", "", "", "", "", "", "", "li:") for item in ("0", "", "Null")]


def revenues(seed: int) -> list[Fields]:
    """Group `money` of backfill records: floor (CPM), revenue of one impression, and that in millionths."""
    draw = stream(seed, "revenues")
    rows: list[Fields] = []
    for place in range(REVENUES):
        cpm = MEDIAN_CPM * exp(draw.gauss(0, 0.9))
        amount = f"{cpm / 1000:.{9 if place % 2 else 6}f}"
        if place % 16 == 0:
            amount += "5"  # half a millionth, to be rounded up
        if place % 256 == 1:
            amount = "0" if place % 512 == 1 else f"-{amount}"
        floor = f"{cpm * 0.7:.2f}" if place % 4 else "0"
        rows.append((floor, amount, micros(amount)))
    return rows


@dataclass(frozen=True)
class Rate:
    """What a snapshot says of a line item: its type, its cost type and its rate in millionths."""

    type: str
    cost_type: str
    micros: int


def snapshot_lines(day: int, last_day: int) -> list[tuple[str, ...]]:
    """Records of the match table of one day, the good ones and then those that a rule refuses or another one beats."""
    lines = [_line(item, item.rates[day % 2]) for item in _listed(day, last_day)]
    beaten = _line(LINE_ITEMS[1], "99.99")
    nameless = [("0", *lines[0][1:]), ("", *lines[0][1:]), ("6100000098", *lines[0][1:5], "", *lines[0][6:])]
    return [*lines, beaten, *nameless]


def snapshot_rates(day: int, last_day: int) -> Mapping[str, Rate]:
    """The line items that a snapshot makes known, by id."""
    return {
        item.id: Rate(item.type, item.cost_type, micros(item.rates[day % 2]))
        for item in _listed(day, last_day)
        if item.id != RATE_INVALID
    }


def _listed(day: int, last_day: int) -> Sequence[LineItem]:
    hidden = {NEVER_LISTED} | ({UNLISTED_ON_LAST_DAY_BUT_ONE} if day == last_day - 1 else set())
    return [item for item in LINE_ITEMS if item.id not in hidden]


def _line(item: LineItem, rate: str) -> tuple[str, ...]:
    start, end = f"{iso_day(20_700)}T00:00:00", f"{iso_day(20_850)}T23:59:59"
    name = quoted(f"{item.advertiser} {item.type}")
    return (
        item.id,
        name,
        str(3_200_000_000 + int(item.id[-2:]) - 1),
        item.type,
        item.cost_type,
        rate,
        start,
        end,
        "DELIVERING",
    )
