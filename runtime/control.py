"""Commands between our own processes: JSON over HTTP, idempotent by command id."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import structlog
from aiohttp import web

from runtime.durable_files import load_or_make
from runtime.errors import CaseError, ProofcallError
from runtime.ids import new_id

log = structlog.get_logger()

Json = dict[str, Any]
Command = Callable[[Mapping[str, str], Json], Awaitable[Json]]
"""Takes the path's parameters and the body, gives the answer's body."""

_REMEMBERED = 4096
# Far longer than any caller repeats a command; an answer may be large.
_REMEMBERED_S = 120.0
_MAX_BODY_BYTES = 16 * 1024 * 1024
_MAX_LOGGED_ID = 80


class ControlError(ProofcallError):
    """A command was refused (``status`` 4xx) or could not be carried out (5xx or no answer, 0)."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message


def load_control_secret(keys_dir: Path) -> str:
    """The secret all processes of this host share, made at first use (0600)."""
    made = load_or_make(keys_dir / "control.secret", lambda: secrets.token_urlsafe(32).encode())
    return made.decode().strip()


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a command was or will be answered, and since when it is remembered."""

    future: asyncio.Future[tuple[int, Json]]
    at_s: float


class ControlServer:
    """Serves commands on a Unix socket (``unix:///path``) or ``http://host:port``."""

    def __init__(self, address: str, secret: str) -> None:
        self._address = address
        self._secret = secret
        self._answers: OrderedDict[str, _Answer] = OrderedDict()
        self._app = web.Application(
            client_max_size=_MAX_BODY_BYTES, middlewares=[self._authenticate]
        )
        self._runner: web.AppRunner | None = None

    def command(self, path: str, body: Command) -> None:
        """Register a command under ``POST path``."""

        async def handler(request: web.Request) -> web.Response:
            return await self._run(request, body)

        self._app.router.add_post(path, handler)

    def query(self, path: str, body: Command) -> None:
        """Register something to read under ``GET path``."""

        async def handler(request: web.Request) -> web.Response:
            with _concerning(request.match_info, {}):
                status, answer = await self._execute(request.match_info, {}, body)
            return web.json_response(answer, status=status)

        self._app.router.add_get(path, handler)

    async def start(self) -> None:
        """Begin to listen; an old socket file is replaced."""
        self._runner = web.AppRunner(self._app, access_log=None)
        await self._runner.setup()
        if self._address.startswith("unix://"):
            path = self._address.removeprefix("unix://")
            await asyncio.to_thread(_clear_socket_path, Path(path))
            await web.UnixSite(self._runner, path).start()
        else:
            host, _, port = self._address.removeprefix("http://").rpartition(":")
            await web.TCPSite(self._runner, host, int(port)).start()

    async def close(self) -> None:
        """Stop listening; may be called twice."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _authenticate(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._secret.encode()):
            return web.json_response(
                {"code": "unauthorized", "message": "wrong secret"}, status=401
            )
        return await handler(request)

    async def _run(self, request: web.Request, body: Command) -> web.Response:
        try:
            given = await request.json()
        except ValueError:
            given = None
        if not isinstance(given, dict) or not isinstance(given.get("command_id"), str):
            return web.json_response(
                {"code": "bad_command", "message": "expected an object with a command_id"},
                status=400,
            )
        command_id = given.pop("command_id")
        known = self._answers.get(command_id)
        if known is None:
            known = _Answer(asyncio.get_running_loop().create_future(), time.monotonic())
            self._answers[command_id] = known
            self._forget_old(known.at_s)
            try:
                with _concerning(request.match_info, given, command_id=command_id):
                    known.future.set_result(await self._execute(request.match_info, given, body))
            except BaseException:
                # The caller went away or we are stopping: a repeat must run the command again.
                self._answers.pop(command_id, None)
                known.future.cancel()
                raise
        status, answer = await asyncio.shield(known.future)
        if status >= 500:
            self._answers.pop(command_id, None)
        return web.json_response(answer, status=status)

    def _forget_old(self, now_s: float) -> None:
        while self._answers:
            oldest = next(iter(self._answers.values()))
            is_old = now_s - oldest.at_s > _REMEMBERED_S and oldest.future.done()
            if not is_old and len(self._answers) <= _REMEMBERED:
                return
            self._answers.popitem(last=False)

    @staticmethod
    async def _execute(match: Mapping[str, str], given: Json, body: Command) -> tuple[int, Json]:
        try:
            return 200, await body(match, given)
        except CaseError as error:
            return error.status, {"code": error.code, "message": error.message}
        except (KeyError, TypeError, ValueError) as error:
            log.warning("bad command", error=repr(error))
            return 400, {"code": "bad_command", "message": repr(error)}
        except Exception:
            log.exception("command failed")
            return 500, {"code": "internal", "message": "the command failed; see the log"}


def _concerning(
    match: Mapping[str, str], given: Json, **fields: str
) -> AbstractContextManager[object]:
    """Log lines of what runs inside carry the command's id and the session it is about."""
    session_id = match.get("session_id") or given.get("session_id")
    if isinstance(session_id, str):
        fields["session_id"] = session_id[:_MAX_LOGGED_ID]
    return structlog.contextvars.bound_contextvars(**fields)


def _clear_socket_path(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)


class ControlClient:
    """Sends commands to one ``ControlServer``; ``close()`` may be called twice."""

    def __init__(self, address: str, secret: str) -> None:
        self._address = address
        self._secret = secret
        self._session: aiohttp.ClientSession | None = None

    async def command(
        self, path: str, body: Json, *, timeout_s: float = 5.0, command_id: str | None = None
    ) -> Json:
        """Carry out one command and give its answer.

        Raises:
            ControlError: refused, failed, or no answer within ``timeout_s``. The same
                ``command_id`` may then be sent again: it is carried out once.
        """
        given = {**body, "command_id": command_id or new_id("cmd")}
        return await self._request("POST", path, given, timeout_s)

    async def query(self, path: str, *, timeout_s: float = 5.0) -> Json:
        """Read something.

        Raises:
            ControlError: as for ``command``.
        """
        return await self._request("GET", path, None, timeout_s)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _request(self, method: str, path: str, body: Json | None, timeout_s: float) -> Json:
        session = self._session
        if session is None:
            unix = self._address.startswith("unix://")
            connector = (
                aiohttp.UnixConnector(self._address.removeprefix("unix://"))
                if unix
                else aiohttp.TCPConnector()
            )
            session = self._session = aiohttp.ClientSession(
                "http://control" if unix else self._address,
                connector=connector,
                headers={"Authorization": f"Bearer {self._secret}"},
            )
        try:
            async with session.request(
                method, path, json=body, timeout=aiohttp.ClientTimeout(total=timeout_s)
            ) as response:
                answer: Json = await response.json()
                if response.status >= 400:
                    raise ControlError(response.status, answer["code"], answer["message"])
                return answer
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise ControlError(0, "unreachable", repr(error)) from error
