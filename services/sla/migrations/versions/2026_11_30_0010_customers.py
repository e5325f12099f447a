"""Where ids of customers lead. A new table and a function: no row is read or written."""

from alembic import op

revision = "2026_11_30_0010"
down_revision = "2026_11_30_0009"
branch_labels = None
depends_on = None

_UP = (
    """
    CREATE TABLE customer_pointer (
        tenant_id   text        NOT NULL,
        customer_id uuid        NOT NULL,
        -- The customer itself if it is canonical again.
        target_id   uuid        NOT NULL,
        -- The customer's own; 0 for what other customers' events tell.
        version     bigint      NOT NULL,
        recorded_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, customer_id)
    )
    """,
    "CREATE INDEX customer_pointer_of_target ON customer_pointer (target_id)",
    # While events are still arriving, pointers may lead in a circle.
    """
    CREATE FUNCTION canonical_customer(tenant text, customer uuid) RETURNS uuid
        LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
    DECLARE
        following uuid;
    BEGIN
        FOR hop IN 1..100 LOOP
            SELECT p.target_id INTO following FROM customer_pointer p
             WHERE p.tenant_id = tenant AND p.customer_id = customer;
            EXIT WHEN following IS NULL OR following = customer;
            customer := following;
        END LOOP;
        RETURN customer;
    END $$
    """,
)


def upgrade() -> None:
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP FUNCTION canonical_customer(text, uuid)")
    op.execute("DROP TABLE customer_pointer")
