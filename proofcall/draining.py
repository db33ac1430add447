"""``proofcall admin drain``: tells media workers of this machine to leave, and can wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from runtime.control import ControlClient, ControlError, load_control_secret
from runtime.errors import SetupError
from runtime.settings import Settings

_LOOK_S = 0.2
_TOLD_EVERY_S = 10.0


async def drain_workers(
    settings: Settings, workers: Sequence[int], *, limit_s: float, stays_down: bool, wait: bool
) -> None:
    """Drain the named workers, or all of this machine, side by side.

    Raises:
        SetupError: there is no such worker, or one does not answer.
    """
    found = {path.stem: path for path in settings.run_dir.glob("media-*.sock")}
    wanted = {f"media-{number}" for number in workers} or set(found)
    missing = sorted(wanted - set(found))
    if missing or not wanted:
        names = ", ".join(missing) or "any media worker"
        raise SetupError(f"{names} is not running here (looked in {settings.run_dir})")
    secret = load_control_secret(settings.keys_dir)
    await asyncio.gather(
        *(
            _drain(name, found[name], secret, limit_s=limit_s, stays_down=stays_down, wait=wait)
            for name in sorted(wanted)
        )
    )


async def _drain(
    name: str, path: Path, secret: str, *, limit_s: float, stays_down: bool, wait: bool
) -> None:
    client = ControlClient(f"unix://{path}", secret)
    try:
        epoch = (await client.query("/status"))["epoch"]
        said = await client.command("/drain", {"limit_s": limit_s, "stays_down": stays_down})
        print(f"{name}: takes nothing new; calls {said['sessions']}, people {said['peers']}")
        if wait:
            await _gone(name, client, epoch)
    except ControlError as error:
        raise SetupError(f"{name} does not answer: {error}") from error
    finally:
        await client.close()


async def _gone(name: str, client: ControlClient, epoch: str) -> None:
    """Wait until this life of the worker is over."""
    loop = asyncio.get_running_loop()
    tell_at_s = loop.time() + _TOLD_EVERY_S
    while True:
        try:
            status = await client.query("/status")
        except ControlError:
            break
        if status["epoch"] != epoch:
            break
        if loop.time() >= tell_at_s:
            tell_at_s += _TOLD_EVERY_S
            print(f"{name}: calls {status['sessions']}, people {status['peers']}")
        await asyncio.sleep(_LOOK_S)
    print(f"{name}: has left")
