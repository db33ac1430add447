"""The journey of a damaged parcel over the API, from its label to the money and the claim."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from infra.local.postgres import Postgres
from tests.support.port_world import port_world


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_damaged_parcel_comes_back_is_paid_and_claimed(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Label by the carrier, scans, receipt, a look at the goods, a claim, and the money once."""
    url = None
    if kind == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database()
    async with port_world(tmp_path, url) as world:
        await world.connect()
        claim_in = {"reason": "damaged", "words": "La pantalla está rota.", "locale": "es"}
        case_id = await world.decided("refund", claim=claim_in)
        await world.ask("POST", f"/cases/{case_id}/labels", 202)
        await world.work()
        (parcel,) = (await world.way(case_id))["parcels"]
        number = parcel["tracking_number"]
        scans = world.strangers.scans.setdefault(number, [])
        for status, state in (
            ("picked_up", "shipped"),
            ("damaged", "shipped"),
            ("delivered", "received"),
        ):
            world.advance(hours=6, minutes=1)
            at = world.now - timedelta(minutes=5)
            scans.append({"status": status, "at": at.isoformat(), "place": "Zaragoza"})
            await world.work()
            assert (await world.case(case_id))["state"] == state, status
        claims = f"/cases/{case_id}/carrier-claims"
        opened = await world.ask(
            "POST", claims, 201, {"parcel_id": parcel["id"], "note": "Crushed on its way back."}
        )
        await world.ask("POST", f"{claims}/{opened['id']}/file", 200, {"reference": "CL-77"})
        view = await world.move(
            case_id,
            "check",
            lines=[
                {
                    "position": position,
                    "returned": item["quantity"],
                    "grade": "D",
                    "disposition": "dispose",
                    "liability": "carrier",
                }
                for position, item in enumerate((await world.case(case_id))["items"])
            ],
        )
        paid = sum(float(one["price"]) * one["quantity"] for one in view["items"])
        body = {"amount": f"{paid:.2f}", "currency": "EUR"}
        await world.ask("POST", f"/cases/{case_id}/refunds", 202, body)
        await world.work()
        view = await world.case(case_id)
        assert view["state"] == "refunded"
        answered = await world.ask(
            "POST", f"{claims}/{opened['id']}/answer", 200, {"amount": f"{paid:.2f}"}
        )
        assert answered["state"] == "accepted"
        kinds = await world.kinds(case_id)
        wanted = [
            "label_ordered",
            "label_made",
            "parcel_scanned",
            "parcel_anomaly",
            "parcel_anomaly_over",
            "carrier_claim",
            "refund_ordered",
            "refund_sent",
            "refund_confirmed",
            "carrier_claim",
        ]
        rest = iter(kinds)
        assert all(one in rest for one in wanted), kinds
        assert len(world.strangers.refunds) == len(world.strangers.labels) == 1
