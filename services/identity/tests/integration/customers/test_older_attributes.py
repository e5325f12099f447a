"""A database of the version before, with customers in it, is migrated and understood."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from common.jsons import dumps_text
from common.migrations import downgrade, upgrade
from devstack.testing.postgres import FreshDsn, connected
from identity.customers.usecases.index_customers import IndexCustomers, index_customers
from identity.wiring import MIGRATIONS
from services.identity.tests.harness import client, running

BEFORE = "2026_11_30_0007"
AFTER = "2026_11_30_0008"
ANNA = UUID(int=1)
AT = "2026-03-01T12:00:00+00:00"
FILES = """
    SELECT array_agg(pg_relation_filenode(oid) ORDER BY relname) FROM pg_class
    WHERE relname ~ '^attribute_observation_[0-9]+$'
"""


def old(value: Any, *, verified: bool = False) -> dict[str, Any]:
    """Return an attribute as the version before stored it."""
    return {
        "value": value, "source": "crm", "observed_at": AT, "ingested_at": AT, "verified": verified,
    }  # fmt: skip


async def populate(connection: asyncpg.Connection) -> None:
    attributes = {"name": old("Anna Lindqvist"), "tier": old("gold", verified=True)}
    await connection.execute(
        "INSERT INTO customer (tenant_id, id, version, created_at, updated_at, attributes)"
        " VALUES ('demo', $1, 1, now(), now(), $2)",
        ANNA,
        dumps_text(attributes),
    )
    await connection.execute(
        "INSERT INTO customer_alias (tenant_id, origin_id, canonical_id) VALUES ('demo', $1, $1)",
        ANNA,
    )
    await connection.executemany(
        "INSERT INTO attribute_observation (tenant_id, customer_id, name, observed_at, digest,"
        " value, source, verified, ingested_at)"
        " VALUES ('demo', $1, 'name', cast($2 AS timestamptz), $3, '\"Anna Lindqvist\"', 'crm',"
        " false, cast($2 AS timestamptz))",
        [(ANNA, datetime.fromisoformat(AT), bytes([number])) for number in range(50)],
    )


@pytest.fixture
async def older_dsn(fresh_owner_dsn: FreshDsn) -> str:
    """Return a database of the version before with a customer in it."""
    dsn = fresh_owner_dsn("identity")
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision=BEFORE)
    async with connected(dsn) as connection:
        await populate(connection)
    return dsn


async def test_no_row_is_rewritten(older_dsn: str):
    async with connected(older_dsn) as connection:
        before = await connection.fetchval(FILES)
        await asyncio.to_thread(upgrade, MIGRATIONS, older_dsn)
        assert len(before) == 16
        assert await connection.fetchval(FILES) == before
        levels = await connection.fetch(
            "SELECT DISTINCT level, sequence FROM attribute_observation"
        )
    assert [tuple(row) for row in levels] == [("claimed", 0)]


async def test_writers_of_customers_do_not_wait(older_dsn: str):
    async with connected(older_dsn) as connection, connection.transaction():
        await connection.execute("UPDATE customer SET version = version + 1")
        upgraded = asyncio.to_thread(upgrade, MIGRATIONS, older_dsn, revision=AFTER)
        await asyncio.wait_for(upgraded, timeout=20)


async def test_stored_customers_are_shown_changed_and_found(older_dsn: str):
    await asyncio.to_thread(upgrade, MIGRATIONS, older_dsn)
    async with running(older_dsn) as service, client(service) as api:
        path = f"/v1/customers/{ANNA}"
        shown = (await api.get(path)).json()
        assert shown["attributes"] == {"name": "Anna Lindqvist", "tier": "gold"}
        origins = (await api.get(f"{path}/attributes")).json()["attributes"]
        assert [(each["name"], each["level"]) for each in origins] == [
            ("name", "claimed"),
            ("tier", "verified"),
        ]
        now = service.clock.now()
        assert await service.database.run(index_customers, IndexCustomers(10), now=now) == 1
        found = await api.post("/v1/customers/search", json={"name": "lindqvist"})
        assert [each["customer_id"] for each in found.json()["items"]] == [str(ANNA)]
        changed = await api.patch(path, json={"attributes": {"name": "Anna Berg", "tier": None}})
        assert changed.json()["attributes"] == {"name": "Anna Berg"}
        told = (await api.get(f"{path}/attributes/name")).json()["items"]
    assert [(item["value"], item["state"]) for item in told] == [
        ("Anna Berg", "current"),
        ("Anna Lindqvist", "overridden"),
    ]
