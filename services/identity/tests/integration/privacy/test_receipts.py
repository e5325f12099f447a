"""The receipt says what was erased, and is verified with nothing but the public key."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from identity.__main__ import main
from services.identity.tests.harness import client
from services.identity.tests.integration.api_requests import MAIL, PHONE, resolve


async def erased(api: Any) -> str:
    met = await resolve(api, MAIL, PHONE)
    body = {"customer_id": met["customer_id"], "reason": "request"}
    return str((await api.post("/v1/erasures", json=body)).json()["erasure_id"])


async def test_a_receipt_is_signed_only_when_the_erasure_is_complete(api, sweep):
    path = f"/v1/erasures/{await erased(api)}/receipt"
    assert (await api.get(path)).status_code == 409
    await sweep()
    receipt = (await api.get(path)).json()["receipt"]
    assert receipt["denied_identifiers"] == 2
    [report] = receipt["services"]
    assert report["erased"]["identifier"] == 2
    assert report["kafka_records_expire_at"] > report["completed_at"]


@pytest.fixture
async def files(api, sweep, tmp_path: Path) -> tuple[Path, Path]:
    """Return a receipt and the public keys, as an auditor saves them."""
    path = f"/v1/erasures/{await erased(api)}/receipt"
    await sweep()
    receipt, keys = tmp_path / "receipt.json", tmp_path / "keys.json"
    receipt.write_bytes((await api.get(path)).content)
    keys.write_bytes((await api.get("/v1/receipt-keys")).content)
    return receipt, keys


def verify(receipt: Path, keys: Path) -> Any:
    return CliRunner().invoke(main, ["receipts", "verify", str(receipt), "--key", str(keys)])


async def test_the_command_verifies_a_receipt_offline(files: tuple[Path, Path]):
    receipt, keys = files
    result = verify(receipt, keys)
    assert result.exit_code == 0, result.output
    assert json.loads(result.output) == json.loads(receipt.read_text())["receipt"]


async def test_a_receipt_that_was_changed_is_not_valid(files: tuple[Path, Path]):
    receipt, keys = files
    document = json.loads(receipt.read_text())
    document["receipt"]["services"][0]["erased"]["identifier"] = 3
    receipt.write_text(json.dumps(document))
    result = verify(receipt, keys)
    assert result.exit_code == 1
    assert "does not match" in result.output


async def test_an_erasure_is_read_only_by_its_tenant_and_with_its_scope(service, api):
    erasure_id = await erased(api)
    async with client(service, tenant="other") as other:
        assert (await other.get(f"/v1/erasures/{erasure_id}")).status_code == 404
    async with client(service, scopes=("identity:admin", "context:read")) as agent:
        assert (await agent.get(f"/v1/erasures/{erasure_id}")).status_code == 403


async def test_an_export_has_everything_with_its_provenance(api):
    one = await resolve(api, MAIL, attributes={"name": "Anna"}, source="webshop")
    two = await resolve(api, PHONE, attributes={"name": "Ann"})
    merge = {"source_id": two["customer_id"], "target_id": one["customer_id"], "reason": "a call"}
    await api.post("/v1/merges", json=merge)
    await api.post(
        "/v1/suppressions",
        json={"identifier": {"type": "phone", "value": PHONE["value"]}, "reason": "objects"},
    )
    body = (await api.get(f"/v1/customers/{two['customer_id']}/export")).json()
    assert body["customer_id"] == one["customer_id"]
    assert sorted(body["ids"]) == sorted([one["customer_id"], two["customer_id"]])
    assert [(i["type"], i["source"], i["is_suppressed"]) for i in body["identifiers"]] == [
        ("email", "webshop", False),
        ("phone", None, True),
    ]
    assert {o["value"] for o in body["observations"]} == {"Anna", "Ann"}
    [recorded] = body["merges"]
    assert (recorded["reason"], recorded["absorbed_ids"]) == ("a call", [two["customer_id"]])
    assert {image["customer_id"] for image in recorded["before"]} == set(body["ids"])


async def test_an_export_is_masked_without_the_scope_of_personal_data(service, api):
    one = await resolve(api, MAIL, attributes={"name": "Anna", "tier": "gold"})
    async with client(service, scopes=("privacy:admin",)) as http:
        masked = await http.get(f"/v1/customers/{one['customer_id']}/export")
    assert masked.status_code == 200
    assert "anna" not in masked.text.lower()
    assert masked.json()["attributes"]["tier"]["value"] == "gold"
