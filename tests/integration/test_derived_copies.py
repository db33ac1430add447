"""Derived copies of what a recorder really wrote: the drawn clock, masks, the statement."""

from __future__ import annotations

import asyncio
import io
import json
import os
import resource
import signal
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import av
import cv2
import numpy as np
import pytest

from cases.actor import SystemActor
from cases.database import Database
from cases.tables import Case, DerivedCopy, Gap
from recorder.depacketise import Codec
from recorder.derived import render
from recorder.derived.canvas import HEADING_HEIGHT, SIDE_HEIGHT, SIDE_WIDTH
from recorder.derived.kept_order import opened_order, opened_statement, sealed_order
from recorder.derived.lettering import CELL_HEIGHT, CELL_WIDTH, Lettering
from recorder.derived.making import make_copy
from recorder.derived.order import CopyOrder, MaskOrder, MuteOrder
from recorder.made_files import read_made
from recorder.part_order import PartOrder
from recorder.playback import Playback
from recorder.proof.part_scope import Scope
from recorder.sealing import seal_session
from runtime.settings import Settings
from tests.integration.test_part_export import T0_MS, World, take_in
from tests.support.cameras import draw_frame
from tests.support.film_children import film_children
from tests.support.frame_code import Camera, read_code
from tests.support.recording_rig import MemoryStore, SpoolRig
from tests.support.seller import make_seller
from tests.support.tap_feed import EncodedFrame, encode_audio, packetise

FPS = 30
SECONDS = 6
SIZE = (640, 360)
CODE_SIZE = (480, 270)


def place_of(number: int) -> tuple[int, int]:
    """Where the code stands in a picture: the camera pans, about 60 pixels a second."""
    at = number / FPS
    return round(70 + 60 * np.sin(at)), round(40 + 35 * np.sin(1.7 * at))


