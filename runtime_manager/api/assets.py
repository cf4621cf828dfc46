"""Packages' static files: what is under `assets/` of a provider's folder, and nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from runtime_manager.api.hosts import is_dashboard
from runtime_manager.api.operation import Answer, Call, Nothing, Operation
from runtime_manager.api.parts import Providers
from runtime_manager.api.problems import NotFoundError
from runtime_manager.errors import UnknownCodeError
from runtime_manager.supervisor.view import INVALID, ProviderView

_TEXT_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
_OTHER_TYPES = {".wasm": "application/wasm", ".webp": "image/webp", ".woff2": "font/woff2"}
"""What a browser is strict about; aiohttp knows the rest."""


class AssetViews:
    """The operation that serves packages' files."""

    def __init__(self, providers: Providers) -> None:
        self._providers = providers

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (
            Operation(
                "GET",
                "/assets/{code}/{path:.+}",
                name="getAsset",
                summary="A file of the package's assets folder; none of one that is switched off.",
                call=self.file,
                answers=(Answer(200, "The file.", None, ("*/*",)),),
                errors=(UnknownCodeError, NotFoundError),
            ),
        )

    async def file(self, call: Call[Nothing, Nothing]) -> web.FileResponse:
        """See `operations`. Not on the dashboard's origin, where a package's script would rule."""
        view = self._providers.view(call.code)
        if is_dashboard(call.request.headers.get("Host")) or not is_on(view):
            raise _nothing_there()
        root = view.folder / "assets"
        path = await asyncio.to_thread(find_asset, root, call.request.match_info["path"])
        if path is None:
            raise _nothing_there()
        response = web.FileResponse(path, headers={"Cache-Control": "no-cache"})
        _set_type(response, path.suffix.lower())
        return response


def is_on(view: ProviderView) -> bool:
    """Whether its files are to be seen: it is valid, and nobody has switched it off."""
    return view.state != INVALID and (view.wanted != "down" or view.state != "stopped")


def find_asset(root: Path, path: str) -> Path | None:
    """The regular file at `path` below `root`; None where there is none to be served.

    Hidden files are not served, nor is what a link leads to outside `root`, nor a `root` that
    itself leads out of the package. Blocks.
    """
    names = path.split("/")
    if any(not name or name.startswith(".") or "\0" in name or "\\" in name for name in names):
        return None
    try:
        real_root = root.resolve(strict=True)
        package = root.parent.resolve(strict=True)
        found = root.joinpath(*names).resolve(strict=True)
    except (OSError, RuntimeError):  # RuntimeError: a loop of links
        return None
    if not real_root.is_relative_to(package):
        return None
    inside = found.relative_to(real_root).parts if found.is_relative_to(real_root) else (".",)
    is_hidden = any(name.startswith(".") for name in inside)
    return found if found.is_file() and not is_hidden else None


def _set_type(response: web.FileResponse, suffix: str) -> None:
    if suffix in _TEXT_TYPES:
        response.content_type = _TEXT_TYPES[suffix]
        response.charset = "utf-8"
    elif suffix in _OTHER_TYPES:
        response.content_type = _OTHER_TYPES[suffix]


def _nothing_there() -> NotFoundError:
    return NotFoundError("there is no such file", hint="assets/ of the package has what is served")
