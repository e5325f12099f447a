"""Conversations and the facts known of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import Transaction
from common.ids import new_id
from common.jsons import dumps_text
from sla.clocks.domain.facts import Fact, FactKind

ConversationKey = tuple[str, UUID]
"""Tenant and conversation."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a batch says of a conversation: its latest snapshot, and its facts."""

    key: ConversationKey
    customer_id: UUID | None
    attributes: Mapping[str, object]
    last_sequence: int
    first_recorded_at: datetime
    partition: int
    test: bool
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as we hold it. ``revision`` are the rules it keeps, once some matched.

    ``ledger`` names the set of its facts; ``ledger_before`` the one to which ``news`` were added.
    """

    key: ConversationKey
    customer_id: UUID | None
    attributes: Mapping[str, object]
    first_recorded_at: datetime
    revision: int | None
    partition: int
    test: bool
    ledger: UUID | None
    ledger_before: UUID | None = None
    news: tuple[Fact, ...] = ()


# Rows are inserted, and so locked, in one order: two batches cannot wait for each other.
_TOUCH = text(
    """
    INSERT INTO conversation AS c (tenant_id, conversation_id, customer_id, attributes,
        last_sequence, first_recorded_at, source_partition, test, ledger)
    SELECT tenant_id, conversation_id, customer_id, attributes, last_sequence, first_recorded_at,
           source_partition, test, :ledger
    FROM jsonb_populate_recordset(NULL::conversation, cast(:rows AS jsonb))
    ORDER BY tenant_id, conversation_id
    ON CONFLICT (tenant_id, conversation_id) DO UPDATE SET
        customer_id = CASE WHEN excluded.last_sequence > c.last_sequence
                           THEN excluded.customer_id ELSE c.customer_id END,
        attributes = CASE WHEN excluded.last_sequence > c.last_sequence
                          THEN excluded.attributes ELSE c.attributes END,
        last_sequence = greatest(c.last_sequence, excluded.last_sequence),
        first_recorded_at = least(c.first_recorded_at, excluded.first_recorded_at),
        source_partition = excluded.source_partition,
        ledger = excluded.ledger
    RETURNING c.tenant_id, c.conversation_id, c.customer_id, c.attributes, c.first_recorded_at,
              c.revision, c.source_partition, c.test, c.ledger, old.ledger AS ledger_before
    """
)

_ADD_FACTS = text(
    """
    INSERT INTO fact (tenant_id, conversation_id, sequence, kind, occurred_at, recorded_at,
                      backfill, status, opened_by, attributes)
    SELECT tenant_id, conversation_id, sequence, kind, occurred_at, recorded_at, backfill, status,
           opened_by, attributes
    FROM jsonb_populate_recordset(NULL::fact, cast(:rows AS jsonb))
    ON CONFLICT (tenant_id, conversation_id, sequence) DO NOTHING
    RETURNING tenant_id, conversation_id, sequence
    """
)

_FACTS = text(
    """
    SELECT f.tenant_id, f.conversation_id, f.sequence, f.kind, f.occurred_at, f.recorded_at,
           f.backfill, f.status, f.opened_by, f.attributes
    FROM unnest(cast(:tenants AS text[]), cast(:ids AS uuid[])) AS wanted (tenant_id, id)
    JOIN fact f ON f.tenant_id = wanted.tenant_id AND f.conversation_id = wanted.id
    """
)

_PIN = text(
    """
    UPDATE conversation c SET revision = pinned.revision
    FROM unnest(cast(:tenants AS text[]), cast(:ids AS uuid[]), cast(:revisions AS bigint[]))
         AS pinned (tenant_id, id, revision)
    WHERE c.tenant_id = pinned.tenant_id AND c.conversation_id = pinned.id
    """
)

_ONE = text(
    """
    SELECT tenant_id, conversation_id, customer_id, attributes, first_recorded_at, revision,
           source_partition, test, ledger, NULL AS ledger_before
    FROM conversation WHERE tenant_id = :tenant AND conversation_id = :id
    """
)


async def hear(tx: Transaction, heard: Sequence[Heard]) -> dict[ConversationKey, Conversation]:
    """Lock the conversations, creating new ones, and add their facts; known facts stay."""
    touched = {"rows": dumps_text([_conversation_row(h) for h in heard]), "ledger": new_id()}
    rows = (await tx.execute(_TOUCH, touched)).all()
    facts = [_fact_row(h.key, fact) for h in heard for fact in h.facts]
    added: set[tuple[str, UUID, int]] = set()
    if facts:
        result = await tx.execute(_ADD_FACTS, {"rows": dumps_text(facts)})
        added = {(row.tenant_id, row.conversation_id, row.sequence) for row in result}
    news = {h.key: _added(h, added) for h in heard}
    found = (_conversation(row, news) for row in rows)
    return {conversation.key: conversation for conversation in found}


def _added(heard: Heard, added: set[tuple[str, UUID, int]]) -> tuple[Fact, ...]:
    """Return the facts that were written; of two with one sequence that is the first."""
    first = {fact.sequence: fact for fact in reversed(heard.facts)}
    return tuple(f for sequence, f in first.items() if (*heard.key, sequence) in added)


async def facts_of(
    tx: Transaction, keys: Sequence[ConversationKey]
) -> dict[ConversationKey, list[Fact]]:
    """Return all facts of the conversations."""
    result = await tx.execute(
        _FACTS, {"tenants": [tenant for tenant, _ in keys], "ids": [id_ for _, id_ in keys]}
    )
    found: dict[ConversationKey, list[Fact]] = {key: [] for key in keys}
    for row in result:
        found[row.tenant_id, row.conversation_id].append(_fact(row))
    return found


async def pin(tx: Transaction, pins: Mapping[ConversationKey, int]) -> None:
    """Note the rules that conversations keep from now on."""
    if pins:
        await tx.execute(
            _PIN,
            {
                "tenants": [tenant for tenant, _ in pins],
                "ids": [id_ for _, id_ in pins],
                "revisions": list(pins.values()),
            },
        )


async def find(tx: Transaction, key: ConversationKey) -> Conversation | None:
    tenant, id_ = key
    row = (await tx.execute(_ONE, {"tenant": tenant, "id": id_})).one_or_none()
    return None if row is None else _conversation(row)


def _conversation_row(heard: Heard) -> dict[str, Any]:
    tenant, id_ = heard.key
    return {
        "tenant_id": tenant,
        "conversation_id": id_,
        "customer_id": heard.customer_id,
        "attributes": heard.attributes,
        "last_sequence": heard.last_sequence,
        "first_recorded_at": heard.first_recorded_at,
        "source_partition": heard.partition,
        "test": heard.test,
    }


def _fact_row(key: ConversationKey, fact: Fact) -> dict[str, Any]:
    tenant, id_ = key
    return {
        "tenant_id": tenant,
        "conversation_id": id_,
        "sequence": fact.sequence,
        "kind": fact.kind,
        "occurred_at": fact.occurred_at,
        "recorded_at": fact.recorded_at,
        "backfill": fact.backfill,
        "status": fact.status,
        "opened_by": fact.opened_by,
        "attributes": dict(fact.attributes) or None,
    }


def _conversation(
    row: Any, news: Mapping[ConversationKey, tuple[Fact, ...]] | None = None
) -> Conversation:
    key = (row.tenant_id, row.conversation_id)
    return Conversation(
        key=key,
        customer_id=row.customer_id,
        attributes=row.attributes or {},
        first_recorded_at=row.first_recorded_at,
        revision=row.revision,
        partition=row.source_partition,
        test=row.test,
        ledger=row.ledger,
        ledger_before=row.ledger_before,
        news=(news or {}).get(key, ()),
    )


def _fact(row: Any) -> Fact:
    return Fact(
        sequence=row.sequence,
        kind=FactKind(row.kind),
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        backfill=row.backfill,
        status=row.status,
        opened_by=row.opened_by,
        attributes=row.attributes or {},
    )
