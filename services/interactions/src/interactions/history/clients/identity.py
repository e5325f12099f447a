"""The client of the identity service: one connection pool, a total deadline, a breaker."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict

from common.errors import ErrorCode, FieldError, InvalidError, ServiceError, UnavailableError
from common.jsons import dumps
from common.messaging import rfc3339
from common.telemetry import current_traceparent, describe, get_logger
from common.web.auth import ServiceTokens
from interactions.history import metrics
from interactions.history.clients.breaker import Breaker
from interactions.history.domain.contact import Identifier, Key, Level
from interactions.history.usecases.resolve_contacts import (
    IdentityFaultError,
    Resolution,
    ResolutionRequest,
)

_log = get_logger(__name__)

MAX_RESPONSE_BYTES = 16 * 1_048_576
MAX_REQUESTS, MAX_BYTES, MAX_IDENTIFIERS = 100, 6_000_000, 25_000
"""The limits of one batch: below identity's own, so that it refuses no batch as a whole, and few
enough requests that neither side holds its event loop for long when it reads them."""
_JSON = {"content-type": "application/json"}
_ERASED = "erased"
_WITHHELD = frozenset({_ERASED, "suppressed"})
_LEVELS = {level.value: level for level in Level}
SCOPES = "identity:write context:read"


# ValueError: a response that is not identity's, such as a proxy's page.
_FAILURES = (TimeoutError, httpx.HTTPError, httpx.InvalidURL, UnavailableError, ValueError)


class _Tolerant(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class _Identifier(_Tolerant):
    type: str
    value: str
    scope: str | None = None
    level: str = "claimed"


class _Dropped(_Tolerant):
    identifier: _Identifier
    reason: str = "unknown"


class _FieldError(_Tolerant):
    pointer: str
    code: str = ErrorCode.INVALID_VALUE
    detail: str
    allowed: tuple[str, ...] = ()
    did_you_mean: str | None = None

    def field_error(self) -> FieldError:
        """Return the error; a code that this version does not know becomes the general one."""
        code = ErrorCode(self.code) if self.code in set(ErrorCode) else ErrorCode.INVALID_VALUE
        return FieldError(self.pointer, code, self.detail, self.allowed, self.did_you_mean)


class _Problem(_Tolerant):
    detail: str = "identity refuses these identifiers"
    errors: tuple[_FieldError, ...] = ()


class _Resolution(_Tolerant):
    customer_id: UUID | None = None
    reason: str | None = None
    linked: tuple[_Identifier, ...] = ()
    dropped: tuple[_Dropped, ...] = ()
    problem: _Problem | None = None


class _Resolutions(_Tolerant):
    items: tuple[_Resolution, ...]


class _Customer(_Tolerant):
    customer_id: UUID


class HttpIdentity:
    """The identity service over HTTP. Every call raises UnavailableError within its deadline."""

    def __init__(
        self, client: httpx.AsyncClient, tokens: ServiceTokens, *, breaker: Breaker | None = None
    ) -> None:
        self._client = client
        self._tokens = tokens
        self._breaker = breaker or Breaker()

    @property
    def available(self) -> bool:
        return not self._breaker.open

    async def resolve(
        self, tenant_id: str, requests: Sequence[ResolutionRequest], *, deadline_seconds: float
    ) -> list[Resolution | ServiceError]:
        """Resolve each request; a ServiceError says why identity refuses it."""
        async with self._guarded(deadline_seconds):
            # Whom we write to is mostly known already, by identifiers that nobody claims here.
            addressed = [place for place, q in enumerate(requests) if not q.by_sender]
            looked_up = await self._resolve(
                tenant_id, [requests[place] for place in addressed], create=False
            )
            answers: dict[int, Resolution | ServiceError] = {
                place: answer
                for place, answer in zip(addressed, looked_up, strict=True)
                if isinstance(answer, Resolution) and answer.customer_id is not None
            }
            others = [place for place in range(len(requests)) if place not in answers]
            resolved = await self._resolve(
                tenant_id, [requests[place] for place in others], create=True
            )
            answers |= zip(others, resolved, strict=True)
        return [answers[place] for place in range(len(requests))]

    async def _resolve(
        self, tenant_id: str, requests: Sequence[ResolutionRequest], *, create: bool
    ) -> list[Resolution | ServiceError]:
        answers: list[Resolution | ServiceError] = []
        for part, body in _bodies(requests, create=create):
            content = await self._post(tenant_id, "/v1/identities/resolve/batch", body)
            items = _Resolutions.model_validate_json(content).items
            answers += (_answer(q, r) for q, r in zip(part, items, strict=True))
        return answers

    async def find_customers(
        self, tenant_id: str, ids: Sequence[UUID], *, deadline_seconds: float
    ) -> dict[UUID, UUID | None]:
        """Return the canonical id of each customer id, None for one that was never issued."""
        slots = asyncio.Semaphore(8)

        async def find(customer_id: UUID) -> UUID | None:
            async with slots:
                content = await self._get(tenant_id, f"/v1/customers/{customer_id}")
            if content is None:
                return None
            return _Customer.model_validate_json(content).customer_id

        async with self._guarded(deadline_seconds):
            customers = await asyncio.gather(*(find(customer_id) for customer_id in ids))
        return dict(zip(ids, customers, strict=True))

    async def find_customer(
        self, tenant_id: str, identifier: Identifier, *, deadline_seconds: float
    ) -> UUID | None:
        """Return the customer who has an identifier, or None; never creates a customer.

        No customer can have an identifier that identity refuses. Counting the refusal as a failure
        would allow any caller to open the breaker for all.
        """
        body = dumps(_look_up(identifier))
        async with self._guarded(deadline_seconds):
            status, content = await self._call(
                "POST", tenant_id, "/v1/identities/resolve", _JSON, body
            )
            if status == httpx.codes.UNPROCESSABLE_ENTITY:
                return None
            return _Resolution.model_validate_json(_ok(status, content)).customer_id

    async def close(self) -> None:
        await self._client.aclose()

    @asynccontextmanager
    async def _guarded(self, deadline_seconds: float) -> AsyncIterator[None]:
        """Refuse at once while the breaker is open; turn every failure into UnavailableError."""
        if not self._breaker.allows():
            raise UnavailableError("identity is unavailable; requests to it are paused")
        try:
            async with asyncio.timeout(deadline_seconds):
                yield
        except IdentityFaultError:
            # It answers: others' requests must not wait because of these.
            self._breaker.succeeded()
            raise
        except _FAILURES as error:
            self._breaker.failed()
            _log.warning("identity.not_answering", error=describe(error))
            raise UnavailableError("identity did not respond") from error
        else:
            self._breaker.succeeded()
        finally:
            metrics.IDENTITY_BREAKER_OPEN.set(self._breaker.open)

    async def _post(self, tenant_id: str, path: str, body: bytes) -> bytes:
        return _ok(*await self._call("POST", tenant_id, path, _JSON, body))

    async def _get(self, tenant_id: str, path: str) -> bytes | None:
        status, content = await self._call("GET", tenant_id, path, {}, None)
        return None if status == httpx.codes.NOT_FOUND else _ok(status, content)

    async def _call(
        self,
        method: str,
        tenant_id: str,
        path: str,
        headers: Mapping[str, str],
        content: bytes | None,
    ) -> tuple[int, bytes]:
        sent = {**headers, **self._tokens.headers(tenant_id, scope=SCOPES)}
        if traceparent := current_traceparent():
            sent["traceparent"] = traceparent
        async with self._client.stream(method, path, headers=sent, content=content) as response:
            parts: list[bytes] = []
            size = 0
            async for part in response.aiter_bytes():
                size += len(part)
                if size > MAX_RESPONSE_BYTES:
                    raise UnavailableError("identity's answer is too large")
                parts.append(part)
            return response.status_code, b"".join(parts)


def _ok(status: int, content: bytes) -> bytes:
    if status == httpx.codes.INTERNAL_SERVER_ERROR:
        raise IdentityFaultError("identity failed on this request")
    if status != httpx.codes.OK:
        raise UnavailableError(f"identity answered {status}")
    return content


def _bodies(
    requests: Sequence[ResolutionRequest], *, create: bool
) -> Iterator[tuple[Sequence[ResolutionRequest], bytes]]:
    """Yield the requests in as few bodies as identity's limits allow."""
    part: list[ResolutionRequest] = []
    encoded: list[bytes] = []
    size = identifiers = 0
    for request in requests:
        item = dumps(_question(request, create=create))
        size, identifiers = size + len(item), identifiers + len(request.identifiers)
        full = len(part) == MAX_REQUESTS or size > MAX_BYTES or identifiers > MAX_IDENTIFIERS
        if part and full:
            yield part, _items(encoded)
            part, encoded = [], []
            size, identifiers = len(item), len(request.identifiers)
        part.append(request)
        encoded.append(item)
    if part:
        yield part, _items(encoded)


