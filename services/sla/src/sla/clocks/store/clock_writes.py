"""Clocks locked for a change, and saved in one statement."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text

from common.db import Transaction
from sla.clocks.domain.clocks import ClockKey, OwnedClock, Owner
from sla.clocks.domain.conversations import ConversationKey
from sla.clocks.domain.facts import Place
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

_SPAN = {
    "metric": "text",
    "first_at": "bigint",
    "first_rank": "int",
    "first_sequence": "bigint",
    "last_at": "bigint",
    "last_rank": "int",
    "last_sequence": "bigint",
}
_OPENER = "(c.opener_at, c.opener_rank, c.opener_sequence)"
_LOCK_SPANS = text(
    f"""
    SELECT {CLOCK.of("c")}
    FROM {keys_with(**_SPAN)}
    JOIN clock c ON c.tenant_id = k.tenant_id AND c.conversation_id = k.conversation_id
                AND c.metric = k.metric AND c.opener_at IS NOT NULL
                AND {_OPENER} >= (k.first_at, k.first_rank, k.first_sequence)
                AND {_OPENER} < (k.last_at, k.last_rank, k.last_sequence)
    ORDER BY c.tenant_id, c.clock_id
    FOR UPDATE OF c
    """
)

_FIND_HIGHEST_CYCLES = text(
    f"""
    SELECT k.tenant_id, k.conversation_id, k.metric, c.cycle
    FROM {keys_with(metric="text")}
    CROSS JOIN LATERAL (
        SELECT c.cycle FROM clock c
        WHERE c.tenant_id = k.tenant_id AND c.conversation_id = k.conversation_id
          AND c.metric = k.metric
        ORDER BY c.cycle DESC LIMIT 1
    ) AS c
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


async def lock_spans(
    tx: Transaction, spans: Sequence[tuple[ConversationKey, Metric, Place, Place]]
) -> ClocksByConversation:
    """Lock and return the clocks of a metric from one opener to before another, for each span."""
    if not spans:
        return {}
    keys = [key for key, *_ in spans]
    values = [(metric.value, *first, *last) for _, metric, first, last in spans]
    columns = zip(_SPAN, map(list, zip(*values, strict=True)), strict=True)
    rows = await tx.execute(_LOCK_SPANS, {**key_values(keys), **dict(columns)})
    return _by_conversation(keys, rows)


async def find_highest_cycles(
    tx: Transaction, metrics: Sequence[tuple[ConversationKey, Metric]]
) -> dict[ConversationKey, dict[Metric, int]]:
    """Return the highest cycle of each metric that has a clock."""
    highest: dict[ConversationKey, dict[Metric, int]] = {key: {} for key, _ in metrics}
    if metrics:
        values = {**key_values([key for key, _ in metrics]), "metric": [m for _, m in metrics]}
        for row in await tx.execute(_FIND_HIGHEST_CYCLES, values):
            highest[row.tenant_id, row.conversation_id][Metric(row.metric)] = row.cycle
    return highest


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
