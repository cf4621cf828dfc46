"""What is wrong with a document, said in plain words: file, line, key, what was expected. Pure.

The values themselves are not repeated: they may be secrets, and the line says where they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from runtime_manager.errors import InputError
from runtime_manager.model.document import Document
from runtime_manager.model.nearest import nearest

_EXPECTED = {
    "string_type": "expected a text",
    "bool_type": "expected true or false",
    "int_type": "expected a whole number",
    "int_parsing_size": "expected a smaller number",
    "float_type": "expected a number",
    "finite_number": "expected a finite number",
    "tuple_type": "expected a list",
    "dict_type": "expected keys and values",
    "model_type": "expected keys and values",
    "greater_than_equal": "expected at least {ge}",
    "greater_than": "expected more than {gt}",
    "less_than_equal": "expected at most {le}",
    "string_too_short": "expected a text that is not empty",
    "too_long": "expected at most {max_length} of them",
    "enum": "expected {expected}",
    "literal_error": "expected {expected}",
}
_OTHERWISE = "its value cannot be used"
_WORDS: Mapping[type, str] = {
    bool: "true or false",
    str: "a text",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "keys and values",
    type(None): "nothing",
}
_KINDS = frozenset(name for name in _EXPECTED if name.endswith("_type"))
_FOLLOWING = frozenset({"default_factory_not_called"})
"""Errors that only repeat that another key is wrong."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: at which key, what it is, and what was perhaps meant."""

    path: tuple[str | int, ...]
    text: str
    hint: str = ""

    @property
    def key(self) -> str:
        """The dotted key; numbers count list entries, from 0."""
        return ".".join(map(str, self.path))


def problems_of(exc: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """All that `exc` says about data for `model`."""
    found = exc.errors(include_url=False)
    return [_problem(error, model) for error in found if error["type"] not in _FOLLOWING]


def failure(
    problems: Sequence[Problem], document: Document, *, error: type[InputError]
) -> InputError:
    """The error that tells the first of `problems`, in the order of lines, and counts the others.

    Facts: file, line, key, and `problems`: one text for each, with its hint.
    """
    ordered = sorted(problems, key=lambda p: document.line(p.path) or 1)
    texts = tuple(f"{place(document, p)}: {p.key}: {p.text}" for p in ordered)
    told = tuple(
        f"{text} ({p.hint})" if p.hint else text for text, p in zip(texts, ordered, strict=True)
    )
    first, more = ordered[0], len(ordered) - 1
    return error(
        texts[0] + (f"; and {more} more" if more else ""),
        hint=first.hint,
        file=document.file,
        line=document.line(first.path) or 1,
        key=first.key,
        problems=told,
    )


def place(document: Document, problem: Problem) -> str:
    """`file:line` of a problem."""
    return f"{document.file}:{document.line(problem.path) or 1}"


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys of a block as they are written."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _problem(error: Any, model: type[BaseModel]) -> Problem:
    path, kind, value = tuple(error["loc"]), error["type"], error["input"]
    if kind == "extra_forbidden":
        known = keys_of(_block_at(model, path[:-1]))
        return Problem(path, "there is no such key", nearest(str(path[-1]), known))
    if kind == "missing":
        return Problem(path, "it is missing")
    if kind == "value_error":
        return Problem(path, str(error["ctx"]["error"]))
    text = _EXPECTED.get(kind, _OTHERWISE).format(**error.get("ctx", {}))
    if kind in _KINDS:
        text += f", not {_WORDS.get(type(value), 'this')}"
    if kind == "enum" and isinstance(value, str):
        choices = error["ctx"]["expected"].replace(" or ", ", ").split(", ")
        return Problem(path, text, nearest(value, [choice.strip("'") for choice in choices]))
    return Problem(path, text)


def _block_at(model: type[BaseModel], path: Sequence[str | int]) -> type[BaseModel]:
    """The block type that `path` leads to; entries of a table of blocks count as one step."""
    steps = iter(path)
    for step in steps:
        field = next(f for n, f in model.model_fields.items() if (f.alias or n) == step)
        found, is_table = _block_in(field.annotation)
        model = found
        if is_table:
            next(steps)
    return model


def _block_in(annotation: Any) -> tuple[type[BaseModel], bool]:
    """The block type inside an annotation, and whether it is the value of a table."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    arguments = [a for a in get_args(annotation) if a is not type(None)]
    return _block_in(arguments[-1])[0], len(arguments) > 1
