"""The keyed hashes of identifiers that must not lead to a person."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import ReadConnection, Transaction
from identifiers import IdentifierKey
from identity.customers.domain.denials import Denial, DenialKind, Denials, DenyKeys

IN_FORCE = """
    SELECT json_agg(json_build_object(
               'digest', encode(denied.digest, 'hex'), 'kind', denied.kind,
               'denied_at', denied.denied_at))
    FROM unnest(cast(:digests AS bytea[])) AS asked (digest)
    CROSS JOIN LATERAL (
        SELECT * FROM denied_key
        WHERE tenant_id = :tenant_id AND digest = asked.digest AND lifted_at IS NULL
        LIMIT 2) AS denied
"""
"""A scalar query for what is denied of ``:digests``; null if nothing is."""

_LIST = text(f"SELECT ({IN_FORCE})")
_INSERT = text(
    """
    INSERT INTO denied_key (tenant_id, digest, kind, cause_id, denied_at)
    SELECT :tenant_id, digest, :kind, :cause_id, :now
    FROM unnest(cast(:digests AS bytea[])) AS digest
    ORDER BY digest
    ON CONFLICT (tenant_id, digest, kind) DO UPDATE
    SET cause_id = excluded.cause_id, denied_at = excluded.denied_at, lifted_at = NULL
    WHERE denied_key.lifted_at IS NOT NULL OR denied_key.kind = 'erased'
    """
)
_LIFT = text(
    """
    UPDATE denied_key SET lifted_at = :now
    WHERE tenant_id = :tenant_id AND digest = ANY (cast(:digests AS bytea[]))
      AND kind = :kind AND lifted_at IS NULL
    """
)


def digests_of(
    deny_keys: DenyKeys, tenant_id: str, keys: Iterable[IdentifierKey]
) -> dict[str, IdentifierKey]:
    """Return the identifiers by the hashes (in hexadecimal) under which they may be denied."""
    return {digest.hex(): key for key in keys for digest in deny_keys.digests(tenant_id, key)}


def bytes_of(digests: Iterable[str]) -> list[bytes]:
    """Return hashes in the form in which ``IN_FORCE`` takes them."""
    return [bytes.fromhex(digest) for digest in digests]


def denials_from_json(
    items: Sequence[Mapping[str, Any]] | None, keys: Mapping[str, IdentifierKey]
) -> Denials:
    """Return what ``IN_FORCE`` found, by identifier."""
    denials: dict[IdentifierKey, tuple[Denial, ...]] = {}
    for item in items or ():
        key = keys[item["digest"]]
        denial = Denial(DenialKind(item["kind"]), datetime.fromisoformat(item["denied_at"]))
        denials[key] = (*denials.get(key, ()), denial)
    return denials


async def list_denials(
    connection: ReadConnection, tenant_id: str, deny_keys: DenyKeys, keys: Iterable[IdentifierKey]
) -> Denials:
    """Return the denials in force of these identifiers."""
    by_digest = digests_of(deny_keys, tenant_id, keys)
    parameters = {"tenant_id": tenant_id, "digests": bytes_of(by_digest)}
    return denials_from_json((await connection.execute(_LIST, parameters)).scalar_one(), by_digest)


async def insert_denials(
    tx: Transaction,
    tenant_id: str,
    digests: Iterable[bytes],
    kind: DenialKind,
    *,
    cause_id: UUID,
    now: datetime,
) -> int:
    """Deny the identifiers with these hashes; return how many are denied by it.

    A suppression in force keeps its cause; an erasure takes over from the one before.
    """
    parameters = {
        "tenant_id": tenant_id,
        "digests": sorted(set(digests)),
        "kind": kind.value,
        "cause_id": cause_id,
        "now": now,
    }
    return (await tx.execute(_INSERT, parameters)).rowcount


async def mark_denials_lifted(
    tx: Transaction, tenant_id: str, digests: Iterable[bytes], kind: DenialKind, *, now: datetime
) -> int:
    """Lift the denials of one kind; return how many were in force."""
    parameters = {
        "tenant_id": tenant_id,
        "digests": sorted(set(digests)),
        "kind": kind.value,
        "now": now,
    }
    return (await tx.execute(_LIFT, parameters)).rowcount
