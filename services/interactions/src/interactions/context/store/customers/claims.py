"""Identifiers that customers claim while they are other customers', as agents see them."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text

from common.db import Columns, Transaction
from interactions.context.domain.profiles import Claim
from interactions.context.store.keys import Key
from interactions.history import bounded_key

_ADDRESS = {
    "tenant_id": "text",
    "claimant_id": "uuid",
    "type": "text",
    "scope": "text",
    "lookup_key": "text",
}
_ADDRESSES = Columns(_ADDRESS)
_COLUMNS = Columns(
    {
        **_ADDRESS,
        "value": "text",
        "level": "text",
        "held_by": "uuid",
        "claimed_at": "timestamptz",
        "expires_at": "timestamptz",
    }
)
_SAVE = text(_COLUMNS.upsert("customer_claim", "claims", key=tuple(_ADDRESS)))
_DELETE = text(
    f"""
    DELETE FROM customer_claim c
     USING {_ADDRESSES.table("claims", "m")}
     WHERE c.tenant_id = m.tenant_id AND c.claimant_id = m.claimant_id AND c.type = m.type
       AND c.scope = m.scope AND c.lookup_key = m.lookup_key
    """
)
_DELETE_EXPIRED = text(
    """
    DELETE FROM customer_claim
     WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM customer_claim WHERE expires_at < clock_timestamp()
         ORDER BY expires_at LIMIT :count FOR UPDATE SKIP LOCKED))
    """
)


async def save_claims(tx: Transaction, claims: Iterable[tuple[Key, Claim]]) -> None:
    """Insert the claims of customers, or overwrite them with their latest form."""
    rows = [_row(customer, claim) for customer, claim in claims]
    if rows:
        await tx.execute(_SAVE, {"claims": _COLUMNS.values(rows)})


async def delete_claims(tx: Transaction, claims: Sequence[tuple[Key, Claim]]) -> None:
    """Delete claims that have ended."""
    if claims:
        rows = [_row(customer, claim) for customer, claim in claims]
        await tx.execute(_DELETE, {"claims": _ADDRESSES.values(rows)})


async def delete_expired_claims(tx: Transaction, *, count: int) -> int:
    """Delete some of the claims that have expired; return how many."""
    return (await tx.execute(_DELETE_EXPIRED, {"count": count})).rowcount


def _row(customer: Key, claim: Claim) -> dict[str, Any]:
    tenant_id, claimant_id = customer
    identifier = claim.identifier
    return {
        "tenant_id": tenant_id,
        "claimant_id": claimant_id,
        "type": identifier.type,
        "scope": identifier.scope or "",
        "lookup_key": bounded_key(identifier.value),
        "value": identifier.value,
        "level": identifier.level,
        "held_by": claim.held_by,
        "claimed_at": claim.claimed_at,
        "expires_at": claim.expires_at,
    }
