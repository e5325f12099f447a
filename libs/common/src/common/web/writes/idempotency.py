"""Idempotency-Key: the same request twice is done once and answered twice with the same words.

Key, fingerprint and answer are written in the transaction of the effect: a failed attempt leaves
nothing behind. Keys belong to one credential and one route; they are kept for ``KEEP_HOURS``.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from pydantic_core import from_json
from sqlalchemy import Row, text
from starlette.requests import Request

from common.db import Transaction
from common.errors import ConflictError, InvalidError, ServiceError, UnavailableError
from common.jsons import dumps, dumps_text
from common.web.auth import exchange_of, route_template
from common.web.problems import HttpError

MAX_KEY = 255
KEEP_HOURS = 48
"""We promise 24."""
_PURGE_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer, ready to be sent or stored."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """Whose request it is, which, and what it asked."""

    tenant_id: str
    principal_id: str
    route: str
    key: str
    fingerprint: bytes

    @property
    def lock(self) -> int:
        """A 64-bit name for the advisory lock that one running attempt holds."""
        name = dumps([self.tenant_id, self.principal_id, self.route, self.key])
        return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), signed=True)


def keyed_request(request: Request) -> KeyedRequest | None:
    """Return the request's key and fingerprint, or None without ``Idempotency-Key``.

    Public routes have none: their senders' messages carry ids of their own. Raises HttpError 400
    for a key that is empty, too long or not printable ASCII.
    """
    values = request.headers.getlist("idempotency-key")
    caller = exchange_of(request).caller
    if not values or caller is None:
        return None
    key = values[0]
    if len(values) > 1 or not 1 <= len(key) <= MAX_KEY or not (key.isascii() and key.isprintable()):
        raise HttpError(
            400,
            f"Idempotency-Key must be 1 to {MAX_KEY} printable ASCII characters",
            type_suffix="bad-idempotency-key",
        )
    return KeyedRequest(
        tenant_id=caller.tenant_id,
        principal_id=caller.principal_id,
        route=f"{request.method} {route_template(request.scope)}",
        key=key,
        fingerprint=_fingerprint(request, sees_pii=caller.sees_pii),
    )


def _fingerprint(request: Request, *, sees_pii: bool) -> bytes:
    """Digest what was asked. JSON counts by its meaning, so members may come in any order.

    The view on personal data is part of it: an answer stored for a wider view is never repeated to
    a narrower one.
    """
    body = exchange_of(request).body
    # A form, or nothing at all, counts by its bytes.
    with suppress(ValueError, TypeError):
        body = orjson.dumps(from_json(body), option=orjson.OPT_SORT_KEYS)
    digest = hashlib.sha256(b"pii" if sees_pii else b"")
    for part in (request.url.path.encode(), request.scope["query_string"], body):
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.digest()


# Each look-up is a LATERAL with LIMIT 1: the primary key answers it, whatever the statistics say.
_CLAIM = text(
    """
    SELECT pg_try_advisory_xact_lock(asked.lock) AS locked,
           i.fingerprint, i.status, i.headers, i.body
    FROM unnest(cast(:locks AS bigint[]), cast(:tenants AS text[]), cast(:principals AS text[]),
                cast(:routes AS text[]), cast(:keys AS text[]))
         WITH ORDINALITY AS asked (lock, tenant_id, principal_id, route, key, place)
    LEFT JOIN LATERAL (
        SELECT * FROM idempotency i
        WHERE i.tenant_id = asked.tenant_id AND i.principal_id = asked.principal_id
          AND i.route = asked.route AND i.key = asked.key
        LIMIT 1) AS i ON true
    ORDER BY asked.place
    """
)
_STORE = text(
    """
    INSERT INTO idempotency
           (tenant_id, principal_id, route, key, fingerprint, status, headers, body, created_at)
    SELECT tenant_id, principal_id, route, key, fingerprint, status, headers, body, :now
    FROM unnest(cast(:tenants AS text[]), cast(:principals AS text[]), cast(:routes AS text[]),
                cast(:keys AS text[]), cast(:fingerprints AS bytea[]), cast(:statuses AS int[]),
                cast(:headers AS jsonb[]), cast(:bodies AS bytea[]))
         AS r (tenant_id, principal_id, route, key, fingerprint, status, headers, body)
    ON CONFLICT DO NOTHING
    """
)
_PURGE = text(
    """
    DELETE FROM idempotency WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM idempotency WHERE created_at < :before LIMIT :rows
    ))
    """
)


class FinishedMeanwhileError(Exception):
    """Another attempt committed between our look and our write; look again."""


async def claim(tx: Transaction, keyed: KeyedRequest) -> Rendered | None:
    """Return the stored answer, or None when this attempt is to do the work.

    Raises ConflictError while another attempt runs, InvalidError when the key was used for another
    request.
    """
    [found] = await claim_all(tx, [keyed])
    if isinstance(found, ServiceError):
        raise found
    return found


async def claim_all(
    tx: Transaction, requests: Sequence[KeyedRequest]
) -> list[Rendered | ServiceError | None]:
    """Return for each request, none of which share a key, what ``claim`` returns or raises."""
    if not requests:
        return []
    locks = [keyed.lock for keyed in requests]
    found = await tx.execute(_CLAIM, _names(requests) | {"locks": locks})
    return [_claimed(*pair) for pair in zip(requests, found, strict=True)]


def _claimed(keyed: KeyedRequest, found: Row[Any]) -> Rendered | ServiceError | None:
    if found.fingerprint is not None:
        if bytes(found.fingerprint) != keyed.fingerprint:
            return InvalidError(
                "this Idempotency-Key was used for another request",
                type_suffix="idempotency-key-reused",
            )
        return Rendered(found.status, dict(found.headers), bytes(found.body))
    if not found.locked:
        return ConflictError(
            "a request with this Idempotency-Key is still running",
            type_suffix="idempotency-in-progress",
        )
    return None


async def store(tx: Transaction, keyed: KeyedRequest, answer: Rendered, *, now: datetime) -> None:
    """Write the answer beside the effect. Raises FinishedMeanwhileError, which undoes both."""
    await store_all(tx, [(keyed, answer)], now=now)


async def store_all(
    tx: Transaction, answers: Sequence[tuple[KeyedRequest, Rendered]], *, now: datetime
) -> None:
    """Write the answers beside their effects, or raise FinishedMeanwhileError for all of them."""
    if not answers:
        return
    stored = await tx.execute(
        _STORE,
        _names([keyed for keyed, _ in answers])
        | {
            "fingerprints": [keyed.fingerprint for keyed, _ in answers],
            "statuses": [answer.status for _, answer in answers],
            "headers": [dumps_text(answer.headers) for _, answer in answers],
            "bodies": [answer.body for _, answer in answers],
            "now": now,
        },
    )
    if stored.rowcount != len(answers):
        raise FinishedMeanwhileError


async def purge(tx: Transaction, *, now: datetime) -> int:
    """Forget old keys, some thousands at a time; return how many went."""
    before = now - timedelta(hours=KEEP_HOURS)
    return (await tx.execute(_PURGE, {"before": before, "rows": _PURGE_ROWS})).rowcount


def gave_up() -> UnavailableError:
    """Return the error for a key whose attempts kept overtaking each other."""
    return UnavailableError("requests with this Idempotency-Key kept overtaking each other")


def _names(requests: Sequence[KeyedRequest]) -> dict[str, list[Any]]:
    return {
        "tenants": [keyed.tenant_id for keyed in requests],
        "principals": [keyed.principal_id for keyed in requests],
        "routes": [keyed.route for keyed in requests],
        "keys": [keyed.key for keyed in requests],
    }
