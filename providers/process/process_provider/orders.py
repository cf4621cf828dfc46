"""What a request asks for, checked once; `folder_of` alone looks at the disk."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .refused import RefusedError

SIGNALS = ("HUP", "INT", "QUIT", "TERM", "KILL", "STOP", "CONT", "USR1", "USR2")
MAX_ARGUMENTS = 1000
MAX_INPUT_BYTES = 64 * 1024

Body = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Order:
    """A command to start: a program and its arguments, never a line for a shell.

    `folder` is relative to the root; `env` is added to what every command gets.
    """

    command: str
    args: tuple[str, ...]
    folder: str
    env: Mapping[str, str]

    @property
    def argv(self) -> list[str]:
        """What is executed."""
        return [self.command, *self.args]


def parse_order(body: Body) -> Order:
    """Read `{command, args, dir, env}`; raises a RefusedError that names the key."""
    _know(body, "command", "args", "dir", "env")
    command = _text(body, "command")
    if not command.strip():
        raise _bad("command: expected the name or path of a program")
    return Order(command, _texts(body, "args"), _text(body, "dir", ""), _variables(body))


def parse_signal(body: Body) -> signal.Signals:
    """Read `{signal}`: one of SIGNALS, with or without SIG before it."""
    _know(body, "signal")
    name = _text(body, "signal").upper().removeprefix("SIG")
    if name not in SIGNALS:
        raise RefusedError(422, "unknown-signal", f"signal: expected one of {', '.join(SIGNALS)}")
    return signal.Signals[f"SIG{name}"]


def parse_input(body: Body) -> bytes:
    """Read `{input}`, which goes to the command's standard input as it is."""
    _know(body, "input")
    data = _text(body, "input", allows_nul=True).encode()
    if len(data) > MAX_INPUT_BYTES:
        raise RefusedError(
            413, "input-too-large", f"input: expected at most {MAX_INPUT_BYTES} bytes"
        )
    return data


def parse_nothing(body: Body) -> None:
    """Refuse what an operation without parameters was given."""
    _know(body)


def folder_of(order: Order, root: Path) -> Path:
    """The working directory, which is below `root` with all links resolved.

    A guard against mistakes and bad callers of the API; what runs may go where its user may.
    """
    try:
        folder = (root / order.folder).resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise RefusedError(422, "no-such-folder", f"dir: {order.folder} is not there") from error
    if not folder.is_relative_to(root):
        raise RefusedError(422, "folder-outside-root", f"dir: {order.folder} is not in {root}")
    if not folder.is_dir():
        raise RefusedError(422, "no-such-folder", f"dir: {order.folder} is no folder")
    return folder


def _know(body: Body, *keys: str) -> None:
    unknown = sorted(body.keys() - set(keys))
    if unknown:
        expected = f"expected {', '.join(keys)}" if keys else "expected none"
        raise _bad(f"{unknown[0]}: unknown key; {expected}")


def _text(body: Body, key: str, default: str | None = None, *, allows_nul: bool = False) -> str:
    value = body.get(key, default)
    if not isinstance(value, str) or not _is_utf8(value):
        raise _bad(f"{key}: expected a text")
    if "\0" in value and not allows_nul:
        raise _bad(f"{key}: a NUL character cannot be passed on")
    return value


def _texts(body: Body, key: str) -> tuple[str, ...]:
    values = body.get(key, [])
    if not isinstance(values, list) or len(values) > MAX_ARGUMENTS:
        raise _bad(f"{key}: expected a list of at most {MAX_ARGUMENTS} texts")
    return tuple(_text({key: value}, key) for value in values)


def _variables(body: Body) -> dict[str, str]:
    variables = {}
    for text in _texts(body, "env"):
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise _bad("env: expected texts of the form NAME=value")
        if name.startswith("RTM_"):
            raise _bad(f"env: {name} is the supervisor's")
        variables[name] = value
    return variables


def _is_utf8(text: str) -> bool:
    """Whether it is free of lone surrogates, which JSON can express and no system call takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bad(detail: str) -> RefusedError:
    return RefusedError(422, "bad-request", detail)
