"""Which identifiers carried a value, and when it went to another customer with them.

Values of before have no carriers, and stay with their customer.
"""

from alembic import op

revision = "2026_11_30_0014"
down_revision = "2026_11_30_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Constant defaults: no row is rewritten.
    op.execute(
        """
        ALTER TABLE attribute_observation
            ADD COLUMN carriers  jsonb NOT NULL DEFAULT '[]',
            ADD COLUMN left_at   timestamptz
        """
    )


def downgrade() -> None:
    op.execute("ALTER TABLE attribute_observation DROP COLUMN carriers, DROP COLUMN left_at")
