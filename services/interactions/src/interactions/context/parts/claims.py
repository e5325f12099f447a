"""Identifiers that somebody says are theirs: what the customer claims, and what others claim."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from common.web.requests import DescribedAs, JsonTime
from identifiers import NORMALISER_VERSION
from interactions.context.parts.part import ContextPart, Source
from interactions.history import OPEN, ShownIdentifier, ShownRow, json_sql

CLAIMS_SHOWN = 50


class ClaimRole(StrEnum):
    """Whether the customer makes a claim, or it is made on what the customer has."""

    MADE = "made"
    RECEIVED = "received"


class ShownClaim(ShownRow, title="ContextClaim"):
    """A claim that nobody has proved; it opens and changes nothing. Times are in UTC."""

    role: Annotated[str, OPEN, DescribedAs(ClaimRole)] = Field(
        description="`made` if the customer claims the identifier of another, `received` if another"
        " claims an identifier of the customer."
    )
    identifier: ShownIdentifier = Field(description="The identifier that is claimed.")
    claimant_id: UUID = Field(description="Canonical id of the customer who claims it.")
    owner_id: UUID | None = Field(
        description="Canonical id of the customer whose identifier it is; null if it is nobody's"
        " any more."
    )
    claimed_at: JsonTime = Field(description="When it was claimed first.")
    expires_at: JsonTime = Field(description="When the claim ends, unless it is proved before.")


# Whose the identifier is, and what the claimant is now, may have changed since it was claimed.
_CLAIMS = f"""
claim AS MATERIALIZED (
    SELECT c.role, c.type AS identifier_type, c.value AS identifier_value,
           nullif(c.scope, '') AS identifier_scope, c.level AS identifier_level,
           coalesce(a.canonical_id, c.claimant_id) AS claimant_id, o.owner_id,
           c.claimed_at, c.expires_at
      FROM target t
     CROSS JOIN LATERAL (
        SELECT '{ClaimRole.MADE}' AS role, made.* FROM member m
         CROSS JOIN LATERAL (
            SELECT * FROM customer_claim c
             WHERE c.tenant_id = :tenant_id AND c.claimant_id = m.origin_id
               AND c.expires_at > statement_timestamp() {{for_agents}}
             LIMIT {CLAIMS_SHOWN}) made
        UNION ALL
        SELECT '{ClaimRole.RECEIVED}', received.* FROM member m
         CROSS JOIN LATERAL (
            SELECT * FROM customer_claim c
             WHERE c.tenant_id = :tenant_id AND c.held_by = m.origin_id
               AND c.expires_at > statement_timestamp() {{for_agents}}
             LIMIT {CLAIMS_SHOWN}) received) c
      LEFT JOIN LATERAL (
        SELECT canonical_id FROM customer_alias
         WHERE tenant_id = :tenant_id AND origin_id = c.claimant_id
         LIMIT 1) a ON true
      LEFT JOIN LATERAL (
        SELECT coalesce(ka.canonical_id, k.customer_id) AS owner_id
          FROM known_identifier k
          LEFT JOIN customer_alias ka
            ON ka.tenant_id = k.tenant_id AND ka.origin_id = k.customer_id
         WHERE k.tenant_id = :tenant_id AND k.type = c.type AND k.scope = c.scope
           AND k.lookup_key = c.lookup_key AND k.normaliser_version = {NORMALISER_VERSION}
         LIMIT 1) o ON true
     WHERE CASE c.role
           WHEN '{ClaimRole.MADE}' THEN o.owner_id IS DISTINCT FROM t.id
           ELSE o.owner_id = t.id AND coalesce(a.canonical_id, c.claimant_id) <> t.id END
     ORDER BY c.claimed_at DESC, c.claimant_id, c.type, c.scope, c.lookup_key
     LIMIT {CLAIMS_SHOWN}
)"""

CLAIMS = ContextPart(
    name="claims",
    shape=list[ShownClaim],
    description="Identifiers that the customer claims and has not proved, and those of the customer"
    f" that others claim, the latest first, at most {CLAIMS_SHOWN}. Empty for a token bound to the"
    " customer.",
    empty="[]",
    mask=ShownClaim.all_masked,
    source=Source.IDENTITY,
    tables=(_CLAIMS,),
    sql=json_sql.json_array(
        ShownClaim.sql("c"),
        order="c.claimed_at DESC, c.claimant_id, c.identifier_type, c.identifier_value",
        rows="claim c",
    ),
)
