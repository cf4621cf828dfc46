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


class Reader:
    """Takes lines, without their ends, and gives each event once it is whole."""

    __slots__ = ("_data", "_name")

    def __init__(self) -> None:
        self._name, self._data = "message", ""

    def take(self, line: str) -> Message | None:
        """The event that `line` ends; one whose data is not a JSON object is passed over."""
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._name = value
        elif field == "data":
            self._data += value + "\n"
        elif not line:
            name, document = self._name, _object(self._data)
            self._name, self._data = "message", ""
            return Message(name, document) if document is not None else None
        return None


def messages(lines: Iterable[str]) -> Iterator[Message]:
    """The events in a stream of lines."""
    reader = Reader()
    for line in lines:
        message = reader.take(line)
        if message is not None:
            yield message


def _object(data: str) -> dict[str, Any] | None:
    try:
        document = json.loads(data)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
