"""Clocks locked for a change, and saved in one statement."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import text

from common.db import Transaction
from common.jsons import dumps_text
from sla.clocks.domain.clocks import ClockKey, OwnedClock
from sla.clocks.domain.conversations import ConversationKey
from sla.clocks.store.clock_rows import COLUMNS, NAMES, from_row, to_row

_CLOCK_COLUMNS = ", ".join(f"c.{name}" for name in NAMES)
_NEVER_CHANGED = {"tenant_id", "clock_id", "conversation_id", "test"}
_CHANGES = ", ".join(f"{name} = excluded.{name}" for name in NAMES if name not in _NEVER_CHANGED)

# Rows are locked and saved in one order, so that two batches cannot deadlock.
_LOCK_ALL = text(
    f"""
    SELECT {_CLOCK_COLUMNS}
    FROM unnest(cast(:tenants AS text[]), cast(:ids AS uuid[])) AS wanted (tenant_id, id)
    JOIN clock c ON c.tenant_id = wanted.tenant_id AND c.conversation_id = wanted.id
    ORDER BY c.tenant_id, c.clock_id
    FOR UPDATE OF c
    """
)

_LOCK = text(
    f"""
    SELECT {_CLOCK_COLUMNS}
    FROM unnest(cast(:tenants AS text[]), cast(:ids AS uuid[]), cast(:metrics AS text[]),
                cast(:cycles AS int[])) AS wanted (tenant_id, id, metric, cycle)
    JOIN clock c ON c.tenant_id = wanted.tenant_id AND c.conversation_id = wanted.id
                AND c.metric = wanted.metric AND c.cycle = wanted.cycle
    ORDER BY c.tenant_id, c.clock_id
    FOR UPDATE OF c
    """
)

_SAVE = text(
    f"""
    INSERT INTO clock ({COLUMNS})
    SELECT {COLUMNS} FROM jsonb_populate_recordset(NULL::clock, cast(:rows AS jsonb))
    ORDER BY tenant_id, clock_id
    ON CONFLICT (tenant_id, clock_id) DO UPDATE SET {_CHANGES}
    """
)

ClocksByConversation = dict[ConversationKey, dict[ClockKey, OwnedClock]]


async def lock_all_clocks(
    tx: Transaction, conversations: Sequence[ConversationKey]
) -> ClocksByConversation:
    """Lock and return all clocks of the conversations."""
    tenants, ids = [tenant for tenant, _ in conversations], [id_ for _, id_ in conversations]
    rows = await tx.execute(_LOCK_ALL, {"tenants": tenants, "ids": ids})
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
            "tenants": [tenant for (tenant, _), _, _ in wanted],
            "ids": [id_ for (_, id_), _, _ in wanted],
            "metrics": [metric.value for _, metric, _ in wanted],
            "cycles": [cycle for _, _, cycle in wanted],
        },
    )
    return _by_conversation(keys, rows)


async def save_clocks(tx: Transaction, clocks: Sequence[OwnedClock]) -> None:
    """Insert or update clocks whose conversations, or whose own rows, the caller has locked."""
    if clocks:
        await tx.execute(_SAVE, {"rows": dumps_text([to_row(clock) for clock in clocks])})


def _by_conversation(
    conversations: Iterable[ConversationKey], rows: Iterable[Any]
) -> ClocksByConversation:
    clocks: ClocksByConversation = {key: {} for key in conversations}
    for row in rows:
        clock = from_row(row)
        clocks[row.tenant_id, row.conversation_id][clock.current.key] = clock
    return clocks
