"""What two sides that should agree differ in, by name."""

from dataclasses import dataclass

ABSENT, PRESENT = "nothing", "one"


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it should be.

    Attributes:
        delivery: after which it is so, counted from 1.
        what: table and number, such as `silver.gam_clicks duplicates`.
        where: the row or the file; empty for a number of a whole table.
        found: what the lake holds.
        wanted: what the truth says.
    """

    delivery: int
    what: str
    where: str
    found: str
    wanted: str

    def __str__(self) -> str:
        """The difference in one line."""
        place = f", {self.where}" if self.where else ""
        return f"delivery {self.delivery}: {self.what}{place}: found {self.found}, wanted {self.wanted}"


def counted(number: int) -> str:
    """How often something is there, in words where they are clearer."""
    return {0: ABSENT, 1: PRESENT}.get(number, str(number))
