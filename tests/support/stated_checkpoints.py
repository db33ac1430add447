"""Checkpoints of a session that was never live: written from its ledger, countersigned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

import rfc8785
from sqlalchemy import select

from cases.tables import Checkpoint, Countersignature, DeviceKey, Session
from cases.unit import Unit
from recorder.proof.formats import CHECKPOINT_TYPE
from recorder.proof.jws import thumbprint
from recorder.signing import SigningKey
from recorder.statements import checkpoint_body
from tests.support.packages import Device


async def name_keys(unit: Unit, session_id: str, devices: Sequence[Device]) -> None:
    """What devices do as they join."""
    for device in devices:
        unit.tx.add(
            DeviceKey(
                session_id=session_id,
                participant_id=device.participant_id,
                kid=thumbprint(device.jwk),
                jwk=device.jwk,
                created_at=unit.now,
            )
        )
    await unit.tx.flush()


async def state_what_is_durable(
    unit: Unit, session_id: str, at: datetime, signer: SigningKey, devices: Sequence[Device]
) -> None:
    """The next checkpoint, of a moment, with everybody's countersignature."""
    await unit.tx.flush()
    session = await unit.tx.get_one(Session, session_id)
    made = await unit.tx.scalars(
        select(Checkpoint.sha256)
        .where(Checkpoint.session_id == session_id)
        .order_by(Checkpoint.number)
    )
    before = [None, *made]
    number = len(before)
    body = rfc8785.dumps(await checkpoint_body(unit.tx, session, number, before[-1], at))
    unit.tx.add(
        Checkpoint(
            session_id=session_id,
            number=number,
            jws=signer.sign(body, CHECKPOINT_TYPE),
            sha256=sha256(body).hexdigest(),
            created_at=at,
        )
    )
    await unit.tx.flush()
    for device in devices:
        unit.tx.add(
            Countersignature(
                session_id=session_id,
                number=number,
                participant_id=device.participant_id,
                jws=device.countersign(body)["jws"],
                created_at=at,
            )
        )
