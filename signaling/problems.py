"""The outermost edge: errors become problem details (RFC 9457), foreign pages change nothing."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from time import perf_counter
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from pydantic import ValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from structlog.contextvars import bound_contextvars

from runtime.errors import CaseError, StoreError, StoreFault
from runtime.ids import new_id
from signaling.services import SERVICES

log = structlog.get_logger()

MAX_BODY_BYTES: Final = 1024 * 1024
"""The application's ``client_max_size``."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# Nothing there looks at a cookie: a token, a signature or a signed link is asked for.
_NO_COOKIES: Final = ("/whip/", "/out/", "/hooks/", "/api/v1/scan-push/")
_CODES: Final = {
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "not_json",
}
_PAGE_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' https: blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'{sockets}",
        "font-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_DATA_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(self)",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_BUCKET_REFUSED = (
    "The bucket that keeps this evidence refuses us. Its owner must mend that: its access keys, "
    "its permissions or its quota. Nothing is lost."
)


def problem(
    status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **fields: object
) -> web.Response:
    """An error as the client reads it."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **fields,
    }
    return web.json_response(
        body, status=status, headers=headers, content_type="application/problem+json"
    )


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what a foreign page sends, and tell every error as problem details.

    Log lines of what runs inside carry the request's id, which the answer tells, and its session.
    """
    request_id = _request_id(request)
    began_s = perf_counter()
    with bound_contextvars(request_id=request_id, **_about(request)):
        response = await _answered(request, handler)
        if request.method not in _SAFE_METHODS or response.status >= 500:
            log.info(
                "request",
                method=request.method,
                route=_route(request),
                status=response.status,
                ms=round((perf_counter() - began_s) * 1000, 1),
            )
    if not response.prepared:
        response.headers["X-Request-Id"] = request_id
    return response


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        check_origin(request)
        if any("\0" in part for part in request.match_info.values()):
            # No name of ours holds one, and PostgreSQL cannot even be asked for it.
            raise web.HTTPNotFound
        return await handler(request)
    except CaseError as error:
        return _told(error)
    except ValidationError as error:
        return _invalid(error)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        code = _CODES.get(error.status, "bad_request" if error.status < 500 else "internal")
        kept = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
        return problem(error.status, code, error.reason, headers=kept)
    except StoreError as error:
        if error.fault is StoreFault.CUSTOMER:
            log.error(
                "the store refuses",
                route=_route(request),
                fault=error.fault.value,
                reason=error.reason,
                error=str(error),
            )
            return problem(503, "bucket_refused", _BUCKET_REFUSED)
        log.exception("store failed", route=_route(request), fault=error.fault.value)
        return problem(503, "store_unavailable", "The store cannot be reached. Try again.")
    except (OperationalError, InterfaceError, PoolTimeoutError):
        log.exception("database failed", route=_route(request))
        return problem(503, "database_unavailable", "The database is busy. Try again.")
    except Exception:
        log.exception("request failed", method=request.method, route=_route(request))
        return problem(500, "internal", "Something went wrong on our side.")


def _route(request: web.Request) -> str:
    """The route's pattern: the path itself may hold a join link's secret."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"


def _about(request: web.Request) -> dict[str, str]:
    session_id = request.match_info.get("id", "")
    return {"session_id": session_id[:80]} if session_id.startswith("ses_") else {}


def _request_id(request: web.Request) -> str:
    """The one that a proxy gave, if it looks like one, else a new one."""
    given = request.headers.get("X-Request-Id", "")
    return given if _REQUEST_ID.fullmatch(given) else new_id("req")


def check_origin(request: web.Request) -> None:
    """Let only our own pages change something with a cookie.

    A request with an ``Authorization`` header is a machine's: its cookies are not looked at,
    and no page can send that header across origins without asking us first.

    Raises:
        CaseError: ``wrong_origin`` (403).
    """
    if request.method in _SAFE_METHODS or "Authorization" in request.headers:
        return
    if request.path.startswith(_NO_COOKIES):
        return
    origin = request.headers.get("Origin")
    fetched_from = request.headers.get("Sec-Fetch-Site", "same-origin")
    if (
        request.headers.get("X-Proofcall") != "1"
        or fetched_from not in ("same-origin", "none")
        or (origin is not None and not _is_ours(request, origin))
    ):
        raise CaseError("wrong_origin", "This request did not come from our pages.", status=403)


def page_policy(public_url: str) -> str:
    """What a page of ours may do (Content-Security-Policy)."""
    host = urlsplit(public_url)
    sockets = f" {'wss' if host.scheme == 'https' else 'ws'}://{host.netloc}"
    return _PAGE_POLICY.format(sockets=sockets)


def secure_headers(
    public_url: str, *, lan: bool = False
) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """What goes into ``app.on_response_prepare``: headers that keep pages and data apart.

    A handler that sets one of these itself keeps its own value. On a ``lan`` no browser is
    told to insist on HTTPS: tomorrow the address may be another machine's.
    """
    host = urlsplit(public_url)
    pages_may = page_policy(public_url)

    async def add(request: web.Request, response: web.StreamResponse) -> None:
        headers = response.headers
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        is_page = response.content_type == "text/html"
        headers.setdefault("Content-Security-Policy", pages_may if is_page else _DATA_POLICY)
        if request.path.startswith("/api/"):
            headers.setdefault("Cache-Control", "no-store")
        if host.scheme == "https" and not lan:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")

    return add


def _is_ours(request: web.Request, origin: str) -> bool:
    # A browser writes the Host header itself: a foreign page cannot make the two agree
    # and still have our cookies sent. A proxy may rewrite it, hence the public address.
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        return False
    public = urlsplit(request.app[SERVICES].settings.public_url).netloc
    return bool(host) and host in (request.host, public)


def _told(error: CaseError) -> web.Response:
    headers: dict[str, str] = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="proofcall"'
    if "retry_after_s" in error.fields:
        headers["Retry-After"] = str(error.fields["retry_after_s"])
    return problem(error.status, error.code, error.message, headers=headers, **error.fields)


def _invalid(error: ValidationError) -> web.Response:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if any(part["type"] == "json_invalid" for part in found):
        return problem(400, "bad_json", "The body is not JSON.")
    errors = field_errors(error)
    return problem(422, "invalid", "Some of what was sent does not fit.", errors=errors)


def field_errors(error: ValidationError) -> list[dict[str, str]]:
    """Which fields do not fit, and why, as ``invalid`` tells it: fifty at most."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        {"field": ".".join(str(step) for step in part["loc"]), "message": part["msg"]}
        for part in found[:50]
    ]
