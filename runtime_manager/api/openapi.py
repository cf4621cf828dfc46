"""The OpenAPI 3.1 document of the control API, made from its operations. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from runtime_manager.api.operation import JSON, Answer, Nothing, Operation
from runtime_manager.api.problems import MEDIA_TYPE, BadRequestError, BodyTypeError, status_of
from runtime_manager.api.schemas import ProblemDocument

_REF = "#/components/schemas/{model}"
_VARIABLE = re.compile(r"\{(\w+)(?::[^}]*)?\}")

Schemas = Mapping[type[BaseModel], Any]


def openapi_document(operations: Iterable[Operation], *, version: str) -> dict[str, Any]:
    """The whole document, fit for JSON."""
    known = tuple(operations)
    schemas, components = _schemas(known)
    paths: dict[str, dict[str, Any]] = {}
    for operation in known:
        item = paths.setdefault(_VARIABLE.sub(r"{\1}", operation.path), {})
        item[operation.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Runtime Manager",
            "version": version,
            "description": "The control API of the Runtime Manager daemon.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token in the daemon's token file; over its Unix socket"
                    " none is asked.",
                }
            },
        },
        "security": [{"token": []}],
    }


def _schemas(operations: tuple[Operation, ...]) -> tuple[Schemas, dict[str, Any]]:
    models: dict[type[BaseModel], None] = {ProblemDocument: None}
    for operation in operations:
        models |= {a.schema: None for a in operation.answers if a.schema is not None}
        if operation.body is not Nothing:
            models[operation.body] = None
    found, definitions = models_json_schema(
        [(model, "serialization") for model in models], ref_template=_REF, by_alias=True
    )
    return {model: found[model, "serialization"] for model in models}, definitions["$defs"]


def _operation(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": _responses(operation, schemas),
    }
    parameters = [*_path_parameters(operation), *_query_parameters(operation)]
    if parameters:
        told["parameters"] = parameters
    if operation.body is not Nothing:
        content = {JSON: {"schema": schemas[operation.body]}}
        told["requestBody"] = {"required": True, "content": content}
    return told


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _VARIABLE.findall(operation.path)
    ]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    schema = operation.query.model_json_schema(mode="validation")
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": member}
        for name, member in schema.get("properties", {}).items()
    ]


def _responses(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    told = {str(answer.status): _answer(answer, schemas) for answer in operation.answers}
    for status in sorted({status_of(error) for error in _errors(operation)}):
        problem = {MEDIA_TYPE: {"schema": schemas[ProblemDocument]}}
        phrase = HTTPStatus(status).phrase
        told.setdefault(str(status), {"description": phrase, "content": problem})
    return told


def _errors(operation: Operation) -> tuple[type[Any], ...]:
    takes_body = (BodyTypeError,) if operation.method == "POST" else ()
    return (BadRequestError, *takes_body, *operation.errors)


def _answer(answer: Answer, schemas: Schemas) -> dict[str, Any]:
    told: dict[str, Any] = {"description": answer.description}
    schema = {} if answer.schema is None else {"schema": schemas[answer.schema]}
    if answer.media_types:
        told["content"] = dict.fromkeys(answer.media_types, schema)
    return told
