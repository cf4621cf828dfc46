"""The control API's own routes: it is one more upstream, behind a Unix socket. Pure."""

from __future__ import annotations

from runtime_manager.gateway.routes import Audience, Gate, Route
from runtime_manager.model.endpoint import UnixEndpoint

CONTROL_CODE = "rtm"
_OPEN_TO_ANYONE = ("/healthz", "/readyz", "/assets")
_FOR_CONTROL = (
    "/api/v1/providers",
    "/api/v1/routes",
    "/api/v1/events",
    "/api/v1/leases",
    "/api/v1/packages",
    "/api/v1/openapi.json",
    "/api/v1/sessions",
    "/api/v1/config",
    "/api/v1/reload",
    "/metrics",
)


def control_routes(endpoint: UnixEndpoint) -> tuple[Route, ...]:
    """Liveness and packages' static files for anyone; the rest for whoever may control us.

    The exchange of a one-time code answers on every host name, since its cookie is for that one;
    the dashboard is everything else on rtm.localhost.
    """

    def route(prefix: str, audience: Audience, *, on_every_host: bool = False) -> Route:
        return Route(
            prefix=prefix,
            code=CONTROL_CODE,
            gate=Gate.OPEN,
            endpoint=endpoint,
            audience=audience,
            strip_prefix=False,
            name=None if prefix else CONTROL_CODE,
            on_every_host=on_every_host,
        )

    return (
        *(route(prefix, Audience.ANYONE) for prefix in _OPEN_TO_ANYONE),
        *(route(prefix, Audience.CONTROL) for prefix in _FOR_CONTROL),
        route("/_rtm", Audience.ANYONE, on_every_host=True),
        route("", Audience.CONTROL),
    )
