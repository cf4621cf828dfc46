"""The gateway's rules and limits, from the settings and the address we listen on. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from runtime_manager.gateway.access import Access
from runtime_manager.gateway.limits import GatewayLimits
from runtime_manager.model.settings import Settings


def limits_of(settings: Settings) -> GatewayLimits:
    """The engine's limits."""
    return GatewayLimits(**settings.gateway.model_dump())


def access_of(
    settings: Settings, *, url: str, token: str, session_key: bytes, daemon_id: str
) -> Access:
    """Who may call: `url` is where we listen, and its host is a name we answer to."""
    listening = urlsplit(url)
    hosts = {*settings.hosts, listening.hostname or ""}
    origins = set(settings.allowed_origins)
    if settings.public_url:
        public = urlsplit(settings.public_url)
        hosts.add(public.netloc)
        origins.add(f"{public.scheme}://{public.netloc}")
    return Access(
        token=token,
        session_key=session_key,
        daemon_id=daemon_id,
        port=listening.port or 80,
        hosts=frozenset(hosts - {""}),
        allowed_origins=frozenset(origins),
    )
