"""Puts contact points on the list of those that must not be processed, and takes them off."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from common.errors import NotFoundError
from common.ids import new_id
from identifiers import IdentifierKey
from identity.customers.domain.denials import DenialKind, DenyKeys
from identity.customers.store.denials import insert_denials, mark_denials_lifted
from identity.privacy.store.suppressions import (
    Suppression,
    find_suppression,
    insert_suppression,
    mark_suppression_lifted,
)


@dataclass(frozen=True, slots=True)
class Suppress:
    """Process this contact point no more, whoever has it, now or later."""

    tenant_id: str
    key: IdentifierKey
    reason: str
    actor: str
    deny_keys: DenyKeys


@dataclass(frozen=True, slots=True)
class LiftSuppression:
    """Process the contact point again."""

    tenant_id: str
    suppression_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class SignUp:
    """A person who was erased is a customer again, and has these identifiers."""

    tenant_id: str
    keys: tuple[IdentifierKey, ...]
    deny_keys: DenyKeys


@dataclass(frozen=True, slots=True)
class SignedUp:
    """How many identifiers were denied until ``signed_up_at``."""

    lifted: int
    signed_up_at: datetime


async def suppress(tx: Transaction, command: Suppress, *, now: datetime) -> Suppression:
    """Suppress a contact point; return the suppression that is in force if there is one."""
    tenant_id, deny_keys = command.tenant_id, command.deny_keys
    earlier = await find_suppression(tx, tenant_id, deny_keys.digests(tenant_id, command.key))
    if earlier is not None:
        return earlier
    suppression = Suppression(
        tenant_id=tenant_id,
        suppression_id=new_id(),
        type=command.key.type,
        digest=deny_keys.digest(tenant_id, command.key),
        reason=command.reason,
        actor=command.actor,
        created_at=now,
    )
    await insert_suppression(tx, suppression)
    await insert_denials(
        tx,
        tenant_id,
        [suppression.digest],
        DenialKind.SUPPRESSED,
        cause_id=suppression.suppression_id,
        now=now,
    )
    return suppression


async def lift(tx: Transaction, command: LiftSuppression, *, now: datetime) -> Suppression:
    """End a suppression; one that has ended stays so. Raises NotFoundError."""
    suppression = await mark_suppression_lifted(
        tx, command.tenant_id, command.suppression_id, command.reason, now=now
    )
    if suppression is None:
        raise NotFoundError("there is no such suppression")
    await mark_denials_lifted(
        tx, command.tenant_id, [suppression.digest], DenialKind.SUPPRESSED, now=now
    )
    return suppression


async def sign_up(tx: Transaction, command: SignUp, *, now: datetime) -> SignedUp:
    """Accept identifiers of an erased person again; return how many were denied."""
    digests = [
        digest
        for key in command.keys
        for digest in command.deny_keys.digests(command.tenant_id, key)
    ]
    lifted = await mark_denials_lifted(tx, command.tenant_id, digests, DenialKind.ERASED, now=now)
    return SignedUp(lifted, now)
