"""Undoes, splits, unlinks, keeps apart, releases and withdraws because a person asked for it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from identifiers import IdentifierKey
from identity.merging.domain.apart_plan import keep_apart
from identity.merging.domain.outcomes import Outcome
from identity.merging.domain.release_plan import release_identifier
from identity.merging.domain.split_plan import identifier_of, split_customer, unlink_identifier
from identity.merging.domain.undo_plan import undo_merge
from identity.merging.domain.withdrawal_plan import withdraw_decision
from identity.merging.store.pasts import get_decided, get_merge
from identity.merging.usecases.locked_decision import DecisionRequest, decide_under_locks
from identity.resolution.store.links import list_neighbours


@dataclass(frozen=True, slots=True)
class UndoMerge:
    request: DecisionRequest
    merge_id: UUID


@dataclass(frozen=True, slots=True)
class SplitCustomer:
    """Make identifiers those of another customer than the one that has them."""

    request: DecisionRequest
    customer_id: UUID
    keys: tuple[IdentifierKey, ...]


@dataclass(frozen=True, slots=True)
class UnlinkIdentifier:
    request: DecisionRequest
    customer_id: UUID
    key: IdentifierKey


@dataclass(frozen=True, slots=True)
class KeepApart:
    request: DecisionRequest
    customer_id: UUID
    other_id: UUID


@dataclass(frozen=True, slots=True)
class ReleaseIdentifier:
    request: DecisionRequest
    key: IdentifierKey


@dataclass(frozen=True, slots=True)
class WithdrawDecision:
    request: DecisionRequest
    decision_id: UUID


async def undo(tx: Transaction, command: UndoMerge, *, now: datetime) -> Outcome:
    """Undo a merge. Raises NotFoundError for an unknown one."""
    merge = await get_merge(tx, command.request.tenant_id, command.merge_id)
    return await decide_under_locks(
        tx,
        command.request,
        lambda situation: undo_merge(situation, merge),
        ids=(merge.before[0].id, *merge.absorbed_ids),
        keys=(key for image in merge.before for key in image.identifiers),
        now=now,
    )


async def split(tx: Transaction, command: SplitCustomer, *, now: datetime) -> Outcome:
    """Split a customer. Raises NotFoundError, and InvalidError for identifiers it does not have."""
    return await decide_under_locks(
        tx,
        command.request,
        lambda situation: split_customer(situation, command.customer_id, command.keys),
        ids=(command.customer_id,),
        now=now,
    )


async def unlink(tx: Transaction, command: UnlinkIdentifier, *, now: datetime) -> Outcome:
    """Take an identifier from a customer. Raises NotFoundError and InvalidError."""
    return await decide_under_locks(
        tx,
        command.request,
        lambda situation: unlink_identifier(situation, command.customer_id, command.key),
        ids=(command.customer_id,),
        now=now,
    )


async def separate(tx: Transaction, command: KeepApart, *, now: datetime) -> Outcome:
    """Keep two customers apart. Raises NotFoundError and ConflictError."""
    return await decide_under_locks(
        tx,
        command.request,
        lambda situation: keep_apart(situation, command.customer_id, command.other_id),
        ids=(command.customer_id, command.other_id),
        now=now,
    )


async def release(tx: Transaction, command: ReleaseIdentifier, *, now: datetime) -> Outcome:
    """Take an identifier out of quarantine. Raises NotFoundError."""
    neighbours = await list_neighbours(tx, command.request.tenant_id, command.key)
    return await decide_under_locks(
        tx,
        command.request,
        lambda situation: release_identifier(situation, command.key),
        keys=(command.key, *neighbours),
        now=now,
    )


async def withdraw(tx: Transaction, command: WithdrawDecision, *, now: datetime) -> Outcome:
    """Withdraw a decision. Raises NotFoundError for one that does not stand."""
    decision = await get_decided(tx, command.request.tenant_id, command.decision_id)
    own = [identifier_of(piece).key for piece in decision.evidence if "raw" in piece]
    return await decide_under_locks(
        tx,
        command.request,
        lambda situation: withdraw_decision(situation, command.decision_id),
        ids=(decision.customer_id, decision.other_id),
        keys=(*own, *(key for link in decision.all_links for key in link[:2])),
        now=now,
    )
