"""Bad input must never look like an outage of identity, which would open the breaker for all."""

import json
from datetime import UTC, datetime

import httpx
import pytest
from pydantic import SecretStr

from common.errors import UnavailableError
from common.web.auth import ServiceTokens
from interactions.history import Identifier
from interactions.history.clients.breaker import Breaker
from interactions.history.clients.identity import (
    MAX_BYTES,
    MAX_IDENTIFIERS,
    MAX_REQUESTS,
    HttpIdentity,
)
from interactions.history.usecases.resolve_contacts import IdentityFaultError, ResolutionRequest

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def client(answer) -> HttpIdentity:
    transport = httpx.MockTransport(answer)
    return HttpIdentity(
        httpx.AsyncClient(transport=transport, base_url="http://identity"),
        ServiceTokens(service="interactions", key=SecretStr(ServiceTokens.generate_key())),
        breaker=Breaker(threshold=1, probe_seconds=60.0),
    )


async def test_an_identifier_that_identity_refuses_belongs_to_nobody():
    identity = client(lambda _: httpx.Response(422, json={"title": "Unprocessable Content"}))
    wrong = Identifier("0", "?")
    assert await identity.find_customer("demo", wrong, deadline_seconds=5) is None
    assert identity.available


async def test_a_failure_on_one_request_is_no_outage():
    identity = client(lambda _: httpx.Response(500))
    with pytest.raises(IdentityFaultError):
        await identity.find_customer("demo", Identifier("email", "a@b.test"), deadline_seconds=5)
    assert identity.available


@pytest.mark.parametrize("status", [401, 429, 502, 503])
async def test_an_error_response_counts_as_an_outage(status: int):
    identity = client(lambda _: httpx.Response(status))
    with pytest.raises(UnavailableError):
        await identity.find_customer("demo", Identifier("email", "a@b.test"), deadline_seconds=5)
    assert not identity.available


@pytest.mark.parametrize(
    ("identifiers", "value"), [(1, "a"), (50, "a"), (50, "\x01" * 500)], ids=str
)
async def test_no_batch_is_larger_than_identity_accepts(identifiers: int, value: str):
    sizes: list[tuple[int, int, int]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        items = json.loads(request.content)["items"]
        sizes.append((len(items), sum(len(i["identifiers"]) for i in items), len(request.content)))
        found = [{"customer_id": None, "problem": {"detail": str(sizes[-1])}} for _ in items]
        return httpx.Response(200, json={"items": found})

    asked = tuple(Identifier("cookie", f"{n}{value}") for n in range(identifiers))
    questions = [ResolutionRequest(asked, NOW, "test")] * 1_000
    answers = await client(answer).resolve("demo", questions, deadline_seconds=60)
    assert len(answers) == 1_000
    assert sum(items for items, _, _ in sizes) == 1_000
    for items, named, size in sizes:
        assert items <= MAX_REQUESTS
        assert named <= MAX_IDENTIFIERS
        assert size <= MAX_BYTES + 10_000
    if identifiers == 1:
        assert len(sizes) == 1_000 // MAX_REQUESTS, "no more calls than needed"