def scene(number: int) -> np.ndarray[Any, Any]:
    """A picture of 640 × 360 in which a readable code of 480 × 270 moves over a rough ground."""
    ground = np.random.default_rng(1).integers(60, 200, (20, 34, 3), np.uint8)
    left, top = place_of(number)
    wide = cv2.resize(ground, (SIZE[0] * 2, SIZE[1] * 2), interpolation=cv2.INTER_CUBIC)
    picture = wide[SIZE[1] // 2 - top :, SIZE[0] // 2 - left :][: SIZE[1], : SIZE[0]].copy()
    code = cv2.resize(draw_frame(Camera.BUYER, number), CODE_SIZE, interpolation=cv2.INTER_AREA)
    picture[top : top + CODE_SIZE[1], left : left + CODE_SIZE[0]] = code
    return picture


@cache
def filmed(jump_at: int | None = None, codec: Codec = Codec.H264) -> list[EncodedFrame]:
    """Encoded as a browser does; from ``jump_at`` on the camera shows something else."""
    context = av.CodecContext.create("libx264" if codec is Codec.H264 else "libvpx", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height = SIZE
    context.pix_fmt, context.time_base = "yuv420p", Fraction(1, FPS)
    context.framerate, context.gop_size, context.thread_count = Fraction(FPS), 60, 1
    if codec is Codec.H264:
        context.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "profile": "baseline",
            "crf": "22",
        }
    else:
        context.bit_rate = 2_000_000
        context.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    out: list[EncodedFrame] = []
    for number in [*range(SECONDS * FPS), None]:
        frame = None
        if number is not None:
            drawn = scene(number)
            if jump_at is not None and number >= jump_at:
                drawn = np.ascontiguousarray(np.roll(drawn, 320, axis=1))
            frame = av.VideoFrame.from_ndarray(drawn, "bgr24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, context.time_base
        for packet in context.encode(frame):
            out.append(EncodedFrame((packet.pts or 0) / FPS, packet.is_keyframe, bytes(packet)))
    return out


async def spooled(
    tmp_path: Path,
    frames: Sequence[EncodedFrame],
    codec: Codec = Codec.H264,
    away_s: tuple[float, float] | None = None,
) -> SpoolRig:
    """The film as a recorder wrote it; a beep each second, and a span of which nothing came."""
    rig = SpoolRig(tmp_path / "spool")
    picture = rig.session.open_track("par_1", "trk_v", "peer_1", codec)
    sound = rig.session.open_track("par_1", "trk_a", "peer_1", Codec.OPUS)
    assert picture is not None
    assert sound is not None
    pictures, beeps = (
        [one for one in packets if away_s is None or not away_s[0] <= one.at_s < away_s[1]]
        for packets in (
            packetise(codec.value, frames),
            packetise("opus", encode_audio(SECONDS)),
        )
    )
    rig.feed((picture, pictures), (sound, beeps))
    await rig.session.close("ended")
    return rig


async def recorded(
    tmp_path: Path,
    frames: Sequence[EncodedFrame],
    codec: Codec = Codec.H264,
    away_s: tuple[float, float] | None = None,
    language: str = "en",
) -> World:
    """The film, recorded and sealed with its gaps."""
    rig = await spooled(tmp_path, frames, codec, away_s)
    store = MemoryStore()
    seller = await make_seller(Database(f"sqlite+aiosqlite:///{tmp_path / 'new' / 'p.db'}"))
    found = World(seller, Settings(data=tmp_path), store, Playback(cast("Any", store)))
    await take_in(found, rig)
    async with found.database.begin() as tx:
        (await tx.get_one(Case, found.case_id)).buyer_locale = language
        for number, fact in enumerate(rig.facts("gap")):
            tx.add(
                Gap(
                    id=f"gap_{number}",
                    session_id=found.session_id,
                    participant_id="par_buyer",
                    recording_id=fact["recording_id"],
                    from_ns=fact["from_ns"],
                    to_ns=fact["to_ns"],
                    cause=fact["cause"],
                    packets=fact.get("packets"),
                )
            )
    await seal_session(found.evidence, found.session_id)
    return found


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Six seconds of the buyer's moving camera."""
    found = await recorded(tmp_path, filmed())
    yield found
    await found.database.close()


async def copy_of(
    world: World,
    *,
    masks: Sequence[MaskOrder] = (),
    mutes: Sequence[MuteOrder] = (),
    to_ms: int = 20_000,
    order: CopyOrder | None = None,
) -> tuple[DerivedCopy, bytes]:
    """A copy of the first seconds, made as durable work does, and its bytes."""
    part = PartOrder(world.session_id, Scope([], T0_MS, T0_MS + to_ms))
    reason = "a reason" if masks or mutes else None
    order = order or CopyOrder(part, masks, mutes, reason)
    async with world.database.begin() as tx:
        key = await world.keys.session_key(tx, world.session_id)
        row = DerivedCopy(
            id="drv_1",
            case_id=world.case_id,
            session_id=world.session_id,
            ordered_by=SystemActor().label,
            kind=order.kind,
            sealed_order=sealed_order(key, "drv_1", order),
            state="wanted",
            done_ms=0,
            created_at=world.seller.now,
        )
        tx.add(row)
    await make_copy(world.evidence, "drv_1")
    async with world.database.read() as tx:
        made = await tx.get_one(DerivedCopy, "drv_1")
    content = b""
    if made.state == "ready":
        content = b"".join([p async for p in read_made(world.evidence, made, 0, made.size or 0)])
    return made, content


async def order_of(world: World, made: DerivedCopy) -> CopyOrder:
    """What was asked for, and what became of its masks."""
    async with world.database.read() as tx:
        return opened_order(await world.keys.session_key(tx, made.session_id), made)


async def statement_of(world: World, made: DerivedCopy) -> str:
    """What was signed."""
    async with world.database.read() as tx:
        return opened_statement(await world.keys.session_key(tx, made.session_id), made)


def pictures(content: bytes) -> list[tuple[float, np.ndarray[Any, Any]]]:
    """Seconds of the film without the card, and the whole picture (BGR)."""
    with av.open(io.BytesIO(content)) as container:
        return [
            (float(frame.time or 0) - render.CARD_S, frame.to_ndarray(format="bgr24"))
            for frame in container.decode(video=0)
            if float(frame.time or 0) >= render.CARD_S
        ]


@cache
def known_letters() -> dict[str, np.ndarray[Any, Any]]:
    """What a moment is written with, each in its cell."""
    lettering = Lettering("en")
    return {one: lettering.cells(one).astype(np.float32) for one in "0123456789:-. "}


def read_line(picture: np.ndarray[Any, Any], left: int, top: int, count: int) -> str:
    """The characters that are drawn somewhere, by comparing them with each letter."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32)
    known = known_letters()
    out = ""
    for at in range(count):
        x = left + at * CELL_WIDTH
        cell = grey[top : top + CELL_HEIGHT, x : x + CELL_WIDTH]
        out += min(known, key=lambda one: float(((known[one] - cell) ** 2).sum()))
    return out


def of_day(text: str) -> int:
    """Milliseconds of the day of ``09:00:12.345``."""
    hours, minutes, seconds = text.split(":")
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1000)


def code_in(picture: np.ndarray[Any, Any], number: int) -> int | None:
    """The counter that stands where picture ``number`` has it, if it can be read there."""
    scale = SIDE_HEIGHT / SIZE[1]
    left, top = (round(one * scale) for one in place_of(number))
    width, height = (round(one * scale) for one in CODE_SIZE)
    side = picture[HEADING_HEIGHT : HEADING_HEIGHT + SIDE_HEIGHT, :SIDE_WIDTH]
    found = read_code(np.ascontiguousarray(side[top : top + height, left : left + width]))
    return None if found is None else found.counter


def loudness(content: bytes) -> np.ndarray[Any, Any]:
    """The level of each millisecond of the film without the card."""
    with av.open(io.BytesIO(content)) as container:
        parts = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    sound = np.concatenate(parts)[render.CARD_S * 48_000 :]
    whole = sound[: len(sound) // 48 * 48].reshape(-1, 48)
    level: np.ndarray[Any, Any] = np.sqrt((whole**2).mean(axis=1))
    return level


async def test_each_picture_bears_the_time_of_the_evidence(world: World) -> None:
    """The clock above is the film's own moment, the one below that of the very picture shown."""
    made, content = await copy_of(world)
    assert (made.state, made.failure) == ("ready", None)
    assert sha256(content).hexdigest() == made.sha256
    seen = pictures(content)
    assert len(seen) == pytest.approx(SECONDS * render.FILMS_PER_S, abs=2)
    numbers = []
    foot_top = HEADING_HEIGHT + SIDE_HEIGHT + 4
    for at_s, picture in seen[:-2]:
        above = of_day(read_line(picture, 12 + 11 * CELL_WIDTH, 6 + CELL_HEIGHT + 4, 12))
        below = of_day(read_line(picture, 12, foot_top, 12))
        assert above == pytest.approx((T0_MS + at_s * 1000) % 86_400_000, abs=2)
        number = round((below - T0_MS % 86_400_000) * FPS / 1000)
        assert code_in(picture, number) == number, at_s
        assert 0 <= above - below <= 40
        numbers.append(number)
    assert numbers == sorted(numbers)
    beeps = np.flatnonzero(loudness(content) > 0.02)
    starts = [at for at, before in zip(beeps, [-999, *beeps], strict=False) if at - before > 500]
    assert [round(at, -2) for at in starts] == [0, 1000, 2000, 3000, 4000, 5000]


def shows(picture: np.ndarray[Any, Any], line: np.ndarray[Any, Any]) -> bool:
    """Whether a line of words stands somewhere in a picture."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    inked = np.ascontiguousarray(line[:, np.flatnonzero((line > 100).any(axis=0))[0] :])
    return float(cv2.matchTemplate(grey, inked, cv2.TM_CCOEFF_NORMED).max()) > 0.9


@pytest.mark.parametrize(
    ("codec", "language"),
    [(Codec.VP8, "zh-Hans"), (Codec.H264, "ar"), (Codec.H264, "es")],
)
async def test_a_gap_is_drawn_with_its_cause_in_the_case_s_language(
    tmp_path: Path, codec: Codec, language: str
) -> None:
    """In it no picture and no sound, after it both, at their own time; whatever the codec."""
    away_s = (1.5, 4.0)
    world = await recorded(tmp_path, filmed(codec=codec), codec, away_s, language)
    made, content = await copy_of(world)
    await world.database.close()
    assert (made.state, made.failure) == ("ready", None)
    lettering = Lettering(language, ["0123456789"])
    said = lettering.said
    card = lettering.words(said["film.gap"].replace("{cause}", said["cause.packet_loss"]))
    seen = pictures(content)
    for at_s, picture in seen[:-2]:
        shown = int((at_s + 1e-6) * FPS)
        found = [code_in(picture, one) for one in (shown - 1, shown)]
        if 1.6 <= at_s < 3.9:
            assert shows(picture, card), at_s
            assert found == [None, None]
        elif not 1.4 <= at_s < 4.2:
            assert not shows(picture, card), at_s
            assert set(found) & {shown - 1, shown}, at_s
    level = loudness(content)
    assert level[2000:2040].max() < 0.001
    assert level[5000:5040].max() > 0.02
    assert shows(first_picture(content), lettering.words(said["film.derived"]))


def first_picture(content: bytes) -> np.ndarray[Any, Any]:
    """The card with which a film begins."""
    with av.open(io.BytesIO(content)) as container:
        return next(container.decode(video=0)).to_ndarray(format="bgr24")


async def test_the_statement_names_the_originals(world: World) -> None:
    """Signed: the file's digest, each recording's sealed root, and the manifest's digest."""
    made, content = await copy_of(world, to_ms=1000)
    head, payload, _ = (await statement_of(world, made)).split(".")
    assert b"proofcall-derived+json" in urlsafe_b64decode(head + "==")
    said = json.loads(urlsafe_b64decode(payload + "=="))
    assert said["file"] == {"bytes": len(content), "sha256": sha256(content).hexdigest()}
    package_receipt = await world.receipt()
    manifest = json.loads(urlsafe_b64decode(package_receipt.decode().split(".")[1] + "=="))
    assert said["manifest"]["sha256"] == manifest["manifest_sha256"]
    assert len(said["originals"]) == 1
    assert said["masks"] == []


async def test_what_is_masked_is_gone_while_the_camera_moves(world: World) -> None:
    """No covered picture can be read, uncovered ones can; sound is silent where it was muted."""
    left, top = place_of(30)
    box = (
        (left + CODE_SIZE[0] * 0.36) / SIZE[0],
        (top + CODE_SIZE[1] * 0.2) / SIZE[1],
        CODE_SIZE[0] * 0.28 / SIZE[0],
        CODE_SIZE[1] * 0.6 / SIZE[1],
    )
    mask = MaskOrder("par_buyer", T0_MS + 1010, T0_MS + 4500, box)
    made, content = await copy_of(
        world, masks=[mask], mutes=[MuteOrder(T0_MS + 1900, T0_MS + 3100)]
    )
    assert made.state == "ready", made.failure
    assert (await order_of(world, made)).masks[0].lost_ms is None
    covered = readable = 0
    for at_s, picture in pictures(content)[:-2]:
        shown = int((at_s + 1e-6) * FPS)
        found = [code_in(picture, number) for number in (shown - 1, shown, shown + 1)]
        if 1.0 <= at_s <= 4.5:
            assert found == [None, None, None], at_s
            side = picture[HEADING_HEIGHT : HEADING_HEIGHT + SIDE_HEIGHT]
            assert (side.max(axis=2) < 40).mean() < 0.5, "not the whole picture"
            covered += 1
        else:
            readable += found[1] is not None
    assert covered >= 50
    assert readable >= 30
    level = loudness(content)
    assert level[1900:3100].max() < 0.001
    assert level[1000:1040].max() > 0.02
    assert level[4000:4040].max() > 0.02


async def test_a_lost_region_covers_the_whole_picture(tmp_path: Path) -> None:
    """The camera jumps: from there on nothing of that side is seen, and the copy says so."""
    world = await recorded(tmp_path, filmed(jump_at=90))
    left, top = place_of(30)
    box = (left / SIZE[0] + 0.2, top / SIZE[1] + 0.1, 0.3, 0.5)
    mask = MaskOrder("par_buyer", T0_MS + 1000, T0_MS + 4000, box)
    made, content = await copy_of(world, masks=[mask])
    assert made.state == "ready", made.failure
    lost_ms = ((await order_of(world, made)).masks[0].lost_ms or 0) - T0_MS
    await world.database.close()
    assert 2_950 <= lost_ms <= 3_100
    for at_s, picture in pictures(content):
        if 3.1 <= at_s <= 3.95:
            side = picture[HEADING_HEIGHT : HEADING_HEIGHT + SIDE_HEIGHT]
            assert side.max() < 40, at_s


async def test_a_whole_picture_is_covered_whatever_moves_and_before_it_begins(
    tmp_path: Path,
) -> None:
    """The camera jumps, and the mask begins before the camera did: nothing is ever seen."""
    world = await recorded(tmp_path, filmed(jump_at=90))
    mask = MaskOrder("par_buyer", T0_MS - 1000, T0_MS + 4000, (0.0, 0.0, 1.0, 1.0))
    made, content = await copy_of(world, masks=[mask])
    assert made.state == "ready", made.failure
    assert (await order_of(world, made)).masks[0].lost_ms is None
    await world.database.close()
    for at_s, picture in pictures(content):
        if at_s <= 3.95:
            side = picture[HEADING_HEIGHT : HEADING_HEIGHT + SIDE_HEIGHT]
            assert side.max() < 40, at_s


async def test_a_film_that_cannot_be_drawn_says_so(world: World) -> None:
    """A box where there is no picture, and nothing recorded, end with a reason, not a hang."""
    mask = MaskOrder("par_host", T0_MS + 1000, T0_MS + 4000, (0.1, 0.1, 0.2, 0.2))
    made, content = await copy_of(world, masks=[mask])
    assert (made.state, made.failure, content) == ("failed", "no_picture", b"")


async def test_a_killed_child_leaves_no_half_copy(world: World) -> None:
    """The copy says that it was not drawn, nothing of it is kept; the next one is whole."""
    before = set(world.store.objects)
    making = asyncio.ensure_future(copy_of(world))
    async with asyncio.timeout(30):
        while not (await told_ms(world)):
            await asyncio.sleep(0.02)
    (child,) = film_children(os.getpid())
    os.kill(child, signal.SIGKILL)
    made, content = await making
    assert (made.state, made.failure, content) == ("failed", "not_drawable", b"")
    assert made.object_prefix is None
    assert set(world.store.objects) == before
    async with world.database.begin() as tx:
        await tx.delete(await tx.get_one(DerivedCopy, made.id))
    made, content = await copy_of(world)
    assert made.state == "ready"
    assert len(pictures(content)) == pytest.approx(SECONDS * render.FILMS_PER_S, abs=2)


async def told_ms(world: World) -> int:
    """How far the film is."""
    async with world.database.read() as tx:
        row = await tx.get(DerivedCopy, "drv_1")
    return 0 if row is None else row.done_ms


def huge(frames: Sequence[EncodedFrame]) -> list[EncodedFrame]:
    """VP8 whose key pictures say that they are 16,383 pixels wide and high."""
    return [
        replace(one, data=one.data[:6] + b"\xff\x3f\xff\x3f" + one.data[10:])
        if one.keyframe
        else one
        for one in frames
    ]


def noise(frames: Sequence[EncodedFrame]) -> list[EncodedFrame]:
    """H.264 with a key picture, and random bytes in the place of every other."""
    random = np.random.default_rng(7)
    return [
        one
        if one.keyframe
        else replace(one, data=b"\0\0\0\1\x41" + random.bytes(900).replace(b"\0", b"\1"))
        for one in frames
    ]


@pytest.mark.parametrize(
    ("codec", "attack", "expected"),
    [(Codec.VP8, huge, ("failed", "not_drawable")), (Codec.H264, noise, ("ready", None))],
)
async def test_hostile_pictures_cost_a_child_and_nothing_else(
    tmp_path: Path,
    codec: Codec,
    attack: Callable[[Sequence[EncodedFrame]], list[EncodedFrame]],
    expected: tuple[str, str | None],
) -> None:
    """What cannot be drawn says so, within bounds; noise is no picture, and the film goes on."""
    world = await recorded(tmp_path, attack(filmed(codec=codec)), codec)
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    async with asyncio.timeout(90):
        made, content = await copy_of(world)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    await world.database.close()
    assert (made.state, made.failure) == expected
    assert (content == b"") == (expected[0] == "failed")
    assert used.ru_utime - began.ru_utime < 60
    assert used.ru_maxrss < 2 * 1024 * 1024, "kilobytes"
    assert film_children(os.getpid()) == []
