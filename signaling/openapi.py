"""The API's own description: routes are declared once, served, and told as OpenAPI 3.1."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from signaling.examples import example_of
from signaling.problem_examples import codes_of, problem_example
from signaling.problems import field_errors

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Answer = type[BaseModel] | str | None
"""A model in JSON, the media type of bytes, or nothing at all."""

_KEYED: Final = "bad_key_header, key_reused"
_REFERENCE: Final = "#/components/schemas/{model}"

_ABOUT: Final = (
    "Return cases, their live inspections and the evidence of them. Send an API key as "
    "`Authorization: Bearer pk_…`. Every error is a problem (RFC 9457) with a stable `code`. "
    "Lists are pages: ask again with `cursor` until `next_cursor` is null. What may be made "
    "twice by accident takes an `Idempotency-Key`; what two may change at once takes the "
    "`ETag` as `If-Match`. `RateLimit` tells how many requests are left, `Retry-After` when "
    "to come again."
)


class Problem(BaseModel):
    """An error (RFC 9457); ``code`` is stable, ``detail`` is a sentence for a person."""

    model_config = ConfigDict(extra="allow")
    type: str
    title: str
    status: int
    detail: str
    code: str


@dataclass(frozen=True, slots=True)
class Operation:
    """A handler with everything that is told about it."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    summary: str
    handler: Handler
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    headers: Mapping[str, str]
    answers: Mapping[int, Answer]
    secured: bool
    errors: Mapping[int, str]
    repeat: str | None


_OPERATIONS: Final[web.AppKey[list[Operation]]] = web.AppKey("operations")


def route(
    method: Literal["GET", "POST", "PUT", "DELETE"],
    path: str,
    summary: str,
    *,
    answers: Mapping[int, Answer],
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    headers: Mapping[str, str] | None = None,
    secured: bool = True,
    errors: Mapping[int, str] | None = None,
    repeat: str | None = None,
) -> Callable[[Handler], Operation]:
    """Declare a handler of ``/api/v1``; ``headers`` maps optional request headers to their use.

    ``errors`` names the codes of its own problems by status; those that every route may
    answer are told by themselves. ``repeat`` says of a POST without ``Idempotency-Key`` what
    the same request does a second time. The decorated name is an ``Operation``: give it to
    ``register``.
    """

    def declare(handler: Handler) -> Operation:
        return Operation(
            method,
            path,
            summary,
            handler,
            body,
            query,
            headers or {},
            answers,
            secured,
            errors or {},
            repeat,
        )

    return declare


def register(app: web.Application, operations: Sequence[Operation]) -> None:
    """Serve these operations and describe them."""
    for operation in operations:
        app.router.add_route(operation.method, operation.path, operation.handler)
    _declared(app).extend(operations)


def add_routes(app: web.Application) -> None:
    """Serve the description under ``/api/v1/openapi.json``."""

    told: list[bytes] = []

    async def document(request: web.Request) -> web.Response:
        if not told:
            # Four tenths of a second of work, for what stays the same as long as this process.
            operations = request.app[_OPERATIONS]
            told.append(await asyncio.to_thread(lambda: json.dumps(describe(operations)).encode()))
        return web.Response(body=told[0], content_type="application/json", charset="utf-8")

    _declared(app)
    app.router.add_get("/api/v1/openapi.json", document)


def _declared(app: web.Application) -> list[Operation]:
    if _OPERATIONS not in app:
        app[_OPERATIONS] = []
    return app[_OPERATIONS]


