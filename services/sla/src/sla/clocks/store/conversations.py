"""Conversations and the facts about them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import Columns, Transaction
from common.ids import new_id
from sla.clocks.domain.conversations import Conversation, ConversationFacts, ConversationKey
from sla.clocks.domain.facts import Fact, FactKind
from sla.clocks.store.keys import KEYS, key_values, keys_with

_CONVERSATION = Columns(
    {
        "tenant_id": "text",
        "conversation_id": "uuid",
        "customer_id": "uuid",
        "attributes": "jsonb",
        "last_sequence": "bigint",
        "first_recorded_at": "timestamptz",
        "source_partition": "int",
        "test": "boolean",
    }
)
_FACT = Columns(
    {
        "tenant_id": "text",
        "conversation_id": "uuid",
        "sequence": "bigint",
        "kind": "text",
        "occurred_at": "timestamptz",
        "recorded_at": "timestamptz",
        "backfill": "boolean",
        "status": "text",
        "opened_by": "text",
        "attributes": "jsonb",
    }
)

# Rows are inserted, and so locked, in one order, so that two batches cannot deadlock.
_SAVE_CONVERSATIONS = text(
    f"""
    INSERT INTO conversation AS c ({_CONVERSATION.names}, ledger)
    SELECT {_CONVERSATION.names}, :ledger FROM {_CONVERSATION.table("conversations")}
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
    RETURNING c.tenant_id, c.conversation_id, c.customer_id, c.attributes, c.last_sequence,
              c.first_recorded_at, c.revision, c.source_partition, c.test, c.ledger,
              old.ledger AS previous_ledger,
              old.conversation_id IS NOT NULL AND (
                  old.customer_id IS DISTINCT FROM c.customer_id
                  OR old.source_partition <> c.source_partition) AS has_moved
    """
)

_INSERT_FACTS = text(
    f"""
    INSERT INTO fact ({_FACT.names})
    {_FACT.select("facts")}
    ON CONFLICT (tenant_id, conversation_id, sequence) DO NOTHING
    RETURNING tenant_id, conversation_id, sequence
    """
)

_LIST_FACTS = text(
    f"""
    SELECT {_FACT.of("f")}
    FROM {KEYS}
    JOIN fact f ON f.tenant_id = k.tenant_id AND f.conversation_id = k.conversation_id
    """
)

_LIST_FACTS_AFTER = text(
    f"""
    SELECT {_FACT.of("f")}
    FROM {keys_with(read="bigint")}
    JOIN fact f ON f.tenant_id = k.tenant_id AND f.conversation_id = k.conversation_id
               AND f.sequence > k.read
    """
)

_SAVE_REVISIONS = text(
    f"""
    UPDATE conversation c SET revision = k.revision
    FROM {keys_with(revision="bigint")}
    WHERE c.tenant_id = k.tenant_id AND c.conversation_id = k.conversation_id
    """
)


async def save_facts(
    tx: Transaction, batch: Sequence[ConversationFacts]
) -> dict[ConversationKey, Conversation]:
    """Lock the conversations, creating new ones, and add their facts; stored facts stay."""
    conversation_rows = [_conversation_row(entry) for entry in batch]
    values = {"conversations": _CONVERSATION.values(conversation_rows), "ledger": new_id()}
    rows = (await tx.execute(_SAVE_CONVERSATIONS, values)).all()
    facts = [_fact_row(entry.key, fact) for entry in batch for fact in entry.facts]
    inserted: set[tuple[str, UUID, int]] = set()
    if facts:
        result = await tx.execute(_INSERT_FACTS, {"facts": _FACT.values(facts)})
        inserted = {(row.tenant_id, row.conversation_id, row.sequence) for row in result}
    new_facts = {entry.key: _inserted(entry, inserted) for entry in batch}
    conversations = (_conversation(row, new_facts) for row in rows)
    return {conversation.key: conversation for conversation in conversations}


def _inserted(entry: ConversationFacts, inserted: set[tuple[str, UUID, int]]) -> tuple[Fact, ...]:
    """Return the facts that were inserted: the first where two have the same sequence."""
    first = {fact.sequence: fact for fact in reversed(entry.facts)}
    return tuple(f for sequence, f in first.items() if (*entry.key, sequence) in inserted)


async def list_facts(
    tx: Transaction, keys: Sequence[ConversationKey]
) -> dict[ConversationKey, list[Fact]]:
    """Return all facts of the conversations."""
    return _by_conversation(keys, await tx.execute(_LIST_FACTS, key_values(keys)))


async def list_facts_after(
    tx: Transaction, read: Mapping[ConversationKey, int]
) -> dict[ConversationKey, list[Fact]]:
    """Return the facts of each conversation whose sequence is higher than its value in ``read``."""
    values = {**key_values(read.keys()), "read": list(read.values())}
    return _by_conversation(read, await tx.execute(_LIST_FACTS_AFTER, values))


def _by_conversation(
    keys: Iterable[ConversationKey], rows: Iterable[Any]
) -> dict[ConversationKey, list[Fact]]:
    facts: dict[ConversationKey, list[Fact]] = {key: [] for key in keys}
    for row in rows:
        facts[row.tenant_id, row.conversation_id].append(_fact(row))
    return facts


async def save_revisions(tx: Transaction, revisions: Mapping[ConversationKey, int]) -> None:
    """Store the revision of the rules that each conversation keeps."""
    if revisions:
        values = {**key_values(revisions.keys()), "revision": list(revisions.values())}
        await tx.execute(_SAVE_REVISIONS, values)


def _conversation_row(entry: ConversationFacts) -> dict[str, Any]:
    tenant_id, conversation_id = entry.key
    return {
        "tenant_id": tenant_id,
        "conversation_id": conversation_id,
        "customer_id": entry.customer_id,
        "attributes": entry.attributes,
        "last_sequence": entry.last_sequence,
        "first_recorded_at": entry.first_recorded_at,
        "source_partition": entry.partition,
        "test": entry.test,
    }


def _fact_row(key: ConversationKey, fact: Fact) -> dict[str, Any]:
    tenant_id, conversation_id = key
    return {
        "tenant_id": tenant_id,
        "conversation_id": conversation_id,
        "sequence": fact.sequence,
        "kind": fact.kind,
        "occurred_at": fact.occurred_at,
        "recorded_at": fact.recorded_at,
        "backfill": fact.backfill,
        "status": fact.status,
        "opened_by": fact.opened_by,
        "attributes": dict(fact.attributes) or None,
    }


def _conversation(row: Any, new_facts: Mapping[ConversationKey, tuple[Fact, ...]]) -> Conversation:
    key = (row.tenant_id, row.conversation_id)
    return Conversation(
        key=key,
        customer_id=row.customer_id,
        attributes=row.attributes or {},
        last_sequence=row.last_sequence,
        first_recorded_at=row.first_recorded_at,
        revision=row.revision,
        partition=row.source_partition,
        test=row.test,
        ledger=row.ledger,
        previous_ledger=row.previous_ledger,
        has_moved=row.has_moved,
        new_facts=new_facts[key],
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
