"""From a call to a package that a stranger verifies: checkpoints, seals, receipts, export."""

from __future__ import annotations

import asyncio
import io
import json
import sys
import zipfile
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import av
import pytest
import pytest_asyncio
import rfc8785
from sqlalchemy import select

from cases.notices import Sender, look_at
from cases.tables import Checkpoint, Manifest, Notice
from cases.unit import Unit
from proofcall.machine import environment
from recorder.checkpointing import write_checkpoint
from recorder.proof.bytes import MemoryBytes
from recorder.proof.formats import COUNTERSIGNATURE_TYPE
from recorder.proof.jws import read_jws
from recorder.proof.report import Answer
from recorder.proof.verification import verify_package
from recorder.signing import SigningKey
from signaling.mail_work import send_mail
from signaling.smtp import SmtpServer
from tests.integration.test_mail import FROM, Inbox, smtp_inbox
from tests.support.live import Browser, Json, Live, Socket, running_live, send_pictures, until
from tests.support.packages import Device, signing_key
from tests.support.pdf_reader import Pdf
from tests.support.rtp_peer import RtpPeer
from tests.support.tap_feed import encode_video

PICTURES = encode_video("h264", 60)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live() -> AsyncIterator[Live]:
    """Web here; media, recorder and uploader as processes."""
    async with running_live() as running:
        yield running


async def checkpoint(live: Live, session_id: str) -> Json:
    """Have the next checkpoint written, and give it as it is stored."""
    key = SigningKey.load(live.settings.keys_dir)
    await live.services.run(partial(write_checkpoint, key=key, session_id=session_id))
    async with live.services.database.read() as tx:
        row = await tx.get_one(Checkpoint, (session_id, 1))
        return {"number": row.number, "jws": row.jws, "sha256": row.sha256}


def body_of(found: Json) -> bytes:
    """A checkpoint's signed body."""
    return read_jws(found["jws"]).payload


async def told(socket: Socket) -> Json:
    """The checkpoint that a socket was given."""
    found: list[Json] = await until(lambda: socket.of("checkpoint"), 10, "a checkpoint is told")
    return found[-1]


async def inspected(live: Live) -> tuple[str, str, Json]:
    """A case whose call is over: its id, the session's, and the buyer's answer to the tap."""
    case_id, token = await live.invited()
    async with live.browser() as buyer, live.host() as host:
        tapped = await buyer.tap(token, RtpPeer())
        session_id = tapped["session"]["id"]
        await host.ok("POST", "/api/host/take", {"case_id": None})
        joined = await host.host_join(session_id, RtpPeer())
        ours = Device(tapped["participant_id"], 1)
        theirs = Device(joined["participant_id"], 2)
        sockets = [
            await buyer.socket(session_id=session_id, role="buyer"),
            await host.socket(session_id=session_id, role="host"),
        ]
        for device, socket in zip((ours, theirs), sockets, strict=True):
            assert (await socket.say("key", jwk=device.jwk))["ok"]
            # A repeat, as after a lost answer, changes nothing.
            assert (await socket.say("key", jwk=device.jwk))["ok"]
        await send_pictures(buyer.peers[0], PICTURES)
        preview = b64encode(b"\xff\xd8\xff preview").decode()
        now_ms = live.services.clock.wall_ns() // 1_000_000
        await send_pictures(host.peers[0], PICTURES[:20])
        still = await host.ok(
            "POST",
            f"/api/sessions/{session_id}/stills",
            {"client_id": "s", "own_at_ms": now_ms, "preview": preview},
        )
        made = await checkpoint(live, session_id)
        for device, socket in zip((ours, theirs), sockets, strict=True):
            given = await told(socket)
            assert given == {"number": 1, "jws": made["jws"]}
            signed = device.countersign(body_of(made))["jws"]
            assert (await socket.say("countersign", number=1, jws=signed)) == {"ok": True}
        end = {"outcome": "refund", "note": "Cracked.", "client_id": "e1"}
        await host.ok("POST", f"/api/sessions/{session_id}/end", end)
        await live.work(f"seal_at_hang_up:{session_id}")
        await live.work(f"cut_still:{still['still_id']}")
        await until(lambda: f"seal_session:{session_id}" in live.outbox.ordered, 20)
        await live.work(f"seal_session:{session_id}")
    return case_id, session_id, {"token": token, "buyer": ours.participant_id}


