from collections.abc import AsyncIterator

import httpx
import pytest

from common.service import Service
from devstack.testing.postgres import FreshDsn
from services.sla.tests.harness import POLICY, Desk, Publisher, client, running

QUICK = {"timer": {"hold_seconds": 0.3, "grace_seconds": 0.0, "poll_seconds": 0.05}}


@pytest.fixture
async def service(fresh_dsn: FreshDsn) -> AsyncIterator[Service]:
    async with running(fresh_dsn("sla"), **QUICK) as started:
        yield started


@pytest.fixture
async def api(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with client(service) as http:
        yield http


@pytest.fixture
def desk(service: Service) -> Desk:
    return Desk(service)


@pytest.fixture
def publisher(service: Service) -> Publisher:
    return Publisher(service)


@pytest.fixture
async def policy(api: httpx.AsyncClient) -> dict:
    answer = await api.post("/v1/sla/policies", json=POLICY)
    assert answer.status_code == 201, answer.text
    return answer.json()
