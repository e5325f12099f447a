"""What is refused before it can stand in the way of what comes after."""

from typing import Any

import pytest

from common.db import wall_time
from common.errors import InvalidError
from common.messaging import outbox
from libs.common.tests.plumbing import TENANT, NoteTakenV1


def event(note: str, key: str = "book") -> outbox.OutboxEvent:
    return outbox.OutboxEvent(
        data=NoteTakenV1(note=note),
        tenant_id=TENANT,
        key=key,
        subject_id=key,
        sequence=1,
        occurred_at=wall_time(),
        now=wall_time(),
    )


@pytest.mark.parametrize(
    "large", [event("語" * 400_000), event("", key="k" * 500_000)], ids=["bytes", "headers"]
)
async def test_an_event_that_the_broker_would_refuse_is_refused_here(large: outbox.OutboxEvent):
    nowhere: Any = None
    with pytest.raises(InvalidError):
        await outbox.record(nowhere, [large])
