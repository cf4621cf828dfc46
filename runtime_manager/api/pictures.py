"""Turns what the supervisor shows of a provider into the documents the API answers with. Pure."""

from __future__ import annotations

import posixpath
from urllib.parse import quote

from runtime_manager.api.parts import Usage
from runtime_manager.api.schemas import (
    CauseDocument,
    ElementDocument,
    ExitDocument,
    ProviderDetail,
    ProviderDocument,
)
from runtime_manager.api.usage import UsageDocument
from runtime_manager.supervisor.view import Cause, ProviderView


class Pictures:
    """Turns views into documents, with addresses as `base_url` has them."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    def listed(self, view: ProviderView, usage: Usage | None = None) -> ProviderDocument:
        """The provider as in a list."""
        return ProviderDocument.model_validate(self._listed(view, usage))

    def detailed(self, view: ProviderView, usage: Usage | None = None) -> ProviderDetail:
        """The provider with everything."""
        more = {
            "description": view.description,
            "depends_on": list(view.depends_on),
            "managed": view.managed,
            "public": view.public,
            "last_probe": view.last_probe,
            "last_exit": view.last_exit,
            "exits": [ExitDocument.of(one) for one in view.exits],
            "retry_at": view.retry_at,
            "started_in_s": view.started_in_s,
            "stderr_tail": list(view.stderr_tail),
        }
        return ProviderDetail.model_validate({**self._listed(view, usage), **more})

    def _listed(self, view: ProviderView, usage: Usage | None) -> dict[str, object]:
        return {
            "code": view.code,
            "name": view.name,
            "version": view.version,
            "state": view.state,
            "status": "active" if view.state == "ready" else view.state,
            "wanted": view.wanted,
            "basePath": view.namespace,
            "namespace": view.namespace,
            "url": f"{self._base_url}{view.namespace}/" if view.namespace else None,
            "generation": view.generation,
            "pid": view.pid,
            "endpoint": view.endpoint,
            "cause": _told(view.cause) if view.cause else None,
            "warnings": [_told(one) for one in view.warnings],
            "restarts": view.restarts,
            "since": view.since,
            "start": view.start,
            "usage": UsageDocument.of(usage) if usage else None,
            "traffic": view.traffic._asdict(),
            "element": _element(view),
            "channels": None if view.channels is None else list(view.channels),
            "folder": str(view.folder),
            "manifest_error": view.manifest_error,
        }


def _told(cause: Cause) -> CauseDocument:
    return CauseDocument(kind=cause.kind, message=cause.message, hint=cause.hint)


def _element(view: ProviderView) -> ElementDocument | None:
    """The element with an address a page can load; the manifest's path is within `assets/`."""
    if view.element is None:
        return None
    source = posixpath.normpath(view.element.source).lstrip("/").removeprefix("assets/")
    return ElementDocument(tag=view.element.tag, source=f"/assets/{view.code}/{quote(source)}")
