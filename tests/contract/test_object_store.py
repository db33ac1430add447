"""One suite for every object store: a directory, and each kind of bucket of a real Ceph RGW."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from recorder.store import (
    DirectoryStore,
    LockKeeper,
    LockMode,
    ObjectLock,
    ObjectStore,
    StoreCapabilities,
    open_store,
)
from recorder.store_faults import StoreReason
from recorder.store_s3 import S3Store
from runtime.errors import RetainedError, SetupError, StoreError, StoreFault
from runtime.settings import Settings

if TYPE_CHECKING:
    from infra.local.rgw import Rgw


KINDS = {
    "directory": StoreCapabilities("directory", False, LockKeeper.APPLICATION, None),
    "plain": StoreCapabilities("s3", False, LockKeeper.APPLICATION, None),
    "versions": StoreCapabilities("s3", True, LockKeeper.APPLICATION, None),
    "governance": StoreCapabilities("s3", True, LockKeeper.STORE, LockMode.GOVERNANCE),
    "compliance": StoreCapabilities("s3", True, LockKeeper.STORE, LockMode.COMPLIANCE),
}
BUCKETS = [pytest.param(kind, marks=pytest.mark.s3) for kind in ("plain", "versions", "compliance")]


def bucket_of(rgw: Rgw, kind: str) -> str:
    """An empty bucket of this kind."""
    bucket = rgw.make_bucket(object_lock=kind in ("governance", "compliance"))
    if kind == "versions":
        on = {"Status": "Enabled"}
        rgw.client().put_bucket_versioning(Bucket=bucket, VersioningConfiguration=on)  # type: ignore[arg-type]
    return bucket


def s3_store(rgw: Rgw, bucket: str, prefix: str = "", **options: Any) -> S3Store:
    """A store in a bucket of the test's RGW."""
    keys = {"access_key": rgw.access_key, "secret_key": rgw.secret_key}
    return S3Store(bucket, prefix, endpoint=rgw.endpoint, **{**keys, **options})


def locked_store(rgw: Rgw, kind: str, bucket: str, **options: Any) -> S3Store:
    """A store that locks as its kind says, where the bucket can."""
    mode = LockMode.COMPLIANCE if kind == "compliance" else LockMode.GOVERNANCE
    return s3_store(rgw, bucket, "p", lock_mode=mode, **options)


