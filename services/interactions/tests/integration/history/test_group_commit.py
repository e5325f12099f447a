"""Hundreds of concurrent posts share commits; each is recorded once and gets its own response."""

import asyncio
import json
from collections import Counter

from services.interactions.tests.factories import a_body

PATH = "/v1/interactions"


def a_message(number: int, **changes):
    """One of fifty people's messages, under the number's provider id."""
    phone = {"type": "phone", "value": f"+44 20 7946 {number % 50:04d}"}
    provider = {"name": "twilio", "account": "main", "message_id": f"SM{number}"}
    return a_body(identifiers=[phone], provider=provider, text=f"message {number}") | changes


async def test_hundreds_at_once_with_repeats_conflicts_and_a_refusal(api):
    def post(body, key=None):
        return api.post(PATH, body, headers={} if key is None else {"Idempotency-Key": key})

    nowhere = "01890000-0000-7000-8000-000000000000"
    calls = [post(a_message(n), f"k{n}" if n % 2 else None) for n in range(160)]
    calls += [post(a_message(n), f"k{n}" if n % 2 else None) for n in range(0, 160, 4)]
    calls += [post(a_message(n, text="another"), f"k{n}") for n in range(1, 160, 8)]
    calls += [post(a_message(n, conversation_id=nowhere)) for n in range(900, 910)]
    answers = await asyncio.gather(*calls)
    fresh, repeats = answers[:160], answers[160:200]
    conflicts, refused = answers[200:220], answers[220:]

    assert {a.status_code for a in fresh + repeats} == {200, 201}
    by_id = [a.json() for a in fresh]
    assert len({a["interaction_id"] for a in by_id}) == 160
    for place, again in zip(range(0, 160, 4), repeats, strict=True):
        assert again.json()["interaction_id"] == by_id[place]["interaction_id"]
    assert {a.status_code for a in conflicts} == {422}
    assert {a.status_code for a in refused} == {422}
    assert all("/conversation_id" in a.text for a in refused)

    rows = await api.rows("SELECT text, count(*) AS n FROM interaction GROUP BY text")
    assert {row.text: row.n for row in rows} == {f"message {n}": 1 for n in range(160)}
    [groups] = await api.rows("SELECT count(DISTINCT xid) AS n FROM change")
    assert groups.n < 80
    told = await api.rows("SELECT aggregateid, headers FROM outbox ORDER BY position")
    sequences = Counter(row.aggregateid for row in told)
    assert sum(sequences.values()) == 210


async def test_a_message_is_recorded_although_its_twin_is_refused(api):
    nowhere = "01890000-0000-7000-8000-000000000000"
    refused, sound = await asyncio.gather(
        api.post(PATH, a_message(1, conversation_id=nowhere)), api.post(PATH, a_message(1))
    )
    assert refused.status_code == 422
    assert sound.status_code == 201


async def test_an_event_carries_the_trace_of_its_own_request(api):
    traces = {f"message {n}": f"{n + 1:032x}" for n in range(40)}
    await asyncio.gather(
        *(
            api.post(
                PATH,
                a_message(n),
                headers={"traceparent": f"00-{traces[f'message {n}']}-00f067aa0ba902b7-01"},
            )
            for n in range(40)
        )
    )
    rows = await api.rows("SELECT payload, headers FROM outbox WHERE type LIKE '%recorded'")
    assert len(rows) == 40
    for row in rows:
        said = json.loads(row.payload)["data"]["text"]
        assert traces[said] in json.dumps(row.headers)
