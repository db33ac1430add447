"""Content credentials of copies of what a recorder really wrote, as a C2PA reader sees them."""

from __future__ import annotations

import io
import json
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import av
import pytest
from c2pa import Context, Reader
from sqlalchemy import select

from cases.database import Database
from cases.tables import DerivedCopy, Recording
from recorder.derived import credentials
from recorder.derived.claim import ORIGINALS_LABEL
from recorder.derived.credentials import published_roots
from recorder.derived.making import make_copy
from recorder.derived.order import MuteOrder
from recorder.derived.original import order_original
from recorder.playback import Playback
from recorder.sealing import seal_session
from recorder.sources import load_source
from recorder.tree import tree_root
from runtime.errors import CaseError
from runtime.settings import Settings
from tests.integration.test_derived_copies import copy_of, filmed, recorded, spooled, statement_of
from tests.integration.test_part_export import T0_MS, World, take_in
from tests.integration.test_part_order import secret_of
from tests.support.recording_rig import MemoryStore
from tests.support.seller_site import seller_site

Json = dict[str, Any]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Six seconds of the buyer's camera, H.264."""
    found = await recorded(tmp_path, filmed())
    yield found
    await found.database.close()


def read(content: bytes, root: str | None = None) -> Json:
    """What a reader says that trusts nobody, or the holders of one root."""
    trusted = {} if root is None else {"trust": {"trust_anchors": root}}
    context = Context.from_dict({"verify": {"remote_manifest_fetch": False}, **trusted})
    said: Json = json.loads(Reader("video/mp4", io.BytesIO(content), context=context).json())
    return said


def codes(said: Json) -> set[str]:
    """What failed."""
    found = said["validation_results"]["activeManifest"]["failure"]
    return {one["code"] for one in found}


def assertion(said: Json, label: str) -> Json:
    """An assertion of the active manifest."""
    found = said["manifests"][said["active_manifest"]]["assertions"]
    data: Json = next(one["data"] for one in found if one["label"] == label)
    return data


def pictures(content: bytes) -> int:
    """How many there are to be decoded."""
    with av.open(io.BytesIO(content)) as container:
        return sum(1 for _ in container.decode(video=0))


async def roots(database: Database) -> str:
    """What is published."""
    async with database.read() as tx:
        return (await published_roots(tx)).decode()


async def original_of(world: World) -> tuple[DerivedCopy, bytes]:
    """The recording with credentials, ordered and made."""
    async with world.database.read() as tx:
        recording_id = (await tx.scalars(select(Recording.id))).one()
        order = await order_original(tx, world.case_id, recording_id)
    return await copy_of(world, order=order)


async def test_a_redacted_film_says_what_was_done_and_from_what(world: World) -> None:
    """Trusted under the published root, untrusted without; its statement is of these bytes."""
    made, content = await copy_of(world, mutes=[MuteOrder(T0_MS + 100, T0_MS + 900)], to_ms=1000)
    assert (made.state, made.credentials) == ("ready", "signed")
    assert sha256(content).hexdigest() == made.sha256
    root = await roots(world.database)
    said = read(content, root)
    assert said["validation_state"] == "Trusted"
    assert codes(read(content)) == {"signingCredential.untrusted"}
    actions = assertion(said, "c2pa.actions.v2")["actions"]
    assert [one["action"] for one in actions] == ["c2pa.created", "c2pa.edited", "c2pa.edited"]
    assert actions[0]["digitalSourceType"].endswith("/compositeCapture")
    assert actions[2]["description"] == "Redacted: sound silenced. Reason: a reason"
    signed = json.loads(urlsafe_b64decode((await statement_of(world, made)).split(".")[1] + "=="))
    assert signed["file"] == {"bytes": len(content), "sha256": sha256(content).hexdigest()}
    stated = assertion(said, ORIGINALS_LABEL)
    assert stated["manifest"] == signed["manifest"]
    (original,) = signed["originals"]
    assert stated["recordings"] == [
        {name: original[name] for name in original if name != "participant_id"}
    ]
    assert "par_" not in json.dumps(said)


async def test_an_original_is_the_recording_and_credentials(world: World) -> None:
    """Nothing of it is lost or drawn anew; one bit in its media is found."""
    made, content = await original_of(world)
    assert (made.state, made.kind, made.failure) == ("ready", "credentialed", None)
    said = read(content, await roots(world.database))
    assert said["validation_state"] == "Trusted"
    (action,) = assertion(said, "c2pa.actions.v2")["actions"]
    assert action["digitalSourceType"].endswith("/digitalCapture")
    async with world.database.read() as tx:
        recording = (await tx.scalars(select(Recording))).one()
        source = await load_source(tx, world.keys, recording)
    segments = [await world.playback.segment(source.key, row) for row in source.segments]
    plain = b"".join([recording.init, *segments])
    leaves = [bytes.fromhex(one.sha256) for row in source.segments for one in row.fragments]
    root = tree_root([sha256(recording.init).digest(), *leaves]).hex()
    assert assertion(said, ORIGINALS_LABEL)["recordings"][0]["root"] == root
    assert pictures(content) == pictures(plain) > 100
    assert media(content) == media(plain)
    altered = bytearray(content)
    altered[content.rindex(b"mdat") + 200] ^= 1
    assert "assertion.bmffHash.mismatch" in codes(read(bytes(altered)))


