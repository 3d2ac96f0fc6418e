"""Exchange rates read again from the files."""

import re
from collections import Counter
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

CODES = {"Euro": "EUR", "United Kingdom": "GBP", "Sweden": "SEK", "Switzerland": "CHF", "Japan": "JPY"}
DOLLARS_PER_UNIT = {"EUR", "GBP"}


class RateLake:
    """Rates known after each batch, and the account of each."""

    def __init__(self):
        self.rates = {}

    def take(self, root):
        files = sorted(file for file in root.glob("fx/**/*") if file.is_file())
        bronze, silver = Counter(), Counter()
        for file in files:
            _, *lines = (line for line in file.read_text().split("\n") if line)
            for line in lines:
                fields = line.split(";")
                bronze["read"] += 1
                if len(fields) != 3:
                    bronze["quarantined", "wrong_column_count"] += 1
                    continue
                bronze["published"] += 1
                silver["read"] += 1
                silver[self._sort_in(*fields)] += 1
        return ({"fx_rates": {"bronze": bronze, "silver": silver}} if files else {}), len(files)

    def _sort_in(self, day, name, rate):
        try:
            day = date.fromisoformat(day)
        except ValueError:
            return "quarantined", "rate_date_invalid"
        if not name:
            return "quarantined", "currency_invalid"
        if not re.fullmatch(r"\d+(\.\d+)?", rate) or not Decimal(rate):
            return "quarantined", "exchange_rate_invalid"
        if name not in CODES:
            return "filtered", "currency_unmapped"
        code = CODES[name]
        if (code, day) in self.rates:
            return "duplicates"
        dollars = Decimal(rate) if code in DOLLARS_PER_UNIT else 1 / Decimal(rate)
        self.rates[code, day] = Fraction(dollars.quantize(Decimal(1).scaleb(-18), rounding=ROUND_HALF_UP))
        return "published"

    def worth(self, currency, day):
        """Euros for a unit, as a fraction, and the older of the days of the rates; None when nobody knows."""
        if currency == "EUR":
            return Fraction(1), None
        sides = []
        for code in (currency, "EUR"):
            known = [of for (name, of) in self.rates if name == code and 0 <= (day - of).days <= 45]
            if code != "USD" and not known:
                return None
            sides.append((Fraction(1), None) if code == "USD" else (self.rates[code, max(known)], max(known)))
        return sides[0][0] / sides[1][0], min(of for _, of in sides if of)
