"""Faults in files that people write: where each stands, what was found, what was wanted, and all of them at once."""

import difflib
import re
import typing
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml
from pydantic import AfterValidator, BaseModel, ValidationError

Place = tuple[str | int, ...]
"""The way from the top of a document to one value: keys and, in lists, positions from 0."""

_SHOWN = 60
_MOST_NAMES = 12
# Where pydantic's own words are meant for programmers.
_IN_WORDS = {
    "missing": "a value",
    "model_type": "keys and their values",
    "dict_type": "keys and their values",
    "list_type": "a list",
    "tuple_type": "a list",
    "string_type": "text",
    "string_too_short": "some text",
    "int_type": "a whole number",
    "bool_type": "true or false",
}


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong in one file.

    Args:
        file: its path as the user would write it.
        place: dotted keys and list positions from 0, such as schema[0].properties[12].physicalType; empty for the file.
        found: what stands there, shortened; for a setting that may be secret only its kind.
        wanted: what may stand there.
        line: counted from 1; None where the file has no such line.
    """

    file: str
    place: str
    found: str
    wanted: str
    line: int | None = None

    def __str__(self) -> str:
        """The fault in one clause, ready for a list."""
        place = ", ".join(filter(None, (self.file, f"line {self.line}" if self.line else "", self.place)))
        return f"{place}{': ' if place else ''}found {self.found}, wanted {self.wanted}"


@dataclass(frozen=True)
class Complaint:
    """A fault that does not know its file yet.

    Args:
        place: in the document.
        found: what stands there.
        wanted: what may stand there.
    """

    place: Place
    found: str
    wanted: str


@dataclass(frozen=True)
class Document:
    """What a YAML file holds; the lines on which it holds it are looked up when something asks for them.

    Args:
        file: the name under which faults report it.
        text: the content, empty where it could not be read.
        data: plain Python values; None when the text is empty or no YAML.
        faults: why it is no YAML.
    """

    file: str
    text: str
    data: object
    faults: tuple[Fault, ...] = ()

    @cached_property
    def root(self) -> yaml.Node | None:
        """The tree of nodes with their lines."""
        return None if self.faults else yaml.compose(self.text, Loader=yaml.CSafeLoader)

    def line(self, place: Place) -> int | None:
        """The line of a place, or of the nearest thing around it that exists.

        A list of {property, value} pairs, as contracts use them, is also entered by the name of the property.
        """
        node, line = self.root, None
        for step in place:
            found = _child(node, step)
            if found is None:
                return line
            node, line = found[1], found[0].start_mark.line + 1
        return line

    def repeated_keys(self) -> list[Fault]:
        """Keys that stand twice in one mapping: YAML silently keeps the last."""
        return list(_repeated_keys(self.root, (), self.file))


def read_yaml(path: Path, file: str) -> Document:
    """The content of a YAML file in UTF-8, or the reason why there is none.

    Args:
        path: to read.
        file: the name under which faults report it.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
        return Document(file, text, yaml.load(text, Loader=yaml.CSafeLoader))
    except UnicodeDecodeError as error:
        return Document(file, "", None, (Fault(file, "", f"a byte that is no UTF-8 at {error.start}", "UTF-8 text"),))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = f"no YAML ({getattr(error, 'problem', None) or 'unreadable'})"
        return Document(file, "", None, (Fault(file, "", problem, "YAML", mark.line + 1 if mark else None),))


def place_name(place: Place) -> str:
    """A place as people write it: keys joined by dots, positions in brackets."""
    name = ""
    for step in place:
        name += f"[{step}]" if isinstance(step, int) else f"{'.' if name else ''}{step}"
    return name


