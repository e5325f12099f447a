"""Customers whom nobody can find are retired, once; ``retirement`` says how far that is."""

from alembic import op

from common.migrations import build_index

revision = "2026_11_30_0012"
down_revision = "2026_11_30_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    build_index("key_conflict_of_customer", on="key_conflict (customer_id)")
    op.execute("ALTER TABLE customer ADD COLUMN retired_at timestamptz")
    op.execute(
        """
        CREATE TABLE retirement (
            search       text        NOT NULL PRIMARY KEY,
            began_at     timestamptz NOT NULL,
            -- The last customer that was looked at.
            tenant_id    text        NOT NULL,
            customer_id  uuid        NOT NULL,
            finished     boolean     NOT NULL
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE retirement")
    op.execute("ALTER TABLE customer DROP COLUMN retired_at")
    op.execute("DROP INDEX key_conflict_of_customer")
