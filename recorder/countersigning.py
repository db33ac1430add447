"""What the devices in a call sign: each names its key once, then countersigns checkpoints."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select

from cases.actor import Actor
from cases.case_access import not_found
from cases.log import LoggedEvent
from cases.session_access import see_as_participant
from cases.states import SessionState
from cases.tables import Checkpoint, Countersignature, DeviceKey, Participant
from cases.unit import Unit
from recorder.proof import shapes
from recorder.proof.formats import COUNTERSIGNATURE_TYPE
from recorder.proof.jws import canonical_json, check_public_jwk, is_signed_by, read_jws, thumbprint
from recorder.proof.shapes import fits
from runtime.errors import CaseError

# Each load of the page makes one.
_MAX_KEYS: Final = 200


async def register(
    unit: Unit, actor: Actor, session_id: str, jwk: dict[str, str]
) -> LoggedEvent | None:
    """Keep a participant's key and log it, so that the sealed log says whose it is.

    Gives None when it is known.

    Raises:
        CaseError: ``not_found``, ``already_ended``, ``bad_key`` (422), ``too_many_keys``.
    """
    me = await _party(unit, actor, session_id)
    try:
        key = check_public_jwk(jwk)
    except ValueError as error:
        raise CaseError("bad_key", "This is no key to sign with.", status=422) from error
    kid = thumbprint(key)
    if await unit.tx.get(DeviceKey, (session_id, me.id, kid)) is not None:
        return None
    known = await unit.tx.scalar(
        select(func.count()).where(
            DeviceKey.session_id == session_id, DeviceKey.participant_id == me.id
        )
    )
    if (known or 0) >= _MAX_KEYS:
        raise CaseError("too_many_keys", "This device has named too many keys.")
    unit.tx.add(
        DeviceKey(
            session_id=session_id, participant_id=me.id, kid=kid, jwk=key, created_at=unit.now
        )
    )
    said = {"participant_id": me.id, "jwk": key}
    return await unit.record(session_id, "device_key", said, actor, client_id=f"key-{kid}")


async def keep(unit: Unit, actor: Actor, session_id: str, number: int, jws: str) -> None:
    """Keep a device's signature over a checkpoint; a second one changes nothing.

    Raises:
        CaseError: ``not_found`` (also for a checkpoint that is not there), ``already_ended``,
            ``bad_signature`` (422): it is not this participant's, or is over something else.
    """
    me = await _party(unit, actor, session_id)
    checkpoint = await unit.tx.get(Checkpoint, (session_id, number))
    if checkpoint is None:
        raise not_found()
    if await unit.tx.get(Countersignature, (session_id, number, me.id)) is not None:
        return
    if not await _is_good(unit, me, checkpoint, jws):
        raise CaseError("bad_signature", "This signature does not fit.", status=422)
    unit.tx.add(
        Countersignature(
            session_id=session_id,
            number=number,
            participant_id=me.id,
            jws=jws,
            created_at=unit.now,
        )
    )


async def _is_good(unit: Unit, me: Participant, checkpoint: Checkpoint, jws: str) -> bool:
    try:
        read = read_jws(jws)
        said = canonical_json(read.payload)
    except ValueError:
        return False
    key = await unit.tx.get(DeviceKey, (checkpoint.session_id, me.id, read.kid))
    return (
        key is not None
        and read.typ == COUNTERSIGNATURE_TYPE
        and is_signed_by(read, key.jwk)
        and fits(said, shapes.COUNTERSIGNATURE)
        and said == {"checkpoint_sha256": checkpoint.sha256, "participant_id": me.id}
    )


async def _party(unit: Unit, actor: Actor, session_id: str) -> Participant:
    session, _case, me = await see_as_participant(unit.tx, actor, session_id)
    if session.state == SessionState.ENDED:
        raise CaseError("already_ended", "This inspection has ended.")
    return me
