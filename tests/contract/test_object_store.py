"""One suite for every object store: a directory, and S3 on a real Ceph RGW."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from recorder.store import DirectoryStore, ObjectStore, open_store
from recorder.store_s3 import S3Store
from runtime.errors import SetupError, StoreError
from runtime.settings import Settings

if TYPE_CHECKING:
    from infra.local.rgw import Rgw


@pytest.fixture(params=["directory", pytest.param("s3", marks=pytest.mark.s3)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ObjectStore]:
    """Each implementation in turn, empty."""
    made: ObjectStore
    if request.param == "directory":
        made = DirectoryStore(tmp_path / "store")
    else:
        rgw = cast("Rgw", request.getfixturevalue("rgw"))
        made = S3Store(
            rgw.make_bucket(),
            f"prefix-{uuid.uuid4().hex}",
            endpoint=rgw.endpoint,
            access_key=rgw.access_key,
            secret_key=rgw.secret_key,
        )
    yield made
    await made.close()
    await made.close()


async def test_what_was_put_is_what_is_got(store: ObjectStore) -> None:
    """Bytes, size and digest agree; an empty object is an object."""
    content = bytes(range(256)) * 3_000
    stored = await store.put("tenant/case/ses_1/rec_1/000001-ab.segment", content)
    assert (stored.size_bytes, stored.sha256) == (len(content), sha256(content).hexdigest())
    assert await store.get(stored.key, version_id=stored.version_id) == content
    await store.put("empty", b"")
    assert await store.get("empty") == b""


async def test_size_and_existence_are_told(store: ObjectStore) -> None:
    """Before it is put there is nothing, afterwards there is."""
    assert await store.size("a/b") is None
    stored = await store.put("a/b", b"xyz")
    assert await store.size("a/b") == 3
    assert await store.size("a/b", version_id=stored.version_id) == 3
    assert await store.size("a") is None
    assert await store.size("a/b/c") is None
    await store.put("empty", b"")
    assert await store.size("empty") == 0


async def test_a_missing_object_is_not_worth_retrying(store: ObjectStore) -> None:
    """Get says so with a StoreError that is not retryable."""
    with pytest.raises(StoreError) as caught:
        await store.get("there/is/none")
    assert not caught.value.retryable


async def test_the_same_content_again_is_no_error(store: ObjectStore) -> None:
    """An uploader that crashed before noting its success may put again."""
    first = await store.put("twice", b"evidence")
    second = await store.put("twice", b"evidence")
    assert second.sha256 == first.sha256
    assert await store.get("twice", version_id=second.version_id) == b"evidence"


async def test_other_content_never_replaces(store: ObjectStore) -> None:
    """The first content stays and the second put fails for good."""
    await store.put("once", b"evidence")
    with pytest.raises(StoreError, match="other content") as caught:
        await store.put("once", b"forgery")
    assert not caught.value.retryable
    assert await store.get("once") == b"evidence"


async def test_names_that_could_lead_elsewhere_are_refused(store: ObjectStore) -> None:
    """No absolute names, no dots that climb, nothing hidden, nothing odd."""
    for key in ("/etc/passwd", "a/../b", "..", "a//b", "", ".hidden", "a/.b", "a b", "ä", "a\n"):
        with pytest.raises(StoreError, match="not an object key"):
            await store.put(key, b"x")
        with pytest.raises(StoreError, match="not an object key"):
            await store.get(key)


async def test_many_at_once_all_arrive(store: ObjectStore) -> None:
    """Thirty objects put side by side are all there."""
    bodies = {f"many/{number:03d}": bytes([number]) * 10_000 for number in range(30)}
    await asyncio.gather(*(store.put(key, body) for key, body in bodies.items()))
    got = await asyncio.gather(*(store.get(key) for key in bodies))
    assert list(got) == list(bodies.values())


@pytest.mark.s3
async def test_a_versioned_bucket_keeps_each_version(rgw: Rgw) -> None:
    """Where the bucket has versions the stored object names its own."""
    bucket = rgw.make_bucket()
    rgw.client().put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    store = S3Store(
        bucket, endpoint=rgw.endpoint, access_key=rgw.access_key, secret_key=rgw.secret_key
    )
    stored = await store.put("versioned", b"evidence")
    assert stored.version_id
    rgw.client().put_object(Bucket=bucket, Key="versioned", Body=b"forgery")
    assert await store.get("versioned", version_id=stored.version_id) == b"evidence"
    assert await store.size("versioned", version_id=stored.version_id) == len(b"evidence")
    assert await store.size("versioned") == len(b"forgery")
    rgw.client().delete_object(Bucket=bucket, Key="versioned", VersionId=stored.version_id)
    assert await store.size("versioned", version_id=stored.version_id) is None
    await store.close()


@pytest.mark.s3
async def test_wrong_credentials_are_an_error_an_operator_must_mend(rgw: Rgw) -> None:
    """Access denied is a StoreError that is not retryable."""
    store = S3Store("nobody", endpoint=rgw.endpoint, access_key="WRONG", secret_key="wrong")
    with pytest.raises(StoreError) as caught:
        await store.put("a", b"x")
    assert not caught.value.retryable
    await store.close()


async def test_a_store_that_does_not_answer_is_worth_retrying() -> None:
    """Nobody listens at the endpoint."""
    store = S3Store("b", endpoint="http://127.0.0.1:9", access_key="a", secret_key="b")
    with pytest.raises(StoreError) as caught:
        await store.get("a")
    assert caught.value.retryable
    await store.close()


async def test_a_directory_that_cannot_be_written_is_worth_retrying(tmp_path: Path) -> None:
    """A file stands where the directory should be."""
    (tmp_path / "store").write_text("in the way")
    store = DirectoryStore(tmp_path / "store")
    with pytest.raises(StoreError) as caught:
        await store.put("a/b", b"x")
    assert caught.value.retryable
    await store.close()


async def test_a_directory_leaves_no_half_files(tmp_path: Path) -> None:
    """Beside each object stands its digest and nothing else."""
    store = DirectoryStore(tmp_path)
    await store.put("a/b", b"x")
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["b", "b.sha256"]
    line = (tmp_path / "a" / "b.sha256").read_text()
    assert line == f"{sha256(b'x').hexdigest()}  b\n"
    await store.close()


def test_the_settings_name_the_store(tmp_path: Path) -> None:
    """A file URL, an S3 URL, and anything else is a SetupError."""
    assert isinstance(open_store(Settings(data=tmp_path)), DirectoryStore)
    s3 = Settings(data=tmp_path, store="s3://bucket/prefix", s3_endpoint="http://127.0.0.1:1")
    assert isinstance(open_store(s3), S3Store)
    with pytest.raises(SetupError, match="PROOFCALL_STORE"):
        open_store(Settings(data=tmp_path, store="ftp://x"))
