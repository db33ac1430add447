"""Hostile packets and offers: at most their own peer suffers."""

from __future__ import annotations

import asyncio
import os
import random
import re
import socket
import struct
from contextlib import AsyncExitStack

import pytest
from aioice import ice

from runtime.errors import CaseError
from tests.support.media_worker import Running, running_worker, until
from tests.support.namespaces import inside_own_network
from tests.support.rtp_peer import RtpPeer, h264_frame
from tests.support.servers import missing_part


async def _still_works(buyer: RtpPeer, host: RtpPeer) -> None:
    before = len(host.of_mid("1"))
    for number in range(5):
        await buyer.send("1", h264_frame(number, key=True))
    await until(lambda: len(host.of_mid("1")) >= before + 5)


async def test_stray_packets_during_set_up_kill_no_call() -> None:
    """Ten calls of ten open while their candidates are flooded with junk of every shape."""
    async with running_worker() as running:
        flood = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        flood.setblocking(False)
        targets: list[tuple[str, int]] = []
        junk = [
            bytes((22, 254, 253)) + os.urandom(60),
            bytes((21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 2, 40)),
            b"\x80\x60" + os.urandom(40),
            b"\x80\xc8" + os.urandom(40),
            b"\x00\x01\x00\x00" + os.urandom(16),
            b"\x01\x01\x00\x08\x21\x12\xa4\x42" + os.urandom(20),
            b"",
            b"\x16",
            b"junk",
        ]
        sent = 0

        async def pour() -> None:
            nonlocal sent
            while True:
                for target in targets[-4:]:
                    for packet in junk:
                        try:
                            flood.sendto(packet, target)
                            sent += 1
                        except OSError:
                            pass
                await asyncio.sleep(0.001)

        task = asyncio.get_running_loop().create_task(pour())
        try:
            for index in range(10):
                peer = RtpPeer()
                offer = await peer.offer()
                body = {
                    "session_id": f"ses_{index}",
                    "participant_id": "p_1",
                    "role": "buyer",
                    "offer": offer,
                }
                opened = await running.worker.open_peer({}, body)
                for host, port in re.findall(
                    r"a=candidate:\S+ 1 udp \d+ ([\d.]+) (\d+)", opened["answer"]
                ):
                    targets.append((host, int(port)))
                await asyncio.sleep(0.02)
                await peer.accept(opened["answer"])
                await peer.send("1", h264_frame(0, key=True))
                await peer.close()
        finally:
            task.cancel()
            flood.close()
        assert sent > 1000
        await until(lambda: running.facts.kinds().count("peer_connected") == 10)
        causes = {one["cause"] for one in running.facts.all if one["kind"] == "peer_closed"}
        assert causes <= {"left"}


async def _pair(running: Running) -> tuple[RtpPeer, RtpPeer]:
    buyer, host = RtpPeer(), RtpPeer()
    await running.join(buyer, "p_buyer", "buyer")
    await running.join(host, "p_host", "host")
    await _still_works(buyer, host)
    return buyer, host


async def test_malformed_rtcp_from_a_real_peer_changes_nothing() -> None:
    """A REMB that claims 255 streams and has none, and 500 random mutations."""
    async with running_worker() as running:
        buyer, host = await _pair(running)
        ssrc = host.of_mid("1")[0].ssrc
        remb = struct.pack("!BBHII", 0x8F, 206, 4, 1, 0) + b"REMB" + bytes((255, 0, 0, 0))
        valid = [
            remb,
            struct.pack("!BBHII", 0x81, 206, 2, 1, ssrc),
            struct.pack("!BBHIIHH", 0x81, 205, 3, 1, ssrc, 5, 0xFFFF),
            struct.pack("!BBHI", 0x9F, 201, 1, 1),
            struct.pack("!BBHIQIII", 0x9F, 200, 6, ssrc, 1, 1, 1, 1),
        ]
        chance = random.Random(7)
        for packet in valid:
            await host.send_raw(packet)
        for _ in range(500):
            packet = bytearray(chance.choice(valid))
            for _ in range(chance.randint(1, 4)):
                packet[chance.randrange(len(packet))] = chance.randrange(256)
            packet[1] = chance.choice((200, 201, 202, 203, 204, 205, 206, 207))
            await host.send_raw(bytes(packet[: max(8, chance.randint(8, len(packet)))]))
        await _still_works(buyer, host)
        kinds = running.facts.kinds()
        assert "peer_closed" not in kinds
        await buyer.close()
        await host.close()