def _items(encoded: Sequence[bytes]) -> bytes:
    return b'{"items":[' + b",".join(encoded) + b"]}"


def _question(request: ResolutionRequest, *, create: bool) -> dict[str, Any]:
    """Return the item that asks, without the identifiers that are no keys to identity either.

    A look-up says nothing of levels: it asks who has the identifiers.
    """
    question = {
        "identifiers": [
            {
                "type": i.type,
                "value": i.value,
                "scope": i.scope,
                "level": i.level if create else None,
            }
            for i in request.identifiers
            if i.may_be_known
        ],
        "create": create,
        "observed_at": rfc3339(request.observed_at),
        "may_sign_up": False,
        "source": request.source,
    }
    return question if request.region is None else {**question, "default_region": request.region}


def _look_up(identifier: Identifier) -> dict[str, Any]:
    asked = {"type": identifier.type, "value": identifier.value, "scope": identifier.scope}
    body: dict[str, Any] = {"identifiers": [asked], "create": False}
    return body if identifier.region is None else {**body, "default_region": identifier.region}


def _answer(request: ResolutionRequest, resolution: _Resolution) -> Resolution | ServiceError:
    problem = resolution.problem
    if problem is not None:
        errors = [error.field_error() for error in problem.errors]
        return InvalidError(problem.detail, errors=errors)
    if resolution.customer_id is None:
        reasons = ", ".join(sorted({dropped.reason for dropped in resolution.dropped}))
        return Resolution(
            None,
            refused=f"identity can use no identifier: {reasons}",
            is_erased=resolution.reason == _ERASED,
        )
    dropped = {_identifier(d.identifier, request.region).key for d in resolution.dropped}
    linked = [_identifier(i, request.region) for i in resolution.linked]
    # Identity does not repeat these, so nothing of their type is learned.
    withheld = {d.identifier.type for d in resolution.dropped if d.reason in _WITHHELD}
    own = [i for i in _confirmed(request, dropped) if not i.is_of(withheld)]
    erased = frozenset(d.identifier.type for d in resolution.dropped if d.reason == _ERASED)
    return Resolution(resolution.customer_id, (*own, *linked), erased=erased)


def _confirmed(request: ResolutionRequest, dropped: Collection[Key | None]) -> list[Identifier]:
    """Return the identifiers of the request that its customer has.

    A claim tells nothing of how well identity knows the identifier: learned as claimed, what its
    owner has proved would open to the next who claims it.
    """
    return [
        i
        for i in request.identifiers
        if i.has_key_of_identity and i.key not in dropped and i.level is not Level.CLAIMED
    ]


def _identifier(identifier: _Identifier, region: str | None) -> Identifier:
    level = _LEVELS.get(identifier.level, Level.CLAIMED)
    return Identifier(identifier.type, identifier.value, identifier.scope, level, region)


def new_client(base_url: str) -> httpx.AsyncClient:
    """Return the pool that all calls share; proxies named in the environment are not used."""
    return httpx.AsyncClient(
        base_url=base_url,
        trust_env=False,
        timeout=httpx.Timeout(10.0),
        limits=httpx.Limits(max_connections=32, max_keepalive_connections=16),
    )
