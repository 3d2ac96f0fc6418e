"""A suite as a value: the rules of one table, from `expectations/<layer>/<table>.json`."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from adlake import faults as found_in
from adlake.contracts import Table, tables
from adlake.errors import ContractError, UsageError
from adlake.faults import Document, Fault
from adlake.quality.arguments import PARAMETER, learned_names
from adlake.quality.checks import columns_of, complaints
from adlake.quality.document import OnFail, ReferenceDocument, RuleDocument, SuiteDocument
from adlake.quality.kinds import COSTLY_KINDS, ROW_KINDS
from adlake.resources import folder

SUFFIX = ".json"
JUDGED_LAYERS = ("silver", "vault", "gold")
FINGERPRINT_LENGTH = 16


@dataclass(frozen=True)
class Rule:
    """One rule of a suite.

    Attributes:
        id: names it in accounts, quarantine and verdicts.
        kind: of expectation.
        kwargs: of the expectation, as the file has them.
        on_fail: what follows when it fails.
        meaning: why it is there.
        mostly: the share of judged rows that must pass.
        most_rows: how many rows may break it at most; None for as many as `mostly` allows.
    """

    id: str
    kind: str
    kwargs: Mapping[str, Any]
    on_fail: OnFail
    meaning: str
    mostly: float
    most_rows: int | None

    @property
    def splits(self) -> bool:
        """Whether the rows that break it are taken out."""
        return self.on_fail == "quarantine"

    @property
    def is_costly(self) -> bool:
        """Whether Great Expectations asks queries of its own for it."""
        return self.kind in COSTLY_KINDS or self.kind.startswith("expect_column_pair_")

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that it asks for."""
        return columns_of(self.kwargs)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the thresholds that are known only when the batch is judged."""
        return tuple(value[PARAMETER] for value in self.kwargs.values() if isinstance(value, dict))

    @property
    def learned(self) -> frozenset[str]:
        """Names that its thresholds have when history tells them."""
        return frozenset(learned_names(self.id))


@dataclass(frozen=True)
class Suite:
    """The rules of one table.

    Attributes:
        table: qualified name.
        rules: in order; of several that a row breaks, the first owns it.
        references: columns to add while the batch is judged, by name.
        types: of the table's own columns that the rules ask for, as Spark prints them.
        fingerprint: changes with every change of a rule, and with nothing else.
    """

    table: str
    rules: tuple[Rule, ...]
    references: Mapping[str, ReferenceDocument]
    types: Mapping[str, str]
    fingerprint: str

    @cached_property
    def splitting(self) -> tuple[Rule, ...]:
        """The rules whose breakers go to quarantine."""
        return tuple(rule for rule in self.rules if rule.splits)

    @cached_property
    def gating(self) -> tuple[Rule, ...]:
        """The rules that the batch is judged by after the split."""
        return tuple(rule for rule in self.rules if not rule.splits)


def suite_of(document: Mapping[str, Any], table: Table, file: str = "") -> Suite:
    """The suite that a document describes.

    Raises:
        ContractError: SUITE_INVALID, with every fault of the document.
    """
    text = json.dumps(document, indent=2)
    return _suite(Document(file or f"{table.path}{SUFFIX}", text, json.loads(text)), table)


def load_suite(table: Table) -> Suite:
    """The suite of a table, from the files that adlake ships.

    Raises:
        ContractError: SUITE_MISSING, SUITE_INVALID.
    """
    return _load(folder("expectations"), table)


def suite_faults(root: Path | None = None) -> list[Fault]:
    """Everything that is wrong with the suites, all files at once; an empty list when nothing is."""
    root = root or folder("expectations")
    wanted = {table.qualified: table for table in tables().values() if table.layer in JUDGED_LAYERS}
    found = []
    paths = {f"{path.parent.name}.{path.stem}": path for path in sorted(root.glob(f"*/*{SUFFIX}"))}
    for name, path in paths.items():
        if name in wanted:
            found += _judge(_read(path), wanted[name])[1]
        else:
            found.append(Fault(_name(path), "", "a suite of no table", f"one of {', '.join(wanted)}"))
    for name in sorted(wanted.keys() - paths.keys()):
        found.append(Fault(f"expectations/{name.replace('.', '/')}{SUFFIX}", "", "no suite", f"the rules of {name}"))
    return found


def suites() -> Mapping[str, Suite]:
    """All suites that adlake ships, by the name of their table.

    Raises:
        ContractError: SUITE_MISSING, SUITE_INVALID.
    """
    judged = [table for table in tables().values() if table.layer in JUDGED_LAYERS]
    return {table.qualified: load_suite(table) for table in judged}


def present_suite(table: str) -> Suite | None:
    """The suite of a table as it is now; None for a table without one, and for one that cannot be read."""
    contract = tables().get(table)
    try:
        return load_suite(contract) if contract else None
    except UsageError:
        return None


def rule_meaning(table: str, rule: str) -> str:
    """Why a rule of a table's suite is there; empty where there is no such rule."""
    suite = present_suite(table)
    return next((one.meaning for one in suite.rules if one.id == rule), "") if suite else ""


