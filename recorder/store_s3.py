"""S3 as the object store: boto3 in a bounded pool of threads.

Names are unique, so that no conditional write is needed (stores do not enforce it on
versioned buckets); what was read is compared by our own SHA-256, since HEAD gives none.
Where the bucket has Object Lock it keeps what is retained or held; elsewhere the
application does, by two tags of the object.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha256
from time import monotonic
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from recorder.store import (
    LockKeeper,
    LockMode,
    ObjectLock,
    StoreCapabilities,
    StoredObject,
    Threads,
    check_key,
    missing,
    other_content,
    whole_seconds,
)
from recorder.store_faults import StoreReason, fault_of, reason_of
from runtime.errors import RetainedError, StoreError, StoreFault

_THREADS = 8
_CONNECT_LIMIT_S = 5
_READ_LIMIT_S = 30
_CALL_LIMIT_S = 60.0
_FINAL_STATUSES = frozenset({400, 404, 405, 411, 413, 416})
_ASK_AGAIN_S = 600.0
"""A bucket's versioning and Object Lock can be turned on while this runs."""
_UNTIL_TAG = "proofcall-retain-until"
_HELD_TAG = "proofcall-legal-hold"

_Result = TypeVar("_Result")


class S3Store:
    """A bucket, with an optional prefix before every name.

    Credentials come from the usual AWS places unless given.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        endpoint: str | None = None,
        access_key: str | None = None,
        secret_key: str | None = None,
        lock_mode: LockMode = LockMode.GOVERNANCE,
        lock_days: int = 0,
    ) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._endpoint = endpoint
        self._access_key = access_key
        self._secret_key = secret_key
        self._lock_mode = lock_mode
        self._lock_days = lock_days
        self._known: tuple[float, StoreCapabilities] | None = None
        self._threads = Threads(_THREADS)
        self._client: Any = None

    async def put(self, key: str, content: bytes) -> StoredObject:
        """Store an object; where the bucket has versions the answer names this one."""
        return await self._run(key, lambda: self._put(key, content))

    async def get(self, key: str, *, version_id: str | None = None) -> bytes:
        """The whole object."""
        return await self._run(key, lambda: self._get(key, version_id))

    async def size(self, key: str, *, version_id: str | None = None) -> int | None:
        """How many bytes an object, or this version of it, has."""

        def work() -> int | None:
            found = self._size(key, version_id)
            if found is None:
                self._ask_bucket()
            return found

        return await self._run(key, work)

    async def retain(self, key: str, until: datetime, *, version_id: str | None = None) -> datetime:
        """Keep an object at least until then."""
        until = whole_seconds(until)
        return await self._run(key, lambda: self._retain(key, until, version_id))

    async def hold(self, key: str, *, version_id: str | None = None) -> None:
        """Put an object under a legal hold."""
        await self._run(key, lambda: self._set_hold(key, version_id, "ON"))

    async def release(self, key: str, *, version_id: str | None = None) -> None:
        """End a legal hold."""
        await self._run(key, lambda: self._set_hold(key, version_id, "OFF"))

    async def lock_of(self, key: str, *, version_id: str | None = None) -> ObjectLock:
        """How long an object is kept."""
        return await self._run(key, lambda: self._lock_of(key, version_id))

    async def delete(self, key: str, *, version_id: str | None = None) -> None:
        """Delete this version, or every version with the delete markers among them."""
        await self._run(key, lambda: self._delete(key, version_id))

    async def capabilities(self) -> StoreCapabilities:
        """What the bucket says of its versioning and Object Lock; asked every ten minutes."""
        return await self._run("bucket", self._capabilities)

    async def close(self) -> None:
        """Let go of threads and connections."""
        self._threads.close()
        if self._client is not None:
            self._client.close()

    def _s3(self) -> Any:
        if self._client is None:
            self._client = boto3.session.Session().client(
                "s3",
                endpoint_url=self._endpoint,
                aws_access_key_id=self._access_key,
                aws_secret_access_key=self._secret_key,
                config=Config(
                    s3={"addressing_style": "path"},
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                    connect_timeout=_CONNECT_LIMIT_S,
                    read_timeout=_READ_LIMIT_S,
                    retries={"max_attempts": 2, "mode": "standard"},
                    max_pool_connections=_THREADS,
                ),
            )
        return self._client

    async def _run(self, key: str, work: Callable[[], _Result]) -> _Result:
        """Work on the pool, what boto3 raises made a StoreError."""
        check_key(key)

        def guarded() -> _Result:
            try:
                return work()
            except (ClientError, BotoCoreError, OSError) as error:
                raise self._error(key, error) from error

        return await self._threads.run(guarded, limit_s=_CALL_LIMIT_S)

    def _error(self, key: str, error: Exception) -> StoreError:
        if isinstance(error, NoCredentialsError | PartialCredentialsError | ProfileNotFound):
            status, code, reason = 0, str(error), StoreReason.CREDENTIALS
        elif isinstance(error, ClientError):
            status, code = _status(error), _code(error)
            reason = reason_of(status, code)
        else:
            return StoreError(f"{key}: {error}", retryable=True, reason=StoreReason.AWAY)
        fault = fault_of(reason)
        if fault is StoreFault.CUSTOMER:
            return StoreError(
                f"the bucket {self._bucket} refuses {key}: {code} ({status})",
                retryable=False,
                fault=fault,
                reason=reason,
            )
        return StoreError(
            f"{key}: {code} ({status})", retryable=status not in _FINAL_STATUSES, reason=reason
        )

    def _names(self, key: str, version_id: str | None) -> dict[str, str]:
        version = {"VersionId": version_id} if version_id else {}
        return {"Bucket": self._bucket, "Key": self._prefix + key, **version}

    def _put(self, key: str, content: bytes) -> StoredObject:
        digest = sha256(content).hexdigest()
        if self._size(key, None) is not None:
            answer = self._s3().get_object(**self._names(key, None))
            if sha256(answer["Body"].read()).hexdigest() != digest:
                raise other_content(key)
        else:
            answer = self._s3().put_object(
                **self._names(key, None),
                Body=content,
                Metadata={"sha256": digest},
                **self._first_lock(content),
            )
        return StoredObject(key, len(content), digest, _version(answer))

    def _first_lock(self, content: bytes) -> dict[str, Any]:
        """How a new object is kept from the start, before its final date is known."""
        if not self._lock_days:
            return {}
        until = whole_seconds(datetime.now(UTC) + timedelta(days=self._lock_days))
        if self._capabilities().lock_mode is None:
            return {"Tagging": f"{_UNTIL_TAG}={until:%Y-%m-%dT%H:%M:%SZ}"}
        return {
            "ObjectLockMode": self._lock_mode.upper(),
            "ObjectLockRetainUntilDate": until,
            # S3 takes no lock without it.
            "ContentMD5": b64encode(md5(content, usedforsecurity=False).digest()).decode(),
        }

    def _get(self, key: str, version_id: str | None) -> bytes:
        try:
            answer = self._s3().get_object(**self._names(key, version_id))
        except ClientError as error:
            if _status(error) != 404 or version_id is not None:
                raise
            # Somebody set a delete marker past us: what was put first is still there.
            kept = self._kept(key)
            if not kept:
                raise
            answer = self._s3().get_object(**self._names(key, kept[-1]))
        content: bytes = answer["Body"].read()
        return content

    def _size(self, key: str, version_id: str | None) -> int | None:
        try:
            answer = self._s3().head_object(**self._names(key, version_id))
        except ClientError as error:
            # A delete marker that is asked for by its version answers 405.
            if _status(error) in (404, 405):
                return None
            self._ask_bucket()
            raise
        return int(answer["ContentLength"])

    def _ask_bucket(self) -> None:
        """Have the bucket say in words why it refuses, or that it is not there: HEAD has none."""
        self._s3().list_objects_v2(Bucket=self._bucket, Prefix="none", MaxKeys=1)

    def _capabilities(self) -> StoreCapabilities:
        if self._known is None or monotonic() - self._known[0] > _ASK_AGAIN_S:
            self._known = (monotonic(), self._ask_capabilities())
        return self._known[1]

    def _ask_capabilities(self) -> StoreCapabilities:
        versioning = self._s3().get_bucket_versioning(Bucket=self._bucket)
        versions = versioning.get("Status") == "Enabled"
        try:
            answer = self._s3().get_object_lock_configuration(Bucket=self._bucket)
        except ClientError as error:
            if _code(error) not in ("ObjectLockConfigurationNotFoundError", "NotImplemented"):
                raise
            return StoreCapabilities("s3", versions, LockKeeper.APPLICATION, None)
        if answer["ObjectLockConfiguration"].get("ObjectLockEnabled") != "Enabled":
            return StoreCapabilities("s3", versions, LockKeeper.APPLICATION, None)
        return StoreCapabilities("s3", versions, LockKeeper.STORE, self._lock_mode)

    def _lock_of(self, key: str, version_id: str | None) -> ObjectLock:
        if self._capabilities().lock is LockKeeper.STORE:
            head = self._s3().head_object(**self._names(key, version_id))
            held = head.get("ObjectLockLegalHoldStatus") == "ON"
            until = head.get("ObjectLockRetainUntilDate")
            return ObjectLock(until and until.astimezone(UTC), held)
        tags = self._tags(key, version_id)
        told = tags.get(_UNTIL_TAG)
        return ObjectLock(told and datetime.fromisoformat(told), tags.get(_HELD_TAG) == "ON")

    def _retain(self, key: str, until: datetime, version_id: str | None) -> datetime:
        return min(self._retain_one(key, until, one) for one in self._meant(key, version_id))

    def _retain_one(self, key: str, until: datetime, version_id: str) -> datetime:
        known = self._lock_of(key, version_id).until
        if known is not None and known >= until:
            return known
        if self._capabilities().lock is LockKeeper.APPLICATION:
            self._tag(key, version_id, {_UNTIL_TAG: f"{until:%Y-%m-%dT%H:%M:%SZ}"})
            return until
        names = self._names(key, version_id)
        head = self._s3().head_object(**names)
        # An object keeps its mode: going over to another is a shortening to some stores.
        mode = head.get("ObjectLockMode") or self._lock_mode.upper()
        self._s3().put_object_retention(**names, Retention={"Mode": mode, "RetainUntilDate": until})
        return until

    def _set_hold(self, key: str, version_id: str | None, status: str) -> None:
        for one in self._meant(key, version_id):
            if self._capabilities().lock is LockKeeper.APPLICATION:
                self._tag(key, one, {_HELD_TAG: status})
            else:
                hold = {"Status": status}
                self._s3().put_object_legal_hold(**self._names(key, one), LegalHold=hold)

    def _tags(self, key: str, version_id: str | None) -> dict[str, Any]:
        answer = self._s3().get_object_tagging(**self._names(key, version_id))
        return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}

    def _tag(self, key: str, version_id: str, changed: dict[str, str]) -> None:
        tags = {**self._tags(key, version_id), **changed}
        self._s3().put_object_tagging(
            **self._names(key, version_id),
            Tagging={"TagSet": [{"Key": name, "Value": tags[name]} for name in sorted(tags)]},
        )

    def _delete(self, key: str, version_id: str | None) -> None:
        kept = self._kept(key) if version_id is None else [version_id]
        if version_id is not None and self._size(key, version_id) is None:
            return
        for one in kept:
            self._lock_of(key, one).refuse(key)
        for one in kept:
            try:
                self._s3().delete_object(**self._names(key, one))
            except ClientError as error:
                # Somebody retained it between the look and now.
                if self._lock_of(key, one) != ObjectLock():
                    raise RetainedError(f"{key}: the store keeps it") from error
                raise
        if version_id is None:
            for marker in self._listed(key, "DeleteMarkers"):
                self._s3().delete_object(**self._names(key, marker))

    def _meant(self, key: str, version_id: str | None) -> list[str]:
        """The version, or without one all of them: a later one never hides the evidence."""
        meant = self._kept(key) if version_id is None else [version_id]
        if not meant:
            raise missing(key)
        return meant

    def _kept(self, key: str) -> list[str]:
        """The versions of an object, the newest first; one named "null" without versioning."""
        return list(self._listed(key, "Versions"))

    def _listed(self, key: str, kind: str) -> Iterator[str]:
        pages = self._s3().get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + key):
            there = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            yield from (
                one["VersionId"] for one in page.get(kind, ()) if one["Key"] == self._prefix + key
            )
            # In the order of names, so that those that merely begin so come after ours.
            if any(one["Key"] != self._prefix + key for one in there):
                return


def _version(answer: Any) -> str | None:
    version = answer.get("VersionId")
    return str(version) if version and version != "null" else None


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
