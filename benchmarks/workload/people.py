"""Customers with a history, written directly into the tables of interactions, without randomness.

The id and the telephone number of the n-th customer end in n.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from identifiers import NORMALISER_VERSION

MERGED_IDS = 10**9
"""Ids from this number on belong to customers that were merged into another."""


@dataclass(frozen=True)
class People:
    """``count`` customers from number ``first`` on.

    Each has ``ids`` ids, and each id has ``history`` interactions.
    """

    first: int
    count: int
    history: int
    ids: int = 1


def customer_id(number: int) -> str:
    return f"00000000-0000-7000-8000-{number:012x}"


def phone(number: int) -> str:
    return f"+4420{number:08d}"


def id_sql(number: str) -> str:
    """Return SQL for the text of a customer's id, given SQL for its number."""
    return f"('00000000-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))"


def write_people(dsn: str, groups: Sequence[People]) -> None:
    """Write all groups, then vacuum and analyse the tables."""
    asyncio.run(_write_people(dsn, groups))


async def _write_people(dsn: str, groups: Sequence[People]) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for group in groups:
            for statement in _STATEMENTS:
                await connection.execute(
                    statement, group.first, group.count, group.history, group.ids
                )
        await connection.execute(_PROGRESS)
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")  # now, not during a measurement
    finally:
        await connection.close()


_CUSTOMERS = f"""
customer AS (
    SELECT n::int AS n, {id_sql("n::int")}::uuid AS id
      FROM generate_series($1::int, $1 + $2::int - 1) n
),
origin AS (
    SELECT c.n, c.id, m.m, CASE WHEN m.m = 1 THEN c.id
           ELSE {id_sql(f"{MERGED_IDS} + c.n::bigint * 1000 + m.m")}::uuid END AS origin_id
      FROM customer c, generate_series(1, $4::int) m (m)
)"""

_STATEMENTS = (
    # Every statement mentions all four parameters, so that they can be bound alike.
    f"""
    WITH {_CUSTOMERS}
    INSERT INTO customer_alias SELECT 'demo', origin_id, id FROM origin WHERE $3::int IS NOT NULL
    """,
    f"""
    WITH {_CUSTOMERS}
    INSERT INTO customer_profile (tenant_id, customer_id, attributes, identifiers, version,
                                  created_at, updated_at)
    SELECT 'demo', id, '{{"name": "Anna Berg", "tier": "gold", "city": "Lund"}}',
           jsonb_build_array(jsonb_build_object('type', 'phone', 'scope', NULL, 'level', 'verified',
               'value', '+4420' || lpad(n::text, 8, '0'), 'raw', '020 ' || n)), 1, now(), now()
      FROM customer WHERE $3::int + $4::int IS NOT NULL
    """,
    f"""
    WITH {_CUSTOMERS}
    INSERT INTO known_identifier
        (tenant_id, type, lookup_key, customer_id, level, normaliser_version)
    SELECT 'demo', 'phone', '+4420' || lpad(n::text, 8, '0'), id, 'verified', {NORMALISER_VERSION}
      FROM customer
     WHERE $3::int + $4::int IS NOT NULL
    """,
    # Each id has a closed conversation, and an open one with the last three interactions.
    f"""
    WITH {_CUSTOMERS}
    INSERT INTO conversation (tenant_id, conversation_id, origin_customer_id, contact_key, channel,
        status, subject, version, opened_at, last_activity_at, interaction_count)
    SELECT 'demo', md5(origin_id || status)::uuid, origin_id, NULL, 'sms', status,
           'Where is order 118?', 3, now() - interval '3 hours', now() - interval '1 hour', 3
      FROM origin, unnest('{{open,closed}}'::text[]) status WHERE $3::int IS NOT NULL
    """,
    f"""
    WITH {_CUSTOMERS}
    INSERT INTO interaction (tenant_id, origin_customer_id, interaction_id, conversation_id,
        sequence, channel, kind, direction, author_type, author_name, text, data, identifiers,
        provider_name, provider_account, provider_message_id, occurred_at, received_at, recorded_at,
        time_source)
    SELECT 'demo', origin_id, md5(origin_id || '-' || i)::uuid,
           md5(origin_id || CASE WHEN i <= 3 THEN 'open' ELSE 'closed' END)::uuid,
           nextval('interaction_sequence'), (ARRAY['sms', 'email', 'chat'])[1 + i % 3], 'message',
           (ARRAY['inbound', 'outbound'])[1 + i % 2], (ARRAY['customer', 'agent'])[1 + i % 2],
           'Anna Berg',
           'Hello, where is my order number ' || i || '? It should have arrived last week already.',
           '{{"order": "118"}}', '[{{"type": "phone", "value": "+442079460018"}}]', 'twilio', 'AC1',
           'SM' || n || '-' || m || '-' || i, now() - i * interval '7 hours', now(), now(),
           'provider'
      FROM origin, generate_series(1, $3::int) i
    """,
    f"""
    WITH {_CUSTOMERS}
    INSERT INTO sla_clock (tenant_id, clock_id, conversation_id, customer_id, version, metric,
                           cycle, state, due_at, body, recorded_at)
    SELECT 'demo', md5(origin_id || 'clock')::uuid, md5(origin_id || 'open')::uuid, origin_id, 1,
           'first_response', 1, 'running', now() + interval '1 hour',
           jsonb_build_object('clock_id', md5(origin_id || 'clock')::uuid, 'metric',
               'first_response', 'cycle', 1, 'state', 'running', 'policy_name', 'Standard care',
               'target_seconds', 3600, 'due_at', now() + interval '1 hour'), now()
      FROM origin WHERE m <= 3 AND $3::int IS NOT NULL
    """,
)
# The consumers' progress, so that the parts of a context are as complete as in production.
_PROGRESS = """
INSERT INTO consumer_progress (consumer, topic, partition, next_offset, watermark)
SELECT c, c, p, 1, clock_timestamp()
  FROM unnest('{interactions.customers,interactions.clocks}'::text[]) c, generate_series(0, 5) p
"""
