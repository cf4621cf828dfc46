"""Under which target a provider sees a request, and where its redirects lead the client.

By path a stripped prefix disappears; `/ns` itself is sent to `/ns/` first (308), so that relative
links work. By name there is no prefix to strip: the path passes as it is, except to a provider
that expects its prefix, which gets it added: by a redirect where the method allows one, so that
the browser's address and the provider's links agree.
"""

from __future__ import annotations

from typing import NamedTuple

from runtime_manager.gateway.routes import Route
from runtime_manager.gateway.target import Target

_REDIRECTED = frozenset({b"GET", b"HEAD"})


class Redirect(NamedTuple):
    """The client is sent elsewhere on the same origin."""

    location: bytes


Passage = tuple[bytes, bytes]
"""How a request goes on: the provider's target, and the prefix that was stripped, b"" for none."""


def passage(
    route: Route, target: Target, *, label: str | None, method: bytes, is_upgrade: bool
) -> Passage | Redirect:
    """Decide the provider's target; `label` is the name the request was addressed to."""
    prefix = route.prefix.rstrip("/").encode()
    _, path, whole = target
    if label is not None and label == route.name:
        if route.strip_prefix or is_under(prefix, path):
            return whole, b""
        added = prefix + whole
    elif not route.strip_prefix:
        return whole, b""
    else:
        rest = whole[len(prefix) :]
        if rest[:1] == b"/":
            return rest, prefix
        added = prefix + b"/" + rest
    if method in _REDIRECTED and not is_upgrade:
        return Redirect(added)
    return (b"/" + rest, prefix) if route.strip_prefix else (added, b"")


def is_under(prefix: bytes, path: bytes) -> bool:
    """Whether `path` is `prefix` or below it."""
    return path.startswith(prefix) and path[len(prefix) :][:1] in (b"", b"/")


def forwarded_lines(peer: str, host: bytes, *, port: int) -> bytes:
    """What the provider is told of a client: who, by which host, by which port.

    `peer` is "" for a client without an address. `Forwarded` is RFC 7239; an IPv6 address is quoted
    there, and bare in X-Forwarded-For.
    """
    node = f'"[{peer}]"' if ":" in peer else peer
    claims = ([f"for={node}"] if peer else []) + [f'host="{host.decode("latin-1")}"', "proto=http"]
    lines = [f"X-Forwarded-For: {peer}"] if peer else []
    lines += [
        "X-Forwarded-Proto: http",
        f"X-Forwarded-Host: {host.decode('latin-1')}",
        f"X-Forwarded-Port: {port}",
        f"Forwarded: {';'.join(claims)}",
        "",
    ]
    return "\r\n".join(lines).encode("latin-1")


def relocated(value: bytes, *, prefix: bytes, own_authority: bytes) -> bytes:
    """A Location or Content-Location as the client must see it.

    `prefix` is what was stripped from the request, `own_authority` the Host the provider saw: a
    redirect to that authority is one to the provider itself, whose prefix it cannot know.
    """
    if value[:1] == b"/":
        return value if value[:2] == b"//" else _prefixed(value, prefix)
    for scheme in (b"http://", b"https://"):
        start = scheme + own_authority
        rest = value[len(start) :]
        if value.lower().startswith(start.lower()) and rest[:1] in (b"", b"/", b"?", b"#"):
            return value[: len(start)] + _prefixed(
                rest if rest[:1] == b"/" else b"/" + rest, prefix
            )
    return value


def _prefixed(path: bytes, prefix: bytes) -> bytes:
    bare = path.partition(b"?")[0].partition(b"#")[0]
    return path if is_under(prefix, bare) else prefix + path
