"""Writes the tables of docs/reference/manifest.md from the manifest's own types.

`python docs/tools/write_manifest_reference.py` rewrites the page; with `--check` it exits 1 when
the page does not tell the fields as they are.
"""

from __future__ import annotations

import enum
import sys
from pathlib import Path

from page import Page
from pydantic.fields import FieldInfo

from runtime_manager.model.manifest import Manifest
from runtime_manager.model.parts import Element, Health, Limits, Part, Platform, Restart, Stop
from runtime_manager.model.provider_settings import Setting

PAGE = Page(
    Path(__file__).resolve().parents[1] / "reference" / "manifest.md",
    "<!-- fields: begin -->",
    "<!-- fields: end -->",
)

SECTIONS: dict[str, tuple[str, ...]] = {
    "What it is": ("code", "name", "version", "description", "author", "licence"),
    "What is run": ("binary", "platforms", "args", "append_args", "env", "env_pass"),
    "Where it is reached": (
        *("namespace", "listen", "port", "strip_prefix", "host_header", "public"),
    ),
    "When it runs": ("start", "idle_timeout", "depends_on", "upgrade", "dev"),
    "What its operator sets": ("settings",),
    "How it is watched and ended": ("health", "restart", "stop", "limits"),
    "What it offers": ("element", "spec", "channels"),
    "Of core/ide, kept and not acted on": (
        *("layout", "slots", "modules", "permissions", "daemons", "build", "sign", "sign_key"),
    ),
}
BLOCKS: dict[str, type[Part]] = {
    "platforms": Platform,
    "settings": Setting,
    "health": Health,
    "restart": Restart,
    "stop": Stop,
    "limits": Limits,
    "element": Element,
}


def tables() -> str:
    """A section for each group of fields; a field in no group is an error."""
    fields = {field.alias or name: field for name, field in Manifest.model_fields.items()}
    told = {key for keys in SECTIONS.values() for key in keys}
    if told != set(fields):
        raise SystemExit(f"in no section, or no fields: {sorted(told ^ set(fields))}")
    parts = []
    for title, keys in SECTIONS.items():
        rows = [row for key in keys for row in _rows(key, fields[key])]
        parts.append(
            "\n".join([f"### {title}", "", "| field | meaning | default |", "|---|---|---|", *rows])
        )
    return "\n\n".join(parts)


def _rows(key: str, field: FieldInfo) -> list[str]:
    if key not in BLOCKS:
        return [_row(key, field)]
    prefix = f"{key}.<name>" if key in ("platforms", "settings") else key
    inner = BLOCKS[key].model_fields.items()
    head = f"| **`{key}`** | {field.description} | |"
    return [head, *(_row(f"{prefix}.{part.alias or name}", part) for name, part in inner)]


def _row(key: str, field: FieldInfo) -> str:
    meaning = (field.description or "").replace("|", "\\|")
    return f"| `{key}` | {meaning} | {_default(key, field)} |"


def _default(key: str, field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default()
    if field.default_factory is not None or value in (None, "", ()):
        return ""
    return f"`{_as_written(key, value)}`"


def _as_written(key: str, value: object) -> str:
    """A default as one would write it in YAML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, enum.Enum):
        return value.value if isinstance(value, enum.StrEnum) else value.name
    if isinstance(value, float):
        return f"{value:g}s" if value >= 1 else f"{value * 1000:g}ms"
    return str(value)


if __name__ == "__main__":
    sys.exit(PAGE.main(tables()))
