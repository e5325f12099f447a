"""What a context is read from besides history: our copies of customers and SLA clocks, indexes."""

from alembic import op

revision = "2026_11_23_0002"
down_revision = "2026_11_23_0001"
branch_labels = None
depends_on = None

_UP = (
    # Equality on a uuid inside a GIN index: full-text search of one customer, not of the tenant.
    "CREATE EXTENSION IF NOT EXISTS btree_gin",
    """
    CREATE TABLE customer_profile (
        tenant_id           text        NOT NULL,
        -- Any id that identity ever issued: a profile is kept as it was when it was absorbed.
        customer_id         uuid        NOT NULL,
        attributes          jsonb       NOT NULL DEFAULT '{}',
        attributes_version  bigint      NOT NULL DEFAULT 0,
        -- The live identifiers, ready to be shown.
        identifiers         jsonb       NOT NULL DEFAULT '[]',
        -- What the fold needs to accept events in any order, so removed identifiers too.
        entries             jsonb       NOT NULL DEFAULT '[]',
        snapshot_version    bigint      NOT NULL DEFAULT 0,
        version             bigint      NOT NULL,
        created_at          timestamptz,
        updated_at          timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, customer_id)
    )
    """,
    # Customers' partitions arrive at their own pace: of two assertions the later one holds.
    """
    ALTER TABLE known_identifier
        ADD COLUMN asserted_at timestamptz NOT NULL DEFAULT clock_timestamp()
    """,
    """
    CREATE TABLE sla_clock (
        tenant_id        text        NOT NULL,
        clock_id         uuid        NOT NULL,
        conversation_id  uuid        NOT NULL,
        -- As sla told it, so an origin id; null while the conversation has no customer.
        customer_id      uuid,
        version          bigint      NOT NULL,
        metric           text        NOT NULL,
        cycle            integer     NOT NULL,
        state            text        NOT NULL,
        due_at           timestamptz,
        breached_at      timestamptz,
        body             jsonb       NOT NULL,
        recorded_at      timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, clock_id)
    )
    """,
    """
    CREATE INDEX sla_clock_active ON sla_clock (tenant_id, customer_id, due_at)
        WHERE state IN ('running', 'paused')
    """,
    """
    CREATE INDEX sla_clock_breached ON sla_clock (tenant_id, customer_id, breached_at DESC)
        WHERE state = 'breached'
    """,
    """
    CREATE INDEX sla_clock_conversation ON sla_clock (tenant_id, conversation_id)
        WHERE state IN ('running', 'paused', 'breached')
    """,
    """
    CREATE INDEX conversation_open_of_customer
        ON conversation (tenant_id, origin_customer_id, last_activity_at DESC, conversation_id)
        WHERE status NOT IN ('resolved', 'closed')
    """,
    # A function with a true price: the planner would rather make a vector of every text in a long
    # history than look into the index. Long texts are cut, because a vector has at most 1 MB.
    """
    CREATE FUNCTION interaction_words(subject text, body text) RETURNS tsvector
        LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10000 AS $$
    BEGIN
        RETURN to_tsvector('pg_catalog.simple',
                           left(coalesce(subject, '') || ' ' || coalesce(body, ''), 100000));
    END $$
    """,
    # Every search also reads what waits to be sorted into the index, so that may not be much.
    """
    CREATE INDEX interaction_words ON interaction
        USING gin (origin_customer_id, interaction_words(subject, text))
        WITH (gin_pending_list_limit = 512)
    """,
)

_DOWN = (
    "DROP INDEX interaction_words",
    "DROP FUNCTION interaction_words(text, text)",
    "DROP INDEX conversation_open_of_customer",
    "DROP TABLE sla_clock",
    "ALTER TABLE known_identifier DROP COLUMN asserted_at",
    "DROP TABLE customer_profile",
)


def upgrade() -> None:
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in _DOWN:
        op.execute(statement)