@pytest.fixture(params=["directory", *BUCKETS])
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of store in turn."""
    return str(request.param)


@pytest.fixture
async def store(
    request: pytest.FixtureRequest, kind: str, tmp_path: Path
) -> AsyncIterator[ObjectStore]:
    """Each implementation in turn, empty."""
    made: ObjectStore
    if kind == "directory":
        made = DirectoryStore(tmp_path / "store")
    else:
        rgw = cast("Rgw", request.getfixturevalue("rgw"))
        made = locked_store(rgw, kind, bucket_of(rgw, kind))
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


def in_days(days: float) -> datetime:
    """A moment from now, in whole seconds."""
    return (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)


async def test_a_store_says_what_it_does_for_evidence(kind: str, store: ObjectStore) -> None:
    """Who keeps what is retained, and whether there are versions, is never a guess."""
    assert await store.capabilities() == KINDS[kind]
    lacks = (await store.capabilities()).shortcomings
    assert ("no_versions" in lacks) == (kind in ("directory", "plain"))
    assert ("no_object_lock" in lacks) == (kind not in ("governance", "compliance"))


async def test_a_retention_is_never_shortened(store: ObjectStore) -> None:
    """An earlier date changes nothing, a later one holds; part of a second rounds up."""
    stored = await store.put("a/b", b"evidence")
    assert await store.lock_of("a/b") == ObjectLock()
    first, second = in_days(3), in_days(5)
    assert await store.retain("a/b", first, version_id=stored.version_id) == first
    assert await store.retain("a/b", in_days(1), version_id=stored.version_id) == first
    assert await store.retain("a/b", first - timedelta(days=9)) == first
    assert await store.lock_of("a/b", version_id=stored.version_id) == ObjectLock(first)
    odd = second + timedelta(microseconds=1)
    assert await store.retain("a/b", odd) == second + timedelta(seconds=1)
    assert (await store.lock_of("a/b")).until == second + timedelta(seconds=1)


async def test_what_is_retained_is_not_deleted(store: ObjectStore) -> None:
    """Neither by its name nor by its version, and the bytes stay."""
    stored = await store.put("a/b", b"evidence")
    await store.retain("a/b", in_days(3))
    for version in (None, stored.version_id):
        with pytest.raises(RetainedError):
            await store.delete("a/b", version_id=version)
    assert await store.get("a/b") == b"evidence"
    assert await store.get("a/b", version_id=stored.version_id) == b"evidence"


async def test_a_legal_hold_keeps_whatever_the_date(store: ObjectStore) -> None:
    """A second hold changes nothing; once released only the date counts."""
    stored = await store.put("held", b"evidence")
    await store.hold("held")
    await store.hold("held", version_id=stored.version_id)
    assert await store.lock_of("held") == ObjectLock(None, True)
    with pytest.raises(RetainedError, match="hold"):
        await store.delete("held")
    until = await store.retain("held", in_days(1))
    await store.release("held")
    await store.release("held", version_id=stored.version_id)
    assert await store.lock_of("held") == ObjectLock(until, False)
    with pytest.raises(RetainedError):
        await store.delete("held")


async def test_what_nobody_keeps_is_deleted_for_good(store: ObjectStore) -> None:
    """After a hold was released, and again; its neighbours stay, the name is free."""
    for key in ("a/b", "a/b-neighbour", "a/c"):
        await store.put(key, b"x")
    await store.hold("a/b")
    await store.release("a/b")
    await store.delete("a/b")
    await store.delete("a/b")
    await store.delete("never/was")
    assert await store.size("a/b") is None
    with pytest.raises(StoreError):
        await store.get("a/b")
    assert await store.get("a/b-neighbour") == await store.get("a/c") == b"x"
    await store.put("a/b", b"other")
    assert await store.lock_of("a/b") == ObjectLock()


async def test_a_retention_that_is_over_keeps_nothing(store: ObjectStore) -> None:
    """Retained for two seconds, then deleted."""
    await store.put("brief", b"x")
    until = await store.retain("brief", datetime.now(UTC) + timedelta(seconds=1))
    with pytest.raises(RetainedError):
        await store.delete("brief")
    await asyncio.sleep((until - datetime.now(UTC)).total_seconds() + 1.1)
    await store.delete("brief")
    assert await store.size("brief") is None


async def test_what_is_not_there_cannot_be_kept(store: ObjectStore) -> None:
    """To retain or hold a missing object is an error, and makes nothing."""
    for act in (store.retain("no/ne", in_days(1)), store.hold("no/ne"), store.lock_of("no/ne")):
        with pytest.raises(StoreError) as caught:
            await act
        assert not caught.value.retryable
    assert await store.size("no/ne") is None


@pytest.mark.s3
@pytest.mark.parametrize("kind", ["versions", "governance", "compliance"])
async def test_what_is_done_past_us_hides_no_evidence(rgw: Rgw, kind: str) -> None:
    """Attack with the bucket's own credentials: overwrite, then delete by name.

    The kept version is still read, by its id and by name; a retention asked for then falls
    on it and not only on the forgery.
    """
    bucket = bucket_of(rgw, kind)
    store = locked_store(rgw, kind, bucket)
    stored = await store.put("a", b"evidence")
    rgw.client().delete_object(Bucket=bucket, Key="p/a")
    assert await store.size("a") is None
    assert await store.get("a") == b"evidence"
    rgw.client().put_object(Bucket=bucket, Key="p/a", Body=b"forgery")
    assert await store.get("a", version_id=stored.version_id) == b"evidence"
    until = await store.retain("a", in_days(2))
    assert await store.lock_of("a", version_id=stored.version_id) == ObjectLock(until)
    with pytest.raises(RetainedError):
        await store.delete("a")
    assert await store.get("a", version_id=stored.version_id) == b"evidence"
    await store.close()


@pytest.mark.s3
@pytest.mark.parametrize("kind", ["plain", "versions", "governance", "compliance"])
async def test_a_new_object_is_kept_from_the_start(rgw: Rgw, kind: str) -> None:
    """With days set a put retains at once; who has the bucket's credentials meets the lock."""
    bucket = bucket_of(rgw, kind)
    store = locked_store(rgw, kind, bucket, lock_days=2)
    stored = await store.put("a", b"evidence")
    until = (await store.lock_of("a")).until
    assert until is not None
    assert abs(until - in_days(2)) < timedelta(seconds=10)
    with pytest.raises(RetainedError):
        await store.delete("a", version_id=stored.version_id)
    assert await store.capabilities() == KINDS[kind]
    if (await store.capabilities()).lock is LockKeeper.STORE:
        past_us = {"Bucket": bucket, "Key": "p/a", "VersionId": stored.version_id}
        shorter: dict[str, Any] = {"Mode": kind.upper(), "RetainUntilDate": in_days(1)}
        for bypass in (False, True) if kind == "compliance" else (False,):
            around = {**past_us, "BypassGovernanceRetention": bypass}
            with pytest.raises(ClientError, match="AccessDenied"):
                rgw.client().put_object_retention(**around, Retention=shorter)
            with pytest.raises(ClientError, match="AccessDenied"):
                rgw.client().delete_object(**around)
    assert await store.get("a", version_id=stored.version_id) == b"evidence"
    await store.close()


