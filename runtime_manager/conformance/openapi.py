"""Whether a text is an OpenAPI description: enough of one to be merged and shown. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})


def complaint(text: bytes) -> str:
    """What is wrong with the description; empty when it is one (OpenAPI 3, or Swagger 2)."""
    try:
        document = _parsed(text)
    except (ValueError, yaml.YAMLError) as exc:
        return f"it is neither JSON nor YAML: {' '.join(str(exc).split())}"
    if not isinstance(document, Mapping):
        return "it is no object"
    version = str(document.get("openapi") or document.get("swagger") or "")
    if not version.startswith(("3.", "2.0")):
        return "it has no `openapi: 3.x`" if not version else f"OpenAPI {version} is not known"
    return _of_parts(document)


def operations(text: bytes) -> int:
    """How many operations a description without complaint has."""
    paths = _parsed(text).get("paths") or {}
    return sum(len(_METHODS & set(item)) for item in paths.values() if isinstance(item, Mapping))


def _parsed(text: bytes) -> Any:
    if text.lstrip()[:1] == b"{":
        return json.loads(text)
    return yaml.safe_load(text)


def _of_parts(document: Mapping[str, Any]) -> str:
    info, paths = document.get("info"), document.get("paths", {})
    if not isinstance(info, Mapping) or not {"title", "version"} <= info.keys():
        return "it has no `info` with `title` and `version`"
    if not isinstance(paths, Mapping):
        return "its `paths` is no object"
    if not ({"paths", "webhooks", "components"} & document.keys()):
        return "it has no `paths`"
    odd = [path for path in paths if not str(path).startswith(("/", "x-"))]
    return f"its path {odd[0]!r} does not begin with /" if odd else ""
