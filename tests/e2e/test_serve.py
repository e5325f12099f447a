"""What whoever runs ``make serve`` relies on."""

import asyncpg
import pytest

from tests.support.stack import Served, served

# Each start of a stack takes seconds, and one test here starts three.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


async def resolve(running: Served, email: str, *, key: str | None = None) -> dict:
    async with running.client(key) as client:
        body = {"identifiers": [{"type": "email", "value": email, "level": "verified"}]}
        answer = await client.post("/v1/identities/resolve", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_everything_answers_behind_one_port(stack: Served):
    async with stack.client() as client:
        assert (await client.get("/livez")).status_code == 200
        ready = (await client.get("/readyz")).json()
        assert set(ready["services"]) == {"identity", "interactions", "sla"}
        assert "python_info" in (await client.get("/metrics")).text
        paths = set((await client.get("/openapi.json")).json()["paths"])
        assert (await client.get("/docs")).status_code == 200
    assert {"/v1/identities/resolve", "/v1/interactions", "/v1/sla/clocks"} <= paths


async def test_the_databases_are_where_the_file_says(stack: Served):
    assert set(stack.endpoints.postgres) == {"identity", "interactions", "sla"}
    for dsn in stack.endpoints.postgres.values():
        connection = await asyncpg.connect(dsn)
        assert await connection.fetchval("SELECT count(*) FROM outbox") is not None
        await connection.close()


async def test_two_tenants_never_meet(stack: Served):
    ours = await resolve(stack, "same@example.com")
    theirs = await resolve(stack, "same@example.com", key=stack.endpoints.other_tenant_api_key)
    assert ours["customer_id"] != theirs["customer_id"]


async def test_a_stop_and_a_kill_keep_the_data_and_the_keys(tmp_path):
    with served(tmp_path) as first:
        made = await resolve(first, "kept@example.com")
        assert first.stop() == 0
    assert not (tmp_path / "endpoints.json").exists()
    with served(tmp_path) as second:
        assert second.endpoints.api_key == first.endpoints.api_key
        assert (await resolve(second, "kept@example.com"))["customer_id"] == made["customer_id"]
        second.kill()
    with served(tmp_path) as third:
        again = await resolve(third, "kept@example.com", key=first.endpoints.api_key)
    assert again["customer_id"] == made["customer_id"]
    assert again["created"] is False
