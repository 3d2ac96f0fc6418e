"""Exchange rates on disk, one file per banking day, and what each currency is worth by them."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from adlake.generator.clocks import iso_day
from adlake.generator.delivery import Target
from adlake.generator.fated import DUPLICATE, PUBLISHED, Line, account_of, left_out, refused
from adlake.generator.files import WRONG_COLUMN_COUNT
from adlake.generator.outcome import Outcome
from adlake.generator.plan import Plan

TABLE, REFINED = "fx_rates", ("silver.fx_rates",)
HEADER = "Date;Country;Exchange rate"
LAKE_CURRENCY, DOLLAR = "EUR", "USD"
MAX_AGE_DAYS = 45
EIGHTEENTH, ONE = Decimal(1).scaleb(-18), 10**18
SUNDAY = 6


class Quote(NamedTuple):
    """How a currency is quoted: its name in the file, dollars per unit or units per dollar, and the rate of a day."""

    name: str
    is_usd_per_unit: bool
    rate: str
    step: str


QUOTES: Mapping[str, Quote] = {
    "EUR": Quote("Euro", is_usd_per_unit=True, rate="1.0823", step="0.0017"),
    "GBP": Quote("United Kingdom", is_usd_per_unit=True, rate="1.2951", step="-0.0023"),
    "SEK": Quote("Sweden", is_usd_per_unit=False, rate="10.5713", step="0.0411"),
    "CHF": Quote("Switzerland", is_usd_per_unit=False, rate="0.8817", step="0.0009"),
    "JPY": Quote("Japan", is_usd_per_unit=False, rate="152.337", step="-0.61"),
}
# of this one nothing comes before the second delivery
LATE = "CHF"


class RateFile(NamedTuple):
    """One file: the delivery that brings it, its day since the epoch, what its name ends in, and its lines."""

    batch: int
    day: int
    suffix: str
    lines: Sequence[Line]

    @property
    def path(self) -> str:
        """Relative to the landing zone."""
        date = iso_day(self.day)
        return f"fx/{date.replace('-', '/')}/exchange-rates{self.suffix}-{date}.csv"

    def text(self) -> str:
        """The whole file, header first."""
        return "\n".join([HEADER, *(line.text for line in self.lines), ""])


def deliver_rates(plan: Plan, target: Target) -> Outcome:
    """The outcome of all files of rates; those of the last day and of one currency come with the second delivery."""
    outcome = Outcome()
    first, last = _days(plan)[0], _days(plan)[-1]
    files = [RateFile(2, first, "-late", _good(first, [LATE]))]
    for day in _days(plan):
        codes = [code for code in QUOTES if day == last or code != LATE]
        files.append(RateFile(2 if day == last else 1, day, "", [*_good(day, codes), *_bad(day)]))
    for file in files:
        target.write(file.batch, file.path, file.text(), max(file.day * 24, plan.hours[0].hour))
        outcome.take(file.batch, file.path, account_of(TABLE, REFINED, file.lines))
        published = sum(line.fates == (PUBLISHED,) for line in file.lines)
        outcome.planted[f"exchange_rates.of_delivery_{file.batch}"] += published
    return outcome


def _days(plan: Plan) -> list[int]:
    """Days since the epoch with rates: no Sundays."""
    # the epoch was a Thursday
    return [day for day in plan.snapshot_days if (day + 3) % 7 != SUNDAY]


def _good(day: int, codes: list[str]) -> list[Line]:
    return [Line(f"{iso_day(day)};{QUOTES[code].name};{_rate(code, day)}", (PUBLISHED,)) for code in codes]


def _bad(day: int) -> list[Line]:
    date = iso_day(day)
    return [
        Line(f"{date};Euro;9.99", (DUPLICATE,)),
        Line(f"{date};Narnia;3.5", (left_out("currency_unmapped"),)),
        Line(f"{date[8:]}.{date[5:7]}.{date[:4]};Japan;150", (refused("rate_date_invalid"),)),
        Line("2026-02-30;Sweden;-1", (refused("rate_date_invalid"),)),
        Line(f"{date};;1.5", (refused("currency_invalid"),)),
        Line(f"{date};Sweden;0", (refused("exchange_rate_invalid"),)),
        Line(f"{date};United Kingdom;-1.29", (refused("exchange_rate_invalid"),)),
        Line(f"{date};Japan;n/a", (refused("exchange_rate_invalid"),)),
        Line(f"{date};Euro", unread=WRONG_COLUMN_COUNT),
    ]


def _rate(code: str, day: int) -> Decimal:
    quote = QUOTES[code]
    return Decimal(quote.rate) + Decimal(quote.step) * (day % 7)


def fx_config() -> dict[str, Any]:
    """How the files are read, as lake.yaml says it."""
    return {
        "date_column": "Date",
        "currency_column": "Country",
        "rate_column": "Exchange rate",
        "currencies": {quote.name: code for code, quote in QUOTES.items()},
        "usd_per_unit": [code for code, quote in QUOTES.items() if quote.is_usd_per_unit],
        "max_age_days": MAX_AGE_DAYS,
    }


class Worth(NamedTuple):
    """What a unit of a currency was worth on a day: dollars, dollars of a unit of the lake's own, and as of which day.

    Dollars are whole numbers of 10^-18; the day is None where no rate was needed.
    """

    dollars: int
    lake_dollars: int
    rate_day: int | None

    def micros(self, amount: int) -> int:
        """Millionths in the lake's currency, rounded half up."""
        return (2 * amount * self.dollars + self.lake_dollars) // (2 * self.lake_dollars)


def known_rates(plan: Plan, batch: int) -> Mapping[str, Mapping[int, int]]:
    """Dollars per unit (10^-18) that a reader knows after a batch, by currency and day since the epoch."""
    found: dict[str, dict[int, int]] = {}
    first, last = _days(plan)[0], _days(plan)[-1]
    for code, quote in QUOTES.items():
        for day in _days(plan):
            is_late = day == last or code == LATE
            if (is_late and batch == 1) or (code == LATE and day not in {first, last}):
                continue
            rate = _rate(code, day)
            dollars = rate if quote.is_usd_per_unit else (1 / rate).quantize(EIGHTEENTH, rounding=ROUND_HALF_UP)
            found.setdefault(code, {})[day] = int(dollars * ONE)
    return found


class Exchange:
    """What amounts are worth in the lake's currency, as the rates of a moment have it.

    Args:
        rates: dollars per unit (10^-18) by currency and day since the epoch.
    """

    def __init__(self, rates: Mapping[str, Mapping[int, int]]) -> None:
        self._rates = rates

    def worth(self, currency: str, day: int) -> Worth | None:
        """The worth of a currency on a day; None when nobody knows."""
        if currency == LAKE_CURRENCY:
            return Worth(ONE, ONE, None)
        of_lake = self._newest(LAKE_CURRENCY, day)
        of_currency = (ONE, None) if currency == DOLLAR else self._newest(currency, day)
        if of_lake is None or of_currency is None:
            return None
        days = [as_of for _, as_of in (of_lake, of_currency) if as_of is not None]
        return Worth(of_currency[0], of_lake[0], min(days))

    def _newest(self, currency: str, day: int) -> tuple[int, int] | None:
        rates = self._rates.get(currency, {})
        known = [as_of for as_of in rates if 0 <= day - as_of <= MAX_AGE_DAYS]
        return (rates[max(known)], max(known)) if known else None
