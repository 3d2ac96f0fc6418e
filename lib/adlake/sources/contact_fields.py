"""Columns of a contact or newsletter export under the names that adlake gives them, as lake.yaml maps its folder.

Every record of a bronze table comes from a folder, and every folder has its own mapping; so each column is one
expression that asks for the folder. A folder that is mapped no more gives nulls, and a rule refuses its records.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F

from adlake.config import CrmConfig, FileMapping, Origin
from adlake.config.crm import CLOSED, Kind
from adlake.sources.contact_files import DATE_IN_NAME
from adlake.sources.files import FILE, RECORD_TYPE
from adlake.sources.quoted_csv import VALUES

# the no-break space is what spreadsheets leave behind
SPACE = " \t\r\n\u00a0"
UNKNOWN = "unknown"
DATE = r"\d{4}-\d{1,2}-\d{1,2}"
TIME = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?"
WITHOUT_ZONE = rf"^{DATE}(?:[ T]{TIME})?$"
ZONE = r" ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})$"
WITH_ZONE = rf"^{DATE}[ T]{TIME}{ZONE}"
# Spark reads a zone only after seconds
WITHOUT_SECONDS = rf"([ T]\d{{1,2}}:\d{{2}})(?={ZONE})"


@dataclass(frozen=True)
class Fields:
    """The columns of one kind of record, as the folders of that kind are mapped.

    Attributes:
        mappings: by folder.
    """

    mappings: Mapping[str, FileMapping]

    @classmethod
    def of(cls, config: CrmConfig, kind: Kind) -> "Fields":
        """The columns of a kind under a configuration."""
        return cls({folder: mapping for folder, mapping in config.files.items() if mapping.kind == kind})

    def source(self) -> Column:
        """The name of the source; null for a folder without a mapping."""
        return self._by_folder("string", lambda mapping: F.lit(mapping.source))

    def text(self, name: str) -> Column:
        """The first value that is not blank, without space around it, its words replaced as the mapping says.

        In a column with a closed list of values, what is not on the list is null.
        """
        return self._by_folder("string", lambda mapping: _text(mapping, name))

    def texts(self, name: str) -> Column:
        """All values that are not blank, without space around them; never null."""
        found = self._by_folder("array<string>", lambda mapping: _texts(mapping, name))
        return F.coalesce(found, F.array().cast("array<string>"))

    def state(self, name: str) -> Column:
        """A value of a closed list, `unknown` where the source says nothing that is on it."""
        return F.coalesce(self.text(name), F.lit(UNKNOWN))

    def moment(self, name: str) -> Column:
        """A time in UTC; null for a text that is none."""
        return self._by_folder("timestamp", lambda mapping: _moment(_text(mapping, name), mapping.time_zone))

    def day(self, name: str) -> Column:
        """A date as it is written; null for a text that is none."""
        written = self.text(name)
        is_date = written.rlike(WITHOUT_ZONE) | written.rlike(WITH_ZONE)
        return F.when(is_date, F.regexp_extract(written, DATE, 0).try_cast("date"))

    def as_of(self) -> Column:
        """When a record was true, in UTC: by its column, else from the first moment of the day in the file's name."""
        return self._by_folder("timestamp", _as_of)

    def _by_folder(self, kind: str, value: Callable[[FileMapping], Column]) -> Column:
        found = F.lit(None).cast(kind)
        for folder, mapping in self.mappings.items():
            found = F.when(F.col(RECORD_TYPE) == folder, value(mapping)).otherwise(found)
        return found


def _as_of(mapping: FileMapping) -> Column:
    if mapping.as_of is not None:
        return _moment(_first(mapping.as_of), mapping.time_zone)
    name = F.substring_index(FILE, "/", -1)
    parts = [F.regexp_extract(name, DATE_IN_NAME, group) for group in (1, 2, 3)]
    return _moment(F.concat_ws("-", *parts), mapping.time_zone)


def _texts(mapping: FileMapping, name: str) -> Column:
    return F.array_compact(F.array(*_values(getattr(mapping.columns, name)))).cast("array<string>")


def _text(mapping: FileMapping, name: str) -> Column:
    given = _first(getattr(mapping.columns, name))
    words, closed = mapping.values.of(name), CLOSED.get(name)
    as_it_is = F.when(F.lower(given).isin(list(closed)), F.lower(given)) if closed else given
    if not words:
        return as_it_is
    meanings = F.create_map(*[F.lit(text) for pair in words.items() for text in pair])
    return F.coalesce(F.try_element_at(meanings, F.coalesce(given, F.lit(""))), as_it_is)


def _first(origin: Origin | None) -> Column:
    """The first value that is not blank; null for none, or for a column that is not mapped."""
    return F.coalesce(*_values(origin), F.lit(None).cast("string"))


def _values(origin: Origin | None) -> list[Column]:
    """The values of a column in their order, without space around them, blank ones null."""
    if origin is None:
        return []
    if origin.constant is not None:
        return [F.lit(origin.constant)]
    trimmed = [F.btrim(F.try_element_at(VALUES, F.lit(column)), F.lit(SPACE)) for column in origin.columns]
    return [F.nullif(value, F.lit("")) for value in trimmed]


def _moment(written: Column, time_zone: str) -> Column:
    """A time in UTC; one that is written without a zone is of the given one."""
    is_local, is_zoned = written.rlike(WITHOUT_ZONE), written.rlike(WITH_ZONE)
    whole = F.regexp_replace(written, WITHOUT_SECONDS, "$1:00")
    moment = F.when(is_local | is_zoned, whole.try_cast("timestamp"))
    return F.when(is_local, F.to_utc_timestamp(moment, time_zone)).otherwise(moment)
