"""One YAML document as plain data that knows its lines. Pure; parsed by libyaml.

Text comes from people and packages, so whatever is ambiguous or meant to harm is an error with a
line: duplicate keys, tags, aliases that expand without end, nesting that would exhaust the stack.
Lines cost nothing until there is an error: they are looked up in the parser's own nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # not in the stub
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.resolver import Resolver

from runtime_manager.errors import InputError, ManifestError

LIMIT_BYTES = 1024 * 1024
DEPTH_LIMIT = 64
NODE_LIMIT = 50_000
"""Values in one document, aliases counted each time they are used."""

_SAFE_MARKERS = 500
"""So few of the characters that open a level cannot nest deep enough to hurt the C stack."""

_TOO_DEEP = f"more than {DEPTH_LIMIT} levels of nesting"
_TAG = "tag:yaml.org,2002:"
_TRUE = frozenset({"true", "yes", "on", "y"})
_UNCLOSED = "found unexpected end of stream"
_PROBLEMS = {
    "found character that cannot start any token": "a character that cannot stand here; a tab, "
    "@, % or ` at a beginning must be indented by spaces, or quoted",
    _UNCLOSED: "a quote begins here that is not closed",
    "but found another document": "a second document begins here; expected only one",
    "found undefined alias": "an alias (*name) of an anchor (&name) that does not exist",
    "mapping values are not allowed in this context": "a colon that cannot stand here; quote a "
    "text that holds one, and indent keys alike",
}


@dataclass(frozen=True, slots=True)
class Document:
    """`data` is made of dict, list, str, int, float, bool and None alone; keys are text."""

    data: dict[str, Any]
    file: str
    _root: Node | None = field(default=None, repr=False)

    def line(self, path: Sequence[str | int]) -> int | None:
        """The line, from 1, of the key at `path`, or of what is nearest above it."""
        node, line = self._root, None
        for step in path:
            found = _child(node, step)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        return line


def load(
    text: bytes | str,
    *,
    file: str,
    error: type[InputError] = ManifestError,
    as_written: frozenset[str] = frozenset({"version"}),
    entries: str = "",
    may_be_empty: bool = False,
) -> Document:
    """Parse one mapping. Raises `error` with the facts file and line.

    Under the keys of `as_written`, at any depth, unquoted scalars stay the text they are: there,
    1.10 is not 1.1 and `on` is not true. With `entries`, only in the mappings that the top key of
    that name has by name.
    """
    fail = _Failure(file, error)
    source = _decoded(text, fail)
    root = _compose(source, fail)
    if root is None or root.tag == _TAG + "null":
        if may_be_empty:
            return Document({}, file)
        fail("it is empty; expected keys and values", line=1)
    if not isinstance(root, MappingNode):
        fail("expected keys and values (key: value)", line=root.start_mark.line + 1)
    return Document(
        _Conversion(fail, as_written, entries).mapping(root, depth=0, plain=False), file, root
    )


def scalar(text: str) -> object:
    """What unquoted `text` means in YAML: a number, a boolean, None, or the text itself."""
    tag = _RESOLVER.resolve(ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return _plain_value(tag.removeprefix(_TAG), text)


_ENTRY_DEPTH = 2


@dataclass(frozen=True, slots=True)
class _Failure:
    """Raises the error the caller asked for, with the file and line in message and facts."""

    file: str
    error: type[InputError]

    def __call__(self, problem: str, *, line: int) -> NoReturn:
        raise self.error(f"{self.file}:{line}: {problem}", file=self.file, line=line)


def _decoded(text: bytes | str, fail: _Failure) -> str:
    size = len(text) if isinstance(text, bytes) else len(text.encode(errors="surrogatepass"))
    if size > LIMIT_BYTES:
        fail(f"the file is too large; expected at most {LIMIT_BYTES} bytes", line=1)
    try:
        # Text is encoded too: a lone surrogate in it would not pass libyaml.
        source = (text if isinstance(text, bytes) else text.encode()).decode()
    except UnicodeDecodeError as exc:
        fail("a byte that is not UTF-8 text", line=exc.object.count(b"\n", 0, exc.start) + 1)
    except UnicodeEncodeError as exc:
        fail("a character that is not UTF-8 text", line=exc.object.count("\n", 0, exc.start) + 1)
    return source.removeprefix("\ufeff")


class _Composer(CParser, Resolver):
    """libyaml's parser with the resolver of plain scalars, and no constructor."""

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        Resolver.__init__(self)


_RESOLVER = Resolver()


