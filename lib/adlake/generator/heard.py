"""What identifiers were heard to say to the use of their data."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from adlake.generator.clocks import MICROS_PER_DAY
from adlake.generator.words import Decision, Word

Signal = tuple[int, Decision, int]
# day since the epoch, `kind:identifier`, source
Place = tuple[int, str, str]


@dataclass
class Heard:
    """Signals of identifiers.

    Attributes:
        signals: by day, identifier and source: when (micros), what follows, and how many rows say it.
    """

    signals: dict[Place, list[Signal]] = field(default_factory=dict)

    def add(self, source: str, at: int, people: Sequence[str | None], word: Word, rows: int = 1) -> None:
        """The signals with that of a row counted in, unless it is no word of the person.

        Args:
            source: the silver table.
            at: when, microseconds since the epoch.
            people: `kind:identifier`s of the row; None for one that names nobody.
            word: that it carries.
            rows: alike.
        """
        if word.is_said:
            self.hear(source, at // MICROS_PER_DAY, people, (at, word.decision, rows))

    def hear(self, source: str, day: int, people: Sequence[str | None], signal: Signal) -> None:
        """The signals with one counted in that stands in a row of that day."""
        for person in people:
            if person is not None:
                self.signals.setdefault((day, person, source), []).append(signal)

    def merge(self, other: "Heard") -> None:
        """The signals with others counted in."""
        for place, signals in other.signals.items():
            self.signals.setdefault(place, []).extend(signals)
