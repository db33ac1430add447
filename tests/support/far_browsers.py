"""Calls between browsers that stand in networks of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.support.cameras import Camera
from tests.support.chromium import PHONE, TABLET, Chromium, chromium
from tests.support.journeys import KEEP_PEERS_JS, Call, light_camera, meet
from tests.support.machine import Machine
from tests.support.namespaces import Namespace, Network


def office(net: Network, address: str, gateway: str) -> Namespace:
    """A host behind a link of our own; both addresses with their prefix length."""
    guest = net.namespace()
    net.link(net.here, guest, (gateway, address))
    guest.run("ip", "route", "add", "default", "via", gateway.partition("/")[0])
    return guest


@asynccontextmanager
async def meeting(
    machine: Machine,
    buyer_at: Path | None = None,
    flags: Sequence[str] = (),
    *,
    host_at: Path | None = None,
    scripts: Sequence[str] = (),
    watch: Callable[[Chromium, Chromium], None] = lambda buyer, host: None,
) -> AsyncIterator[Call]:
    """A buyer and a host face to face, each in a browser of another namespace or of this one.

    ``scripts`` run in every page; ``watch`` is given both browsers before they open any.
    """
    opened = await machine.open_case()
    secure = f"--unsafely-treat-insecure-origin-as-secure={machine.url}"
    async with AsyncExitStack() as stack:
        browsers: list[Chromium] = []
        for camera, viewport, at in (
            (Camera.BUYER, PHONE, buyer_at),
            (Camera.HOST, TABLET, host_at),
        ):
            with pytest.MonkeyPatch.context() as patched:
                if at is not None:
                    patched.setenv("CHROMIUM", str(at))
                browser = await stack.enter_async_context(
                    chromium(light_camera(camera), viewport=viewport, flags=(secure, *flags))
                )
            for script in (KEEP_PEERS_JS, *scripts):
                await browser.context.add_init_script(script)
            browsers.append(browser)
        watch(browsers[0], browsers[1])
        held = await meet(machine, browsers[0], browsers[1], opened)
        await held.sees_the_other()
        yield held
