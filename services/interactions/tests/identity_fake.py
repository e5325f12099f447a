"""Identity as this service sees it over HTTP: it resolves identifiers, or is away or slow."""

import asyncio
import base64
import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
from pydantic import SecretStr

from common.web.auth import ServiceTokens
from interactions.history.clients.breaker import Breaker
from interactions.history.clients.identity import HttpIdentity


@dataclass
class FakeIdentity:
    """Answers like identity's API.

    ``away`` makes every call fail, ``slow_seconds`` delays it. ``calls`` are the paths called,
    ``lookups`` the identifiers asked about without creating a customer. It fails on a request with
    one of the values ``broken``.
    """

    away: bool = False
    slow_seconds: float = 0.0
    calls: list[str] = field(default_factory=list)
    lookups: list[dict[str, Any]] = field(default_factory=list)
    people: dict[tuple[str, str, str], UUID] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    merged: dict[UUID, UUID] = field(default_factory=dict)
    """By absorbed customer, the canonical one."""
    erased: set[str] = field(default_factory=set)
    """Values of people who were erased."""

    def client(self) -> HttpIdentity:
        transport = httpx.MockTransport(self._answer)
        key = SecretStr(ServiceTokens.generate_key())
        return HttpIdentity(
            httpx.AsyncClient(transport=transport, base_url="http://identity"),
            ServiceTokens(service="interactions", key=key),
            breaker=Breaker(threshold=3, probe_seconds=0.05),
        )

    def customer(self, value: str, *, type_: str = "phone", tenant_id: str = "demo") -> UUID:
        return self.people.setdefault((tenant_id, type_, value), uuid4())

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request.url.path)
        await asyncio.sleep(self.slow_seconds)
        if self.away:
            raise httpx.ConnectError("away", request=request)
        tenant_id = _tenant(request)
        if request.method == "GET":
            return self._get(tenant_id, UUID(request.url.path.rpartition("/")[2]))
        body = json.loads(request.content)
        if any(value in request.content.decode() for value in self.broken):
            return httpx.Response(500)
        if "items" in body:
            items = [self._resolve(tenant_id, item) for item in body["items"]]
            return httpx.Response(200, json={"items": items})
        return httpx.Response(200, json=self._look_up(tenant_id, body))

    def _get(self, tenant_id: str, customer_id: UUID) -> httpx.Response:
        customers = {c for (tenant, _, _), c in self.people.items() if tenant == tenant_id}
        if customer_id not in customers:
            return httpx.Response(404, json={"title": "Not Found"})
        canonical_id = self.merged.get(customer_id, customer_id)
        return httpx.Response(200, json={"customer_id": str(canonical_id)})

    def _look_up(self, tenant_id: str, body: dict[str, Any]) -> dict[str, Any]:
        assert body["create"] is False
        self.lookups += body["identifiers"]
        customer = self._find(tenant_id, body["identifiers"])
        return {"customer_id": None if customer is None else str(customer)}

    def _resolve(self, tenant_id: str, item: dict[str, Any]) -> dict[str, Any]:
        first, *_ = identifiers = item["identifiers"]
        if first["value"] in self.refused:
            errors = [{"pointer": "/identifiers/0/value", "detail": "cannot be read"}]
            return {"problem": {"detail": "the identifiers cannot be read", "errors": errors}}
        dropped = [
            {"identifier": i | {"value": "[withheld]"}, "reason": "erased"}
            for i in identifiers
            if i["value"] in self.erased
        ]
        linked = [i for i in identifiers if i["value"] not in self.erased]
        if not linked:
            return {"customer_id": None, "reason": "erased", "linked": [], "dropped": dropped}
        customer = self._find(tenant_id, linked) or uuid4()
        for i in linked:
            self.people[tenant_id, i["type"], i["value"]] = customer
        return {"customer_id": str(customer), "linked": linked, "dropped": dropped}

    def _find(self, tenant_id: str, identifiers: list[dict[str, Any]]) -> UUID | None:
        keys = ((tenant_id, i["type"], i["value"]) for i in identifiers)
        return next((self.people[key] for key in keys if key in self.people), None)


def _tenant(request: httpx.Request) -> str:
    claims = request.headers["authorization"].split(".")[1]
    tenant_id: str = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))[
        "tenant_id"
    ]
    return tenant_id
