"""Bodies and query strings, parsed once at the edge into pydantic models."""

from __future__ import annotations

from typing import Annotated, TypeVar

from aiohttp import web
from pydantic import BaseModel, Field, StringConstraints

from cases.commands import Command
from runtime.errors import CaseError

Model = TypeVar("Model", bound=BaseModel)


class PageWanted(Command):
    """Which page of a list; ``cursor`` is the ``next_cursor`` of the page before."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, StringConstraints(max_length=400)] | None = None


async def parse_body(request: web.Request, model: type[Model]) -> Model:
    """The request's JSON body.

    Raises:
        CaseError: ``not_json`` (415): the content type is another one.
        pydantic.ValidationError: told as 400 ``bad_json`` or 422 ``invalid``.
        web.HTTPRequestEntityTooLarge: told as 413 ``too_large``.
    """
    if request.content_type != "application/json":
        raise CaseError("not_json", "Send application/json.", status=415)
    return model.model_validate_json(await request.read())


def parse_query(request: web.Request, model: type[Model]) -> Model:
    """The request's query string; a name that comes twice is an error.

    Raises:
        pydantic.ValidationError: told as 422 ``invalid``.
    """
    given: dict[str, object] = {}
    for name in request.query:
        values = request.query.getall(name)
        given[name] = values[0] if len(values) == 1 else values
    return model.model_validate(given)
