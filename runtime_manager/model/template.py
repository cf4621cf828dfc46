"""Placeholders in args and env: `{port}` becomes the port. Pure.

Only a name in braces is a placeholder, so JSON and regular expressions pass as they are. `{{port}}`
stands for the text `{port}`; `${NAME}` is left to a shell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_NAME = re.compile(r"\{\{(?P<plain>[A-Za-z_]\w*)\}\}|(?<!\$)\{(?P<name>[A-Za-z_]\w*)\}", re.ASCII)

NAMES = (
    "port",
    "host",
    "socket",
    "fd",
    "namespace",
    "base_url",
    "data_dir",
    "provider_dir",
    "code",
)
"""Every placeholder there is."""


def names_in(text: str) -> Iterator[str]:
    """The names of the placeholders of `text`, in order, known or not."""
    return (match["name"] for match in _NAME.finditer(text) if match["name"])


def expand(text: str, variables: Mapping[str, str]) -> str:
    """`text` with each placeholder replaced. Raises KeyError for one not in `variables`."""
    return _NAME.sub(lambda m: variables[m["name"]] if m["name"] else f"{{{m['plain']}}}", text)


def escape(text: str) -> str:
    """The template that expands to `text`, whatever it holds."""
    return re.sub(r"(?<!\$)\{([A-Za-z_]\w*)\}", r"{{\1}}", text, flags=re.ASCII)
