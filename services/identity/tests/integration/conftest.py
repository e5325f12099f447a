from collections.abc import AsyncIterator

import httpx
import pytest

from common.service import Service
from devstack.testing.postgres import FreshDsn
from services.identity.tests.harness import Actor, client, running


@pytest.fixture
async def service(fresh_dsn: FreshDsn) -> AsyncIterator[Service]:
    async with running(fresh_dsn("identity")) as started:
        yield started


@pytest.fixture
def actor(service: Service) -> Actor:
    return Actor(service)


@pytest.fixture
async def api(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with client(service) as http:
        yield http
