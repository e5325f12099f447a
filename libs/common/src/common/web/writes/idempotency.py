"""Idempotency-Key: a repeated request has one effect, and gets the first answer again.

Key, fingerprint and answer are written in the transaction of the effect: a failed attempt leaves
nothing behind. Keys belong to one credential and one route; they are kept for ``KEEP_HOURS``.
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from pydantic_core import from_json
from sqlalchemy import Row, text
from starlette.requests import Request

from common.db import Transaction
from common.errors import ConflictError, InvalidError, ServiceError
from common.jsons import dumps, dumps_text, encoded
from common.web.auth import Exchange, route_template
from common.web.problems import MEDIA_TYPE, HttpError

MAX_KEY = 255
PROMISED_HOURS = 24
KEEP_HOURS = 48
"""Longer than ``PROMISED_HOURS``, which the API promises."""
MAX_KEPT_BYTES = 1_048_576
"""A larger answer is not kept; a repetition gets a problem with its status and digest instead."""
_PURGE_ROWS = 10_000


Answer = tuple[int, Any] | tuple[int, Any, Mapping[str, str]]
"""Status, body (model, JSON value, bytes that are JSON, or None for none) and headers if any."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer, ready to be sent or stored."""

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of(cls, answer: Answer) -> "Rendered":
        """Return ``answer`` with its body encoded as JSON."""
        status, body = answer[0], answer[1]
        headers = dict(answer[2]) if len(answer) > 2 else {}  # noqa: PLR2004 - the third part
        if body is None:
            return cls(status, headers, b"")
        return cls(status, {"content-type": "application/json"} | headers, encoded(body))


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """The credential, route and key of a request, and a digest of what it asks."""

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


def keyed_request(request: Request, exchange: Exchange) -> KeyedRequest | None:
    """Return the request's key and fingerprint, or None without ``Idempotency-Key``.

    Public routes take no key: their senders' messages carry ids. Raises HttpError 400 for a key
    that is empty, too long or not printable ASCII.
    """
    values = request.headers.getlist("idempotency-key")
    caller = exchange.caller
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
        fingerprint=_fingerprint(request, exchange.body, sees_pii=caller.sees_pii),
    )


def _fingerprint(request: Request, body: bytes, *, sees_pii: bool) -> bytes:
    """Digest the request. JSON is compared by its meaning, so the order of members is free.

    The view of personal data is part of it: an answer stored for a wider view is never repeated to
    a narrower one.
    """
    # A form or an empty body is compared by its bytes.
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


class CompletedElsewhereError(Exception):
    """Another attempt committed its answer after we looked for it; look again."""


async def claim_keys(
    tx: Transaction, requests: Sequence[KeyedRequest]
) -> list[Rendered | ServiceError | None]:
    """Claim the keys of ``requests``, all different; None where the work is still to be done.

    Otherwise the stored answer, ConflictError while another attempt runs, or InvalidError when the
    key was used for another request.
    """
    if not requests:
        return []
    locks = [keyed.lock for keyed in requests]
    rows = await tx.execute(_CLAIM, _key_columns(requests) | {"locks": locks})
    return [_claimed(*pair) for pair in zip(requests, rows, strict=True)]


def _claimed(keyed: KeyedRequest, row: Row[Any]) -> Rendered | ServiceError | None:
    if row.fingerprint is not None:
        if bytes(row.fingerprint) != keyed.fingerprint:
            return InvalidError(
                "this Idempotency-Key was used for another request",
                type_suffix="idempotency-key-reused",
            )
        return Rendered(row.status, dict(row.headers), bytes(row.body))
    if not row.locked:
        return ConflictError(
            "a request with this Idempotency-Key is still running",
            type_suffix="idempotency-in-progress",
        )
    return None


async def store_answers(
    tx: Transaction, answers: Sequence[tuple[KeyedRequest, Rendered]], *, now: datetime
) -> None:
    """Store the answers beside their effects, or raise CompletedElsewhereError for all of them.

    In place of an answer that is too large, the problem is stored that repetitions get.
    """
    if not answers:
        return
    answers = [(keyed, _kept(answer)) for keyed, answer in answers]
    stored = await tx.execute(
        _STORE,
        _key_columns([keyed for keyed, _ in answers])
        | {
            "fingerprints": [keyed.fingerprint for keyed, _ in answers],
            "statuses": [answer.status for _, answer in answers],
            "headers": [dumps_text(answer.headers) for _, answer in answers],
            "bodies": [answer.body for _, answer in answers],
            "now": now,
        },
    )
    if stored.rowcount != len(answers):
        raise CompletedElsewhereError


def _kept(answer: Rendered) -> Rendered:
    """Return what repetitions get: the answer, or a problem in place of one that is too large."""
    size = len(answer.body)
    if size <= MAX_KEPT_BYTES:
        return answer
    error = HttpError(
        410,
        f"the first request with this Idempotency-Key succeeded, and its answer of {size} bytes was"
        " too large to keep; nothing was done again",
        type_suffix="answer-not-kept",
    )
    digest = b64encode(hashlib.sha256(answer.body).digest()).decode()
    first = {"first_status": answer.status, "first_digest": f"sha-256=:{digest}:"}
    body = replace(error.problem, more=first).body()
    return Rendered(error.problem.status, {"content-type": MEDIA_TYPE}, dumps(body))


async def purge(tx: Transaction, *, now: datetime) -> int:
    """Delete up to 10,000 expired keys and return how many were deleted."""
    before = now - timedelta(hours=KEEP_HOURS)
    return (await tx.execute(_PURGE, {"before": before, "rows": _PURGE_ROWS})).rowcount


def _key_columns(requests: Sequence[KeyedRequest]) -> dict[str, list[Any]]:
    return {
        "tenants": [keyed.tenant_id for keyed in requests],
        "principals": [keyed.principal_id for keyed in requests],
        "routes": [keyed.route for keyed in requests],
        "keys": [keyed.key for keyed in requests],
    }