async def test_a_film_that_is_too_large_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A film is handed out without credentials; an original was asked for with them alone."""
    monkeypatch.setattr(credentials, "MAX_BYTES", 1000)
    made, content = await copy_of(world, to_ms=300)
    assert (made.state, made.credentials) == ("ready", "too_large")
    assert sha256(content).hexdigest() == made.sha256
    assert await roots(world.database) != "", "published all the same"
    async with world.database.begin() as tx:
        await tx.delete(await tx.get_one(DerivedCopy, made.id))
    made, content = await original_of(world)
    assert (made.state, made.failure, content) == ("failed", "too_large", b"")


async def test_a_key_that_broke_costs_the_credentials_and_not_the_film(
    world: World, tmp_path: Path
) -> None:
    """It was whole at the start; the film is there, and says that it carries none."""
    (tmp_path / "keys").mkdir(exist_ok=True)
    (tmp_path / "keys" / "credentials-ca.pem").write_text("broken")
    made, content = await copy_of(world, to_ms=300)
    assert (made.state, made.credentials) == ("ready", "not_made")
    assert pictures(content) > 30


async def test_what_is_no_sealed_mp4_of_the_case_is_refused(world: World) -> None:
    """WebM in plain words, one that is none, another case's."""
    async with world.database.begin() as tx:
        recording = (await tx.scalars(select(Recording))).one()
        recording_id = recording.id
        for case_id, asked, change, code in (
            (world.case_id, "rec_none", {}, "not_found"),
            ("cas_other", recording_id, {}, "not_found"),
            (world.case_id, recording_id, {"container": "webm"}, "no_credentials_in_webm"),
        ):
            for name, value in change.items():
                setattr(recording, name, value)
            with pytest.raises(CaseError) as refused:
                await order_original(tx, case_id, asked)
            assert refused.value.code == code


def media(content: bytes) -> list[bytes]:
    """The coded samples of both tracks."""
    with av.open(io.BytesIO(content)) as container:
        return [bytes(one) for one in container.demux() if one.size]


async def test_over_http_an_original_waits_for_its_seal_and_is_trusted_under_the_published_root(
    tmp_path: Path,
) -> None:
    """Ordered, waiting, made, fetched; a stranger sees nothing of it; WebM is refused."""
    async with seller_site(tmp_path) as site:
        store = MemoryStore()
        world = World(site.seller, Settings(data=tmp_path), store, Playback(cast("Any", store)))
        await take_in(world, await spooled(tmp_path, filmed()))
        async with world.database.read() as tx:
            recording_id = (await tx.scalars(select(Recording.id))).one()
        key, rival = [
            {"Authorization": f"Bearer {await secret_of(site, tenant)}"}
            for tenant in (site.seller.lamp, site.seller.shoes)
        ]
        orders = f"/api/v1/cases/{world.case_id}/derived-copies"
        body = {"recording_id": recording_id}

        async def call(method: str, path: str, status: int, **more: Any) -> Any:
            async with site.client.request(method, path, **{"headers": key, **more}) as answer:
                assert answer.status == status, await answer.text()
                is_json = "json" in answer.content_type
                return await (answer.json() if is_json else answer.read())

        published = "/.well-known/proofcall-credentials.pem"
        assert await call("GET", published, 200, headers={}) == b""
        assert (await call("POST", orders, 404, json=body, headers=rival))["code"] == "not_found"
        ordered = await call("POST", orders, 202, json=body)
        assert (ordered["kind"], ordered["recording_id"]) == ("credentialed", recording_id)
        path = f"/api/v1/derived-copies/{ordered['id']}"
        await make_copy(world.evidence, ordered["id"])
        assert (await call("GET", path, 200))["state"] == "waiting"
        assert (await call("GET", f"{path}/file", 409))["code"] == "copy_not_ready"
        await seal_session(world.evidence, world.session_id)
        assert (await call("GET", path, 200))["state"] == "wanted"
        await make_copy(world.evidence, ordered["id"])
        for name, content in store.objects.items():
            await site.store.put(name, content)
        made = await call("GET", path, 200)
        assert (made["state"], made["credentials"], made["failure"]) == ("ready", "signed", None)
        film = await call("GET", f"{path}/file", 200)
        assert sha256(film).hexdigest() == made["sha256"]
        root = await call("GET", published, 200, headers={})
        assert read(film, root.decode())["validation_state"] == "Trusted"
        assert codes(read(film)) == {"signingCredential.untrusted"}
        await call("GET", f"{path}/file", 404, headers=rival)
        async with world.database.begin() as tx:
            (await tx.get_one(Recording, recording_id)).container = "webm"
        refused = await call("POST", orders, 422, json=body)
        assert refused["code"] == "no_credentials_in_webm"
        assert "evidence package" in refused["detail"]
