"""Clocks locked for a change, and saved in one statement."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import text

from common.db import Transaction
from sla.clocks.domain.clocks import ClockKey, OwnedClock
from sla.clocks.domain.conversations import ConversationKey
from sla.clocks.store.clock_rows import CLOCK, from_row, to_row
from sla.clocks.store.keys import KEYS, key_values, keys_with

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

_LOCK = text(
    f"""
    SELECT {CLOCK.of("c")}
    FROM {keys_with(metric="text", cycle="int")}
    JOIN clock c ON c.tenant_id = k.tenant_id AND c.conversation_id = k.conversation_id
                AND c.metric = k.metric AND c.cycle = k.cycle
    ORDER BY c.tenant_id, c.clock_id
    FOR UPDATE OF c
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


async def lock_clocks(
    tx: Transaction, keys: Mapping[ConversationKey, Sequence[ClockKey]]
) -> ClocksByConversation:
    """Lock and return only the clocks with these keys; missing ones are left out."""
    wanted = [
        (conversation, metric, cycle)
        for conversation, clock_keys in keys.items()
        for metric, cycle in clock_keys
    ]
    if not wanted:
        return _by_conversation(keys, ())
    rows = await tx.execute(
        _LOCK,
        {
            **key_values([conversation for conversation, _, _ in wanted]),
            "metric": [metric.value for _, metric, _ in wanted],
            "cycle": [cycle for _, _, cycle in wanted],
        },
    )
    return _by_conversation(keys, rows)


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
