"""Settings from flags and RTM_* variables, laid over those of a file. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from runtime_manager.errors import SettingsError
from runtime_manager.model.document import scalar

PREFIX = "RTM_"


@dataclass(frozen=True, slots=True)
class Given:
    """A value from outside the file, and what to call its source."""

    value: object
    source: str


def of_flags(flags: Mapping[str, object]) -> dict[str, Given]:
    """What was given on the command line, by dotted key."""
    return {
        key: Given(value, "--" + key.replace(".", "-").replace("_", "-"))
        for key, value in flags.items()
    }


def of_variables(environ: Mapping[str, str], model: type[BaseModel]) -> dict[str, Given]:
    """What RTM_* variables say, by dotted key; an empty one says nothing.

    Lists are separated by commas. Raises SettingsError for a name that is nearly one of ours:
    others may belong to another program.
    """
    keys = {variable_of(key): (key, field) for key, field in _leaves(model)}
    given = {}
    for name, text in environ.items():
        if name in keys and text:
            key, field = keys[name]
            given[key] = Given(_value(text, field), name)
        elif name.startswith(PREFIX) and name not in keys:
            _refuse_near_miss(name, keys)
    return given


def variable_of(key: str) -> str:
    """The variable for a dotted key: RTM_LOG_LEVEL for log.level."""
    return PREFIX + key.replace(".", "_").upper()


def overlaid(data: Mapping[str, Any], given: Mapping[str, Given]) -> dict[str, Any]:
    """`data` with the given values in it; neither argument is changed."""
    result = dict(data)
    for key, one in given.items():
        *blocks, name = key.split(".")
        target: Any = result
        for block in blocks:
            inner = target.get(block)
            # What is no block stays, to be told as the file's error.
            if not isinstance(inner, dict | None):
                break
            target[block] = dict(inner or {})
            target = target[block]
        else:
            target[name] = one.value
    return result


def _leaves(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Each key that holds a value: neither a block nor a table of blocks."""
    for name, field in model.model_fields.items():
        key, kind = prefix + (field.alias or name), field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _leaves(kind, f"{key}.")
        elif get_origin(kind) is not dict:
            yield key, field


def _value(text: str, field: FieldInfo) -> object:
    if get_origin(field.annotation) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    return scalar(text)


def _refuse_near_miss(name: str, known: Iterable[str]) -> None:
    if near := difflib.get_close_matches(name, list(known), n=1, cutoff=0.85):
        raise SettingsError(
            f"{name}: there is no such variable", hint=f"did you mean {near[0]}?", key=name
        )
