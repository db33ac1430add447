"""``proofcall admin health``: whether a process of this machine answers."""

from __future__ import annotations

import aiohttp

from proofcall.roles import JOBS_SOCKET, Role
from recorder.process import CONTROL_SOCKET
from recorder.uploader import STATUS_SOCKET
from runtime.control import ControlClient, ControlError, load_control_secret
from runtime.errors import ProofcallError
from runtime.settings import Settings

_LIMIT_S = 4.0


class NotHealthyError(ProofcallError):
    """A process did not answer as it should."""


async def check_health(settings: Settings, role: Role, index: int) -> None:
    """Ask a process for its status, as its neighbours do.

    Raises:
        NotHealthyError: no answer in time, or not a good one.
    """
    match role:
        case Role.WEB | Role.WEB_AND_JOBS | Role.ALL:
            await _get(f"http://127.0.0.1:{settings.http_port}/healthz")
        case Role.JOBS:
            await _ask(settings, JOBS_SOCKET)
        case Role.MEDIA:
            await _ask(settings, f"media-{index}.sock")
        case Role.RECORDER:
            await _ask(settings, CONTROL_SOCKET)
        case Role.UPLOADER:
            await _ask(settings, STATUS_SOCKET)
    print(f"{role} answers")


async def _ask(settings: Settings, socket: str) -> None:
    secret = load_control_secret(settings.keys_dir)
    client = ControlClient(f"unix://{settings.run_dir / socket}", secret)
    try:
        await client.query("/status", timeout_s=_LIMIT_S)
    except ControlError as error:
        raise NotHealthyError(str(error)) from error
    finally:
        await client.close()


async def _get(url: str) -> None:
    limit = aiohttp.ClientTimeout(total=_LIMIT_S)
    try:
        async with aiohttp.ClientSession(timeout=limit) as http, http.get(url) as response:
            if response.status != 200:
                raise NotHealthyError(f"{url} answers {response.status}")
    except (aiohttp.ClientError, TimeoutError) as error:
        raise NotHealthyError(f"{url}: {error!r}") from error