async def test_malformed_rtp_from_a_real_peer_changes_nothing() -> None:
    """Header extensions and padding longer than the packet, strangers' SSRCs, odd types."""
    async with running_worker() as running:
        buyer, host = await _pair(running)
        stream = buyer.sending["1"]
        chance = random.Random(11)
        number = stream.sequence
        for index in range(600):
            number = (number + 1) & 0xFFFF
            first = chance.choice((0x80, 0x90, 0xA0, 0xB0, 0x8F, 0x9F, 0xBF))
            ssrc = stream.ssrc if index % 3 else chance.getrandbits(32)
            head = struct.pack(
                "!BBHII", first, chance.choice((stream.payload_type, 0, 127, 50)), number, 1, ssrc
            )
            tail = chance.randbytes(chance.randint(0, 40))
            if first & 0x10:
                tail = struct.pack("!HH", 0xBEDE, chance.choice((0, 1, 2, 4))) + tail
            try:
                await buyer.send_raw(head + tail)
            except Exception:  # noqa: BLE001 - libsrtp refuses what it cannot read itself
                continue
        stream.sequence = number
        await _still_works(buyer, host)
        assert "peer_closed" not in running.facts.kinds()
        await buyer.close()
        await host.close()


async def test_media_from_another_address_is_ignored() -> None:
    """Only the nominated pair may bring media, even with the right bytes."""
    async with running_worker() as running:
        buyer, host = await _pair(running)
        leg = running.worker.sessions["ses_1"].leg_of("p_buyer")
        assert leg is not None
        assert leg.path._endpoint is not None
        target = leg.path._endpoint.sock.getsockname()
        stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        if ":" not in target[0]:
            for _ in range(20):
                stranger.sendto(b"\x80\x60" + os.urandom(40), target)
            await until(lambda: leg.path.strays >= 20)
        stranger.close()
        await _still_works(buyer, host)
        await buyer.close()
        await host.close()


async def test_media_on_another_checked_pair_is_followed() -> None:
    """A browser that likes another of its pairs better than the nominated one is not lost."""
    async with AsyncExitStack() as stack:
        if os.geteuid() == 0:
            stack.enter_context(inside_own_network("192.168.77.2/24", "192.168.78.2/24"))
        running = await stack.enter_async_context(running_worker())
        buyer, host = await _pair(running)
        connection = buyer._dtls.transport._connection
        used = connection._nominated[1]
        other = next(
            (
                ice.CandidatePair(protocol, candidate)
                for protocol in connection._protocols
                for candidate in connection.remote_candidates
                if protocol is not used.protocol
                and protocol.local_candidate.can_pair_with(candidate)
            ),
            None,
        )
        if other is None:
            missing_part("this machine has one address only")
        await other.protocol.request(
            connection.build_request(other, nominate=False),
            other.remote_addr,
            integrity_key=connection.remote_password.encode(),
        )
        await asyncio.sleep(0.1)
        connection._nominated[1] = other
        leg = running.worker.sessions["ses_1"].leg_of("p_buyer")
        assert leg is not None
        video = next(one for one in leg.ingresses if one.kind == "video")
        before = video.received
        # As where no nomination has named this pair: nobody of ours reads it yet.
        (endpoint,) = [
            protocol.transport
            for connection in leg._link.connections
            for protocol in connection._protocols
            if protocol.transport.sock.getsockname()[:2] == other.remote_addr
        ]
        endpoint.read_with(endpoint._read)
        # Those that come before the path is there may be a keyframe.
        for _ in range(5):
            await buyer.send("1", h264_frame(0, key=True))
        await until(lambda: video.received == before + 5)
        await _still_works(buyer, host)
        await host.send("1", h264_frame(0, key=True))
        await until(lambda: buyer.of_mid("1"))
        await buyer.close()
        await host.close()


