"""The caller whose delays are measured, on the fleet of the module."""

from collections.abc import AsyncIterator

import pytest

from devstack.fleet.fleet import Fleet
from tests.drills.fairness.comparison import Caller, modest_caller


@pytest.fixture
async def caller(fleet: Fleet) -> AsyncIterator[Caller]:
    async with modest_caller(fleet) as ready:
        yield ready
