"""Exchange rates from CSV files: rules, both ways of quoting, whatever a file calls its columns and currencies."""

import csv
from decimal import ROUND_HALF_UP, Decimal

import pytest
from pyspark.sql import functions as F

from adlake.contracts import table
from adlake.dedup import losers_within, without
from adlake.identity import identity_key
from adlake.marts.currency import exchange_rates, lake_micros, with_exchange_rates
from tests.conftest import SECRET, make_config
from tests.delivered import write
from tests.spark.rows import BATCH, assert_same, at, frame, part, read_landed, rows

FILE = "fx/rates.csv"
SAME = {"_batch_id": BATCH, "_file": FILE, "_record_type": "ExchangeRates"}
SAME |= {"_ingested_at_utc": at("2026-11-02 07:00:00")}
CONTRACT = table("silver.fx_rates")
DIGITS = Decimal("0.000000000000000001")

# What the countries of the real file mean: those of the euro zone had currencies of their own.
CURRENCIES = {
    "Australia": "AUD", "Austria": "ATS", "Belgium": "BEF", "Brazil": "BRL", "Canada": "CAD", "China": "CNY",
    "Denmark": "DKK", "Euro": "EUR", "Finland": "FIM", "France": "FRF", "Germany": "DEM", "Greece": "GRD",
    "Hong Kong": "HKD", "India": "INR", "Ireland": "IEP", "Italy": "ITL", "Japan": "JPY", "Malaysia": "MYR",
    "Mexico": "MXN", "Netherlands": "NLG", "New Zealand": "NZD", "Norway": "NOK", "Portugal": "PTE",
    "Singapore": "SGD", "South Africa": "ZAR", "South Korea": "KRW", "Spain": "ESP", "Sri Lanka": "LKR",
    "Sweden": "SEK", "Switzerland": "CHF", "Taiwan": "TWD", "Thailand": "THB", "United Kingdom": "GBP",
}  # fmt: skip
# All of the file is units per dollar: its publisher turns round the five series that are quoted the other way (AUD,
# EUR, GBP, IEP, NZD), though the description beside it still says that they are dollars per unit.
REAL_FX = {"currency_column": "Country", "rate_column": "Exchange rate", "currencies": CURRENCIES}
# Units of the old currencies in one euro, fixed for ever by Council Regulation (EC) No 2866/98.
PER_EURO = {"DEM": "1.95583", "FRF": "6.55957", "IEP": "0.787564", "ITL": "1936.27", "FIM": "5.94573", "ESP": "166.386"}
# Dollars for one unit by the parities of Bretton Woods, within 1 % as long as they held.
PARITIES = {"GBP": "2.40", "AUD": "1.12", "NZD": "1.12", "DKK": "0.133333"}


@pytest.fixture
def identity(spark):
    return identity_key(spark, SECRET.encode(), "k1")


@pytest.fixture
def parted(spark, identity, tmp_path):
    """Gives bronze rows parted: dictionaries of a file's columns, under a configuration of `fx`."""

    def of(values, **fx):
        given = [{"_extra": value, "_position": n} for n, value in enumerate(values)]
        bronze = rows(spark, "bronze.fx_rates", *given, **SAME)
        return part(bronze, CONTRACT, identity, make_config(tmp_path, fx=fx))

    return of


def line(day="2026-11-01", currency="EUR", rate="1.25"):
    values = {"Date": day, "Currency": currency, "Rate": rate}
    return {name: value for name, value in values.items() if value is not None}


NO_DAY = (None, "", "2026-02-30", "2026-13-01", "2026-1-1", "20261101", "01.11.2026", "2026-11", "2026", "soon")
NO_DAY += ("1969-12-31", "2100-01-01", "0000-00-00", "2026-11-01T00:00:00", "2026-11-01\n")
NO_CURRENCY = (None, "", "  ", "eur", "EURO", "EU", "€", "E1R", "EUR2", "EUR\n")
NO_RATE = (None, "", "0", "0.00", "-1.25", "NaN", "Infinity", "1,25", "1.2.5", "ND", ".", "1 25")
# too small and too large for the digits that are kept
NO_RATE += ("0." + "0" * 19 + "1", "1" + "0" * 19)


