"""The places that keep evidence, as one store: each object's name says where it is.

Settings name the places (bucket, endpoint, region, credentials by reference); which of them
a tenant's new evidence goes to is the operator's choice, in the tenant's row. What was
stored before a tenant moved stays where it is and is read from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import structlog

from recorder.store import (
    DirectoryStore,
    LockMode,
    ObjectLock,
    ObjectStore,
    StoreCapabilities,
    StoredObject,
)
from recorder.store_faults import StoreReason
from runtime.errors import SetupError, StoreError
from runtime.place_names import DEFAULT_PLACE, place_of
from runtime.settings import Place, Settings

log = structlog.get_logger()


class PlacedStore:
    """Hands each call to the place that the object's name says.

    An object of a place that the settings do not name is an error for operators, and waits.
    """

    def __init__(self, places: Mapping[str, ObjectStore]) -> None:
        self.places = places

    def _at(self, key: str) -> ObjectStore:
        name = place_of(key)
        try:
            return self.places[name]
        except KeyError:
            raise StoreError(
                f"{key}: the settings name no place {name!r}",
                retryable=False,
                reason=StoreReason.PLACE,
            ) from None

    async def put(self, key: str, content: bytes) -> StoredObject:
        """Store an object durably."""
        return await self._at(key).put(key, content)

    async def get(self, key: str, *, version_id: str | None = None) -> bytes:
        """The whole object."""
        return await self._at(key).get(key, version_id=version_id)

    async def size(self, key: str, *, version_id: str | None = None) -> int | None:
        """How many bytes an object has."""
        return await self._at(key).size(key, version_id=version_id)

    async def retain(self, key: str, until: datetime, *, version_id: str | None = None) -> datetime:
        """Keep an object at least until then."""
        return await self._at(key).retain(key, until, version_id=version_id)

    async def hold(self, key: str, *, version_id: str | None = None) -> None:
        """Put an object under a legal hold."""
        await self._at(key).hold(key, version_id=version_id)

    async def release(self, key: str, *, version_id: str | None = None) -> None:
        """End a legal hold."""
        await self._at(key).release(key, version_id=version_id)

    async def lock_of(self, key: str, *, version_id: str | None = None) -> ObjectLock:
        """How long an object is kept."""
        return await self._at(key).lock_of(key, version_id=version_id)

    async def delete(self, key: str, *, version_id: str | None = None) -> None:
        """Delete an object."""
        await self._at(key).delete(key, version_id=version_id)

    async def capabilities(self, key: str = "") -> StoreCapabilities:
        """What the place of this name does for evidence."""
        return await self._at(key).capabilities(key)

    async def close(self) -> None:
        """Let go of all of them."""
        for store in self.places.values():
            await store.close()


def open_store(settings: Settings) -> PlacedStore:
    """The stores that the settings name.

    Raises:
        SetupError: an address is of no known kind, or credentials are not there.
    """
    places: dict[str, ObjectStore] = {}
    for name, place in settings.all_places.items():
        places[name] = _open(name, place)
    return PlacedStore(places)


def _open(name: str, place: Place) -> ObjectStore:
    what = "PROOFCALL_STORE" if name == DEFAULT_PLACE else f"PROOFCALL_PLACES, {name!r}"
    url = urlsplit(place.store)
    if url.scheme == "file" and url.netloc in ("", "localhost"):
        return DirectoryStore(Path(unquote(url.path)))
    if url.scheme == "s3" and url.netloc:
        # Imported here because boto3 takes a while, and a directory needs none of it.
        from recorder.store_s3 import S3Store, has_profile

        if place.profile is not None and not has_profile(place.profile):
            raise SetupError(f"{what}: there is no AWS profile {place.profile!r}")
        return S3Store(
            url.netloc,
            url.path.strip("/"),
            endpoint=place.endpoint,
            region=place.region,
            profile=place.profile,
            lock_mode=LockMode(place.lock_mode),
            lock_days=place.lock_days,
        )
    raise SetupError(f"{what}: expected file:///… or s3://bucket/prefix, not {url.scheme!r}")


async def log_capabilities(store: PlacedStore) -> None:
    """Say at the start what each place does for evidence, and loudly what it does not."""
    for name, one in store.places.items():
        try:
            found = await one.capabilities()
        except StoreError as error:
            log.error(
                "a place does not answer",
                place=name,
                fault=error.fault.value,
                reason=error.reason,
                error=str(error),
            )
            continue
        fields = {"place": name, "versions": found.versions, "lock": found.lock.value}
        if found.shortcomings:
            log.warning("a place lacks something", **fields, lacks=list(found.shortcomings))
        else:
            log.info("a place is whole", **fields)
