"""The newest migration can be taken back and made again."""

import asyncio

from common import migrations
from sla.wiring import MIGRATIONS
from tests.support.postgres import FreshDsn


async def test_down_and_up(fresh_dsn: FreshDsn):
    dsn = fresh_dsn("sla")
    await asyncio.to_thread(migrations.downgrade, MIGRATIONS, dsn, revision="-1")
    await asyncio.to_thread(migrations.upgrade, MIGRATIONS, dsn)