def _compose(source: str, fail: _Failure) -> Node | None:
    try:
        if sum(map(source.count, "[{-:?")) > _SAFE_MARKERS:
            _check_depth(source, fail)
        node: Node | None = _Composer(source).get_single_node()
    except yaml.MarkedYAMLError as exc:
        problem = exc.problem or "it is no YAML"
        marks = (exc.problem_mark, exc.context_mark)
        mark: yaml.Mark | None = next(
            filter(None, reversed(marks) if problem == _UNCLOSED else marks), None
        )
        fail(_PROBLEMS.get(problem, problem), line=mark.line + 1 if mark else 1)
    except yaml.reader.ReaderError as exc:
        fail("a control character", line=source.count("\n", 0, exc.position) + 1)
    return node


def _check_depth(source: str, fail: _Failure) -> None:
    """Refuse deep nesting before nodes are composed: composing recurses in C and would crash."""
    depth = 0
    for event in yaml.parse(source, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEPTH_LIMIT:
                mark: Any = event.start_mark
                fail(_TOO_DEEP, line=mark.line + 1)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Conversion:
    """Nodes to plain data, counting what aliases expand to."""

    __slots__ = ("_as_written", "_depth", "_entries", "_fail", "_left")

    def __init__(self, fail: _Failure, as_written: frozenset[str], entries: str) -> None:
        self._fail = fail
        self._as_written = as_written
        self._entries = entries
        self._depth = -1 if entries else None
        """The one depth at which keys count as `as_written`; None: every depth, -1: none."""
        self._left = NODE_LIMIT

    def mapping(self, node: MappingNode, *, depth: int, plain: bool) -> dict[str, Any]:
        """The keys and values of `node`; `plain` keeps scalars as they are written."""
        data: dict[str, Any] = {}
        merged: list[tuple[ScalarNode, Node]] = []
        for key, value in node.value:
            name = self._key(key)
            if name == "<<" and key.tag == _TAG + "merge":
                merged.append((key, value))
                continue
            if name in data:
                self._fail(f"the key `{name}` is here twice", line=key.start_mark.line + 1)
            if depth == 0 and self._entries:
                self._depth = _ENTRY_DEPTH if name == self._entries else -1
            is_written = name in self._as_written and self._depth in (None, depth)
            data[name] = self._value(value, depth=depth + 1, plain=plain or is_written)
        for key, value in merged:
            for part in value.value if isinstance(value, SequenceNode) else [value]:
                if not isinstance(part, MappingNode):
                    self._fail(
                        "<< takes keys and values, or a list of them", line=key.start_mark.line + 1
                    )
                data = {**self.mapping(part, depth=depth + 1, plain=plain), **data}
        return data

    def _key(self, key: Node) -> str:
        if not isinstance(key, ScalarNode):
            self._fail("a key must be a text", line=key.start_mark.line + 1)
        return str(key.value)

    def _value(self, node: Node, *, depth: int, plain: bool) -> object:
        self._left -= 1
        if self._left < 0:
            self._fail(
                f"more than {NODE_LIMIT} values, aliases expanded", line=node.start_mark.line + 1
            )
        if isinstance(node, ScalarNode):
            return self._scalar(node, plain=plain)
        if depth >= DEPTH_LIMIT:
            self._fail(_TOO_DEEP, line=node.start_mark.line + 1)
        if isinstance(node, MappingNode) and node.tag == _TAG + "map":
            return self.mapping(node, depth=depth, plain=plain)
        if isinstance(node, SequenceNode) and node.tag == _TAG + "seq":
            return [self._value(item, depth=depth + 1, plain=plain) for item in node.value]
        self._fail(f"the tag {node.tag} is not known here", line=node.start_mark.line + 1)

    def _scalar(self, node: ScalarNode, *, plain: bool) -> object:
        kind = node.tag.removeprefix(_TAG)
        if kind == "str":
            return node.value
        if kind not in _PLAIN:
            self._fail(f"the tag {node.tag} is not known here", line=node.start_mark.line + 1)
        if plain and kind != "null":
            return node.value
        return _plain_value(kind, node.value)


def _integer(text: str) -> int | str:
    """An integer; a leading zero (octal once, decimal now) or 1:30 stays the text it is."""
    try:
        return int(text.replace("_", ""), 0)
    except ValueError:
        return text


def _number(text: str) -> float | str:
    """A number; infinities and 1:30.5 stay the text they are."""
    try:
        return float(text.replace("_", ""))
    except ValueError:
        return text


_PLAIN: dict[str, Callable[[str], object]] = {
    "null": lambda text: None,
    "bool": lambda text: text.lower() in _TRUE,
    "int": _integer,
    "float": _number,
    "timestamp": str,
    "merge": str,
    "value": str,
}


def _plain_value(kind: str, text: str) -> object:
    convert = _PLAIN.get(kind, str)
    return convert(text)


def _child(node: Node | None, step: str | int) -> tuple[Node, Node] | None:
    """The node that names `step` in `node` and the one that holds its value."""
    if isinstance(node, MappingNode):
        return next(((k, v) for k, v in node.value if k.value == step), None)
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None
