"""Gold tables, and those of silver that are made of others, as they were after a run, against the truth row by row."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from adlake.comparison.difference import ABSENT, Difference, counted
from adlake.comparison.sketch import BOUND, users_estimate
from adlake.contracts import table
from adlake.generator import Truth
from adlake.generator.features import number_text
from adlake.generator.gold_tables import SHAPES
from adlake.generator.marts import counts_text, digest_of, table_line
from adlake.lake import Lake, ask
from adlake.records import AccountRecord

COLUMNS: Mapping[str, tuple[str, ...]] = {name: shape.columns for name, shape in SHAPES.items()}
# enough of a keyed identifier to find the row by, not enough to be one
SHOWN_OF_KEY = 11
SKETCH = "users_sketch"
Row = tuple[str, ...]


def qualified(name: str) -> str:
    """Layer and table."""
    return f"{SHAPES[name].layer}.{name}"


def gold_rows(lake: Lake, name: str, records: Iterable[AccountRecord]) -> list[Row]:
    """The rows that such a table held after a run, as text in the columns and the spelling of the truth.

    Args:
        lake: that holds the table.
        name: of the table, without its layer.
        records: accounts of the run; they tell the version of the table. Without one, its newest version counts.
    """
    return [tuple(map(_text, row.values())) for row in _rows(lake, name, COLUMNS[name], records)]


def user_differences(
    lake: Lake, truth: Truth, delivery: int, name: str, records: Iterable[AccountRecord]
) -> Iterator[Difference]:
    """A table whose sketches together count far more or fewer users than there were.

    Args:
        lake: that holds the table.
        truth: about the delivery.
        delivery: counted from 1.
        name: of the table, without its layer; one without sketches has no difference.
        records: accounts of the run that took the delivery.
    """
    wanted = truth.marts(delivery)[name].get("users")
    if wanted is None:
        return
    found = users_estimate(row[SKETCH] for row in _rows(lake, name, [SKETCH], records) if row[SKETCH] is not None)
    if abs(found - wanted) > BOUND * wanted:
        yield Difference(delivery, f"{qualified(name)} users of all sketches", "", f"{found:.0f}", f"about {wanted}")


def _rows(lake: Lake, name: str, columns: Iterable[str], records: Iterable[AccountRecord]) -> list[dict[str, Any]]:
    delta = lake.delta(table(qualified(name)))
    if delta is None:
        return []
    versions = [record.version for record in records if record.table == qualified(name)]
    if versions:
        delta.load_as_version(max(versions))
    asked = f"select {', '.join(columns)} from rows"  # noqa: S608 our own constants
    found: list[dict[str, Any]] = ask(delta, asked).to_pylist(maps_as_pydicts="strict")
    return found


def gold_differences(truth: Truth, delivery: int, name: str, found: Sequence[Row]) -> Iterator[Difference]:
    """Rows of such a table that are missing, too many, or hold another value.

    Of a table that was too large for the truth to keep whole, number of rows, sums and digest are compared.

    Args:
        truth: about the delivery.
        delivery: counted from 1.
        name: of the table, without its layer.
        found: its rows, as `gold_rows` gives them.
    """
    yield from _whole_table_differences(truth, delivery, name, found)
    lines = truth.table(delivery, name)
    if lines is None:
        return
    what, columns, width = qualified(name), COLUMNS[name], SHAPES[name].key_width
    wanted = {row[:width]: row for row in (tuple(line[column] for column in columns) for line in lines)}
    times = Counter(row[:width] for row in found)
    held = {row[:width]: row for row in found}
    for key in sorted({*times, *wanted}):
        if times[key] != 1 or key not in wanted:
            yield Difference(delivery, f"{what} row", _place(key), counted(times[key]), counted(key in wanted))
            continue
        for column, value, right in zip(columns, held[key], wanted[key], strict=True):
            if value != right:
                yield Difference(delivery, f"{what} {column}", _place(key), value or ABSENT, right or ABSENT)


def gold_totals(name: str, measures: Iterable[str], found: Sequence[Row]) -> dict[str, int]:
    """Number of rows of such a table, and the sum of each measure.

    Args:
        name: of the table, without its layer.
        measures: columns of whole numbers.
        found: its rows, as `gold_rows` gives them.
    """
    place = COLUMNS[name].index
    return {
        "rows": len(found),
        **{measure: sum(int(row[place(measure)] or 0) for row in found) for measure in measures},
    }


def _whole_table_differences(truth: Truth, delivery: int, name: str, found: Sequence[Row]) -> Iterator[Difference]:
    wanted = truth.marts(delivery)[name]
    right = {"rows": wanted["rows"], **wanted["totals"]}
    for measure, number in gold_totals(name, wanted["totals"], found).items():
        if number != right[measure]:
            what = f"{qualified(name)} {measure if measure == 'rows' else f'sum of {measure}'}"
            yield Difference(delivery, what, "", str(number), str(right[measure]))
    digest = digest_of(map(table_line, found))
    if digest != wanted["digest"]:
        yield Difference(delivery, f"{qualified(name)} digest of all rows", "", digest, wanted["digest"])


def _text(value: object) -> str:
    """A value as the truth spells it.

    Times in UTC with microseconds, lists with bars between, maps as `name=value` in the order of their names, numbers
    that are not whole with nine digits, nulls empty.
    """
    text = str(value)
    match value:
        case None:
            text = ""
        case bool():
            text = text.lower()
        case float():
            text = number_text(value)
        case datetime():
            text = value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case list():
            text = "|".join(map(_text, value))
        case dict():
            text = counts_text({_text(name): _text(inner) for name, inner in value.items()})
    return text


def _place(key: Row) -> str:
    return " · ".join(
        f"{part[:SHOWN_OF_KEY]}…" if part.startswith("k") and ":" in part else part or "-" for part in key
    )
