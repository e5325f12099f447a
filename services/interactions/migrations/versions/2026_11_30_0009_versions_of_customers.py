"""What becomes of customers over time: pointers of ids, versions, claims, refilings.

Only new tables, and a column with a constant default: no row is read or written. Aliases from
before have no pointers and stay as they are; a customer's first version is written with its next
event.
"""

from alembic import op

revision = "2026_11_30_0009"
down_revision = "2026_11_30_0008"
branch_labels = None
depends_on = None

_UP = (
    """
    CREATE TABLE customer_pointer (
        tenant_id   text        NOT NULL,
        customer_id uuid        NOT NULL,
        -- The customer's own; 0 for what other customers' events tell.
        version     bigint      NOT NULL,
        -- The customer itself if it is canonical again.
        target_id   uuid        NOT NULL,
        occurred_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, customer_id, version)
    )
    """,
    """
    CREATE TABLE customer_version (
        tenant_id   text        NOT NULL,
        customer_id uuid        NOT NULL,
        version     bigint      NOT NULL,
        occurred_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL,
        -- What this version changed; of a base, the whole profile as it was by then.
        content     jsonb       NOT NULL,
        is_base     boolean     NOT NULL,
        PRIMARY KEY (tenant_id, customer_id, version)
    )
    """,
    "CREATE INDEX customer_version_age ON customer_version (recorded_at) WHERE NOT is_base",
    "ALTER TABLE customer_profile ADD COLUMN claims jsonb NOT NULL DEFAULT '[]'",
    """
    CREATE TABLE customer_claim (
        tenant_id   text        NOT NULL,
        claimant_id uuid        NOT NULL,
        type        text        NOT NULL,
        scope       text        NOT NULL,
        lookup_key  text        NOT NULL,
        value       text        NOT NULL,
        level       text        NOT NULL,
        held_by     uuid        NOT NULL,
        claimed_at  timestamptz NOT NULL,
        expires_at  timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, claimant_id, type, scope, lookup_key)
    )
    """,
    "CREATE INDEX customer_claim_of_holder ON customer_claim (held_by)",
    "CREATE INDEX customer_claim_expiry ON customer_claim (expires_at)",
    """
    CREATE TABLE refiling (
        tenant_id       text        NOT NULL,
        -- The customer to whom interactions go.
        customer_id     uuid        NOT NULL,
        cause           text        NOT NULL,
        -- The ids under which they may be filed.
        from_ids        uuid[]      NOT NULL,
        contact_keys    text[]      NOT NULL,
        since           timestamptz NOT NULL,
        requested_at    timestamptz NOT NULL,
        next_attempt_at timestamptz NOT NULL,
        -- Which of the customers is being walked, and the last interaction that was looked at.
        place           integer     NOT NULL DEFAULT 1,
        occurred_at     timestamptz,
        sequence        bigint,
        walks           integer     NOT NULL DEFAULT 0,
        PRIMARY KEY (tenant_id, customer_id, cause)
    )
    """,
    "CREATE INDEX refiling_due ON refiling (next_attempt_at)",
)

_DOWN = (
    "DROP TABLE refiling",
    "DROP TABLE customer_claim",
    "ALTER TABLE customer_profile DROP COLUMN claims",
    "DROP TABLE customer_version",
    "DROP TABLE customer_pointer",
)


def upgrade() -> None:
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in _DOWN:
        op.execute(statement)