async def _offer() -> str:
    peer = RtpPeer()
    offer = await peer.offer()
    await peer.close()
    return offer


async def _refused(running: Running, offer: str) -> None:
    body = {"session_id": "ses_x", "participant_id": "p", "role": "buyer", "offer": offer}
    with pytest.raises(CaseError) as caught:
        await running.worker.open_peer({}, body)
    assert (caught.value.code, caught.value.status) == ("bad_offer", 422)
    assert not running.worker.sessions


async def test_a_bad_offer_is_an_error_of_its_own() -> None:
    """422 bad_offer, whatever is wrong, and nothing is left behind."""
    async with running_worker() as running:
        good = await _offer()
        for bad in (
            "x",
            "v=0",
            "v=0\r\nm=",
            good.replace("a=fingerprint", "a=nothing"),
            good.replace("a=ice-ufrag", "a=nothing"),
            good.replace("a=group:BUNDLE", "a=group:LS"),
            good.replace("H264", "AV1").replace("VP8", "VP9"),
            good.replace("a=mid:1", "a=mid:0"),
            good.replace("m=audio", "m=text"),
            good.replace("a=rtpmap:", "a=rtpmap:x"),
            good + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:9\r\n",
            good.replace("a=ssrc:", "a=ssrc:q"),
            good + "a" * 70_000,
        ):
            await _refused(running, bad)


async def test_mutated_offers_raise_nothing_but_bad_offer() -> None:
    """400 random edits: each is answered or refused, never an exception of the parser."""
    async with running_worker() as running:
        good = await _offer()
        chance = random.Random(3)
        refused = 0
        codes: set[str] = set()
        for _ in range(400):
            lines = good.split("\r\n")
            for _ in range(chance.randint(1, 4)):
                at = chance.randrange(len(lines))
                change = chance.randrange(4)
                if change == 0:
                    del lines[at]
                elif change == 1:
                    lines[at] = lines[at][: chance.randint(0, len(lines[at]))]
                elif change == 2:
                    lines.insert(at, lines[chance.randrange(len(lines))])
                else:
                    lines[at] = "".join(
                        chance.choice(" :=/;0a,é") if chance.random() < 0.1 else letter
                        for letter in lines[at]
                    )
            body = {
                "session_id": "ses_x",
                "participant_id": "p",
                "role": "buyer",
                "offer": "\r\n".join(lines),
            }
            try:
                opened = await running.worker.open_peer({}, body)
                await running.worker.close_peer({"peer_id": opened["peer_id"]}, {})
            except CaseError as error:
                refused += 1
                codes.add(error.code)
        assert refused > 50
        assert codes == {"bad_offer"}
        assert not running.worker.sessions


async def test_candidates_that_cannot_be_checked_cost_nothing() -> None:
    """mDNS names are skipped at once, malformed lines are a clear error, the call comes up."""
    async with running_worker() as running:
        peer = RtpPeer()
        offer = await peer.offer()
        stripped = "\r\n".join(
            one for one in offer.split("\r\n") if not one.startswith(("a=candidate", "a=end-of"))
        )
        body = {
            "session_id": "ses_1",
            "participant_id": "p",
            "role": "buyer",
            "offer": stripped,
            "candidates": [],
        }
        opened = await running.worker.open_peer({}, body)
        match = {"peer_id": opened["peer_id"]}
        name = "candidate:1 1 udp 2113937151 0f1e2d3c.local 50000 typ host generation 0"
        began = asyncio.get_running_loop().time()
        for candidate in (name, "", name.replace("udp", "tcp")):
            await running.worker.add_candidates(
                match, {"candidates": [{"candidate": candidate, "sdp_mid": "0"}]}
            )
        await running.worker.add_candidates(match, {"candidates": []})
        with pytest.raises(CaseError, match="malformed") as caught:
            await running.worker.add_candidates(
                match, {"candidates": [{"candidate": "candidate:"}]}
            )
        assert caught.value.status == 422
        assert asyncio.get_running_loop().time() - began < 1.0
        await peer.accept(opened["answer"])
        await peer.close()
