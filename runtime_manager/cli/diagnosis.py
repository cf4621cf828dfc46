"""What a provider's facts come to: whether anything is wrong, and what to do about it. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

_AT_REST = ("asked", "idle", "on-demand", "manual", "done", "shutdown")
"""Kinds of cause that somebody or the manifest wanted."""


def is_well(provider: Mapping[str, Any]) -> bool:
    """Whether it is as somebody wants it to be: ready, or at rest because of that."""
    if provider.get("manifest_error"):
        return False
    kind = (provider.get("cause") or {}).get("kind")
    return provider["state"] == "ready" or (provider["state"] == "stopped" and kind in _AT_REST)


def advice(provider: Mapping[str, Any], needs: list[dict[str, Any]]) -> list[str]:
    """What to do, in the order in which to do it; empty where there is nothing to do."""
    cause = provider.get("cause") or {}
    is_told_already = provider["state"] == "invalid"  # beside each mistake of the manifest
    told = [str(cause["hint"])] if cause.get("hint") and not is_told_already else []
    return list(dict.fromkeys([*told, *_further(provider, needs)]))


def _further(provider: Mapping[str, Any], needs: list[dict[str, Any]]) -> Iterator[str]:
    code, state = provider["code"], provider["state"]
    for warning in provider.get("warnings") or ():
        if warning.get("hint"):
            yield warning["hint"]
    if provider.get("manifest_error"):
        yield "mend the manifest, see that `rtm config --check` is content, then rtm reload"
    if state == "failed":
        yield f"rtm start {code} tries again, once it is mended"
    elif state == "backoff":
        yield f"rtm start {code} tries again at once"
    elif state == "starting":
        yield f"rtm wait {code} returns when it is ready"
    elif state == "unhealthy":
        yield f"rtm restart {code} does not wait for that"
    for one in needs:
        if one["state"] != "ready":
            yield f"rtm why {one['code']}"


def sentence(provider: Mapping[str, Any]) -> str:
    """The state in words, where the cause alone would not say it."""
    cause = provider.get("cause") or {}
    if provider["state"] == "invalid":
        return "its manifest cannot be used"
    if cause.get("message"):
        return str(cause["message"])
    if provider.get("manifest_error"):
        return "it goes on as it was before the manifest was edited"
    if provider["state"] == "ready" and provider.get("warnings"):
        return "it is ready, with something to be minded"
    return {
        "ready": "nothing is wrong: it is ready",
        "starting": "it has been started, and is not ready yet",
        "stopping": "it is being stopped",
    }.get(provider["state"], "no cause is known")
