"""The statement behind a context, composed of the parts that are wanted.

The cluster of a customer is every id whose alias is the same canonical id. Each of its ids is read
by itself, newest first and no more than is shown, then the few are merged: the cost follows what is
shown and how many ids were merged, not how long their history is.
"""

from functools import lru_cache

from sqlalchemy import TextClause, text

from interactions.context.store.fragments import (
    CLUSTER,
    KNOWN,
    NIL,
    TARGET_BY_ID,
    conversation_json,
    interaction_json,
    iso,
    json_array,
)

INTERACTIONS_SHOWN = 20
CONVERSATIONS_SHOWN = 50
CLOCKS_SHOWN = 100
BREACHES_SHOWN = 20
WINDOW = 400
"""Newest interactions that insights look at, shared among the ids of the cluster."""
EVIDENCE_SHOWN = 50

_TARGET = {
    "id": TARGET_BY_ID,
    "identifier": f"""
        SELECT coalesce(a.canonical_id, k.customer_id) AS id
          FROM known_identifier k
          LEFT JOIN customer_alias a
            ON a.tenant_id = k.tenant_id AND a.origin_id = k.customer_id
         WHERE k.tenant_id = :tenant_id AND k.type = :type AND k.scope = :scope
           AND k.lookup_key = :lookup_key AND k.customer_id <> '{NIL}'""",
}

_PROFILE = """
profile AS MATERIALIZED (
    SELECT p.* FROM target t
      JOIN customer_profile p ON p.tenant_id = :tenant_id AND p.customer_id = t.id
)"""

_PROGRESS = f"""
progress AS MATERIALIZED (
    SELECT consumer, {iso("min(watermark)")} AS as_of,
           CASE WHEN bool_and(watermark IS NOT NULL)
                THEN extract(epoch FROM clock_timestamp() - min(watermark))::float8 END AS behind
      FROM consumer_progress
     WHERE consumer IN (:customers, :clocks)
     GROUP BY consumer
)"""

_VISIBLE = {True: "", False: "AND NOT i.private"}


def _recent(visible: str) -> str:
    return f"""
recent AS MATERIALIZED (
    SELECT i.* FROM member m
     CROSS JOIN LATERAL (
        SELECT * FROM interaction i
         WHERE i.tenant_id = :tenant_id AND i.origin_customer_id = m.origin_id {visible}
         ORDER BY i.occurred_at DESC, i.sequence DESC
         LIMIT {INTERACTIONS_SHOWN}) i
     ORDER BY i.occurred_at DESC, i.sequence DESC
     LIMIT {INTERACTIONS_SHOWN}
)"""


def _window(visible: str) -> str:
    # The newest of each id, narrow columns only; the share shrinks as the cluster grows.
    return f"""
window_share AS MATERIALIZED (
    SELECT greatest({INTERACTIONS_SHOWN}, {WINDOW} / count(*)) AS share FROM member
),
looked_at AS MATERIALIZED (
    SELECT i.* FROM member m
     CROSS JOIN LATERAL (
        SELECT m.origin_id, i.interaction_id, i.conversation_id, i.channel, i.occurred_at,
               i.sequence,
               i.direction = 'inbound' AND NOT i.automated AND NOT i.private AS contact
          FROM interaction i
         WHERE i.tenant_id = :tenant_id AND i.origin_customer_id = m.origin_id {visible}
         ORDER BY i.occurred_at DESC, i.sequence DESC
         LIMIT (SELECT share FROM window_share)) i
),
contact AS MATERIALIZED (
    -- In order, so that the aggregates below need not sort.
    SELECT *, occurred_at > statement_timestamp() - interval '7 days' AS in_7d,
              occurred_at > statement_timestamp() - interval '30 days' AS in_30d
      FROM looked_at WHERE contact
     ORDER BY occurred_at DESC, sequence DESC
),
newest AS MATERIALIZED (
    -- One pass over what was looked at: IS TRUE keeps the list of open ones a hash table, where a
    -- join would go through all of it for each of them.
    SELECT DISTINCT ON (conversation_id) conversation_id, interaction_id FROM looked_at
     WHERE (conversation_id IN (SELECT conversation_id FROM open_conversation)) IS TRUE
     ORDER BY conversation_id, occurred_at DESC, sequence DESC
)"""


