"""When what was asked of a provider is done, or will not be. Pure.

An asked-for change is a message, so the first look may show the provider as it was before it was
taken. A failure counts only once something has changed since the asking.
"""

from __future__ import annotations

from enum import StrEnum

from runtime_manager.api.problems import EndedError
from runtime_manager.supervisor.view import ProviderView


class Deed(StrEnum):
    """What can be asked of a provider."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"


def is_done(deed: Deed, before: ProviderView, now: ProviderView) -> bool:
    """Whether the deed has had its outcome."""
    match deed:
        case Deed.START:
            return now.state == "ready"
        case Deed.STOP:
            return now.state == "stopped" and now.wanted == "down"
        case Deed.RESTART:
            return now.state == "ready" and now.generation > before.generation


def is_over(before: ProviderView, now: ProviderView) -> bool:
    """Whether the provider has come to rest since `before`, with nobody wanting it up any more."""
    has_changed = (now.generation, now.since) != (before.generation, before.since)
    is_at_rest = now.state == "failed" or (now.state == "stopped" and now.wanted != "up")
    return has_changed and is_at_rest


def is_settled(deed: Deed, before: ProviderView, now: ProviderView) -> bool:
    """Whether waiting on is of no use: it is done, or will not be."""
    return is_done(deed, before, now) or is_over(before, now)


def check(deed: Deed, before: ProviderView, after: ProviderView) -> None:
    """Raise EndedError, with the cause, where a wait for `deed` ended in something else."""
    if is_done(deed, before, after):
        return
    cause = after.cause
    raise EndedError(
        f"{after.code} is {after.state}" + (f": {cause.message}" if cause else ""),
        hint=(cause and cause.hint) or f"rtm status {after.code} tells more",
    )
