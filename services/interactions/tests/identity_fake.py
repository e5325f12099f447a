"""Identity as this service sees it over HTTP: it knows people by identifiers, or it is away."""

import json
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import httpx
from pydantic import SecretStr

from common.web.auth import ServiceTokens
from interactions.history.clients.breaker import Breaker
from interactions.history.clients.identity import HttpIdentity


@dataclass
class FakeIdentity:
    """Answers like identity's API; ``away`` makes every call fail."""

    away: bool = False
    calls: list[str] = field(default_factory=list)
    people: dict[tuple[str, str, str], UUID] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

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
        if self.away:
            raise httpx.ConnectError("away", request=request)
        tenant_id = _tenant(request)
        if request.url.path.startswith("/v1/customers/"):
            wanted = UUID(request.url.path.rpartition("/")[2])
            known = {c for (tenant, _, _), c in self.people.items() if tenant == tenant_id}
            if wanted not in known:
                return httpx.Response(404, json={"title": "Not Found"})
            return httpx.Response(200, json={"customer_id": str(wanted)})
        items = json.loads(request.content)["items"]
        return httpx.Response(200, json={"items": [self._resolve(tenant_id, i) for i in items]})

    def _resolve(self, tenant_id: str, item: dict) -> dict:
        first = item["identifiers"][0]
        if first["value"] in self.refused:
            errors = [{"pointer": "/identifiers/0/value", "detail": "cannot be read"}]
            return {"problem": {"detail": "the identifiers cannot be read", "errors": errors}}
        found = {
            self.people[key]
            for i in item["identifiers"]
            if (key := (tenant_id, i["type"], i["value"])) in self.people
        }
        customer = next(iter(found), None) or uuid4()
        for i in item["identifiers"]:
            self.people[tenant_id, i["type"], i["value"]] = customer
        return {"customer_id": str(customer), "linked": item["identifiers"], "dropped": []}


def _tenant(request: httpx.Request) -> str:
    import base64

    claims = request.headers["authorization"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["tenant_id"]