_OPEN = f"""
open_conversation AS MATERIALIZED (
    SELECT c.* FROM member m
     CROSS JOIN LATERAL (
        SELECT * FROM conversation c
         WHERE c.tenant_id = :tenant_id AND c.origin_customer_id = m.origin_id
           AND c.status NOT IN ('resolved', 'closed')
         ORDER BY c.last_activity_at DESC, c.conversation_id
         LIMIT {CONVERSATIONS_SHOWN}) c
     ORDER BY c.last_activity_at DESC, c.conversation_id
     LIMIT {CONVERSATIONS_SHOWN}
)"""

# A clock follows its conversation too: sla may not know yet whose the conversation is. OFFSET 0
# keeps that a look-up for each of them, and all three states leave only the index made for it: a
# plan from a time when few clocks were breached would else read every breached one of the tenant.
_CLOCKS = f"""
unclaimed AS MATERIALIZED (
    SELECT k.* FROM open_conversation c
     CROSS JOIN LATERAL (
        SELECT * FROM sla_clock k
         WHERE k.tenant_id = :tenant_id AND k.conversation_id = c.conversation_id
           AND k.state IN ('running', 'paused', 'breached')
        OFFSET 0) k
     WHERE NOT EXISTS (SELECT FROM member m WHERE m.origin_id = k.customer_id)
),
active AS MATERIALIZED (
    SELECT k.* FROM (
        SELECT k.* FROM member m
         CROSS JOIN LATERAL (
            SELECT * FROM sla_clock k
             WHERE k.tenant_id = :tenant_id AND k.customer_id = m.origin_id
               AND k.state IN ('running', 'paused')
             ORDER BY k.due_at LIMIT {CLOCKS_SHOWN}) k
        UNION ALL
        SELECT * FROM unclaimed WHERE state IN ('running', 'paused')) k
     ORDER BY k.due_at, k.clock_id LIMIT {CLOCKS_SHOWN}
),
breached AS MATERIALIZED (
    SELECT k.* FROM (
        SELECT k.* FROM member m
         CROSS JOIN LATERAL (
            SELECT * FROM sla_clock k
             WHERE k.tenant_id = :tenant_id AND k.customer_id = m.origin_id
               AND k.state = 'breached'
             ORDER BY k.breached_at DESC LIMIT {BREACHES_SHOWN}) k
        UNION ALL
        SELECT * FROM unclaimed WHERE state = 'breached') k
     ORDER BY k.breached_at DESC, k.clock_id LIMIT {BREACHES_SHOWN}
)"""

_CUSTOMER = f"""(SELECT json_build_object(
    'customer_id', t.id,
    'merged_ids', (SELECT coalesce(json_agg(m.origin_id ORDER BY m.origin_id), '[]')
                     FROM member m WHERE m.origin_id <> t.id),
    'attributes', coalesce(p.attributes, '{{}}'),
    'version', p.version,
    'created_at', {iso("p.created_at")},
    'updated_at', {iso("p.updated_at")})::text
  FROM target t LEFT JOIN profile p ON true)"""

_INSIGHTS = f"""(SELECT json_build_object(
    'last_contact', CASE WHEN c.last_id IS NOT NULL THEN json_build_object(
        'at', {iso("c.last_at")}, 'channel', c.last_channel,
        'evidence', json_build_array(c.last_id)) END,
    'contacts_7d', json_build_object('value', c.count_7d, 'evidence',
        coalesce(c.ids_7d[1 : {EVIDENCE_SHOWN}], '{{}}')),
    'contacts_30d', json_build_object('value', c.count_30d, 'evidence',
        coalesce(c.ids_30d[1 : {EVIDENCE_SHOWN}], '{{}}')),
    'channels_used', (SELECT json_build_object(
        'value', coalesce(json_agg(u.channel), '[]'),
        'evidence', coalesce(json_agg(u.interaction_id), '[]'))
      FROM (SELECT DISTINCT ON (channel) channel, interaction_id FROM contact WHERE in_30d
             ORDER BY channel, occurred_at DESC, sequence DESC) u),
    'open_conversations', (SELECT json_build_object(
        'value', count(*),
        'conversation_ids', coalesce(json_agg(o.conversation_id), '[]'),
        'evidence', coalesce(json_agg(o.interaction_id) FILTER (
            WHERE o.interaction_id IS NOT NULL), '[]'))
      FROM (SELECT c.conversation_id, n.interaction_id
              FROM open_conversation c LEFT JOIN newest n USING (conversation_id)
             ORDER BY c.last_activity_at DESC, c.conversation_id) o))::text
  FROM (SELECT (array_agg(interaction_id))[1] AS last_id,
               (array_agg(channel))[1] AS last_channel,
               max(occurred_at) AS last_at,
               count(*) FILTER (WHERE in_7d) AS count_7d,
               array_agg(interaction_id) FILTER (WHERE in_7d) AS ids_7d,
               count(*) FILTER (WHERE in_30d) AS count_30d,
               array_agg(interaction_id) FILTER (WHERE in_30d) AS ids_30d
          FROM contact) c)"""

