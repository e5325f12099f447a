"""The newest migration can be taken back and made again."""

import asyncio

from common.migrations import downgrade, upgrade
from devstack.testing.postgres import FreshDsn
from sla.wiring import MIGRATIONS


async def test_down_and_up(fresh_dsn: FreshDsn):
    dsn = fresh_dsn("sla")
    await asyncio.to_thread(downgrade, MIGRATIONS, dsn, revision="-1")
    await asyncio.to_thread(upgrade, MIGRATIONS, dsn)
