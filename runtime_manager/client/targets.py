"""The addresses of the control API, and its fixed words. Pure."""

from __future__ import annotations

PROVIDERS = "/api/v1/providers"
PROVIDERS_UNMEASURED = f"{PROVIDERS}?usage=0"
"""The list without the usage of each process tree, which takes the daemon a look at each."""

LEASES = "/api/v1/leases"
REPLACED = "replaced"
"""The reason with which a lease ends where the daemon hands its home over to another."""

RELOAD = "/api/v1/reload"
PACKAGES = "/api/v1/packages"


def provider_target(code: str, deed: str = "") -> str:
    """The address of a provider, or of one of its deeds such as `start`."""
    from urllib.parse import quote

    return f"{PROVIDERS}/{quote(code, safe='')}" + (f"/{deed}" if deed else "")


def events_target(code: str | None = None) -> str:
    """The address of the event stream: of one provider and the daemon, or of all."""
    from urllib.parse import quote

    return "/api/v1/events" + (f"?code={quote(code, safe='')}" if code else "")


def hold_target(name: str) -> str:
    """The address of a lease that lasts as long as the connection."""
    from urllib.parse import quote

    return f"{LEASES}/hold?name={quote(name, safe='')}"
