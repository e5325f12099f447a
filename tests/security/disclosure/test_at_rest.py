"""The tables contain no secret in plain text, and no row can refer to another tenant's."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from devstack.stack.services import NAMES
from tests.security.naming import Tenant
from tests.security.site import TABLES, Site

CROSSING = """
    SELECT c.conrelid::regclass::text, c.conname
    FROM pg_constraint c
    WHERE c.contype = 'f' AND c.conparentid = 0
      AND 2 = (SELECT count(*) FROM pg_attribute a
               WHERE a.attname = 'tenant_id' AND a.attrelid IN (c.conrelid, c.confrelid))
      AND NOT EXISTS (
          SELECT FROM unnest(c.conkey, c.confkey) AS pair (ours, theirs)
          JOIN pg_attribute a ON (a.attrelid, a.attnum) = (c.conrelid, pair.ours)
          JOIN pg_attribute b ON (b.attrelid, b.attnum) = (c.confrelid, pair.theirs)
          WHERE a.attname = 'tenant_id' AND b.attname = 'tenant_id')
"""
"""Foreign keys between tables with tenants that do not include the tenant."""


@pytest.mark.parametrize("name", NAMES)
async def test_no_table_shows_a_secret(name: str, site: Site, alpha: Tenant):
    own = site.credentials
    secrets = [own.pepper, own.cursor_secret, own.service_key, own.sealing_key]
    secrets += [own.deny_secret, own.receipt_key]
    secrets += [alpha.key, alpha.key.split("_", 3)[3]]
    for table, rows in (await site.services[name].database.snapshot(_everything)).items():
        assert not [secret for secret in secrets if secret in rows], table


async def test_the_secret_of_a_webhook_is_stored_sealed(site: Site, alpha: Tenant):
    rows = await site.services["interactions"].database.snapshot(_everything)
    assert alpha["account"] in rows["channel_account"]
    assert alpha.canaries.business not in rows["channel_account"]


@pytest.mark.parametrize("name", NAMES)
async def test_no_row_can_refer_to_another_tenants(name: str, site: Site):
    assert await site.services[name].database.snapshot(_crossing) == []


async def _everything(connection: AsyncConnection) -> dict[str, str]:
    """Return the rows of every table as text."""
    texts = {}
    for table, _ in [*(await connection.execute(text(TABLES))).all(), ("api_key", True)]:
        query = text(f"SELECT string_agg(t::text, E'\\n') FROM \"{table}\" AS t")
        texts[table] = (await connection.execute(query)).scalar_one() or ""
    return texts


async def _crossing(connection: AsyncConnection) -> list[tuple[str, str]]:
    return [tuple(row) for row in (await connection.execute(text(CROSSING))).all()]
