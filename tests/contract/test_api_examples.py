"""The examples in the described API: there, whole, and as the server answers."""

from __future__ import annotations

import ast
import re
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest

from cases.states import Scope
from signaling.examples import UNKNOWN
from signaling.problem_examples import SENTENCES
from tests.support.seller_site import SellerSite, seller_site

_ROOT: Final = Path(__file__).resolve().parents[2]
_ROOMS: Final = ("signaling", "recorder", "cases", "runtime")
_JSON: Final = ("application/json", "application/problem+json")
_PLACEHOLDERS: Final = {UNKNOWN, "…", "...", "lorem", "foo", "TODO"}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[SellerSite]:
    """A running seller's site."""
    async with seller_site(tmp_path, api_rate_per_minute=1_000_000) as running:
        yield running


@pytest.fixture
async def document(site: SellerSite) -> Any:
    """The description that the running application serves."""
    return await (await site.client.get("/api/v1/openapi.json")).json()


def _operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            yield method.upper(), path, told


def _contents(document: Any) -> Iterator[tuple[str, str, Any]]:
    """Every JSON body that is told: where, its status or ``body``, and what is told of it."""
    for method, path, told in _operations(document):
        bodies = {**told["responses"], "body": told.get("requestBody", {})}
        for status, answer in bodies.items():
            for media_type, content in answer.get("content", {}).items():
                if media_type in _JSON and status != "default":
                    yield f"{method} {path}", status, content


def _examples(content: Any) -> list[Any]:
    if "example" in content:
        return [content["example"]]
    return [one["value"] for one in content.get("examples", {}).values()]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, str):
        yield value


def test_every_body_has_an_example_that_fits_its_schema(document: Any) -> None:
    """Success, error and request alike; no placeholder stands in one."""
    wrong = []
    for where, status, content in _contents(document):
        examples = _examples(content)
        if not examples:
            wrong.append(f"{where} {status}: no example")
        schema = {**content["schema"], "components": document["components"]}
        fits = jsonschema_rs.Draft202012Validator(schema)
        for example in examples:
            wrong += [f"{where} {status}: {error.message}" for error in fits.iter_errors(example)]
            wrong += [
                f"{where} {status}: the placeholder {text!r}"
                for text in _texts(example)
                if text in _PLACEHOLDERS
            ]
    assert wrong == []


def test_every_success_that_answers_json_was_looked_at(document: Any) -> None:
    """The walk above saw them: a renamed media type would leave it nothing to look at."""
    seen = {(where, status) for where, status, _content in _contents(document)}
    assert len([status for _where, status in seen if status.startswith("2")]) > 90
    assert ("GET /api/v1/cases/{id}", "200") in seen


def test_every_told_code_has_its_own_whole_problem(document: Any) -> None:
    """One body by code, of the status it comes with."""
    for where, status, content in _contents(document):
        if status[0] in "45":
            for code, example in content["examples"].items():
                body = example["value"]
                assert (body["code"], body["status"]) == (code, int(status)), where
                assert body["detail"] == SENTENCES[code]
                assert ("errors" in body) == (code == "invalid"), where


def test_the_server_says_every_sentence() -> None:
    """Each is found in the source, with its braces filled in."""
    said = [_pattern(node) for node in _texts_of_source()]
    known = "\n".join(one for one in said if isinstance(one, str))
    shapes = [one for one in said if isinstance(one, re.Pattern)]
    unsaid = {
        code
        for code, sentence in SENTENCES.items()
        if sentence not in known and not any(shape.fullmatch(sentence) for shape in shapes)
    }
    assert unsaid == {"too_large"}
    assert SENTENCES["too_large"] == "Request Entity Too Large"  # aiohttp says it


def _texts_of_source() -> Iterator[ast.expr]:
    for room in _ROOMS:
        for file in (_ROOT / room).rglob("*.py"):
            if file.name != "problem_examples.py":
                yield from (
                    node
                    for node in ast.walk(ast.parse(file.read_text()))
                    if isinstance(node, ast.JoinedStr | ast.Constant)
                )


def _pattern(node: ast.expr) -> str | re.Pattern[str] | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    assert isinstance(node, ast.JoinedStr)
    fixed = [part.value if isinstance(part, ast.Constant) else None for part in node.values]
    if not any(isinstance(part, str) and len(part) > 5 for part in fixed):
        return None  # braces alone would fit everything
    return re.compile("".join(".+" if one is None else re.escape(str(one)) for one in fixed))


async def test_problems_come_as_their_examples_say(site: SellerSite, document: Any) -> None:
    """Every operation is asked wrongly: whatever code it answers, the body is the told one."""
    secret = await site.seller.api_key(site.seller.lamp, *Scope)
    key = {"Authorization": f"Bearer {secret}"}
    forged = {"Authorization": "Bearer pk_forged"}
    seen: dict[str, int] = {}
    for method, path, told in _operations(document):
        url = re.sub(r"\{[^}]+\}", "nothing_here", path.replace("{locale}", "en"))
        tries: list[dict[str, Any]] = [
            {"headers": forged},
            {"headers": {"X-Proofcall": "1"}, "json": {}},
            {"headers": key, "json": {}},
            {"headers": key, "data": b"{"},
            {"headers": {**key, "Content-Type": "application/json"}, "data": b"{"},
        ]
        for asked in tries:
            async with site.client.request(method, url, **asked) as response:
                if response.status < 400:
                    continue
                body = await response.json()
            examples = told["responses"].get(str(response.status), {}).get("content", {})
            bodies = examples.get("application/problem+json", {}).get("examples", {})
            assert body["code"] in bodies, (method, path, body)
            example = bodies[body["code"]]["value"]
            seen[body["code"]] = seen.get(body["code"], 0) + 1
            assert set(body) == set(example), (method, path)
            assert HTTPStatus(response.status).phrase == body["title"] == example["title"]
            if body["code"] == "invalid" and asked.get("json") == {} and "requestBody" in told:
                assert body == example, (method, path)
            elif body["code"] in ("bad_key", "bad_json", "not_json", "invalid"):
                assert body["detail"] == example["detail"]
    assert set(seen) > {"bad_key", "not_signed_in", "not_json", "bad_json", "invalid", "not_found"}
    assert seen["bad_key"] > 100
