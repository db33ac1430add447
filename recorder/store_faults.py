"""PURE. Whose fault it is when a store fails: the bucket's owner's, or ours and soon over.

A bucket that refuses (credentials, rights, region, lock, quota) stays so until its owner
mends it; whoever operates Proofcall cannot. Everything else is ours: the way there, the
disk, the store's own failures.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from runtime.errors import StoreFault


class StoreReason(StrEnum):
    """Why a store fails, in words that stay."""

    CREDENTIALS = "credentials"
    DENIED = "denied"
    NO_BUCKET = "no_bucket"
    REGION = "region"
    LOCK = "lock"
    QUOTA = "quota"
    AWAY = "away"
    DISK = "disk"
    OBJECT = "object"  # the store is well: this object is missing, or is another
    PLACE = "place"  # the settings name no such place


OWNERS: Final = frozenset(
    {
        StoreReason.CREDENTIALS,
        StoreReason.DENIED,
        StoreReason.NO_BUCKET,
        StoreReason.REGION,
        StoreReason.LOCK,
        StoreReason.QUOTA,
    }
)
"""What only the bucket's owner can mend."""

_BY_CODE: Final = {
    "InvalidAccessKeyId": StoreReason.CREDENTIALS,
    "SignatureDoesNotMatch": StoreReason.CREDENTIALS,
    "ExpiredToken": StoreReason.CREDENTIALS,
    "InvalidToken": StoreReason.CREDENTIALS,
    "AccountProblem": StoreReason.DENIED,
    "AllAccessDisabled": StoreReason.DENIED,
    "UserSuspended": StoreReason.DENIED,
    "NoSuchBucket": StoreReason.NO_BUCKET,
    "AuthorizationHeaderMalformed": StoreReason.REGION,
    "PermanentRedirect": StoreReason.REGION,
    "IllegalLocationConstraintException": StoreReason.REGION,
    "InvalidBucketState": StoreReason.LOCK,
    "ObjectLockConfigurationNotFoundError": StoreReason.LOCK,
    "InvalidRetentionPeriod": StoreReason.LOCK,
    "QuotaExceeded": StoreReason.QUOTA,
    # The machine's own clock is wrong, which the bucket's owner cannot mend.
    "RequestTimeTooSkewed": StoreReason.AWAY,
    "RequestTimeout": StoreReason.AWAY,
    "SlowDown": StoreReason.AWAY,
    "NoSuchKey": StoreReason.OBJECT,
    "NoSuchVersion": StoreReason.OBJECT,
}
_BY_STATUS: Final = {
    301: StoreReason.REGION,
    307: StoreReason.REGION,
    401: StoreReason.CREDENTIALS,
    403: StoreReason.DENIED,
    404: StoreReason.OBJECT,
    507: StoreReason.QUOTA,
}


def reason_of(status: int, code: str) -> StoreReason:
    """Why S3 refused; ``code`` may be a number, since an answer to HEAD has no words."""
    return _BY_CODE.get(code) or _BY_STATUS.get(status, StoreReason.AWAY)


def fault_of(reason: StoreReason) -> StoreFault:
    """Whose fault this is."""
    return StoreFault.CUSTOMER if reason in OWNERS else StoreFault.OURS
