"""S3 as the object store: boto3 in a bounded pool of threads.

Names are unique, so that no conditional write is needed (stores do not enforce it on
versioned buckets); what was read is compared by our own SHA-256, since HEAD gives none.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from recorder.store import StoredObject, Threads, check_key
from runtime.errors import StoreError

_THREADS = 8
_CONNECT_LIMIT_S = 5
_READ_LIMIT_S = 30
_CALL_LIMIT_S = 60.0
_FINAL_STATUSES = frozenset({400, 401, 403, 404, 405, 411, 413, 416})


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
    ) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._endpoint = endpoint
        self._access_key = access_key
        self._secret_key = secret_key
        self._threads = Threads(_THREADS)
        self._client: Any = None

    async def put(self, key: str, content: bytes) -> StoredObject:
        """Store an object; where the bucket has versions the answer names this one."""
        check_key(key)
        return await self._threads.run(lambda: self._put(key, content), limit_s=_CALL_LIMIT_S)

    async def get(self, key: str, *, version_id: str | None = None) -> bytes:
        """The whole object."""
        check_key(key)
        return await self._threads.run(lambda: self._get(key, version_id), limit_s=_CALL_LIMIT_S)

    async def size(self, key: str, *, version_id: str | None = None) -> int | None:
        """How many bytes an object, or this version of it, has."""
        check_key(key)
        return await self._threads.run(lambda: self._size(key, version_id), limit_s=_CALL_LIMIT_S)

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

    def _put(self, key: str, content: bytes) -> StoredObject:
        digest = sha256(content).hexdigest()
        try:
            if self._size(key, None) is not None:
                return self._put_before(key, content, digest)
            answer = self._s3().put_object(
                Bucket=self._bucket,
                Key=self._prefix + key,
                Body=content,
                Metadata={"sha256": digest},
            )
        except (ClientError, BotoCoreError) as error:
            raise _store_error(key, error) from error
        return StoredObject(key, len(content), digest, _version(answer))

    def _put_before(self, key: str, content: bytes, digest: str) -> StoredObject:
        answer = self._s3().get_object(Bucket=self._bucket, Key=self._prefix + key)
        if sha256(answer["Body"].read()).hexdigest() != digest:
            raise StoreError(f"{key} exists with other content", retryable=False)
        return StoredObject(key, len(content), digest, _version(answer))

    def _get(self, key: str, version_id: str | None) -> bytes:
        version = {"VersionId": version_id} if version_id else {}
        try:
            answer = self._s3().get_object(Bucket=self._bucket, Key=self._prefix + key, **version)
            content: bytes = answer["Body"].read()
        except (ClientError, BotoCoreError, OSError) as error:
            raise _store_error(key, error) from error
        return content

    def _size(self, key: str, version_id: str | None) -> int | None:
        version = {"VersionId": version_id} if version_id else {}
        try:
            answer = self._s3().head_object(Bucket=self._bucket, Key=self._prefix + key, **version)
        except ClientError as error:
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
                return None
            raise _store_error(key, error) from error
        except BotoCoreError as error:
            raise _store_error(key, error) from error
        return int(answer["ContentLength"])


def _version(answer: Any) -> str | None:
    version = answer.get("VersionId")
    return str(version) if version and version != "null" else None


def _store_error(key: str, error: Exception) -> StoreError:
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = error.response.get("Error", {}).get("Code", "")
        return StoreError(f"{key}: {code} ({status})", retryable=status not in _FINAL_STATUSES)
    return StoreError(f"{key}: {error}", retryable=True)
