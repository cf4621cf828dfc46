"""Who needs whom among what is installed. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from runtime_manager.model.manifest import Manifest
from runtime_manager.packages.discovery import Scan


def dependents(found: Scan, codes: Iterable[str]) -> list[str]:
    """These codes and all that depend on them; whoever depends on another comes before it."""
    needs = {one.code: one.manifest.depends_on for one in found.providers}
    order: list[str] = []
    left = [(code, False) for code in reversed(list(dict.fromkeys(codes))) if code in needs]
    seen: set[str] = set()
    while left:
        code, is_done = left.pop()
        if is_done:
            order.append(code)
        elif code not in seen:
            seen.add(code)
            left.append((code, True))
            left += [(one, False) for one in sorted(needs, reverse=True) if code in needs[one]]
    return order


def missing_dependencies(manifest: Manifest, found: Scan) -> list[str]:
    """What it depends on that is not there, or cannot be used."""
    known = {one.code for one in found.providers}
    return [code for code in manifest.depends_on if code not in known]
