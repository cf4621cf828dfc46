"""Whether a request came to the dashboard's own origin. Pure.

Only pages of ours may live there: a script from a package would act with the dashboard's session.
"""

from __future__ import annotations

from runtime_manager.gateway.access import CONTROL_LABEL
from runtime_manager.gateway.host import parse_host

DASHBOARD_HOST = f"{CONTROL_LABEL}.localhost"


def is_dashboard(host: str | None) -> bool:
    """Whether a Host header names the dashboard's origin, with any port."""
    parsed = parse_host(host.encode("latin-1", "replace")) if host else None
    return parsed is not None and parsed.name == DASHBOARD_HOST
