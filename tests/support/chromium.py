"""Real Chromium for tests, launched through playwright with a camera whose pictures can be read."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Playwright,
    async_playwright,
)

from runtime.errors import SetupError
from tests.support.cameras import TONE_HZ, Camera, Frame, camera_file, tone_file
from tests.support.held_code import drawing

Codec = Literal["H264", "VP8"]

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream=fps=30",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)
SYNCED_SOURCE_JS = Path(__file__).with_name("synced_source.js")
CODEC_ONLY_JS = Path(__file__).with_name("codec_only.js")


@dataclass(frozen=True, slots=True)
class Viewport:
    """A screen: CSS pixels, and whether it is touched."""

    width: int
    height: int
    touch: bool


PHONE = Viewport(390, 844, touch=True)
TABLET = Viewport(1180, 820, touch=True)
DESK = Viewport(1440, 900, touch=False)


@dataclass(frozen=True, slots=True)
class FileCamera:
    """Chromium's own fake devices playing files: the full capture path of a real camera.

    ``video`` and ``audio`` default to the camera's files of ``cameras.py``.
    """

    camera: Camera
    video: Path | None = None
    audio: Path | None = None


@dataclass(frozen=True, slots=True)
class SyncedCamera:
    """``synced_source.js`` instead of getUserMedia: wall clock and lip sync can be measured."""

    camera: Camera
    width: int = 1280
    height: int = 720
    fps: int = 30
    holds_code: bool = False
    """A hand holds the codes of ``held_code.py`` before the camera."""


@dataclass(slots=True)
class Chromium:
    """One running browser with one context."""

    browser: Browser
    context: BrowserContext
    mark: str
    console_errors: list[str] = field(default_factory=list)
    """Console errors and uncaught exceptions of all pages, as ``url: text``."""

    async def open(self, url: str) -> Page:
        """Open a page, its document loaded (at most 15 s)."""
        page = await self.context.new_page()
        await page.goto(url, timeout=15_000, wait_until="domcontentloaded")
        return page

    def kill(self) -> None:
        """SIGKILL the browser as a crash or an empty battery would; may be called twice."""
        for pid in _marked_processes(self.mark):
            os.kill(pid, signal.SIGKILL)

    def stop(self, number: signal.Signals) -> None:
        """Send SIGSTOP or SIGCONT to every process of the browser, as a phone that sleeps."""
        for pid in _with_descendants(_marked_processes(self.mark)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def chromium_path() -> str:
    """Return the browser's path: CHROMIUM, else chromium on the PATH; else SetupError."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None or not os.access(path, os.X_OK):
        raise SetupError("no Chromium: apt-get install chromium, or set CHROMIUM")
    return path


@asynccontextmanager
async def chromium(
    camera: FileCamera | SyncedCamera | None = None,
    *,
    viewport: Viewport = DESK,
    locale: str = "en-US",
    codec: Codec | None = None,
    permissions: Sequence[str] = ("camera", "microphone"),
    flags: Sequence[str] = (),
    ignore_https_errors: bool = False,
    executable: Path | None = None,
    playwright: Playwright | None = None,
) -> AsyncIterator[Chromium]:
    """Launch a browser and close it, killed or not, at the end.

    ``camera`` None leaves Chromium's green test picture. ``codec`` lets every
    page offer and accept only that video codec. Pass ``playwright`` to share
    one driver between several browsers. ``executable`` launches the browser in
    another way than ``chromium_path()``. Raises SetupError without Chromium.
    """
    if playwright is None:
        async with (
            async_playwright() as own,
            chromium(
                camera,
                viewport=viewport,
                locale=locale,
                codec=codec,
                permissions=permissions,
                flags=flags,
                ignore_https_errors=ignore_https_errors,
                executable=executable,
                playwright=own,
            ) as running,
        ):
            yield running
        return
    mark = f"--proofcall-test-browser={uuid.uuid4().hex}"
    browser = await playwright.chromium.launch(
        executable_path=executable or chromium_path(),
        args=[*FLAGS, *_camera_flags(camera), mark, *flags],
        timeout=30_000,
    )
    try:
        yield await _with_context(
            Chromium(
                browser,
                await browser.new_context(
                    viewport={"width": viewport.width, "height": viewport.height},
                    locale=locale,
                    has_touch=viewport.touch,
                    is_mobile=viewport.touch,
                    permissions=list(permissions),
                    ignore_https_errors=ignore_https_errors,
                ),
                mark,
            ),
            _init_scripts(camera, codec),
        )
    finally:
        await browser.close()


