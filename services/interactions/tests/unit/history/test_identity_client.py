"""Bad input must never look like an outage of identity, which would open the breaker for all."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from common.errors import UnavailableError
from common.web.auth import ServiceTokens
from interactions.history import Identifier, Level
from interactions.history.clients.breaker import Breaker
from interactions.history.clients.identity import (
    MAX_BYTES,
    MAX_IDENTIFIERS,
    MAX_REQUESTS,
    HttpIdentity,
)
from interactions.history.usecases.resolve_contacts import (
    IdentityFaultError,
    Resolution,
    ResolutionRequest,
)

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


async def test_an_identifier_that_was_dropped_is_not_learned():
    customer = str(UUID(int=1))
    number, mail = (
        Identifier(kind, value, level=Level.CHANNEL_PROVED)
        for kind, value in (("whatsapp", "442079460018"), ("email", "a@nordlys.se"))
    )
    dropped = {"identifier": {"type": "whatsapp", "value": "442079460018"}, "reason": "x"}

    def answer(_: httpx.Request) -> httpx.Response:
        item = {"customer_id": customer, "linked": [], "dropped": [dropped]}
        return httpx.Response(200, json={"items": [item]})

    question = ResolutionRequest((number, mail), NOW, "test")
    [resolution] = await client(answer).resolve("demo", [question], deadline_seconds=5)
    assert isinstance(resolution, Resolution)
    assert resolution.learned == (mail,)


async def test_of_a_tenants_own_type_only_identitys_own_keys_are_learned():
    """The tenant may have registered that case makes no difference; we cannot tell."""
    badge = Identifier("badge", "AB-1", level=Level.VERIFIED)
    mail = Identifier("email", "a@nordlys.se", level=Level.VERIFIED)
    linked = [{"type": "badge", "value": "ab-1", "level": "verified"}]

    def answer(_: httpx.Request) -> httpx.Response:
        item = {"customer_id": str(UUID(int=1)), "linked": linked}
        return httpx.Response(200, json={"items": [item]})

    question = ResolutionRequest((badge, mail), NOW, "test")
    [resolution] = await client(answer).resolve("demo", [question], deadline_seconds=5)
    assert isinstance(resolution, Resolution)
    assert {i.key for i in resolution.learned} == {("badge", "", "ab-1"), mail.key}


async def test_what_identity_can_use_nothing_of_has_a_reason_and_no_customer():
    dropped = {"identifier": {"type": "phone", "value": "0170 1"}, "reason": "region_missing"}

    def answer(request: httpx.Request) -> httpx.Response:
        [item] = json.loads(request.content)["items"]
        assert [i["value"] for i in item["identifiers"]] == ["0170 1234567"]
        return httpx.Response(200, json={"items": [{"customer_id": None, "dropped": [dropped]}]})

    asked = (Identifier("phone", "0170 1234567"), Identifier("phone", "anonymous"))
    question = ResolutionRequest(asked, NOW, "test")
    [resolution] = await client(answer).resolve("demo", [question], deadline_seconds=5)
    assert resolution == Resolution(None, refused="identity can use no identifier: region_missing")


async def test_the_region_of_the_call_goes_with_the_question():
    def answer(request: httpx.Request) -> httpx.Response:
        [item] = json.loads(request.content)["items"]
        assert item["default_region"] == "SE"
        return httpx.Response(200, json={"items": [{"customer_id": str(UUID(int=1))}]})

    national = Identifier("phone", "070-174 06 05", level=Level.CHANNEL_PROVED, region="SE")
    question = ResolutionRequest((national,), NOW, "test")
    [resolution] = await client(answer).resolve("demo", [question], deadline_seconds=5)
    assert resolution == Resolution(UUID(int=1), (national,))


async def test_a_claim_teaches_nothing_but_what_was_linked():
    """Its owner may have proved it long ago: the copy must not know it as claimed only."""
    mail = {"type": "email", "value": "a@nordlys.se", "level": "claimed"}
    linked: list[dict[str, str]] = []

    def answer(_: httpx.Request) -> httpx.Response:
        item = {"customer_id": str(UUID(int=1)), "linked": linked}
        return httpx.Response(200, json={"items": [item]})

    question = ResolutionRequest((Identifier("email", "a@nordlys.se"),), NOW, "test")
    [known] = await client(answer).resolve("demo", [question], deadline_seconds=5)
    linked.append(mail)
    [new] = await client(answer).resolve("demo", [question], deadline_seconds=5)
    assert isinstance(known, Resolution)
    assert isinstance(new, Resolution)
    assert (known.learned, new.learned) == ((), question.identifiers)


async def test_whom_we_write_to_is_looked_up_and_created_only_if_nobody_is_found():
    calls: list[list[dict[str, Any]]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        items = json.loads(request.content)["items"]
        calls.append(items)
        known = {"known": str(UUID(int=1)), "new": None if len(calls) == 1 else str(UUID(int=2))}
        found = [
            {"customer_id": known.get(item["identifiers"][0]["value"], str(UUID(int=3)))}
            for item in items
        ]
        return httpx.Response(200, json={"items": found})

    questions = [
        ResolutionRequest((Identifier("cookie", value),), NOW, "test", by_sender=value == "sender")
        for value in ("known", "sender", "new")
    ]
    answers = await client(answer).resolve("demo", questions, deadline_seconds=5)
    assert [getattr(found, "customer_id", None) for found in answers] == [
        UUID(int=number) for number in (1, 3, 2)
    ]
    looked_up, resolved = calls
    assert [(item["create"], item["identifiers"][0]["level"]) for item in looked_up] == [
        (False, None)
    ] * 2
    assert [(item["create"], item["identifiers"][0]["level"]) for item in resolved] == [
        (True, "claimed")
    ] * 2