def describe(operations: Sequence[Operation]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of these operations."""
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(Problem, "serialization"): None}
    for operation in operations:
        if operation.body is not None:
            wanted[operation.body, "validation"] = None
        for answer in operation.answers.values():
            if isinstance(answer, type):
                wanted[answer, "serialization"] = None
    references, definitions = models_json_schema(list(wanted), ref_template=_REFERENCE)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        entry = paths.setdefault(operation.path, {})
        entry[operation.method.lower()] = _operation(operation, references, definitions["$defs"])
    return {
        "openapi": "3.1.0",
        "info": {"title": "Proofcall", "version": "1", "description": _ABOUT},
        "paths": paths,
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer"},
                "login": {"type": "apiKey", "in": "cookie", "name": "pc_login"},
            },
        },
    }


def _operation(
    operation: Operation, references: Mapping[Any, Any], definitions: Mapping[str, Any]
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": getattr(operation.handler, "__name__", operation.path),
        "summary": operation.summary,
        "parameters": _parameters(operation),
        "responses": {
            str(status): {
                "description": "Done." if status < 300 else "See the code.",
                **_content(answer, references, definitions),
            }
            for status, answer in operation.answers.items()
        },
        "security": [{"key": []}, {"login": []}] if operation.secured else [],
    }
    invalid = _wrong_fields(operation)
    if operation.repeat is not None:
        told["description"] = f"Sent twice: {operation.repeat}"
    for status, codes in _errors(operation).items():
        told["responses"].setdefault(str(status), _problem(status, codes, invalid, references))
    told["responses"]["default"] = {
        "description": "An error.",
        "content": {"application/problem+json": {"schema": references[Problem, "serialization"]}},
    }
    if operation.body is not None:
        schema = references[operation.body, "validation"]
        told["requestBody"] = {
            "required": True,
            "content": {
                "application/json": {
                    "schema": schema,
                    "example": example_of(schema, definitions),
                }
            },
        }
    return told


def _errors(operation: Operation) -> dict[int, str]:
    """The codes of every problem that the operation may answer, by status."""
    told: dict[int, str] = {}
    if operation.secured:
        told[401] = "not_signed_in, bad_key"
        told[403] = "forbidden, wrong_role, wrong_origin"
        told[429] = "too_many_requests: wait as long as Retry-After says"
    if "{" in operation.path:
        told[404] = "not_found: there is no such thing, or not for you"
    if operation.query is not None:
        told[422] = "invalid, bad_cursor"
    if operation.body is not None:
        told |= {400: "bad_json", 413: "too_large", 415: "not_json", 422: "invalid"}
    told |= operation.errors
    if "Idempotency-Key" in operation.headers:
        told[422] = f"{told[422]}, {_KEYED}" if 422 in told else _KEYED
    if "If-Match" in operation.headers:
        told.setdefault(412, "version_conflict")
    return told


def _problem(
    status: int, codes: str, invalid: Sequence[Mapping[str, str]], references: Mapping[Any, Any]
) -> dict[str, Any]:
    content = {
        "schema": references[Problem, "serialization"],
        "examples": {
            code: {"value": problem_example(status, code, invalid)} for code in codes_of(codes)
        },
    }
    return {"description": codes, "content": {"application/problem+json": content}}


def _wrong_fields(operation: Operation) -> list[dict[str, str]]:
    """What is said of a request with nothing in it or, where that fits, with a field too many."""
    for asked in (operation.body, operation.query):
        if asked is None:
            continue
        for given in (b"{}", b'{"colour": "red"}'):
            try:
                asked.model_validate_json(given)
            except ValidationError as error:
                return field_errors(error)
    return [{"field": "", "message": "String should have at least 1 character"}]


def _content(
    answer: Answer, references: Mapping[Any, Any], definitions: Mapping[str, Any]
) -> dict[str, Any]:
    if answer is None:
        return {}
    if isinstance(answer, str):
        return {"content": {answer: {"schema": {"type": "string", "format": "binary"}}}}
    schema = references[answer, "serialization"]
    told = {"schema": schema, "example": example_of(schema, definitions)}
    return {"content": {"application/json": told}}


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    names = [part[1:-1].partition(":")[0] for part in operation.path.split("/") if part[:1] == "{"]
    told: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in names
    ]
    if operation.query is not None:
        schema = operation.query.model_json_schema(ref_template=_REFERENCE)
        required = schema.get("required", [])
        told += [
            {
                "name": name,
                "in": "query",
                "required": name in required,
                "schema": _inlined(field, schema),
            }
            for name, field in schema["properties"].items()
        ]
    told += [
        {"name": name, "in": "header", "description": use, "schema": {"type": "string"}}
        for name, use in operation.headers.items()
    ]
    return told


def _inlined(field: Any, schema: Mapping[str, Any]) -> Any:
    """A query parameter's schema without references: its models have no place of their own."""
    if isinstance(field, dict):
        reference = field.get("$ref")
        if isinstance(reference, str):
            return schema["$defs"][reference.rpartition("/")[2]]
        return {name: _inlined(part, schema) for name, part in field.items()}
    if isinstance(field, list):
        return [_inlined(part, schema) for part in field]
    return field