def test_the_rules_of_rates_hold_at_their_bounds(spark, parted):
    cases = [(line(day=day), ("rate_date_invalid",)) for day in NO_DAY]
    cases += [(line(currency=currency), ("currency_invalid",)) for currency in NO_CURRENCY]
    cases += [(line(rate=rate), ("exchange_rate_invalid",)) for rate in NO_RATE]
    cases += [(line(day=day), ()) for day in ("1970-01-01", "2099-12-31", "2024-02-29", " 2026-11-01 ")]
    cases += [(line(currency=currency), ()) for currency in ("USD", "XXX", " EUR ")]
    cases += [(line(rate=rate), ()) for rate in ("0.000000000000000001", "1e-3", " 1.25 ", "9" * 18)]
    nothing = ("rate_date_invalid", "currency_invalid", "exchange_rate_invalid")
    cases += [({"Other": "x"}, nothing), (None, nothing), (line("x", "x", "x"), nothing)]
    parting = parted([value for value, _ in cases])
    broken = [
        {"position": number, "rule_id": rules[0], "rule_ids": list(rules)}
        for number, (_, rules) in enumerate(cases)
        if rules
    ]
    said = parting.refused.select("position", "rule_id", "rule_ids")
    assert_same(said, frame(spark, said.schema, broken))
    kept = [{"_position": number} for number, (_, rules) in enumerate(cases) if not rules]
    assert_same(parting.accepted.select("_position"), frame(spark, "_position bigint", kept))
    assert (parting.refused_by_file, parting.filtered) == ({FILE: len(broken)}, {})


def test_a_rate_is_dollars_per_unit_or_inverted_and_rounded_once(spark, parted):
    values = [("EUR", "1.1", "1.1"), ("GBP", "0.123456789012345678", "0.123456789012345678")]
    # a half of the last digit goes up
    values += [("EUR", "1.0000000000000000005", "1.000000000000000001")]
    # 1/3, 1/7 and 1/0.7 end in digits that are rounded down, up and down
    values += [("JPY", "3", "0.333333333333333333"), ("JPY", "7", "0.142857142857142857")]
    values += [("JPY", "0.7", "1.428571428571428571"), ("JPY", "150", "0.006666666666666667"), ("USD", "1", "1")]
    given = [line(f"2026-11-{n:02d}", currency, rate) for n, (currency, rate, _) in enumerate(values, 1)]
    found = parted(given, usd_per_unit=["EUR", "GBP"]).accepted
    place = {"_batch_id": BATCH, "_file": FILE, "rate_year": at("2026-01-01").date()}
    expected = [
        {"rate_date": at(value["Date"]).date(), "currency": currency, "usd_per_unit": Decimal(worth), "_position": n}
        for n, (value, (currency, _, worth)) in enumerate(zip(given, values, strict=True))
    ]
    assert_same(found.select(*CONTRACT.column_names), rows(spark, CONTRACT, *expected, **place))


def test_names_are_mapped_and_others_left_out_after_the_rules(spark, parted):
    names = {"day": "2026-11-01", "of": None, "worth": "2"}
    given = [names | {"of": name} for name in ("Euro", "Yen", "yen", "EUR", "Peso")]
    given += [names | {"of": "Peso", "worth": "0"}, names | {"of": ""}]
    columns = {"date_column": "day", "currency_column": "of", "rate_column": "worth"}
    parting = parted(given, **columns, currencies={"Euro": "EUR", "Yen": "JPY"}, usd_per_unit=["EUR"])
    found = parting.accepted.select("_position", "currency", F.col("usd_per_unit").cast("string").alias("usd_per_unit"))
    kept = [(0, "EUR", "2.000000000000000000"), (1, "JPY", "0.500000000000000000")]
    expected = [dict(zip(("_position", "currency", "usd_per_unit"), value, strict=True)) for value in kept]
    assert_same(found, frame(spark, "_position bigint, currency string, usd_per_unit string", expected))
    assert parting.filtered == {"currency_unmapped": 3}
    # a rate that is none is refused, whoever's it is
    assert [row["rule_ids"] for row in parting.refused.orderBy("position").collect()] == [
        ["exchange_rate_invalid"],
        ["currency_invalid"],
    ]


def test_any_csv_file_with_a_header_is_read(spark, tmp_path):
    config = make_config(tmp_path)
    texts = {
        "fx/a.csv": 'Date,Currency,Rate\n2026-11-01,EUR,1.1\n\n2026-11-02,"EUR",\n2026-11-03,EUR\n',
        # a BOM, other line ends, another delimiter, another order, more columns, no last line end
        "fx/2026/b.csv": '\ufeffRate;"Currency";Source;Date\r\n1,1;EUR;"x;y";2026-11-01\r\n1;EUR;;Null',
        "fx/c.csv.gz": "Date\tCurrency\tRate\n2026-11-01\tEUR\t1.1\n",
    }
    for path, text in texts.items():
        write(tmp_path / "landing" / path, text)
    found = read_landed(spark, config, "fx", "fx_rates", *texts)
    good = [
        ("fx/a.csv", 1, {"Date": "2026-11-01", "Currency": "EUR", "Rate": "1.1"}),
        ("fx/a.csv", 2, {"Date": "2026-11-02", "Currency": "EUR"}),
        ("fx/2026/b.csv", 1, {"Rate": "1,1", "Currency": "EUR", "Source": "x;y", "Date": "2026-11-01"}),
        ("fx/2026/b.csv", 2, {"Rate": "1", "Currency": "EUR"}),
        ("fx/c.csv.gz", 1, {"Date": "2026-11-01", "Currency": "EUR", "Rate": "1.1"}),
    ]
    expected = [dict(zip(("_file", "_position", "_extra"), value, strict=True)) for value in good]
    told = found.where("_malformed is null").select("_extra", "_record_type", "_file", "_position")
    assert_same(told, frame(spark, told.schema, [value | {"_record_type": "ExchangeRates"} for value in expected]))
    refused = found.where("_malformed is not null").select("_file", "_position", "_malformed", "_refusal")
    short = {"_file": "fx/a.csv", "_position": 3, "_malformed": "2026-11-03,EUR", "_refusal": "wrong_column_count"}
    assert_same(refused, frame(spark, refused.schema, [short]))