async def packaged(live: Live, host: Browser, case_id: str, wanted: Json | None = None) -> bytes:
    """A case's package, ordered and fetched as a page does it."""
    ordered = await host.ok("POST", f"/api/v1/cases/{case_id}/evidence-packages", wanted)
    assert ordered["state"] == "wanted"
    path = f"/api/v1/evidence-packages/{ordered['id']}"
    assert await host.refused("GET", f"{path}/file") == (409, "package_not_ready")
    await live.work(f"make_package:{ordered['id']}")
    await live.work(f"make_package:{ordered['id']}")
    ready = await host.ok("GET", path)
    assert ready["state"] == "ready"
    async with host.http.get(f"{path}/file") as response:
        assert response.status == 200
        assert response.content_type == "application/zip"
        content = await response.read()
    assert len(content) == ready["size"]
    return content


async def test_a_call_becomes_a_package_that_verifies(live: Live) -> None:
    """Sealed at hang-up, countersigned by both, playable, and the same bytes when made again."""
    case_id, session_id, buyer = await inspected(live)
    async with live.host(tenant=live.seller.lamp) as host:
        content = await packaged(live, host, case_id)
        assert await packaged(live, host, case_id) == content
        status, keys = await host.call("GET", "/.well-known/proofcall-keys.json")
        assert status == 200
        async with host.http.get(f"/api/v1/sessions/{session_id}/receipt") as response:
            assert response.status == 200
            receipt = await response.read()
    bare = verify_package(MemoryBytes(content))
    assert bare.answer == Answer.ORIGIN_UNCONFIRMED
    assert not bare.problems
    report = verify_package(MemoryBytes(content), receipt=receipt, key=json.dumps(keys).encode())
    assert report.confirmed_by == ["receipt", "key"]
    assert report.answer in (Answer.VERIFIED, Answer.WITH_GAPS)
    (session,) = report.sessions
    assert session.recordings == 2
    assert session.fragments >= 3
    assert session.stills == 1
    assert session.checkpoints == 1
    assert sorted(session.countersigned.values()) == [1, 1]
    assert buyer["buyer"] in session.countersigned
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        assert zipped.testzip() is None
        names = zipped.namelist()
        log = json.loads(zipped.read(f"{session_id}/log.json"))
        report = Pdf(zipped.read("report.pdf"))
    assert sum(name.endswith(".mp4") for name in names) == 2
    assert 1 <= report.pages <= 6
    assert len(report.jpegs) == 1
    assert case_id in report.text()
    assert read_jws(receipt.decode().strip()).kid in report.text()
    # The host's verdict is the seller's; what both parties read is open.
    verdict = next(event for event in log["events"] if event["kind"] == "verdict")
    assert verdict["payload"] is None
    assert next(event for event in log["events"] if event["kind"] == "device_key")["payload"]


async def mailed_receipt(live: Live, session_id: str, inbox: Inbox, url: str) -> bytes:
    """The file that is attached to the one mail about a session; supplements are waited for."""
    async with live.services.database.read() as tx:
        query = select(Notice.id).where(Notice.kind == "receipt", Notice.subject == session_id)
        (notice_id,) = await tx.scalars(query)
    later = live.services.clock.now() + timedelta(minutes=13)
    async with live.services.database.begin() as tx:
        unit = Unit(tx, live.services.keys, live.outbox, later)
        await look_at(unit, Sender.of(live.settings), notice_id)
        mail_id = (await tx.get_one(Notice, notice_id)).mail_id
    assert mail_id is not None
    await send_mail(live.services, SmtpServer(url, FROM, live.services.clock), mail_id)
    message = inbox.arrived.pop()
    assert inbox.arrived == []
    file, _ = message.iter_attachments()
    return bytes(file.get_payload(decode=True))


async def test_the_mailed_receipt_vouches_for_its_own_call_alone(live: Live) -> None:
    """Over a real mail server; and sealing again orders no second one."""
    case_id, session_id, _ = await inspected(live)
    _, other_id, _ = await inspected(live)
    async with smtp_inbox() as (inbox, url):
        ours = await mailed_receipt(live, session_id, inbox, url)
        others = await mailed_receipt(live, other_id, inbox, url)
    await live.work(f"seal_at_hang_up:{session_id}")
    await live.work(f"seal_session:{session_id}")
    async with live.services.database.read() as tx:
        query = select(Notice.id).where(Notice.kind == "receipt", Notice.case_id == case_id)
        assert len(list(await tx.scalars(query))) == 1
    async with live.host(tenant=live.seller.lamp) as host:
        content = await packaged(live, host, case_id)
    report = verify_package(MemoryBytes(content), receipt=ours)
    assert report.confirmed_by == ["receipt"]
    assert report.answer in (Answer.VERIFIED, Answer.WITH_GAPS)
    assert verify_package(MemoryBytes(content), receipt=others).answer is Answer.NOT_VERIFIED


