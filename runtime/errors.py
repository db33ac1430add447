"""The errors that the whole project raises on purpose; anything else is a bug."""

from __future__ import annotations

from enum import StrEnum


class ProofcallError(Exception):
    """The root of every error raised on purpose."""


class CaseError(ProofcallError):
    """Something the user can mend, named by a stable code.

    ``code`` is snake_case and part of the API; ``status`` is the HTTP status
    it maps to; ``fields`` are extra members of the problem details.
    """

    def __init__(self, code: str, message: str, *, status: int = 409, **fields: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields


class PeerError(ProofcallError):
    """The remote side's fault: close that peer and nothing else."""


class StoreFault(StrEnum):
    """Who can mend it when the object store fails."""

    OURS = "ours"
    CUSTOMER = "customer"


class StoreError(ProofcallError):
    """The object store failed; ``retryable`` says whether trying again can help.

    ``fault`` says who can mend it, ``reason`` why in a stable word (``recorder/store_faults.py``).
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool,
        fault: StoreFault = StoreFault.OURS,
        reason: str = "",
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.fault = fault
        self.reason = reason


class RetainedError(StoreError):
    """The object is retained or held, so it is not deleted; nothing is wrong with the store."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=False)


class SetupError(ProofcallError):
    """The machine is not ready; the message is one line that says what to do."""