# Whether the newest of some id reach back less than the longest insight.
_CUT = """EXISTS (SELECT FROM looked_at GROUP BY origin_id
    HAVING count(*) >= (SELECT share FROM window_share)
       AND min(occurred_at) > statement_timestamp() - interval '30 days')"""

_SLA = f"""(SELECT json_build_object(
    'clocks', (SELECT coalesce(json_agg(k.body ORDER BY k.due_at, k.clock_id), '[]')
                 FROM active k),
    'next_deadline', (SELECT {iso("min(k.due_at)")} FROM active k WHERE k.state = 'running'),
    'breaches', (SELECT coalesce(json_agg(k.body ORDER BY k.breached_at DESC, k.clock_id), '[]')
                   FROM breached k))::text)"""

_PARTS = {
    "customer": _CUSTOMER,
    "identifiers": "(SELECT coalesce((SELECT p.identifiers::text FROM profile p), '[]'))",
    "conversations": json_array(
        conversation_json("c"),
        order="c.last_activity_at DESC, c.conversation_id",
        rows="open_conversation c",
    ),
    "interactions": json_array(
        interaction_json("i", shortened=True),
        order="i.occurred_at DESC, i.sequence DESC",
        rows="recent i",
    ),
    "sla": _SLA,
    "insights": _INSIGHTS,
}

BUILT_PARTS = frozenset(_PARTS)
"""The parts that this statement can give; the others have no source yet."""


@lru_cache(maxsize=256)
def context_statement(by: str, parts: tuple[str, ...], *, with_private: bool) -> TextClause:
    """Return the statement for these parts; ``by`` is ``id`` or ``identifier``."""
    wanted = set(parts)
    visible = _VISIBLE[with_private]
    tables = [f"target AS MATERIALIZED ({_TARGET[by]})", CLUSTER, _PROFILE, _PROGRESS]
    if wanted & {"conversations", "sla", "insights"}:
        tables.append(_OPEN)
    if "interactions" in wanted:
        tables.append(_recent(visible))
    if "insights" in wanted:
        tables.append(_window(visible))
    if "sla" in wanted:
        tables.append(_CLOCKS)
    columns = [f"{_PARTS[part]} AS {part}" for part in parts if part in _PARTS]
    columns.append(f"{_CUT if 'insights' in wanted else 'false'} AS insights_cut")
    return text(f"WITH {', '.join(tables)} SELECT {', '.join([_ABOUT, *columns])} FROM target t")


_ABOUT = f"""
    t.id AS customer_id,
    (SELECT array_agg(m.origin_id) FROM member m) AS member_ids,
    EXISTS (SELECT FROM profile) AS has_profile,
    {KNOWN} AS known,
    {iso("statement_timestamp()")} AS as_of,
    (SELECT p.as_of FROM progress p WHERE p.consumer = :customers) AS customers_as_of,
    (SELECT p.behind FROM progress p WHERE p.consumer = :customers) AS customers_behind,
    (SELECT p.as_of FROM progress p WHERE p.consumer = :clocks) AS clocks_as_of,
    (SELECT p.behind FROM progress p WHERE p.consumer = :clocks) AS clocks_behind"""
