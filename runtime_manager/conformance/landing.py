"""Where a request through the gateway comes to rest, redirects followed as a browser does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from runtime_manager.conformance.answers import Answer
from runtime_manager.conformance.pages import is_under

_HOPS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class LostError(Exception):
    """A link or redirect leads to where the provider is not; the text says which and where."""


@dataclass(frozen=True, slots=True)
class Landing:
    """The last answer, and its address."""

    url: str
    answer: Answer
    hops: int = 0


@dataclass(frozen=True, slots=True)
class Ground:
    """The addresses that lead to the provider: one origin, and a prefix in it."""

    origin: str
    prefixes: tuple[str, ...]
    """Without trailing slashes; "" is the whole origin."""

    def path_of(self, url: str, *, what: str) -> str | None:
        """The path and query of `url`; None where it leads to another machine.

        Raises LostError for what leads past the prefix, or around the gateway.
        """
        parts, own = urlsplit(url), urlsplit(self.origin)
        if parts.netloc.lower() != own.netloc.lower():
            if _is_here(parts.hostname):
                raise LostError(f"{what} leads around the gateway, to {parts.netloc}")
            return None
        path = parts.path or "/"
        if not any(is_under(path, prefix) for prefix in self.prefixes):
            raise LostError(f"{what} leads to {path}, out of {self.prefixes[0]}/")
        return path + (f"?{parts.query}" if parts.query else "")


def land(path: str, *, ground: Ground, fetch: Callable[[str], Answer]) -> Landing:
    """Fetch `path` and follow redirects. Raises LostError, and what `fetch` does."""
    url, hops = urljoin(ground.origin, path), 0
    while True:
        answer = fetch(path)
        location = answer.headers.get("location")
        if answer.status not in _REDIRECTS or not location:
            return Landing(url, answer, hops)
        hops += 1
        if hops > _HOPS:
            raise LostError(f"more than {_HOPS} redirects, the last one to {location}")
        url = urljoin(url, location)
        onward = ground.path_of(url, what=f"the redirect `Location: {location}`")
        if onward is None:
            return Landing(url, answer, hops)
        path = onward


def _is_here(host: str | None) -> bool:
    name = (host or "").lower()
    return name in ("localhost", "::1", "0.0.0.0") or name.startswith("127.")
