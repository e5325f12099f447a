from collections.abc import AsyncIterator

import pytest

from common.service import Service
from devstack.testing.postgres import FreshDsn
from services.identity.tests.running import Actor, running


@pytest.fixture
async def service(fresh_dsn: FreshDsn) -> AsyncIterator[Service]:
    async with running(fresh_dsn("identity")) as started:
        yield started


@pytest.fixture
def actor(service: Service) -> Actor:
    return Actor(service)
