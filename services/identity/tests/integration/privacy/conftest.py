from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from common.runtime import Loop
from common.service import Service

Sweep = Callable[[], Awaitable[None]]


@pytest.fixture
def sweep(service: Service) -> Sweep:
    """Return what does every step that is due."""
    loop: Any = service.components["maintenance:erase"]
    assert isinstance(loop, Loop)

    async def steps() -> None:
        while not await loop.round():
            pass

    return steps
