"""Values that callers make up never become labels: each would be a permanent series."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from common.messaging import Record, inbox
from common.messaging.inbox.batches import BatchHandler
from tests.security.input.poison import TOPICS, record_of, sound
from tests.security.naming import Tenant, bodies, targets
from tests.security.operations import WITH_BODY
from tests.security.site import ALPHA, Site

METHODS = ("GET", "POST", "PURGE")


def made_up() -> str:
    return f"made-up-{uuid4().hex}"


async def series(site: Site) -> set[str]:
    """Return the names and labels of all series."""
    return {line.rpartition(" ")[0] for line in (await site.metrics()).splitlines()}


async def test_addresses_methods_headers_and_values_never_become_labels(site: Site, alpha: Tenant):
    async def ask_for(word: str) -> None:
        for service in site.services:
            for method in (*METHODS, word.upper()):
                for target in (f"/{word}", f"/v1/{word}", f"/v1/context/{word}?{word}={word}"):
                    headers = {"x-request-id": word, "user-agent": word}
                    request: dict[str, Any] = {"by": ALPHA, "key": alpha.key, "headers": headers}
                    await site.call(service, method, target, **request)
        for operation in WITH_BODY:
            [target, *_], [body, *_] = targets(operation, alpha), bodies(operation, alpha)
            await site.ask(
                operation, target, by=ALPHA, key=alpha.key, body=(body or {}) | {word: 1}
            )
        await site.call("identity", "GET", "/v1/customers/x", by=ALPHA, key=f"tl_test_{word}")
        message: dict[str, Any] = {
            "channel": word,
            "kind": word,
            "direction": "inbound",
            "author": {"type": "customer"},
        }
        message |= {"identifiers": [{"type": "cookie", "value": word}], "text": word}
        request = {"by": ALPHA, "key": alpha.key, "body": message}
        await site.call("interactions", "POST", "/v1/interactions", **request)

    await series(site)  # the request for metrics creates a series, too
    await ask_for(made_up())
    before = await series(site)
    await ask_for(made_up())
    assert await series(site) == before
    assert "made-up" not in (await site.metrics()).casefold()


@pytest.mark.parametrize("topic", TOPICS)
async def test_contents_of_records_never_become_labels(topic: str, site: Site):
    service, stream = site.reader(topic)
    stream = replace(stream, topic=made_up())
    handler = BatchHandler(service.database, stream, service.clock)
    await service.database.run(inbox.ensure_positions, stream.consumer, stream.topic, {0: 0})
    body, _ = sound(topic)
    records = [
        Record(stream.topic, 0, place, *record_of(topic, body | {member: made_up()}))
        for place, member in enumerate(("type", "channel", "tenant_id", "made-up"))
    ]
    assert await handler.handle(0, records) == len(records)
    assert "made-up" not in await site.metrics()