@pytest.mark.s3
async def test_a_versioned_bucket_keeps_each_version(rgw: Rgw) -> None:
    """Where the bucket has versions the stored object names its own."""
    bucket = bucket_of(rgw, "versions")
    store = s3_store(rgw, bucket)
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
async def test_what_only_the_buckets_owner_can_mend_is_told_apart(rgw: Rgw) -> None:
    """Credentials, rights, bucket and quota: the customer's fault, each with its reason.

    Reading and asking for a size say so too: a bucket that is gone is no missing object.
    """
    mine = rgw.make_bucket()
    other_key, other_secret = rgw.make_user()
    full = rgw.make_bucket()
    rgw.set_quota(full, 1)
    rgw.client().put_object(Bucket=full, Key="first", Body=b"x")
    refusing = {
        StoreReason.CREDENTIALS: s3_store(rgw, mine, access_key="WRONG", secret_key="wrong"),
        StoreReason.DENIED: s3_store(rgw, mine, access_key=other_key, secret_key=other_secret),
        StoreReason.NO_BUCKET: s3_store(rgw, "not-there"),
        StoreReason.QUOTA: s3_store(rgw, full),
    }
    for reason, store in refusing.items():
        with pytest.raises(StoreError, match=r"the bucket \S+ refuses") as caught:
            await store.put("a", b"x")
        assert (caught.value.fault, caught.value.reason) == (StoreFault.CUSTOMER, reason)
        assert not caught.value.retryable
        if reason is not StoreReason.QUOTA:
            for act in (store.get("a"), store.size("a"), store.capabilities()):
                with pytest.raises(StoreError) as caught:
                    await act
                assert caught.value.fault is StoreFault.CUSTOMER
        await store.close()


async def test_a_store_that_does_not_answer_is_ours_and_worth_retrying() -> None:
    """Nobody listens at the endpoint, or it has no address."""
    for endpoint in ("http://127.0.0.1:9", "http://nobody.invalid"):
        store = S3Store("b", endpoint=endpoint, access_key="a", secret_key="b")
        with pytest.raises(StoreError) as caught:
            await store.get("a")
        assert caught.value.retryable
        assert (caught.value.fault, caught.value.reason) == (StoreFault.OURS, StoreReason.AWAY)
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
