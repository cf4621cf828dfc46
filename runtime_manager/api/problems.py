"""Errors as problem+json (RFC 9457): one table from our errors to HTTP statuses.

Whatever goes wrong in a view ends here. An error we did not foresee is logged once and told
without its text; what a caller sent is not echoed but for names of parameters.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType

import structlog
from aiohttp import web

from runtime_manager.errors import (
    DaemonEndingError,
    InputError,
    LeaseLimitError,
    NotStartableError,
    PackageError,
    RegistryError,
    RuntimeManagerError,
    UnknownCodeError,
    UnknownLeaseError,
    WaitTimeoutError,
)

MEDIA_TYPE = "application/problem+json"

_log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class BadRequestError(InputError):
    """A query parameter or a body that this operation does not take."""

    code = "bad-request"


class BodyTypeError(InputError):
    """A body that is not application/json, as a form of a foreign page would send it."""

    code = "json-needed"


class NotFoundError(RuntimeManagerError):
    """Nothing is at this address."""

    code = "not-found"


class SessionCodeError(RuntimeManagerError):
    """A one-time code that is unknown, used, too old, or made for another host."""

    code = "session-code-refused"


class EndedError(RuntimeManagerError):
    """The provider came to rest in another state than the one waited for."""

    code = "ended"


STATUSES: Mapping[type[RuntimeManagerError], int] = MappingProxyType(
    {
        RuntimeManagerError: 500,
        InputError: 400,
        RegistryError: 500,
        SessionCodeError: 403,
        UnknownCodeError: 404,
        UnknownLeaseError: 404,
        NotFoundError: 404,
        NotStartableError: 409,
        PackageError: 409,
        EndedError: 409,
        BodyTypeError: 415,
        LeaseLimitError: 429,
        DaemonEndingError: 503,
        WaitTimeoutError: 504,
    }
)
"""The status of each error; one that is not in the table has that of the nearest class above it."""


def status_of(error: type[RuntimeManagerError]) -> int:
    """The HTTP status of an error."""
    return next(STATUSES[kind] for kind in error.__mro__ if kind in STATUSES)


def problem(
    status: int,
    *,
    code: str,
    detail: str,
    hint: str = "",
    headers: Mapping[str, str] = MappingProxyType({}),
) -> web.Response:
    """The one form of all our errors; `detail` is for people, `code` for programs."""
    members = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "hint": hint,
    }
    return web.Response(
        status=status, text=json.dumps(members), content_type=MEDIA_TYPE, headers=headers
    )


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what a view raises into a problem; let streams that have begun end by themselves."""
    try:
        return await handler(request)
    except RuntimeManagerError as exc:
        return _of_ours(exc)
    except web.HTTPException as exc:
        return _of_aiohttp(exc)
    except ConnectionResetError:  # the caller left; there is nobody to tell
        raise
    except Exception as exc:
        _log.exception("api.failed", method=request.method, path=request.path)
        return _unforeseen(exc)


def _of_ours(error: RuntimeManagerError) -> web.Response:
    status = status_of(type(error))
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("api.failed", code=error.code, error=error.message)
    return problem(status, code=error.code, detail=error.message, hint=error.hint)


def _of_aiohttp(error: web.HTTPException) -> web.Response:
    """The router's and the body reader's own refusals: 404, 405, 413."""
    details = {
        404: ("not-found", "Nothing is at this address.", "See /api/v1/openapi.json."),
        405: ("method-not-allowed", "This address does not take that method.", "See Allow."),
        413: ("body-too-large", "The request's body is larger than allowed.", ""),
    }
    code, detail, hint = details.get(error.status, ("http-error", error.reason, ""))
    allow = error.headers.get("Allow")
    return problem(
        error.status, code=code, detail=detail, hint=hint, headers={"Allow": allow} if allow else {}
    )


def _unforeseen(error: Exception) -> web.Response:
    return problem(
        500,
        code="internal-error",
        detail=f"The daemon failed on this request ({type(error).__name__}).",
        hint="Its log says more.",
    )
