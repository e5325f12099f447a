"""A database, an identity in memory, and the service around them."""

import pytest

from common.db import Database
from common.settings import PostgresSettings


@pytest.fixture
async def database(fresh_dsn):
    opened = Database(
        PostgresSettings(dsn=fresh_dsn("interactions"), pool_size=20, pool_timeout_seconds=10),
        service="interactions",
    )
    yield opened
    await opened.close()
