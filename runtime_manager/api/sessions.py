"""Browser sessions: a one-time address for whoever holds the token, a cookie for who follows it.

The cookie is of one origin alone, and where it leads is settled when the code is made, so that no
address made by somebody else can send a signed-in browser anywhere.
"""

from __future__ import annotations

import html
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import Field

from runtime_manager.api.codes import LIFE_S, Grant
from runtime_manager.api.operation import Answer, Call, Nothing, Operation
from runtime_manager.api.parts import ApiParts, Providers
from runtime_manager.api.problems import BadRequestError, SessionCodeError
from runtime_manager.api.providers import answer
from runtime_manager.api.schemas import SessionDocument, SessionRequest
from runtime_manager.clock import Clock
from runtime_manager.errors import NotStartableError, UnknownCodeError
from runtime_manager.gateway.access import CONTROL_LABEL
from runtime_manager.gateway.sessions import Reach, Scope, cookie_name, sign_session
from runtime_manager.supervisor.view import INVALID

DASHBOARD = "dashboard"
SESSION_LIFE_S = 12 * 3600
_EXCHANGE = "/_rtm/session"


class ExchangeQuery(Nothing):
    """The code of a one-time address."""

    code: str = Field(max_length=100)


class Origins:
    """Where the daemon is reached from a browser: through `base_url`, or by name on its own port.

    Names below `localhost` lead to this machine, so a proxy in front has no part in them.
    """

    def __init__(self, base_url: str, local_url: str | None = None) -> None:
        self._base_url = base_url
        self._port = urlsplit(local_url or base_url).port

    def by_path(self) -> str:
        """The one origin that all providers share."""
        return self._base_url

    def by_name(self, label: str) -> str:
        """An origin of its own."""
        port = "" if self._port in (None, 80) else f":{self._port}"
        return f"http://{label}.localhost{port}"


def dashboard_address(parts: ApiParts) -> str:
    """A one-time address that signs a browser in to the dashboard."""
    request = SessionRequest.model_validate({"for": DASHBOARD})
    origins = Origins(parts.base_url)
    origin, grant = grant_for(request, origins=origins, providers=parts.supervisor)
    return f"{origin}{_EXCHANGE}?code={parts.codes.issue(grant)}"


def grant_for(
    request: SessionRequest, *, origins: Origins, providers: Providers
) -> tuple[str, Grant]:
    """The origin to open, and what the code is good for there.

    Raises UnknownCodeError, NotStartableError for an invalid provider, BadRequestError for a
    dashboard by path: there it would share its origin with every provider.
    """
    if request.for_ == DASHBOARD:
        if request.via == "path":
            raise BadRequestError("the dashboard has a name only", hint="via: name")
        scope, origin, to = Scope(Reach.DASHBOARD), origins.by_name(CONTROL_LABEL), "/"
    else:
        view = providers.view(request.for_)
        if view.state == INVALID:
            raise NotStartableError(f"{view.code} is invalid: {view.manifest_error}")
        if request.via == "path":
            scope, origin, to = Scope(Reach.PATH), origins.by_path(), f"{view.namespace}/"
        else:
            scope, origin, to = Scope(Reach.NAME, view.code), origins.by_name(view.code), "/"
    return origin, Grant(str(scope), urlsplit(origin).netloc.lower(), to)


class SessionViews:
    """The operations that sign a browser in."""

    def __init__(self, parts: ApiParts) -> None:
        self._providers = parts.supervisor
        self._origins = Origins(parts.base_url, parts.local_url)
        self._codes = parts.codes
        self._clock: Clock = parts.clock
        self._key = parts.session_key
        self._cookie_name = cookie_name(parts.daemon_id)

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (
            Operation(
                "POST",
                "/api/v1/sessions",
                name="createSession",
                summary="An address that signs a browser in, once: provider or dashboard.",
                call=self.create,
                body=SessionRequest,
                answers=(Answer(201, "The address.", SessionDocument),),
                errors=(UnknownCodeError, NotStartableError),
            ),
            Operation(
                "GET",
                _EXCHANGE,
                name="exchangeSessionCode",
                summary="Where a one-time address leads: sets the session's cookie and goes on.",
                call=self.exchange,
                query=ExchangeQuery,
                answers=(
                    Answer(303, "Signed in; go on.", None, ()),
                    Answer(200, "Signed in; a page that goes on by itself.", None, ("text/html",)),
                ),
                errors=(SessionCodeError,),
                is_endless=True,
            ),
        )

    async def create(self, call: Call[Nothing, SessionRequest]) -> web.Response:
        """See `operations`."""
        origin, grant = grant_for(call.body, origins=self._origins, providers=self._providers)
        url = f"{origin}{_EXCHANGE}?code={self._codes.issue(grant)}"
        return answer(SessionDocument(url=url, expires_in_s=LIFE_S), status=201)

    async def exchange(self, call: Call[ExchangeQuery, Nothing]) -> web.Response:
        """See `operations`."""
        grant = self._codes.redeem(call.query.code, host=call.request.headers.get("Host", ""))
        response = _onward(call.request, grant.to)
        expires_at = int(self._clock.now().timestamp()) + SESSION_LIFE_S
        response.set_cookie(
            self._cookie_name,
            sign_session(self._key, scope=grant.scope, expires_at=expires_at),
            httponly=True,
            samesite="Strict",
            path="/",
        )
        response.headers["Referrer-Policy"] = "no-referrer"
        return response


def _onward(request: web.Request, to: str) -> web.Response:
    """A redirect; for who came by a link of another site, a page that goes on by itself.

    To a browser, a redirect of a cross-site navigation is cross-site too, and a SameSite=Strict
    cookie would not be sent along (RFC 6265bis, 5.2). The page's own refresh starts afresh.
    """
    if request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin"):
        return web.Response(status=303, headers={"Location": to})
    page = (
        '<!doctype html><meta charset="utf-8"><title>Signed in</title>'
        f'<meta http-equiv="refresh" content="0; url={html.escape(to)}">'
        f'<p>Signed in. <a href="{html.escape(to)}">Go on</a>'
    )
    return web.Response(
        text=page,
        content_type="text/html",
        headers={"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"},
    )