def judged_whole() -> Iterator[tuple[str, Rule]]:
    """Tables and rules that only a query of the whole batch can judge, so that they cannot point at rows."""
    for name, suite in suites().items():
        yield from ((name, rule) for rule in suite.rules if rule.kind not in ROW_KINDS and rule.is_costly)


@cache
def _load(root: Path, table: Table) -> Suite:
    path = root / f"{table.path}{SUFFIX}"
    if not path.is_file():
        raise ContractError(
            "SUITE_MISSING",
            "there is no suite of this table",
            where=table.qualified,
            wanted=f"expectations/{table.path}{SUFFIX}",
            way_out="Write the rules of the table; nothing is published unaudited.",
        )
    return _suite(_read(path), table)


def _suite(document: Document, table: Table) -> Suite:
    suite, found = _judge(document, table)
    if suite is None:
        raise ContractError(
            "SUITE_INVALID",
            f"the suite has {len(found)} fault{'s' if len(found) > 1 else ''}: {'; '.join(map(str, found))}",
            where=table.qualified,
            way_out="Correct the suite; `adlake validate` lists what is left.",
        )
    return suite


def _judge(document: Document, table: Table) -> tuple[Suite | None, list[Fault]]:
    """The suite of a document, None when anything is wrong with it, and what that is."""
    if document.faults:
        return None, list(document.faults)
    try:
        model = SuiteDocument.model_validate(document.data)
    except ValidationError as error:
        return None, found_in.of_validation(error, SuiteDocument, document)
    found = found_in.of_complaints(complaints(model, table), document)
    if found:
        return None, found
    rules = tuple(map(_rule, model.expectations))
    asked = {name for rule in rules for name in rule.columns} & set(table.column_names)
    types = {name: table.column(name).type for name in sorted(asked)}
    return Suite(table.qualified, rules, model.meta.references, types, _fingerprint(document.data)), []


def _rule(document: RuleDocument) -> Rule:
    return Rule(
        id=document.meta.id,
        kind=document.type,
        kwargs=document.given,
        on_fail=document.meta.on_fail,
        meaning=document.meta.meaning,
        mostly=document.kwargs.mostly,
        most_rows=document.meta.most_rows,
    )


def _fingerprint(data: object) -> str:
    canonical = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:FINGERPRINT_LENGTH]


def _read(path: Path) -> Document:
    """A JSON file; as YAML, of which JSON is a part, it tells the lines of faults."""
    document = found_in.read_yaml(path, _name(path))
    if document.faults:
        return document
    try:
        # in YAML 1e-07 is a text
        return replace(document, data=json.loads(document.text))
    except json.JSONDecodeError as error:
        return replace(document, faults=(Fault(document.file, "", f"no JSON ({error.msg})", "JSON", error.lineno),))


def _name(path: Path) -> str:
    return "/".join(path.parts[-3:])


def expectations(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """The rules in the form that Great Expectations takes, their ids in `meta`."""
    return [{"type": rule.kind, "kwargs": dict(rule.kwargs), "meta": {"id": rule.id}} for rule in rules]
