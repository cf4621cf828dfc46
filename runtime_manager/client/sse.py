"""Server-sent events, as the reader of a stream sees them. Pure.

HTML Living Standard, 9.2.6: fields until an empty line; lines that start with a colon are comments.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any


class Message:
    """One event: its name and its data, an object."""

    __slots__ = ("data", "name")

    def __init__(self, name: str, data: dict[str, Any]) -> None:
        self.name = name
        self.data = data


def messages(lines: Iterable[str]) -> Iterator[Message]:
    """The events in a stream of lines; one whose data is not a JSON object is passed over."""
    name, data = "message", ""
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data += value + "\n"
        elif not line:
            document = _object(data)
            if document is not None:
                yield Message(name, document)
            name, data = "message", ""


def _object(data: str) -> dict[str, Any] | None:
    try:
        document = json.loads(data)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