def of_validation(
    error: ValidationError, model: type[BaseModel], document: Document, *, secret: Collection[str] = ()
) -> list[Fault]:
    """What a model refused, in the order of the lines.

    Args:
        error: raised by `model`.
        model: used to name the keys that would have been right.
        document: what was held against the model.
        secret: keys at the top whose values are never shown: someone may have put a key where its name belongs.
    """
    faults = []
    for detail in error.errors(include_url=False, include_context=False):
        place, kind = detail["loc"], detail["type"]
        hidden = bool(place) and place[0] in secret and isinstance(detail["input"], str)
        found = "a text that is not shown" if hidden else shown(detail["input"])
        wanted = _IN_WORDS.get(kind) or detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
        if kind == "missing":
            found = "nothing"
        if kind == "extra_forbidden":
            found, wanted = "an unknown key", known_names(str(place[-1]), _keys(model, place[:-1]))
        faults.append(Fault(document.file, place_name(place), found, wanted, document.line(place)))
    return sorted(faults, key=lambda fault: fault.line or 0)


def of_complaints(complaints: Iterable[Complaint], document: Document) -> list[Fault]:
    """The complaints about a document as faults of its file, in the order of the lines."""
    found = [
        Fault(document.file, place_name(one.place), one.found, one.wanted, document.line(one.place))
        for one in complaints
    ]
    return sorted(found, key=lambda fault: fault.line or 0)


def known_names(name: str, known: Sequence[str], *, most: int = _MOST_NAMES) -> str:
    """The names that are allowed, led by the likeliest; of many names only that one.

    Args:
        name: what stands there.
        known: what may stand there.
        most: how many names are worth listing.
    """
    close = difflib.get_close_matches(name, known, n=1)
    if close and len(known) > most:
        return f"'{close[0]}'?"
    hint = f"'{close[0]}'? Known: " if close else "one of "
    rest = f" and {len(known) - most} more" if len(known) > most else ""
    return f"{hint}{', '.join(known[:most])}{rest}"


def shown(value: object) -> str:
    """A value as it may stand in a message: cut to a readable length, of a list or mapping nothing but that."""
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def text_like(pattern: str, wanted: str) -> AfterValidator:
    """A check for a pydantic field: the whole text matches the pattern, else the fault says in words what would."""
    expression = re.compile(pattern)

    def check(value: str) -> str:
        if not expression.fullmatch(value):
            raise ValueError(wanted)
        return value

    return AfterValidator(check)


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """The node that stands for the line, and the node to go on with."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return (node.value[step], node.value[step]) if step < len(node.value) else None
    if isinstance(node, yaml.SequenceNode):
        named = ((item, _child(item, "property"), _child(item, "value")) for item in node.value)
        return next(((item, value[1]) for item, name, value in named if name and value and name[1].value == step), None)
    return None


def _repeated_keys(node: yaml.Node | None, place: Place, file: str) -> Iterator[Fault]:
    """Keys that stand twice in one mapping: YAML would silently keep the last."""
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            yield from _repeated_keys(item, (*place, position), file)
    if isinstance(node, yaml.MappingNode):
        seen: set[Hashable] = set()
        for key, value in node.value:
            here = (*place, str(key.value))
            if here[-1] in seen:
                yield Fault(file, place_name(here), "the key a second time", "each key once", key.start_mark.line + 1)
            seen.add(here[-1])
            yield from _repeated_keys(value, here, file)


def _keys(model: type[BaseModel], place: Place) -> list[str]:
    """The keys that `model` knows at a place."""
    annotation: object = model
    for step in place:
        if isinstance(step, str):
            annotation = _below(annotation, step)
    here = _model_in(annotation)
    return [field.alias or name for name, field in here.model_fields.items()] if here else []


def _below(annotation: object, key: str) -> object:
    """What stands under a key: of a mapping with free keys the same under each."""
    if typing.get_origin(annotation) is dict:
        return typing.get_args(annotation)[1]
    here = _model_in(annotation)
    fields = {field.alias or name: field.annotation for name, field in here.model_fields.items()} if here else {}
    return fields.get(key)


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The model that an annotation such as `list[X] | None` speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, typing.get_args(annotation))), None)
