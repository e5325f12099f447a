"""The inbound topic: batches of records, resolved and recorded together."""

import json
from uuid import uuid4

from common.messaging import Record
from common.messaging.inbox.batches import BatchHandler


def a_record(offset, value=None, *, headers=(), **changes):
    body = {
        "channel": "chat",
        "direction": "inbound",
        "author": {"type": "customer"},
        "identifiers": [{"type": "email", "value": f"a{offset % 3}@example.test"}],
        "text": f"message {offset}",
    } | changes
    encoded = json.dumps(body).encode() if value is None else value
    return Record("interactions.inbound", 0, offset, b"k", encoded, headers)


async def handle(api, *records):
    first = records[0].offset
    await api.run(_place, first)
    stream = api.service.streams["inbound"]
    handler = BatchHandler(api.service.database, stream, api.service.clock)
    return await handler.handle(first, records)


async def _place(tx, first):
    from common.messaging.inbox.claims import ensure_positions

    return await ensure_positions(tx, "interactions.inbound", "interactions.inbound", {0: first})


async def test_a_batch_is_resolved_and_recorded(api):
    assert await handle(api, *(a_record(n) for n in range(50))) == 50
    rows = await api.rows("SELECT tenant_id, origin_customer_id FROM interaction")
    assert len(rows) == 50
    assert {row.tenant_id for row in rows} == {"demo"}
    assert {row.origin_customer_id for row in rows} == {
        api.identity.customer(f"a{n}@example.test", type_="email") for n in range(3)
    }
    assert api.identity.calls == ["/v1/identities/resolve/batch"]
    assert len(await api.rows("SELECT 1 FROM conversation")) == 3


async def test_bad_records_are_dead_lettered_alone(api):
    bad = [
        a_record(1, b"{"),
        a_record(2, b""),
        a_record(3, direction="sideways"),
        a_record(4, conversation_id=str(uuid4())),
        a_record(5, b'{"a":1,"a":2}'),
    ]
    await handle(api, a_record(0), *bad, a_record(6))
    assert len(await api.rows("SELECT 1 FROM interaction")) == 2
    letters = await api.rows("SELECT record_offset, reason FROM dead_letter ORDER BY 1")
    assert [row.record_offset for row in letters] == [1, 2, 3, 4, 5]


async def test_a_record_sent_twice_is_recorded_once(api):
    stated = [("ce_id", b"e-1"), ("ce_time", b"2026-03-02T12:00:00Z")]
    same = {"offset": 0, "headers": stated, "text": "once"}
    provider = {"name": "shop", "account": "main", "message_id": "7"}
    again = a_record(
        1, headers=stated, text="once", identifiers=json.loads(a_record(0).value)["identifiers"]
    )
    await handle(
        api, a_record(**same), again, a_record(2, provider=provider), a_record(3, provider=provider)
    )
    assert len(await api.rows("SELECT 1 FROM interaction")) == 2
