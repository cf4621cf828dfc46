"""An operation of the API: address, parameters, body, answers and the function behind it.

The application's routes and the OpenAPI document are both made from these, so that neither has
what the other lacks. Parameters and bodies are checked before the function is called.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any, Generic, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from runtime_manager.api.problems import BadRequestError, BodyTypeError, Handler
from runtime_manager.errors import RuntimeManagerError

JSON = "application/json"

_OF_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
"""What a page of another site may send without being asked first (Fetch, CORS-safelisted)."""


class Nothing(BaseModel):
    """No parameter, or an empty body."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Q = TypeVar("Q", bound=BaseModel)
B = TypeVar("B", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Call(Generic[Q, B]):
    """A request whose query and body have been checked."""

    request: web.Request
    query: Q
    body: B

    @property
    def code(self) -> str:
        """The provider in the address."""
        return self.request.match_info["code"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One way an operation may answer: a JSON `schema`, or bytes of another media type."""

    status: int
    description: str
    schema: type[BaseModel] | None = None
    media_types: tuple[str, ...] = (JSON,)


@dataclass(frozen=True, slots=True)
class Operation:
    """What `method` on `path` does. `is_endless`: a stream, or a deed, that HEAD cannot ask for."""

    method: str
    path: str
    _: KW_ONLY
    name: str
    summary: str
    call: Callable[[Call[Any, Any]], Awaitable[web.StreamResponse]]
    answers: tuple[Answer, ...]
    query: type[BaseModel] = Nothing
    body: type[BaseModel] = Nothing
    errors: tuple[type[RuntimeManagerError], ...] = ()
    is_endless: bool = False

    def route(self) -> web.RouteDef:
        """The route that aiohttp is to have."""
        if self.method == "GET":
            return web.get(self.path, self.handler(), allow_head=not self.is_endless)
        return web.route(self.method, self.path, self.handler())

    def handler(self) -> Handler:
        """The function for aiohttp: checks, then calls."""

        async def handle(request: web.Request) -> web.StreamResponse:
            query = read_query(request, self.query)
            body = await read_body(request, self.body) if self.method == "POST" else Nothing()
            return await self.call(Call(request, query, body))

        return handle


def read_query(request: web.Request, model: type[Q]) -> Q:
    """The query as `model`. Raises BadRequestError for what it does not know or cannot read."""
    if len(request.query) != len(set(request.query)):
        raise BadRequestError("a query parameter is given twice")
    try:
        return model.model_validate(dict(request.query))
    except ValidationError as exc:
        raise BadRequestError(
            f"query: {_first_fault(exc)}", hint=_known(model, "parameters")
        ) from exc


async def read_body(request: web.Request, model: type[B]) -> B:
    """The JSON body as `model`; an absent one counts as `{}`.

    Raises BodyTypeError for any other content type, and BadRequestError for bad content.
    """
    is_given = request.can_read_body
    if request.content_type != JSON and (is_given or request.content_type in _OF_FORMS):
        raise BodyTypeError("the body must be application/json", hint="send Content-Type")
    content = await request.read() if is_given else b"{}"
    try:
        return model.model_validate_json(content)
    except ValidationError as exc:
        raise BadRequestError(f"body: {_first_fault(exc)}", hint=_known(model, "members")) from exc


def _first_fault(error: ValidationError) -> str:
    """Which member is wrong, and what is wrong with it; never its value."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    name = ".".join(str(part)[:40] for part in fault["loc"])
    return f"{name}: {fault['msg']}" if name else fault["msg"]


def _known(model: type[BaseModel], what: str) -> str:
    names = ", ".join(field.alias or name for name, field in model.model_fields.items())
    return f"known {what}: {names}" if names else f"this operation takes no {what}"