@asynccontextmanager
async def another_person(
    running: Chromium,
    camera: SyncedCamera | None = None,
    *,
    viewport: Viewport = DESK,
    locale: str = "en-US",
    codec: Codec | None = None,
    scripts: Sequence[str] = (),
) -> AsyncIterator[Chromium]:
    """Somebody else with the same running browser: cookies, camera and codec of their own.

    Starting a browser takes seconds; a context takes none.
    """
    context = await running.browser.new_context(
        viewport={"width": viewport.width, "height": viewport.height},
        locale=locale,
        has_touch=viewport.touch,
        is_mobile=viewport.touch,
        permissions=["camera", "microphone"],
    )
    try:
        yield await _with_context(
            Chromium(running.browser, context, running.mark),
            [*scripts, *_init_scripts(camera, codec)],
        )
    finally:
        await context.close()


async def _with_context(running: Chromium, scripts: Sequence[str]) -> Chromium:
    for script in scripts:
        await running.context.add_init_script(script)
    _collect_errors(running)
    return running


async def screenshot(page: Page, folder: Path, name: str) -> Path:
    """Keep what the page shows now as ``folder/name.png``."""
    path = folder / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=path, timeout=10_000)
    return path


async def grab(target: Locator | Page) -> Frame:
    """Return the pixels on the screen, RGB, of a page or of one element such as a video."""
    png = await target.screenshot(timeout=10_000)
    decoded = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise RuntimeError("Chromium's screenshot is not a picture")
    return np.ascontiguousarray(decoded[..., ::-1]).astype(np.uint8)


def _camera_flags(camera: FileCamera | SyncedCamera | None) -> list[str]:
    if not isinstance(camera, FileCamera):
        return []
    video = camera.video or camera_file(camera.camera)
    audio = camera.audio or tone_file(camera.camera)
    return [
        f"--use-file-for-fake-video-capture={video}",
        f"--use-file-for-fake-audio-capture={audio}",
    ]


def _init_scripts(camera: FileCamera | SyncedCamera | None, codec: Codec | None) -> list[str]:
    scripts = []
    if isinstance(camera, SyncedCamera):
        settings = {
            "camera": int(camera.camera),
            "width": camera.width,
            "height": camera.height,
            "fps": camera.fps,
            "hz": TONE_HZ[camera.camera],
            "held": drawing() if camera.holds_code else None,
        }
        scripts.append(
            f"window.__syncedSource = {json.dumps(settings)};\n{SYNCED_SOURCE_JS.read_text()}"
        )
    if codec is not None:
        scripts.append(f"window.__onlyCodec = {json.dumps(codec)};\n{CODEC_ONLY_JS.read_text()}")
    return scripts


def _collect_errors(running: Chromium) -> None:
    def watch(page: Page) -> None:
        def on_console(message: ConsoleMessage) -> None:
            if message.type == "error":
                running.console_errors.append(f"{page.url}: {message.text}")

        page.on("console", on_console)
        page.on(
            "pageerror", lambda error: running.console_errors.append(f"{page.url}: {error.message}")
        )

    running.context.on("page", watch)


def _marked_processes(mark: str) -> list[int]:
    """Find the browser by the flag that only it was given."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            # The process ended while we looked.
            continue
        if mark.encode() in arguments:
            found.append(int(entry.name))
    return found


def _with_descendants(pids: list[int]) -> list[int]:
    """These processes and all that they have started."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found = list(pids)
    for pid in found:
        found += [child for child in children.get(pid, []) if child not in found]
    return found
