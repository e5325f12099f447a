"""Clocks locked for a change, and saved in one statement."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text

from common.db import Transaction
from sla.clocks.domain.clocks import ClockKey, OwnedClock, Owner
from sla.clocks.domain.conversations import ConversationKey
from sla.clocks.store.clock_rows import CLOCK, from_row, to_row
from sla.clocks.store.keys import KEYS, key_values, keys_with
from sla.rules.domain.policy import Metric

# Rows are locked and saved in one order, so that two batches cannot deadlock.
_LOCK_ALL = text(
    f"""
    SELECT {CLOCK.of("c")}
    FROM {KEYS}
    JOIN clock c ON c.tenant_id = k.tenant_id AND c.conversation_id = k.conversation_id
    ORDER BY c.tenant_id, c.clock_id
    FOR UPDATE OF c
    """
)

_LOCK_CYCLES = text(
    f"""
    SELECT {CLOCK.of("c")}
    FROM {keys_with(metric="text", first="int", last="int")}
    JOIN clock c ON c.tenant_id = k.tenant_id AND c.conversation_id = k.conversation_id
                AND c.metric = k.metric AND c.cycle BETWEEN k.first AND k.last
    ORDER BY c.tenant_id, c.clock_id
    FOR UPDATE OF c
    """
)

_MOVE = text(
    f"""
    UPDATE clock c SET customer_id = k.customer_id, source_partition = k.source_partition
    FROM {keys_with(customer_id="uuid", source_partition="int")}
    WHERE c.tenant_id = k.tenant_id AND c.conversation_id = k.conversation_id
    """
)

_SAVE = text(CLOCK.upsert("clock", "clocks", key=("tenant_id", "clock_id")))

ClocksByConversation = dict[ConversationKey, dict[ClockKey, OwnedClock]]


async def lock_all_clocks(
    tx: Transaction, conversations: Sequence[ConversationKey]
) -> ClocksByConversation:
    """Lock and return all clocks of the conversations."""
    rows = await tx.execute(_LOCK_ALL, key_values(conversations))
    return _by_conversation(conversations, rows)


async def lock_cycles(
    tx: Transaction, ranges: Sequence[tuple[ConversationKey, Metric, int, int]]
) -> ClocksByConversation:
    """Lock and return the clocks of a metric from one cycle to another, for each range."""
    ranges = [(key, metric, first, last) for key, metric, first, last in ranges if first <= last]
    keys = [key for key, *_ in ranges]
    if not ranges:
        return {}
    rows = await tx.execute(
        _LOCK_CYCLES,
        {
            **key_values(keys),
            "metric": [metric.value for _, metric, _, _ in ranges],
            "first": [first for _, _, first, _ in ranges],
            "last": [last for _, _, _, last in ranges],
        },
    )
    return _by_conversation(keys, rows)


async def save_owners(tx: Transaction, owners: Sequence[Owner]) -> None:
    """Give all clocks of the conversations their present customers and partitions."""
    if owners:
        values = {
            **key_values([(owner.tenant_id, owner.conversation_id) for owner in owners]),
            "customer_id": [owner.customer_id for owner in owners],
            "source_partition": [owner.partition for owner in owners],
        }
        await tx.execute(_MOVE, values)


async def save_clocks(tx: Transaction, clocks: Sequence[OwnedClock]) -> None:
    """Insert or update clocks whose conversations, or whose own rows, the caller has locked."""
    if clocks:
        await tx.execute(_SAVE, {"clocks": CLOCK.values([to_row(clock) for clock in clocks])})


def _by_conversation(
    conversations: Iterable[ConversationKey], rows: Iterable[Any]
) -> ClocksByConversation:
    clocks: ClocksByConversation = {key: {} for key in conversations}
    for row in rows:
        clock = from_row(row)
        clocks[row.tenant_id, row.conversation_id][clock.current.key] = clock
    return clocks
