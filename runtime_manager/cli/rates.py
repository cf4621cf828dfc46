"""Two looks at the same providers, and what they used between them. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Provider = Mapping[str, Any]


class Look:
    """The providers by code, as they were at `at` (monotonic seconds)."""

    __slots__ = ("at", "providers")

    def __init__(self, providers: Sequence[Provider], *, at: float) -> None:
        self.providers = {str(provider["code"]): provider for provider in providers}
        self.at = at


def figures(now: Look, before: Look | None) -> list[dict[str, Any]]:
    """A row of figures per provider, by code; a rate is None where there is nothing to compare."""
    seconds = 0.0 if before is None else now.at - before.at
    earlier = {} if before is None else before.providers
    return [
        _figures(provider, earlier.get(code), seconds)
        for code, provider in sorted(now.providers.items())
    ]


def _figures(provider: Provider, before: Provider | None, seconds: float) -> dict[str, Any]:
    usage, traffic = provider.get("usage") or {}, provider.get("traffic") or {}
    was = before or {}
    is_same = before is not None and was.get("generation") == provider.get("generation")
    cpu = _rate(usage, was.get("usage") if is_same else None, "cpu_seconds", seconds)
    return {
        "code": provider["code"],
        "state": provider["state"],
        "cpu_percent": None if cpu is None else round(cpu * 100, 1),
        "rss_bytes": usage.get("rss_bytes"),
        "processes": usage.get("processes"),
        "requests_per_s": _rounded(_rate(traffic, was.get("traffic"), "requests", seconds)),
        "in_flight": traffic.get("in_flight"),
        "restarts": provider.get("restarts"),
        "since": provider.get("since"),
    }


def _rate(
    now: Mapping[str, Any], before: Mapping[str, Any] | None, key: str, seconds: float
) -> float | None:
    """How much of `key` came in a second; None without two values, or where it went back."""
    if seconds <= 0 or now.get(key) is None or (before or {}).get(key) is None:
        return None
    grown = now[key] - (before or {})[key]
    # A child that ended takes its processor time with it, and a new daemon counts from zero.
    return float(grown / seconds) if grown >= 0 else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