async def test_the_command_line_exports_and_verifies(live: Live, tmp_path: Path) -> None:
    """``proofcall export`` and ``proofcall verify`` on the same machine, with their statuses."""
    case_id, session_id, _ = await inspected(live)
    output = tmp_path / "package.zip"
    status, said = await command(live, "export", case_id, "--output", str(output))
    assert status == 0, said
    async with live.services.database.read() as tx:
        manifest = await tx.get_one(Manifest, (session_id, 0))
    receipt = tmp_path / "receipt.txt"
    receipt.write_text(manifest.receipt or "")
    status, said = await command(live, "verify", str(output), "--json")
    assert (status, json.loads(said)["answer"]) == (5, "consistent_origin_unconfirmed")
    status, said = await command(live, "verify", str(output), "--receipt", str(receipt))
    assert status in (0, 3), said
    content = bytearray(output.read_bytes())
    content[len(content) // 3] ^= 4
    output.write_bytes(content)
    status, said = await command(live, "verify", str(output), "--receipt", str(receipt))
    assert status == 4
    assert session_id in said
    missing = await command(live, "export", "cas_nothing", "--output", str(tmp_path / "no.zip"))
    assert missing[0] == 2
    assert [path.name for path in tmp_path.iterdir()].count("no.zip") == 0


async def stated(live: Live, session_id: str) -> Json:
    """The newest manifest of a session."""
    async with live.services.database.read() as tx:
        rows = await tx.scalars(
            select(Manifest).where(Manifest.session_id == session_id).order_by(Manifest.number)
        )
        found: Json = json.loads(list(rows)[-1].body)
        return found


def at(ms: int) -> str:
    """A moment as the API takes it."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


async def test_a_part_of_a_call_verifies_and_plays_without_the_rest(
    live: Live, tmp_path: Path
) -> None:
    """The first third of a second of one person: its fragments, its events, nothing else."""
    case_id, session_id, people = await inspected(live)
    manifest = await stated(live, session_id)
    recording = next(
        one for one in manifest["recordings"] if one["participant_id"] == people["buyer"]
    )
    assert recording["fragments"] >= 2
    t0_ms = int(recording["t0_ns"]) // 1_000_000
    wanted = {
        "session_id": session_id,
        "participants": [people["buyer"]],
        "from": at(t0_ms + 100),
        "to": at(t0_ms + 350),
    }
    async with live.host(tenant=live.seller.lamp) as host:
        whole = await packaged(live, host, case_id)
        content = await packaged(live, host, case_id, {"part": wanted})
        assert await packaged(live, host, case_id, {"part": wanted}) == content
        _, keys = await host.call("GET", "/.well-known/proofcall-keys.json")
        async with host.http.get(f"/api/v1/sessions/{session_id}/receipt") as response:
            receipt = await response.read()
    report = verify_package(MemoryBytes(content), receipt=receipt, key=json.dumps(keys).encode())
    assert not report.problems
    assert report.confirmed_by == ["receipt", "key"]
    assert report.part is not None
    (covered,) = report.part.covered
    assert covered.from_ms <= t0_ms + 100
    assert covered.to_ms >= t0_ms + 350
    (session,) = report.sessions
    assert 1 <= session.fragments < recording["fragments"]
    with (
        zipfile.ZipFile(io.BytesIO(content)) as zipped,
        zipfile.ZipFile(io.BytesIO(whole)) as everything,
    ):
        (played,) = [name for name in zipped.namelist() if name.endswith(".mp4")]
        part, all_of_it = zipped.read(played), everything.read(played)
        assert all_of_it.startswith(part)
        log = json.loads(zipped.read(f"{session_id}/log.json"))["events"]
    with av.open(io.BytesIO(part)) as container:
        assert sum(1 for _ in container.decode(video=0)) >= 10
    # Nothing that was said before or after is open, and the end of the log is the sealed one.
    outside = [event for event in log if event["at"] > at(t0_ms + 351)]
    assert outside
    assert all(event["payload"] is None and event["salt"] is None for event in outside)
    assert log[-1]["hash"] == manifest["log"]["hash"]
    output = tmp_path / "part.zip"
    begins = (t0_ms + 100) / 1000 - datetime.fromisoformat(manifest["created_at"]).timestamp()
    words = ["--from", f"{begins:.3f}", "--to", f"{begins + 0.2:.3f}"]
    status, said = await command(live, "export", case_id, "--output", str(output), *words)
    assert status == 0, said
    status, said = await command(live, "verify", str(output))
    assert status == 5
    assert f"a part of {session_id}" in said


async def command(live: Live, *words: str) -> tuple[int, str]:
    """Run the command line against the machine's data."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "proofcall",
        *words,
        env=environment(live.settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_nobody_signs_for_another_and_nothing_but_the_checkpoint(live: Live) -> None:
    """Wrong keys, wrong bodies, wrong people: each is refused and nothing is kept."""
    _case_id, token = await live.invited()
    async with live.browser() as buyer, live.host() as host:
        tapped = await buyer.tap(token, RtpPeer())
        session_id = tapped["session"]["id"]
        await host.ok("POST", "/api/host/take", {"case_id": None})
        joined = await host.host_join(session_id, RtpPeer())
        mine = Device(tapped["participant_id"], 3)
        theirs = Device(joined["participant_id"], 4)
        socket = await buyer.socket(session_id=session_id, role="buyer")
        other = await host.socket(session_id=session_id, role="host")
        for wrong in ({"kty": "oct", "k": "AA"}, {**mine.jwk, "d": "AA"}, {**mine.jwk, "x": "AA"}):
            assert (await socket.say("key", jwk=wrong))["code"] == "bad_key"
        await socket.say("key", jwk=mine.jwk)
        await other.say("key", jwk=theirs.jwk)
        made = await checkpoint(live, session_id)
        body = body_of(made)
        good = mine.countersign(body)["jws"]
        for wrong_jws in (
            theirs.countersign(body)["jws"],
            mine.countersign(body + b" ")["jws"],
            Device(tapped["participant_id"], 9).countersign(body)["jws"],
            Device(joined["participant_id"], 3).countersign(body)["jws"],
            operator_signed(made["sha256"], tapped["participant_id"]),
            good[:-2] + ("AA" if good[-2:] != "AA" else "BB"),
            good + "=",
            "x.y.z",
        ):
            said = await socket.say("countersign", number=1, jws=wrong_jws)
            assert said["code"] == "bad_signature", wrong_jws
        assert (await socket.say("countersign", number=2, jws=good))["code"] == "not_found"
        assert (await socket.say("countersign", number=1, jws=good)) == {"ok": True}
        assert (await socket.say("countersign", number=1, jws=good)) == {"ok": True}


def operator_signed(digest: str, participant_id: str) -> str:
    """The right words, signed by a key that nobody in the call has."""
    key = signing_key(7)
    said: dict[str, Any] = {"checkpoint_sha256": digest, "participant_id": participant_id}
    return key.sign(rfc8785.dumps(said), COUNTERSIGNATURE_TYPE)


async def test_the_buyers_own_browser_gets_the_receipt_and_no_other(live: Live) -> None:
    """Not whoever was sent the link, not another seller, and not before there is one."""
    case_id, token = await live.invited()
    async with live.browser() as buyer, live.browser() as stranger, live.host() as host:
        session_id = (await buyer.tap(token, RtpPeer()))["session"]["id"]
        path = f"/api/join/{token}/receipt"
        assert await buyer.ok("GET", path) == {"state": "sealing"}
        await host.ok("POST", "/api/host/take", {"case_id": None})
        await host.host_join(session_id, RtpPeer())
        end = {"outcome": None, "note": "", "client_id": "e1"}
        await host.ok("POST", f"/api/sessions/{session_id}/end", end)
        await live.work(f"seal_at_hang_up:{session_id}")
        mine = await buyer.ok("GET", path)
        assert (mine["state"], mine["session_id"]) == ("sealed", session_id)
        assert mine["receipt"].count(".") == 2
        assert await stranger.refused("GET", path) == (404, "not_found")
    async with live.host(tenant=live.seller.shoes) as rival:
        for refused in (
            await rival.refused("GET", f"/api/v1/sessions/{session_id}/receipt"),
            await rival.refused("POST", f"/api/v1/cases/{case_id}/evidence-packages"),
            await rival.refused("GET", f"/api/v1/cases/{case_id}/evidence-packages"),
        ):
            assert refused == (404, "not_found")
