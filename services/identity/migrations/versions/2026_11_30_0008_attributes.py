"""Provenance of attributes by level, priority and order, and the index that finds customers.

What customers are found by has a table of its own: it is empty at first, so that no index is built
on a table in use, and an attribute that finds nobody costs its customer no entry in these indexes.
A job fills it with the customers that exist.
"""

from alembic import op

revision = "2026_11_30_0008"
down_revision = "2026_11_30_0007"
branch_labels = None
depends_on = None

UP = (
    # Constant defaults: no row is rewritten.
    """
    ALTER TABLE attribute_observation
        ADD COLUMN level     text    NOT NULL DEFAULT 'claimed',
        ADD COLUMN priority  integer NOT NULL DEFAULT 0,
        ADD COLUMN sequence  bigint  NOT NULL DEFAULT 0,
        ADD COLUMN is_claim  boolean NOT NULL DEFAULT false
    """,
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    # Equality of the tenant inside a GIN index: a search reads the names of one tenant.
    "CREATE EXTENSION IF NOT EXISTS btree_gin",
    """
    CREATE TABLE customer_search (
        tenant_id    text        NOT NULL,
        customer_id  uuid        NOT NULL,
        -- That of the customer when its terms last changed.
        version      bigint      NOT NULL,
        created_at   timestamptz NOT NULL,
        -- Without case, accents and punctuation; empty for a customer without a name.
        name         text        NOT NULL COLLATE "C",
        tier         text        COLLATE "C",
        PRIMARY KEY (tenant_id, customer_id)
    )
    """,
    """
    CREATE INDEX customer_search_by_creation
        ON customer_search (tenant_id, created_at, customer_id)
    """,
    """
    CREATE INDEX customer_search_by_tier
        ON customer_search (tenant_id, tier, created_at, customer_id) WHERE tier IS NOT NULL
    """,
    """
    CREATE INDEX customer_search_by_name
        ON customer_search (tenant_id, name, customer_id) WHERE name <> ''
    """,
    """
    CREATE INDEX customer_search_by_trigrams
        ON customer_search USING gin (tenant_id, name gin_trgm_ops)
        -- A search reads the pending list from end to end, so it is kept short.
        WITH (gin_pending_list_limit = 256) WHERE name <> ''
    """,
    """
    -- How far the job has come that indexes the customers of before.
    CREATE TABLE customer_search_progress (
        id           integer     PRIMARY KEY CHECK (id = 1),
        rounds_left  integer     NOT NULL,
        tenant_id    text        NOT NULL,
        customer_id  uuid        NOT NULL,
        resume_at    timestamptz NOT NULL
    )
    """,
    """
    INSERT INTO customer_search_progress (id, rounds_left, tenant_id, customer_id, resume_at)
    VALUES (1, 2, '', '00000000-0000-0000-0000-000000000000', now())
    """,
)
DOWN = (
    "DROP TABLE customer_search_progress",
    "DROP TABLE customer_search",
    """
    ALTER TABLE attribute_observation
        DROP COLUMN level, DROP COLUMN priority, DROP COLUMN sequence, DROP COLUMN is_claim
    """,
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
