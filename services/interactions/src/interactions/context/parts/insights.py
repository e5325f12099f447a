"""Figures about the customer, each with the interactions that it was counted from."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from common.web.requests import ResponseModel
from interactions.context.parts.conversations import CONVERSATIONS_SHOWN, OPEN_CONVERSATIONS
from interactions.context.parts.interactions import INTERACTIONS_SHOWN
from interactions.context.parts.part import ContextPart, show_unmasked
from interactions.history import json_sql

WINDOW = 400
"""Newest interactions that are counted, shared among the ids of the customer."""
EVIDENCE_SHOWN = 50


class LastContact(ResponseModel, title="LastContact"):
    """The customer's latest contact."""

    at: datetime = Field(description="When it happened, in UTC.")
    channel: str = Field(description="The channel on which it happened.")
    evidence: list[UUID] = Field(description="The id of the interaction, alone.")


class Count(ResponseModel, title="ContactCount"):
    """``evidence`` names interactions that it was counted from."""

    value: int = Field(description="The number.")
    evidence: list[UUID] = Field(
        description="Ids of interactions that it was counted from, newest first, at most"
        f" {EVIDENCE_SHOWN}."
    )


class ChannelsUsed(ResponseModel):
    """The channels of the customer's contacts in the last 30 days."""

    value: list[str] = Field(description="The channels, by name.")
    evidence: list[UUID] = Field(
        description="Id of the latest contact on each channel, in the order of `value`."
    )


class OpenConversations(Count, title="OpenConversationCount"):
    """The conversations that are neither resolved nor closed."""

    value: int = Field(description=f"How many there are, counted up to {CONVERSATIONS_SHOWN}.")
    evidence: list[UUID] = Field(
        description="Id of the newest interaction of each, as far as it is among the interactions"
        " that were looked at."
    )
    conversation_ids: list[UUID] = Field(
        description="Ids of the conversations, the latest activity first."
    )


class Insights(ResponseModel):
    """Contacts are inbound interactions that are neither automated nor private."""

    last_contact: LastContact | None = Field(
        description="The customer's latest contact; null if there was none among the interactions"
        " that were looked at."
    )
    contacts_7d: Count = Field(description="How many contacts there were in the last 7 days.")
    contacts_30d: Count = Field(description="How many contacts there were in the last 30 days.")
    channels_used: ChannelsUsed = Field(
        description="The channels of the contacts in the last 30 days."
    )
    open_conversations: OpenConversations = Field(
        description="How many conversations are open, and which."
    )


# The newest of each id, narrow columns only; each id's share shrinks as the number of ids grows.
_WINDOW = f"""
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
         WHERE i.tenant_id = :tenant_id AND i.origin_customer_id = m.origin_id {{visible}}
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

_SQL = f"""(SELECT json_build_object(
    'last_contact', CASE WHEN c.last_id IS NOT NULL THEN json_build_object(
        'at', {json_sql.iso("c.last_at")}, 'channel', c.last_channel,
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

INSIGHTS = ContextPart(
    name="insights",
    shape=Insights,
    description=f"Figures about the customer from the newest interactions (about {WINDOW}), each"
    " with the ids that prove it. Null if they could not be read in time.",
    empty="null",
    mask=show_unmasked,
    tables=(OPEN_CONVERSATIONS, _WINDOW),
    sql=_SQL,
    cut=_CUT,
    cut_reason="only the newest interactions were counted",
)
