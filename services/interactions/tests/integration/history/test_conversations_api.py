"""Reading and changing a conversation over HTTP."""

import asyncio
from uuid import uuid4

from services.interactions.tests.factories import a_body

PATH = "/v1/interactions"


async def test_a_conversation_is_read_and_changed_under_its_etag(api):
    posted = (await api.post(PATH, a_body())).json()
    path = f"/v1/conversations/{posted['conversation_id']}"
    read = await api.call("GET", path)
    assert read.status_code == 200
    etag = read.headers["etag"]
    change = {"assignee": "agent-17", "priority": "high", "tags": ["a", "a"], "status": "pending"}
    changed = await api.call("PATCH", path, change, headers={"If-Match": etag})
    assert changed.status_code == 200, changed.text
    assert changed.json()["tags"] == ["a"]
    assert changed.json()["version"] == 6
    assert changed.headers["etag"] != etag
    stale = await api.call("PATCH", path, {"priority": "low"}, headers={"If-Match": etag})
    assert stale.status_code == 412
    told = [
        row.type.removeprefix("interactions.conversation.")
        for row in await api.rows(
            "SELECT type FROM outbox WHERE type LIKE '%conversation.%' ORDER BY position"
        )
    ]
    assert told == ["opened", "assigned", "prioritised", "tagged", "waiting"]
    same = await api.call("PATCH", path, change)
    assert same.json()["version"] == 6
    cleared = await api.call("PATCH", path, {"assignee": None})
    assert cleared.json()["assignee"] is None
    await api.call("PATCH", path, {"status": "closed"})
    refused = await api.call("PATCH", path, {"status": "pending"})
    assert refused.status_code == 409
    assert (await api.call("PATCH", path, {"status": None})).status_code == 422
    assert (await api.call("PATCH", f"/v1/conversations/{uuid4()}", {})).status_code == 404


async def test_concurrent_changes_take_numbers_in_turn(api):
    posted = (await api.post(PATH, a_body())).json()
    path = f"/v1/conversations/{posted['conversation_id']}"
    changes = [api.call("PATCH", path, {"assignee": f"agent-{n}"}) for n in range(10)]
    messages = [api.post(PATH, a_body()) for _ in range(10)]
    answers = await asyncio.gather(*changes, *messages)
    assert {a.status_code for a in answers} == {200, 201}
    rows = await api.rows("SELECT headers->>'ce_sequence' AS n FROM outbox")
    assert sorted(int(row.n) for row in rows) == list(range(1, 23))
    feed = await api.rows("SELECT count(*) AS n FROM change")
    assert feed[0].n == 22


async def test_conversations_require_their_scopes(api):
    posted = (await api.post(PATH, a_body())).json()
    path = f"/v1/conversations/{posted['conversation_id']}"
    assert (await api.client.get(path)).status_code == 401
    assert (await api.call("PATCH", path, {"priority": "x"}, who="reader")).status_code == 403
