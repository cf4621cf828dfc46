"""What a package asks to be allowed, and what a new version asks for on top. Pure.

core/ide's form: a list of texts each for `read`, `write`, `net` and `run`; other forms are taken
as they are, since nothing is enforced here: they are shown, agreed to and recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def asked_for(permissions: Mapping[str, Any]) -> tuple[str, ...]:
    """Each single permission, as `net: example.org:443`; in the order of the manifest."""
    return tuple(f"{kind}: {what}" for kind, value in permissions.items() for what in _each(value))


def widened(agreed: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[str, ...]:
    """Those of `wanted` that were not agreed to yet."""
    known = set(asked_for(agreed))
    return tuple(one for one in asked_for(wanted) if one not in known)


def _each(value: object) -> tuple[object, ...]:
    if isinstance(value, list | tuple):
        return tuple(value)
    return () if value in (None, False, "false", "") else (value,)
