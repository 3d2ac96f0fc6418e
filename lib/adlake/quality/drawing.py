"""The trend of a rule as the lines of a small picture, in whole pixels and without a word of HTML."""

from collections.abc import Sequence
from dataclasses import dataclass

from adlake.quality.trend import Point, RuleTrend
from adlake.quality.wording import figures, wording

WIDTH, HEIGHT, MARGIN = 200, 44, 6
# a bound that is further off than this many times the spread of the values would flatten them to a line
FARTHEST_BOUND = 1.5


@dataclass(frozen=True)
class Mark:
    """Where the value of one verdict stands."""

    x: float
    y: float
    is_published: bool
    is_last: bool


@dataclass(frozen=True)
class Drawing:
    """A picture of `WIDTH` by `HEIGHT`; y grows downwards.

    Attributes:
        line: corners of the line through what was published, as SVG writes them; empty for fewer than two.
        bounds: heights of what is allowed, where they are near enough to be seen.
        marks: of the last value, and of all that were held or published by a release.
        words: the same for those who do not see it.
    """

    line: str
    bounds: tuple[float, ...]
    marks: tuple[Mark, ...]
    words: str


def draw(trend: RuleTrend) -> Drawing | None:
    """The picture of a trend; None where there is no number to draw, and for moments, which only ever grow."""
    points = trend.points
    if not points or trend.scale == "moment":
        return None
    bounds = _near_bounds(trend)
    # a share of 0 is the ground; so a little more of little does not look like much
    ground = [0.0] if trend.scale == "share" and trend.outcome.unexpected is not None else []
    values = [*(point.value for point in points), *bounds, *ground]
    lowest = min(values)
    spread = max(values) - lowest

    def height(value: float) -> float:
        share = (value - lowest) / spread if spread else 0.0 if ground else 0.5
        return round(HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN), 1)

    step = (WIDTH - 2 * MARGIN) / max(len(points) - 1, 1)
    places = [(round(WIDTH - MARGIN - step * age, 1), height(p.value)) for age, p in enumerate(reversed(points))][::-1]
    accepted = [place for place, point in zip(places, points, strict=True) if point.is_published]
    return Drawing(
        line=" ".join(f"{x},{y}" for x, y in accepted) if len(accepted) > 1 else "",
        bounds=tuple(height(bound) for bound in bounds),
        marks=tuple(
            Mark(x, y, point.is_published, is_last=point is points[-1])
            for (x, y), point in zip(places, points, strict=True)
            if not point.is_published or point is points[-1]
        ),
        words=_words(trend, points),
    )


def _near_bounds(trend: RuleTrend) -> list[float]:
    values = [point.value for point in trend.points]
    spread = (max(values) - min(values)) or abs(values[-1])
    lowest, highest = min(values) - FARTHEST_BOUND * spread, max(values) + FARTHEST_BOUND * spread
    known = {bound for bound in (trend.least, trend.most) if bound is not None}
    return sorted(bound for bound in known if lowest <= bound <= highest)


def _words(trend: RuleTrend, points: Sequence[Point]) -> str:
    values = [point.value for point in points]
    least, most, last = figures([min(values), max(values), values[-1]], trend.scale)
    held = sum(not point.is_published for point in points)
    verdicts = f"{len(points)} verdict{'s' if len(points) > 1 else ''}"
    kept = f", {held} of them held" if held else ""
    allowed = wording(trend).allowed
    return f"{verdicts}{kept}: from {least} to {most}, the last {last}{f'; {allowed} allowed' if allowed else ''}."
