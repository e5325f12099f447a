"""The service, for tests that call its API or consume its topics."""

import pytest

from services.interactions.tests.harness import running


@pytest.fixture
async def api(fresh_dsn):
    async with running(fresh_dsn("interactions")) as service:
        yield service
