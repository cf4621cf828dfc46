"""The dashboard: three static files, on an origin of their own and nowhere else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from runtime_manager.api.hosts import DASHBOARD_HOST, is_dashboard
from runtime_manager.api.operation import Answer, Call, Nothing, Operation
from runtime_manager.api.problems import NotFoundError

_WEB = Path(__file__).parent / "web"
_FILES = {
    "/": ("index.html", "text/html", "getDashboard"),
    "/dashboard.js": ("dashboard.js", "text/javascript", "getDashboardScript"),
    "/dashboard.css": ("dashboard.css", "text/css", "getDashboardStyle"),
}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


class DashboardViews:
    """The operations that give the dashboard to a browser."""

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return tuple(
            Operation(
                "GET",
                path,
                name=name,
                summary=f"The dashboard's {file}, on {DASHBOARD_HOST} alone.",
                call=self._sender(_WEB / file, media_type),
                answers=(Answer(200, "The file.", None, (media_type,)),),
                errors=(NotFoundError,),
            )
            for path, (file, media_type, name) in _FILES.items()
        )

    def _sender(
        self, path: Path, media_type: str
    ) -> Callable[[Call[Nothing, Nothing]], Awaitable[web.StreamResponse]]:
        async def send(call: Call[Nothing, Nothing]) -> web.StreamResponse:
            if not is_dashboard(call.request.headers.get("Host")):
                raise NotFoundError(
                    "nothing is at this address", hint=f"the dashboard is on {DASHBOARD_HOST}"
                )
            response = web.FileResponse(path, headers=_HEADERS)
            response.content_type = media_type
            response.charset = "utf-8"
            return response

        return send
