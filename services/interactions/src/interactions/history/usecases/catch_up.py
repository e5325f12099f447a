"""Wait until our copy of identity's customers has what a caller has already seen."""

import asyncio
from collections.abc import Iterator
from itertools import chain, repeat

from common.db import Database
from common.web.requests import ConsistencyToken
from interactions.history.store.copies import get_copied_version

WAIT_SECONDS = 1.0
_PAUSES = (0.005, 0.01, 0.02, 0.04)
"""Seconds between two looks; then the last one again and again."""


async def catch_up(database: Database, tenant_id: str, token: ConsistencyToken | None) -> bool:
    """Wait for the version that the token names; return whether our copy has it in time."""
    if token is None:
        return True
    for pause in _pauses(WAIT_SECONDS):
        version = await database.read(get_copied_version, tenant_id, token.subject_id)
        if version >= token.version:
            return True
        await asyncio.sleep(pause)
    return False


def _pauses(seconds: float) -> Iterator[float]:
    """Yield the pauses between looks, as long as they fit into the time."""
    spent = 0.0
    for pause in chain(_PAUSES, repeat(_PAUSES[-1])):
        if spent >= seconds:
            return
        spent += pause
        yield pause
