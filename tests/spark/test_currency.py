"""Money in the currency of the lake: which rate holds, how an amount is rounded, what nobody can convert."""

from decimal import Decimal

import pytest

from adlake.marts.currency import exchange_rates, lake_micros, with_exchange_rates
from tests.conftest import make_config
from tests.spark.rows import BATCH, assert_same, at, frame, rows

RATES = (
    "event_date date, currency string, usd_per_unit decimal(20,18), lake_usd_per_unit decimal(20,18), rate_date date"
)


def day(text):
    return at(text).date()


def rate(date, currency, usd_per_unit):
    value = {"rate_date": day(date), "rate_year": day(f"{date[:4]}-01-01"), "currency": currency}
    return value | {"usd_per_unit": Decimal(usd_per_unit)}


@pytest.fixture
def rates_of(spark, tmp_path):
    """Gives the rates as of some days, of a lake with its own currency."""

    def of(values, *days, **settings):
        dated = rows(spark, "silver.fx_rates", *values, _batch_id=BATCH, _file="f", _position=1)
        events = frame(spark, "event_date date", [{"event_date": day(text)} for text in days])
        return exchange_rates(dated, events, make_config(tmp_path, **settings))

    return of


def known(spark, *values):
    names = ("event_date", "currency", "usd_per_unit", "lake_usd_per_unit", "rate_date")
    whole = [dict(zip(names, value, strict=True)) for value in values]
    for value in whole:
        value |= {"event_date": day(value["event_date"]), "rate_date": value["rate_date"] and day(value["rate_date"])}
        value |= {name: Decimal(value[name]) for name in ("usd_per_unit", "lake_usd_per_unit")}
    return frame(spark, RATES, whole)


def test_the_newest_rate_holds_from_its_day_to_the_next_one_or_until_it_is_too_old(spark, rates_of):
    values = [
        rate("2026-10-01", "EUR", "1.1"),
        rate("2026-10-05", "EUR", "1.2"),
        rate("2026-10-06", "GBP", "1.3"),
        # dollars are worth a dollar, whatever a file says
        rate("2026-10-01", "USD", "2"),
    ]
    days = ("2026-09-30", "2026-10-01", "2026-10-04", "2026-10-05", "2026-10-15", "2026-10-16", "2026-10-17")
    expected = [(text, "USD", "1", "1", None) for text in days]
    expected += [
        ("2026-10-01", "EUR", "1.1", "1", "2026-10-01"),
        ("2026-10-04", "EUR", "1.1", "1", "2026-10-01"),
        ("2026-10-05", "EUR", "1.2", "1", "2026-10-05"),
        ("2026-10-15", "EUR", "1.2", "1", "2026-10-05"),
        ("2026-10-15", "GBP", "1.3", "1", "2026-10-06"),
        ("2026-10-16", "GBP", "1.3", "1", "2026-10-06"),
    ]
    assert_same(rates_of(values, *days, fx={"max_age_days": 10}), known(spark, *expected))


def test_a_rate_holds_45_days_unless_the_configuration_says_another_number(spark, rates_of):
    found = rates_of([rate("2026-01-01", "EUR", "1.1")], "2026-02-15", "2026-02-16")
    dollars = [(text, "USD", "1", "1", None) for text in ("2026-02-15", "2026-02-16")]
    assert_same(found, known(spark, *dollars, ("2026-02-15", "EUR", "1.1", "1", "2026-01-01")))


def test_a_lake_in_another_currency_needs_its_own_rate_too_but_not_for_its_own_money(spark, rates_of):
    values = [rate("2026-10-01", "GBP", "1.3"), rate("2026-10-03", "EUR", "1.1"), rate("2026-10-05", "GBP", "1.4")]
    found = rates_of(values, "2026-10-02", "2026-10-04", "2026-10-05", currency="EUR")
    expected = [
        # no rate of the euro yet: euros are euros, and nothing else is known
        ("2026-10-02", "EUR", "1", "1", None),
        ("2026-10-04", "EUR", "1", "1", None),
        ("2026-10-04", "USD", "1", "1.1", "2026-10-03"),
        ("2026-10-04", "GBP", "1.3", "1.1", "2026-10-01"),
        ("2026-10-05", "EUR", "1", "1", None),
        ("2026-10-05", "USD", "1", "1.1", "2026-10-03"),
        ("2026-10-05", "GBP", "1.4", "1.1", "2026-10-03"),
    ]
    assert_same(found, known(spark, *expected))


# amount, dollars per unit of it, dollars per unit of the lake's currency, amount in that
AMOUNTS = [
    (1_000_000, "1.1", "1", 1_100_000),
    (1_000_000, "1", "1.25", 800_000),
    (0, "1.1", "1.3", 0),
    # a half goes up: 0.5, 1.5, 2.5
    (1, "0.5", "1", 1),
    (3, "0.5", "1", 2),
    (5, "0.5", "1", 3),
    # the last digit of a rate decides
    (1, "0.499999999999999999", "1", 0),
    (1, "0.500000000000000001", "1", 1),
    # 6 x 1/12 is exactly a half, though 1/12 has no end
    (6, "0.1", "1.2", 1),
    (5, "0.1", "1.2", 0),
    # 2/3 of a unit, never rounded on the way: 0.666..., 1.333..., 2
    (1, "0.8", "1.2", 1),
    (2, "0.8", "1.2", 1),
    (3, "0.8", "1.2", 2),
    (9_999_999_999_999_999, "1", "1", 9_999_999_999_999_999),
    (9_999_999_999_999_999, "99.999999999999999999", "1", 999_999_999_999_999_900),
    # beyond what is exact, or what a bigint holds
    (10_000_000_000_000_000, "1", "1", None),
    (9_999_999_999_999_999, "1", "0.000000000000000001", None),
    (None, "1", "1", None),
    (1, None, "1", None),
    (1, "1", None, None),
]


def test_an_amount_is_rounded_half_up_once(spark):
    names = ("micros", "usd_per_unit", "lake_usd_per_unit", "wanted")
    given = [dict(zip(names, amount, strict=True)) | {"case": number} for number, amount in enumerate(AMOUNTS)]
    for value in given:
        value |= {name: value[name] and Decimal(value[name]) for name in names[1:3]}
    schema = "case int, micros bigint, usd_per_unit decimal(20,18), lake_usd_per_unit decimal(20,18), wanted bigint"
    cases = frame(spark, schema, given)
    found = cases.select("case", lake_micros(cases["micros"]).alias("wanted"))
    assert_same(found, cases.select("case", "wanted"))


def test_rows_without_a_rate_have_none_rather_than_nothing(spark, rates_of):
    rates = rates_of([rate("2026-10-01", "EUR", "1.1")], "2026-10-01", "2026-10-02")
    money = [("2026-10-01", "EUR"), ("2026-10-02", "USD"), ("2026-10-01", "SEK"), ("2026-10-03", "EUR")]
    given = [{"event_date": day(date), "currency": currency} for date, currency in money]
    found = with_exchange_rates(frame(spark, "event_date date, currency string", given), rates)
    expected = [value | {"usd_per_unit": None, "lake_usd_per_unit": None, "rate_date": None} for value in given]
    one = Decimal(1)
    expected[0] |= {"usd_per_unit": Decimal("1.1"), "lake_usd_per_unit": one, "rate_date": day("2026-10-01")}
    expected[1] |= {"usd_per_unit": one, "lake_usd_per_unit": one}
    assert_same(found, frame(spark, RATES, expected))