def test_the_real_file_gives_the_rates_that_it_holds(spark, identity, real, tmp_path):
    source = real / "fx" / "exchange-rates_monthly.csv"
    write(tmp_path / "landing" / FILE, source.read_text())
    config = make_config(tmp_path, fx=REAL_FX)
    bronze = read_landed(spark, config, "fx", "fx_rates", FILE)
    assert bronze.where("_malformed is not null").count() == 0
    placed = bronze.drop("_malformed", "_refusal").selectExpr("*", f"'{BATCH}' as _batch_id")
    parting = part(placed, CONTRACT, identity, config)
    with source.open(newline="") as file:
        lines = list(csv.DictReader(file))
    # 17,237 lines after the header; of Venezuela's renamed currencies none is meant
    assert len(lines) == 17_237
    assert (parting.filtered, parting.refused_by_file) == ({"currency_unmapped": 378}, {})
    silver = without(parting.accepted, losers_within(parting.accepted, CONTRACT.key, CONTRACT.winner_order))
    found = {(str(r["rate_date"]), r["currency"]): r["usd_per_unit"] for r in silver.collect()}
    wanted = {}
    for row in lines:
        if row["Country"] in CURRENCIES:
            inverse = (1 / Decimal(row["Exchange rate"])).quantize(DIGITS, ROUND_HALF_UP)
            wanted[row["Date"], CURRENCIES[row["Country"]]] = inverse
    assert len(found) == 17_237 - 378 == len(wanted)
    assert found == wanted
    # which way round the rates are: what was fixed by law comes out of them
    for code, per_euro in PER_EURO.items():
        assert found["2001-12-01", "EUR"] / found["2001-12-01", code] == pytest.approx(
            Decimal(per_euro), rel=Decimal("2e-4")
        )
    for code, dollars in PARITIES.items():
        assert found["1971-01-01", code] == pytest.approx(Decimal(dollars), rel=Decimal("0.01"))
    assert_hand_checked_conversions(spark, silver, tmp_path)


# day, amount, currency, amount in the lake's currency: from the lines 2026-06-01,Euro,0.8684 and United Kingdom,0.7497
# and Japan,160.7700, the last ones of the file
IN_DOLLARS = [
    # 1 / 0.8684 = 1.15154307
    ("2026-06-01", 1_000_000, "EUR", 1_151_543),
    # 2.5 / 0.7497 = 3.33466720
    ("2026-07-16", 2_500_000, "GBP", 3_334_667),
    ("2026-07-16", 160_770_000, "JPY", 1_000_000),
    ("2026-06-15", 7, "USD", 7),
    # 46 days old, and a currency that the euro replaced
    ("2026-07-17", 1_000_000, "EUR", None),
    ("2026-06-01", 1_000_000, "DEM", None),
]
IN_EUROS = [
    # 1 x 0.8684, 1 x 0.8684 / 160.77 = 0.0054015, 1 x 0.8684 / 0.7497 = 1.15833
    ("2026-06-01", 1_000_000, "USD", 868_400),
    ("2026-06-01", 1_000_000, "JPY", 5402),
    ("2026-06-01", 1_000_000, "GBP", 1_158_330),
    ("2026-07-17", 1_000_000, "EUR", 1_000_000),
    ("2026-07-17", 1_000_000, "USD", None),
]


def assert_hand_checked_conversions(spark, silver, tmp_path):
    names = ("event_date", "micros", "currency", "wanted")
    for currency, cases in (("USD", IN_DOLLARS), ("EUR", IN_EUROS)):
        given = [dict(zip(names, (at(day).date(), *case), strict=True)) for day, *case in cases]
        money = frame(spark, "event_date date, micros bigint, currency string, wanted bigint", given)
        config = make_config(tmp_path, currency=currency, fx=REAL_FX)
        rates = exchange_rates(silver, money.select("event_date").distinct(), config)
        found = with_exchange_rates(money, rates).select(*names[:3], lake_micros(F.col("micros")).alias("wanted"))
        assert_same(found, money)
