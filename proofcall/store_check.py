"""``proofcall admin check-stores``: what each place does for evidence, and what it lacks."""

from __future__ import annotations

from typing import Final

from recorder.places import open_store
from recorder.store import LockKeeper, StoreCapabilities
from runtime.errors import ProofcallError, StoreError, StoreFault
from runtime.settings import Place, Settings

_LACKS: Final = {
    "no_versions": "no versions: whoever has the bucket's credentials can overwrite evidence",
    "no_object_lock": (
        "no Object Lock: retention and legal holds are kept by Proofcall alone; "
        "whoever reaches the storage past it can delete"
    ),
}
_WHOSE: Final = {
    StoreFault.CUSTOMER: "its owner must mend it",
    StoreFault.OURS: "ours: the way there, the settings or the store itself",
}


class StoreNotReachedError(ProofcallError):
    """A place cannot be used now."""


async def check_stores(settings: Settings) -> None:
    """Print a few lines for each place.

    Raises:
        StoreNotReachedError: one of them cannot be read.
        SetupError: the settings are wrong.
    """
    store = open_store(settings)
    failed: list[str] = []
    try:
        for name, place in settings.all_places.items():
            print(f"{name}: {place.store}{f', {place.region}' if place.region else ''}")
            try:
                found = await store.places[name].capabilities()
                await store.places[name].size("readyz")
            except StoreError as error:
                failed.append(name)
                print(f"  fails ({error.reason}; {_WHOSE[error.fault]}): {error}")
            else:
                print("\n".join(f"  {line}" for line in _lines(found, place)))
    finally:
        await store.close()
    if failed:
        raise StoreNotReachedError(f"No evidence can be kept now in: {', '.join(failed)}")


def _lines(found: StoreCapabilities, place: Place) -> list[str]:
    kept = f"new objects are retained for {place.lock_days} days at once"
    days = kept if place.lock_days else "new objects are not retained until their date is known"
    if found.lock is LockKeeper.STORE:
        days = f"Object Lock ({place.lock_mode}); {days}"
    return [days, *(f"LACKS {_LACKS[one]}" for one in found.shortcomings)]
